"""How alike two weighted groups are: standardised mean differences, variance ratios and Kolmogorov-Smirnov distances.

Differences are divided by the standard deviation before any adjustment, of the treated for the ATT and pooled for the ATE
(Stuart 2010, section 4.1), so that an adjustment cannot look better by changing the yardstick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    for k, name in enumerate(names):
        x = X[:, k]
        v1, v0 = _variance(x[t], before[t]), _variance(x[~t], before[~t])
        scale = float(np.sqrt(v1 if treated_scale and v1 > 0 else (v1 + v0) / 2))
        order = np.argsort(x, kind="stable")
        for stage, w in (("before", before), ("after", after)):
            m1, m0 = (float(np.average(x[g], weights=w[g])) for g in (t, ~t))
            a1, a0 = _variance(x[t], w[t]), _variance(x[~t], w[~t])
            smd = (m1 - m0) / scale if scale > 0 else (0.0 if np.isclose(m1, m0) else None)
            rows.append(
                BalanceRow(
                    name,
                    "before" if stage == "before" else "after",
                    smd,
                    a1 / a0 if a0 > 0 and _many(x) else None,
                    _ks(x[order], w[order], t[order]),
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


def _ks(x: Floats, w: Floats, t: NDArray[np.bool_]) -> float:
    """Largest difference of the two weighted distribution functions; x ascending."""
    import numpy as np

    a, b = np.cumsum(np.where(t, w, 0.0)), np.cumsum(np.where(t, 0.0, w))
    last = np.append(x[1:] != x[:-1], True)
    return float(np.abs(a / a[-1] - b / b[-1])[last].max())
