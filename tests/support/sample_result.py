"""Hand-made results that look like real ones: the write-up and the figures are tested on them, without estimators."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from causal_eval.results.types import (
    BalanceRow,
    Clause,
    Decision,
    DesignInfo,
    Diagnostic,
    Drop,
    Effect,
    Estimate,
    Event,
    EventPoint,
    EventStudy,
    Failure,
    Finding,
    Interval,
    Lineage,
    MetricInfo,
    PathPoint,
    Provenance,
    Question,
    Sample,
    StudyResult,
    Weight,
)

CLUSTER = "cluster-robust (CR1), t with 39 df"
Z = 2.0227
"""97.5% quantile of Student's t with 39 degrees of freedom."""
WEEKS = tuple((date(2026, 3, 30) + timedelta(weeks=k)).isoformat() for k in range(26))
START = 14
"""Position of the launch week, 2026-07-06."""


def _interval(value: float, error: float, method: str = CLUSTER) -> Interval:
    return Interval(value - Z * error, value + Z * error, 0.95, method)


def effect(value: float, error: float, p: float, *, scale: Any = "absolute", aggregation: str = "overall") -> Effect:
    """An effect with its interval from the same standard error."""
    return Effect(aggregation, scale, value, error, p, _interval(value, error))


def _path(level: float, value: float, error: float) -> tuple[PathPoint, ...]:
    points = []
    for k, week in enumerate(WEEKS):
        post = k >= START
        counterfactual = level + 0.012 * level * math.sin(k / 3.1) + 0.0011 * level * k
        gap = (value * (1 - 0.55 * math.exp(-(k - START) / 2)) * 1.1 if post else 0.0) + 0.35 * error * math.sin(
            2.3 * k
        )
        spread = 1.9 * error * Z * (1.0 if post else 0.8)
        points.append(
            PathPoint(
                week,
                counterfactual + gap,
                counterfactual,
                gap,
                gap - spread,
                gap + spread,
                post=post,
                excluded=START <= k < START + 2,
            )
        )
    return tuple(points)


def _event_study(value: float, error: float) -> EventStudy:
    points = []
    for k in range(-START, 12):
        if k == -1:
            points.append(EventPoint(-1, 0.0, reference=True))
            continue
        b = (value * (1 - 0.55 * math.exp(-k / 2)) * 1.1 if k >= 0 else 0.0) + 0.6 * error * math.sin(2.3 * k)
        se = 1.5 * error * (1 + 0.01 * abs(k))
        points.append(EventPoint(k, b, se, b - Z * se, b + Z * se, n_units=40, excluded=0 <= k < 2))
    return EventStudy(-1, tuple(points), df=39.0)


SAMPLE = Sample(
    n_rows=1014,
    n_units=39,
    n_treated=16,
    n_control=23,
    n_periods=26,
    n_pre=14,
    n_post=12,
    n_clusters=39,
    n_treated_clusters=16,
    dropped=(Drop("units", 1, "no row before the launch"), Drop("rows", 78, "washout: 2 weeks after the launch")),
)


def _did(
    value: float,
    error: float,
    p: float,
    level: float,
    *,
    relative: tuple[float, float] | None,
    dynamic: bool = False,
    method: str = "did",
    notes: tuple[str, ...] = (),
    more: tuple[Effect, ...] = (),
) -> Estimate:
    effects = [effect(value, error, p)]
    if relative:
        effects.append(effect(*relative, p, scale="relative"))
    return Estimate(
        method=method,
        estimand="att",
        estimand_text="The average effect of smart routing on the queues that got it, over the weeks after the "
        "washout.",
        effects=(*effects, *more),
        sample=SAMPLE,
        level=0.95,
        inference=CLUSTER,
        path=_path(level, value, error) if dynamic else (),
        event_study=_event_study(value, error) if dynamic else None,
        baseline=level * 0.991,
        observed=level + value,
        counterfactual=level,
        notes=notes,
    )


