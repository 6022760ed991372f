"""One metric against its rule: superior, shown harmless, breached, or none of these. Oriented so that up is good."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from causal_eval.results.types import Clause, Diagnostic, Effect, Failure, Finding, MetricInfo


@dataclass(frozen=True, slots=True)
class Oriented:
    """An effect with up as good: value and interval on one scale; None where the procedure gave no interval."""

    value: float
    low: float | None
    high: float | None


def oriented(effect: Effect, metric: MetricInfo) -> Oriented:
    """``effect`` with its sign turned where lower is better."""
    low = effect.interval.low if effect.interval else None
    high = effect.interval.high if effect.interval else None
    if metric.better == "lower":
        return Oriented(-effect.value, None if high is None else -high, None if low is None else -low)
    return Oriented(effect.value, low, high)


def _sized(finding: Finding, metric: MetricInfo, scale: str | None) -> Oriented | None:
    """The overall effect on the scale a margin is stated in."""
    estimate = finding.estimate
    if estimate is None:
        return None
    effect = estimate.effect("overall", "relative" if scale == "relative" else "absolute")
    return None if effect is None else oriented(effect, metric)


def _absolute(size: float | None, scale: str | None, finding: Finding) -> float | None:
    estimate = finding.estimate
    if size is None or estimate is None:
        return None
    if scale == "relative":
        return None if estimate.counterfactual is None else size * abs(estimate.counterfactual)
    return size


def primary(finding: Finding | None, metric: MetricInfo) -> Clause:
    """Superiority: met, not met (shown too small, or too small to matter), breached (shown worse), or inconclusive."""
    if finding is None or finding.estimate is None:
        reason = "no analysis of this study may be the headline (references only)"
        if finding is not None and isinstance(finding.said, Failure):
            reason = finding.said.message
        return Clause(metric.name, "primary", "missing", f"there is no estimate to decide on: {reason}")
    if metric.better is None:
        return Clause(
            metric.name, "primary", "inconclusive", "the study does not say which direction is good (`better`)"
        )
    found = oriented(finding.estimate.headline, metric)
    margin = _absolute(metric.min_effect, metric.min_effect_scale, finding)
    if found.low is None or found.high is None:
        return Clause(metric.name, "primary", "inconclusive", "the procedure gives no interval at this level", margin)
    sized = _sized(finding, metric, metric.min_effect_scale) if metric.min_effect is not None else None
    if found.high < 0:
        return Clause(metric.name, "primary", "breached", "it is worse, and its interval excludes zero", margin)
    if found.low > 0:
        if metric.min_effect is not None and sized is None:
            return Clause(
                metric.name,
                "primary",
                "not met",
                "it is better, but its relative size, which the minimum effect is stated in, is not available",
                margin,
            )
        if metric.min_effect is not None and sized is not None and sized.value < metric.min_effect:
            return Clause(
                metric.name,
                "primary",
                "not met",
                "it is better, but by less than the smallest effect that would matter",
                margin,
            )
        return Clause(metric.name, "primary", "met", "it is better, and its interval excludes zero", margin)
    if (
        metric.min_effect is not None
        and sized is not None
        and sized.high is not None
        and sized.high < metric.min_effect
    ):
        return Clause(metric.name, "primary", "not met", "an improvement large enough to matter is ruled out", margin)
    if metric.min_effect is not None:
        reason = "its interval includes zero, and effects that would matter"
        return Clause(metric.name, "primary", "inconclusive", reason, margin)
    return Clause(metric.name, "primary", "inconclusive", "its interval includes zero: it may be better or worse")


def guardrail(finding: Finding | None, metric: MetricInfo) -> Clause:
    """Non-inferiority: cleared, breached (shown beyond the margin), or not cleared."""
    if finding is None or finding.estimate is None:
        return Clause(metric.name, "guardrail", "missing", "there is no estimate of it")
    if metric.better is None:
        return Clause(
            metric.name, "guardrail", "not cleared", "the study does not say which direction is good (`better`)"
        )
    margin = _absolute(metric.margin, metric.margin_scale, finding)
    found = _sized(finding, metric, metric.margin_scale)
    if found is None or found.low is None or found.high is None:
        return Clause(
            metric.name, "guardrail", "not cleared", "there is no interval on the scale of its margin", margin
        )
    limit = -(metric.margin or 0.0)
    if metric.margin is None:
        if found.high < 0:
            return Clause(metric.name, "guardrail", "breached", "it got worse, and its interval excludes zero")
        return Clause(metric.name, "guardrail", "not cleared", "no margin is stated, so harmless cannot be shown")
    if found.low > limit:
        worse = " (it did get worse, by less than the margin)" if found.high < 0 else ""
        return Clause(metric.name, "guardrail", "cleared", f"harm beyond the margin is ruled out{worse}", margin)
    if found.high < limit:
        return Clause(metric.name, "guardrail", "breached", "harm beyond the margin is shown", margin)
    return Clause(metric.name, "guardrail", "not cleared", "harm beyond the margin cannot be ruled out", margin)


def secondary(finding: Finding | None, metric: MetricInfo) -> Clause:
    """A secondary metric or negative control: described, never decisive."""
    if finding is None or finding.estimate is None:
        return Clause(metric.name, metric.role, "missing", "there is no estimate of it")
    found = oriented(finding.estimate.headline, metric)
    if found.low is None or found.high is None:
        return Clause(metric.name, metric.role, "inconclusive", "the procedure gives no interval at this level")
    if metric.role == "negative_control":
        moved = found.low > 0 or found.high < 0
        return Clause(
            metric.name,
            metric.role,
            "breached" if moved else "cleared",
            "it moved, though nothing should have moved it" if moved else "it did not visibly move, as it should not",
        )
    if found.low <= 0 <= found.high:
        return Clause(metric.name, metric.role, "inconclusive", "its interval includes zero")
    if metric.better is None:
        return Clause(
            metric.name, metric.role, "inconclusive", "it moved; the study does not say which direction is good"
        )
    better = found.low > 0
    return Clause(
        metric.name, metric.role, "met" if better else "breached", "it is better" if better else "it is worse"
    )


def held_to_checks(clause: Clause, diagnostics: Sequence[Diagnostic], gates: Collection[str]) -> Clause:
    """The clause of a metric beside the primary one, without an answer where a gating check fails on that metric.

    A guardrail is then neither cleared nor shown breached; a secondary metric is inconclusive. The primary metric's failed gate
    closes the whole decision instead.
    """
    failed = sorted(
        {d.check for d in diagnostics if d.metric == clause.metric and d.verdict == "fail" and d.check in gates}
    )
    answered = clause.outcome in ("met", "not met", "breached", "cleared")
    if clause.role not in ("guardrail", "secondary") or not failed or not answered:
        return clause
    said = " and ".join(c.replace("_", " ") for c in failed)
    reason = f"{clause.reason}, but the estimate does not stand: {said} failed on it"
    return replace(clause, outcome="not cleared" if clause.role == "guardrail" else "inconclusive", reason=reason)
