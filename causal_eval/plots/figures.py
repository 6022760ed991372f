"""The figures a result can show: each with its words, its data and the drawing of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from causal_eval.plots.data import (
    EventSeries,
    ForestGroup,
    LevelSeries,
    PathSeries,
    event_series,
    forest_groups,
    level_series,
    path_series,
)
from causal_eval.plots.effects import draw_effects, row_text
from causal_eval.plots.event_study import draw_event_study, event_label
from causal_eval.plots.headline import WITHOUT, draw_levels, draw_path, spans, title
from causal_eval.plots.names import METRIC_ROLES
from causal_eval.plots.numbers import change, decimals, effect_text, error_of, fixed, interval_text, level, share
from causal_eval.plots.style import SIZES, Size, SizeName, pretty
from causal_eval.results.types import EventPoint, StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class FigureSpec:
    """One figure: what it is called, what it shows in words, its series, and how to draw it."""

    name: str
    title: str
    alt: str
    """One or two sentences that stand in for the figure."""
    long_description: str
    """What a reader would take from looking closely."""
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    """The plotted series at full precision, in stored units."""
    places: int
    """Decimals that a table of the series shows."""
    drawing: Callable[[Size], Figure] = field(repr=False)

    def draw(self, size: SizeName = "page") -> Figure:
        """A new matplotlib Figure, tied to no window and to no global state."""
        return self.drawing(SIZES[size])

    def table(self) -> tuple[tuple[str, ...], ...]:
        """The series as text for a reader, rounded; empty where there is no value."""
        return tuple(
            tuple("" if v is None else fixed(v, self.places) if isinstance(v, float) else str(v) for v in row)
            for row in self.rows
        )


def figures(result: StudyResult) -> list[FigureSpec]:
    """Every figure the result holds the numbers for: the primary metric first, the forest last."""
    out: list[FigureSpec] = []
    primary = result.primary_metric.name
    order = sorted(result.metrics, key=lambda m: m.name != primary)
    for metric in order:
        finding = result.find(metric.name)
        if finding is None or finding.estimate is None:
            continue
        suffix = "" if metric.name == primary else f"-{metric.name}"
        path = path_series(result, finding)
        levels = level_series(result, finding)
        if path is not None:
            out.append(path_figure(path, f"headline{suffix}"))
        elif levels is not None and metric.name == primary:
            out.append(levels_figure(levels, f"headline{suffix}"))
        events = event_series(result, finding)
        if events is not None:
            out.append(event_figure(events, f"event_study{suffix}"))
    groups = forest_groups(result)
    if any(r.effect for g in groups for r in g.rows):
        out.append(forest_figure(groups))
    return out


def path_figure(series: PathSeries, name: str) -> FigureSpec:
    """The headline figure of a treated group over time."""
    points, unit, error = series.points, series.unit, series.error
    first = series.first_post
    launch = f", launched {pretty(series.launch)}" if series.launch else ""
    alt = (
        f"Line chart of {series.label} for the treated group{launch}: what was observed, what is estimated "
        "without the launch, "
        f"and the gap between them. {title('Effect', series)}."
    )
    said = [
        f"Two panels over {len(points)} periods, from {pretty(points[0].period)} to {pretty(points[-1].period)}.",
        "Above: the observed level (solid, dark) and the level estimated without the launch (dashed, orange). In "
        "the last "
        f"period they are {level(points[-1].observed, unit, error)} and "
        f"{level(points[-1].counterfactual, unit, error)}.",
    ]
    gaps = (
        f"Below: the gap between them. It runs from {_low(series, False)} to {_high(series, False)} before the launch"
    )
    if first is None:
        said.append("Below: the gap between them.")
    elif first == 0:
        said.append(
            f"Below: the gap between them, from {_low(series, True)} to {_high(series, True)} after the launch."
        )
    else:
        said.append(f"{gaps} and from {_low(series, True)} to {_high(series, True)} after it.")
    if not any(p.low is not None for p in points):
        said.append("The estimator gives no interval for single periods.")
    for a, b in spans(tuple(p.excluded for p in points)):
        many = f"{pretty(points[a].period)} to {pretty(points[b].period)}" if a != b else pretty(points[a].period)
        said.append(f"Shaded and left out of the estimate: {many}.")
    if series.threshold is not None:
        said.append(
            f"A dashed line marks the {series.threshold_name} of {change(series.threshold, unit, error, words=True)}."
        )
    said += [f"Marked event: {f.text}, {pretty(points[f.start].period)}." for f in series.flags]
    return FigureSpec(
        name,
        title(series.label, series),
        alt,
        " ".join(said),
        ("period", "observed", "counterfactual", "gap", "gap_low", "gap_high", "phase", "counts_in_estimate"),
        tuple(
            (
                p.period,
                p.observed,
                p.counterfactual,
                p.gap,
                p.low,
                p.high,
                "post" if p.post else "pre",
                "no" if p.excluded else "yes",
            )
            for p in points
        ),
        max(0, decimals(error, points[-1].observed)),
        lambda size: draw_path(series, size),
    )


def _low(series: PathSeries, post: bool) -> str:
    return change(min(p.gap for p in series.points if p.post == post), series.unit, series.error)


def _high(series: PathSeries, post: bool) -> str:
    return change(max(p.gap for p in series.points if p.post == post), series.unit, series.error, words=True)


def levels_figure(series: LevelSeries, name: str) -> FigureSpec:
    """The headline figure where there is no time axis."""
    error = error_of(series.headline)
    interval = series.headline.interval
    said = []
    if series.observed is not None and series.counterfactual is not None:
        said.append(
            f"Above: the treated group at {level(series.observed, series.unit, error)} as observed, and at "
            f"{level(series.counterfactual, series.unit, error)} as estimated without the launch."
        )
    where = "Below: the effect" if said else "The effect"
    said.append(f"{where} as a point with its interval, against zero.")
    if series.threshold is not None:
        said.append(
            f"A dashed line marks the {series.threshold_name} of "
            f"{change(series.threshold, series.unit, error, words=True)}."
        )
    rows: list[tuple[Value, ...]] = []
    if series.observed is not None:
        rows.append(("Observed", series.observed, None, None))
    if series.counterfactual is not None:
        rows.append((WITHOUT, series.counterfactual, None, None))
    rows.append(
        ("Effect", series.headline.value, interval.low if interval else None, interval.high if interval else None)
    )
    return FigureSpec(
        name,
        title(series.label, series),
        f"Dot chart of {series.label} for the treated group. {title('Effect', series)}.",
        " ".join(said),
        ("what", "value", "low", "high"),
        tuple(rows),
        max(0, decimals(error, series.headline.value)),
        lambda size: draw_levels(series, size),
    )


def event_figure(series: EventSeries, name: str) -> FigureSpec:
    """The event study of one metric."""
    unit = series.unit
    before = [p for p in series.points if p.event < 0 and not p.reference]
    after = [p for p in series.points if p.event >= 0]
    error = error_of(series.headline)

    def outside(points: list[EventPoint]) -> int:
        return sum(1 for p in points if p.low is not None and p.high is not None and (p.low > 0 or p.high < 0))

    said = [
        f"Each point is the effect at that time relative to base period {event_label(series.base)}, which is zero "
        "by definition."
    ]
    for points, words in ((before, "before"), (after, "after")):
        if points:
            low, high = min(p.value for p in points), max(p.value for p in points)
            said.append(
                f"The {len(points)} estimates {words} the launch run from {change(low, unit, error)} to "
                f"{change(high, unit, error, words=True)}; {outside(points)} of their intervals exclude zero."
            )
    if any(p.excluded for p in series.points):
        said.append("Grey points are left out of the estimate.")
    alt = f"Event study of {series.label}: {len(before)} estimates before and {len(after)} after the launch"
    if any(p.low is not None for p in series.points):
        alt += f", with {share(series.level)} intervals"
    if before:
        alt += f"; {outside(before)} of those before and {outside(after)} of those after exclude zero"
    return FigureSpec(
        name,
        f"{series.label}: effect by {series.noun} since the launch",
        f"{alt}.",
        " ".join(said),
        ("event", "value", "std_error", "low", "high", "reference", "counts_in_estimate"),
        tuple(
            (
                p.event,
                p.value,
                p.std_error,
                p.low,
                p.high,
                "yes" if p.reference else "no",
                "no" if p.excluded else "yes",
            )
            for p in series.points
        ),
        max(0, decimals(error, series.headline.value)),
        lambda size: draw_event_study(series, size),
    )


def forest_figure(groups: tuple[ForestGroup, ...]) -> FigureSpec:
    """Every metric and analysis."""
    rows: list[tuple[Value, ...]] = []
    said = []
    smallest = 6
    for g in groups:
        parts = []
        for r in g.rows:
            i = r.effect.interval if r.effect else None
            rows.append(
                (
                    g.label,
                    METRIC_ROLES[g.role],
                    r.name,
                    r.role,
                    "relative" if g.relative else "absolute",
                    r.effect.value if r.effect else None,
                    i.low if i else None,
                    i.high if i else None,
                    r.reason,
                )
            )
            parts.append(f"{r.name} {row_text(r, g)}")
            if r.effect:
                smallest = max(0, decimals(error_of(r.effect), r.effect.value), smallest if rows[:-1] else 0)
        said.append(f"{g.label} ({METRIC_ROLES[g.role]}): {'; '.join(parts)}.")
    n = sum(len(g.rows) for g in groups)
    primary = next((r for g in groups if g.role == "primary" for r in g.rows if r.role == "primary" and r.effect), None)
    of = next(g for g in groups if g.role == "primary") if primary else None
    alt = f"Forest chart of {n} analyses of {len(groups)} metric{'s' if len(groups) > 1 else ''}"
    if primary and of and primary.effect:
        alt += f"; the primary one, {of.label}, is at {effect_text(primary.effect, of.unit)}"
        if primary.effect.interval:
            alt += (
                f" ({share(primary.effect.interval.level)} interval "
                f"{interval_text(primary.effect, of.unit, bare=True)})"
            )
    return FigureSpec(
        "effects",
        "Effects by metric and analysis",
        f"{alt}.",
        " ".join(said),
        ("metric", "metric_role", "analysis", "analysis_role", "scale", "value", "low", "high", "status"),
        tuple(rows),
        min(smallest, 6),
        lambda size: draw_effects(groups, size),
    )
