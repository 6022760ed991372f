"""One word for how far the headline can be leant on: good, satisfactory or weak, from its checks and its sensitivity.

Weak: a check failed; or one warns that the comparison itself is poor, and another that little would be needed to overturn it.
Satisfactory: something warns, or an assumption that stands in for randomisation could not be checked at all. Good: nothing that ran
does. Nothing measured can make it better than its design.
"""

from __future__ import annotations

from collections.abc import Sequence

from causal_eval.design.assumptions import ASSUMPTIONS, IDENTIFYING
from causal_eval.results.types import Diagnostic, Robustness

STRENGTH = ("hidden_confounding", "omitted_variable", "e_value", "rosenbaum", "sensitivity")
"""Checks that say how strong a failure would have to be; the others say whether the comparison is sound."""
SILENT = ("equivalence",)
"""What leads too noisy to rule anything out say: nothing for the comparison, and nothing against it."""


def robustness(diagnostics: Sequence[Diagnostic], metric: str) -> tuple[Robustness, str]:
    """The word and its reason for the primary analysis of ``metric``; empty where no check ran."""
    mine = [d for d in diagnostics if d.metric == metric]
    ran = [d for d in mine if d.verdict != "not_run"]
    failed = [d for d in ran if d.verdict == "fail"]
    warned = [d for d in ran if d.verdict == "warn"]
    easy = [d for d in warned if d.check in STRENGTH]
    poor = [d for d in warned if d.check not in (*STRENGTH, *SILENT)]
    if not ran:
        return "", ""
    if failed:
        return "weak", f"a check failed ({_names(failed)}): another method or other data may well give another answer"
    if easy and poor:
        return "weak", (
            f"the comparison is in doubt ({_names(poor)}), and little would be needed to overturn it ({_names(easy)}): look for "
            "other evidence before acting on it"
        )
    reasons = [f"with what the warnings say kept in mind ({_names(warned)})"] if warned else []
    if unseen := _unseen(mine):
        reasons.append(
            f"{unseen} could not be checked on these data: only what is known of the launch can speak for it"
        )
    if reasons:
        return "satisfactory", ", and ".join(reasons)
    return "good", "no check that ran warns; what was not measured stays unknown"


def _names(found: Sequence[Diagnostic]) -> str:
    return ", ".join(dict.fromkeys(d.check.replace("_", " ") for d in found))


def _unseen(found: Sequence[Diagnostic]) -> str:
    """The identifying assumptions that had checks, none of which could run, in words."""
    asked = [d for d in found if d.assumption in IDENTIFYING and d.details.get("applies") is not False]
    seen = {d.assumption for d in asked if d.verdict != "not_run"}
    return " and ".join(
        dict.fromkeys(ASSUMPTIONS[d.assumption].title.lower() for d in asked if d.assumption not in seen)
    )
