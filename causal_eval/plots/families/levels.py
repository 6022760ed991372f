"""The headline figure where there is no time axis: two levels, and the effect with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.plots.layout import bare, head_room, limits
from causal_eval.plots.names import metric_label, on_the_treated
from causal_eval.plots.numbers import Unit, change, decimals, effect_title, error_of, is_log, level, share, unit_of
from causal_eval.plots.spec import FigureSpec, Value
from causal_eval.plots.style import BLUE, FAINT, GREEN, INK, MUTED, VERMILLION, Size, style, value_axis, wrap
from causal_eval.plots.thresholds import threshold
from causal_eval.results.types import Effect, Estimate, StudyResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WITHOUT = "Without the launch (estimated)"


@dataclass(frozen=True, slots=True)
class LevelSeries:
    """A group without a time axis: what was observed, and what would have been. For an effect on everybody, not on the
    treated, both levels are estimates."""

    label: str
    unit: Unit
    observed: float | None
    counterfactual: float | None
    headline: Effect
    threshold: float | None = None
    threshold_name: str = ""
    treated: bool = True

    @property
    def group(self) -> str:
        """Whose levels they are."""
        return "treated group" if self.treated else "everybody the effect is about"

    @property
    def with_launch(self) -> str:
        """The level with the launch, in words."""
        return "Observed" if self.treated else "With the launch (estimated)"


def level_series(result: StudyResult, estimate: Estimate, name: str) -> LevelSeries:
    """Observed against counterfactual of a metric without a time axis."""
    metric = result.metric(name)
    bound, called = threshold(result, metric)
    unit = unit_of(metric, log=is_log(result, name))
    return LevelSeries(
        metric_label(metric),
        unit,
        estimate.observed,
        estimate.counterfactual,
        estimate.headline,
        bound,
        called,
        on_the_treated(estimate),
    )


def levels_figure(series: LevelSeries, name: str) -> FigureSpec:
    """The headline figure where there is no time axis."""
    error = error_of(series.headline)
    interval = series.headline.interval
    said = []
    if series.observed is not None and series.counterfactual is not None:
        said.append(
            f"Above: {'the ' * series.treated}{series.group} at {level(series.observed, series.unit, error)} "
            f"{'as observed' if series.treated else 'as estimated with the launch'}, and at "
            f"{level(series.counterfactual, series.unit, error)} as estimated without the launch."
        )
    where = "Below: the effect" if said else "The effect"
    said.append(f"{where} as a point with its interval, against zero.")
    if series.threshold is not None:
        said.append(
            f"A dashed line marks the {series.threshold_name} of "
            f"{change(series.threshold, series.unit, error, words=True)}."
        )
    rows: list[tuple[Value, ...]] = []
    if series.observed is not None:
        rows.append((series.with_launch, series.observed, None, None))
    if series.counterfactual is not None:
        rows.append((WITHOUT, series.counterfactual, None, None))
    rows.append(
        ("Effect", series.headline.value, interval.low if interval else None, interval.high if interval else None)
    )
    return FigureSpec(
        name,
        effect_title(series.label, series.headline, series.unit),
        f"Dot chart of {series.label} for {'the ' * series.treated}{series.group}. "
        f"{effect_title('Effect', series.headline, series.unit)}.",
        " ".join(said),
        ("what", "value", "low", "high"),
        tuple(rows),
        max(0, decimals(error, series.headline.value)),
        lambda size: draw_levels(series, size),
    )


def draw_levels(series: LevelSeries, size: Size) -> Figure:
    """Without a time axis: the two levels above, the effect with its interval below."""
    from matplotlib.figure import Figure

    with style(size):
        figure = Figure(figsize=(size.width, size.height * (0.68 if size.narrow else 0.62)))
        flat = size.tall(float(figure.get_figheight()))
        head = head_room(figure, effect_title(series.label, series.headline, series.unit), flat)
        f = series.unit.factor
        both = series.observed is not None and series.counterfactual is not None
        pad, foot = 0.35, size.font * 3.2 / 72
        name = size.font * (3.2 if size.narrow else 2.2) / 72
        panels = 2 if both else 1
        rest = flat.height - head - panels * (name + foot)
        each = rest / panels

        def panel(top: float) -> Axes:
            width = flat.width - 2 * pad
            return figure.add_axes(
                (pad / flat.width, 1 - (top + each) / flat.height, width / flat.width, each / flat.height)
            )

        top = head + name
        if series.observed is not None and series.counterfactual is not None:
            ax = panel(top)
            _two_levels(ax, series, flat)
            top += each + foot + name
        ax = panel(top)
        effect = series.headline
        values = [0.0, effect.value * f]
        ax.axvline(0, color=INK, linewidth=size.line * 0.5)
        if effect.interval:
            values += [effect.interval.low * f, effect.interval.high * f]
            ax.plot(values[2:], [0, 0], color=BLUE, linewidth=size.line * 1.6, solid_capstyle="butt")
        worth = series.threshold * f if series.threshold is not None else None
        if worth is not None:
            values.append(worth)
            ax.axvline(worth, color=GREEN, linestyle=(0, (5, 2)), linewidth=size.line * 0.8)
        ax.plot([effect.value * f], [0], color=BLUE, marker="o", markersize=size.font * 0.8)
        ax.set_xlim(*limits(values))
        ax.set_ylim(-1, 1)
        bare(ax)
        value_axis(ax, "x", "", ticks=4 if size.narrow else 7, signed=True)
        words = f"Effect{',' + series.unit.change if series.unit.change else ''}"
        if effect.interval:
            words += f", {share(effect.interval.level)} interval"
        if worth is not None:
            words += (
                f"; dashed: {series.threshold_name} {change(series.threshold or 0.0, series.unit, error_of(effect))}"
            )
        words = wrap(words, flat.width - 2 * pad, size.font, lines=2)
        ax.set_title(words, loc="left", color=MUTED, fontsize=size.font)
        return figure


def _two_levels(ax: Axes, series: LevelSeries, size: Size) -> None:
    f = series.unit.factor
    assert series.observed is not None and series.counterfactual is not None
    observed, without = series.observed * f, series.counterfactual * f
    error = error_of(series.headline)
    ax.plot([without, observed], [0, 0], color=FAINT, linewidth=size.line)
    ax.plot(
        [without],
        [0],
        color=VERMILLION,
        marker="s",
        markersize=size.font * 0.8,
        markerfacecolor="white",
        markeredgewidth=size.line * 0.8,
    )
    ax.plot([observed], [0], color=INK, marker="o", markersize=size.font * 0.8)
    low, high = sorted((observed, without))
    spread = (high - low) or abs(high) * 0.1 or 1.0
    ax.set_xlim(low - 1.2 * spread, high + 1.2 * spread)
    ax.set_ylim(-1, 1)
    bare(ax)
    value_axis(ax, "x", "%" if series.unit.level == "%" else "", ticks=4 if size.narrow else 7)
    right = observed >= without
    for value, text, colour, ahead in (
        (
            observed,
            f"{'Observed' if series.treated else 'With (est.)'}\n{level(series.observed, series.unit, error)}",
            INK,
            right,
        ),
        (without, f"Without (est.)\n{level(series.counterfactual, series.unit, error)}", "#a84a00", not right),
    ):
        ax.annotate(
            text,
            (value, 0),
            xytext=(size.font if ahead else -size.font, 0),
            textcoords="offset points",
            ha="left" if ahead else "right",
            va="center",
            color=colour,
            fontsize=size.font * 0.95,
        )
    unit = series.unit.level.strip()
    ax.set_title(
        f"{series.group.capitalize()}{', ' + unit if unit else ''}", loc="left", color=MUTED, fontsize=size.font
    )
