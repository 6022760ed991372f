"""The headline figure: observed against the estimate without the launch, and the gap between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.plots.families.levels import level_series, levels_figure
from causal_eval.plots.flags import Flag, event_flags
from causal_eval.plots.layout import axis_width, head_room, limits, spans
from causal_eval.plots.names import metric_label
from causal_eval.plots.numbers import Unit, change, decimals, effect_title, error_of, is_log, level, share, unit_of
from causal_eval.plots.spec import Family, FigureSpec, metric_order
from causal_eval.plots.strip import Key, Row, draw_strip, event_rows, strip_height
from causal_eval.plots.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    MUTED,
    PURPLE,
    SHADE,
    VERMILLION,
    Size,
    grid,
    period_axis,
    pretty,
    shorten,
    style,
    text_width,
    value_axis,
)
from causal_eval.plots.thresholds import threshold
from causal_eval.results.types import Effect, Estimate, Finding, PathPoint, StudyResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class PathSeries:
    """A treated group over time. Values as stored; ``unit`` says how they are shown."""

    label: str
    unit: Unit
    points: tuple[PathPoint, ...]
    headline: Effect
    level: float
    launch: str = ""
    later_adoptions: tuple[int, ...] = ()
    flags: tuple[Flag, ...] = ()
    threshold: float | None = None
    """A minimum effect or margin, in stored units and signed as the metric is."""
    threshold_name: str = ""

    @property
    def first_post(self) -> int | None:
        """Position of the first period after the launch."""
        return next((k for k, p in enumerate(self.points) if p.post), None)

    @property
    def error(self) -> float | None:
        """What the gap is rounded by."""
        return error_of(self.headline)


def path_series(result: StudyResult, finding: Finding) -> PathSeries | None:
    """The headline series of a finding; None where its estimator gave no path."""
    estimate = finding.estimate
    if estimate is None or not estimate.path:
        return None
    metric = result.metric(finding.metric)
    bound, name = threshold(result, metric)
    where = {p.period: k for k, p in enumerate(estimate.path)}
    first = next((p.period for p in estimate.path if p.post), "")
    later = tuple(where[c] for c, _ in result.design.cohorts if c in where and c not in (first, result.design.launch))
    return PathSeries(
        metric_label(metric),
        unit_of(metric, log=is_log(result, metric.name)),
        estimate.path,
        estimate.headline,
        estimate.level,
        result.design.launch or first,
        later,
        event_flags(result, metric.name, estimate.path),
        bound,
        name,
    )


def lone_path(estimate: Estimate) -> PathSeries | None:
    """The path of an estimate that belongs to no study: in the outcome's own units."""
    return PathSeries("Outcome", Unit(), estimate.path, estimate.headline, estimate.level) if estimate.path else None


def path_figure(series: PathSeries, name: str) -> FigureSpec:
    """The headline figure of a treated group over time."""
    points, unit, error = series.points, series.unit, series.error
    first = series.first_post
    launch = f", launched {pretty(series.launch)}" if series.launch else ""
    alt = (
        f"Line chart of {series.label} for the treated group{launch}: what was observed, what is estimated "
        "without the launch, "
        f"and the gap between them. {effect_title('Effect', series.headline, series.unit)}."
    )
    said = [
        f"Two panels over {len(points)} periods, from {pretty(points[0].period)} to {pretty(points[-1].period)}.",
        "Above: the observed level (solid, dark) and the level estimated without the launch (dashed, orange). In "
        "the last "
        f"period they are {level(points[-1].observed, unit, error)} and "
        f"{level(points[-1].counterfactual, unit, error)}.",
    ]
    gaps = (
        f"Below: the gap between them. It runs from {_low(series, False)} to {_high(series, False)} before the launch"
    )
    if first is None:
        said.append("Below: the gap between them.")
    elif first == 0:
        said.append(
            f"Below: the gap between them, from {_low(series, True)} to {_high(series, True)} after the launch."
        )
    else:
        said.append(f"{gaps} and from {_low(series, True)} to {_high(series, True)} after it.")
    if not any(p.low is not None for p in points):
        said.append("The estimator gives no interval for single periods.")
    for a, b in spans(tuple(p.excluded for p in points)):
        many = f"{pretty(points[a].period)} to {pretty(points[b].period)}" if a != b else pretty(points[a].period)
        said.append(f"Shaded and left out of the estimate: {many}.")
    if series.threshold is not None:
        said.append(
            f"A dashed line marks the {series.threshold_name} of {change(series.threshold, unit, error, words=True)}."
        )
    said += [f"Marked event: {f.text}, {pretty(points[f.start].period)}." for f in series.flags]
    return FigureSpec(
        name,
        effect_title(series.label, series.headline, series.unit),
        alt,
        " ".join(said),
        ("period", "observed", "counterfactual", "gap", "gap_low", "gap_high", "phase", "counts_in_estimate"),
        tuple(
            (
                p.period,
                p.observed,
                p.counterfactual,
                p.gap,
                p.low,
                p.high,
                "post" if p.post else "pre",
                "no" if p.excluded else "yes",
            )
            for p in points
        ),
        max(0, decimals(error, points[-1].observed)),
        lambda size: draw_path(series, size),
    )


