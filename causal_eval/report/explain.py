"""A result told at length in plain text: what a notebook's ``result.explain()`` prints."""

from __future__ import annotations

from causal_eval.plots.names import analysis_name, assumption_title
from causal_eval.report.limits import limitations
from causal_eval.report.wording import VERDICT_ORDER, VERDICT_WORDS, effect_line, metric_unit, sentence, summary
from causal_eval.results.types import Estimate, StudyResult


def explain(result: StudyResult) -> str:
    """A longer plain text: what was estimated, how, what came out, what could be wrong."""
    parts: list[str] = [summary(result), "", "What was asked", f"  {sentence(result.question.question)}"]
    parts.append(f"  {sentence('Decision rule: ' + result.decision.rule)}")
    finding = result.headline
    if isinstance(finding.said, Estimate):
        e, s = finding.said, finding.said.sample
        parts += [
            "",
            "What was estimated",
            f"  {sentence(e.estimand_text)}",
            f"  Method: {analysis_name(finding)}.",
            f"  p-values and intervals: {e.inference}.",
            f"  Sample: {s.n_rows:,} rows, {s.n_units:,} units, {s.n_treated:,} of them treated.",
        ]
        parts += [f"  Left out: {d.count:,} {d.what}, {d.reason}." for d in s.dropped]
        parts += [f"  {note}" for note in e.notes]
        others = [f for f in result.findings if f.metric == finding.metric and f is not finding]
        if others:
            unit = metric_unit(result, result.primary_metric)
            parts += ["", "Other analyses of the same metric"]
            for f in others:
                said = (
                    effect_line(f.said.headline, unit)
                    if isinstance(f.said, Estimate)
                    else f"{f.said.status}: {f.said.message}"
                )
                parts.append(f"  {analysis_name(f)}: {said}")
    if result.diagnostics:
        parts += ["", "Assumptions and evidence"]
        for verdict in VERDICT_ORDER:
            parts += [
                f"  [{VERDICT_WORDS[verdict]}] {assumption_title(d.assumption)}: {sentence(d.reading)}"
                for d in result.diagnostics
                if d.verdict == verdict
            ]
    parts += ["", "What could be wrong", *(f"  - {x}" for x in limitations(result))]
    return "\n".join(parts)
