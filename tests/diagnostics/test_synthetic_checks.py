"""The checks of a counterfactual made of donors: each sees the trouble it is for, and passes where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.thresholds import Thresholds

NEW = (
    "pre_fit",
    "convex_hull",
    "weight_concentration",
    "identification",
    "inference_agreement",
    "backtest",
    "donor_spillover",
)


def fitted(change=None, seed=0, n=40, t=30, launch=20, effect=3.0, **options):
    rng = np.random.default_rng(seed)
    factors = np.cumsum(rng.normal(size=(2, t)), axis=1)
    loadings = rng.uniform(0.2, 0.8, size=(n, 2))
    loadings[0] = loadings[1:5].mean(axis=0)
    y = 50 + 10 * loadings.sum(axis=1)[:, None] + loadings @ factors + 0.1 * rng.normal(size=(n, t))
    y[0, launch:] += effect
    if change is not None:
        y = change(y)
    frame = pd.DataFrame(
        {"u": [f"m{i:02d}" for i in np.repeat(range(n), t)], "t": np.tile(range(t), n), "y": y.ravel(),
         "g": np.repeat(np.where(np.arange(n) == 0, launch, np.inf), t)}
    )  # fmt: skip
    data = ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", first_treated="g")
    estimator = ce.SyntheticControl(**options)
    return Fitted(data, ce.Design(), estimator, estimator.estimate(data))


def check(name, fit):
    return CHECKS.get(name)().check(fit, Thresholds(), rng=np.random.default_rng(0))


@pytest.mark.parametrize("name", [n for n in NEW if n != "identification"])
def test_nothing_is_wrong_with_a_treated_unit_that_donors_mix_to(name):
    found = check(name, fitted(seed=3 if name == "backtest" else 1))
    assert found.verdict == "pass" and found.reading.endswith(".")


def test_a_treated_unit_outside_the_donors_is_seen():
    def above(y):
        y[0] += 40
        return y

    found = check("pre_fit", fitted(above))
    assert found.verdict != "pass" and "20 of 20" in found.reading
    assert check("pre_fit", fitted(above, intercept=True)).verdict == "pass"


def test_a_treated_unit_that_moves_like_no_donor_is_outside_their_hull():
    """Its own waves: a donor misses at most what is left of noise, the treated most of its path; levels are not the matter."""

    def wave(y):
        y[0, :20] += 4 * np.sin(np.arange(20))
        return y

    for options in ({}, {"intercept": True}):
        found = check("convex_hull", fitted(wave, **options))
        assert found.verdict == "warn" and "unlike every mix" in found.reading and "0 of 39" in found.reading
        assert ("levels aside" in found.reading) == bool(options) and "Most of it is level" not in found.reading


def test_a_treated_unit_off_by_its_level_alone_is_told_to_match_changes():
    def above(y):
        y[0] += 40
        return y

    found = check("convex_hull", fitted(above))
    assert found.verdict == "warn" and "Most of it is level" in found.reading
    assert found.details["without_level"] < found.details["distance"] / 10
    assert check("convex_hull", fitted(above, intercept=True)).verdict == "pass"


def test_with_more_donors_than_periods_a_reached_path_is_said_to_be_easy():
    found = check(
        "convex_hull", fitted(lambda y: np.vstack([y[1:6].mean(axis=0), y[1:]]), n=40, t=12, launch=6, effect=0.0)
    )
    assert found.verdict == "pass" and "that is easy" in found.reading


def test_the_distance_does_not_hang_on_the_size_of_the_units():
    """A treated unit ten times the donors' size, as are some donors, compares by its own variation."""

    def large(y):
        y[:6] *= 10
        return y

    found = check("convex_hull", fitted(large, n=40))
    assert found.verdict == "pass" and found.details["missed"] < 0.5


def test_a_single_donor_is_named():
    def twin(y):
        y[0, :20] = y[7, :20]
        return y

    found = check("weight_concentration", fitted(twin))
    assert found.verdict == "warn" and "m07" in found.reading and found.statistic == pytest.approx(1, abs=0.05)


def test_weights_that_data_do_not_pin_down_show_in_the_range():
    """Five pre-periods and forty donors: many weights fit, and their effects differ."""
    few = check("identification", fitted(seed=1, launch=4, t=14, effect=0.2))
    many = check("identification", fitted(seed=1, effect=10.0))
    assert few.verdict == "warn" and many.verdict == "pass"
    assert few.statistic > many.statistic


def test_a_donor_that_breaks_at_the_launch_is_named_with_the_estimate_without_it():
    weights = {w.unit: w.weight for w in fitted(seed=1).estimate.weights}
    heavy = max(weights, key=weights.get)

    def spill(y):
        y[int(heavy[1:]), 20:] += 6
        return y

    found = check("donor_spillover", fitted(spill, seed=1))
    assert found.verdict == "warn" and heavy in found.reading
    assert abs(found.details["without"] - 3) < 0.5 < abs(fitted(spill, seed=1).estimate.headline.value - 3)


def test_a_fit_that_does_not_last_is_seen():
    """The treated unit leaves the donors six periods before the launch."""

    def leave(y):
        y[0, 14:20] += np.linspace(0.5, 4, 6)
        return y

    assert check("backtest", fitted(leave)).verdict == "warn"


def test_tests_by_unit_and_by_time_that_disagree_are_both_shown():
    """Few donors, many periods: no rank can reach 5%, shifts in time do."""
    found = check("inference_agreement", fitted(n=12, t=60, launch=52))
    assert found.verdict == "warn" and "disagree" in found.reading


def test_the_clusters_check_counts_assignments():
    assert "40 assignments" in check("clusters", fitted()).reading
    assert check("clusters", fitted(n=12)).verdict == "warn"


def test_checks_of_parallel_trends_are_not_asked_of_a_synthetic_control_nor_the_other_way_round():
    of = {n: CHECKS.get(n)().info for n in CHECKS.plugins()}
    sc, did = ce.SyntheticControl.info.assumptions, ce.DifferenceInDifferences.info.assumptions
    assert not any(of[n].runs_for(sc) for n in ("pre_trends", "equivalence", "sensitivity"))
    assert not any(of[n].runs_for(did) for n in NEW)
    assert of["placebo_in_time"].runs_for(sc) and of["placebo_in_time"].runs_for(did)
    assert of["placebo_in_time"].about(sc) == "donors_span"
