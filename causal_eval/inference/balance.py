"""How alike two weighted groups are: standardised mean differences, variance ratios and Kolmogorov-Smirnov distances.

Differences are divided by the standard deviation before any adjustment, of the treated for the ATT and pooled for the ATE
(Stuart 2010, section 4.1), so that an adjustment cannot look better by changing the yardstick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causal_eval.inference.kolmogorov import Binned
from causal_eval.results.types import BalanceRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


def balance(
    X: Floats, names: tuple[str, ...], t: Bools, before: Floats, after: Floats, *, treated_scale: bool
) -> tuple[BalanceRow, ...]:
    """Each of the p covariates X (n, p) under the weights ``before`` and ``after``, (n,) of both groups t (n,)."""
    import numpy as np

    mean, variance = _moments(X, t, before, after)
    used = np.flatnonzero(after > 0)
    earlier, later = _masses(before, t), _masses(after[used], t[used])
    rows = []
    for k, name in enumerate(names):
        x = np.ascontiguousarray(X[:, k])
        many = _many(x)
        binned = Binned(x)
        b1, b0, _, _ = variance[k]
        scale = float(np.sqrt(b1 if treated_scale and b1 > 0 else (b1 + b0) / 2))
        for stage in ("before", "after"):
            first = stage == "before"
            (m1, m0), (a1, a0) = (v[k, :2] if first else v[k, 2:] for v in (mean, variance))
            smd = float(m1 - m0) / scale if scale > 0 else (0.0 if np.isclose(m1, m0) else None)
            ks = binned.distance(*earlier) if first else binned.distance(*later, used)
            rows.append(
                BalanceRow(name, "before" if first else "after", smd, float(a1 / a0) if a0 > 0 and many else None, ks)
            )
    return tuple(rows)


def effective_size(w: Floats) -> float:
    """Kish's effective sample size, (sum w)^2 / sum w^2."""
    return float(w.sum() ** 2 / (w @ w)) if w.any() else 0.0


def _many(x: Floats) -> bool:
    """Whether a variance says more than the mean: not of an indicator."""
    import numpy as np

    return len(np.unique(x[: min(len(x), 5000)])) > 2


def _masses(w: Floats, t: Bools) -> tuple[Floats, Floats]:
    """(n,) weights of the treated and of the untreated, zero for the others."""
    return w * t, w * ~t


def _moments(X: Floats, t: Bools, *weights: Floats) -> tuple[Floats, Floats]:
    """(p, 2g) means and variances of X (n, p), of the treated and the untreated under each of g (n,) weights in turn.

    A variance is unbiased for weights that count how reliable a row is: divided by sum w - sum w^2 / sum w. Zero where there is no
    mass, or no spread.
    """
    import numpy as np

    from causal_eval.inference.logit import blocks

    centre = X.mean(axis=0)
    first = np.zeros((X.shape[1], 2 * len(weights)))
    second = np.zeros_like(first)
    total, squares = np.zeros((2, 2 * len(weights)))
    for rows in blocks(len(X)):
        x = X[rows].T - centre[:, None]
        m = np.array([part for w in weights for part in _masses(w[rows], t[rows])])
        first += x @ m.T
        second += (x * x) @ m.T
        total += m.sum(axis=1)
        squares += (m * m).sum(axis=1)
    safe = np.where(total > 0, total, 1.0)
    first, second = first / safe, second / safe
    spread = second - first**2
    unbiased = safe - squares / safe
    # Sums about a common centre know a group's own spread to sixteen digits of its distance from there.
    known = (unbiased > 0) & (spread > 1e-13 * second)
    return centre[:, None] + first, np.where(known, spread * safe / np.where(unbiased > 0, unbiased, 1.0), 0.0)
