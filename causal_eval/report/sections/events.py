"""Concurrent changes: what else happened, and how much of the study it covers."""

from __future__ import annotations

from causal_eval.plots.names import metric_label, plural
from causal_eval.plots.style import pretty
from causal_eval.report.blocks import Column, Section, Strong, Table, Text, cell
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
    """A table of the events, and how much of the time after the launch each covers; absent when none was declared."""
    if not result.events:
        return None
    known = {m.name: metric_label(m) for m in result.metrics}
    rows = tuple(
        (
            cell(Strong(e.name)),
            cell(pretty(e.start) + (f" to {pretty(e.end)}" if e.end else "")),
            cell(_where(result, e), _covers(result, e)),
            cell(", ".join(known.get(x, x) for x in e.affects) or "any metric"),
        )
        for e in result.events
    )
    columns = (Column("Event"), Column("When"), Column("Falls", wide=True), Column("May touch"))
    inside = sum(overlaps(result, e) for e in result.events)
    note = (
        "These are shown, not taken out of the estimate: what reached both groups alike cancels, what did not is in it."
    )
    if inside:
        note = f"{inside} of {len(rows)} {'falls' if inside == 1 else 'fall'} into the time after the launch. {note}"
    return Section(
        "events",
        "Concurrent changes",
        (
            Table("Other launches and incidents", columns, rows, cards=True, quiet=True),
            Text((note,), "note"),
        ),
    )


def _covers(result: StudyResult, event: Event) -> str:
    """Which part of the window after the launch; empty where it touches none of it."""
    d = result.design
    periods = list(d.periods)
    if not overlaps(result, event) or event.period is None:
        return ""
    launch = periods.index(d.post[0]) if d.post is not None and d.post[0] in periods else periods.index(d.launch)
    last = periods.index(d.post[1]) if d.post is not None and d.post[1] in periods else len(periods) - 1
    start = periods.index(event.period)
    end = periods.index(event.end_period) if event.end_period in periods else (last if event.end else start)
    touched = max(0, min(end, last) - max(start, launch) + 1)
    n = last - launch + 1
    if not touched:
        return ""
    at = f"from {d.time_noun} {max(start, launch) - launch + 1} of {n} after the launch"
    return (
        f"{at}; no end given"
        if not event.end
        else f"covers {touched} of the {n} {plural(d.time_noun, n)} after the launch"
    )
