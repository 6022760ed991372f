"""The decision rule: ordered, first match wins: invalid, roll back, ship, hold, cannot tell.

Spotify's rule for several metrics (Schultzberg, Ankargren & Frånberg 2024): ship when the success metric is superior and
every guardrail is non-inferior by its margin; a guardrail that could not be cleared is not passed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from causal_eval.decision.evidence import guardrail, held_to_checks, primary, secondary
from causal_eval.decision.robustness import robustness
from causal_eval.results.types import Decision, Diagnostic, Finding, MetricInfo

if TYPE_CHECKING:
    from causal_eval.spec.models import DecisionSpec


def decide(
    metrics: Sequence[MetricInfo],
    findings: Sequence[Finding],
    diagnostics: Sequence[Diagnostic],
    rule: DecisionSpec,
    *,
    gates: Collection[str] = (),
) -> Decision:
    """The recommendation with its reason and one clause a metric.

    Args:
        gates: checks whose failure on a guardrail or a secondary metric leaves that metric without an answer.
    """
    own = {f.metric: f for f in findings if f.role == "primary"}
    by_role = {"primary": primary, "guardrail": guardrail}
    alone = (by_role.get(m.role, secondary)(own.get(m.name), m) for m in metrics)
    clauses = tuple(held_to_checks(c, diagnostics, gates) for c in alone)
    first = next(c for c in clauses if c.role == "primary")
    label = {m.name: m.label for m in metrics}
    guards = [c for c in clauses if c.role == "guardrail"]
    breached = [c for c in guards if c.outcome == "breached"]
    open_guards = [c for c in guards if c.outcome in ("not cleared", "missing")]
    closed = [d for d in diagnostics if d.gate and d.verdict == "fail"]
    text = _rule_text(rule, next(m for m in metrics if m.role == "primary"), bool(guards))
    threats = _threats(diagnostics, metrics, findings)

    leant = robustness(diagnostics, first.metric)

    def say(what: str, reason: str) -> Decision:
        if what in ("ship", "roll back") and leant[0] == "weak":
            reason += " The evidence behind this is weak."
        return Decision(what, text, reason, clauses, threats, *leant)  # type: ignore[arg-type]

    named = f"{label[first.metric]}: {first.reason}"
    if closed:
        failed = ", ".join(sorted({d.check.replace("_", " ") for d in closed}))
        return say("cannot tell", f"The estimate does not stand: a check that gates the decision failed ({failed}).")
    if first.outcome == "missing":
        return say("cannot tell", f"{named}.")
    if breached:
        return say("roll back", "; ".join(f"{label[c.metric]}: {c.reason}" for c in breached) + ".")
    if first.outcome == "breached":
        return say("roll back", f"{named}.")
    weak = first.outcome == "not met" and "less than" in first.reason
    superior = first.outcome == "met" or (weak and not rule.require_min_effect)
    waiting = open_guards if rule.require_guardrails else []
    if superior and not waiting:
        tail = " Every guardrail is cleared." if guards and not open_guards else ""
        unchecked = [
            d.check.replace("_", " ")
            for d in diagnostics
            if d.gate and d.verdict == "not_run" and d.details.get("applies") is not False
        ]
        if unchecked:
            tail += f" It rests on what could not be checked ({', '.join(unchecked)})."
        if rule.require_robustness and leant[0] == "weak":
            return say("hold", f"{named}; but {leant[1]}.")
        return say("ship", f"{named}.{tail}")
    if superior:
        return say("hold", f"{named}; but " + "; ".join(f"{label[c.metric]}: {c.reason}" for c in waiting) + ".")
    if first.outcome == "not met":
        return say("hold", f"{named}.")
    return say("cannot tell", f"{named}.")


def _rule_text(rule: DecisionSpec, metric: MetricInfo, guards: bool) -> str:
    parts = [f"{metric.label} is better with an interval that excludes zero"]
    if rule.require_min_effect and metric.min_effect is not None:
        parts[0] += " and reaches the smallest effect that would matter"
    if guards and rule.require_guardrails:
        parts.append("harm beyond the margin is ruled out for every guardrail")
    return (
        f"Ship if {' and '.join(parts)}; roll back if it is shown to be worse"
        + (" or a guardrail is shown to be beyond its margin" if guards else "")
        + "; hold if it is better but not by enough"
        + (" or a guardrail is open" if guards and rule.require_guardrails else "")
        + (" or its robustness is weak" if rule.require_robustness else "")
        + "; otherwise the study cannot tell. No decision rests on an estimate whose gating checks failed."
    )


_UNSEEN = {
    True: "No check can see what was not measured: what drives both the choice and the outcome would be counted as effect.",
    False: "No check can see another change that reached the treated alone after the launch: it would be counted as effect.",
}
"""The threat that is left when every check passed, for data with one period and for data with several."""


def _threats(
    diagnostics: Sequence[Diagnostic], metrics: Sequence[MetricInfo], findings: Sequence[Finding]
) -> tuple[str, ...]:
    """What could be wrong: failures first, then warnings, then what could not be checked, and what no check can see.

    Secondary metrics decide nothing, so what speaks against them comes last.
    """
    label = {m.name: m.label for m in metrics}
    aside = {m.name for m in metrics if m.role == "secondary"}
    order = {"fail": 0, "warn": 1, "not_run": 2}
    open_ = sorted(
        (d for d in diagnostics if d.verdict in order and d.details.get("applies") is not False),
        key=lambda d: (d.metric in aside, order[d.verdict], d.check not in ("pre_trends", "overlap")),
    )
    several = len(label) > 1

    def sentence(d: Diagnostic) -> str:
        said = d.reading
        if d.verdict == "not_run":
            said = f"not checked ({d.check.replace('_', ' ')}): {said[0].lower()}{said[1:]}"
            said = said if several else said[0].upper() + said[1:]
        return f"{label.get(d.metric, d.metric)}: {said}" if several else said

    estimate = next((f.estimate for f in findings if f.estimate is not None), None)
    unseen = () if estimate is None or open_ else (_UNSEEN[estimate.sample.n_periods == 1],)
    return (*(sentence(d) for d in open_), *unseen)
