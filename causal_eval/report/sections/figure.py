"""The figure that stands on its own: the headline."""

from __future__ import annotations

from collections.abc import Collection

from causal_eval.plots.names import metric_label
from causal_eval.report.blocks import FigureRef, Section
from causal_eval.results.types import StudyResult


def headline(result: StudyResult, figures: Collection[str]) -> Section | None:
    """Observed against the estimate without the launch, for the primary metric."""
    if "headline" not in figures:
        return None
    return Section("headline", f"What changed: {metric_label(result.primary_metric)}", (FigureRef("headline"),))
