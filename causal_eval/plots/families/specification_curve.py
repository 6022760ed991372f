"""The specification curve: every analysis of the primary metric by size, and the choices that each made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.plots.agreement import FAMILIES, family_of
from causal_eval.plots.layout import axis_width, frame, limits
from causal_eval.plots.names import SHORT, analysis_name, capital, method_name, metric_label
from causal_eval.plots.numbers import Unit, decimals, effect_text, error_of, is_log, unit_of
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import BLUE, FAINT, INK, MUTED, STEEL, Size, grid, shorten, style, text_width, value_axis
from causal_eval.results.types import Effect, StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST = 3
"""Analyses below which there is no curve."""
_ROLES = {"primary": "Primary", "robustness": "Robustness", "reference": "Reference"}


@dataclass(frozen=True, slots=True)
class Spec:
    """One analysis: its effect and its choices."""

    name: str
    family: str
    method: str
    short: str
    """The method where there is little room."""
    role: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class Curve:
    """Analyses by rising estimate; ``failed`` gave none."""

    label: str
    unit: Unit
    specs: tuple[Spec, ...]
    failed: tuple[str, ...]

    def choices(self, *, short: bool = False) -> list[tuple[str, str, tuple[bool, ...]]]:
        """(kind of choice, choice, which analyses made it): families with their methods, then roles."""
        out = []
        for family in dict.fromkeys(s.family for s in self.specs):
            for method, brief in dict.fromkeys((s.method, s.short) for s in self.specs if s.family == family):
                out.append(("method", brief if short else method, tuple(s.method == method for s in self.specs)))
        for key, role in _ROLES.items():
            if any(s.role == key for s in self.specs):
                out.append(("role", role, tuple(s.role == key for s in self.specs)))
        return out


def curve_series(result: StudyResult) -> Curve | None:
    """Every analysis of the primary metric with an estimate; None for fewer than three."""
    metric = result.primary_metric
    found, failed = [], []
    for f in result.findings:
        if f.metric != metric.name:
            continue
        if f.estimate is None:
            failed.append(analysis_name(f))
            continue
        family = family_of(f.method)
        name = FAMILIES[family][0] if family in FAMILIES else family
        method = method_name(f.method)
        short = SHORT.get(f.method, method)
        found.append(Spec(analysis_name(f), name, capital(method), capital(short), f.role, f.estimate.headline))
    if len(found) < LEAST:
        return None
    found.sort(key=lambda s: (s.effect.value, s.name))
    return Curve(metric_label(metric), unit_of(metric, log=is_log(result, metric.name)), tuple(found), tuple(failed))


def draw_curve(curve: Curve, size: Size, title: str, note: str) -> Figure:
    """Estimates above, their choices as dots below, on one horizontal order."""
    with style(size):
        f = curve.unit.factor
        points = size.font * 0.88
        values = [0.0]
        for s in curve.specs:
            i = s.effect.interval
            values += [s.effect.value * f, *((i.low * f, i.high * f) if i else ())]
        choices = curve.choices(short=size.narrow)
        row = size.font * 1.6 / 72
        names = max(text_width(c, points) for _, c, _ in choices) + 0.3
        left = max(min(names, size.width * 0.42), axis_width(values, size, signed=True, suffix="") + 0.22)
        upper = size.height * (0.36 if size.narrow else 0.42)
        lower = row * (len(choices) + 0.6)
        unit = curve.unit.change.strip()
        caption = f"Effect{', ' + unit if unit else ''}, with its interval"
        made = frame(title, size, left=left, caption=caption, note=note, axis_lines=0.3, height=upper + lower)
        made.ax.set_axis_off()
        box = made.ax.get_position()
        share = lower / (upper + lower)
        ax = made.figure.add_axes((box.x0, box.y0 + box.height * share, box.width, box.height * (1 - share)))
        dots = made.figure.add_axes((box.x0, box.y0, box.width, box.height * share), sharex=ax)
        n = len(curve.specs)
        ax.set_xlim(-0.6, n - 0.4)
        ax.set_ylim(*limits(values))
        ax.axhline(0, color=INK, linewidth=size.line * 0.5)
        for k, s in enumerate(curve.specs):
            colour = BLUE if s.role == "primary" else FAINT if s.role == "reference" else STEEL
            strong = s.role == "primary"
            if s.effect.interval:
                low, high = s.effect.interval.low * f, s.effect.interval.high * f
                ax.vlines([k], low, high, color=colour, linewidth=size.line * (1.5 if strong else 0.9))
            ax.plot(
                [k], [s.effect.value * f], marker="o" if strong else "s", color=colour, linestyle="none",
                markersize=size.font * (0.7 if strong else 0.55), markerfacecolor=colour if strong else "white",
                markeredgewidth=size.line * 0.7,
            )  # fmt: skip
        grid(ax)
        value_axis(ax, "y", "", ticks=5, signed=True)
        ax.tick_params(axis="x", length=0, labelbottom=False)
        dots.set_ylim(len(choices) + 0.1, -0.5)
        dots.set_axis_off()
        inch = n / made.width
        for r, (kind, choice, made_by) in enumerate(choices):
            y = r + (0.4 if kind == "role" else 0.0)
            dots.plot([-0.5, n - 0.5], [y, y], color="#e3e3e3", linewidth=0.8)
            dots.plot(
                [k for k, on in enumerate(made_by) if on], [y] * sum(made_by), marker="o" if kind == "method" else "D",
                color=INK if kind == "method" else MUTED, linestyle="none", markersize=size.font * 0.45,
            )  # fmt: skip
            dots.text(
                -0.6 - (left - 0.12) * inch, y, shorten(choice, left - 0.2, points), fontsize=points, va="center",
                color=INK if kind == "method" else MUTED,
            )  # fmt: skip
        return made.figure


def _found(above: int, below: int, n: int) -> str:
    """What the analyses find, references left out: they are no evidence of an effect."""
    if n == 1:
        side = "above zero" if above else "below zero" if below else "on either side of zero"
        return f"the one analysis beside references finds {'an' if above or below else 'no'} effect {side}"
    if not above and not below:
        return f"none of {n} analyses tells the effect from zero"
    if above and below:
        return f"of {n} analyses {above} {_finds(above)} an effect above zero, {below} below it"
    k = above or below
    return f"{k} of {n} analyses {_finds(k)} an effect {'above' if above else 'below'} zero"


def _finds(n: int) -> str:
    return "finds" if n == 1 else "find"


def _counted(n: int, judged: int) -> str:
    """How many analyses count of ``n``, and whether that leaves references out."""
    return f"{judged} {'analysis' if judged == 1 else 'analyses'}" + (" (references not counted)" if n > judged else "")


def curve_figure(curve: Curve) -> FigureSpec:
    """The curve and its choices."""
    n = len(curve.specs)
    judged = [s for s in curve.specs if s.role != "reference"] or list(curve.specs)
    above = sum(1 for s in judged if s.effect.interval and s.effect.interval.low > 0)
    below = sum(1 for s in judged if s.effect.interval and s.effect.interval.high < 0)
    has = "has" if above == 1 else "have"
    title = f"{curve.label}: {_found(above, below, len(judged))}"
    lowest, highest = curve.specs[0], curve.specs[-1]
    summary = (
        f"{above} of {_counted(n, len(judged))} {has} an interval above zero, {below} below it; estimates run from "
        f"{effect_text(lowest.effect, curve.unit)} ({lowest.name}) to {effect_text(highest.effect, curve.unit)} ({highest.name})"
    )
    failed = f" Without an estimate: {', '.join(curve.failed)}." if curve.failed else ""
    note = f"{above} of {_counted(n, len(judged))} {has} an interval above zero, {below} below it.{failed}"
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (
            k + 1, s.name, s.family, s.method, s.role, s.effect.value,
            s.effect.interval.low if s.effect.interval else None, s.effect.interval.high if s.effect.interval else None,
        )
        for k, s in enumerate(curve.specs)
    )  # fmt: skip
    error = min((e for s in curve.specs if (e := error_of(s.effect))), default=None)
    return FigureSpec(
        "specification_curve",
        title,
        f"Specification curve of {curve.label}: {summary}.",
        f"Above, estimates with intervals by size; below, the method and role of each. {summary}.{failed} The analyses share "
        "their data, so that their agreement is weaker evidence than their number suggests.",
        ("rank", "analysis", "family", "method", "role", "value", "low", "high"),
        rows,
        max(0, decimals(error, lowest.effect.value)),
        lambda size: draw_curve(curve, size, title, note),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where the primary metric has three analyses or more."""
    curve = curve_series(result)
    return [curve_figure(curve)] if curve is not None else []


FAMILY = Family(
    "specification_curve", "Every analysis of the primary metric by size, with the choices each made.", specs
)
