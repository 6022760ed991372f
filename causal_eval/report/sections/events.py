"""Concurrent events: what else happened, and whether it falls into the study."""

from __future__ import annotations

from causal_eval.plots.names import metric_label
from causal_eval.plots.style import pretty
from causal_eval.report.blocks import Column, Section, Strong, Table, cell
from causal_eval.results.types import Event, StudyResult


def _where(result: StudyResult, event: Event) -> str:
    periods = list(result.design.periods)
    if event.period is None or event.period not in periods:
        return "outside the study's periods"
    start = periods.index(event.period)
    end = periods.index(event.end_period) if event.end_period in periods else start
    if result.design.launch not in periods:
        return "inside the study's periods"
    launch = periods.index(result.design.launch)
    if end < launch:
        return "before the launch"
    return "across the launch" if start < launch else "after the launch"


def overlaps(result: StudyResult, event: Event) -> bool:
    """Whether any of it falls on or after the launch, inside the study's periods."""
    return _where(result, event) in ("across the launch", "after the launch")


def section(result: StudyResult) -> Section | None:
    """A table of the events; absent when none was declared."""
    if not result.events:
        return None
    known = {m.name: metric_label(m) for m in result.metrics}
    rows = tuple(
        (
            cell(Strong(e.name)),
            cell(pretty(e.start) + (f" to {pretty(e.end)}" if e.end else "")),
            cell(_where(result, e)),
            cell(", ".join(known.get(x, x) for x in e.affects) or "any metric"),
        )
        for e in result.events
    )
    columns = (Column("Event"), Column("When"), Column("Falls"), Column("May touch"))
    return Section(
        "events", "Concurrent events", (Table("Other launches and incidents", columns, rows, cards=True, quiet=True),)
    )
