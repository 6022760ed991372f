"""Placebo groups: the average gap of every group of donors in the treated units' place, with the treated units' own marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.plots.layout import frame
from causal_eval.plots.names import analysis_name, capital, metric_label, plural
from causal_eval.plots.numbers import Unit, change, decimals, effect_text, error_of, is_log, p_text, unit_of
from causal_eval.plots.spec import Family, FigureSpec
from causal_eval.plots.style import FAINT, INK, VERMILLION, Size, grid, style, text_width, value_axis
from causal_eval.results.types import Effect, Finding, StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class GroupSeries:
    """The placebo groups of one analysis: counts by bins of equal width, which end at the furthest average gap on both sides."""

    label: str
    analysis: str
    unit: Unit
    noun: str
    size: int
    """Units in a group, as many as are treated."""
    headline: Effect
    edges: tuple[float, ...]
    groups: tuple[int, ...]
    as_far: tuple[int, ...]
    """Of ``groups``, those whose gap is at least as far from zero as the treated units'."""
    p_value: float

    @property
    def n(self) -> int:
        """Groups, the treated units' own not among them."""
        return sum(self.groups)

    @property
    def rank(self) -> int:
        """Of the treated units' gap by its size, 1 the largest; ties count against it."""
        return sum(self.as_far) + 1


def group_series(result: StudyResult) -> GroupSeries | None:
    """The placebo groups of the primary analysis, or of the first one of the primary metric that kept them."""
    return next((s for f in result.of(result.primary_metric.name) if (s := _of(result, f)) is not None), None)


def _of(result: StudyResult, finding: Finding) -> GroupSeries | None:
    estimate = finding.estimate
    said = estimate.details.get("placebo_groups") if estimate is not None else None
    if estimate is None or not isinstance(said, dict):
        return None
    edges, groups, as_far = said.get("edges"), said.get("groups"), said.get("as_far")
    size, p = estimate.details.get("placebo_group"), estimate.details.get("placebo_p")
    if not (isinstance(edges, list) and isinstance(groups, list) and isinstance(as_far, list)):
        return None
    if not (isinstance(size, int) and isinstance(p, float) and sum(groups)):
        return None
    info = result.primary_metric
    return GroupSeries(
        metric_label(info), analysis_name(finding), unit_of(info, log=is_log(result, info.name)),
        plural(result.design.unit_noun), size, estimate.headline, tuple(edges), tuple(groups), tuple(as_far), p,
    )  # fmt: skip


def rank_text(series: GroupSeries) -> str:
    """The treated units' rank among the groups by the size of the gap, with its p-value."""
    return f"rank {series.rank:,} of {series.n + 1:,} ({p_text(series.p_value)})"


def draw_groups(series: GroupSeries, size: Size, title: str, note: str) -> Figure:
    """Bars of groups by their gap, the part at least as far as the treated in colour; a line at the treated, a dotted one opposite."""
    with style(size):
        f = series.unit.factor
        value = series.headline.value * f
        tallest = max(series.groups)
        left = text_width(f"{tallest:,}", size.font) + 0.3
        unit = series.unit.change.strip()
        caption = f"Groups of {series.size} {series.noun}, by their average gap{', ' + unit if unit else ''}"
        made = frame(title, size, left=left, caption=caption, note=note, axis_lines=1.7, tall=0.72)
        ax = made.ax
        edges = [v * f for v in series.edges]
        near = [n - far for n, far in zip(series.groups, series.as_far, strict=True)]
        ax.stairs(near, edges, fill=True, color=FAINT, alpha=0.6)
        ax.stairs(series.groups, edges, baseline=near, fill=True, color=VERMILLION, alpha=0.75)
        end = max(abs(series.edges[0]), abs(series.edges[-1]), abs(series.headline.value)) * f * 1.06
        ax.set_xlim(-end, end)
        ax.set_ylim(0, tallest * 1.3)
        ax.axvline(0, color=INK, linewidth=size.line * 0.5)
        ax.axvline(value, color=VERMILLION, linewidth=size.line * 1.2)
        ax.axvline(-value, color=VERMILLION, linewidth=size.line * 0.8, linestyle=(0, (1, 2)))
        words = f"Treated {effect_text(series.headline, series.unit)}"
        room = made.width * (abs(value) + end) / (2 * end) - 0.15
        points = size.font * 0.95
        side = -1 if value > 0 else 1
        ax.annotate(
            words if text_width(words, points, bold=True) <= room else "Treated", (value, tallest * 1.28),
            (side * size.line * 2.5, 0), textcoords="offset points", ha="right" if side < 0 else "left", va="top",
            color="#a84a00", fontweight="bold", fontsize=points,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )  # fmt: skip
        grid(ax)
        value_axis(ax, "y", "", ticks=4, signed=False)
        value_axis(ax, "x", "", ticks=5, signed=True)
        return made.figure


def groups_figure(series: GroupSeries) -> FigureSpec:
    """The histogram, with the treated units' rank in words."""
    error = error_of(series.headline)
    title = f"{series.label}: the treated among {series.n:,} placebo groups, {rank_text(series)}"
    as_far = sum(series.as_far)
    has = "has" if as_far == 1 else "have"
    whose = f"In colour: the {as_far:,} {'group' if as_far == 1 else 'groups'} whose gap is at least as far from zero"
    note = (
        f"Each bar: groups of {series.size} untreated {series.noun} in the treated ones' place. "
        f"{whose if as_far else 'None has a gap as far from zero'}; dotted: as far on the other side. "
        f"{capital(series.analysis)}."
    )
    shown = [k for k, n in enumerate(series.groups) if n]
    ends = [change(series.edges[k], series.unit, error, words=True) for k in (shown[0], shown[-1] + 1)]
    treated = effect_text(series.headline, series.unit, words=True)
    return FigureSpec(
        "placebo_groups",
        title,
        f"Histogram of the average gap of {series.n:,} groups of {series.size} untreated {series.noun} in the treated ones' place "
        f"({series.analysis}), with the treated marked at {treated}: {rank_text(series)} by the size of the gap.",
        f"The groups' gaps lie between {ends[0]} and {ends[1]}. {as_far:,} of {series.n:,} groups {has} a gap at least as far from "
        f"zero as the treated, {treated}; with the treated counted that is {rank_text(series)}.",
        ("gap_from", "gap_to", "groups", "as_far_as_treated"),
        tuple(_rows(series)),
        max(0, decimals(error, series.headline.value)),
        lambda size: draw_groups(series, size, title, note),
    )


def _rows(series: GroupSeries) -> list[tuple[float, float, int, int]]:
    return [*zip(series.edges, series.edges[1:], series.groups, series.as_far, strict=False)]


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where an analysis of the primary metric ranked several treated units among groups as large."""
    series = group_series(result)
    return [groups_figure(series)] if series is not None else []


FAMILY = Family("placebo_groups", "The treated units' average gap among those of groups of untreated ones.", specs)
