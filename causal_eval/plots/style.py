"""What every figure shares: sizes, colours that colour-blind readers can tell apart, and texts that are measured first.

Nothing global changes: :func:`style` is a ``rc_context`` that starts from matplotlib's own defaults, so that a figure
has the same bytes whatever the caller's matplotlibrc says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from causal_eval.plots.numbers import bound, fixed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.typing import RcKeyType

SizeName = Literal["page", "slide", "phone", "under-title"]

# Okabe and Ito (2008), told apart by line style and marker as well.
INK = "#1a1a1a"
MUTED = "#595959"
FAINT = "#8c8c8c"
GRID = "#e3e3e3"
SHADE = "#eeeeee"
BLUE = "#0072b2"
VERMILLION = "#d55e00"
GREEN = "#009e73"
SKY = "#56b4e9"
STEEL = "#3d7fa6"
PURPLE = "#a0527f"
PAPER = "#ffffff"

DPI = 96


@dataclass(frozen=True, slots=True)
class Size:
    """A figure's size in inches and its base font in points."""

    name: SizeName
    width: float
    height: float
    font: float
    line: float
    titled: bool = True
    """Whether the figure says its title itself."""

    def tall(self, height: float) -> Size:
        """The same with another height, in inches."""
        return replace(self, height=height)

    @property
    def narrow(self) -> bool:
        """Whether there is no room for labels beside the lines."""
        return self.width < 5


SIZES: dict[SizeName, Size] = {
    "page": Size("page", 7.6, 5.2, 9.5, 1.8),
    "slide": Size("slide", 13.333, 7.5, 16.0, 3.0),
    "phone": Size("phone", 3.75, 4.9, 8.5, 1.6),
    "under-title": Size("under-title", 12.1, 5.4, 13.5, 2.6, titled=False),  # the room below the title of a 16:9 slide
}


@contextmanager
def style(size: Size) -> Iterator[None]:
    """The settings under which a figure is made and saved; undone at the end."""
    import matplotlib

    wanted, now = _settings(size.font, size.line), matplotlib.rcParams
    with matplotlib.rc_context():
        for key, value in wanted.items():
            if now[key] != value:
                now[key] = value
        yield


@cache
def _settings(font: float, line: float) -> dict[RcKeyType, Any]:
    """matplotlib's own defaults, but for the backend, and what differs from them; checked once, here."""
    import matplotlib

    default = matplotlib.rcParamsDefault
    ours = matplotlib.RcParams(
        {
            "font.family": ["DejaVu Sans"],
            "font.size": font,
            "text.parse_math": False,
            "text.color": INK,
            "axes.edgecolor": FAINT,
            "axes.labelcolor": MUTED,
            "axes.labelsize": font,
            "axes.linewidth": 0.8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": font,
            "axes.unicode_minus": True,
            "axes.axisbelow": True,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "xtick.labelsize": font * 0.92,
            "ytick.labelsize": font * 0.92,
            "lines.linewidth": line,
            "figure.facecolor": PAPER,
            "savefig.facecolor": PAPER,
            "svg.hashsalt": "causal-eval",
            "svg.fonttype": "path",
            "path.simplify": False,
        }
    )
    return {key: ours[key] if key in ours else default[key] for key in default if key != "backend"}


def text_width(text: str, points: float, *, bold: bool = False) -> float:
    """Width of one line of DejaVu Sans, in inches."""
    from causal_eval.plots.lettering import lettering

    width, _, _ = lettering().get_text_width_height_descent(text, _font(points, bold), False)
    return width / 72


@cache
def _font(points: float, bold: bool) -> FontProperties:
    from matplotlib.font_manager import FontProperties

    return FontProperties(family="DejaVu Sans", size=points, weight="bold" if bold else "normal")


def wrap(text: str, inches: float, points: float, *, bold: bool = False, lines: int = 3) -> str:
    """``text`` broken into at most ``lines`` lines of that width; what does not fit ends in an ellipsis."""
    out: list[str] = []
    for word in bound(" ".join(text.split())).split(" "):
        longer = f"{out[-1]} {word}" if out else word
        if out and text_width(longer, points, bold=bold) <= inches:
            out[-1] = longer
        else:
            out.append(word)
    if len(out) > lines:
        out = [*out[: lines - 1], " ".join(out[lines - 1 :])]
    return "\n".join(shorten(line, inches, points, bold=bold) for line in out)


