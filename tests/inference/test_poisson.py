"""Poisson difference-in-differences: a peer's numbers, the arithmetic of two groups, and the truth in simulations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.errors import EstimatorRefusal


def counts(seed=0, n=60, t=8, start=5, treated=20, effect=0.3, missing=0.0, scale=1.0):
    """Counts with unit levels from 1 to 20, common growth, and a rate of the treated higher by ``effect`` in logs."""
    rng = np.random.default_rng(seed)
    on = (np.arange(n) < treated)[:, None] & (np.arange(t) >= start)[None, :]
    x = rng.normal(size=(n, t)) * 0.3
    level = rng.uniform(0, 3, size=(n, 1)) + 0.4 * (np.arange(n) < treated)[:, None]
    shock = rng.normal(size=(n, 1)) * 0.0
    mean = np.exp(level + 0.08 * np.arange(t)[None, :] + 0.2 * x + effect * on + shock)
    frame = pd.DataFrame(
        {
            "u": np.repeat(np.arange(n), t),
            "t": np.tile(np.arange(t), n),
            "y": rng.poisson(mean * scale).ravel(),
            "d": on.ravel() * 1,
            "x": x.ravel(),
            "w": rng.uniform(0.5, 2, size=n).repeat(t),
        }
    )
    return frame[rng.random(len(frame)) >= missing]


def fit(frame, covariates=(), weights=None, **options):
    panel = ce.Panel.from_frame(
        frame, unit="u", time="t", outcome="y", treatment="d", covariates=list(covariates), weights=weights
    )
    return ce.DifferenceInDifferences(family="poisson", **options).estimate(panel)


@pytest.mark.parametrize(("missing", "covariates"), [(0.0, ()), (0.15, ()), (0.15, ("x",))])
def test_the_coefficient_is_that_of_a_regression_with_a_dummy_for_every_unit(missing, covariates):
    """statsmodels' GLM with unit and period dummies, errors clustered by unit: exp(b) - 1 and its standard error's ratio."""
    sm = pytest.importorskip("statsmodels.api")
    frame = counts(missing=missing)
    frame = frame[frame.groupby("u").y.transform("sum") > 0]
    dummies = pd.get_dummies(frame[["u", "t"]].astype(str), drop_first=True).astype(float)
    x = np.column_stack([np.ones(len(frame)), frame.d, *[frame[c] for c in covariates], dummies])
    glm = sm.GLM(frame.y.to_numpy(), x, family=sm.families.Poisson())
    peer = glm.fit(tol=1e-12, cov_type="cluster", cov_kwds={"groups": frame.u.to_numpy(), "use_correction": False})
    b = peer.params[1]
    mine = fit(frame, covariates, event_study=False)
    relative = next(e for e in mine.effects if e.scale == "relative")
    assert relative.value == pytest.approx(np.expm1(b), abs=1e-8)
    after = frame[frame.d == 1].y.mean()
    assert mine.headline.value == pytest.approx(after * -np.expm1(-b), rel=1e-8)


def test_errors_are_the_cluster_sandwich_of_rate_and_mean_together():
    """By hand: the influence of the peer's coefficient and of the treated mean, summed by unit, with CR1's factor."""
    sm = pytest.importorskip("statsmodels.api")
    frame = counts(seed=3).reset_index(drop=True)
    dummies = pd.get_dummies(frame[["u", "t"]].astype(str), drop_first=True).astype(float)
    x = np.column_stack([np.ones(len(frame)), frame.d, dummies])
    peer = sm.GLM(frame.y.to_numpy(), x, family=sm.families.Poisson()).fit(tol=1e-12)
    mu, b = peer.fittedvalues, peer.params[1]
    bread = np.linalg.inv(x.T @ (x * mu[:, None]))
    psi_b = ((x * (frame.y.to_numpy() - mu)[:, None]) @ bread)[:, 1]
    on = frame.d.to_numpy() == 1
    ybar = frame.y[on].mean()
    psi_y = np.where(on, frame.y - ybar, 0) / on.sum()
    rows = -np.expm1(-b) * psi_y + ybar * np.exp(-b) * psi_b
    sums = pd.Series(rows).groupby(frame.u).sum()
    n, g, k = len(frame), frame.u.nunique(), frame.t.nunique() + 1
    by_hand = np.sqrt(g / (g - 1) * (n - 1) / (n - k) * (sums**2).sum())
    assert fit(frame).headline.std_error == pytest.approx(by_hand, rel=1e-8)


def test_two_groups_and_two_periods_are_a_ratio_of_ratios():
    """Without covariates the counterfactual is the treated's past times the controls' growth."""
    frame = counts(t=2, start=1)
    m = frame.groupby([frame.u < 20, "t"]).y.mean()
    counterfactual = m[True, 0] * m[False, 1] / m[False, 0]
    found = fit(frame)
    assert found.headline.value == pytest.approx(m[True, 1] - counterfactual, rel=1e-9)
    assert found.counterfactual == pytest.approx(counterfactual, rel=1e-9)


def test_weights_count_rows():
    """A weight of two is a unit seen twice."""
    frame = counts(n=40, treated=15)
    frame["w"] = np.where(frame.u % 3 == 0, 2.0, 1.0)
    again = frame[frame.u % 3 == 0].assign(u=lambda f: f.u + 1000)
    doubled = pd.concat([frame, again]).assign(w=1.0)
    assert fit(frame, weights="w").headline.value == pytest.approx(fit(doubled).headline.value, rel=1e-9)


def test_the_event_study_is_in_the_metrics_units():
    """Leads near zero, lags near the effect: the average of the lags is close to the headline."""
    found = fit(counts(n=300, treated=120, scale=3.0))
    after = [p.value for p in found.event_study.points if p.event >= 0]
    assert np.mean(after) == pytest.approx(found.headline.value, rel=0.12)
    assert all(abs(p.value) < 4 * p.std_error for p in found.event_study.points if p.event < -1)


@pytest.mark.slow
def test_intervals_cover_and_the_test_has_its_size():
    """200 worlds: about 95% cover the truth, about 5% reject where nothing happened (Monte Carlo error .015)."""
    covered, rejected = [], []
    for seed in range(200):
        frame = counts(seed=seed, n=80, treated=30)
        truth_rate = 0.3
        relative = next(e for e in fit(frame, event_study=False).effects if e.scale == "relative")
        covered.append(relative.interval.low <= np.expm1(truth_rate) <= relative.interval.high)
        rejected.append(fit(counts(seed=seed, n=80, treated=30, effect=0.0), event_study=False).headline.p_value < 0.05)
    assert 0.90 <= np.mean(covered) <= 0.985
    assert 0.015 <= np.mean(rejected) <= 0.10


def test_linear_is_biased_where_groups_grow_alike_in_percent_and_poisson_is_not():
    """The treated start higher; common growth in percent is then a larger change in units."""
    frame = counts(n=400, treated=200, effect=0.0)
    frame["y"] = np.where(frame.u < 200, 3, 1) * frame.y
    assert fit(frame).headline.p_value > 0.01
    panel = ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", treatment="d")
    assert ce.DifferenceInDifferences().estimate(panel).headline.p_value < 0.01


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (lambda f: f.assign(y=f.y - 5.0), {}, "zero or more"),
        (lambda f: f.assign(y=f.y * (1 - f.d)), {}, "no events"),
        (lambda f: f, {"vcov": "wild"}, "vcov"),
        (lambda f: f, {"vcov": "cr2"}, "vcov"),
    ],
)
def test_what_has_no_poisson_mean_is_refused_with_the_reason(change, options, said):
    """Negative outcomes, a group without events, covariances that are not there."""
    with pytest.raises(EstimatorRefusal, match=said):
        fit(change(counts()), **options)


def test_units_without_events_do_not_matter():
    """A unit whose every count is zero carries no information about ratios; the mean of the treated counts it."""
    frame = counts()
    silent = frame[frame.u == 59].assign(u=999, y=0)
    with_silent, without = (fit(f, event_study=False) for f in (pd.concat([frame, silent]), frame))
    assert with_silent.headline.value == pytest.approx(without.headline.value, rel=1e-9)
