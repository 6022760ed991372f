"""How long things stay open: the share still open by days since the start, and the effect on the mean up to each day."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from causal_eval.plots.families.levels import WITHOUT
from causal_eval.plots.layout import axis_width, frame, limits, spans
from causal_eval.plots.names import metric_label, on_the_treated
from causal_eval.plots.numbers import (
    POINTS,
    Unit,
    change,
    decimals,
    effect_text,
    effect_title,
    error_of,
    fixed,
    interval_text,
    plain,
    share,
    unit_of,
)
from causal_eval.plots.spec import Family, FigureSpec, Value, each_metric, of_primary
from causal_eval.plots.strip import Key, draw_strip, strip_height
from causal_eval.plots.style import (
    BLUE,
    INK,
    MUTED,
    VERMILLION,
    Size,
    grid,
    round_ticks,
    style,
    text_width,
    value_axis,
    wrap,
)
from causal_eval.results.types import Effect, Finding, StudyResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_TICKS = 6
"""Along the effects."""
SLACK = 0.005
"""Beyond 0 and 100%, or upwards, by which a share is told to lie where no share can."""


@dataclass(frozen=True, slots=True)
class Step:
    """Days from ``start`` to ``day``: the average share still open, and what is known up to ``day``, in days."""

    start: float
    day: float
    open_observed: float
    open_without: float
    observed: float
    without: float
    effect: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class SurvivalSeries:
    """A duration by days since its start; the last step ends at the horizon, with the headline."""

    label: str
    unit: Unit
    steps: tuple[Step, ...]
    headline: Effect
    level: float
    treated: bool

    @property
    def with_launch(self) -> str:
        """The curve with the launch, in words."""
        return "Observed" if self.treated else "With the launch (estimated)"

    @property
    def error(self) -> float | None:
        """What effects are rounded by."""
        return error_of(self.headline)

    @property
    def impossible(self) -> bool:
        """Whether the estimate without the launch is somewhere what no share can be: beyond 0 to 100%, or rising."""
        said = [1.0, *(s.open_without for s in self.steps)]
        rises = any(b > a + SLACK for a, b in pairwise(said))
        return rises or any(not -SLACK <= v <= 1 + SLACK for v in said)


def survival_series(result: StudyResult, finding: Finding) -> SurvivalSeries | None:
    """The steps of a finding; None where its analysis kept none."""
    estimate = finding.estimate
    said = estimate.details.get("restricted_means") if estimate is not None else None
    if estimate is None or not isinstance(said, dict):
        return None
    parts = [said.get(k) for k in ("days", "observed", "without", "effect", "low", "high")]
    if not all(isinstance(p, list) and p for p in parts):
        return None
    steps: list[Step] = []
    before = (0.0, 0.0, 0.0)
    for day, observed, without, effect, low, high in zip(*parts, strict=True):
        width = day - before[0]
        steps.append(
            Step(
                before[0],
                day,
                (observed - before[1]) / width,
                (without - before[2]) / width,
                observed,
                without,
                effect,
                low,
                high,
            )
        )
        before = (day, observed, without)
    metric = result.metric(finding.metric)
    return SurvivalSeries(
        metric_label(metric), unit_of(metric), tuple(steps), estimate.headline, estimate.level, on_the_treated(estimate)
    )


def survival_figure(series: SurvivalSeries, name: str) -> FigureSpec:
    """The two panels of one metric."""
    last = series.steps[-1]
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (s.start, s.day, s.open_observed, s.open_without, s.observed, s.without, s.effect, s.low, s.high)
        for s in series.steps
    )
    return FigureSpec(
        name,
        _title(series),
        f"Two panels by days since the start for {series.label}: the share still open, {series.with_launch.lower()} and "
        "without the launch, and the effect on the mean up to each day. "
        f"{effect_title(f'Effect up to day {plain(last.day)}', series.headline, series.unit)}.",
        _words(series),
        (
            "from_day",
            "to_day",
            "share_open_observed",
            "share_open_without",
            "mean_observed",
            "mean_without",
            "effect",
            "low",
            "high",
        ),
        rows,
        max(2, decimals(series.error, series.headline.value)),
        lambda size: draw_survival(series, size),
    )


def _title(series: SurvivalSeries) -> str:
    last = series.steps[-1]
    return (
        f"{series.label}: {_percent(last.open_observed)} still open {_between(last)}, "
        f"{_percent(last.open_without)} without the launch"
    )


def _percent(value: float) -> str:
    return f"{fixed(100 * value, 1)}%"


def _between(step: Step) -> str:
    return f"between days {plain(step.start)} and {plain(step.day)}"


def _words(series: SurvivalSeries) -> str:
    unit, error, steps = series.unit, series.error, series.steps
    widest = max(steps, key=lambda s: abs(s.open_observed - s.open_without))
    gap = fixed(100 * (widest.open_observed - widest.open_without), 1, signed=True) + POINTS.words
    bounded = [s for s in steps if s.low is not None and s.high is not None]
    beyond = sum(1 for s in bounded if (s.low or 0.0) > 0 or (s.high or 0.0) < 0)
    said = [
        f"Above: the average share still open in each of {len(steps)} steps, {series.with_launch.lower()} (solid) and without "
        f"the launch (dashed, estimated). The two are furthest apart {_between(widest)}: {_percent(widest.open_observed)} and "
        f"{_percent(widest.open_without)}, {gap}.",
        f"Below: the effect on the mean up to each day, from {change(steps[0].effect, unit, error)} up to day "
        f"{plain(steps[0].day)} to {change(steps[-1].effect, unit, error, words=True)} up to day {plain(steps[-1].day)}, "
        "which is the headline.",
    ]
    if bounded:
        said.append(
            f"{beyond} of {len(bounded)} intervals exclude zero; each holds for its own day, not for all days at once."
        )
    return " ".join([*said, *_beyond(series)])


def _beyond(series: SurvivalSeries) -> list[str]:
    if not series.impossible:
        return []
    return ["The dashed line is an estimate, and here leaves what a share can be: read its level with care."]


def _note(series: SurvivalSeries) -> str:
    widths = [s.day - s.start for s in series.steps]
    longer = max(widths) > min(widths) * (1 + 1e-9)
    said = [
        f"Steps are averages over {plain(min(widths))} days"
        + (", longer where a day could not be estimated by itself" if longer else "")
        + ". The mean up to a day counts no case beyond it."
    ]
    if any(s.low is not None for s in series.steps):
        said.append(f"Shaded: {share(series.level)} intervals, each for its own day, not for all at once.")
    return " ".join([*said, *_beyond(series)])


def draw_survival(series: SurvivalSeries, size: Size) -> Figure:
    """Steps above, the effect with its intervals below, on one axis of days."""
    with style(size):
        f = series.unit.factor
        gaps = [0.0, *(v * f for s in series.steps for v in (s.effect, s.low, s.high) if v is not None)]
        shares = [0.0, 100.0, *(100 * v for s in series.steps for v in (s.open_observed, s.open_without))]
        _, ticks = round_ticks(*limits(gaps), "", MOST_TICKS, signed=True)
        widest = max(text_width(t, size.font * 0.92) for t in ticks)
        left = 0.2 + max(axis_width(shares, size, signed=False, suffix="%"), widest)
        made = frame(_title(series), size, left=left, note=_note(series), axis_lines=3.2, tall=1.0)
        whole = made.ax.get_position()
        made.ax.remove()
        seen, not_seen = (series.with_launch, WITHOUT)
        if size.narrow:
            seen, not_seen = (x.replace(" the launch (estimated)", " (est.)") for x in (seen, not_seen))
        keys = [Key(seen, INK, "-"), Key(not_seen, VERMILLION, "--")]
        band = strip_height(size, 2)
        words = _lower_title(series, made.width, size)
        title = (words.count("\n") + 1) * size.font * 1.35 / 72 + size.font * 1.3 / 72
        rest = made.height - band - title
        tall = rest * 0.55

        def panel(top: float, height: float) -> Axes:
            bottom = whole.y1 - (top + height) / made.size.height
            return made.figure.add_axes((whole.x0, bottom, whole.width, height / made.size.height))

        strip, upper, lower = panel(0, band), panel(band, tall), panel(band + tall + title, rest - tall)
        horizon = series.steps[-1].day
        for ax in (strip, upper, lower):
            ax.set_xlim(0, horizon * 1.02)
        what = "Treated group: share still open" if series.treated else "Share still open"
        draw_strip(strip, size, made.width, title=what, keys=keys, rows=[], low=0, high=horizon * 1.02)
        _shares(upper, series, size, shares)
        _effects(lower, series, size, gaps)
        lower.set_title(words, loc="left", color=MUTED, fontsize=size.font, pad=size.font * 0.5)
        lower.set_xlabel("Days since the start", fontsize=size.font * 0.92, x=0, ha="left")
        for ax in (upper, lower):
            value_axis(ax, "x", "", ticks=5 if size.narrow else 8)
        upper.set_xticklabels([])
        upper.tick_params(axis="x", length=0)
        return made.figure


def _shares(ax: Axes, series: SurvivalSeries, size: Size, values: list[float]) -> None:
    edges = [0.0, *(s.day for s in series.steps)]
    without = [100 * s.open_without for s in series.steps]
    ax.stairs(without, edges, baseline=None, color=VERMILLION, linestyle=(0, (4, 2)), linewidth=size.line)
    observed = [100 * s.open_observed for s in series.steps]
    ax.stairs(observed, edges, baseline=None, color=INK, linewidth=size.line * 1.15)
    low, high = limits(values)
    ax.set_ylim(min(values) and low, high)
    grid(ax)
    value_axis(ax, "y", "%", ticks=5)


def _effects(ax: Axes, series: SurvivalSeries, size: Size, values: list[float]) -> None:
    f = series.unit.factor
    days = [0.0, *(s.day for s in series.steps)]
    bound = [(0.0, 0.0), *((s.low, s.high) for s in series.steps)]
    for a, b in spans(tuple(low is not None and high is not None for low, high in bound)):
        lows, highs = ([(v or 0.0) * f for v in side] for side in zip(*bound[a : b + 1], strict=True))
        if a == b:
            ax.vlines(days[a : b + 1], lows, highs, color=BLUE, linewidth=size.line * 1.4, alpha=0.5)
        else:
            ax.fill_between(days[a : b + 1], lows, highs, color=BLUE, alpha=0.2, linewidth=0)
    effects = [0.0, *(s.effect * f for s in series.steps)]
    ax.axhline(0, color=INK, linewidth=size.line * 0.5)
    ax.plot(
        days, effects, color=BLUE, linewidth=size.line, marker="o", markersize=size.line * 1.8, markevery=slice(1, None)
    )
    ax.plot(
        days[-1:], effects[-1:], color=BLUE, marker="o", markersize=size.font * 0.75, linestyle="none", clip_on=False
    )
    ax.set_ylim(*limits(values))
    grid(ax)
    value_axis(ax, "y", "", ticks=MOST_TICKS, signed=True)


def _lower_title(series: SurvivalSeries, inches: float, size: Size) -> str:
    unit = series.unit.change.strip()
    head = effect_text(series.headline, series.unit)
    interval = interval_text(series.headline, series.unit, bare=True)
    end = f"{head} ({interval})" if interval else head
    words = f"Effect on the mean up to each day{', ' + unit if unit else ''}; up to day {plain(series.steps[-1].day)}: {end}"
    return wrap(words, inches, size.font, lines=3)


def specs(result: StudyResult) -> list[FigureSpec]:
    """A figure a duration whose primary analysis kept its numbers by day."""
    return each_metric(result, "survival", of_primary(survival_series), survival_figure)


FAMILY = Family(
    "survival",
    "The share still open by days since the start, observed and without the launch, and the effect on the mean up to each day.",
    specs,
    by_metric=True,
)
