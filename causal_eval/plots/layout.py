"""Where things go on a figure: room for the title, limits of an axis, runs of a flag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.plots.style import MUTED, Size, grid, heading, headline, round_ticks, text_width, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_TOP = 0.1
"""Inches above the title."""


def head_height(text: str, size: Size) -> float:
    """The height that the title takes, in inches; what stands under another title has none of its own."""
    if not size.titled:
        return size.font * 0.5 / 72
    return _TOP + (headline(text, size).count("\n") + 1) * size.font * 1.15 * 1.3 / 72 + size.font * 0.5 / 72


def head_room(figure: Figure, text: str, size: Size) -> float:
    """Draw the title and give the height it takes, in inches."""
    if size.titled:
        heading(figure, text, size, top=_TOP)
    return head_height(text, size)


def limits(values: list[float]) -> tuple[float, float]:
    """The range of those values with a margin on both sides."""
    low, high = min(values), max(values)
    spread = high - low or abs(high) * 0.1 or 1.0
    return low - 0.08 * spread, high + 0.08 * spread


def axis_width(values: list[float], size: Size, *, signed: bool, suffix: str) -> float:
    """Room for the tick labels that :func:`causal_eval.plots.style.value_axis` gives those values."""
    _, words = round_ticks(*limits(values), suffix, 4 if signed else 5, signed=signed)
    return max((text_width(w, size.font * 0.92) for w in words), default=0.2)


def spans(flags: tuple[bool, ...]) -> list[tuple[int, int]]:
    """First and last position of every run of True."""
    out: list[tuple[int, int]] = []
    for k, on in enumerate(flags):
        if on and out and out[-1][1] == k - 1:
            out[-1] = (out[-1][0], k)
        elif on:
            out.append((k, k))
    return out


def bare(ax: Axes) -> None:
    """No vertical axis: only faint lines across the horizontal one."""
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    grid(ax, "x")


@dataclass(frozen=True, slots=True)
class Frame:
    """A figure with one panel under its title, a caption above the panel and a note at the foot."""

    figure: Figure
    ax: Axes
    size: Size
    width: float
    """Of the panel, in inches."""
    height: float


@dataclass(frozen=True, slots=True)
class Margins:
    """What stands around a panel: heights in inches, and its texts broken into lines."""

    head: float
    above: float
    below: float
    caption: str
    note: str

    @property
    def height(self) -> float:
        """All of it together."""
        return self.head + self.above + self.below


def margins(title: str, size: Size, *, left: float, caption: str, note: str, axis_lines: float) -> Margins:
    """The margins of a :func:`frame`, known before it is made; arguments as there."""
    points = size.font * 0.92
    line = points * 1.4 / 72
    said = wrap(note, size.width - 0.4, points, lines=9 if size.narrow else 5)
    over = wrap(caption, size.width - left - 0.15, points, lines=2)
    above = line * (over.count("\n") + 1) + 0.05 if caption else 0.1
    below = line * axis_lines + (line * (said.count("\n") + 1.5) if note else 0.0)
    return Margins(head_height(title, size), above, below, over, said)


def frame(
    title: str, size: Size, *, left: float, right: float = 0.2, caption: str = "", note: str = "", tall: float = 0.8,
    axis_lines: float = 2.4, height: float | None = None,
) -> Frame:  # fmt: skip
    """The panel between its margins in inches; ``axis_lines`` is the room for ticks and axis label, in lines of text.

    ``height`` is that of the panel in inches; without it, the figure is ``tall`` times the usual height.
    """
    from matplotlib.figure import Figure

    points = size.font * 0.92
    around = margins(title, size, left=left, caption=caption, note=note, axis_lines=axis_lines)
    head, above, below = around.head, around.above, around.below
    total = head + above + height + below if height is not None else size.height * tall
    flat = size.tall(total)
    figure = Figure(figsize=(flat.width, flat.height))
    head_room(figure, title, flat)
    panel = total - head - above - below
    width = flat.width - left - right
    ax = figure.add_axes((left / flat.width, below / total, width / flat.width, panel / total))
    if caption:
        figure.text(
            left / flat.width,
            1 - (head + above) / total + 0.06 / total,
            around.caption,
            fontsize=points,
            color=MUTED,
            va="bottom",
        )
    if note:
        figure.text(
            0.12 / flat.width, size.font * 0.6 / 72 / total, around.note, fontsize=points, color=MUTED, va="bottom"
        )
    return Frame(figure, ax, flat, width, panel)
