"""Cohort means give what every unit's scores give: imputation and interaction-weighted event studies of balanced panels."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.design.design import Design

N, T = 120, 8


def panel(*, never: bool, weighted: bool, clustered: bool) -> ce.Panel:
    """A balanced rollout with effects that differ by unit, its weights unrelated to anything or (``weighted``) to outcomes."""
    rng = np.random.default_rng([3, never, weighted, clustered])
    start = rng.choice([2.0, 4.0, 6.0, np.inf] if never else [2.0, 4.0, 6.0], size=N)
    w = rng.uniform(0.5, 4, size=N)
    y = w[:, None] * (np.arange(T) > 3) + rng.normal(size=(N, 1)) + rng.normal(size=(N, T)).cumsum(axis=1)
    y = y + (np.arange(T) >= start[:, None]) * rng.normal(1, 2, size=(N, 1)) * w[:, None]
    frame = pd.DataFrame(
        {
            "unit": np.repeat(range(N), T),
            "time": np.tile(range(T), N),
            "y": y.ravel(),
            "start": np.repeat(start, T),
            "w": np.repeat(w, T),
            "site": np.repeat(np.arange(N) % 25, T),
        }
    )
    roles = {"weights": "w"} if weighted else {}
    roles |= {"cluster": "site"} if clustered else {}
    return ce.Panel.from_frame(frame, unit="unit", time="time", outcome="y", first_treated="start", **roles)


def numbers(estimate):
    """Every effect's value, error and p-value, and the covariance of the event study, whole and by cohort."""
    rows = [(e.value, e.std_error, e.p_value) for e in estimate.effects]
    study = estimate.event_study
    points = [(q.value, q.std_error or 0.0) for q in study.points]
    return [np.array(v, dtype=float) for v in (rows, points, study.covariance, study.cohort_covariances)]


DESIGNS = {
    "plain": Design(),
    "anticipation": Design(anticipation=1),
    "windows": Design(pre=(2, 5), post=(3, 7)),
}


@pytest.fixture(autouse=True)
def no_band(monkeypatch):
    """The band's critical value takes most of the time and is a function of the covariance."""
    monkeypatch.setattr("causal_eval.inference.bands.sup_t", lambda *_, **__: 2.5)


@pytest.mark.parametrize("never", [True, False], ids=["never", "all treated"])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("clustered", [False, True], ids=["units", "clusters"])
def test_cohort_means_give_what_scores_give(never, weighted, clustered):
    data = panel(never=never, weighted=weighted, clustered=clustered)
    for design in DESIGNS.values():
        for method, home in (
            (ce.ImputationDiD(errors="conservative"), "causal_eval.estimators.imputation_did.ImputationDiD"),
            (ce.ImputationDiD(leads=1, errors="conservative"), "causal_eval.estimators.imputation_did.ImputationDiD"),
            (ce.SunAbraham(), "causal_eval.estimators.sun_abraham"),
        ):
            with patch(f"{home}._by_scores", side_effect=AssertionError("scores were made")):
                short = method.estimate(data, design)
            with patch(f"{home}._by_means", return_value=None):
                long = method.estimate(data, design)
            assert [e.aggregation for e in short.effects] == [e.aggregation for e in long.effects]
            for a, b in zip(numbers(short), numbers(long), strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)
            assert short.sample == long.sample
            assert short.notes == long.notes
            assert short.baseline == pytest.approx(long.baseline, rel=1e-10)
            assert short.counterfactual == pytest.approx(long.counterfactual, rel=1e-10)


@pytest.mark.parametrize("never", [True, False], ids=["never", "all treated"])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("clustered", [False, True], ids=["units", "clusters"])
def test_the_two_way_reference_from_cohort_means_is_that_of_every_row(never, weighted, clustered):
    data = panel(never=never, weighted=weighted, clustered=clustered)
    home = "causal_eval.estimators._two_way_reference"
    with patch(f"{home}._by_units", side_effect=AssertionError("rows were used")):
        short = ce.DifferenceInDifferences().estimate(data)
    with patch(f"{home}._by_means", return_value=None):
        long = ce.DifferenceInDifferences().estimate(data)
    rows = [
        np.array([(e.value, e.std_error, e.p_value) for e in found.effects], dtype=float) for found in (short, long)
    ]
    np.testing.assert_allclose(*rows, rtol=1e-9, atol=1e-12)
    assert short.sample == long.sample and short.notes == long.notes
    assert short.details["negative_cells"] == long.details["negative_cells"]
    assert short.details["negative_weight_share"] == pytest.approx(long.details["negative_weight_share"], rel=1e-9)
    for a, b in zip(short.details.get("bacon", []), long.details.get("bacon", []), strict=True):
        assert (a["kind"], a["treated"], a["control"]) == (b["kind"], b["treated"], b["control"])
        assert (a["weight"], a["estimate"]) == pytest.approx((b["weight"], b["estimate"]), rel=1e-9)
