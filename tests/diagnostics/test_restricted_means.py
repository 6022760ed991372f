"""The effect on a duration by days since its start: against brute force on min(days, u), the truth, and the headline."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.data.contract import CrossSection, Panel
from causal_eval.design.design import Design
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.restricted_means import LINEAR, cut_at
from causal_eval.errors import EstimatorRefusal
from causal_eval.estimators._base import ESTIMATORS
from causal_eval.plots.families import survival
from causal_eval.results.io import from_json, to_json

HORIZON, WEEKS, LAUNCH = 14.0, 10, 6
MONDAY = pd.Timestamp("2026-01-05")
METRIC = {
    "name": "days",
    "label": "Days to close",
    "kind": "duration",
    "start": "opened",
    "end": "closed",
    "horizon": 14,
}


def tickets(
    seed: int = 1, per: int = 12, queues: int = 20, longest: float = 30.0, shortest: float = 0.0
) -> pd.DataFrame:
    """``per`` tickets of each queue and week; half of the queues close them faster from the launch on. ``days`` is the truth."""
    rng = np.random.default_rng(seed)
    queue, week, _ = (v.ravel() for v in np.meshgrid(range(queues), range(WEEKS), range(per), indexing="ij"))
    routed = queue % 2
    mean = (5.0 + 1.5 * routed + 0.1 * week) * np.where((routed == 1) & (week >= LAUNCH), 0.7, 1.0)
    opened = MONDAY + pd.to_timedelta(7 * week + rng.integers(0, 7, len(week)), unit="D")
    whole = np.round((shortest + rng.exponential(mean)) * 86400)
    closed = pd.Series(opened + pd.to_timedelta(whole, unit="s"))
    closed[whole / 86400 > longest] = pd.NaT
    return pd.DataFrame(
        {
            "queue": [f"Queue {q}" for q in queue], "routed": routed, "week": MONDAY + pd.to_timedelta(7 * week, unit="D"),
            "opened": opened, "closed": closed, "k": week, "days": np.where(closed.isna(), np.inf, whole / 86400),
        }
    )  # fmt: skip


def people(seed: int = 2, n: int = 4000) -> pd.DataFrame:
    """Who opted in closes faster, and so do those with a large ``x``, who opt in more often."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    on = (rng.uniform(size=n) < 1 / (1 + np.exp(-0.5 * x))).astype(int)
    whole = np.round(rng.exponential(6.0 * np.exp(-0.3 * x) * np.where(on, 0.6, 1.0)) * 86400)
    opened = MONDAY + pd.to_timedelta(rng.integers(0, 40, n), unit="D")
    closed = opened + pd.to_timedelta(whole, unit="s")
    return pd.DataFrame({"on": on, "x": x, "opened": opened, "closed": closed, "days": whole / 86400})


