"""The head: what this is, that it is observational, how final, from which data and spec, and who answers for it."""

from __future__ import annotations

from causal_eval.plots.style import pretty
from causal_eval.report.blocks import Banner, Code, Line, Mark
from causal_eval.report.sections import plan
from causal_eval.report.wording import report_setting
from causal_eval.results.types import StudyResult


def banner(result: StudyResult) -> Banner:
    """The banner."""
    q = result.question
    final = report_setting(result, "status") == "final"
    facts: list[tuple[str, Line]] = [("Study", (Code(q.id),))]
    if q.owner:
        facts.append(("Owner", (q.owner,)))
    if q.reviewers:
        facts.append(("Reviewers", (", ".join(q.reviewers),)))
    if result.lineage.as_of:
        facts.append(("Data as of", (pretty(result.lineage.as_of),)))
    facts.append(("Spec", (Code(result.provenance.spec_sha256[:12]),)))
    locked = plan.mark(result)
    return Banner(
        q.title,
        q.question,
        (
            Mark("⚠", "Observational, not randomised", "warn"),
            Mark("●", "Final", "neutral") if final else Mark("○", "Draft", "neutral"),
            *([locked] if locked else []),
        ),
        tuple(facts),
    )
