"""A hand-made result that holds every kind of evidence a figure can show, with numbers that tests can tell by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from sample_result import START, WEEKS, effect, launch

from causal_eval.results.types import (
    BalanceRow,
    Diagnostic,
    Effect,
    Estimate,
    Event,
    Finding,
    Identification,
    MetricInfo,
    StudyResult,
    Weight,
)

PLACEBO_UNITS = 24


def placebos() -> list[dict[str, Any]]:
    """The treated unit (ratio 6) and 24 others, one of them with a larger ratio and two that fit badly before."""
    out = []
    for k in range(PLACEBO_UNITS + 1):
        before = 0.004 if k == 0 else 0.03 if k in (5, 6) else 0.003 + 0.0001 * k
        ratio = 6.0 if k == 0 else 7.5 if k == 3 else 1.0 + 0.1 * k
        gaps = [before * math.sin(2.1 * t + k) * (1 if t < START else ratio) for t in range(len(WEEKS))]
        out.append(
            {
                "unit": "" if k == 0 else f"Queue {k}",
                "rmspe_before": before,
                "rmspe_after": before * ratio,
                "ratio": ratio,
                "effect": gaps[-1],
                "gaps": gaps,
            }
        )
    return out


def placebo_groups() -> dict[str, Any]:
    """As many groups in eight bins of 0.006 around zero, one of them at least as far from it as 0.0208."""
    return {
        "value": 0.0208,
        "edges": [-0.024 + 0.006 * k for k in range(9)],
        "groups": [1, 2, 3, 6, 6, 4, 2, 0],
        "as_far": [1, 0, 0, 0, 0, 0, 0, 0],
    }


def contributions(averages: tuple[float, ...] = (-0.006, 0.004, 0.003, 0.0005), rest: float = 0.0002) -> dict[str, Any]:
    """Queues 2, 3, ... and the rest: nothing before, ten times the average in the washout, then from half of it to three halves."""

    def by_period(average: float) -> list[float]:
        after = len(WEEKS) - START - 2
        return [0.0] * START + [10 * average] * 2 + [average * (0.5 + k / (after - 1)) for k in range(after)]

    donors = [
        {"unit": f"Queue {k}", "weight": 0.3 - 0.02 * k, "by_period": by_period(a)} for k, a in enumerate(averages, 2)
    ]
    n = PLACEBO_UNITS - len(averages) - 1 if rest > 0.01 else 1
    return {
        "periods": list(WEEKS),
        "donors": donors,
        "others": {"n": n, "weight": 0.08, "by_period": by_period(rest)},
    }


def restricted_means() -> dict[str, Any]:
    """Days to an answer, cut at 3.5, 7, 10.5 and 14 days: open by step 90, 60, 30 and 20%, and 92, 70, 46 and 32% without."""
    return {
        "days": [3.5, 7.0, 10.5, 14.0],
        "observed": [3.15, 5.25, 6.3, 7.0],
        "without": [3.22, 5.67, 7.28, 8.4],
        "effect": [-0.07, -0.42, -0.98, -1.4],
        "low": [-0.21, None, -1.61, -2.20908],
        "high": [0.07, None, -0.35, -0.59092],
    }


def contour() -> dict[str, Any]:
    """What is left of +2.31 points on a grid, with two benchmarks of which one lies beside the other."""
    r2d = [0.02 * k for k in range(16)]
    r2y = [0.02 * k for k in range(16)]
    estimate = [[0.0231 - 0.16 * math.sqrt(y * x / (1 - x)) for x in r2d] for y in r2y]
    return {
        "r2d": r2d,
        "r2y": r2y,
        "estimate": estimate,
        "benchmarks": [
            {"name": "tenure", "r2d": 0.04, "r2y": 0.05, "estimate": 0.0158},
            {"name": "language", "r2d": 0.045, "r2y": 0.05, "estimate": 0.0154},
            {"name": "volume before the launch", "r2d": 0.2, "r2y": 0.18, "estimate": -0.0106},
        ],
    }


def _opt_in_details() -> dict[str, Any]:
    return {
        "overlap": {
            "treated_by_score": [0, 0, 2, 9, 30, 55, 60, 48, 20, 12, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            "untreated_by_score": [5, 20, 61, 80, 75, 40, 22, 12, 6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            "auc": 0.74,
            "outside": 0.021,
        },
        "calibration": {
            "predicted": [0.08, 0.21, 0.33, 0.45, 0.6],
            "observed": [0.05, 0.24, 0.31, 0.5, 0.55],
            "n": [100, 200, 300, 100, 4],
        },
        "toc": {
            "share": [0.1 * k for k in range(1, 11)],
            "effect": [0.02 * (1 - 0.1 * k) for k in range(1, 11)],
            "low": [0.02 * (1 - 0.1 * k) - 0.01 * (1 - 0.1 * k) for k in range(1, 11)],
            "high": [0.02 * (1 - 0.1 * k) + 0.01 * (1 - 0.1 * k) for k in range(1, 11)],
        },
    }


def drawn() -> Identification:
    """A graph with confounders, an instrument, a mediator, a common effect, and something hidden; ``language`` is not adjusted for."""
    edges = (
        ("language", "resolved"), ("language", "routed"), ("lottery", "routed"), ("mood", "replies"), ("mood", "resolved"),
        ("replies", "resolved"), ("resolved", "survey"), ("routed", "replies"), ("routed", "resolved"), ("routed", "survey"),
        ("site", "tenure"), ("tenure", "resolved"), ("tenure", "routed"),
    )  # fmt: skip
    return Identification(
        True, "routed", "resolved", tuple(sorted({n for e in edges for n in e})), edges, ("mood",), ("tenure",),
        (("language", "tenure"),), False, ("language",), ("routed", "language", "resolved"), ("lottery",),
    )  # fmt: skip


def crowded_graph() -> Identification:
    """Two dozen nodes with long names, most of them common causes."""
    names = [
        f"{word} of the ticket before the {when}"
        for word in ["age", "size", "topic", "tone"]
        for when in ["launch", "week", "day"]
    ]
    treatment, outcome = "opened_the_new_self_help_page", "resolved_within_seven_days_reopened_excluded"
    more = ("Supercalifragilisticexpialidocious", "number_of_agents_on_duty_in_the_evening_shift_of_the_second_line")
    edges = [(n, v) for n in names for v in (treatment, outcome)] + [
        (more[0], treatment),
        (more[1], outcome),
        (more[0], names[0]),
    ]
    edges += [(treatment, "replies of the agents"), ("replies of the agents", outcome), (treatment, outcome)]
    return Identification(
        True, treatment, outcome, tuple(sorted({n for e in edges for n in e})), tuple(sorted(edges)), (more[1],), tuple(sorted(names)),
        (tuple(sorted(names)),),
    )  # fmt: skip


def evidence(*, people: bool = False, **changes: Any) -> StudyResult:
    """The launch study with donors, placebos, covariates, sensitivity, several families and two cohorts."""
    result = launch()
    main = result.headline.estimate
    assert main is not None
    donors = replace(
        main,
        method="synthetic_control",
        effects=(effect(0.0208, 0.0074, 0.0078), effect(0.029, 0.0103, 0.0078, scale="relative")),
        event_study=None,
        weights=tuple(Weight("donor", f"Queue {k}", w) for k, w in enumerate((0.0, 0.31, 0.27, 0.22, 0.12, 0.08), 1)),
        details={
            "placebos": placebos(), "periods": list(WEEKS), "placebo_rank": 2, "placebo_n": PLACEBO_UNITS + 1,
            "placebo_p": 2 / (PLACEBO_UNITS + 1), "placebo_group": 3, "placebo_groups": placebo_groups(),
            "contributions": contributions(),
        },
    )  # fmt: skip
    people_like = Estimate(
        "aipw", "ate", "The average effect on everyone.", (effect(-0.0102, 0.006, 0.09),),
        replace(main.sample, n_units=700, n_rows=700), 0.95, "influence function",
        balance=tuple(
            b
            for k, name in enumerate(("tenure in months", "language", "tickets opened in the quarter before the launch"))
            for b in (BalanceRow(name, "before", 0.42 - 0.3 * k), BalanceRow(name, "after", 0.03 * (k - 1)))
        ),
        details=_opt_in_details(),
    )  # fmt: skip
    segments = tuple(
        effect(0.01 + 0.004 * k, 0.009, 0.1, aggregation=f"segment:{column}={name}")
        for column, names in (
            ("region", ("north", "south", "a region whose name is rather long")),
            ("tier", ("1", "2")),
        )
        for k, name in enumerate(names)
    )
    main = replace(main, effects=(*(e for e in main.effects if not e.aggregation.startswith("segment")), *segments))
    answered = replace(
        main,
        effects=(effect(-1.4, 0.4, 0.0005),),
        path=(),
        event_study=None,
        baseline=8.1,
        observed=7.0,
        counterfactual=8.4,
        notes=(),
        details={"restricted_means": restricted_means()},
    )
    findings = (
        Finding("resolved_7d", "main", "did", "primary", main),
        Finding("resolved_7d", "donors", "synthetic_control", "robustness", donors),
        Finding("resolved_7d", "people", "aipw", "robustness", people_like),
        *(f for f in result.findings if f.analysis not in ("main", "synthetic") or f.metric != "resolved_7d"),
        Finding("days_open", "main", "did", "primary", answered),
    )
    sensitivity = Diagnostic(
        "sensitivity", "resolved_7d", "main", "Parallel trends", "warn", "Breakdown 0.62.", statistic=0.62,
        details={
            "relative_magnitudes": [[0.5, 0.002, 0.045], [1.0, -0.012, 0.058], [1.5, -0.027, 0.072], [2.0, -0.041, 0.086]],
            "breakdown_mbar": 0.6249, "no_departure": [0.009, 0.037],
            "by_event": [[2, -0.012, 0.045], [3, 0.001, 0.048], [4, -0.02, 0.069], [5, -0.33, 0.38]],
        },
    )  # fmt: skip
    hidden = Diagnostic(
        "hidden_confounding", "resolved_7d", "main", "No hidden confounding", "warn", "Robustness value 0.13.",
        details={"estimate": 0.0231, "contour": contour()},
    )  # fmt: skip
    return replace(
        result,
        metrics=(*result.metrics, MetricInfo("days_open", "Days to an answer", "secondary", "duration", "lower")),
        findings=findings,
        diagnostics=(*result.diagnostics, sensitivity, hidden),
        design=replace(
            result.design, adoption="staggered", cohorts=((WEEKS[START], 10), (WEEKS[START + 4], 5), (WEEKS[-1], 1))
        ),
        spec={**result.spec, "privacy": {"min_cell": 11, "unit_is_person": people}},
        identification=drawn(),
        **changes,
    )


def crowded_evidence() -> StudyResult:
    """The same with long names, many events, a currency and breached guardrails."""
    result = evidence(people=True)
    label = (
        "Share of tickets about account access that were resolved within seven days of their opening, reopened excluded"
    )
    metrics = tuple(
        replace(m, label=f"{m.label}, as counted by the second-line teams of every region in the quarter")
        if m.role == "guardrail"
        else m
        for m in result.metrics
    )
    metrics = (replace(metrics[0], label=label, kind="mean", units="$"), *metrics[1:])
    decision = replace(
        result.decision,
        clauses=tuple(
            replace(c, outcome="breached") if c.outcome == "not cleared" else c for c in result.decision.clauses
        ),
    )
    events = tuple(
        Event(f"Incident number {k} with a name that goes on and on for the sake of it", w, period=w)
        for k, w in enumerate(result.design.periods[6:18])
    )
    donors = next(f for f in result.findings if f.analysis == "donors")
    assert donors.estimate is not None
    many = contributions(tuple(0.004 * (-0.9) ** k for k in range(12)), 0.02)
    estimate = replace(
        donors.estimate, details={**donors.estimate.details, "contributions": many},
        weights=tuple(Weight("donor", f"Queue {k}", (25 - k) / 300) for k in range(1, PLACEBO_UNITS + 1)),
    )  # fmt: skip
    findings = tuple(replace(f, said=estimate) if f is donors else f for f in result.findings)
    return replace(
        result, findings=findings, metrics=metrics, decision=decision, events=events, design=replace(result.design, washout=2),
        identification=crowded_graph(),
    )  # fmt: skip


def large_numbers() -> StudyResult:
    """A metric in millions without an interval anywhere."""
    result = evidence()

    def scaled(f: Finding) -> Finding:
        if f.estimate is None or f.metric != "resolved_7d":
            return f
        effects = tuple(
            Effect(e.aggregation, e.scale, e.value * (3e8 if e.scale == "absolute" else 1), note="none")
            for e in f.estimate.effects
        )
        return replace(f, said=replace(f.estimate, effects=effects, event_study=None))

    info = MetricInfo("resolved_7d", "Revenue", "primary", "mean", "higher", "€")
    return replace(result, findings=tuple(scaled(f) for f in result.findings), metrics=(info, *result.metrics[1:]))


CASES = {"evidence": evidence, "crowded_evidence": crowded_evidence, "large_numbers": large_numbers}