LAUNCH_METRICS = (
    MetricInfo(
        "resolved_7d",
        "Resolved within 7 days",
        "primary",
        "proportion",
        "higher",
        "",
        "Share of tickets resolved within 7 days of opening",
        0.02,
        "relative",
    ),
    MetricInfo(
        "csat",
        "Customer satisfaction",
        "guardrail",
        "mean",
        "higher",
        "points",
        "Mean of the 1 to 5 survey",
        margin=0.05,
        margin_scale="absolute",
    ),
    MetricInfo(
        "reopen_rate",
        "Reopened within 14 days",
        "guardrail",
        "proportion",
        "lower",
        "",
        "Share of resolved tickets opened again",
        margin=0.05,
        margin_scale="relative",
    ),
    MetricInfo("handle_minutes", "Handle time", "secondary", "mean", "lower", "minutes", "Agent minutes a ticket"),
    MetricInfo(
        "billing_contacts",
        "Billing contacts",
        "negative_control",
        "count",
        None,
        "contacts",
        "A topic that smart routing does not touch",
    ),
)

LAUNCH_CHECKS = (
    Diagnostic(
        "pre_trends",
        "resolved_7d",
        "main",
        "Parallel trends",
        "pass",
        "No sign of a differing trend: the joint test of 13 leads has F = 0.84. It had 80% power to see a drift "
        "of 0.09 "
        "percentage points a week, a third of the effect by the last week.",
        "Did both groups move alike before the launch?",
        "A shift in ticket mix in one group only; then compare within mix.",
        0.84,
        "F",
        1.98,
        0.61,
        True,
    ),
    Diagnostic(
        "placebo_in_time",
        "resolved_7d",
        "main",
        "No effect before the launch",
        "pass",
        "Moving the launch 7 weeks back gives +0.2 percentage points, well inside its interval.",
        "Is there an effect where none can be?",
        "Training before the launch; then declare an anticipation window.",
        0.31,
        "t",
        2.02,
        0.76,
        True,
    ),
    Diagnostic(
        "clusters",
        "resolved_7d",
        "main",
        "Enough clusters for the standard error",
        "pass",
        "39 clusters, 16 of them treated.",
        "Are there enough clusters?",
        "Fewer than about 10; then use wild bootstrap.",
        39.0,
        "clusters",
        10.0,
        None,
        True,
    ),
    Diagnostic(
        "negative_control",
        "billing_contacts",
        "main",
        "No other shock hit the treated queues",
        "warn",
        "Billing contacts moved by +4.1 contacts a week (p = 0.080): close to the threshold, in the direction of "
        "a traffic "
        "shift.",
        "Did an outcome that the launch cannot touch move?",
        "A campaign in the treated queues; then add it as an event.",
        1.79,
        "t",
        2.02,
        0.080,
    ),
    Diagnostic(
        "composition",
        "reopen_rate",
        "main",
        "Same kind of tickets before and after",
        "fail",
        "The share of account-recovery tickets rose by 0.14 standard deviations more in the treated queues.",
        "Did the mix of tickets change?",
        "Routing that moves ticket types between queues; then reweight to the old mix.",
        0.14,
        "standardised difference",
        0.10,
        None,
    ),
    Diagnostic(
        "spillover",
        "resolved_7d",
        "main",
        "No interference between queues",
        "not_run",
        "Not run: the data has no column that says which queues share agents.",
        "Did untreated queues on the same site move?",
        "Shared agents who get freed time; then compare sites.",
    ),
)


