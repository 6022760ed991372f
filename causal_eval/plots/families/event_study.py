"""The event study: every lead and lag with its interval, against the base period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.plots.layout import axis_width, head_room, limits
from causal_eval.plots.names import metric_label, plural
from causal_eval.plots.numbers import MINUS, Unit, change, decimals, error_of, is_log, share, unit_of
from causal_eval.plots.spec import Family, FigureSpec, each_metric, of_primary
from causal_eval.plots.strip import Row, draw_strip, strip_height
from causal_eval.plots.style import (
    BLUE,
    FAINT,
    INK,
    MUTED,
    SHADE,
    SKY,
    STEEL,
    Size,
    grid,
    style,
    text_width,
    value_axis,
    wrap,
)
from causal_eval.results.types import Effect, Estimate, EventPoint, Finding, StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class EventSeries:
    """Leads and lags of one metric."""

    label: str
    unit: Unit
    points: tuple[EventPoint, ...]
    base: int
    level: float
    noun: str
    headline: Effect
    bounds: tuple[tuple[int, float, float], ...] = ()
    """(event, low, high) if trends part after the launch by their largest step before it; none where not measured."""

    def bound(self, event: int) -> tuple[float | None, float | None]:
        """The bounds of one event time, or none."""
        return next(((low, high) for k, low, high in self.bounds if k == event), (None, None))


_COLUMNS = ("event", "value", "std_error", "low", "high", "reference", "counts_in_estimate")
_BOUNDS = ("low_if_trends_part", "high_if_trends_part")
OUTSIDE = 0.4
"""How far bounds may widen the panel on each side, in heights of what it shows without them; longer ones are cut there."""


def _bounds(result: StudyResult, finding: Finding) -> tuple[tuple[int, float, float], ...]:
    """What the sensitivity check kept of the analysis, event time by event time."""
    said = next(
        (
            d.details.get("by_event")
            for d in result.diagnostics
            if d.check == "sensitivity" and d.metric == finding.metric and d.analysis == finding.analysis
        ),
        None,
    )
    return tuple((int(k), float(low), float(high)) for k, low, high in said) if isinstance(said, list) else ()


def event_series(result: StudyResult, finding: Finding) -> EventSeries | None:
    """The event study of a finding; None where its estimator gave none."""
    estimate = finding.estimate
    if estimate is None or estimate.event_study is None or not estimate.event_study.points:
        return None
    metric = result.metric(finding.metric)
    study = estimate.event_study
    return EventSeries(
        metric_label(metric),
        unit_of(metric, log=is_log(result, metric.name)),
        study.points,
        study.base,
        study.level,
        plural(result.design.time_noun),
        estimate.headline,
        _bounds(result, finding),
    )


def lone_events(estimate: Estimate) -> EventSeries | None:
    """The event study of an estimate that belongs to no study: in the outcome's own units."""
    study = estimate.event_study
    if study is None or not study.points:
        return None
    return EventSeries("Outcome", Unit(), study.points, study.base, study.level, "periods", estimate.headline)


def event_figure(series: EventSeries, name: str) -> FigureSpec:
    """The event study of one metric."""
    unit = series.unit
    before = [p for p in series.points if p.event < 0 and not p.reference]
    after = [p for p in series.points if p.event >= 0]
    error = error_of(series.headline)

    def outside(points: list[EventPoint]) -> int:
        return sum(1 for p in points if p.low is not None and p.high is not None and (p.low > 0 or p.high < 0))

    said = [
        f"Each point is the effect at that time relative to base period {event_label(series.base)}, which is zero "
        "by definition."
    ]
    for points, words in ((before, "before"), (after, "after")):
        if points:
            low, high = min(p.value for p in points), max(p.value for p in points)
            said.append(
                f"The {len(points)} estimates {words} the launch run from {change(low, unit, error)} to "
                f"{change(high, unit, error, words=True)}; {outside(points)} of their intervals exclude zero."
            )
    if any(p.excluded for p in series.points):
        said.append("Grey points are left out of the estimate.")
    if series.bounds:
        still = sum(low > 0 or high < 0 for _, low, high in series.bounds)
        said.append(
            f"Pale bars are intervals that hold if, from one of the {series.noun} to the next, trends part after the launch by as "
            f"much as their largest step before it: {still} of {len(series.bounds)} exclude zero."
        )
    alt = f"Event study of {series.label}: {len(before)} estimates before and {len(after)} after the launch"
    if any(p.low is not None for p in series.points):
        alt += f", with {share(series.level)} intervals"
    if before:
        alt += f"; {outside(before)} of those before and {outside(after)} of those after exclude zero"
    return FigureSpec(
        name,
        f"{series.label}: effect by {series.noun} since the launch",
        f"{alt}.",
        " ".join(said),
        (*_COLUMNS, *(_BOUNDS if series.bounds else ())),
        tuple(
            (
                p.event,
                p.value,
                p.std_error,
                p.low,
                p.high,
                "yes" if p.reference else "no",
                "no" if p.excluded else "yes",
                *(series.bound(p.event) if series.bounds else ()),
            )
            for p in series.points
        ),
        max(0, decimals(error, series.headline.value)),
        lambda size: draw_event_study(series, size),
    )


def event_label(event: int) -> str:
    """An event time with its sign: ``−3``, ``0``, ``+2``."""
    return f"{MINUS}{-event}" if event < 0 else f"+{event}" if event else "0"


