"""How many independent periods a series of gaps is worth.

Inference by the order of time compares the gaps after the launch with those of other periods. Where gaps are alike from one period to
the next there are fewer to compare with than periods: an AR(1) with autocorrelation r and T periods knows its mean as well as
T (1 - r) / (1 + r) independent ones (Bayley & Hammersley 1946).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


def effective_periods(gaps: Floats) -> float:
    """Of (T,) gaps, by their first autocorrelation; T at most, and all T where they do not vary."""
    left = gaps - gaps.mean()
    squares = float(left @ left)
    if not squares > 1e-24 * max(float(gaps @ gaps), 1e-300):
        return float(len(gaps))
    r = float(left[1:] @ left[:-1]) / squares
    return len(gaps) * min(1.0, (1 - r) / (1 + r))


def gaps_less_effect(Y: Floats, pre: Bools, post: Bools, value: float, *, intercept: bool = False) -> Floats:
    """(T',) gaps in the periods before and after, the treated path less a constant effect matched over all of them.

    Args:
        Y: (T, J + 1) outcomes, the treated path first; value: the effect.
    """
    import numpy as np

    from causal_eval.inference.counterfactual import Simplex

    used = pre | post
    rows = Y[used].copy()
    rows[post[used], 0] -= value
    everything = np.ones(len(rows), dtype=bool)
    fit = Simplex(intercept=intercept).fit(rows, [0], [np.arange(1, rows.shape[1])], everything, everything)
    gaps: Floats = rows[:, 0] - fit.paths[0]
    return gaps
