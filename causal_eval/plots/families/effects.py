"""The forest of effects: every metric, every analysis, failed ones too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.plots.layout import head_room, limits
from causal_eval.plots.names import METRIC_ROLES, analysis_name, metric_label, short_name
from causal_eval.plots.numbers import (
    RELATIVE,
    Unit,
    decimals,
    effect_text,
    error_of,
    interval_text,
    is_log,
    share,
    unit_of,
)
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import BLUE, FAINT, GREEN, INK, MUTED, Size, grid, shorten, style, text_width, value_axis
from causal_eval.plots.thresholds import relative_threshold, threshold
from causal_eval.results.types import Effect, Estimate, StudyResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RELATIVE_AXIS = "Relative effect, % of the level without the launch"
_MARKS = {"primary": "o", "robustness": "s", "reference": "D"}


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One analysis of one metric. ``effect`` is None for one that gave no estimate; ``reason`` then says why."""

    name: str
    short: str
    role: str
    effect: Effect | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ForestGroup:
    """A metric and its analyses, all on the same scale."""

    label: str
    role: str
    unit: Unit
    rows: tuple[ForestRow, ...]
    threshold: float | None = None
    threshold_name: str = ""

    @property
    def relative(self) -> bool:
        """Whether the effects are shares of the counterfactual."""
        return self.unit is RELATIVE


def forest_groups(result: StudyResult) -> tuple[ForestGroup, ...]:
    """Every metric with its analyses; relative effects where the primary analysis has one, else absolute ones."""
    groups = []
    for metric in result.metrics:
        findings = [f for f in result.findings if f.metric == metric.name]
        if not findings:
            continue
        first = result.find(metric.name) or findings[0]
        relative = first.estimate is not None and first.estimate.effect("overall", "relative") is not None
        rows = []
        for f in findings:
            if f.estimate is None:
                said = f.said
                assert not isinstance(said, Estimate)
                rows.append(ForestRow(analysis_name(f), short_name(f), f.role, None, said.status))
                continue
            shown = f.estimate.effect("overall", "relative") if relative else f.estimate.headline
            rows.append(
                ForestRow(analysis_name(f), short_name(f), f.role, shown, "" if shown else "no relative effect")
            )
        if relative:
            unit = RELATIVE
            bound, name = relative_threshold(result, metric, first)
        else:
            unit = unit_of(metric, log=is_log(result, metric.name))
            bound, name = threshold(result, metric)
        groups.append(ForestGroup(metric_label(metric), metric.role, unit, tuple(rows), bound, name))
    return tuple(groups)


def forest_figure(groups: tuple[ForestGroup, ...]) -> FigureSpec:
    """Every metric and analysis."""
    rows: list[tuple[Value, ...]] = []
    said = []
    smallest = 6
    for g in groups:
        parts = []
        for r in g.rows:
            i = r.effect.interval if r.effect else None
            rows.append(
                (
                    g.label,
                    METRIC_ROLES[g.role],
                    r.name,
                    r.role,
                    "relative" if g.relative else "absolute",
                    r.effect.value if r.effect else None,
                    i.low if i else None,
                    i.high if i else None,
                    r.reason,
                )
            )
            parts.append(f"{r.name} {row_text(r, g)}")
            if r.effect:
                smallest = max(0, decimals(error_of(r.effect), r.effect.value), smallest if rows[:-1] else 0)
        said.append(f"{g.label} ({METRIC_ROLES[g.role]}): {'; '.join(parts)}.")
    n = sum(len(g.rows) for g in groups)
    primary = next((r for g in groups if g.role == "primary" for r in g.rows if r.role == "primary" and r.effect), None)
    of = next(g for g in groups if g.role == "primary") if primary else None
    alt = f"Forest chart of {n} analyses of {len(groups)} metric{'s' if len(groups) > 1 else ''}"
    if primary and of and primary.effect:
        alt += f"; the primary one, {of.label}, is at {effect_text(primary.effect, of.unit)}"
        if primary.effect.interval:
            alt += (
                f" ({share(primary.effect.interval.level)} interval "
                f"{interval_text(primary.effect, of.unit, bare=True)})"
            )
    return FigureSpec(
        "effects",
        "Effects by metric and analysis",
        f"{alt}.",
        " ".join(said),
        ("metric", "metric_role", "analysis", "analysis_role", "scale", "value", "low", "high", "status"),
        tuple(rows),
        min(smallest, 6),
        lambda size: draw_effects(groups, size),
    )


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
        head = head_room(scratch, heading, size)
        note = any(g.threshold is not None for g in groups)
        total = (
            head + sum(heights) + len(axes) * foot + (len(axes) - 1) * between + (size.font * 1.9 / 72 if note else 0)
        )
        flat = Size(size.name, size.width, max(total, 1.5), size.font, size.line)
        figure = Figure(figsize=(flat.width, flat.height))
        head = head_room(figure, heading, flat)
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
    low, high = limits(values)
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


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where at least one analysis gave an estimate."""
    groups = forest_groups(result)
    return [forest_figure(groups)] if any(r.effect for g in groups for r in g.rows) else []


FAMILY = Family("effects", "Every metric and every analysis, those without an estimate too.", specs)
