"""Where things go on a figure: room for the title, limits of an axis, runs of a flag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causal_eval.plots.style import Size, grid, heading, text_width, value_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def head_room(figure: Figure, text: str, size: Size) -> float:
    """Draw the title and give the height it takes, in inches."""
    heading(figure, text, size)
    said = figure.get_suptitle()
    top = 0.1
    suptitle = figure.texts[0]
    suptitle.set_y(1 - top / size.height)
    suptitle.set_verticalalignment("top")
    return top + (said.count("\n") + 1) * size.font * 1.15 * 1.3 / 72 + size.font * 0.5 / 72


def limits(values: list[float]) -> tuple[float, float]:
    """The range of those values with a margin on both sides."""
    low, high = min(values), max(values)
    spread = high - low or abs(high) * 0.1 or 1.0
    return low - 0.08 * spread, high + 0.08 * spread


def axis_width(values: list[float], size: Size, *, signed: bool, suffix: str) -> float:
    """Room for the tick labels of those values: they are made once on a scrap of axes and measured."""
    from matplotlib.figure import Figure

    ax = Figure(figsize=(size.width, size.height)).add_axes((0.1, 0.1, 0.8, 0.4))
    ax.set_ylim(*limits(values))
    value_axis(ax, "y", suffix, ticks=4 if signed else 5, signed=signed)
    return max((text_width(t.get_text(), size.font * 0.92) for t in ax.get_yticklabels()), default=0.2)


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
