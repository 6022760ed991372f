"""Robustness: whether the other analyses of the primary metric would lead to the same decision."""

from __future__ import annotations

from causal_eval.plots.agreement import agreement, agreement_text, reasons
from causal_eval.plots.names import analysis_name, metric_label, plural
from causal_eval.plots.spec import metric_order
from causal_eval.report.blocks import Block, Bullets, FigureRef, Line, Section, Strong, Sub, Text
from causal_eval.report.wording import ROBUSTNESS_MEANS, holds_zero, metric_unit, robustness_sentence
from causal_eval.results.types import Estimate, StudyResult


def section(result: StudyResult) -> Section | None:
    """Absent where the primary analysis stands alone or gave no estimate. References are left out."""
    main = result.headline.estimate
    if main is None or result.headline.role == "reference":
        return None
    name = result.primary_metric.name
    others = [f for f in result.findings if f.metric == name and f.role == "robustness"]
    if not others:
        return None
    blocks: list[Block] = []
    if result.decision.robustness:
        blocks.append(Text((robustness_sentence(result), " ", ROBUSTNESS_MEANS[result.decision.robustness])))
    blocks.append(Text((counted(main, [f.estimate for f in others if f.estimate is not None]),)))
    failed = [analysis_name(f) for f in others if f.estimate is None]
    if failed:
        blocks.append(Text((f"Without an estimate, and so without a say: {', '.join(failed)}.",)))
    found = agreement(result, name)
    if found is not None:
        unit = metric_unit(result, result.primary_metric)
        blocks.append(Text((agreement_text(found, unit),)))
        blocks.append(Bullets(tuple((x,) for x in reasons(found, result.design.unit_noun))))
    blocks.append(
        Text(
            ("The analyses share their data, so that their agreement is weaker evidence than their number suggests.",),
            "note",
        )
    )
    return Section("robustness", "Robustness: would other analyses say the same?", (*blocks, *_elsewhere(result)))


def _elsewhere(result: StudyResult) -> list[Block]:
    """Whether families of methods agree on the other metrics; where they do not, their figure."""
    said: list[Line] = []
    apart: list[Block] = []
    for metric, suffix in metric_order(result)[1:]:
        found = agreement(result, metric)
        if found is not None:
            info = result.metric(metric)
            said.append((Strong(f"{metric_label(info)}: "), agreement_text(found, metric_unit(result, info))))
            if found.apart:
                apart.append(FigureRef(f"triangulation{suffix}"))
    return [Sub("Do the families of methods agree on the other metrics?"), Bullets(tuple(said)), *apart] if said else []


def counted(main: Estimate, others: list[Estimate]) -> str:
    """How many point the same way, and how many of their intervals say the same as the primary one about zero."""
    n = len(others)
    if n == 0:
        return "No other analysis gave an estimate."
    sign = main.headline.value > 0
    same = sum(1 for e in others if (e.headline.value > 0) == sign)
    said = (
        f"Beside the primary analysis, {n} {plural('other', n)} gave an estimate. {same} of {n} "
        f"{'points' if same == 1 else 'point'} the same way"
    )
    zero = holds_zero(main.headline)
    judged = [e for e in others if e.headline.interval is not None]
    if zero is None or not judged:
        return said + "."
    alike = sum(1 for e in judged if holds_zero(e.headline) == zero and (zero or (e.headline.value > 0) == sign))
    verb = ("include" if zero else "lie") + ("s" if alike == 1 else "")
    what = f"{verb} zero" if zero else f"{verb} {'above' if sign else 'below'} zero"
    return f"{said}; {alike} of {len(judged)} intervals {what}, as the primary one does."
