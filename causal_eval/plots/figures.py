"""The figures a result can show: each family is a file in ``families/``, asked in the order of a reader who stops early."""

from __future__ import annotations

from importlib import import_module

from causal_eval.plots.spec import Family, FigureSpec
from causal_eval.results.types import StudyResult

ORDER = (
    "headline",
    "guardrails",
    "event_study",
    "survival",
    "sensitivity",
    "timeline",
    "calendar",
    "attrition",
    "causal_graph",
    "effects",
    "triangulation",
    "specification_curve",
    "segments",
    "targeting",
    "weights",
    "contributions",
    "placebos",
    "placebo_ranks",
    "placebo_groups",
    "overlap",
    "balance",
    "calibration",
    "contour",
)
"""The families, by the names of their files."""


def families() -> tuple[Family, ...]:
    """Every family there is, in order."""
    found: list[Family] = [import_module(f"causal_eval.plots.families.{name}").FAMILY for name in ORDER]
    return tuple(found)


def figures(result: StudyResult) -> list[FigureSpec]:
    """Every figure the result holds the numbers for, family by family."""
    return [spec for family in families() for spec in family.specs(result)]