def _low(series: PathSeries, post: bool) -> str:
    return change(min(p.gap for p in series.points if p.post == post), series.unit, series.error)


def _high(series: PathSeries, post: bool) -> str:
    return change(max(p.gap for p in series.points if p.post == post), series.unit, series.error, words=True)


def draw_path(series: PathSeries, size: Size) -> Figure:
    """The two panels over time."""
    from matplotlib.figure import Figure

    with style(size):
        points = series.points
        n = len(points)
        first = series.first_post
        rows: list[Row] = []
        if first is not None:
            word = "Launch" if not series.later_adoptions else "First launch"
            rows.append(Row(f"{word} {pretty(series.launch)}".strip(), first - 0.5, first - 0.5, INK, "launch", True))
        left_out = spans(tuple(p.excluded for p in points))
        rows += [
            Row("Left out" if size.narrow else "Left out of the estimate", a - 0.5, b + 0.5, MUTED)
            for a, b in left_out[:2]
        ]
        rows += event_rows(series.flags)
        keys = [Key("Observed", INK, "-"), Key("Without launch (est.)", VERMILLION, "--")] if size.narrow else []
        right = 0.12 if size.narrow else _label_width(series, size)
        left = _tick_width(series, size)
        width = size.width - left - right
        n_rows = 1 + bool(keys) + len(rows)
        band = strip_height(size, n_rows)

        figure = Figure(figsize=(size.width, size.height))
        head = head_room(figure, effect_title(series.label, series.headline, series.unit), size)
        foot = (size.font * 3.6) / 72
        gap_title = size.font * (3.6 if size.narrow else 2.3) / 72
        rest = size.height - head - band - foot - gap_title
        tall, short = rest * 0.58, rest * 0.42

        def panel(top: float, height: float) -> Axes:
            return figure.add_axes(
                (left / size.width, 1 - (top + height) / size.height, width / size.width, height / size.height)
            )

        strip, upper = panel(head, band), panel(head + band, tall)
        lower = panel(head + band + tall + gap_title, short)
        low, high = -0.6, n - 0.4
        for ax in (strip, upper, lower):
            ax.set_xlim(low, high)
        what = "Treated group" + (f", {series.unit.level.strip()}" if series.unit.level else "")
        draw_strip(strip, size, width, title=what, keys=keys, rows=rows, low=low, high=high)
        for ax in (upper, lower):
            for a, b in left_out:
                ax.axvspan(a - 0.5, b + 0.5, color=SHADE, linewidth=0)
            if first is not None:
                ax.axvline(first - 0.5, color=INK, linewidth=size.line * 0.6)
            for k in series.later_adoptions:
                ax.axvline(k - 0.5, color=FAINT, linewidth=size.line * 0.5, linestyle=(0, (1, 2)))
            for flag in series.flags:
                ax.axvline(flag.start, color=PURPLE, linewidth=size.line * 0.5, linestyle=(0, (4, 2, 1, 2)))
        _levels(upper, series, size, tall, beside=not size.narrow)
        _gap(lower, series, size, beside=not size.narrow)
        upper.set_xticks([])
        period_axis(lower, tuple(p.period for p in points), first or 0, width, size)
        return figure


def _label_width(series: PathSeries, size: Size) -> float:
    words = ["Observed", "Without the", "(estimated)"]
    if series.threshold is not None:
        words += [*series.threshold_name.split(), change(series.threshold, series.unit, series.error)]
    return max(text_width(w, size.font) for w in words) + 0.22


def _tick_width(series: PathSeries, size: Size) -> float:
    f = series.unit.factor
    tops = [v * f for p in series.points for v in (p.observed, p.counterfactual)]
    gaps = [v * f for p in series.points for v in (p.gap, p.low, p.high) if v is not None]
    return (
        max(
            axis_width(tops, size, signed=False, suffix=_tick_suffix(series)),
            axis_width(gaps, size, signed=True, suffix=""),
        )
        + 0.2
    )


def _tick_suffix(series: PathSeries) -> str:
    return "%" if series.unit.level == "%" else ""


