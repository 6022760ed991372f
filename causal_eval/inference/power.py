r"""Power of a test from its own placebo launches, by inverting it.

A test whose p-value and interval come from one procedure, and whose estimate moves by delta when delta is added to the treated
outcomes, detects an added effect exactly when the placebo's interval excludes -delta. One placebo estimate with interval
[low, high] therefore answers for every effect: a rise of delta is detected from delta > -low on, a fall from delta > high on.
Power at delta is the share of placebo launches whose threshold lies below delta, and the minimum detectable effect (MDE) at
power 1 - beta is the smallest delta at which that share reaches 1 - beta. Detection needs the right sign. A rise and a fall
count alike, so that a drift of the history in one direction does not pass for power.
"""

from __future__ import annotations

from math import ceil, inf, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def threshold(
    value: float, low: float | None, high: float | None, p_value: float | None, *, alpha: float, rise: bool
) -> float:
    """The effect above which the test would have detected it, had it been added to this placebo; inf for never.

    Without an interval although p <= alpha, no constant effect fits the placebo, and every one is rejected.
    """
    if low is not None and high is not None:
        return max(0.0, -low if rise else high)
    if p_value is not None and p_value <= alpha:
        return max(0.0, -value if rise else value)
    return inf


def rejected(low: float | None, high: float | None, p_value: float | None, *, alpha: float) -> bool:
    """Whether the test rejects no effect, by its p-value, else by its interval."""
    if p_value is not None:
        return p_value <= alpha
    return low is not None and high is not None and not low <= 0.0 <= high


def power_at(thresholds: Floats, effect: float) -> float:
    """Share of the (n,) thresholds below ``effect``."""
    return float((thresholds < effect).mean())


def minimum_detectable(thresholds: Floats, power: float) -> float | None:
    """The effect from which on the share of (n,) thresholds below it reaches ``power``; None where none does."""
    import numpy as np

    ordered = np.sort(thresholds)
    found = float(ordered[ceil(power * len(ordered) - 1e-9) - 1])
    return found if np.isfinite(found) else None


def share_error(share: float, n: int) -> float:
    """Monte Carlo standard error of a share of ``n`` draws."""
    return sqrt(share * (1 - share) / n)
