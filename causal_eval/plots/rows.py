"""A chart of rows: a name, marks on a shared scale, and the numbers in words.

Wide figures have names left and numbers right; on a phone each row's words stand above its marks. Values come in
shown units. The height follows the number of rows; below the title of a slide few rows stand further apart, and many
are cut into charts that follow each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from causal_eval.plots.layout import head_height, head_room, limits
from causal_eval.plots.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    SIZES,
    Size,
    grid,
    shorten,
    style,
    text_width,
    value_axis,
    wrap,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Mark:
    """A point, with its interval where it has one; an interval alone where ``shape`` is empty."""

    value: float
    low: float | None = None
    high: float | None = None
    colour: str = BLUE
    shape: str = "o"
    filled: bool = True
    strong: bool = True
    """Drawn larger, with a thicker interval."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row. ``short`` is its name where there is little room; ``dim`` for what does not count."""

    name: str
    words: str
    marks: tuple[Mark, ...]
    short: str = ""
    dim: bool = False
    limit: float | None = None
    """What this row alone is held against: a green bar."""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that belong together, under a heading unless ``label`` is empty."""

    lines: tuple[Line, ...]
    label: str = ""
    tag: str = ""
    limit: float | None = None
    """What the rows are held against: a green bar through all of them."""
    short: str = ""
    """Its label where there is little room."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Groups on one scale."""

    axis: str
    groups: tuple[Group, ...]
    signed: bool = True
    zero: bool = True
    """Whether zero is on the scale, with a line through it."""
    bars: bool = False
    """Whether a bar runs from zero to each mark."""
    guides: tuple[float, ...] = ()
    """Dashed lines through all rows: conventional limits, another analysis' estimate."""
    suffix: str = ""
    scale: tuple[float, float] | None = None
    """Ends of the axis, where they are not those that its own marks ask for."""


FULL = 0.85
"""Share of the room below a slide's title up to which few rows are spread."""
LOOSEST = 1.7
"""Distance of rows, against the usual, when they are spread."""
TALLEST = 1.2
"""Height, against that room, from which a chart is cut: it would be set smaller by as much."""
_FOOT, _BETWEEN = 3.9, 0.9
"""Height of an axis with its words, and of the gap to the next panel, in sizes of the font."""
NOTE_LINE = 110
"""Letters of a note that surely fit a line there, counted because texts cannot be measured before a figure is drawn."""


def draw_rows(title: str, panels: tuple[Panel, ...], size: Size, note: str = "") -> Figure:
    """The whole chart: title, panels one below the other, and a note at the foot."""
    from matplotlib.figure import Figure

    with style(size):
        line = _line(size)
        points = size.font * 0.92
        said = wrap(note, size.width - 0.4, points, lines=4)
        below = _note_room(said.count("\n") + 1 if note else 0, size)
        head = head_height(title, size)
        fixed = head + _around(len(panels), size) + below
        rows = [sum(_rows_of(g, size) for g in p.groups) for p in panels]
        if not size.titled:
            line *= min(max((FULL * size.height - fixed) / (line * sum(rows)), 1.0), LOOSEST)
        heights = [line * r for r in rows]
        total = fixed + sum(heights)
        flat = size.tall(max(total, 1.5))
        figure = Figure(figsize=(flat.width, flat.height))
        head_room(figure, title, flat)
        lines = [x for p in panels for g in p.groups for x in g.lines]
        names = max(text_width(x.name, points) for x in lines)
        numbers = max(text_width(x.words, points) for x in lines)
        if size.narrow:
            left, right = 0.15, 0.2
        else:
            left, right = min(names + 0.3, flat.width * 0.4), min(numbers + 0.25, flat.width * 0.36)
        width = flat.width - left - right
        top = head
        for panel, height in zip(panels, heights, strict=True):
            box = (left / flat.width, 1 - (top + height) / flat.height, width / flat.width, height / flat.height)
            ax = figure.add_axes(box)
            _panel(ax, panel, flat, line, height, left, right, width)
            ax.set_xlabel(
                shorten(panel.axis, flat.width - 0.3 if size.narrow else width + right, points),
                fontsize=points, x=0, ha="left",
            )  # fmt: skip
            top += height + _around(1, size) + _BETWEEN * size.font / 72
        if note:
            figure.text(
                0.12 / flat.width, size.font * 0.7 / 72 / flat.height, said, fontsize=points, color=MUTED, va="bottom"
            )
        return figure


