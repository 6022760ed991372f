"""How alike two weighted groups are: standardised mean differences, variance ratios and Kolmogorov-Smirnov distances.

Differences are divided by the standard deviation before any adjustment, of the treated for the ATT and pooled for the ATE
(Stuart 2010, section 4.1), so that an adjustment cannot look better by changing the yardstick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causal_eval.inference.order import ks_distance, stable_order
from causal_eval.results.types import BalanceRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def balance(
    X: Floats, names: tuple[str, ...], t: NDArray[np.bool_], before: Floats, after: Floats, *, treated_scale: bool
) -> tuple[BalanceRow, ...]:
    """Each of the p covariates X (n, p) under the weights ``before`` and ``after``, (n,) of both groups t (n,)."""
    import numpy as np

    rows = []
    whole = np.ptp(before) == 0
    for k, name in enumerate(names):
        x = np.ascontiguousarray(X[:, k])
        x1, x0 = x[t], x[~t]
        many = _many(x)
        scale = 0.0
        for stage, w1, w0 in (("before", before[t], before[~t]), ("after", after[t], after[~t])):
            m1, m0 = float(w1 @ x1 / w1.sum()), float(w0 @ x0 / w0.sum())
            a1, a0 = _variance(x1, w1), _variance(x0, w0)
            if stage == "before":
                scale = float(np.sqrt(a1 if treated_scale and a1 > 0 else (a1 + a0) / 2))
            smd = (m1 - m0) / scale if scale > 0 else (0.0 if np.isclose(m1, m0) else None)
            rows.append(
                BalanceRow(
                    name,
                    "before" if stage == "before" else "after",
                    smd,
                    a1 / a0 if a0 > 0 and many else None,
                    ks_distance(x1, x0) if stage == "before" and whole else _ks(x1, w1, x0, w0),
                )
            )
    return tuple(rows)


def effective_size(w: Floats) -> float:
    """Kish's effective sample size, (sum w)^2 / sum w^2."""
    return float(w.sum() ** 2 / (w @ w)) if w.any() else 0.0


def _many(x: Floats) -> bool:
    """Whether a variance says more than the mean: not of an indicator."""
    import numpy as np

    return len(np.unique(x[: min(len(x), 5000)])) > 2


def _variance(x: Floats, w: Floats) -> float:
    import numpy as np

    total = w.sum()
    if not total > 0:
        return 0.0
    mean = w @ x / total
    unbiased = total - (w @ w) / total
    return float(w @ (x - mean) ** 2 / unbiased) if unbiased > 0 and np.isfinite(unbiased) else 0.0


def _ks(x1: Floats, w1: Floats, x0: Floats, w0: Floats) -> float:
    """Largest difference of the two weighted distribution functions."""
    import numpy as np

    some1, some0 = w1 > 0, w0 > 0
    x = np.concatenate([x1[some1], x0[some0]])
    step = np.concatenate([w1[some1] / w1.sum(), -w0[some0] / w0.sum()])
    order = stable_order(x)
    x = x[order]
    last = np.append(x[1:] != x[:-1], True)
    return float(np.abs(np.cumsum(step[order]))[last].max())
