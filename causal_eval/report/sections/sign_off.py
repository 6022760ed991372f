"""Sign-off: to be filled in by those who decide."""

from __future__ import annotations

from causal_eval.report.blocks import Form, Section
from causal_eval.report.wording import recommendation_mark
from causal_eval.results.types import StudyResult


def section(result: StudyResult) -> Section:
    """Who decided what, whether it follows the recommendation, and when to look again."""
    rows = [("Recommendation of this study", recommendation_mark(result).word), ("Decision taken", ""),
            ("If it differs, why", "")]  # fmt: skip
    rows += [("Owner, date", f"{result.question.owner}, " if result.question.owner else "")]
    rows += [("Reviewer, date", f"{name}, ") for name in result.question.reviewers or ("",)]
    rows.append(("Look again on", ""))
    return Section("sign-off", "Sign-off", (Form(tuple((k, v.rstrip(" ,")) for k, v in rows)),))
