"""The strip above a time axis: one row each for the panel's title, its key, the launch, periods left out, and events.

A row holds one text, so texts cannot meet however many events there are or wherever they fall.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.plots.style import FAINT, INK, MUTED, PURPLE, Size, shorten, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from causal_eval.plots.flags import Flag

MOST_EVENTS = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the strip, from ``start`` to ``end`` on the time axis, with its text beside."""

    text: str
    start: float
    end: float
    colour: str = MUTED
    mark: str = "bar"
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """A line's sample and its name, for figures too narrow for labels beside the lines."""

    text: str
    colour: str
    dashes: str


def event_rows(flags: tuple[Flag, ...]) -> list[Row]:
    """A row an event; beyond the first few, one row that counts the others."""
    shown = flags if len(flags) <= MOST_EVENTS else flags[: MOST_EVENTS - 1]
    rows = [Row(f.text, f.start, f.end, PURPLE, "diamond") for f in shown]
    if len(shown) < len(flags):
        rest = flags[len(shown) :]
        rows.append(
            Row(f"{len(rest)} more events, listed in the write-up", rest[0].start, rest[0].start, PURPLE, "diamond")
        )
    return rows


def row_height(size: Size) -> float:
    """Height of a row in inches."""
    return size.font * 1.5 / 72


def strip_height(size: Size, rows: int) -> float:
    """Height of a strip with that many rows, in inches."""
    return max(rows, 1) * row_height(size)


def draw_strip(
    ax: Axes, size: Size, width: float, *, title: str, keys: list[Key], rows: list[Row], low: float, high: float
) -> None:
    """Fill the strip. ``width`` is that of the axes in inches; ``low`` and ``high`` are the limits of the time axis."""
    n = (1 if title else 0) + (1 if keys else 0) + len(rows)
    ax.set_ylim(n, 0)
    ax.axis("off")
    inch = (high - low) / width
    y = 0.5
    if title:
        ax.text(low, y, shorten(title, width, size.font), ha="left", va="center", color=MUTED, fontsize=size.font)
        y += 1
    if keys:
        x = low
        for key in keys:
            ax.plot(
                [x, x + 0.28 * inch], [y, y], color=key.colour, linestyle=key.dashes, linewidth=size.line, clip_on=False
            )
            ax.text(x + 0.36 * inch, y, key.text, ha="left", va="center", color=INK, fontsize=size.font * 0.92)
            x += (0.36 + text_width(key.text, size.font * 0.92) + 0.22) * inch
        y += 1
    for row in rows:
        _draw_row(ax, size, row, y, low, high, inch)
        y += 1


def _draw_row(ax: Axes, size: Size, row: Row, y: float, low: float, high: float, inch: float) -> None:
    points = size.font * 0.92
    pad = (0.07 + size.font / 160) * inch
    right, left = high - row.end - pad, row.start - pad - low
    on_right = right >= min(text_width(row.text, points, bold=row.bold) * inch, left)
    room = right if on_right else left
    text = shorten(row.text, room / inch, points, bold=row.bold)
    if row.mark == "diamond":
        ax.plot(
            [row.start], [y], marker="D", markersize=size.font * 0.5, color=row.colour, linestyle="none", clip_on=False
        )
        if row.end > row.start:
            ax.plot([row.start, row.end], [y, y], color=row.colour, linewidth=size.line, clip_on=False)
    elif row.mark == "launch":
        ax.plot(
            [row.start], [y], marker="v", markersize=size.font * 0.6, color=row.colour, linestyle="none", clip_on=False
        )
    else:
        ax.plot(
            [row.start, row.end], [y, y], color=FAINT, linewidth=size.line * 3, solid_capstyle="butt", clip_on=False
        )
    ax.text(
        row.end + pad if on_right else row.start - pad, y, text, ha="left" if on_right else "right", va="center",
        color=INK if row.bold else row.colour, fontsize=points, fontweight="bold" if row.bold else "normal",
    )  # fmt: skip
