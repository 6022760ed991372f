"""From a result to the series a figure draws: positions, flags, bounds. No drawing here and no statistics."""

from __future__ import annotations

from dataclasses import dataclass

from causal_eval.plots.names import analysis_name, metric_label, plural, short_name
from causal_eval.plots.numbers import RELATIVE, Unit, error_of, is_log, unit_of
from causal_eval.results.types import (
    Effect,
    Estimate,
    EventPoint,
    Finding,
    MetricInfo,
    PathPoint,
    StudyResult,
)


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that happened, from one position of the time axis to another."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PathSeries:
    """A treated group over time. Values as stored; ``unit`` says how they are shown."""

    label: str
    unit: Unit
    points: tuple[PathPoint, ...]
    headline: Effect
    level: float
    launch: str = ""
    later_adoptions: tuple[int, ...] = ()
    flags: tuple[Flag, ...] = ()
    threshold: float | None = None
    """A minimum effect or margin, in stored units and signed as the metric is."""
    threshold_name: str = ""

    @property
    def first_post(self) -> int | None:
        """Position of the first period after the launch."""
        return next((k for k, p in enumerate(self.points) if p.post), None)

    @property
    def error(self) -> float | None:
        """What the gap is rounded by."""
        return error_of(self.headline)


@dataclass(frozen=True, slots=True)
class LevelSeries:
    """A treated group without a time axis: what was observed, and what would have been."""

    label: str
    unit: Unit
    observed: float | None
    counterfactual: float | None
    headline: Effect
    threshold: float | None = None
    threshold_name: str = ""


@dataclass(frozen=True, slots=True)
class EventSeries:
    """Leads and lags of one metric."""

    label: str
    unit: Unit
    points: tuple[EventPoint, ...]
    base: int
    level: float
    noun: str
    headline: Effect


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One analysis of one metric. ``effect`` is None for one that gave no estimate; ``reason`` then says why."""

    name: str
    short: str
    role: str
    effect: Effect | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ForestGroup:
    """A metric and its analyses, all on the same scale."""

    label: str
    role: str
    unit: Unit
    rows: tuple[ForestRow, ...]
    threshold: float | None = None
    threshold_name: str = ""

    @property
    def relative(self) -> bool:
        """Whether the effects are shares of the counterfactual."""
        return self.unit is RELATIVE


def threshold(result: StudyResult, metric: MetricInfo) -> tuple[float | None, str]:
    """The minimum effect or margin on the metric's own scale and in its own direction, and what it is called.

    None where the study declares neither, or declares a relative one of which the decision holds no absolute value.
    """
    guard = metric.role == "guardrail"
    size, scale = (metric.margin, metric.margin_scale) if guard else (metric.min_effect, metric.min_effect_scale)
    if size is None:
        return None, ""
    name = "margin" if guard else "minimum effect"
    worth = abs(size) if scale == "absolute" else None
    if worth is None:
        clause = next((c for c in result.decision.clauses if c.metric == metric.name), None)
        if clause is None or clause.margin is None:
            return None, name
        worth = abs(clause.margin)
    upwards = (metric.better != "lower") != guard
    return (worth if upwards else -worth), name


def _flags(result: StudyResult, metric: str, points: tuple[PathPoint, ...]) -> tuple[Flag, ...]:
    order = {label: k for k, label in enumerate(result.design.periods or tuple(p.period for p in points))}
    at = [order.get(p.period, -1) for p in points]

    def position(label: str | None, *, last: bool) -> int | None:
        if label is None or label not in order:
            return None
        inside = [k for k, o in enumerate(at) if (o <= order[label] if last else o >= order[label])]
        return (inside[-1] if last else inside[0]) if inside else None

    flags = []
    for event in result.events:
        start = position(event.period, last=False)
        end = position(event.end_period or event.period, last=True)
        if start is None or end is None or (event.affects and metric not in event.affects):
            continue
        flags.append(Flag(event.name, min(start, end), max(start, end)))
    return tuple(flags)


def path_series(result: StudyResult, finding: Finding) -> PathSeries | None:
    """The headline series of a finding; None where its estimator gave no path."""
    estimate = finding.estimate
    if estimate is None or not estimate.path:
        return None
    metric = result.metric(finding.metric)
    bound, name = threshold(result, metric)
    where = {p.period: k for k, p in enumerate(estimate.path)}
    first = next((p.period for p in estimate.path if p.post), "")
    later = tuple(where[c] for c, _ in result.design.cohorts if c in where and c not in (first, result.design.launch))
    return PathSeries(
        metric_label(metric),
        unit_of(metric, log=is_log(result, metric.name)),
        estimate.path,
        estimate.headline,
        estimate.level,
        result.design.launch or first,
        later,
        _flags(result, metric.name, estimate.path),
        bound,
        name,
    )


def level_series(result: StudyResult, finding: Finding) -> LevelSeries | None:
    """Observed against counterfactual without a time axis; None for a failed analysis."""
    estimate = finding.estimate
    if estimate is None:
        return None
    metric = result.metric(finding.metric)
    bound, name = threshold(result, metric)
    unit = unit_of(metric, log=is_log(result, metric.name))
    return LevelSeries(
        metric_label(metric), unit, estimate.observed, estimate.counterfactual, estimate.headline, bound, name
    )


def event_series(result: StudyResult, finding: Finding) -> EventSeries | None:
    """The event study of a finding; None where its estimator gave none."""
    estimate = finding.estimate
    if estimate is None or estimate.event_study is None or not estimate.event_study.points:
        return None
    metric = result.metric(finding.metric)
    study = estimate.event_study
    return EventSeries(
        metric_label(metric),
        unit_of(metric, log=is_log(result, metric.name)),
        study.points,
        study.base,
        study.level,
        plural(result.design.time_noun),
        estimate.headline,
    )


def lone_series(estimate: Estimate) -> tuple[PathSeries | None, EventSeries | None]:
    """The series of an estimate that belongs to no study: in the outcome's own units."""
    unit = Unit()
    path = PathSeries("Outcome", unit, estimate.path, estimate.headline, estimate.level) if estimate.path else None
    study = estimate.event_study
    events = None
    if study is not None and study.points:
        events = EventSeries("Outcome", unit, study.points, study.base, study.level, "periods", estimate.headline)
    return path, events


