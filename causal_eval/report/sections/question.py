"""The question with the decision rule, as asked and as applied."""

from __future__ import annotations

from causal_eval.plots.names import METRIC_ROLES, metric_label
from causal_eval.report.blocks import Block, Column, Facts, Line, Section, Strong, Table, cell, filled
from causal_eval.report.sections import plan
from causal_eval.report.wording import outcome_mark, sentence, threshold_phrase
from causal_eval.results.types import StudyResult


def section(result: StudyResult) -> Section:
    """What was asked, what was expected, and how each metric met its rule."""
    q = result.question
    rows: list[tuple[str, Line]] = [("Question", (q.question,))]
    rows += [(name, (text,)) for name, text in (("Hypothesis", q.hypothesis), ("Context", q.context)) if text]
    rows += [("Decision rule", (sentence(result.decision.rule),)), ("Outcome", (sentence(result.decision.reason),)),
             plan.row(result)]  # fmt: skip
    blocks: list[Block] = [Facts(tuple(rows))]
    if result.decision.clauses:
        known = {m.name: m for m in result.metrics}
        body = tuple(
            (
                cell(Strong(metric_label(known[c.metric]) if c.metric in known else c.metric), METRIC_ROLES[c.role]),
                cell(threshold_phrase(result, known[c.metric]) if c.metric in known else ""),
                cell(outcome_mark(c)),
                cell(sentence(c.reason)),
            )
            for c in result.decision.clauses
        )
        columns = (Column("Metric"), Column("Held against", True), Column("Outcome"), Column("Why", wide=True))
        blocks.append(filled(Table("The decision, metric by metric", columns, body, cards=True)))
    blocks += plan.tables(result.plan_lock)
    return Section("question", "Question and decision rule", tuple(blocks))
