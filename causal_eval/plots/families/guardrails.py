"""Guardrails against their margins: every interval on one scale, on which -1 is the margin."""

from __future__ import annotations

from dataclasses import dataclass

from causal_eval.plots.names import capital, metric_label
from causal_eval.plots.numbers import RELATIVE, effect_text, fixed, interval_text, is_log, unit_of
from causal_eval.plots.rows import Group, Line, Mark, Panel, chart
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import BLUE, INK, VERMILLION
from causal_eval.results.types import StudyResult

_LOOKS = {"cleared": (BLUE, "o", True), "not cleared": (INK, "s", False), "breached": (VERMILLION, "X", True)}


@dataclass(frozen=True, slots=True)
class Guard:
    """A guardrail in multiples of its margin, turned so that up is good; None where it has no estimate on that scale."""

    label: str
    outcome: str
    value: float | None
    low: float | None
    high: float | None
    words: str


def guards(result: StudyResult) -> tuple[Guard, ...]:
    """Every guardrail with a margin, as the decision read it."""
    out = []
    for metric in result.metrics:
        clause = next((c for c in result.decision.clauses if c.metric == metric.name), None)
        if metric.role != "guardrail" or not metric.margin or metric.better is None or clause is None:
            continue
        finding = result.find(metric.name)
        scale = metric.margin_scale or "absolute"
        effect = finding.estimate.effect("overall", scale) if finding is not None and finding.estimate else None
        if effect is None:
            out.append(Guard(metric_label(metric), clause.outcome, None, None, None, "no estimate"))
            continue
        unit = RELATIVE if scale == "relative" else unit_of(metric, log=is_log(result, metric.name))
        per = (-1 if metric.better == "lower" else 1) / abs(metric.margin)
        ends = sorted((effect.interval.low * per, effect.interval.high * per)) if effect.interval else (None, None)
        interval = interval_text(effect, unit, bare=True)
        words = effect_text(effect, unit) + (f" ({interval})" if interval else " (no interval)")
        out.append(Guard(metric_label(metric), clause.outcome, effect.value * per, ends[0], ends[1], words))
    return tuple(out)


def guardrail_figure(series: tuple[Guard, ...]) -> FigureSpec:
    """One row a guardrail, grouped by what the decision made of it."""
    groups = []
    for outcome in dict.fromkeys((*_LOOKS, *(g.outcome for g in series))):
        colour, shape, filled = _LOOKS.get(outcome, (INK, "s", False))
        lines = tuple(
            Line(
                g.label, g.words,
                (Mark(g.value, g.low, g.high, colour, shape, filled),) if g.value is not None else (),
                dim=g.value is None,
            )
            for g in series if g.outcome == outcome
        )  # fmt: skip
        if lines:
            groups.append(Group(lines, capital(outcome)))
    panel = Panel("Worse ← in multiples of the margin → better", tuple(groups), guides=(-1.0,))
    cleared = sum(1 for g in series if g.outcome == "cleared")
    breached = sum(1 for g in series if g.outcome == "breached")
    n = len(series)
    title = f"Guardrails: {cleared} of {n} cleared" + (f", {breached} breached" if breached else "")
    note = f"Dashed: the margin ({fixed(-1, 0)}). Cleared: the whole interval is to the right of it. Breached: the whole is left."
    rows: tuple[tuple[Value, ...], ...] = tuple((g.label, g.outcome, g.value, g.low, g.high) for g in series)
    return FigureSpec(
        "guardrails",
        title,
        f"Intervals of {n} guardrail metric{'s' if n > 1 else ''} against their margins: {cleared} cleared, "
        f"{breached} breached, {n - cleared - breached} not cleared.",
        "Effects in multiples of the margin, turned so that better is to the right; minus one is the margin. "
        + "; ".join(f"{g.label}: {g.outcome}, {g.words}" for g in series)
        + ".",
        ("metric", "outcome", "value", "low", "high"),
        rows,
        2,
        *chart(title, (panel,), note),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where a guardrail has a margin."""
    series = guards(result)
    return [guardrail_figure(series)] if any(g.value is not None for g in series) else []


FAMILY = Family("guardrails", "Each guardrail's interval against its margin: cleared, not cleared or breached.", specs)
