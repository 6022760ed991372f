"""The bottom line: the recommendation and why, in ninety words."""

from __future__ import annotations

from causal_eval.report.blocks import Block, Callout, Section, Text
from causal_eval.report.wording import bottom_line, recommendation_mark
from causal_eval.results.types import StudyResult


def section(result: StudyResult) -> Section:
    """Always there: a study without an estimate says so here."""
    reason, sentences = bottom_line(result)
    first, *rest = sentences
    blocks: list[Block] = [
        Callout(recommendation_mark(result), "Recommendation", (reason,) if reason else ()),
        Text((first,), "lead"),
    ]
    blocks += [Text((x,)) for x in rest]
    return Section("bottom-line", "Bottom line", tuple(blocks))
