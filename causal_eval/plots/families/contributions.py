"""The map of contributions: which donors move the comparison, and when."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from causal_eval.plots.families.weights import donor_names
from causal_eval.plots.layout import Frame, frame, margins
from causal_eval.plots.names import analysis_name, capital, metric_label, plural
from causal_eval.plots.numbers import Unit, change, decimals, error_of, is_log, unit_of
from causal_eval.plots.rows import FULL, LOOSEST
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import (
    BLUE,
    GRID,
    INK,
    MUTED,
    PAPER,
    VERMILLION,
    Size,
    period_axis,
    pretty,
    shorten,
    style,
    text_width,
)  # fmt: skip
from causal_eval.results.types import Effect, Finding, StudyResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STEPS = 8
"""Shades on each side of zero."""
APART = 0.5
"""Room above the last row, in rows."""


@dataclass(frozen=True, slots=True)
class Moves:
    """What a donor, several, or all together add to the change of the comparison; ``average`` over the headline's periods."""

    name: str
    by_period: tuple[float, ...]
    average: float

    @property
    def furthest(self) -> int:
        """The position of the period in which it adds or takes most."""
        return max(range(len(self.by_period)), key=lambda t: abs(self.by_period[t]))


@dataclass(frozen=True, slots=True)
class ContributionSeries:
    """The donors of one analysis, those that move it most after the launch first."""

    label: str
    analysis: str
    unit: Unit
    noun: str
    headline: Effect
    periods: tuple[str, ...]
    launch: int
    donors: tuple[Moves, ...]
    others: Moves | None
    total: Moves
    weighted: bool
    """Whether the periods before the launch have weights."""
    left_out: bool = False
    """Whether periods after the launch are left out of the averages, as they are of the headline."""

    @property
    def rows(self) -> tuple[Moves, ...]:
        """All that is drawn, in order."""
        return (*self.donors, *([self.others] if self.others else []), self.total)

    @property
    def end(self) -> float:
        """Where the colours end: the furthest that a single donor moves the comparison, rounded up to two digits."""
        furthest = max(abs(v) for d in self.donors for v in d.by_period) * self.unit.factor
        step = 10.0 ** -decimals(furthest)
        return math.ceil(furthest / step - 1e-9) * step / self.unit.factor

    @property
    def beyond(self) -> bool:
        """Whether others or all together move it further than that."""
        return any(abs(v) > self.end * (1 + 1e-9) for r in self.rows for v in r.by_period)


def contribution_series(result: StudyResult) -> ContributionSeries | None:
    """The contributions of the primary analysis, or of the first one of the primary metric that kept them."""
    return next((s for f in result.of(result.primary_metric.name) if (s := _of(result, f)) is not None), None)


def _of(result: StudyResult, finding: Finding) -> ContributionSeries | None:
    estimate = finding.estimate
    said = estimate.details.get("contributions") if estimate is not None else None
    if estimate is None or not isinstance(said, dict):
        return None
    post = {p.period: not p.excluded for p in estimate.path if p.post}
    periods = tuple(str(p) for p in said["periods"])
    after = [t for t, p in enumerate(periods) if post.get(p)]
    launch = next((t for t, p in enumerate(periods) if p in post), 0)

    def moves(name: str, by_period: list[float]) -> Moves:
        return Moves(name, tuple(by_period), sum(by_period[t] for t in after) / len(after))

    names, rest = donor_names(result), said["others"]
    donors = [moves(names[d["unit"]], d["by_period"]) for d in said["donors"]]
    others = moves(f"{rest['n']} {'other' if rest['n'] == 1 else 'others'}", rest["by_period"]) if rest else None
    every = zip(*(d.by_period for d in (*donors, *([others] if others else []))), strict=True)
    info = result.primary_metric
    return ContributionSeries(
        metric_label(info), analysis_name(finding), unit_of(info, log=is_log(result, info.name)),
        plural(result.design.unit_noun), estimate.headline, periods, launch,
        tuple(sorted(donors, key=lambda d: (-abs(d.average), d.name))), others,
        moves("All together", [sum(values) for values in every]), any(w.kind == "time" for w in estimate.weights),
        not all(post.values()),
    )  # fmt: skip