def launch(**changes: Any) -> StudyResult:
    """A difference-in-differences launch with every kind of metric, a failed and a refused analysis, all verdicts."""
    main = _did(
        0.0231,
        0.00684,
        0.0016,
        0.7184,
        relative=(0.03215, 0.00956),
        dynamic=True,
        notes=("Two weeks after the launch are washout and do not count.",),
        more=(
            Effect("overall", "cumulative", 1612.4, 477.5, 0.0016, _interval(1612.4, 477.5)),
            effect(0.0262, 0.0088, 0.0051, aggregation="segment:language=en"),
            effect(0.0174, 0.0113, 0.132, aggregation="segment:language=de"),
        ),
    )
    findings = (
        Finding("resolved_7d", "main", "did", "primary", main),
        Finding(
            "resolved_7d",
            "synthetic",
            "synthetic_did",
            "robustness",
            _did(0.0208, 0.00741, 0.0078, 0.7207, relative=(0.02886, 0.01031), method="synthetic_did"),
        ),
        Finding(
            "resolved_7d",
            "forest",
            "causal_forest",
            "robustness",
            Failure(
                "E410",
                "estimation failed inside econml: the covariance of the moments is singular",
                "Drop a covariate that repeats another one.",
            ),
        ),
        Finding(
            "resolved_7d",
            "score",
            "propensity_matching",
            "robustness",
            Failure(
                "E401",
                "propensity matching needs covariates, and this study declares none",
                "Add roles.covariates.",
                "refused",
            ),
        ),
        Finding(
            "resolved_7d",
            "naive",
            "naive",
            "reference",
            _did(
                0.0417,
                0.00512,
                0.00001,
                0.6998,
                relative=(0.0596, 0.0075),
                method="naive",
                notes=("Before/after of the treated queues alone: whatever else changed is in it.",),
            ),
        ),
        Finding(
            "csat",
            "main",
            "did",
            "primary",
            _did(0.012, 0.0171, 0.49, 4.217, relative=(0.00285, 0.00406), dynamic=True),
        ),
        Finding(
            "reopen_rate", "main", "did", "primary", _did(0.0041, 0.0036, 0.262, 0.0902, relative=(0.0455, 0.0399))
        ),
        Finding(
            "handle_minutes", "main", "did", "primary", _did(-0.94, 0.41, 0.0274, 11.62, relative=(-0.0809, 0.0353))
        ),
        Finding("billing_contacts", "main", "did", "primary", _did(4.1, 2.29, 0.08, 212.0, relative=None)),
    )
    decision = Decision(
        "hold",
        "Ship when the primary metric is better by at least 2.0% and every guardrail is shown to be no worse than "
        "its margin; "
        "roll back when one is shown to be worse than its margin; else hold.",
        "The primary metric met its minimum effect; reopened tickets are not shown to stay within their margin.",
        (
            Clause(
                "resolved_7d",
                "primary",
                "met",
                "+3.2% reaches the minimum effect of +2.0%, and the interval excludes zero.",
                0.01437,
            ),
            Clause("csat", "guardrail", "cleared", "The interval stays above the margin.", -0.05),
            Clause(
                "reopen_rate", "guardrail", "not cleared", "The interval reaches beyond the margin of 5%.", -0.00451
            ),
        ),
        (
            "The mix of tickets changed in the treated queues, so fewer reopened tickets may be other tickets.",
            "Billing contacts, which the launch cannot touch, moved too.",
        ),
    )
    result = StudyResult(
        question=Question(
            "smart-routing-2026q3",
            "Smart routing for account-access tickets",
            "Did smart routing raise 7-day resolution without hurting satisfaction?",
            "Support Analytics",
            "Smart routing went live in 16 queues chosen for their volume; 24 queues stayed as they were.",
            "Tickets reach an agent who can solve them sooner.",
            ("A. Reviewer", "B. Reviewer"),
            "Account-access tickets in English and German",
            "Smart routing against skill-based routing",
        ),
        design=DesignInfo(
            "panel",
            "att",
            "block",
            "2026-07-06",
            WEEKS,
            (WEEKS[0], WEEKS[13]),
            (WEEKS[14], WEEKS[25]),
            washout=2,
            cohorts=(("2026-07-06", 16),),
            n_never=23,
            unit_noun="queue_id",
            time_noun="week",
        ),
        metrics=LAUNCH_METRICS,
        findings=findings,
        diagnostics=LAUNCH_CHECKS,
        decision=decision,
        lineage=Lineage(
            "data/queue_week.parquet",
            "parquet",
            "9f2c" * 16,
            1092,
            "2026-09-28",
            "",
            (
                ("unit", "queue_id"),
                ("time", "week"),
                ("treatment", "routing_on"),
                ("numerator", "resolved"),
                ("denominator", "opened"),
            ),
            (Drop("units", 1, "no row before the launch"), Drop("rows", 78, "washout: 2 weeks after the launch")),
            ("3 rows of queue 17 had no CSAT answer; they count for the other metrics.",),
        ),
        provenance=Provenance(
            "0.1.0",
            "3.11.7",
            {"numpy": "2.3.4", "scipy": "1.16.3", "pandas": "3.1.1"},
            "4be1" * 16,
            "9f2c" * 16,
            20260706,
            "study.toml",
        ),
        events=(
            Event("Payment outage", "2026-05-18", "2026-05-20", ("resolved_7d",), "2026-05-18", "2026-05-18"),
            Event("New help centre search", "2026-08-10", "", ("billing_contacts",), "2026-08-10"),
            Event("Holiday staffing", "2026-12-21", "2027-01-03"),
        ),
        spec={
            "report": {
                "status": "draft",
                "audience": "launch-review",
                "limitations": ["Queues were chosen by volume, so smaller queues may respond differently."],
            },
            "privacy": {"min_cell": 11, "unit_is_person": False},
            "metrics": [{"name": m.name, "log": False} for m in LAUNCH_METRICS],
        },
    )
    return replace(result, **changes)


