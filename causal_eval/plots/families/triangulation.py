"""The triangulation panel: families of methods side by side on one metric, and whether they agree."""

from __future__ import annotations

from causal_eval.plots.agreement import Agreement, agreement, agreement_text, agreement_words, reasons
from causal_eval.plots.names import analysis_name, estimand_name, metric_label, short_name
from causal_eval.plots.numbers import decimals, effect_text, error_of, interval_text, is_log, unit_of
from causal_eval.plots.rows import Group, Line, Mark, Panel, chart
from causal_eval.plots.spec import Family, FigureSpec, Value, metric_order
from causal_eval.plots.style import BLUE, STEEL
from causal_eval.results.types import StudyResult


def triangulation_figure(result: StudyResult, found: Agreement, metric: str, name: str) -> FigureSpec:
    """One group a family, with its estimate and what it rests on."""
    info = result.metric(metric)
    label, unit = metric_label(info), unit_of(info, log=is_log(result, metric))
    f = unit.factor
    groups = []
    rows: list[tuple[Value, ...]] = []
    for v in found.voices:
        e = v.estimate.headline
        i = e.interval
        interval = interval_text(e, unit, bare=True)
        primary = v.finding.role == "primary"
        mark = Mark(
            e.value * f, i.low * f if i else None, i.high * f if i else None, BLUE if primary else STEEL,
            "o" if primary else "s", primary, primary,
        )  # fmt: skip
        words = effect_text(e, unit) + (f" ({interval})" if interval else " (no interval)")
        groups.append(Group((Line(analysis_name(v.finding), words, (mark,), short_name(v.finding)),), v.name))
        s = v.estimate.sample
        low, high = (i.low, i.high) if i else (None, None)
        rows.append(
            (v.name, analysis_name(v.finding), estimand_name(v.estimate), e.value, low, high, s.n_units, v.assumption)
        )
    words = unit.change.strip() or unit.before
    first = found.voices[0].estimate.headline
    panel = Panel(f"Effect{', ' + words if words else ''}", tuple(groups), guides=(first.value * f,))
    said = agreement_text(found, unit)
    why = reasons(found, result.design.unit_noun)
    title = f"{label}: {len(found.voices)} families of methods {agreement_words(found)}"
    return FigureSpec(
        name,
        title,
        f"Forest chart of {label} by {len(found.voices)} families of methods. {said}",
        " ".join((said, *why)) + " Joint standard errors are as if the analyses were independent, which is lenient.",
        ("family", "analysis", "estimand", "value", "low", "high", "units", "assumption"),
        tuple(rows),
        max(0, decimals(error_of(first), first.value)),
        *chart(title, (panel,), f"{said} Dashed: the estimate of the primary analysis."),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """A figure a metric of which two families of methods gave an estimate."""
    out = []
    for metric, suffix in metric_order(result):
        found = agreement(result, metric)
        if found is not None:
            out.append(triangulation_figure(result, found, metric, f"triangulation{suffix}"))
    return out


FAMILY = Family(
    "triangulation", "Families of methods side by side on one metric, and whether they agree.", specs, by_metric=True
)
