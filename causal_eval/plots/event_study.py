"""The event study: every lead and lag with its interval, against the base period."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causal_eval.plots.data import EventSeries
from causal_eval.plots.headline import _axis_width, _heading, _limits
from causal_eval.plots.numbers import MINUS, share
from causal_eval.plots.strip import Row, draw_strip, strip_height
from causal_eval.plots.style import BLUE, FAINT, INK, MUTED, SHADE, Size, grid, style, text_width, value_axis, wrap

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
        flat = Size(size.name, size.width, float(figure.get_figheight()), size.font, size.line)
        head = _heading(figure, f"{series.label}: effect by {series.noun} since the launch", flat)
        values = [0.0] + [v * f for p in points for v in (p.value, p.low, p.high) if v is not None]
        left = _axis_width(values, flat, signed=True, suffix="") + 0.2
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
        foot = size.font * (4.6 if not size.narrow else 6.4) / 72
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
        mark = min(size.font * 0.62, 72 * width / max(len(points), 1) * 0.55)
        for p in points:
            post = p.event >= 0
            colour = FAINT if p.excluded or p.thin else BLUE if post else "#3d7fa6"
            if p.low is not None and p.high is not None and not p.reference:
                ax.vlines([p.event], p.low * f, p.high * f, color=colour, linewidth=size.line * 0.9)
            ax.plot(
                [p.event],
                [p.value * f],
                marker="o" if post else "s",
                markersize=mark,
                color=colour,
                markerfacecolor="white" if p.reference or not post else colour,
                markeredgecolor=INK if p.reference else colour,
                markeredgewidth=size.line * (0.9 if p.reference else 0.7),
                linestyle="none",
            )
        ax.set_ylim(*_limits(values))
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
        ax.set_xlabel(
            wrap(words, flat.width - 0.3, size.font * 0.92, lines=3), fontsize=size.font * 0.92, x=0, ha="left"
        )
        if size.narrow:
            ax.xaxis.set_label_coords(-(left - 0.12) / width, -size.font * 2.0 / 72 / tall)
        return figure