RANDOMISED = "randomisation over the 27 states: each plays the treated one once"


def organ_donations(*, kind: str = "proportion", label: str = "Registered organ donors") -> StudyResult:
    """California's active-choice rule: 27 states, 6 quarters, one treated, inference by randomisation, roll back."""
    quarters = ("Q42010", "Q12011", "Q22011", "Q32011", "Q42011", "Q12012")
    treated = (0.2575, 0.2663, 0.2713, 0.2622, 0.2598, 0.2583)
    controls = (0.4449, 0.4466, 0.4504, 0.4558, 0.4535, 0.4594)
    shift = sum(treated[:3]) / 3 - sum(controls[:3]) / 3
    path = tuple(
        PathPoint(q, treated[k], controls[k] + shift, treated[k] - controls[k] - shift, post=k >= 3)
        for k, q in enumerate(quarters)
    )
    base = treated[2] - controls[2]
    points = tuple(
        EventPoint(k - 3, 0.0, reference=True)
        if k == 2
        else EventPoint(
            k - 3,
            treated[k] - controls[k] - base,
            0.006,
            treated[k] - controls[k] - base - 0.013,
            treated[k] - controls[k] - base + 0.013,
        )
        for k in range(6)
    )
    note = (
        "1 of 27 units is treated: the p-value and the interval come from randomisation; the smallest p-value "
        "possible is "
        "1/27 = 0.037."
    )
    estimate = Estimate(
        "did",
        "att",
        "The average effect of the active-choice rule on registrations in California, over three quarters.",
        (
            Effect("overall", "absolute", -0.0225, 0.0061, 1 / 27, Interval(-0.0384, -0.0066, 0.95, RANDOMISED)),
            Effect("overall", "relative", -0.0795, None, 1 / 27, Interval(-0.1357, -0.0233, 0.95, RANDOMISED)),
        ),
        Sample(162, 27, 1, 26, 6, 3, 3, 27, 1),
        0.95,
        RANDOMISED,
        path,
        EventStudy(-1, points, df=26.0),
        weights=(),
        baseline=0.2650,
        observed=0.2601,
        counterfactual=0.2826,
        notes=(note,),
    )
    control = Estimate(
        "synthetic_control",
        "att",
        "The effect on California against a weighted mean of other states.",
        (
            Effect(
                "overall",
                "absolute",
                -0.0214,
                None,
                2 / 27,
                None,
                note="No 95% interval: 27 assignments allow none at this level.",
            ),
        ),
        Sample(162, 27, 1, 26, 6, 3, 3),
        0.95,
        "placebo in space over 26 donors",
        path,
        weights=(
            Weight("donor", "Virginia", 0.412),
            Weight("donor", "Michigan", 0.371),
            Weight("donor", "New York", 0.217),
            Weight("donor", "Ohio", 0.0),
        ),
    )
    return StudyResult(
        Question(
            "organ-donations",
            "Active choice for organ donors in California",
            "Did asking every driver to choose raise registrations?",
            "Policy analytics",
        ),
        DesignInfo(
            "panel",
            "att",
            "block",
            "Q32011",
            quarters,
            ("Q42010", "Q22011"),
            ("Q32011", "Q12012"),
            cohorts=(("Q32011", 1),),
            n_never=26,
            unit_noun="State",
            time_noun="quarter",
        ),
        (MetricInfo("Rate", label, "primary", kind, "higher"),),
        (
            Finding("Rate", "did", "did", "primary", estimate),
            Finding("Rate", "donors", "synthetic_control", "robustness", control),
        ),
        (
            Diagnostic(
                "pre_trends",
                "Rate",
                "did",
                "Parallel trends",
                "warn",
                "Three quarters before the launch can only show a large drift: the test could see 2.6 percentage "
                "points.",
                "Did both groups move alike before the launch?",
                "A slow decline in California alone.",
                1.3,
                "F",
                3.4,
                0.29,
                True,
            ),
            Diagnostic(
                "clusters",
                "Rate",
                "did",
                "Enough clusters for the standard error",
                "pass",
                "One treated cluster: inference switched to randomisation.",
                statistic=27.0,
                statistic_name="clusters",
                threshold=10.0,
            ),
        ),
        Decision(
            "roll back",
            "Ship when the primary metric is better; roll back when it is shown to be worse; else hold.",
            "The primary metric got worse, and the interval excludes zero.",
            (Clause("Rate", "primary", "breached", "The interval lies below zero."),),
            (
                "One treated unit: anything else that changed in California in the third quarter of 2011 is in "
                "the estimate.",
            ),
        ),
        Lineage(
            "causaldata:organ_donations",
            "causaldata",
            "77aa" * 16,
            162,
            columns=(("unit", "State"), ("time", "Quarter")),
        ),
        Provenance("0.1.0", "3.11.7", {"numpy": "2.3.4"}, "0c0c" * 16, "77aa" * 16, 0, "organ.toml"),
        spec={"report": {"status": "final"}},
    )


