"""The minimum effect or margin that a metric is held against, as figures draw it."""

from __future__ import annotations

from causal_eval.results.types import Finding, MetricInfo, StudyResult


def threshold(result: StudyResult, metric: MetricInfo) -> tuple[float | None, str]:
    """The minimum effect or margin on the metric's own scale and in its own direction, and what it is called.

    None where the study declares neither, or declares a relative one of which the decision holds no absolute value.
    """
    guard = metric.role == "guardrail"
    size, scale = (metric.margin, metric.margin_scale) if guard else (metric.min_effect, metric.min_effect_scale)
    if size is None:
        return None, ""
    name = "margin" if guard else "minimum effect"
    worth = abs(size) if scale == "absolute" else None
    if worth is None:
        clause = next((c for c in result.decision.clauses if c.metric == metric.name), None)
        if clause is None or clause.margin is None:
            return None, name
        worth = abs(clause.margin)
    upwards = (metric.better != "lower") != guard
    return (worth if upwards else -worth), name


def relative_threshold(result: StudyResult, metric: MetricInfo, finding: Finding) -> tuple[float | None, str]:
    """The same as a share of the level without the launch."""
    guard = metric.role == "guardrail"
    size, scale = (metric.margin, metric.margin_scale) if guard else (metric.min_effect, metric.min_effect_scale)
    sign = 1.0 if (metric.better != "lower") != guard else -1.0
    if size is not None and scale == "relative":
        return sign * abs(size), "margin" if guard else "minimum effect"
    bound, name = threshold(result, metric)
    base = finding.estimate.counterfactual if finding.estimate else None
    return (bound / abs(base), name) if bound is not None and base else (None, "")
