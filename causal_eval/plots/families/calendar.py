"""The rollout calendar: which cohort was treated in which period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.plots.layout import frame
from causal_eval.plots.names import plural
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import BLUE, INK, SHADE, Size, period_axis, pretty, shorten, style, text_width
from causal_eval.results.types import StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 24
"""Cohorts with a row of their own."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """Cohorts by start: (label, units, position of the first treated period); never treated at ``len(periods)``."""

    periods: tuple[str, ...]
    cohorts: tuple[tuple[str, int, int], ...]
    noun: str
    time: str
    more: int


def rollout(result: StudyResult) -> Rollout | None:
    """The cohorts of a staggered adoption; None for fewer than two, or without a time axis."""
    d = result.design
    where = {p: k for k, p in enumerate(d.periods)}
    known = sorted((where[c], c, n) for c, n in d.cohorts if c in where)
    if len(known) < 2:
        return None
    rows = [(pretty(c), n, k) for k, c, n in known[:MOST]]
    if d.n_never:
        rows.append(("never", d.n_never, len(d.periods)))
    return Rollout(d.periods, tuple(rows), d.unit_noun, d.time_noun, max(0, len(known) - MOST))


def draw_calendar(series: Rollout, size: Size, title: str, note: str) -> Figure:
    """A row a cohort: light before its start, blue from it on."""
    with style(size):
        points = size.font * 0.92
        rows = [(f"{label} ({n:,})", start) for label, n, start in series.cohorts]
        left = min(max(text_width(r, points) for r, _ in rows) + 0.25, size.width * 0.42)
        tall = size.font * 1.75 / 72 * len(rows)
        made = frame(title, size, left=left, note=note, axis_lines=2.8, height=tall)
        ax = made.ax
        n = len(series.periods)
        ax.set_xlim(-0.5, n - 0.5)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        for y, (_, start) in enumerate(rows):
            for first, width, colour in ((0, start, SHADE), (start, n - start, BLUE)):
                if width > 0:
                    ax.barh(y, width, left=first - 0.5, height=0.72, color=colour, linewidth=0)
            if 0 < start < n:
                ax.plot([start - 0.5] * 2, [y - 0.36, y + 0.36], color=INK, linewidth=size.line * 0.8)
        ax.set_yticks(range(len(rows)), [shorten(r, left - 0.15, points) for r, _ in rows])
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        period_axis(ax, series.periods, series.cohorts[0][2], made.width, size)
        return made.figure


def calendar_figure(series: Rollout) -> FigureSpec:
    """The cohorts and their starts."""
    treated = [c for c in series.cohorts if c[2] < len(series.periods)]
    units = sum(n for _, n, _ in treated)
    many = plural(series.noun, units)
    title = f"Rollout: {units:,} {many} in {len(treated)} cohorts"
    note = f"Blue: treated. In brackets: {plural(series.noun)} of the cohort." + (
        f" {series.more} later cohorts are in the table of cohorts." if series.more else ""
    )
    rows: tuple[tuple[Value, ...], ...] = tuple((label, n) for label, n, _ in series.cohorts)
    said = "; ".join(f"{label}: {n:,} {plural(series.noun, n)}" for label, n, _ in series.cohorts)
    return FigureSpec(
        "calendar",
        title,
        f"Calendar of the rollout: {units:,} {many} start in {len(treated)} cohorts from {treated[0][0]} to {treated[-1][0]}.",
        f"{len(series.periods)} {plural(series.time)} from {pretty(series.periods[0])} to {pretty(series.periods[-1])}. {said}.",
        ("start", "units"),
        rows,
        0,
        lambda size: draw_calendar(series, size, title, note),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where units started at different times."""
    series = rollout(result)
    return [calendar_figure(series)] if series is not None else []


FAMILY = Family("calendar", "Which cohort was treated in which period.", specs)