def spec(method: str = "did", roles: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    roles = roles or {"time": "week", "group": "routed", "cluster": "queue"}
    return {
        "schema_version": 1,
        "study": {"id": "s", "title": "T", "question": "Q?", "seed": 3},
        "data": {"source": "frame", "as_of": date(2026, 3, 24)},
        "roles": roles,
        "metrics": [{**METRIC, "role": "primary", "better": "lower", **more.pop("metric", {})}],
        "estimators": [{"method": method, **more.pop("options", {})}],
        "diagnostics": {"skip": list(CHECKS.plugins())},
        **({"design": {"launch": "2026-02-16"}} if "time" in roles and "group" in roles else {}),
        **more,
    }


OPT_IN = {"treatment": "on", "covariates": ["x"]}


def curve(result: ce.StudyResult) -> dict[str, np.ndarray]:
    estimate = result.headline.estimate
    assert estimate is not None, result.headline.said
    said = estimate.details["restricted_means"]
    assert isinstance(said, dict)
    return {k: np.array(v, dtype=float) for k, v in said.items()}


def change_of_changes(y: np.ndarray, frame: pd.DataFrame) -> float:
    """The coefficient of group x after, beside group and week, by least squares."""
    on = (frame.routed == 1) & (frame.k >= LAUNCH)
    X = np.column_stack([on, frame.routed, pd.get_dummies(frame.k)]).astype(float)
    return float(np.linalg.lstsq(X, y, rcond=None)[0][0])


def test_each_day_is_the_difference_in_differences_of_days_cut_there_on_the_rows_of_the_whole_horizon() -> None:
    """Rows younger than the horizon stay out even where they are old enough for an earlier day."""
    frame = tickets()
    old = frame[frame.opened + pd.Timedelta(HORIZON, "D") <= pd.Timestamp("2026-03-24")]
    assert len(old) < len(frame)  # the last weeks have rows younger than 14 days, and older than 1
    result = ce.run(spec(), frame=frame.drop(columns=["k", "days"]))
    got = curve(result)
    days = HORIZON * np.arange(1, 13) / 12
    np.testing.assert_allclose(got["days"], days, rtol=1e-15)
    after = old[(old.routed == 1) & (old.k >= LAUNCH)]
    want = np.array([change_of_changes(np.minimum(old.days, u), old) for u in days])
    seen = np.array([np.minimum(after.days, u).mean() for u in days])
    np.testing.assert_allclose(got["effect"], want, atol=1e-9)
    np.testing.assert_allclose(got["observed"], seen, atol=1e-9)
    np.testing.assert_allclose(got["without"], seen - want, atol=1e-9)
    head = result.headline.estimate.headline
    assert (got["effect"][-1], got["low"][-1], got["high"][-1]) == (head.value, head.interval.low, head.interval.high)


def test_rows_that_are_averaged_into_one_are_cut_before() -> None:
    """With a time grain the outcome is a mean of days, and the mean of cut days is not that mean cut."""
    frame = tickets()
    roles = {"unit": "queue", "time": "week", "time_grain": "week", "group": "routed"}
    got = curve(ce.run(spec(roles=roles, data={"source": "frame", "as_of": date(2026, 6, 1)}), frame=frame))
    for u, effect, observed in zip(got["days"], got["effect"], got["observed"], strict=True):
        mean = np.minimum(frame.days, u).groupby([frame.routed, frame.k >= LAUNCH]).mean()
        want = mean[1, True] - mean[1, False] - mean[0, True] + mean[0, False]
        assert (effect, observed) == (pytest.approx(want, abs=1e-9), pytest.approx(mean[1, True], abs=1e-9))


def test_the_effect_up_to_a_day_is_the_effect_on_the_share_open_added_up_to_it() -> None:
    """In the drawn steps; and the observed share of a step is what a survival curve averages there."""
    frame = people()
    result = ce.run(spec("outcome_regression", OPT_IN), frame=frame)
    series = survival.survival_series(result, result.headline)
    assert series is not None and len(series.steps) == 12
    total = 0.0
    treated = frame.days[frame.on == 1].to_numpy()
    for s in series.steps:
        total += (s.day - s.start) * (s.open_observed - s.open_without)
        assert total == pytest.approx(s.effect, abs=1e-12)
        grid = np.linspace(s.start, s.day, 2001)
        open_ = (treated[:, None] > (grid[1:] + grid[:-1])[None, :] / 2).mean()
        assert s.open_observed == pytest.approx(open_, abs=1e-4)
    Z = np.column_stack([np.ones(len(frame)), frame.x])
    on = frame.on == 1
    for s in series.steps:
        y = np.minimum(frame.days, s.day)
        without = (Z @ np.linalg.lstsq(Z[~on], y[~on], rcond=None)[0])[on].mean()
        assert s.without == pytest.approx(without, abs=1e-9)


def test_the_curve_lies_where_the_truth_is() -> None:
    """Exponential days of mean 6 without and 3.6 with: E min(T, u) = m (1 - exp(-u / m)); no day is off by 4 of its errors."""
    rng = np.random.default_rng(5)
    frame = people(n=8000)
    frame["closed"] = frame.opened + pd.to_timedelta(
        np.round(rng.exponential(np.where(frame.on, 3.6, 6.0)) * 86400), unit="s"
    )
    got = curve(ce.run(spec("weighting", OPT_IN), frame=frame))
    u = got["days"]
    with_, without = (m * (1 - np.exp(-u / m)) for m in (3.6, 6.0))
    error = (got["high"] - got["low"]) / (2 * 1.96)
    assert np.all(np.abs(got["effect"] - (with_ - without)) < 4 * error)
    assert np.all(np.abs(got["without"] - without) < 0.15) and abs(got["effect"][-1]) > 10 * error[-1]


def fitted(method: str, kind: str, **options: Any) -> Fitted:
    dates = {"kind": "duration", "start": "opened", "end": "closed", "horizon": HORIZON, "as_of": date(2026, 6, 1)}
    data: Panel | CrossSection
    if kind == "people":
        data = CrossSection.from_frame(people(n=600), **OPT_IN, **dates)
    else:
        frame = tickets(per=1, queues=40)
        frame["first"] = frame.queue.map(
            dict(zip(frame.queue.unique(), [MONDAY + pd.Timedelta(7 * s, "D") for s in (5, 7)] * 20, strict=True))
        )
        frame.loc[frame.queue.isin(frame.queue.unique()[20:]), "first"] = pd.NaT
        roles = {"group": "routed", "launch": "2026-02-16"} if kind == "block" else {"first_treated": "first"}
        data = Panel.from_frame(frame, unit="queue", time="week", **roles, **dates)
    model = ESTIMATORS.get(method)(**options)
    design = Design()
    return Fitted(data, design, model, model.estimate(data, design, rng=np.random.default_rng(7)))


CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "did": ("did", "block", {}),
    "did wild": ("did", "block", {"vcov": "wild"}),
    "staggered_did": ("staggered_did", "staggered", {}),
    "imputation_did": ("imputation_did", "staggered", {}),
    "sun_abraham": ("sun_abraham", "staggered", {}),
    "propensity_matching": ("propensity_matching", "people", {}),
    "weighting": ("weighting", "people", {}),
    "outcome_regression": ("outcome_regression", "people", {}),
    "aipw": ("aipw", "people", {}),
}


