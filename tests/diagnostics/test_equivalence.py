"""The equivalence check: a bound set beside the headline, silent where leads have no errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from panels import redrawn
from scipy import stats

import causal_eval as ce
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.thresholds import Thresholds


def world(*, effect=1.0, drift=0.0, noise=0.5, n=60, t=8, start=5, treated=30, seed=3):
    rng = np.random.default_rng(seed)
    group = (np.arange(n) < treated)[:, None]
    on = group & (np.arange(t) >= start)[None, :]
    y = rng.normal(size=(n, 1)) + rng.normal(size=(n, t)) * noise + effect * on + drift * group * np.arange(t)
    return pd.DataFrame(
        {"u": np.repeat(np.arange(n), t), "t": np.tile(np.arange(t), n), "y": y.ravel(), "d": on.ravel() * 1}
    )


def fitted(frame, **options):
    return fit_of(ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", treatment="d"), **options)


def fit_of(data, **options):
    design = ce.Design()
    estimator = ce.DifferenceInDifferences(**options)
    return Fitted(data, design, estimator, estimator.estimate(data, design, rng=np.random.default_rng(0)))


def check(fit):
    return CHECKS.get("equivalence")().check(fit, Thresholds(), rng=np.random.default_rng(0))


def test_precise_leads_are_within_the_effect_and_noisy_ones_are_not():
    """The same flat world with little and with much noise; a test of zero would pass both."""
    good = check(fitted(world()))
    assert good.verdict == "pass" and good.statistic < good.threshold and "All 4 leads" in good.reading
    noisy = check(fitted(world(noise=4.0)))
    assert noisy.verdict == "warn" and "not ruled out" in noisy.reading


def test_the_bound_is_that_of_the_leads_alone():
    """By hand from the event study's points before the base; lags play no part."""
    fit = fitted(world(effect=5.0))
    study = fit.estimate.event_study
    leads = [p for p in study.points if p.event < study.base]
    cut = stats.t.isf(0.05, study.df)
    assert check(fit).statistic == pytest.approx(max(abs(p.value) + cut * p.std_error for p in leads))
    assert check(fit).details["share_of_headline"] == pytest.approx(check(fit).statistic / fit.estimate.headline.value)
    assert check(fit).details["p_value_at_the_headline"] < 0.05


def test_a_drift_as_large_as_the_effect_is_never_ruled_out():
    """Size: with the first lead as far off as the headline, a pass is rare however the noise falls."""
    # A drift of s puts the first lead 4 s from the base, and the headline of a launch without effect 4 s from zero.
    base = fitted(world(effect=0.0)).data
    drawn = [world(effect=0.0, drift=0.5, seed=s) for s in range(40)]
    found = [check(fit_of(redrawn(base, outcome=f.y.to_numpy().reshape(60, 8)))) for f in drawn]
    assert found[1] == check(fitted(drawn[1])) != found[0]
    passes = [f.verdict == "pass" for f in found]
    assert np.mean(passes) <= 0.2


def test_thin_and_excluded_leads_are_left_out():
    """A lead marked thin does not decide the bound."""
    fit = fitted(world())
    study = fit.estimate.event_study
    wild = [replace(p, value=99.0, thin=True) if p.event == -4 else p for p in study.points]
    estimate = replace(fit.estimate, event_study=replace(study, points=tuple(wild)))
    found = check(replace(fit, estimate=estimate))
    assert found.statistic < 2 and found.details["leads"] == 3


def test_permuted_assignments_give_the_ends_of_their_intervals_or_silence():
    """With few treated units the leads' intervals are used, at half their level; without intervals there is no bound."""
    fit = fitted(world(n=45, treated=3, noise=0.2))
    study = fit.estimate.event_study
    assert study.placebos
    with_ends = tuple(p if p.reference else replace(p, low=p.value - 0.4, high=p.value + 0.3) for p in study.points)
    found = check(replace(fit, estimate=replace(fit.estimate, event_study=replace(study, points=with_ends))))
    leads = [p for p in with_ends if p.event < study.base]
    assert found.statistic == pytest.approx(max(max(abs(p.low), abs(p.high)) for p in leads))
    assert found.details["alpha"] == pytest.approx(0.025)
    bare = tuple(replace(p, low=None, high=None) for p in study.points)
    silent = check(replace(fit, estimate=replace(fit.estimate, event_study=replace(study, points=bare))))
    assert silent.verdict == "not_run" and "permuting" in silent.reading


def test_not_run_without_leads_or_event_study():
    """The reason is said."""
    assert "no lead" in check(fitted(world(t=3, start=1))).reading
    assert check(fitted(world(), event_study=False)).verdict == "not_run"
    fit = fitted(world())
    bare = tuple(replace(p, std_error=None) for p in fit.estimate.event_study.points)
    study = replace(fit.estimate.event_study, points=bare)
    assert "no error" in check(replace(fit, estimate=replace(fit.estimate, event_study=study))).reading
