"""Sensitivity: how far the assumptions could fail before the conclusion did."""

from __future__ import annotations

from collections.abc import Collection

from causal_eval.report.blocks import Block, Facts, Line, Section, Text
from causal_eval.report.wording import scale_note, sentence, verdict_mark
from causal_eval.results.types import StudyResult

_ASKED = {
    "sensitivity": "If trends part after the launch",
    "omitted_variable": "If something not measured drove the choice",
    "hidden_confounding": "If something not measured drove the choice",
    "e_value": "The same as a risk ratio",
    "rosenbaum": "The same as odds within pairs",
    "identification": "If other weights fit as well",
    "leave_one_out": "If one unit were left out",
    "donor_spillover": "If the launch reached the donors",
    "no_anticipation": "If the launch was felt before it",
}
"""Checks that say how strong a failure would have to be, in the order of the design."""
_AFTER = {"hidden_confounding": ("omitted_variable", "The same in a regression on the same covariates")}
"""Check -> another whose question it asks in its own way, and how it is asked beside that one."""
_FIGURES = {"sensitivity", "contour"}


def section(result: StudyResult, figures: Collection[str]) -> Section | None:
    """The primary metric's; absent where no such check could run."""
    name = result.primary_metric.name
    rows: list[tuple[str, Line]] = []
    ran = [d for d in result.diagnostics if d.metric == name and d.verdict != "not_run"]
    for check, asked in _ASKED.items():
        other, beside = _AFTER.get(check, ("", ""))
        if any(d.check == other for d in ran):
            asked = beside
        for d in ran:
            if d.check == check:
                rows.append((asked, (verdict_mark(d.verdict), f": {sentence(d.reading)}")))
    if not rows and not _FIGURES & set(figures):
        return None
    blocks: list[Block] = [Facts(tuple(rows))] if rows else []
    note = "What it would take to overturn the result, not how likely that is: judge that from knowledge of the launch."
    blocks.append(Text((f"{note} {scale_note(result)}".rstrip(),), "note"))
    return Section("sensitivity", "Sensitivity: what it would take to overturn it", tuple(blocks))
