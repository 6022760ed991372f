"""From coefficients and their covariance to effects: p-values, intervals, relative effects. One procedure each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from causal_eval.results.types import Effect, Interval, Scale

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NEAR_ZERO = 3.0
"""A relative effect is refused when its counterfactual is fewer than this many standard errors from zero."""


@dataclass(frozen=True, slots=True)
class Tested:
    """p-value and interval of one coefficient, from one procedure. ``note`` says why one is missing."""

    p_value: float | None
    low: float | None
    high: float | None
    note: str = ""


def t_test(value: float, std_error: float, df: float, level: float) -> Tested:
    """Two-sided t test of zero and its interval."""
    from scipy import special

    if not std_error > 0:
        return Tested(None, None, None, "no variation is left to estimate an error from")
    half = _quantile((1 - level) / 2, df) * std_error
    tail = special.ndtr(-abs(value) / std_error) if df == float("inf") else special.stdtr(df, -abs(value) / std_error)
    return Tested(float(2 * tail), value - half, value + half)


@lru_cache(maxsize=256)
def _quantile(tail: float, df: float) -> float:
    """Of Student's t, with ``tail`` above it. A rollout tests hundreds of rows at one df, and asking takes longer than testing."""
    from scipy import stats

    return float(stats.t.isf(tail, df))


def effect(
    aggregation: str,
    scale: Scale,
    value: float,
    std_error: float | None,
    tested: Tested,
    *,
    level: float,
    method: str,
    n_rows: int | None = None,
    n_units: int | None = None,
    n_treated: int | None = None,
) -> Effect:
    """An :class:`Effect` from a value and its test."""
    interval = None
    if tested.low is not None and tested.high is not None:
        interval = Interval(tested.low, tested.high, level, method)
    return Effect(
        aggregation,
        scale,
        float(value),
        std_error if std_error is None else float(std_error),
        tested.p_value,
        interval,
        n_rows,
        n_units,
        n_treated,
        tested.note,
    )


@dataclass(frozen=True, slots=True)
class Relative:
    """Effect over counterfactual. ``value`` None: refused, ``note`` says why."""

    value: float | None
    std_error: float | None
    note: str = ""


def relative(value: float, observed: float, joint: Floats) -> Relative:
    """Effect / (observed - effect) by the delta method.

    Args:
        joint: (2, 2) covariance of (effect, observed mean of the treated).
    """
    import numpy as np

    counterfactual = observed - value
    spread = float(np.sqrt(max(joint[0, 0] + joint[1, 1] - 2 * joint[0, 1], 0.0)))
    if counterfactual <= 0 or counterfactual < NEAR_ZERO * spread:
        return Relative(None, None, "no relative effect: the counterfactual is not clearly above zero")
    gradient = np.array([observed, -value]) / counterfactual**2
    variance = float(gradient @ joint @ gradient)
    return Relative(value / counterfactual, float(np.sqrt(max(variance, 0.0))))


def fieller(value: float, observed: float, joint: Floats, df: float, level: float, p_value: float | None) -> Tested:
    """Interval of effect / counterfactual that agrees with the effect's own test (Fieller 1954).

    The ratios rho that a t test of effect - rho * counterfactual = 0 does not reject: at rho = 0 that is the test of
    the effect, so the interval leaves zero out exactly when the absolute one does, and the p-value is shared. With
    counterfactual = observed - effect, the test statistic's numerator is (1 + rho) effect - rho observed.

    Args:
        joint: (2, 2) covariance of (effect, observed).
    """
    from scipy import stats

    t2 = float(stats.t.isf((1 - level) / 2, df)) ** 2
    v, m, c = float(joint[0, 0]), float(joint[1, 1]), float(joint[0, 1])
    gap = value - observed
    a = gap**2 - t2 * (v + m - 2 * c)
    b = value * gap - t2 * (v - c)
    constant = value**2 - t2 * v
    root = b**2 - a * constant
    if a <= 0 or root < 0:
        return Tested(p_value, None, None, "no bounded interval: the counterfactual is too close to zero")
    half = float(root**0.5)
    return Tested(p_value, (-b - half) / a, (-b + half) / a)


def relative_effect(
    value: float, observed: float, joint: Floats, overall: Tested, *, df: float | None, level: float, log: bool
) -> tuple[Relative, Tested]:
    """The relative effect and its test, which agrees with ``overall``, the test of the effect itself.

    Of a metric in logarithms it is exp(effect) - 1, the relative change of the geometric mean, and the ends of the interval
    are carried over; else effect / counterfactual with Fieller's interval, or that of ``overall`` carried over.

    Args:
        joint: (2, 2) covariance of (effect, observed mean of the treated).
        df: of the t test behind ``overall``; None where another procedure is behind it.
        log: whether the metric is in logarithms.
    """
    if log:
        return log_relative(value, float(joint[0, 0]) ** 0.5), log_relative_of(overall)
    found = relative(value, observed, joint)
    if found.value is None:
        return found, Tested(None, None, None, found.note)
    if df is None:
        return found, relative_of(overall, observed)
    return found, fieller(value, observed, joint, df, level, overall.p_value)


def log_relative(value: float, std_error: float | None) -> Relative:
    """exp(effect) - 1 of an effect on the logarithm, by the delta method."""
    from math import exp, expm1

    return Relative(expm1(value), None if std_error is None else exp(value) * std_error)


def log_relative_of(tested: Tested) -> Tested:
    """The test of exp(effect) - 1: increasing in the effect, so the p-value stays and the ends map to ends."""
    from math import expm1

    if tested.low is None or tested.high is None:
        return tested
    return Tested(tested.p_value, expm1(tested.low), expm1(tested.high), tested.note)


def relative_of(tested: Tested, observed: float) -> Tested:
    """The test of a relative effect from an absolute one's by its own transformation tau / (observed - tau).

    Monotone in tau while the counterfactual is positive, so the p-value stays and the ends map to ends.
    """
    if tested.low is None or tested.high is None:
        return tested
    if observed - tested.high <= 0:
        return Tested(tested.p_value, None, None, "the interval reaches a counterfactual of zero")
    # Where the observed mean is below zero a larger effect is a smaller share, and the ends change places.
    ends = sorted((tested.low / (observed - tested.low), tested.high / (observed - tested.high)))
    return Tested(tested.p_value, ends[0], ends[1], tested.note)