def _levels(ax: Axes, series: PathSeries, size: Size, height: float, *, beside: bool) -> None:
    f = series.unit.factor
    x = list(range(len(series.points)))
    observed = [p.observed * f for p in series.points]
    without = [p.counterfactual * f for p in series.points]
    few = len(x) <= 30
    marker = size.line * 2.1
    ax.plot(
        x,
        without,
        color=VERMILLION,
        linestyle=(0, (4, 2)),
        linewidth=size.line,
        marker="s" if few else "",
        markersize=marker,
        markerfacecolor="white",
        markeredgewidth=size.line * 0.6,
    )
    ax.plot(x, observed, color=INK, linewidth=size.line * 1.15, marker="o" if few else "", markersize=marker)
    ax.set_ylim(*limits(observed + without))
    grid(ax)
    value_axis(ax, "y", _tick_suffix(series), ticks=5)
    if beside:
        low, high = ax.get_ylim()
        line = size.font * 1.3 / 72 / height * (high - low)
        at_observed, at_without = _apart(observed[-1], without[-1], 2.1 * line, low + 1.6 * line, high - 1.6 * line)
        edge = len(x) - 0.4
        ax.text(edge, at_observed, " Observed", color=INK, va="center", fontweight="bold", fontsize=size.font * 0.95)
        ax.text(
            edge,
            at_without,
            " Without the\n launch\n (estimated)",
            color="#a84a00",
            va="center",
            fontsize=size.font * 0.95,
            linespacing=1.15,
        )


def _apart(a: float, b: float, gap: float, low: float, high: float) -> tuple[float, float]:
    """Move two label positions apart until they are ``gap`` away from each other, inside ``low`` to ``high``."""
    if abs(a - b) < gap:
        middle, half = (a + b) / 2, gap / 2
        a, b = (middle + half, middle - half) if a >= b else (middle - half, middle + half)
    shift = max(0.0, low - min(a, b)) - max(0.0, max(a, b) - high)
    return a + shift, b + shift


def _gap(ax: Axes, series: PathSeries, size: Size, *, beside: bool) -> None:
    f = series.unit.factor
    points = series.points
    x = list(range(len(points)))
    bound = [(k, p.low * f, p.high * f) for k, p in enumerate(points) if p.low is not None and p.high is not None]
    for run in spans(tuple(p.low is not None and p.high is not None for p in points)):
        inside = [b for b in bound if run[0] <= b[0] <= run[1]]
        at, lows, highs = zip(*inside, strict=True)
        if len(inside) == 1:
            ax.vlines(at, lows, highs, color=BLUE, linewidth=size.line * 1.4, alpha=0.5)
        else:
            ax.fill_between(at, lows, highs, color=BLUE, alpha=0.2, linewidth=0)
    gap = [p.gap * f for p in points]
    few = len(x) <= 30
    ax.axhline(0, color=INK, linewidth=size.line * 0.5)
    ax.plot(x, gap, color=BLUE, linewidth=size.line, marker="o" if few else "", markersize=size.line * 2)
    values = [*gap, 0.0, *(v for b in bound for v in b[1:])]
    worth = series.threshold * f if series.threshold is not None else None
    if worth is not None:
        values.append(worth)
        ax.axhline(worth, color=GREEN, linestyle=(0, (5, 2)), linewidth=size.line * 0.8)
    ax.set_ylim(*limits(values))
    grid(ax)
    value_axis(ax, "y", "", ticks=4, signed=True)
    parts = [f"Gap: observed {chr(0x2212)} estimated"]
    if series.unit.change.strip():
        parts.append(series.unit.change.strip())
    shaded = f"{share(series.level)} interval shaded" if bound else ""
    room = ax.get_position().width * size.width
    if size.narrow:
        dashed = f"dashed: {series.threshold_name}" if worth is not None else ""
        second = "; ".join(x for x in (shaded, dashed) if x)
        words = shorten(", ".join(parts), room, size.font) + (
            f"\n{shorten(second, room, size.font * 0.92)}" if second else ""
        )
    else:
        words = shorten(", ".join([*parts, shaded] if shaded else parts), room, size.font)
    points_of_title = size.font * (0.92 if size.narrow else 1)
    ax.set_title(words, loc="left", color=MUTED, fontsize=points_of_title, pad=size.font * 0.5)
    if worth is not None and beside:
        edge = len(x) - 0.4
        label = (
            " "
            + series.threshold_name.replace(" ", "\n ")
            + "\n "
            + change(series.threshold or 0.0, series.unit, series.error)
        )
        low, high = ax.get_ylim()
        height = ax.get_position().height * size.height
        line = size.font * 1.3 / 72 / height * (high - low)
        half = 0.5 * (label.count("\n") + 1) * line
        ax.text(
            edge,
            min(max(worth, low + half), high - half),
            label,
            color="#00664a",
            va="center",
            fontsize=size.font * 0.95,
            linespacing=1.15,
        )


def specs(result: StudyResult) -> list[FigureSpec]:
    """A figure a metric with a path; the primary metric without one is drawn as two levels."""
    out = []
    for metric, suffix in metric_order(result):
        finding = result.find(metric)
        if finding is None or finding.estimate is None:
            continue
        path = path_series(result, finding)
        if path is not None:
            out.append(path_figure(path, f"headline{suffix}"))
        elif not suffix:
            out.append(levels_figure(level_series(result, finding.estimate, metric), f"headline{suffix}"))
    return out


FAMILY = Family(
    "headline",
    "Observed against the level estimated without the launch, and the gap between them.",
    specs,
    by_metric=True,
)
