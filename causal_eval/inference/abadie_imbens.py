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

from causal_eval.inference.order import stable_order

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


class AlongScore:
    """(n,) rows in the order of their score, ties by position, and for each row the LIKE nearest of either group in it.

    Args:
        score: (n,); t: (n,) the one group, the other is the rest.
        order: (n,) the order of the score, where it is known.
    """

    def __init__(self, score: Floats, t: Bools, order: Ints | None = None) -> None:
        import numpy as np

        self.order = stable_order(score) if order is None else order
        ranked = score[self.order]
        n = len(score)
        starts = np.append(True, ranked[1:] != ranked[:-1])
        tied = not starts.all()
        block = np.maximum.accumulate(np.where(starts, np.arange(n), 0)) if tied else None
        self.rows: dict[bool, Ints] = {}
        self.first: dict[bool, Ints] = {}
        self.size: dict[bool, int] = {}
        for key, group in ((True, t), (False, ~t)):
            mine = group[self.order]
            place: Ints = np.cumsum(mine) - mine
            if block is not None:
                place = place[block]
            count = int(mine.sum())
            self.size[key] = min(LIKE, count)
            self.rows[key] = np.flatnonzero(mine)
            self.first[key] = np.clip(place - self.size[key] // 2, 0, count - self.size[key])

    def mean(self, key: bool, ranked: Floats, of: Ints | None = None) -> Floats:
        """(n,) mean of (n,) ``ranked`` over the rows of group ``key`` like each row; both in the order of the score.

        Args:
            of: places in that order whose means are wanted, all unless given.
        """
        size = self.size[key]
        first = self.first[key] if of is None else self.first[key][of]
        total = _sums_before(ranked[self.rows[key]])
        out: Floats = total[first + size]
        out -= total[first]
        out /= size
        return out

    def covariances(self, key: bool, a: Floats, ranked: Floats, mean: Floats) -> Floats:
        """(n,) v with v' z = sum_i a_i cov_i(z, ``ranked``) for every z, cov_i among the rows of group ``key`` like row i.

        The mean is a linear map; what it is asked for is one product of its transpose, so no column of z is averaged. The rows in
        whose windows a row of the group lies follow each other: what they weigh is the difference of two sums.

        Args:
            mean: (n,) that of ``ranked`` in the group.
        """
        import numpy as np

        size, rows = self.size[key], self.rows[key]
        until = np.cumsum(np.bincount(self.first[key], minlength=len(rows)))

        def spread(weights: Floats) -> Floats:
            out: Floats = _sums_before(weights)[until]
            out[size:] -= out[:-size].copy()
            return out

        out = np.zeros(len(ranked))
        found = spread(a)
        found *= ranked[rows]
        found -= spread(a * mean)
        out[rows] = found / (size - 1)
        return out

    def back(self, ranked: Floats) -> Floats:
        """(n,) in the order of the rows."""
        import numpy as np

        out = np.empty(len(ranked))
        out[self.order] = ranked
        return out


def _sums_before(x: Floats) -> Floats:
    """(n + 1,) sums of the first 0, 1, ... n of (n,) ``x``."""
    import numpy as np

    out = np.zeros(len(x) + 1)
    np.cumsum(x, out=out[1:])
    return out


def variance_along_score(along: AlongScore, y: Floats, of: Bools) -> Floats:
    """(n,) variance of the outcome among rows of the same group with like scores, for the rows ``of``; zero for others."""
    import numpy as np

    ranked, wanted = y[along.order], of[along.order]
    out = np.zeros(len(y))
    for key, rows in along.rows.items():
        some = rows[wanted[rows]]
        if not len(some):
            continue
        centre = ranked - ranked[rows].mean()
        size = along.size[key]
        found = along.mean(key, centre**2, some) - along.mean(key, centre, some) ** 2
        out[some] = np.maximum(found, 0.0) * size / (size - 1)
    return along.back(out)


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


def residual_along_score(along: AlongScore, group: bool, y: Floats) -> Floats:
    """(n,) outcome less its mean among the rows of ``group`` with like scores, lengthened as a row is among those itself."""
    size = along.size[group]
    out: Floats = (y - along.back(along.mean(group, y[along.order]))) * (size / (size - 1)) ** 0.5
    return out


def residual_by_neighbours(at: Floats, group: Bools, y: Floats) -> Floats:
    """(n,) the same by the two nearest other rows of ``group`` in (n, k) coordinates; zero outside of it."""
    import numpy as np
    from scipy.spatial import cKDTree

    rows = np.flatnonzero(group)
    k = min(3, len(rows))
    _, near = cKDTree(at[rows]).query(at[rows], k=k)
    out = np.zeros(len(y))
    out[rows] = (y[rows] - y[rows][near].mean(axis=1)) * (k / (k - 1)) ** 0.5
    return out


def estimated_score(fit: Logit, along: AlongScore, y: Floats, value: float, estimand: str) -> float:
    """What estimating the logit adds to the variance; mostly negative."""
    import numpy as np

    n = float(fit.w.sum())
    c, g = score_direction(fit, along, y, value, estimand)
    solve = np.linalg.lstsq(fit.information / n, np.column_stack([c, g]), rcond=1e-12)[0]
    return float(g @ solve[:, 1] - c @ solve[:, 0]) / n


def score_direction(fit: Logit, along: AlongScore, y: Floats, value: float, estimand: str) -> tuple[Floats, Floats]:
    """(q,) c and g of the module's formulas."""
    import numpy as np

    e, w = fit.score[along.order], fit.w[along.order]
    n = float(w.sum())
    ranked = (y - y.mean())[along.order]
    mean = {key: along.mean(key, ranked) for key in (True, False)}
    by_odds = along.covariances(False, w * e, ranked, mean[False])
    if estimand == "ate":
        v = along.covariances(True, w * (1 - e), ranked, mean[True]) + by_odds
        return fit.Z.sums(along.back(v))[0] / n, np.zeros(fit.Z.shape[1])
    f = w * e * (1 - e)
    treated = float(fit.w @ fit.d)
    v = f * (mean[True] - mean[False] - value) + along.covariances(True, f, ranked, mean[True])
    v -= along.covariances(False, f, ranked, mean[False])
    # As f + e^2 = e, c is g and the covariances by e.
    g, rest = fit.Z.sums(along.back(v), along.back(by_odds)) / treated
    return g + rest, g
