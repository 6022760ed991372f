"""The forest of segments: the effect on parts of the population, beside the effect on all of it."""

from __future__ import annotations

from dataclasses import dataclass

from causal_eval.plots.names import metric_label, plural
from causal_eval.plots.numbers import (
    Unit,
    decimals,
    effect_text,
    effect_title,
    error_of,
    interval_text,
    is_log,
    unit_of,
)
from causal_eval.plots.rows import Group, Line, Mark, Panel, chart
from causal_eval.plots.spec import Family, FigureSpec, Value, each_metric
from causal_eval.plots.style import BLUE, STEEL
from causal_eval.results.types import Effect, Estimate, StudyResult

MOST = 40
"""Segments shown; beyond it the table of the write-up has them all."""


@dataclass(frozen=True, slots=True)
class SegmentForest:
    """The headline and the segments by column, in the order of the estimate."""

    label: str
    unit: Unit
    overall: Effect
    columns: tuple[tuple[str, tuple[tuple[str, Effect], ...]], ...]
    absent: tuple[str, ...] = ()
    """How many segments have no effect of their own, and why: a sentence each, without their names."""

    @property
    def effects(self) -> list[Effect]:
        """Every segment's effect."""
        return [e for _, parts in self.columns for _, e in parts]


def left_out(estimate: Estimate) -> list[tuple[str, str, tuple[str, ...]]]:
    """(column, reason, segments) of what has no effect of its own."""
    told = estimate.details.get("segments")
    out = []
    for column, said in told.items() if isinstance(told, dict) else ():
        by_reason: dict[str, list[str]] = {}
        named = said.get("left_out") if isinstance(said, dict) else None
        for label, reason in named.items() if isinstance(named, dict) else ():
            by_reason.setdefault(str(reason), []).append(str(label))
        out += [(column, reason, tuple(labels)) for reason, labels in by_reason.items()]
    return out


def _absent(estimate: Estimate) -> tuple[str, ...]:
    out = []
    for column, reason, labels in left_out(estimate):
        if labels == ("all",):
            out.append(f"No segment of {column} is shown: {reason}.")
        else:
            many = f"{len(labels)} {plural('segment', len(labels))} of {column} {'is' if len(labels) == 1 else 'are'}"
            out.append(f"{many} not shown: {reason}.")
    return tuple(out)


def segment_series(result: StudyResult, metric: str) -> SegmentForest | None:
    """The segments of the primary analysis of a metric; None where it has none."""
    finding = result.find(metric)
    if finding is None or finding.estimate is None:
        return None
    by: dict[str, list[tuple[str, Effect]]] = {}
    for e in finding.estimate.effects:
        if e.aggregation.startswith("segment:") and e.scale == "absolute":
            column, _, name = e.aggregation.removeprefix("segment:").partition("=")
            by.setdefault(column, []).append((name, e))
    if not by:
        return None
    info = result.metric(metric)
    unit = unit_of(info, log=is_log(result, metric))
    return SegmentForest(
        metric_label(info),
        unit,
        finding.estimate.headline,
        tuple((c, tuple(parts)) for c, parts in by.items()),
        _absent(finding.estimate),
    )


def _line(name: str, e: Effect, unit: Unit, *, strong: bool) -> Line:
    f, i = unit.factor, e.interval
    interval = interval_text(e, unit, bare=True)
    return Line(
        name,
        effect_text(e, unit) + (f" ({interval})" if interval else " (no interval)"),
        (
            Mark(
                e.value * f, i.low * f if i else None, i.high * f if i else None, BLUE if strong else STEEL,
                "D" if strong else "o", strong, strong,
            ),
        ),
    )  # fmt: skip


def segment_figure(series: SegmentForest, name: str) -> FigureSpec:
    """One group a column; a dashed line at the effect on all."""
    unit = series.unit
    groups = [Group((_line("All", series.overall, unit, strong=True),))]
    left = MOST
    for column, parts in series.columns:
        shown = parts[:left]
        left -= len(shown)
        if shown:
            groups.append(Group(tuple(_line(n, e, unit, strong=False) for n, e in shown), column))
    words = unit.change.strip() or unit.before
    panel = Panel(f"Effect{', ' + words if words else ''}", tuple(groups), guides=(series.overall.value * unit.factor,))
    hidden = len(series.effects) - (MOST - left)
    methods = {e.interval.method for e in series.effects if e.interval}
    note = "Dashed: the effect on all." + (f" Intervals of segments: {'; '.join(sorted(methods))}." if methods else "")
    note += f" {hidden} more segments are in the table." if hidden else ""
    note = " ".join([note, *series.absent])
    title = f"{series.label}: effect by segment"
    values = [e.value for e in series.effects]
    rows: list[tuple[Value, ...]] = []
    for column, parts in series.columns:
        for n, e in parts:
            i = e.interval
            rows.append((column, n, e.value, i.low if i else None, i.high if i else None, e.n_units))
    lowest = min(series.effects, key=lambda e: e.value)
    highest = max(series.effects, key=lambda e: e.value)
    return FigureSpec(
        name,
        title,
        f"Forest chart of {len(values)} segments of {series.label}, from {effect_text(lowest, unit)} to "
        f"{effect_text(highest, unit)}; {effect_title('all', series.overall, unit)}.",
        "; ".join(f"{c} {n}: {_line(n, e, unit, strong=False).words}" for c, parts in series.columns for n, e in parts)
        + ". A segment whose interval excludes zero beside one whose interval includes it is no evidence that they differ."
        + "".join(f" {said}" for said in series.absent),
        ("column", "segment", "value", "low", "high", "units"),
        tuple(rows),
        max(0, decimals(error_of(series.overall), series.overall.value)),
        *chart(title, (panel,), note),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """A figure a metric whose primary analysis has segments."""
    return each_metric(result, "segments", segment_series, segment_figure)


FAMILY = Family(
    "segments", "The effect on each segment with its interval, beside the effect on all.", specs, by_metric=True
)
