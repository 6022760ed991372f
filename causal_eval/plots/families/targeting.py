"""The targeting curve: what is gained over treating at random when those with the largest predicted effects come first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.plots.layout import axis_width, frame, limits
from causal_eval.plots.names import analysis_name, metric_label
from causal_eval.plots.numbers import Unit, change, decimals, error_of, fixed, is_log, share, unit_of
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import BLUE, INK, Size, grid, style, value_axis
from causal_eval.results.types import Effect, StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Targeting:
    """(share treated first, effect in it minus the effect on all, low, high)."""

    label: str
    analysis: str
    unit: Unit
    headline: Effect
    level: float
    points: tuple[tuple[float, float, float | None, float | None], ...]


def targeting_series(result: StudyResult) -> Targeting | None:
    """The curve (TOC) of the first analysis of the primary metric that kept one."""
    metric = result.primary_metric
    for f in result.of(metric.name):
        said = f.estimate.details.get("toc") if f.estimate is not None else None
        if f.estimate is None or not isinstance(said, dict):
            continue
        shares, effects = said.get("share"), said.get("effect")
        if not (isinstance(shares, list) and isinstance(effects, list) and len(shares) == len(effects) > 1):
            continue
        low, high = said.get("low") or [None] * len(shares), said.get("high") or [None] * len(shares)
        return Targeting(
            metric_label(metric), analysis_name(f), unit_of(metric, log=is_log(result, metric.name)), f.estimate.headline,
            f.estimate.level, tuple(zip(shares, effects, low, high, strict=True)),
        )  # fmt: skip
    return None


def draw_targeting(series: Targeting, size: Size, title: str, note: str) -> Figure:
    """The curve with its band, against zero."""
    with style(size):
        f = series.unit.factor
        values = [0.0] + [v * f for p in series.points for v in p[1:] if v is not None]
        left = axis_width(values, size, signed=True, suffix="") + 0.22
        unit = series.unit.change.strip()
        caption = f"Effect on those first, minus effect on all{', ' + unit if unit else ''}"
        made = frame(title, size, left=left, caption=caption, note=note, axis_lines=3.6, tall=0.72)
        ax = made.ax
        band = [(q, a * f, b * f) for q, _, a, b in series.points if a is not None and b is not None]
        if band:
            at, lows, highs = zip(*band, strict=True)
            ax.fill_between(at, lows, highs, color=BLUE, alpha=0.2, linewidth=0)
        ax.plot([q for q, *_ in series.points], [e * f for _, e, *_ in series.points], color=BLUE, linewidth=size.line)
        ax.axhline(0, color=INK, linewidth=size.line * 0.5)
        ax.set_xlim(0, 1.02)
        ax.set_ylim(*limits(values))
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        grid(ax)
        value_axis(ax, "y", "", ticks=5, signed=True)
        ax.set_xlabel("Share treated, largest predicted effects first", fontsize=size.font * 0.92, x=0, ha="left")
        return made.figure


def targeting_figure(series: Targeting) -> FigureSpec:
    """The curve in words."""
    title = f"{series.label}: does the predicted effect find those who gain most?"
    error = error_of(series.headline)
    q, e, *_ = min(series.points, key=lambda p: abs(p[0] - 0.2))
    said = (
        f"Treating the {fixed(q * 100, 0)}% with the largest predicted effects, the effect on them differs from that on all "
        f"by {change(e, series.unit, error, words=True)}"
    )
    banded = any(p[2] is not None for p in series.points)
    note = f"{said}." + (f" Shaded: {share(series.level)} interval." if banded else "")
    rows: tuple[tuple[Value, ...], ...] = series.points
    return FigureSpec(
        "targeting",
        title,
        f"Targeting curve (TOC) of {series.label} ({series.analysis}). {said}.",
        f"{len(series.points)} points from a share of {fixed(series.points[0][0], 2)} to {fixed(series.points[-1][0], 2)}; at "
        "a share of all, the difference is zero by definition. A flat curve at zero means that the predictions do not tell "
        "who gains.",
        ("share", "difference", "low", "high"),
        rows,
        max(0, decimals(error, series.headline.value)),
        lambda size: draw_targeting(series, size, title, note),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where an analysis of the primary metric kept its targeting curve."""
    series = targeting_series(result)
    return [targeting_figure(series)] if series is not None else []


FAMILY = Family("targeting", "What is gained when those with the largest predicted effects are treated first.", specs)
