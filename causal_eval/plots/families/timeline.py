"""The design timeline: the windows of the study, the launch, and what else happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.plots.layout import frame
from causal_eval.plots.names import plural
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import (
    BLUE,
    FAINT,
    INK,
    PURPLE,
    STEEL,
    VERMILLION,
    Size,
    period_axis,
    pretty,
    shorten,
    style,
    text_width,
)  # fmt: skip
from causal_eval.results.types import StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_EVENTS = 8
_COLOURS = {
    "before": STEEL,
    "anticipation": FAINT,
    "washout": FAINT,
    "after": BLUE,
    "rollout": VERMILLION,
    "event": PURPLE,
}


@dataclass(frozen=True, slots=True)
class Window:
    """From one position of the time axis to another, both inside."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """Windows in the order in which they are drawn, the launch at its position."""

    periods: tuple[str, ...]
    launch: int
    windows: tuple[Window, ...]
    more: int
    time: str
    outside: int
    """Events outside of the study's periods."""


def timeline(result: StudyResult) -> Timeline | None:
    """The windows as they were applied; None without a time axis or a launch on it."""
    d = result.design
    where = {p: k for k, p in enumerate(d.periods)}
    if d.launch not in where or d.pre is None or d.post is None or len(d.periods) < 3:
        return None
    if any(p not in where for p in (*d.pre, *d.post)):
        return None
    launch = where[d.launch]
    starts = sorted(where[c] for c, _ in d.cohorts if c in where)
    staggered = len(starts) > 1
    pre = (where[d.pre[0]], where[d.pre[1]])
    post = (where[d.post[0]], where[d.post[1]])
    windows = []
    if d.anticipation and not staggered:
        first = max(pre[0], launch - d.anticipation)
        windows.append(Window("anticipation", "Anticipation, left out", first, launch - 1))
        pre = (pre[0], min(pre[1], first - 1))
    windows.insert(0, Window("before", "Before", *pre))
    if staggered:
        windows.append(Window("rollout", "Cohorts start", starts[0], starts[-1]))
    if d.washout and not staggered:
        last = min(post[1], launch + d.washout - 1)
        windows.append(Window("washout", "Washout, left out", launch, last))
        post = (max(post[0], last + 1), post[1])
    windows.append(Window("after", "After", *post))
    windows = [w for w in windows if w.start <= w.end]
    inside = [e for e in result.events if e.period in where]
    for e in inside[:MOST_EVENTS]:
        a = where[e.period or ""]
        windows.append(Window("event", e.name, a, max(a, where.get(e.end_period or "", a))))
    return Timeline(
        d.periods,
        launch,
        tuple(windows),
        max(0, len(inside) - MOST_EVENTS),
        d.time_noun,
        len(result.events) - len(inside),
    )


def _span(series: Timeline, w: Window) -> str:
    a, b = series.periods[w.start], series.periods[w.end]
    return pretty(a) if a == b else f"{pretty(a)} to {pretty(b)}"


def draw_timeline(series: Timeline, size: Size, title: str, note: str) -> Figure:
    """A row a window, its name left; on a phone above its bar."""
    with style(size):
        points = size.font * 0.92
        narrow = size.narrow
        left = 0.15 if narrow else min(max(text_width(w.text, points) for w in series.windows) + 0.3, size.width * 0.34)
        per = 1.9 if narrow else 1.0
        tall = size.font * 1.75 / 72 * per * len(series.windows)
        made = frame(title, size, left=left, note=note, axis_lines=2.8, height=tall)
        ax = made.ax
        n = len(series.periods)
        ax.set_xlim(-0.5, n - 0.5)
        ax.set_ylim(per * len(series.windows), 0)
        ax.axvline(series.launch - 0.5, color=INK, linewidth=size.line * 0.7)
        inch = n / made.width
        for k, w in enumerate(series.windows):
            top = per * k
            y = top + (1.4 if narrow else 0.5)
            ax.barh(
                y, w.end - w.start + 1, left=w.start - 0.5, height=0.6, color=_COLOURS[w.kind], linewidth=0,
                alpha=0.55 if w.kind in ("anticipation", "washout") else 0.9,
            )  # fmt: skip
            room = made.width if narrow else left - 0.25
            x = -0.5 if narrow else -0.5 - (left - 0.12) * inch
            paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
            ax.text(
                x, top + (0.55 if narrow else 0.5), shorten(w.text, room, points), fontsize=points, va="center",
                color=PURPLE if w.kind == "event" else INK, clip_on=False, bbox=paper,
            )  # fmt: skip
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        period_axis(ax, series.periods, series.launch, made.width, size)
        return made.figure


def timeline_figure(series: Timeline) -> FigureSpec:
    """The windows in words."""
    time = plural(series.time)
    title = f"The study's windows, launch {pretty(series.periods[series.launch])}"
    note = f"Line: the launch. One bar step: one {series.time}."
    if series.more:
        note += f" {series.more} more events are in the write-up."
    if series.outside:
        note += f" Events outside of these {time}: {series.outside}."
    said = "; ".join(f"{w.text}: {_span(series, w)}" for w in series.windows)
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (w.kind, w.text, series.periods[w.start], series.periods[w.end]) for w in series.windows
    )
    events = sum(1 for w in series.windows if w.kind == "event") + series.more
    return FigureSpec(
        "timeline",
        title,
        f"Timeline of {len(series.periods)} {time} with the launch at {pretty(series.periods[series.launch])}"
        + (f" and {events} other {plural('event', events)}." if events else "."),
        f"{said}.",
        ("kind", "what", "first", "last"),
        rows,
        0,
        lambda size: draw_timeline(series, size, title, note),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where the study has a time axis."""
    series = timeline(result)
    return [timeline_figure(series)] if series is not None else []


FAMILY = Family("timeline", "The windows of the study, the launch, and what else happened.", specs)