def shorten(text: str, inches: float, points: float, *, bold: bool = False) -> str:
    """``text`` cut to that width, with an ellipsis where it was cut."""
    if text_width(text, points, bold=bold) <= inches:
        return text
    fits, over = 0, len(text)
    while over - fits > 1:
        middle = (fits + over) // 2
        if text_width(f"{text[:middle].rstrip()}…", points, bold=bold) <= inches:
            fits = middle
        else:
            over = middle
    return f"{text[:fits].rstrip()}…" if fits else ""


def headline(text: str, size: Size) -> str:
    """A figure's title, broken into lines."""
    return wrap(
        text, (size.width - 0.2) * 0.97, size.font * 1.15, bold=True
    )  # drawn in pixels, a line is up to 3% longer


def heading(figure: Figure, text: str, size: Size, *, top: float) -> None:
    """A figure's title: what it shows in one line or two, at the left edge, ``top`` inches below the upper one."""
    figure.suptitle(
        headline(text, size),
        x=0.12 / size.width,
        y=1 - top / size.height,
        ha="left",
        va="top",
        fontsize=size.font * 1.15,
        fontweight="bold",
    )


def value_axis(ax: Axes, axis: Literal["x", "y"], suffix: str, *, ticks: int = 5, signed: bool = False) -> None:
    """Round ticks inside the present limits, each with its unit; fewer along the bottom where their words would meet."""
    if axis == "y":
        low, high = sorted(ax.get_ylim())
        ax.set_yticks(*round_ticks(low, high, suffix, ticks, signed=signed))
        return
    low, high = sorted(ax.get_xlim())
    points = ax.xaxis.get_major_ticks(1)[0].label1.get_fontproperties().get_size_in_points()
    inch = (high - low) / (ax.bbox.width / ax.figure.dpi)
    for most in range(ticks, 0, -1):
        at, words = round_ticks(low, high, suffix, most, signed=signed)
        half = [(text_width(w, points) / 2 + 0.06) * inch for w in words]
        if all(at[k] + half[k] < at[k + 1] - half[k + 1] for k in range(len(at) - 1)):
            break
    else:
        at, words = at[::2], words[::2]
    ax.set_xticks(at, words)


def round_ticks(low: float, high: float, suffix: str, ticks: int, *, signed: bool) -> tuple[list[float], list[str]]:
    """Where at most about ``ticks`` round ticks fall from ``low`` to ``high``, and what they say."""
    from matplotlib.ticker import MaxNLocator

    raw = MaxNLocator(nbins=ticks, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    at = [float(v) for v in raw if low - 1e-12 <= v <= high + 1e-12]
    step = abs(float(raw[1] - raw[0])) if len(raw) > 1 else 1.0
    digits = next((d for d in range(12) if abs(round(step, d) - step) < step * 1e-6), 12)
    return at, [fixed(v, digits, signed=signed) + suffix for v in at]


def pretty(label: str) -> str:
    """A period as it is read aloud: ``2026-07-06`` is ``6 Jul 2026``; others stay as their author wrote them."""
    moment = _date(label)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}" if moment else label


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _date(label: str) -> date | None:
    if len(label) != 10:
        return None
    try:
        return date.fromisoformat(label)
    except ValueError:
        return None


def period_axis(ax: Axes, labels: tuple[str, ...], anchor: int, inches: float, size: Size) -> None:
    """Ticks at as many periods as fit, the launch among them; dates with the year where it begins or changes."""
    points = size.font * 0.92
    moments = [_date(x) for x in labels]
    dated = bool(labels) and all(moments)
    short = (
        [f"{m.day} {_MONTHS[m.month - 1]}" if m else x for m, x in zip(moments, labels, strict=True)]
        if dated
        else list(labels)
    )
    widest = max((text_width(x, points) for x in short), default=0.3)
    per_tick = max(inches / max(len(labels), 1), 1e-6)
    every = max(1, -(-int((widest + 0.14) * 1000) // int(per_tick * 1000 + 1)))
    at = [k for k in range(len(labels)) if (k - anchor) % every == 0]
    words = []
    year = None
    for k in at:
        moment = moments[k]
        words.append(f"{short[k]}\n{moment.year}" if dated and moment and moment.year != year else short[k])
        year = moment.year if moment else None
    ax.set_xticks(at, words)


def grid(ax: Axes, axis: Literal["x", "y"] = "y") -> None:
    """Faint lines across one axis, and no tick marks on it."""
    ax.grid(axis=axis, color=GRID, linewidth=0.8)
    ax.tick_params(axis=axis, length=0)
