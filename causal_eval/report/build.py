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
    places,
    question,
    reproduce,
    results,
    risk,
    scorecard,
    sign_off,
    target_trial,
)
from causal_eval.report.sections.banner import banner
from causal_eval.results.types import StudyResult

Audience = Literal["launch-review", "exec", "technical", "policy"]

_LEFT_OUT: dict[str, frozenset[str]] = {
    "launch-review": frozenset({"appendix"}),
    "technical": frozenset(),
    "policy": frozenset({"appendix", "event-study", "reproduce"}),
    "exec": frozenset(
        {
            "appendix",
            "event-study",
            "question",
            "design",
            "target-trial",
            "results",
            "segments",
            "assumptions",
            "events",
            "limitations",
            "data",
            "reproduce",
        }
    ),
}


def build(
    result: StudyResult, *, audience: str = "launch-review", figures: Collection[str] | None = None
) -> list[Block]:
    """The banner, then the sections that the result holds numbers for and the audience reads.

    ``figures`` names the figures at hand (default: all that the result gives). Raises UsageError (E605) for an
    audience that does not exist.
    """
    if audience not in _LEFT_OUT:
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
        figure.event_study(result, figures),
        question.section(result),
        design.section(result),
        target_trial.section(result),
        results.section(result, figures),
        exploratory.section(result),
        assumptions.section(result),
        events.section(result),
        limitations.section(result),
        lineage.section(result),
        reproduce.section(result),
        sign_off.section(result),
        appendix.section(result, figures),
    ]
    skip = _LEFT_OUT[audience]
    read = [s for s in sections if s is not None and s.anchor not in skip]
    return [banner(result), *places.placed(read, figures)]
