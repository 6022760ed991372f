"""Errors of matching with replacement (Abadie & Imbens 2006), accounting for an estimated propensity (Abadie & Imbens 2016).

With K_j the share row j is used with and K'_j the sum of its squared shares, the ATT's variance is (2006, theorem 7)
N1^-2 [sum_treated (tau_i - tau)^2 + sum_untreated (K_j^2 - K'_j) sigma_j^2]; the ATE's has (1 + K) of every row for the treated's.
sigma_j^2 is the variance of the outcome among like rows of the same group. Matching on an estimated logit adds
-c' I^-1 c + g' I^-1 g (2016, theorem 2), with, f = e (1 - e), tau(e) = E[Y(1) - Y(0) | e] and covariances given the score,

    g = E[x f (tau(e) - tau)] / p + E[f (cov(x, Y | e, 1) - cov(x, Y | e, 0))] / p
    c = E[x f (tau(e) - tau)] / p + E[f cov(x, Y | e, 1) + e^2 cov(x, Y | e, 0)] / p

for the ATT, p the share treated, and for the ATE (2016, theorem 1) g = 0 and c = E[(1 - e) cov(x, Y | e, 1) + e cov(x, Y | e, 0)],
where g belongs to a mean over a fixed population and vanishes. Covariances and variances given the score are those of the nearest
rows of a group in the order of the score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.logit import Logit
    from causal_eval.inference.nearest import Matches

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

LIKE = 6
"""Rows of a group whose scores are nearest, that stand for rows like this one."""


def along_score(score: Floats, group: Bools, values: Floats) -> Floats:
    """(n, k) mean of (n, k) ``values`` over the rows of ``group`` next to each row in the order of the score."""
    import numpy as np

    rows = np.flatnonzero(group)
    order = rows[np.lexsort((rows, score[rows]))]
    size = min(LIKE, len(order))
    total = np.vstack([np.zeros(values.shape[1]), np.cumsum(values[order], axis=0)])
    place = np.searchsorted(score[order], score)
    first = np.clip(place - size // 2, 0, len(order) - size)
    out: Floats = (total[first + size] - total[first]) / size
    return out


def variance_along_score(score: Floats, t: Bools, y: Floats) -> Floats:
    """(n,) variance of the outcome among rows of the same group with like scores."""
    import numpy as np

    out = np.empty(len(y))
    for g in (t, ~t):
        centre = y - y[g].mean()
        m = along_score(score, g, np.column_stack([centre, centre**2]))
        size = min(LIKE, int(g.sum()))
        out[g] = (np.maximum(m[:, 1] - m[:, 0] ** 2, 0.0) * size / (size - 1))[g]
    return out


def variance_by_neighbours(at: Floats, t: Bools, y: Floats) -> Floats:
    """(n,) the same by the two nearest other rows of the group in the coordinates ``at`` (n, k) (2006, eq. 14, J = 2)."""
    import numpy as np
    from scipy.spatial import cKDTree

    out = np.empty(len(y))
    for g in (t, ~t):
        rows = np.flatnonzero(g)
        k = min(3, len(rows))
        _, near = cKDTree(at[rows]).query(at[rows], k=k)
        values = y[rows][near]
        out[rows] = values.var(axis=1, ddof=1)
    return out


def variance_of_matching(
    found: tuple[Matches, ...], effects: tuple[Floats, ...], value: float, sigma2: Floats, w: Floats
) -> float:
    """The variance with the score or the coordinates known.

    Args:
        found: matches of the treated, and for the ATE those of the untreated too; effects: of their focal rows.
        sigma2: (n,) conditional variances; w: (n,) weights.
    """
    import numpy as np

    n = len(w)
    total = sum(float(w[m.focal].sum()) for m in found)
    heart = sum(float(w[m.focal] ** 2 @ (e - value) ** 2) for m, e in zip(found, effects, strict=True))
    K, squares = np.zeros(n), np.zeros(n)
    for m in found:
        a, b = m.used(n, w)
        K += a
        squares += b
    own = np.zeros(n)
    if len(found) > 1:
        for m in found:
            own[m.focal] = w[m.focal]
    rest = float(((K**2 + 2 * own * K - squares) * sigma2).sum())
    return (heart + rest) / total**2


def estimated_score(fit: Logit, t: Bools, y: Floats, value: float, estimand: str) -> float:
    """What estimating the logit adds to the variance; mostly negative."""
    import numpy as np

    Z, e, w = fit.Z, fit.score, fit.w
    n = w.sum()
    q = Z.shape[1]
    centred = y - y.mean()
    mean, cov = [], []
    for g in (t, ~t):
        m = along_score(e, g, np.column_stack([centred, Z, Z * centred[:, None]]))
        size = min(LIKE, int(g.sum()))
        mean.append(m[:, 0])
        cov.append((m[:, 1 + q :] - m[:, 1 : 1 + q] * m[:, :1]) * size / (size - 1))
    f = e * (1 - e)
    information = fit.information / n
    if estimand == "ate":
        c = (w[:, None] * ((1 - e)[:, None] * cov[0] + e[:, None] * cov[1])).sum(axis=0) / n
        return -float(c @ np.linalg.lstsq(information, c, rcond=1e-12)[0]) / float(n)
    p = float(w @ t / n)
    same = (w * f * (mean[0] - mean[1] - value)) @ Z / n
    g_ = (same + (w * f) @ (cov[0] - cov[1]) / n) / p
    c = (same + ((w * f) @ cov[0] + (w * e**2) @ cov[1]) / n) / p
    solve = np.linalg.lstsq(information, np.column_stack([c, g_]), rcond=1e-12)[0]
    return float(g_ @ solve[:, 1] - c @ solve[:, 0]) / float(n)
