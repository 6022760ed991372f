"""From a result to the sections of its write-up, in the order of a reader who stops early."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, get_args

from causal_eval.errors import UsageError, suggest
from causal_eval.report.blocks import Block, Section
from causal_eval.report.sections import (
    appendix,
    assumptions,
    bottom_line,
    design,
    events,
    exploratory,
    figure,
    limitations,
    lineage,
    needed,
    over_time,
    places,
    question,
    reproduce,
    results,
    risk,
    robustness,
    scorecard,
    segments,
    sensitivity,
    sign_off,
    target_trial,
    totals,
)
from causal_eval.report.sections.banner import banner
from causal_eval.results.types import StudyResult

Audience = Literal["launch-review", "exec", "technical", "policy"]

_EVERYTHING = (
    "bottom-line", "headline", "scorecard", "needed", "risk", "question", "design", "target-trial", "results", "over-time", "totals",
    "segments", "exploratory", "assumptions", "robustness", "sensitivity", "events", "limitations", "data", "reproduce", "sign-off",
    "appendix",
)  # fmt: skip
"""The sections by their anchors, in order."""
_READS: dict[str, frozenset[str]] = {
    "launch-review": frozenset(_EVERYTHING) - {"appendix"},
    "technical": frozenset(_EVERYTHING),
    "policy": frozenset(_EVERYTHING)
    - {"over-time", "exploratory", "robustness", "sensitivity", "reproduce", "appendix"},
    "exec": frozenset({"bottom-line", "headline", "scorecard", "needed", "risk", "sign-off"}),
}
"""Audience -> the sections it reads."""


def build(
    result: StudyResult, *, audience: str = "launch-review", figures: Collection[str] | None = None
) -> list[Block]:
    """The banner, then the sections that the result holds numbers for and the audience reads.

    ``figures`` names the figures at hand (default: all that the result gives). Raises UsageError (E605) for an
    audience that does not exist.
    """
    if audience not in _READS:
        raise UsageError("E605", f"no audience {audience!r}", hint=str(suggest(audience, get_args(Audience))))
    if figures is None:
        from causal_eval.plots.figures import figures as all_figures

        figures = [f.name for f in all_figures(result)]
    sections: list[Section | None] = [
        bottom_line.section(result),
        figure.headline(result, figures),
        scorecard.section(result),
        needed.section(result),
        risk.section(result),
        question.section(result),
        design.section(result),
        target_trial.section(result),
        results.section(result, figures),
        over_time.section(result, figures),
        totals.section(result),
        segments.section(result),
        exploratory.section(result),
        assumptions.section(result, every=audience == "technical"),
        robustness.section(result),
        sensitivity.section(result, figures),
        events.section(result),
        limitations.section(result),
        lineage.section(result),
        reproduce.section(result),
        sign_off.section(result),
        appendix.section(result, figures),
    ]
    reads = _READS[audience]
    read = [s for s in sections if s is not None and s.anchor in reads]
    return [banner(result), *places.placed(read, figures)]
