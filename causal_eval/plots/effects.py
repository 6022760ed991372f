"""The forest of effects: every metric, every analysis, failed ones too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causal_eval.plots.data import ForestGroup, ForestRow
from causal_eval.plots.headline import _heading, _limits
from causal_eval.plots.names import METRIC_ROLES
from causal_eval.plots.numbers import effect_text, interval_text
from causal_eval.plots.style import BLUE, FAINT, GREEN, INK, MUTED, Size, grid, shorten, style, text_width, value_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RELATIVE_AXIS = "Relative effect, % of the level without the launch"
_MARKS = {"primary": "o", "robustness": "s", "reference": "D"}


def row_text(row: ForestRow, group: ForestGroup) -> str:
    """The numbers of a row, or the reason there are none."""
    if row.effect is None:
        return row.reason
    interval = interval_text(row.effect, group.unit, bare=True)
    return effect_text(row.effect, group.unit) + (f" ({interval})" if interval else " (no interval)")


def panels(groups: tuple[ForestGroup, ...]) -> list[tuple[str, list[ForestGroup]]]:
    """Axes to draw: one for all relative effects, and one a metric for the others, whose units differ."""
    out: list[tuple[str, list[ForestGroup]]] = []
    relative = [g for g in groups if g.relative]
    if relative:
        out.append((RELATIVE_AXIS, relative))
    for group in groups:
        if not group.relative:
            unit = group.unit.change.strip() or group.unit.before
            out.append((f"Effect{', ' + unit if unit else ''}", [group]))
    return out


def draw_effects(groups: tuple[ForestGroup, ...], size: Size) -> Figure:
    """Names left, intervals in the middle, numbers right; on a phone each row's words stand above its interval."""
    from matplotlib.figure import Figure

    with style(size):
        axes = panels(groups)
        line = size.font * (1.75 if not size.narrow else 1.55) / 72
        per_row = 2 if size.narrow else 1
        foot = size.font * 3.9 / 72
        between = size.font * 0.9 / 72
        heights = [line * sum(1.15 + per_row * len(g.rows) for g in gs) for _, gs in axes]
        scratch = Figure(figsize=(size.width, size.height))
        heading = "Effects by metric and analysis"
        head = _heading(scratch, heading, size)
        note = any(g.threshold is not None for g in groups)
        total = (
            head + sum(heights) + len(axes) * foot + (len(axes) - 1) * between + (size.font * 1.9 / 72 if note else 0)
        )
        flat = Size(size.name, size.width, max(total, 1.5), size.font, size.line)
        figure = Figure(figsize=(flat.width, flat.height))
        head = _heading(figure, heading, flat)
        points = size.font * 0.92
        names = max(text_width(r.name, points) for g in groups for r in g.rows)
        numbers = max(text_width(row_text(r, g), points) for g in groups for r in g.rows)
        if size.narrow:
            left, right = 0.15, 0.2
        else:
            left, right = min(names + 0.3, flat.width * 0.4), min(numbers + 0.25, flat.width * 0.36)
        width = flat.width - left - right
        top = head
        for (axis, gs), height in zip(axes, heights, strict=True):
            box = (left / flat.width, 1 - (top + height) / flat.height, width / flat.width, height / flat.height)
            ax = figure.add_axes(box)
            _panel(ax, gs, flat, line, height, left, right, width)
            ax.set_xlabel(
                shorten(axis, flat.width - 0.3 if size.narrow else width + right, points),
                fontsize=points,
                x=0,
                ha="left",
            )
            top += height + foot + between
        if note:
            figure.text(
                0.12 / flat.width,
                size.font * 0.7 / 72 / flat.height,
                shorten("Green bar: minimum effect, or for a guardrail its margin", flat.width - 0.25, points),
                fontsize=points,
                color=MUTED,
                va="bottom",
            )
        return figure


def _panel(
    ax: Axes, groups: list[ForestGroup], size: Size, line: float, height: float, left: float, right: float, width: float
) -> None:
    f = groups[0].unit.factor
    values = [0.0]
    for g in groups:
        for r in g.rows:
            if r.effect:
                values.append(r.effect.value * f)
                if r.effect.interval:
                    values += [r.effect.interval.low * f, r.effect.interval.high * f]
        if g.threshold is not None:
            values.append(g.threshold * f)
    low, high = _limits(values)
    ax.set_xlim(low, high)
    ax.set_ylim(height / line, 0)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    grid(ax, "x")
    ax.axvline(0, color=INK, linewidth=size.line * 0.5)
    value_axis(ax, "x", "", ticks=4 if size.narrow else 6, signed=True)
    inch = (high - low) / width
    points = size.font * 0.92
    start = low - (left - 0.12) * inch
    y = 0.0
    for g in groups:
        role = METRIC_ROLES[g.role]
        room = size.width - 0.3 - text_width(f"  {role}", points)
        label = shorten(g.label, room, points, bold=True)
        ax.text(
            start,
            y + 0.62,
            label,
            fontweight="bold",
            fontsize=points,
            va="center",
            clip_on=False,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
        ax.text(
            start + (text_width(label, points, bold=True) + 0.1) * inch,
            y + 0.62,
            role,
            fontsize=points,
            va="center",
            color=MUTED,
            clip_on=False,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )
        y += 1.15
        first = y
        for r in g.rows:
            words = row_text(r, g)
            colour = INK if r.effect is not None else MUTED
            if size.narrow:
                ax.text(
                    start,
                    y + 0.5,
                    shorten(r.short, size.width - 0.4 - text_width(words, points * 0.93), points * 0.93),
                    fontsize=points * 0.93,
                    va="center",
                    color=colour,
                    clip_on=False,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
                )
                ax.text(
                    high + (right - 0.1) * inch,
                    y + 0.5,
                    words,
                    fontsize=points * 0.93,
                    va="center",
                    ha="right",
                    color=colour,
                    clip_on=False,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
                )
                at, y = y + 1.35, y + 2
            else:
                ax.text(
                    start,
                    y + 0.5,
                    shorten(r.name, left - 0.25, points),
                    fontsize=points,
                    va="center",
                    color=colour,
                    clip_on=False,
                )
                ax.text(
                    high + 0.12 * inch,
                    y + 0.5,
                    shorten(words, right - 0.2, points),
                    fontsize=points,
                    va="center",
                    color=colour,
                    clip_on=False,
                )
                at, y = y + 0.5, y + 1
            _interval(ax, r, f, at, size)
            if g.threshold is not None and size.narrow and r.effect is not None:
                ax.vlines([g.threshold * f], at - 0.35, at + 0.35, color=GREEN, linewidth=size.line * 1.2)
        if g.threshold is not None and not size.narrow:
            ax.vlines([g.threshold * f], first + 0.06, y - 0.06, color=GREEN, linewidth=size.line * 1.2)


def _interval(ax: Axes, row: ForestRow, factor: float, y: float, size: Size) -> None:
    if row.effect is None:
        return
    colour = BLUE if row.role == "primary" else FAINT if row.role == "reference" else "#3d7fa6"
    if row.effect.interval:
        ax.plot(
            [row.effect.interval.low * factor, row.effect.interval.high * factor],
            [y, y],
            color=colour,
            linewidth=size.line * (1.5 if row.role == "primary" else 0.9),
            solid_capstyle="butt",
        )
    ax.plot(
        [row.effect.value * factor],
        [y],
        marker=_MARKS[row.role],
        color=colour,
        linestyle="none",
        markersize=size.font * (0.75 if row.role == "primary" else 0.6),
        markerfacecolor=colour if row.role == "primary" else "white",
        markeredgewidth=size.line * 0.7,
    )
