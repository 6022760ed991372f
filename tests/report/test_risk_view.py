"""The risk view: the bad end of each interval, what did not pass, and what to do; and the trial a choice stands in for."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sample_result import Z, launch, opt_in

from causal_eval.design.assumptions import ASSUMPTIONS
from causal_eval.plots import names
from causal_eval.report.blocks import Section, Table
from causal_eval.report.harm import harm_of
from causal_eval.report.sections import risk, target_trial
from causal_eval.results.types import Clause, Diagnostic, Event, StudyResult, Verdict


def told(section: Section | None, caption: str) -> list[list[str]]:
    """The table of that caption, each cell as one text."""
    assert section is not None
    table = next(b for b in section.blocks if isinstance(b, Table) and b.caption == caption)

    def words(line: tuple[object, ...]) -> str:
        return "".join(x if isinstance(x, str) else getattr(x, "word", "") or getattr(x, "text", "") for x in line)

    return [[" | ".join(words(x) for x in c.lines) for c in row] for row in table.rows]


def test_the_worst_plausible_case_is_the_bad_end_of_the_interval() -> None:
    """The low end where higher is better, the high end where lower is better."""
    result = launch()
    for name in ("csat", "reopen_rate"):
        found, harm = result.find(name), harm_of(result, name)
        assert found is not None and found.estimate is not None and harm is not None
        interval = found.estimate.headline.interval
        assert interval is not None
        assert harm.worst == (interval.low if name == "csat" else interval.high)


def test_the_sum_over_the_treated_is_in_cases_for_a_share() -> None:
    """1,612 fewer or more cases, never per cent of a sum: its low end is 1612.4 - 2.0227 * 477.5."""
    harm = harm_of(launch(), "resolved_7d")
    assert harm is not None and harm.total == "+650 cases"
    assert round(1612.4 - Z * 477.5, -1) == 650


def test_the_smallest_harm_is_the_half_width_and_what_power_adds() -> None:
    """The half-width times (1.95996 + 0.84162) / 1.95996, on the harmful side (Bloom 1995)."""
    harm = harm_of(launch(), "resolved_7d")
    assert harm is not None and harm.smallest == pytest.approx(-Z * 0.00684 * 1.42940, rel=1e-4)


def test_a_guardrail_that_is_open_says_how_much_narrower_its_interval_must_be() -> None:
    """Scaling the interval by that much puts its bad end on the margin."""
    result = launch()
    clause = next(c for c in result.decision.clauses if c.role == "guardrail" and c.outcome == "not cleared")
    harm, metric = harm_of(result, clause.metric), result.metric(clause.metric)
    assert harm is not None and harm.narrower is not None and harm.narrower > 1 and metric.margin is not None
    found = result.find(clause.metric)
    assert found is not None and found.estimate is not None
    effect = found.estimate.effect("overall", metric.margin_scale or "absolute")
    assert effect is not None and effect.interval is not None
    sign = -1 if metric.better == "lower" else 1
    bad = effect.interval.high if metric.better == "lower" else effect.interval.low
    assert sign * (effect.value + (bad - effect.value) / harm.narrower) == pytest.approx(-abs(metric.margin))
    row = next(r for r in told(risk.section(result), "Harm that the data leave open") if "Not cleared" in r[3])
    assert f"{harm.narrower:.1f} times narrower" in row[5]


def test_what_failed_stands_before_what_warned_and_before_what_was_not_run() -> None:
    """One row a check; what could not be checked shares one row."""
    rows = told(risk.section(launch()), "What would break the conclusion")
    assert [re.split(r"[|]", r[1])[0].strip() for r in rows][:3] == ["Fail", "Warn", "Not run"]
    assert "which queues share agents" in rows[2][2]


def test_an_event_after_the_launch_is_a_risk_and_one_before_it_is_not() -> None:
    """Only what overlaps the time when the launch was on can be in the estimate."""
    result = launch()
    weeks = result.design.periods
    early = Event("Early", weeks[2], period=weeks[2])
    late = Event("Late", weeks[-2], period=weeks[-2])
    rows = told(risk.section(replace(result, events=(early, late))), "What would break the conclusion")
    assert [r[0].split(" | ")[0] for r in rows if "other change" in r[0]] == ["Late"]


def _quiet() -> StudyResult:
    result = launch()
    decision = replace(result.decision, clauses=(), threats=())
    return replace(result, diagnostics=(), events=(), decision=decision)


def test_nothing_at_risk_gives_no_section() -> None:
    """Absent, never empty."""
    assert risk.section(_quiet()) is None


@pytest.mark.parametrize("verdict", ["fail", "warn", "not_run"])
def test_each_open_verdict_alone_brings_the_section_back(verdict: Verdict) -> None:
    """And a pass does not."""
    check = Diagnostic("pre_trends", "resolved_7d", "main", "parallel_trends", verdict, "They drift.", breaks="Look.")
    assert told(risk.section(replace(_quiet(), diagnostics=(check,))), "What would break the conclusion")
    assert risk.section(replace(_quiet(), diagnostics=(replace(check, verdict="pass"),))) is None


def test_every_outcome_of_the_decision_has_something_to_do() -> None:
    """No cell of the last column is empty, whatever the decision made of a metric."""
    result = launch()
    for outcome in ("met", "not met", "breached", "inconclusive", "missing", "cleared", "not cleared"):
        clauses = tuple(
            Clause(c.metric, c.role, outcome, "because")
            for c in result.decision.clauses  # type: ignore[arg-type]
        )
        shown = replace(result, decision=replace(result.decision, clauses=clauses))
        assert all(r[5] for r in told(risk.section(shown), "Harm that the data leave open"))


def test_assumptions_are_called_as_the_catalogue_calls_them() -> None:
    """The write-up cannot import the catalogue, so its titles are compared here."""
    assert {a.name: a.title for a in ASSUMPTIONS.values()} == names.ASSUMPTIONS


def test_a_choice_is_laid_beside_the_trial_it_stands_in_for() -> None:
    """Eight elements; what the study does not state is said to be not stated."""
    rows = told(target_trial.section(opt_in()), "Target trial and its emulation")
    assert [r[0] for r in rows] == [
        "Eligibility", "Strategies", "Assignment", "Time zero", "Follow-up", "Outcome", "Effect", "Analysis",
    ]  # fmt: skip
    by = {r[0]: r[2] for r in rows}
    assert "212 rows left out: propensity outside [0.02, 0.98]" in by["Eligibility"]
    assert all("Not stated" in by[k] for k in ("Eligibility", "Strategies", "Time zero", "Follow-up"))
    assert "tenure, contacts before" in by["Assignment"]


def test_what_the_author_states_takes_the_place_of_not_stated() -> None:
    """Population, contrast, and the horizon of a duration."""
    result = opt_in()
    q = replace(result.question, population="Users with a locked account", contrast="Opened, against not opened")
    said = replace(result, question=q, spec={"metrics": [{"name": "contacts", "horizon": 28.0}]})
    by = {r[0]: r[2] for r in told(target_trial.section(said), "Target trial and its emulation")}
    assert by["Eligibility"].startswith("Users with a locked account")
    assert by["Strategies"] == "Opened, against not opened." and by["Follow-up"].startswith("28 days")


def test_a_panel_has_no_target_trial() -> None:
    """It compares paths, not people who chose."""
    assert target_trial.section(launch()) is None