@pytest.mark.parametrize("case", CASES)
def test_cut_at_the_horizon_the_refit_is_the_headline(case: str) -> None:
    """The same rows in the same order with the same draws: value and interval to the last digits."""
    method, kind, options = CASES[case]
    f = fitted(method, kind, **options)
    again = cut_at(f, HORIZON, None, lambda: np.random.default_rng(7))  # type: ignore[arg-type]
    assert again is not None
    for a, b in ((again.headline, f.estimate.headline),):
        assert a.interval is not None and b.interval is not None
        assert [a.value, a.interval.low, a.interval.high] == pytest.approx(
            [b.value, b.interval.low, b.interval.high], abs=1e-12
        )
    assert (again.observed, again.counterfactual) == pytest.approx(
        (f.estimate.observed, f.estimate.counterfactual), abs=1e-12
    )
    assert {c.split()[0] for c in CASES} == set(LINEAR)


def test_days_before_anything_ends_are_left_out() -> None:
    """Nothing closes before day 3: the first day told is 3.5, and its step begins at 0 with all still open for 3 of them."""
    result = ce.run(spec(), frame=tickets(shortest=3.0))
    assert curve(result)["days"][0] == 3.5
    series = survival.survival_series(result, result.headline)
    assert series is not None and series.steps[0].start == 0 and 3 / 3.5 < series.steps[0].open_observed < 1


@pytest.mark.parametrize(
    ("method", "roles", "more"),
    [
        ("aipw", OPT_IN, {"options": {"learner": "lightgbm", "folds": 2}}),
        ("double_ml", OPT_IN, {"options": {"learner": "lasso", "folds": 2}}),
        ("did", None, {"options": {"family": "poisson"}}),
        ("weighting", OPT_IN, {"metric": {"log": True}}),
    ],
)
def test_estimates_that_are_not_linear_in_the_days_have_no_curve(
    method: str, roles: dict[str, Any] | None, more: dict[str, Any]
) -> None:
    """A learner's fit, a mean's logarithm, a logarithm: absent, and so is the figure."""
    frame = tickets(shortest=0.01) if roles is None else people(n=500)
    result = ce.run(spec(method, roles, **more), frame=frame)
    assert result.headline.estimate is not None, result.headline.said
    assert "restricted_means" not in result.headline.estimate.details
    assert survival.specs(result) == []


def test_only_the_primary_analysis_of_a_duration_has_a_curve() -> None:
    """Not its references, and not other kinds of metrics."""
    plain = {"name": "one", "column": "routed", "kind": "mean", "better": "higher", "role": "secondary"}
    said = spec(estimators=[{"method": "did"}, {"method": "naive"}])
    result = ce.run(
        {**said, "metrics": [*said["metrics"], plain | {"column": "size"}]},
        frame=tickets().assign(size=lambda f: f.days.clip(upper=3)),
    )
    have = [(f.metric, f.analysis) for f in result.findings if f.estimate and "restricted_means" in f.estimate.details]
    assert have == [("days", "did")]
    assert [s.name for s in survival.specs(result)] == ["survival"]


def test_a_day_that_fails_leaves_the_study_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal at every earlier day: no curve, the same headline."""
    frame = tickets(per=3)
    before = ce.run(spec(), frame=frame).headline.estimate

    def refuse(self: Panel, most: float) -> Panel:
        raise EstimatorRefusal("E401", "nothing to compare")

    monkeypatch.setattr(Panel, "at_most", refuse)
    after = ce.run(spec(), frame=frame).headline.estimate
    assert before is not None and after is not None
    assert after == replace(before, details={k: v for k, v in before.details.items() if k != "restricted_means"})


def test_the_curve_is_the_same_whatever_the_order_of_the_rows_and_holds_no_row() -> None:
    """Aggregates by day alone: as many numbers as days, whatever the number of rows; they survive JSON."""
    frame = people(n=400)
    said = spec("aipw", OPT_IN)
    one = ce.run(said, frame=frame)
    other = ce.run(said, frame=frame.sample(frac=1, random_state=4))
    kept = one.headline.estimate.details["restricted_means"]
    assert kept == other.headline.estimate.details["restricted_means"]
    assert {k: len(v) for k, v in kept.items()} == dict.fromkeys(
        ("days", "effect", "low", "high", "observed", "without"), 12
    )
    assert from_json(to_json(one)).headline.estimate.details["restricted_means"] == kept
    json.dumps(kept, allow_nan=False)
