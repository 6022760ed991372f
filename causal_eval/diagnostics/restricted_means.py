"""The effect on a duration by days since its start: the same estimator on the same rows, with the outcome cut at earlier days.

The mean of min(T, u) is the area under the share still open up to day u, so what it grows by from one day to the next, over the
days between, is the average share still open there (Royston & Parmar 2013, doi:10.1186/1471-2288-13-152). That holds of the
estimate without the launch as well where the estimator is linear in the outcome, which is why only those have these numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from causal_eval.errors import CausalEvalError

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import CrossSection, Panel
    from causal_eval.diagnostics.base import Fitted
    from causal_eval.results.types import Estimate, Finding, Json

STEPS = 12
"""Days at which the outcome is cut, evenly spaced up to the horizon."""
LINEAR = (
    "did",
    "staggered_did",
    "imputation_did",
    "sun_abraham",
    "propensity_matching",
    "weighting",
    "outcome_regression",
    "aipw",
)
"""Methods that take little time and are linear in the outcome; not with every option."""


def with_restricted_means(
    finding: Finding,
    fitted: Fitted,
    shaped: Callable[..., Panel | CrossSection],
    fresh: Callable[[], np.random.Generator],
) -> Finding:
    """``finding`` of a duration with ``details["restricted_means"]``, where its estimator is one that can give them.

    The details hold, by day: the ``effect`` on the mean of min(T, day) with ``low`` and ``high`` (null where there is no
    interval), and that mean as ``observed`` and ``without`` the launch. The last day is the horizon, with the headline.

    Args:
        shaped: the rows of the metric, shaped again; takes ``at_most``.
        fresh: the generator that the headline began with, anew each time.
    """
    estimate = finding.estimate
    if estimate is None or not _linear(fitted):
        return finding
    found = _by_day(fitted, shaped, fresh)
    said = replace(estimate, details={**estimate.details, "restricted_means": found}) if found else estimate
    return replace(finding, said=said)


def _linear(fitted: Fitted) -> bool:
    model, metric = fitted.estimator, fitted.data.metric
    return (
        model.info.name in LINEAR
        and getattr(model, "learner", "linear") == "linear"
        and getattr(model, "family", "linear") == "linear"
        and not metric.in_logs
    )


def _by_day(
    fitted: Fitted, shaped: Callable[..., Panel | CrossSection], fresh: Callable[[], np.random.Generator]
) -> dict[str, Json]:
    """The numbers by day, a list each; empty where there are none before the horizon."""
    horizon = float(fitted.data.metric.horizon or 0.0)
    days = [horizon * k / STEPS for k in range(1, STEPS)]
    fitted.say(f"the effect by days since the start, {len(days)} refits")
    found = [(u, e) for u in days if (e := cut_at(fitted, u, shaped, fresh)) is not None]
    found.append((horizon, fitted.estimate))
    complete = [(u, e) for u, e in found if e.observed is not None and e.counterfactual is not None]
    if len(complete) < 2 or complete[-1][0] != horizon:
        return {}
    intervals = [e.headline.interval for _, e in complete]
    return {
        "days": [u for u, _ in complete],
        "effect": [e.headline.value for _, e in complete],
        "low": [i.low if i else None for i in intervals],
        "high": [i.high if i else None for i in intervals],
        "observed": [e.observed for _, e in complete],
        "without": [e.counterfactual for _, e in complete],
    }


def cut_at(
    fitted: Fitted,
    most: float,
    shaped: Callable[..., Panel | CrossSection],
    fresh: Callable[[], np.random.Generator],
) -> Estimate | None:
    """The estimate with the outcome cut at ``most`` days; None where it fails, or where nothing varies so early."""
    data = fitted.data
    averaged = data.has_units and bool(data.roles.time_grain)
    try:
        # Rows that were averaged into one must be cut before.
        cut = shaped(at_most=most) if averaged else data.at_most(most)
        estimate = fitted.headline_only().again(cut, fitted.design, rng=fresh())
    except (CausalEvalError, ArithmeticError, ValueError):
        return None
    error = estimate.headline.std_error
    return None if error is not None and error <= 1e-12 * most else estimate
