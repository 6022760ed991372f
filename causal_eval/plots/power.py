"""The power curve: how often the study would find an effect, by its size, one line a duration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causal_eval.plots.layout import head_room
from causal_eval.plots.numbers import RELATIVE, Unit, fixed, level, share, unit_of
from causal_eval.plots.spec import FigureSpec
from causal_eval.plots.style import BLUE, FAINT, GREEN, PURPLE, VERMILLION, Size, grid, style, value_axis
from causal_eval.results.power import DesignResult, PowerPoint
from causal_eval.results.types import MetricInfo

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LINES = ((BLUE, "solid", "o"), (VERMILLION, "dashed", "s"), (GREEN, "dashdot", "^"), (PURPLE, "dotted", "D"))


def size_text(value: float | None, metric: MetricInfo, *, relative: bool, log: bool = False) -> str:
    """A size of effect without a sign: ``7.4%``, ``286 minutes``; a dash where there is none."""
    if value is None:
        return "–"
    if relative:
        return f"{fixed(100 * value, 1)}%"
    unit = unit_of(metric, log=log)
    return level(value, Unit(unit.factor, unit.before, unit.change, unit.change, unit.words))


def is_relative(result: DesignResult) -> bool:
    """Whether every point of the curve has a relative size."""
    return all(p.effect_relative is not None for p in result.curve)


def power_figure(result: DesignResult) -> FigureSpec | None:
    """The power curve of the set ranked first; None where no set can be judged."""
    best = result.best
    if best is None or not result.curve:
        return None
    relative = is_relative(result)
    said = []
    for d in best.by_duration:
        size = d.mde_relative if relative else d.mde
        text = size_text(size, result.metric, relative=relative, log=result.log)
        said.append(f"{d.duration} {result.noun}s after the launch: {text if size is not None else 'no effect'}")
    what = "relative effect" if relative else "effect"
    alt = (
        f"Line chart of power against {what} for {best.name}. Found in {share(result.power)} of placebo launches: "
        f"{'; '.join(said)}."
    )
    long = (
        f"{len({p.duration for p in result.curve})} lines, one a duration of the post window, over "
        f"{len({p.effect for p in result.curve})} sizes of effect. The dashed level is {share(result.power)}."
    )
    rows = tuple((p.duration, p.effect, p.effect_relative, p.power, p.error) for p in result.curve)
    columns = ("duration", "effect", "effect_relative", "power", "error")
    who = best.name if len(best.units) <= 3 else f"these {len(best.units)} units"
    title = f"What {who} would let the study see"
    return FigureSpec("power", title, alt, long, columns, rows, 3, lambda size: _draw(result, title, relative, size))


def _draw(result: DesignResult, title: str, relative: bool, size: Size) -> Figure:
    from matplotlib.figure import Figure

    with style(size):
        wide, tall = size.width, size.height * 0.8
        figure = Figure(figsize=(wide, tall))
        head = head_room(figure, title, size.tall(tall)) + size.font / 72
        left, foot = 0.75, size.font * 4.2 / 72
        ax = figure.add_axes((left / wide, foot / tall, (wide - left - 0.2) / wide, (tall - foot - head) / tall))
        factor = 100.0 if relative else unit_of(result.metric, log=result.log).factor
        by: dict[int, list[PowerPoint]] = {}
        for p in result.curve:
            by.setdefault(p.duration, []).append(p)
        for k, (duration, points) in enumerate(sorted(by.items())):
            colour, dashes, marker = _LINES[k % len(_LINES)]
            xs = [factor * ((p.effect_relative or 0.0) if relative else p.effect) for p in points]
            ordered = sorted(zip(xs, [100 * p.power for p in points], strict=True))
            ax.plot(*zip(*ordered, strict=True), color=colour, linestyle=dashes, marker=marker, markersize=size.font * 0.45,
                    label=f"{duration} {result.noun}s after", clip_on=False)  # fmt: skip
        ax.axhline(100 * result.power, color=FAINT, linestyle="dashed", linewidth=0.8)
        ax.set_ylim(0, 100)
        ax.set_xlim(left=0)
        unit = "%" if relative else unit_of(result.metric, log=result.log).change
        value_axis(ax, "y", "%")
        value_axis(ax, "x", RELATIVE.change if relative else unit)
        ax.set_xlabel("Effect, as a share of the level without the launch" if relative else "Effect")
        ax.set_ylabel("Launches in which it is found")
        ax.legend(loc="lower right", frameon=False, fontsize=size.font * 0.92)
        grid(ax)
        return figure