def forest_groups(result: StudyResult) -> tuple[ForestGroup, ...]:
    """Every metric with its analyses; relative effects where the primary analysis has one, else absolute ones."""
    groups = []
    for metric in result.metrics:
        findings = [f for f in result.findings if f.metric == metric.name]
        if not findings:
            continue
        first = result.find(metric.name) or findings[0]
        relative = first.estimate is not None and first.estimate.effect("overall", "relative") is not None
        rows = []
        for f in findings:
            if f.estimate is None:
                said = f.said
                assert not isinstance(said, Estimate)
                rows.append(ForestRow(analysis_name(f), short_name(f), f.role, None, said.status))
                continue
            shown = f.estimate.effect("overall", "relative") if relative else f.estimate.headline
            rows.append(
                ForestRow(analysis_name(f), short_name(f), f.role, shown, "" if shown else "no relative effect")
            )
        if relative:
            unit = RELATIVE
            bound, name = _relative_threshold(result, metric, first)
        else:
            unit = unit_of(metric, log=is_log(result, metric.name))
            bound, name = threshold(result, metric)
        groups.append(ForestGroup(metric_label(metric), metric.role, unit, tuple(rows), bound, name))
    return tuple(groups)


def _relative_threshold(result: StudyResult, metric: MetricInfo, finding: Finding) -> tuple[float | None, str]:
    guard = metric.role == "guardrail"
    size, scale = (metric.margin, metric.margin_scale) if guard else (metric.min_effect, metric.min_effect_scale)
    sign = 1.0 if (metric.better != "lower") != guard else -1.0
    if size is not None and scale == "relative":
        return sign * abs(size), "margin" if guard else "minimum effect"
    bound, name = threshold(result, metric)
    base = finding.estimate.counterfactual if finding.estimate else None
    return (bound / abs(base), name) if bound is not None and base else (None, "")
