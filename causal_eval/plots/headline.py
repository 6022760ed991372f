"""The headline figure: observed against the estimate without the launch, and the gap between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causal_eval.plots.data import LevelSeries, PathSeries
from causal_eval.plots.numbers import change, effect_text, error_of, interval_text, level, share
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
    heading,
    period_axis,
    pretty,
    shorten,
    style,
    text_width,
    value_axis,
    wrap,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WITHOUT = "Without the launch (estimated)"


def title(label: str, series: PathSeries | LevelSeries) -> str:
    """The finding in one line: metric, effect, interval."""
    effect = series.headline
    interval = ""
    if effect.interval:
        interval = f" ({share(effect.interval.level)} interval {interval_text(effect, series.unit, bare=True)})"
    return f"{label}: {effect_text(effect, series.unit)}{interval}"


def spans(flags: tuple[bool, ...]) -> list[tuple[int, int]]:
    """First and last position of every run of True."""
    out: list[tuple[int, int]] = []
    for k, on in enumerate(flags):
        if on and out and out[-1][1] == k - 1:
            out[-1] = (out[-1][0], k)
        elif on:
            out.append((k, k))
    return out


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
        head = _heading(figure, title(series.label, series), size)
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


def _heading(figure: Figure, text: str, size: Size) -> float:
    """Draw the title and give the height it takes, in inches."""
    heading(figure, text, size)
    said = figure.get_suptitle()
    top = 0.1
    suptitle = figure.texts[0]
    suptitle.set_y(1 - top / size.height)
    suptitle.set_verticalalignment("top")
    return top + (said.count("\n") + 1) * size.font * 1.15 * 1.3 / 72 + size.font * 0.5 / 72


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
            _axis_width(tops, size, signed=False, suffix=_tick_suffix(series)),
            _axis_width(gaps, size, signed=True, suffix=""),
        )
        + 0.2
    )


def _tick_suffix(series: PathSeries) -> str:
    return "%" if series.unit.level == "%" else ""


def _axis_width(values: list[float], size: Size, *, signed: bool, suffix: str) -> float:
    """Room for the tick labels of those values: they are made once on a scrap of axes and measured."""
    from matplotlib.figure import Figure

    ax = Figure(figsize=(size.width, size.height)).add_axes((0.1, 0.1, 0.8, 0.4))
    ax.set_ylim(*_limits(values))
    value_axis(ax, "y", suffix, ticks=4 if signed else 5, signed=signed)
    return max((text_width(t.get_text(), size.font * 0.92) for t in ax.get_yticklabels()), default=0.2)


def _limits(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    spread = high - low or abs(high) * 0.1 or 1.0
    return low - 0.08 * spread, high + 0.08 * spread


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
    ax.set_ylim(*_limits(observed + without))
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
    ax.set_ylim(*_limits(values))
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


def draw_levels(series: LevelSeries, size: Size) -> Figure:
    """Without a time axis: the two levels above, the effect with its interval below."""
    from matplotlib.figure import Figure

    with style(size):
        figure = Figure(figsize=(size.width, size.height * (0.68 if size.narrow else 0.62)))
        flat = Size(size.name, size.width, float(figure.get_figheight()), size.font, size.line)
        head = _heading(figure, title(series.label, series), flat)
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
        ax.set_xlim(*_limits(values))
        ax.set_ylim(-1, 1)
        _bare(ax)
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


def _bare(ax: Axes) -> None:
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    grid(ax, "x")


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
    _bare(ax)
    value_axis(ax, "x", "%" if series.unit.level == "%" else "", ticks=4 if size.narrow else 7)
    right = observed >= without
    for value, text, colour, ahead in (
        (observed, f"Observed\n{level(series.observed, series.unit, error)}", INK, right),
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
    ax.set_title(f"Treated group{', ' + unit if unit else ''}", loc="left", color=MUTED, fontsize=size.font)
