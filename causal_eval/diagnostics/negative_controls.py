"""Did anything move that nothing should have moved? One diagnostic for each metric declared a negative control."""

from __future__ import annotations

from collections.abc import Sequence

from causal_eval.diagnostics.base import CheckInfo, diagnostic, placed
from causal_eval.diagnostics.thresholds import Thresholds
from causal_eval.diagnostics.words import num, p_text
from causal_eval.results.types import Diagnostic, Finding, MetricInfo

INFO = CheckInfo(
    "negative_control",
    "nothing_else_changed",
    "Did a metric move that the launch could not have moved?",
    "An effect on it means something else changed as well, and would be in the other estimates too.",
)


def negative_controls(
    metrics: Sequence[MetricInfo], findings: Sequence[Finding], thresholds: Thresholds
) -> list[Diagnostic]:
    """A warning for each negative control whose effect is told from zero; ``not_run`` where there is no estimate."""
    out = []
    for metric in metrics:
        if metric.role != "negative_control":
            continue
        for finding in (f for f in findings if f.metric == metric.name and f.role == "primary"):
            estimate = finding.estimate
            p = estimate.headline.p_value if estimate else None
            if estimate is None or p is None:
                found = diagnostic(INFO, "not_run", f"There is no test of {metric.label}.")
            else:
                moved = p < thresholds.alpha
                reading = (
                    f"{metric.label} moved by {num(estimate.headline.value)} ({p_text(p)}), though nothing should have moved it."
                    if moved
                    else f"{metric.label} did not visibly move ({p_text(p)}), as it should not."
                )
                found = diagnostic(
                    INFO,
                    "warn" if moved else "pass",
                    reading,
                    statistic=estimate.headline.value,
                    statistic_name="effect",
                    threshold=thresholds.alpha,
                    p_value=p,
                )
            out.append(placed(found, metric=metric.name, analysis=finding.analysis, gate=False))
    return out
