"""Limitations: generated from what did not pass, and from what an observational study cannot know."""

from __future__ import annotations

from causal_eval.report.blocks import Bullets, Section
from causal_eval.report.limits import limitations
from causal_eval.results.types import StudyResult


def section(result: StudyResult) -> Section:
    """Never empty: not being randomised is one."""
    return Section("limitations", "Limitations", (Bullets(tuple((x,) for x in limitations(result))),))
