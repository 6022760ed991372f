"""The decision rule: every branch, and that the recommendation never contradicts its clauses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal_eval.decision.rule import decide
from causal_eval.results.types import Diagnostic, Effect, Estimate, Failure, Finding, Interval, MetricInfo, Sample
from causal_eval.spec.models import DecisionSpec

RULE = DecisionSpec()
PRIMARY = MetricInfo("p", "Resolved", "primary", "mean", "higher")
GUARD = MetricInfo("g", "CSAT", "guardrail", "mean", "higher", margin=0.5, margin_scale="absolute")


def finding(metric, low, high, *, counterfactual=10.0):
    value = (low + high) / 2
    effects = tuple(
        Effect("overall", scale, value / by, (high - low) / 4 / by, 0.5, Interval(low / by, high / by, 0.95, "t"))
        for scale, by in (("absolute", 1.0), ("relative", counterfactual))
    )
    estimate = Estimate(
        "did", "att", "the effect", effects, Sample(10, 10, 5, 5), 0.95, "t", counterfactual=counterfactual
    )
    return Finding(metric, "did", "did", "primary", estimate)


def say(*pairs, diagnostics=(), rule=RULE):
    return decide([m for m, _ in pairs], [f for _, f in pairs if f is not None], diagnostics, rule)


@pytest.mark.parametrize(
    ("primary", "guard", "said"),
    [
        ((1, 3), (-0.2, 0.2), "ship"),
        ((1, 3), (-0.8, 0.2), "hold"),
        ((1, 3), (-2, -0.6), "roll back"),
        ((-3, -1), (-0.2, 0.2), "roll back"),
        ((-1, 3), (-0.2, 0.2), "cannot tell"),
        ((1, 3), (-0.4, -0.1), "ship"),
    ],
)
def test_branches(primary, guard, said):
    """Superiority and non-inferiority; a guardrail that got worse by less than its margin is cleared."""
    assert say((PRIMARY, finding("p", *primary)), (GUARD, finding("g", *guard))).recommendation == said


def test_lower_is_better_turns_everything_round():
    """A fall in a metric that should fall ships; a rise rolls back."""
    down = replace(PRIMARY, better="lower")
    assert say((down, finding("p", -3, -1))).recommendation == "ship"
    assert say((down, finding("p", 1, 3))).recommendation == "roll back"


def test_minimum_effect():
    """Better by less than what matters is a hold; ruled out is a hold; relative sizes use the relative effect."""
    wants = replace(PRIMARY, min_effect=5.0, min_effect_scale="absolute")
    assert say((wants, finding("p", 1, 3))).recommendation == "hold"
    assert say((wants, finding("p", -1, 3))).recommendation == "hold"
    assert say((wants, finding("p", -1, 30))).recommendation == "cannot tell"
    assert say((wants, finding("p", 1, 3)), rule=DecisionSpec(require_min_effect=False)).recommendation == "ship"
    relative = replace(PRIMARY, min_effect=0.1, min_effect_scale="relative")
    assert say((relative, finding("p", 1.5, 2.5))).recommendation == "ship"
    assert say((relative, finding("p", 0.1, 0.3))).recommendation == "hold"


def test_a_failed_gate_silences_the_estimate():
    """A failed gating check: cannot tell, whatever the numbers; one that does not gate is a threat only."""
    bad = Diagnostic("pre_trends", "p", "did", "parallel_trends", "fail", "They drifted.", gate=True)
    closed = say((PRIMARY, finding("p", 1, 3)), diagnostics=[bad])
    assert closed.recommendation == "cannot tell" and "pre trends" in closed.reason
    loose = say((PRIMARY, finding("p", 1, 3)), diagnostics=[replace(bad, gate=False)])
    assert loose.recommendation == "ship" and loose.threats == ("They drifted.",)


def test_an_estimate_called_weak_is_held_where_the_rule_asks_for_robustness() -> None:
    """Poor overlap, and little that would overturn it: the recommendation says what the word robustness says."""
    apart = Diagnostic("overlap", "p", "did", "overlap", "warn", "The groups are so unlike.")
    easy = Diagnostic("e_value", "p", "did", "no_confounding", "warn", "Little would do.")
    asked = DecisionSpec(require_robustness=True)
    weak = say((PRIMARY, finding("p", 1, 3)), diagnostics=[easy, apart], rule=asked)
    assert weak.recommendation == "hold" and weak.robustness == "weak"
    assert "in doubt (overlap)" in weak.reason and weak.threats[0] == "The groups are so unlike."
    for one in (easy, apart):
        assert say((PRIMARY, finding("p", 1, 3)), diagnostics=[one], rule=asked).recommendation == "ship"
    shipped = say((PRIMARY, finding("p", 1, 3)), diagnostics=[easy, apart])
    assert shipped.recommendation == "ship" and "robustness" not in shipped.rule
    assert "robustness is weak" in weak.rule


def test_a_failed_gate_on_another_metric_takes_that_metrics_answer() -> None:
    """A guardrail is then neither cleared nor breached, a secondary metric inconclusive; others keep theirs."""
    aside = MetricInfo("s", "Speed", "secondary", "mean", "higher")
    metrics = [PRIMARY, GUARD, aside]
    fails = [Diagnostic("pre_trends", name, "did", "parallel_trends", "fail", "apart") for name in ("g", "s")]
    for guard in ((-0.2, 0.2), (-2, -0.6)):
        found = [finding("p", 1, 3), finding("g", *guard), finding("s", 1, 2)]
        decision = decide(metrics, found, fails, RULE, gates={"pre_trends"})
        assert decision.recommendation == "hold"
        assert [c.outcome for c in decision.clauses] == ["met", "not cleared", "inconclusive"]
        assert "pre trends failed on it" in decision.clauses[2].reason
        assert decide(metrics, found, fails, RULE).clauses[2].outcome == "met", (
            "a check that gates nothing takes nothing"
        )


def test_a_gate_that_could_not_run_is_no_pass():
    """The estimate may ship, and the reason says what it rests on unchecked."""
    silent = Diagnostic("pre_trends", "p", "did", "parallel_trends", "not_run", "There is no lead to test.", gate=True)
    d = say((PRIMARY, finding("p", 1, 3)), diagnostics=[silent])
    assert d.recommendation == "ship" and "could not be checked (pre trends)" in d.reason
    assert d.threats == ("Not checked (pre trends): there is no lead to test.",)


def test_no_estimate_no_interval_no_direction_is_cannot_tell():
    """What is missing is said, never guessed."""
    failed = Finding("p", "did", "did", "primary", Failure("E401", "no pre-period is left", status="refused"))
    assert "no pre-period" in say((PRIMARY, failed)).reason
    assert "references only" in say((PRIMARY, None)).reason
    unbounded = finding("p", 1, 3)
    bare = replace(unbounded.estimate, effects=tuple(replace(e, interval=None) for e in unbounded.estimate.effects))
    assert "no interval" in say((PRIMARY, replace(unbounded, said=bare))).reason
    assert "direction" in say((replace(PRIMARY, better=None), finding("p", 1, 3))).reason


def test_a_guardrail_without_margin_cannot_be_cleared():
    """Not cleared is not passed."""
    open_ = replace(GUARD, margin=None, margin_scale=None)
    assert say((PRIMARY, finding("p", 1, 3)), (open_, finding("g", -0.1, 0.1))).recommendation == "hold"
    loose = DecisionSpec(require_guardrails=False)
    assert say((PRIMARY, finding("p", 1, 3)), (open_, finding("g", -0.1, 0.1)), rule=loose).recommendation == "ship"


@given(low=st.floats(-5, 5), width=st.floats(0.01, 5), glow=st.floats(-3, 3), gwidth=st.floats(0.01, 3))
def test_the_recommendation_follows_from_its_clauses(low, width, glow, gwidth):
    """Ship needs a met primary and cleared guardrails; roll back needs something breached."""
    d = say((PRIMARY, finding("p", low, low + width)), (GUARD, finding("g", glow, glow + gwidth)))
    outcomes = {c.metric: c.outcome for c in d.clauses}
    if d.recommendation == "ship":
        assert outcomes == {"p": "met", "g": "cleared"}
    if d.recommendation == "roll back":
        assert "breached" in outcomes.values()
    if "breached" in outcomes.values():
        assert d.recommendation == "roll back"


def test_an_answer_on_weak_evidence_says_so_beside_the_recommendation() -> None:
    """The rule of the plan decides; a reader of its first line knows how far to lean on it."""
    poor = [
        Diagnostic(name, "p", "did", "parallel_trends", "warn", "The reading.")
        for name in ("placebo_in_time", "sensitivity")
    ]
    strong, weak = (say((PRIMARY, finding("p", 1, 3)), diagnostics=found) for found in ([], poor))
    assert strong.recommendation == weak.recommendation == "ship"
    assert weak.robustness == "weak" and weak.reason.endswith("The evidence behind this is weak.")
    assert "weak" not in strong.reason
