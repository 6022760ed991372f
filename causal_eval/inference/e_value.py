"""E-values: how strongly something unmeasured goes with choice and outcome to matter, as risk ratios (VanderWeele & Ding 2017)."""

from __future__ import annotations


def e_value(ratio: float) -> float:
    """RR + sqrt(RR (RR - 1)) of a risk ratio above 1; of one below 1, that of its inverse. Raises ValueError unless positive."""
    if not ratio > 0:
        raise ValueError(f"a risk ratio is positive, not {ratio}")
    ratio = max(ratio, 1 / ratio)
    return float(ratio + (ratio * (ratio - 1)) ** 0.5)


def e_value_of_limit(ratio: float, low: float, high: float) -> float:
    """Of the end of the interval nearer to 1; 1 where it holds 1."""
    if low <= 1 <= high:
        return 1.0
    return e_value(low if ratio > 1 else high)


def ratio_of_means(difference: float, std_error: float, spread: float) -> tuple[float, float, float]:
    """A difference of means in standard deviations ``spread`` as a risk ratio, exp(0.91 d), with exp(0.91 d -+ 1.78 se) (table 2)."""
    from math import exp

    d, error = difference / spread, std_error / spread
    return exp(0.91 * d), exp(0.91 * d - 1.78 * error), exp(0.91 * d + 1.78 * error)