def draw_event_study(series: EventSeries, size: Size) -> Figure:
    """Points with intervals; the reference hollow at zero; what the headline leaves out in grey."""
    from matplotlib.figure import Figure

    with style(size):
        f = series.unit.factor
        points = series.points
        first, last = min(p.event for p in points), max(p.event for p in points)
        low, high = first - 0.7, last + 0.7
        figure = Figure(figsize=(size.width, size.height * 0.82))
        flat = size.tall(float(figure.get_figheight()))
        head = head_room(figure, f"{series.label}: effect by {series.noun} since the launch", flat)
        values = [0.0] + [v * f for p in points for v in (p.value, p.low, p.high) if v is not None]
        left = axis_width(values, flat, signed=True, suffix="") + 0.2
        width = flat.width - left - 0.15
        rows = []
        if first < 0 <= last:
            rows.append(Row("Launch", -0.5, -0.5, INK, "launch", True))
        out = [p.event for p in points if p.excluded]
        if out:
            rows.append(
                Row("Left out" if size.narrow else "Left out of the estimate", min(out) - 0.5, max(out) + 0.5, MUTED)
            )
        band = strip_height(flat, 1 + len(rows))
        foot = size.font * ((4.6 if not size.narrow else 6.4) + (1.4 if series.bounds else 0.0)) / 72
        tall = flat.height - head - band - foot
        strip = figure.add_axes(
            (left / flat.width, 1 - (head + band) / flat.height, width / flat.width, band / flat.height)
        )
        ax = figure.add_axes((left / flat.width, foot / flat.height, width / flat.width, tall / flat.height))
        strip.set_xlim(low, high)
        ax.set_xlim(low, high)
        unit = series.unit.change.strip()
        any_interval = any(p.low is not None for p in points)
        what = f"Effect{', ' + unit if unit else ''}" + (
            f", with {share(series.level)} intervals" if any_interval else ""
        )
        draw_strip(strip, flat, width, title=what, keys=[], rows=rows, low=low, high=high)
        if last >= 0:
            ax.axvspan(max(-0.5, low), high, color=SHADE, linewidth=0, alpha=0.7)
            ax.axvline(-0.5, color=INK, linewidth=size.line * 0.6) if first < 0 else None
        ax.axhline(0, color=INK, linewidth=size.line * 0.5)
        if series.bounds:
            events, lows, highs = zip(*series.bounds, strict=True)
            ax.vlines(
                events, [v * f for v in lows], [v * f for v in highs], color=SKY, linewidth=size.line * 2.6, alpha=0.45
            )
        mark = min(size.font * 0.62, 72 * width / max(len(points), 1) * 0.55)
        looks: dict[tuple[bool, str, bool], list[EventPoint]] = {}
        for p in points:
            post = p.event >= 0
            colour = FAINT if p.excluded or p.thin else BLUE if post else STEEL
            looks.setdefault((post, colour, p.reference), []).append(p)
        for (post, colour, reference), alike in looks.items():  # one artist for all points of a look
            sure = [(p.event, p.low * f, p.high * f) for p in alike if p.low is not None and p.high is not None]
            if sure and not reference:
                ax.vlines(*zip(*sure, strict=True), color=colour, linewidth=size.line * 0.9)
            ax.plot(
                [p.event for p in alike],
                [p.value * f for p in alike],
                marker="o" if post else "s",
                markersize=mark,
                color=colour,
                markerfacecolor="white" if reference or not post else colour,
                markeredgecolor=INK if reference else colour,
                markeredgewidth=size.line * (0.9 if reference else 0.7),
                linestyle="none",
            )
        bottom, top = limits(values)
        more = OUTSIDE * (top - bottom)
        ends = [v * f for _, *pair in series.bounds for v in pair]
        ax.set_ylim(max(bottom - more, min([bottom, *ends])), min(top + more, max([top, *ends])))
        grid(ax)
        value_axis(ax, "y", "", ticks=5, signed=True)
        every = max(
            1, -(-int((text_width("+00", size.font * 0.92) + 0.1) * 1000) // int(width / (last - first + 1) * 1000 + 1))
        )
        at = [k for k in range(first, last + 1) if k % every == 0]
        ax.set_xticks(at, [event_label(k) for k in at])
        base = f"base period {event_label(series.base)} (hollow, zero by definition)"
        thin = "; grey: rests on few treated units" if any(p.thin for p in points) else ""
        words = f"{series.noun.capitalize()} since the launch; squares before, circles after; {base}{thin}"
        words += "; pale: if trends part after the launch by their largest step before it" if series.bounds else ""
        ax.set_xlabel(
            wrap(words, flat.width - 0.3 if size.narrow else width + 0.1, size.font * 0.92, lines=4),
            fontsize=size.font * 0.92,
            x=0,
            ha="left",
        )
        if size.narrow:
            ax.xaxis.set_label_coords(-(left - 0.12) / width, -size.font * 2.0 / 72 / tall)
        return figure


def specs(result: StudyResult) -> list[FigureSpec]:
    """A figure a metric whose primary analysis has leads and lags."""
    return each_metric(result, "event_study", of_primary(event_series), event_figure)


FAMILY = Family(
    "event_study",
    "Leads and lags: the effect by time since the launch, against the base period.",
    specs,
    by_metric=True,
)
