"""How bad it could plausibly be: the harmful end of an effect's interval, alone and summed over the treated."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from causal_eval.plots.numbers import RELATIVE, beside
from causal_eval.report.needed import POWER
from causal_eval.report.totals import total_unit
from causal_eval.report.wording import clause_of
from causal_eval.results.types import Effect, MetricInfo, StudyResult

_POWER = NormalDist().inv_cdf(POWER)


@dataclass(frozen=True, slots=True)
class Harm:
    """The harmful side of one metric, in its own sign: a fall where higher is better."""

    effect: Effect
    worst: float | None
    """The end of the interval on the harmful side; None without an interval."""
    relative: str | None
    """``worst`` against the level without the launch, in words."""
    total: str | None
    """``worst`` summed over the treated units and periods, in words; None where a sum has no meaning."""
    smallest: float | None
    """The harm that a study as precise would find in four of five cases, as in :mod:`causal_eval.report.needed`."""
    narrower: float | None
    """For a guardrail: how many times narrower the interval must be to clear the margin at this estimate; 0: never."""


def harm_of(result: StudyResult, name: str) -> Harm | None:
    """The harm that the primary analysis of a metric leaves open; None without an estimate or a good direction."""
    metric = result.metric(name)
    finding = result.find(name)
    estimate = finding.estimate if finding is not None else None
    if estimate is None or metric.better is None:
        return None
    effect, relative = estimate.headline, estimate.effect("overall", "relative")
    worst = _bad(effect, metric)
    smallest = None
    if worst is not None and effect.interval is not None:
        level = NormalDist().inv_cdf(0.5 + effect.interval.level / 2)
        size = (effect.interval.high - effect.interval.low) / 2 * (level + _POWER) / level
        smallest = size if metric.better == "lower" else -size
    total = estimate.effect("overall", "cumulative")
    unit = total_unit(result, metric)
    said = None
    if total is not None and unit is not None and (sum_ := _bad(total, metric)) is not None:
        said = beside(sum_, total, unit, words=True)
    share = None
    if relative is not None and (bad := _bad(relative, metric)) is not None:
        share = beside(bad, relative, RELATIVE)
    return Harm(effect, worst, share, said, smallest, _narrower(result, metric, effect, relative))


def _bad(effect: Effect, metric: MetricInfo) -> float | None:
    if effect.interval is None:
        return None
    return effect.interval.high if metric.better == "lower" else effect.interval.low


def _narrower(result: StudyResult, metric: MetricInfo, effect: Effect, relative: Effect | None) -> float | None:
    """(estimate - worst) / (estimate + margin), with up as good and everything on the margin's own scale."""
    clause = clause_of(result, metric.name)
    used = relative if metric.margin_scale == "relative" else effect
    if clause is None or metric.margin is None or used is None or (worst := _bad(used, metric)) is None:
        return None
    sign = -1.0 if metric.better == "lower" else 1.0
    room = sign * used.value + abs(metric.margin)
    return abs(used.value - worst) / room if room > 0 else 0.0
