"""What the pre-trend check says of the studies that pass although the groups drift."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.thresholds import Thresholds


def fitted(*, drift=0.0, n=40, t=7, start=4, treated=16, seed=3):
    rng = np.random.default_rng(seed)
    group = (np.arange(n) < treated)[:, None]
    on = group & (np.arange(t) >= start)[None, :]
    y = rng.normal(size=(n, 1)) + rng.normal(size=(n, t)) * 0.5 + drift * group * np.arange(t)
    frame = pd.DataFrame(
        {"u": np.repeat(np.arange(n), t), "t": np.tile(np.arange(t), n), "y": y.ravel(), "d": on.ravel() * 1}
    )
    data, design, estimator = (
        ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", treatment="d"),
        ce.Design(),
        ce.DifferenceInDifferences(),
    )
    return Fitted(data, design, estimator, estimator.estimate(data, design, rng=np.random.default_rng(0)))


def check(fit, **changes):
    if changes:
        study = replace(fit.estimate.event_study, **changes)
        fit = replace(fit, estimate=replace(fit.estimate, event_study=study))
    return CHECKS.get("pre_trends")().check(fit, Thresholds(), rng=np.random.default_rng(0))


def test_the_reading_says_how_far_the_effect_is_off_when_the_drift_goes_unseen():
    """Beside the slope and the headline's bias; from the base period the drift adds its distance to the lags."""
    found = check(fitted())
    d = found.details
    assert "goes unseen" in found.reading and "measured from the base period" in found.reading
    assert d["bias_from_base"] == pytest.approx(d["smallest_slope"] * 2.0)
    # Leads and lags share the base period's noise: leads that look flat have lags that are steep.
    assert d["bias_after_passing"] > d["bias_from_base"]
    assert d["bias_after_passing_each"] > d["bias_from_base"]
    assert 0 < d["power_each"] < 1 and 0 < d["bayes_factor_each"] < 1 and d["likelihood_ratio"] > 0


@pytest.mark.slow
def test_the_bias_after_passing_is_that_of_simulated_studies():
    """Many worlds with the drift the check names: those that pass are off by what it says, within simulation error."""
    slope = float(np.median([check(fitted(seed=s)).details["smallest_slope"] for s in range(5)]))
    told = float(np.median([check(fitted(seed=s)).details["bias_after_passing"] for s in range(5)]))
    passed, everyone = [], []
    for s in range(150):
        fit = fitted(drift=slope, seed=1000 + s)
        study = fit.estimate.event_study
        points = [p for p in study.points if not p.reference]
        average = sum(w * p.value for w, p in zip(study.post_weights, points, strict=True))
        everyone.append(average)
        if check(fit).verdict == "pass":
            passed.append(average)
    assert np.mean(everyone) == pytest.approx(2 * slope, abs=4 * np.std(everyone) / np.sqrt(150))
    assert len(passed) >= 8
    assert np.mean(passed) == pytest.approx(told, abs=3.5 * np.std(passed, ddof=1) / np.sqrt(len(passed)))
    assert np.mean(passed) > np.mean(everyone)


def test_it_is_silent_without_weights_or_with_a_base_of_their_own():
    """Without weights of the average effect the slope alone is said; without one base period not even that."""
    fit = fitted()
    found = check(fit, post_weights=())
    assert "goes unseen" not in found.reading and "bias_after_passing" not in found.details
    assert found.details["smallest_slope"] > 0
    found = check(fit, one_base=False)
    assert "base of its own" in found.reading and "drift of" not in found.reading
    assert "smallest_slope" not in found.details and found.p_value is not None


def test_in_a_rollout_a_drift_grows_from_the_base_period_by_the_average_effects_own_weights():
    """What the check says a drift adds to the headline is the weighted distance of the lags from the base."""
    rng = np.random.default_rng(5)
    start = rng.choice([4.0, 6.0, np.inf], size=60)
    y = rng.normal(size=(60, 9))
    frame = pd.DataFrame(
        {"u": np.repeat(range(60), 9), "t": np.tile(range(9), 60), "y": y.ravel(), "g": np.repeat(start, 9)}
    )
    data = ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", first_treated="g")
    fit = Fitted(data, ce.Design(), ce.StaggeredDiD(), ce.StaggeredDiD().estimate(data))
    found = check(fit)
    lags = [(t - g, (start == g).sum()) for g in (4, 6) for t in range(g, 9)]
    reach = sum((e + 1) * n for e, n in lags) / sum(n for _, n in lags)
    assert found.details["bias_of_that_slope"] == pytest.approx(found.details["smallest_slope"] * reach)
    assert found.details["bias_from_base"] == pytest.approx(found.details["bias_of_that_slope"])


def test_with_more_leads_than_clusters_can_tell_apart_the_joint_test_still_speaks():
    """Twelve clusters and fourteen periods before: leads are averaged, and only the test of each lead is left out."""
    found = check(fitted(n=22, treated=11, t=32, start=28))
    assert "averaged" in found.statistic_name
    assert found.details["bias_after_passing"] > 0 and "bias_after_passing_each" not in found.details
