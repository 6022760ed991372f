"""The two figures that stand on their own: the headline and the event study."""

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


def event_study(result: StudyResult, figures: Collection[str]) -> Section | None:
    """Leads and lags of the primary metric."""
    if "event_study" not in figures:
        return None
    return Section("event-study", "Before and after, period by period", (FigureRef("event_study"),))