Drawing = Callable[[Size], "Figure"]


def chart(title: str, panels: tuple[Panel, ...], note: str = "") -> tuple[Drawing, tuple[Drawing, ...]]:
    """What a FigureSpec of rows is drawn by: the whole chart, and its parts."""
    return _drawing(title, panels, note), in_parts(title, panels, note)


def _drawing(title: str, panels: tuple[Panel, ...], note: str) -> Drawing:
    return lambda size: draw_rows(title, panels, size, note)


def in_parts(title: str, panels: tuple[Panel, ...], note: str = "") -> tuple[Drawing, ...]:
    """The chart cut into charts that can be read below the title of a slide; nothing for one that fits.

    It is cut between groups where that can be, and between rows of a group that is too tall by itself; those pieces
    share one scale and the group's heading.
    """
    size = SIZES["under-title"]
    line = _line(size)
    room = size.height - size.font * 0.5 / 72 - _note_room(-(-len(note) // NOTE_LINE), size)
    whole = [(p, g) for p in panels for g in p.groups]

    def height(pieces: list[tuple[Panel, Group]]) -> float:
        return line * sum(_rows_of(g, size) for _, g in pieces) + _around(len(_joined(pieces)), size)

    if height(whole) <= TALLEST * room:
        return ()
    pieces: list[tuple[Panel, Group]] = []
    for panel, group in whole:
        if height([(panel, group)]) <= TALLEST * room:
            pieces.append((panel, group))
            continue
        most = int((room - _around(1, size)) / line - 1.15)
        n = -(-len(group.lines) // most)
        own = replace(panel, scale=panel.scale or _scale(replace(panel, groups=(group,))))
        pieces += [
            (own, replace(group, lines=group.lines[k * len(group.lines) // n : (k + 1) * len(group.lines) // n]))
            for k in range(n)
        ]
    pages: list[list[tuple[Panel, Group]]] = []
    for piece in pieces:
        if pages and height([*pages[-1], piece]) <= room:
            pages[-1].append(piece)
        else:
            pages.append([piece])
    return tuple(_drawing(title, _joined(page), note) for page in pages)


def _joined(pieces: list[tuple[Panel, Group]]) -> tuple[Panel, ...]:
    """Groups that follow each other on the same panel are one panel again."""
    out: list[Panel] = []
    last: Panel | None = None
    for panel, group in pieces:
        if panel is last:
            out[-1] = replace(out[-1], groups=(*out[-1].groups, group))
        else:
            out.append(replace(panel, groups=(group,)))
        last = panel
    return tuple(out)


def _line(size: Size) -> float:
    """Height of one row, in inches."""
    return size.font * (1.75 if not size.narrow else 1.55) / 72


def _around(panels: int, size: Size) -> float:
    """What so many panels take beside their rows: axes and the gaps between them, in inches."""
    return (panels * _FOOT + (panels - 1) * _BETWEEN) * size.font / 72


def _note_room(lines: int, size: Size) -> float:
    return size.font * (0.55 + 1.35 * lines) / 72 if lines else 0.0


def _rows_of(group: Group, size: Size) -> float:
    return (1.15 if group.label else 0.3) + (2 if size.narrow else 1) * len(group.lines)


def _scale(panel: Panel) -> tuple[float, float]:
    values = [0.0] if panel.zero else []
    for g in panel.groups:
        for x in g.lines:
            for m in x.marks:
                values += [v for v in (m.value, m.low, m.high) if v is not None]
            if x.limit is not None:
                values.append(x.limit)
        if g.limit is not None:
            values.append(g.limit)
    return limits([*values, *panel.guides] or [0.0])


def _panel(
    ax: Axes, panel: Panel, size: Size, line: float, height: float, left: float, right: float, width: float
) -> None:
    low, high = panel.scale or _scale(panel)
    ax.set_xlim(low, high)
    ax.set_ylim(height / line, 0)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    grid(ax, "x")
    if panel.zero:
        ax.axvline(0, color=INK, linewidth=size.line * 0.5)
    for at in panel.guides:
        ax.axvline(at, color=MUTED, linewidth=size.line * 0.6, linestyle=(0, (4, 2)))
    value_axis(ax, "x", panel.suffix, ticks=4 if size.narrow else 6, signed=panel.signed)
    inch = (high - low) / width
    y = 0.0
    places: list[tuple[Line, float]] = []
    for g in panel.groups:
        if g.label:
            _label(ax, g, size, low - (left - 0.12) * inch, y + 0.62, inch)
        y += 1.15 if g.label else 0.3
        first = y
        for x in g.lines:
            at = y + (1.35 if size.narrow else 0.5)
            _words(ax, x, size, y + 0.5, (low, high), (left, right), inch)
            places.append((x, at))
            limit = g.limit if g.limit is not None and size.narrow and not x.dim else x.limit
            if limit is not None:
                ax.vlines([limit], at - 0.35, at + 0.35, color=GREEN, linewidth=size.line * 1.2)
            y += 2 if size.narrow else 1
        if g.limit is not None and not size.narrow:
            ax.vlines([g.limit], first + 0.06, y - 0.06, color=GREEN, linewidth=size.line * 1.2)
    _marks(ax, places, panel.bars, size)


def _label(ax: Axes, group: Group, size: Size, start: float, y: float, inch: float) -> None:
    points = size.font * 0.92
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    full = group.short if group.short and size.narrow else group.label
    label = shorten(full, size.width - 0.3 - text_width(f"  {group.tag}", points), points, bold=True)
    ax.text(start, y, label, fontweight="bold", fontsize=points, va="center", clip_on=False, bbox=paper)
    if group.tag:
        at = start + (text_width(label, points, bold=True) + 0.1) * inch
        ax.text(at, y, group.tag, fontsize=points, va="center", color=MUTED, clip_on=False, bbox=paper)


def _words(
    ax: Axes, line: Line, size: Size, y: float, scale: tuple[float, float], sides: tuple[float, float], inch: float
) -> None:
    (low, high), (left, right) = scale, sides
    colour = MUTED if line.dim else INK
    points = size.font * 0.92
    start = low - (left - 0.12) * inch
    if size.narrow:
        points *= 0.93
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
        words = shorten(line.words, size.width * 0.62, points)
        name = shorten(line.short or line.name, size.width - 0.4 - text_width(words, points), points)
        ax.text(start, y, name, fontsize=points, va="center", color=colour, clip_on=False, bbox=paper)
        end = high + (right - 0.1) * inch
        ax.text(end, y, words, fontsize=points, va="center", ha="right", color=colour, clip_on=False, bbox=paper)
        return
    name = shorten(line.name, left - 0.25, points)
    ax.text(start, y, name, fontsize=points, va="center", color=colour, clip_on=False)
    words = shorten(line.words, right - 0.2, points)
    ax.text(high + 0.12 * inch, y, words, fontsize=points, va="center", color=colour, clip_on=False)


def _marks(ax: Axes, places: list[tuple[Line, float]], bars: bool, size: Size) -> None:
    """All marks of a panel, each line at its height; one artist for those that look alike."""
    joins, drawn, intervals, points = (dict[Any, list[tuple[float, ...]]]() for _ in range(4))
    for line, y in places:
        if len(line.marks) > 1 and not any(m.low is not None for m in line.marks):
            values = [m.value for m in line.marks]
            joins.setdefault(MUTED, []).append((y, min(values), max(values)))
        for m in line.marks:
            if bars:
                drawn.setdefault(m.colour, []).append((y, 0.0, m.value))
            if m.low is not None and m.high is not None:
                intervals.setdefault((m.colour, m.strong), []).append((y, m.low, m.high))
            if m.shape:
                points.setdefault((m.colour, m.shape, m.filled, m.strong), []).append((m.value, y))
    for colour, found in joins.items():
        ax.hlines(*zip(*found, strict=True), color=colour, linewidth=size.line * 0.4)
    for colour, found in drawn.items():
        ax.hlines(*zip(*found, strict=True), color=colour, linewidth=size.line * 2.2, alpha=0.55)
    for (colour, strong), found in intervals.items():
        ax.hlines(*zip(*found, strict=True), color=colour, linewidth=size.line * (1.5 if strong else 0.9))
    for (colour, shape, filled, strong), found in points.items():
        ax.plot(
            *zip(*found, strict=True), marker=shape, color=colour, linestyle="none",
            markersize=size.font * (0.75 if strong else 0.6),
            markerfacecolor=colour if filled else "white",
            markeredgewidth=size.line * 0.7, zorder=3,
        )  # fmt: skip