def draw_contributions(series: ContributionSeries, size: Size, title: str, note: str) -> Figure:
    """A row a donor in shades of blue and orange, a column a period; the key above, averages after the launch right."""
    with style(size):
        points, rows = size.font * 0.92, series.rows
        error = error_of(series.headline)
        words = [_short(r.average, series.unit, error, 0.24 * size.width, points) for r in rows]
        widths = [text_width(r.name, points, bold=r is series.total) for r in rows]
        left = min(max(widths) + 0.25, size.width * 0.34)
        right = max(text_width(w, points, bold=True) for w in words) + 0.12 + size.font * 0.9 / 72
        unit = series.unit.change.strip()
        caption = f"Change since before the launch{', ' + unit if unit else ''}"
        height = size.font * 1.6 / 72 * (len(rows) + APART + 1.5)
        rest = margins(title, size, left=left, caption=caption, note=note, axis_lines=2.8).height
        height = _fitting(height, rest, size)
        made = frame(title, size, left=left, right=right, caption=caption, note=note, axis_lines=2.8, height=height)
        ax, n = made.ax, len(series.periods)
        ax.set_xlim(-0.5, n - 0.5)
        ax.set_ylim(len(rows) - 0.5 + APART, APART - 2.5)
        inch = n / made.width
        at = [k + (APART if r is series.total else 0) for k, r in enumerate(rows)]
        _cells(ax, [(y, r.by_period) for y, r in zip(at, rows, strict=True)], series.end)
        for y, r, said in zip(at, rows, words, strict=True):
            weight = "bold" if r is series.total else "normal"
            bold = r is series.total
            ax.text(
                -0.5 - 0.1 * inch, y, shorten(r.name, left - 0.2, points, bold=bold), ha="right", va="center", fontsize=points,
                fontweight=weight, color=MUTED if r is series.others else INK,
            )  # fmt: skip
            ax.text(
                n - 0.5 + (right - 0.12) * inch, y, said, ha="right", va="center", fontsize=points, fontweight=weight
            )
        if series.launch > 0:
            ax.plot([series.launch - 0.5] * 2, [-0.5, at[-1] + 0.5], color=INK, linewidth=size.line * 0.8)
        _key(made, series, size, left, right, points)
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        period_axis(ax, series.periods, series.launch, made.width, size)
        return made.figure


def _fitting(height: float, rest: float, size: Size) -> float:
    """The panel's height where ``rest`` is taken: below a slide's title few rows stand further apart, and many closer."""
    if size.narrow:
        return height
    if not size.titled:
        height = min(LOOSEST * height, max(height, FULL * size.height - rest))
    return min(height, size.height - rest)


def _short(value: float, unit: Unit, error: float | None, room: float, points: float) -> str:
    """A change with its unit, or without where that is too wide."""
    said = change(value, unit, error)
    return said if text_width(said, points, bold=True) <= room else change(value, replace(unit, change=""), error)


