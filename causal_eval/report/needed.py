"""What it would take to tell, where a study could not: the effect it would have found, and how much more of what finds a smaller one.

All from the headline's interval, so that it holds for every procedure. A test whose interval is value -+ half finds an effect of
(z_level + z_power) / z_level times half in a share ``POWER`` of studies (Bloom 1995, Evaluation Review 19(5): 2.8 standard errors
at 5% and 80%). Errors fall with the square root of the information, so a k times smaller effect needs k^2 as much.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from statistics import NormalDist

from causal_eval.plots.names import metric_label, plural
from causal_eval.report.numbers import Unit, amount, change, count, fixed, is_log, share, unit_of
from causal_eval.results.types import StudyResult

POWER = 0.8
MOST = 100.0
"""More information than this many times what there is, and a number would promise what no plan can keep."""


@dataclass(frozen=True, slots=True)
class Needed:
    """What the primary metric would need.

    Attributes:
        detectable: effect that would have been found with probability ``POWER``, in the metric's units, positive.
        wanted: smallest effect that would matter, in the same units; None where the study states none.
        times: how many times the information finds ``wanted``; None without it.
        error: the headline's error as its interval implies it, to round by.
    """

    detectable: float
    wanted: float | None
    times: float | None
    error: float


def needed(result: StudyResult) -> Needed | None:
    """None unless the primary metric is inconclusive for want of precision."""
    metric = result.primary_metric
    clause = next((c for c in result.decision.clauses if c.metric == metric.name), None)
    estimate = result.headline.estimate
    closed = any(d.gate and d.verdict == "fail" for d in result.diagnostics)
    if clause is None or clause.outcome != "inconclusive" or metric.better is None or estimate is None or closed:
        return None
    interval = estimate.headline.interval
    if interval is None or interval.high <= interval.low:
        return None
    half = (interval.high - interval.low) / 2
    z = NormalDist().inv_cdf(0.5 + interval.level / 2)
    detectable = half * (z + NormalDist().inv_cdf(POWER)) / z
    wanted = clause.margin if clause.margin else None
    return Needed(detectable, wanted, None if wanted is None else (detectable / wanted) ** 2, half / z)


def found_sentence(result: StudyResult, found: Needed) -> str:
    """The effect it would have found, beside the one that would matter."""
    unit = _unit(result)
    said = f"A study as precise as this finds an effect of {_size(found.detectable, unit, found.error)} in {share(POWER)} of cases"
    if found.wanted is None:
        return said + "."
    return said + f"; the smallest that would matter is {amount(found.wanted, unit)}."


def more_sentences(result: StudyResult, found: Needed) -> tuple[str, ...]:
    """How much more it would take, in treated units and in periods; what to do about it."""
    if found.wanted is None or found.times is None:
        return ("State `min_effect` for the metric, and this section says how much more data would find it.",)
    if found.times <= 1:
        return (
            "The study was large enough to find the smallest effect that would matter; the estimate fell between that and zero. "
            "More data narrows the interval further.",
        )
    d, sample = result.design, result.headline.estimate.sample if result.headline.estimate else None
    narrower = f"To find that, the interval has to be {fixed(found.times**0.5, 1)} times narrower"
    if found.times > MOST:
        return (
            f"{narrower}, which takes over {count(int(MOST))} times the information: no more of the same would do. Choose a metric "
            f"that moves more or varies less for {metric_label(result.primary_metric)}, or ask a smaller question.",
        )
    out = [f"{narrower}, which takes about {_about(found.times)} times the information."]
    if sample is not None and d.data_kind != "repeated cross-section":
        treated = round(_rounded(sample.n_treated * found.times))
        out.append(
            f"That is about {count(treated)} treated {plural(d.unit_noun, treated)} instead of {count(sample.n_treated)}, with as "
            "many more controls, if they vary as these do."
        )
    after = len(d.periods) - d.periods.index(d.launch) - d.washout if d.launch in d.periods else 0
    if d.adoption == "block" and d.data_kind == "panel" and after > 0:
        least = round(_rounded(after * found.times))
        out.append(
            f"Or at least {count(least)} {plural(d.time_noun, least)} after the launch instead of {count(after)}, and as many times "
            f"more before it; longer still, the more the {plural(d.time_noun)} of one {d.unit_noun} resemble each other."
        )
    return tuple(out)


def _unit(result: StudyResult) -> Unit:
    metric = result.primary_metric
    return unit_of(metric, log=is_log(result, metric.name))


def _size(size: float, unit: Unit, error: float) -> str:
    return change(size, unit, error, words=True).removeprefix("+")


def _rounded(value: float) -> float:
    """Up to two significant digits: more would be false precision."""
    step = 10.0 ** max(floor(log10(value)) - 1, 0) if value >= 1 else 1.0
    return ceil(value / step - 0.01) * step


def _about(times: float) -> str:
    return fixed(times, 1) if times < 10 else count(int(_rounded(times)))
