"""Sensitivity bounds of the event study: the average effect if trends part after the launch by as much as before it."""

from __future__ import annotations

from dataclasses import dataclass

from causal_eval.plots.names import metric_label, plural
from causal_eval.plots.numbers import Unit, decimals, fixed, is_log, plain, share, unit_of
from causal_eval.plots.rows import Group, Line, Mark, Panel, chart
from causal_eval.plots.spec import Family, FigureSpec, Value, each_metric
from causal_eval.plots.style import BLUE, STEEL
from causal_eval.results.types import Diagnostic, StudyResult

MEANING = "1 is the largest step between neighbouring periods before the launch"


@dataclass(frozen=True, slots=True)
class BoundSeries:
    """The sets of one metric: (departure in multiples, low, high), and the departure at which zero enters."""

    label: str
    unit: Unit
    level: float
    noun: str
    sets: tuple[tuple[float, float, float], ...]
    breakdown: float | None
    """None where zero stays outside up to the largest departure looked at."""
    includes_zero: bool
    """Whether zero is inside already under parallel trends."""

    @property
    def places(self) -> int:
        """Decimals of the bounds: three digits of the narrowest set."""
        width = min(high - low for _, low, high in self.sets) * self.unit.factor
        return max(0, decimals(width / 4 or None, width))

    def text(self, low: float, high: float) -> str:
        """One set in words."""
        f = self.unit.factor
        a, b = (fixed(v * f, self.places, signed=True) for v in (low, high))
        return f"{a} to {b}{self.unit.change}"


def bound_series(result: StudyResult, metric: str) -> BoundSeries | None:
    """The relative-magnitude sets that the sensitivity check kept; None where it made none."""
    said = next((d for d in result.diagnostics if d.check == "sensitivity" and d.metric == metric), None)
    sets = _sets(said) if said is not None else ()
    if said is None or not sets:
        return None
    info = result.metric(metric)
    estimate = next((f.estimate for f in result.findings if f.metric == metric and f.analysis == said.analysis), None)
    level = estimate.event_study.level if estimate is not None and estimate.event_study is not None else 0.95
    broke = said.details.get("breakdown_mbar")
    return BoundSeries(
        metric_label(info), unit_of(info, log=is_log(result, metric)), level, result.design.time_noun, sets,
        float(broke) if isinstance(broke, (int, float)) else None, sets[0][0] == 0 and sets[0][1] <= 0 <= sets[0][2],
    )  # fmt: skip


def _sets(said: Diagnostic) -> tuple[tuple[float, float, float], ...]:
    rows = said.details.get("relative_magnitudes")
    none = said.details.get("no_departure")
    out = [(float(m), float(low), float(high)) for m, low, high in rows] if isinstance(rows, list) else []
    if out and isinstance(none, list):
        out.insert(0, (0.0, float(none[0]), float(none[1])))
    return tuple(out)


def breakdown_text(series: BoundSeries) -> str:
    """When zero enters, in one sentence."""
    if series.includes_zero:
        return "Zero is inside the interval already under parallel trends."
    if series.breakdown is None:
        return f"Zero stays outside up to {plain(series.sets[-1][0])} times, the largest departure shown."
    shown = fixed(int(series.breakdown * 100) / 100, 2) if series.breakdown >= 0.01 else plain(series.breakdown)
    return f"Zero enters the interval at a departure of {shown} times."


def bounds_figure(series: BoundSeries, name: str) -> FigureSpec:
    """One row a departure."""
    f = series.unit.factor
    lines = tuple(
        Line(
            "No departure" if m == 0 else f"{plain(m)} times",
            series.text(low, high),
            (Mark((low + high) / 2 * f, low * f, high * f, STEEL if low <= 0 <= high else BLUE, shape=""),),
        )
        for m, low, high in series.sets
    )
    unit = series.unit.change.strip()
    panel = Panel(f"Average effect, {share(series.level)} interval{', ' + unit if unit else ''}", (Group(lines),))
    title = f"{series.label}: if trends part after the launch"
    note = f"Rows: departure from parallel trends per {series.noun}; {MEANING}. {breakdown_text(series)}"
    said = "; ".join(f"{x.name.lower()}: {x.words}" for x in lines)
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (m, low, high, "yes" if low <= 0 <= high else "no") for m, low, high in series.sets
    )
    return FigureSpec(
        name,
        title,
        f"Intervals of the average effect on {series.label} under departures from parallel trends of up to "
        f"{plain(series.sets[-1][0])} times the largest step before the launch. {breakdown_text(series)}",
        f"Each row is an interval of the average effect that holds if, from one {series.noun} to the next, trends part after "
        f"the launch by at most that multiple ({MEANING}; {plural(series.noun)} before the launch are the yardstick). {said}.",
        ("departure", "low", "high", "includes_zero"),
        rows,
        max(0, decimals(None, min(high - low for _, low, high in series.sets))),
        *chart(title, (panel,), note),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """A figure a metric whose sensitivity check made sets."""
    return each_metric(result, "sensitivity", bound_series, bounds_figure)


FAMILY = Family(
    "sensitivity",
    "The average effect if trends part after the launch by multiples of what they did before.",
    specs,
    True,
)