def _shade(step: int) -> str:
    """The colour so many steps above zero, or below it."""
    end = BLUE if step > 0 else VERMILLION
    mixed = [
        round(int(PAPER[i : i + 2], 16) + (int(end[i : i + 2], 16) - int(PAPER[i : i + 2], 16)) * abs(step) / STEPS)
        for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{v:02x}" for v in mixed)


def _cells(ax: Axes, rows: list[tuple[float, tuple[float, ...]]], end: float) -> None:
    """One path a shade, so that a map of many periods stays small; cells that round to zero are left white."""
    from matplotlib.patches import PathPatch, Rectangle
    from matplotlib.path import Path

    boxes: dict[int, list[list[tuple[float, float]]]] = {}
    for y, values in rows:
        steps = [max(-STEPS, min(STEPS, round(v / end * STEPS))) for v in values]
        first = 0
        for t in range(1, len(steps) + 1):
            if t == len(steps) or steps[t] != steps[first]:
                a, b = first - 0.5, t - 0.5
                boxes.setdefault(steps[first], []).append([(a, y - 0.43), (b, y - 0.43), (b, y + 0.43), (a, y + 0.43)])
                first = t
        ax.add_patch(Rectangle((-0.5, y - 0.43), len(values), 0.86, facecolor="none", edgecolor=GRID, linewidth=0.8))
    for step in sorted(boxes.keys() - {0}):
        path = Path.make_compound_path(*(Path([*corners, corners[0]], closed=True) for corners in boxes[step]))
        ax.add_patch(PathPatch(path, facecolor=_shade(step), edgecolor=_shade(step), linewidth=0.2))


def _key(made: Frame, series: ContributionSeries, size: Size, left: float, right: float, points: float) -> None:
    """What the shades mean, on a phone from the figure's left edge on, and what the numbers right are."""
    ax, inch, y = made.ax, len(series.periods) / made.width, APART - 1.75
    head = "Average after"
    whole, edge = left + made.width + right, 0.12 if size.narrow else left
    room = whole - 0.12 - text_width(head, points) - 0.2 - edge
    low, high = (_short(v, series.unit, series.end, room / 3, points) for v in (-series.end, series.end))
    taken = text_width(low, points) + text_width(high, points) + 0.16
    each = min(0.22 * size.width, room - taken) / (2 * STEPS + 1)

    def at(x: float) -> float:
        return -0.5 + (x - left) * inch

    start = edge + text_width(low, points) + 0.08
    shades = range(-STEPS, STEPS + 1)
    boxes = [(at(start + (k + STEPS) * each), each * inch) for k in shades]
    ax.broken_barh(boxes, (y - 0.35, 0.7), facecolors=[_shade(k) for k in shades], linewidth=0, clip_on=False)
    ax.text(at(edge), y, low, va="center", fontsize=points, color=MUTED)
    ax.text(at(start + (STEPS + 0.5) * each), y, "0", ha="center", va="center", fontsize=points, color=MUTED)
    ax.text(at(start + (2 * STEPS + 1) * each + 0.08), y, high, va="center", fontsize=points, color=MUTED)
    ax.text(at(whole - 0.12), y, head, ha="right", va="center", fontsize=points, color=MUTED)


def contributions_figure(series: ContributionSeries) -> FigureSpec:
    """The map, with who moves the comparison most, and when, in words."""
    error = error_of(series.headline)
    largest = series.donors[0]
    title = f"{series.label}: {largest.name} moves the comparison most"
    if series.others and abs(series.others.average) > abs(largest.average):
        title = f"{series.label}: many {series.noun} move the comparison, {largest.name} most"
    since = "weighted mean" if series.weighted else "mean"
    note = (
        "Blue: raises what is estimated without the launch; orange: lowers it. Each donor's weight times its change since its "
        f"{since} before the launch{'; darkest where beyond the key' if series.beyond else ''}. Line: the launch. "
        f"{capital(series.analysis)}."
    )
    if series.left_out:
        note += " Averages leave out what the headline leaves out."

    def told(value: float) -> str:
        return change(value, series.unit, error, words=True)

    first = "; ".join(f"{d.name} {told(d.average)}" for d in series.donors[:3])
    said = "; ".join(
        f"{r.name} {told(r.average)} ({pretty(series.periods[r.furthest])}: {told(r.by_period[r.furthest])})"
        for r in series.rows
    )
    return FigureSpec(
        "contributions",
        title,
        f"Heat map of what {series.noun} add to the change of the comparison since before the launch, over {len(series.periods)} "
        f"periods ({series.analysis}). On average after the launch: {first}; all together {told(series.total.average)}.",
        f"Averages after the launch, in brackets the furthest of all periods: {said}.",
        ("donor", "period", "contribution"),
        tuple(_rows(series)),
        max(0, decimals(error, series.headline.value)),
        lambda size: draw_contributions(series, size, title, note),
    )


def _rows(series: ContributionSeries) -> list[tuple[Value, ...]]:
    return [(r.name, p, v) for r in series.rows for p, v in zip(series.periods, r.by_period, strict=True)]


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where an analysis of the primary metric kept what its donors add to the counterfactual."""
    series = contribution_series(result)
    return [contributions_figure(series)] if series is not None else []


FAMILY = Family("contributions", "What each donor adds to the change of the counterfactual, period by period.", specs)