def opt_in() -> StudyResult:
    """A cross-section: people who opened a help page against people who did not, by weighting."""
    estimate = Estimate(
        "weighting",
        "att_overlap",
        "The average effect on the people who opened the page and have comparable others.",
        (effect(-0.31, 0.12, 0.0098), effect(-0.082, 0.031, 0.0098, scale="relative")),
        Sample(5210, 5210, 1804, 3406, dropped=(Drop("rows", 212, "propensity outside [0.02, 0.98]"),)),
        0.95,
        "sandwich, propensity treated as estimated",
        balance=(
            BalanceRow("tenure", "before", 0.42, 1.31),
            BalanceRow("tenure", "after", 0.03, 1.02),
            BalanceRow("contacts before", "before", 0.61, 1.8),
            BalanceRow("contacts before", "after", 0.07, 1.1),
        ),
        baseline=None,
        observed=3.47,
        counterfactual=3.78,
        notes=("Trimming changed the estimand to the overlap population.",),
    )
    return replace(
        launch(),
        question=Question("help-page", "Self-help page", "Does the page save contacts?"),
        design=DesignInfo(
            "cross-section", "att", "none", "", unit_noun="user", covariates=("tenure", "contacts before")
        ),
        metrics=(
            MetricInfo(
                "contacts",
                "Contacts in 28 days",
                "primary",
                "count",
                "lower",
                "contacts",
                min_effect=0.2,
                min_effect_scale="absolute",
            ),
        ),
        findings=(Finding("contacts", "main", "weighting", "primary", estimate),),
        diagnostics=(),
        decision=Decision(
            "ship",
            "Ship when contacts fall by at least 0.2.",
            "Contacts fell.",
            (Clause("contacts", "primary", "met", "Reached.", 0.2),),
        ),
        events=(),
        spec={},
    )


def broken() -> StudyResult:
    """A study whose primary analysis failed: no number to show, and the decision says so."""
    result = launch()
    failed = Failure("E402", "the effect is collinear with the group of region_year", "Drop fixed_effects.")
    return replace(
        result,
        findings=(Finding("resolved_7d", "main", "did", "primary", failed),),
        metrics=result.metrics[:1],
        diagnostics=(),
        events=(),
        decision=Decision(
            "cannot tell",
            "Ship when better.",
            "The primary analysis gave no estimate.",
            (Clause("resolved_7d", "primary", "missing", "No estimate."),),
        ),
    )


def hostile() -> StudyResult:
    """The launch with a title, labels and reasons that hold markup of every sort."""
    result = launch()
    nasty = "<script>alert('x')</script> *bold* _it_ | `code` [link](http://evil.example) $x^2$ & <img src=x onerror=y>"
    return replace(
        result,
        question=replace(result.question, title=nasty, owner=nasty, question=nasty, context=nasty),
        metrics=(replace(result.metrics[0], label="Res<b>olved</b> | $7_d$ *x*"), *result.metrics[1:]),
        events=(*result.events, Event("<i>Outage</i> $\\frac{1}{2}$ | x", "2026-06-01", period="2026-06-01")),
        decision=replace(result.decision, reason=nasty, threats=(nasty,)),
        lineage=replace(result.lineage, source="data/<b>|`.csv"),
        provenance=replace(result.provenance, spec_file="my study`s; $(file).toml"),
    )
