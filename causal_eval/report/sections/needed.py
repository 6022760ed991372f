"""What it would take to tell: only where the primary metric is inconclusive for want of precision."""

from __future__ import annotations

from causal_eval.report.blocks import Block, Code, Section, Text
from causal_eval.report.needed import found_sentence, more_sentences, needed
from causal_eval.results.types import StudyResult


def section(result: StudyResult) -> Section | None:
    """The effect that would have been found, how much more data a smaller one needs, and the command that measures it."""
    found = needed(result)
    if found is None:
        return None
    blocks: list[Block] = [Text((found_sentence(result, found),))]
    blocks.append(Text((" ".join(more_sentences(result, found)),)))
    if result.design.data_kind == "panel":
        blocks.append(
            Text(
                (
                    "A rule of thumb, from the width of the interval alone. ",
                    Code("causal-eval design study.toml"),
                    " measures it in the study's own history before the launch, for more periods and other units.",
                ),
                "note",
            )
        )
    return Section("needed", "What it would take to tell", tuple(blocks))
