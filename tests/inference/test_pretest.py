"""Pre-tests: published numbers of the pretrends package, simulation, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from causal_eval.inference.pretest import bayes_factor, each, joint, likelihood_ratio, post_given_pass, slope_for_power

# He & Wang (2017), figure 2C, as in data/HeAndWangResults of the R package pretrends (Roth 2022; MIT).
BETA = np.array([0.066703148, -0.007701792, -0.030769054, 0.084030658, 0.242441818, 0.219878986, 0.191092536])
SIGMA = np.zeros((7, 7))
SIGMA[np.tril_indices(7)] = [
    0.008906571194529533,
    0.0044883135706186295, 0.005936916917562485,
    0.0014587024925276637, 0.002750079147517681, 0.00303862476721406,
    0.0012157688615843654, 0.001350585836917162, 0.0009056166163645685, 0.003924740944057703,
    0.0020327644888311625, 0.0014315459411591291, 0.0006791298510506749, 0.0025961180217564106, 0.008065897040069103,
    0.0013225014554336667, 0.0012067791540175676, 0.0010167636210098863, 0.0017326149391010404, 0.005875375121831894,
    0.007881578989326954,
    0.001961772795766592, 0.0013847157824784517, 0.000709014420863241, 0.0022345525212585926, 0.0037414359394460917,
    0.0036507095210254192, 0.00978842657059431,
]  # fmt: skip
SIGMA = SIGMA + np.tril(SIGMA, -1).T
X = np.array([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0])
PRE, POST = slice(0, 3), slice(3, 7)
PUBLISHED = 0.05205871
"""Slope with 50% power, as the package prints it."""


def test_the_published_slope_and_what_it_is_seen_with():
    """README of pretrends: slope 0.05205871, power 0.4999776 there, Bayes factor, ratio.

    The package integrates by simulation, its power off by 9e-5 here, and its root finder stops at 1e-4.
    """
    assert slope_for_power(X[PRE], SIGMA[PRE, PRE], power=0.5, cut=1.96) == pytest.approx(PUBLISHED, abs=2e-5)
    trend = PUBLISHED * X
    passed, none = (each(m, SIGMA[PRE, PRE], cut=1.96) for m in (trend[PRE], 0 * trend[PRE]))
    assert 1 - passed.probability == pytest.approx(0.4999776, abs=2e-4)
    assert bayes_factor(passed, none) == pytest.approx(0.56901, abs=2e-4)
    assert likelihood_ratio(BETA[PRE], trend[PRE], SIGMA[PRE, PRE]) == pytest.approx(0.1057627, abs=2e-7)


def test_the_box_is_integrated_as_another_integrator_has_it():
    """Genz's own code in scipy at a tolerance of 1e-9."""
    cov = SIGMA[PRE, PRE]
    half = 1.96 * np.sqrt(np.diag(cov))
    for slope in (0.0, PUBLISHED, 0.15):
        mean = slope * X[PRE]
        exact = stats.multivariate_normal.cdf(
            half, mean, cov, lower_limit=-half, maxpts=3_000_000, abseps=1e-9, releps=1e-9
        )
        assert each(mean, cov, cut=1.96).probability == pytest.approx(exact, abs=2e-5)


def test_the_published_means_after_passing():
    """Leads and lags given that no lead is significant, from the same README."""
    trend = PUBLISHED * X
    passed = each(trend[PRE], SIGMA[PRE, PRE], cut=1.96)
    assert passed.mean == pytest.approx([-0.09230764, -0.05555285, -0.02790950], abs=5e-6)
    post = post_given_pass(passed, trend[PRE], trend[POST], SIGMA[PRE, PRE], SIGMA[POST, PRE])
    assert post == pytest.approx([0.06490184, 0.12084694, 0.16946498, 0.22453827], abs=5e-6)


def test_the_published_quadratic_trend():
    """Power 0.6624282, Bayes factor 0.3841516, likelihood ratio 0.4332635 for 0.024 (t + 1)^2."""
    trend = 0.024 * X[PRE] ** 2
    passed, none = (each(m, SIGMA[PRE, PRE], cut=1.96) for m in (trend, 0 * trend))
    assert 1 - passed.probability == pytest.approx(0.6624282, abs=2e-5)
    assert bayes_factor(passed, none) == pytest.approx(0.3841516, abs=3e-5)
    assert likelihood_ratio(BETA[PRE], trend, SIGMA[PRE, PRE]) == pytest.approx(0.4332635, abs=5e-7)


def draws(mean, cov, n=400_000):
    return mean + np.random.default_rng(1).normal(size=(n, len(mean))) @ np.linalg.cholesky(cov).T


@pytest.mark.parametrize("which", ["each", "joint"])
def test_both_tests_agree_with_draws(which):
    """Chance to pass and the means of all coefficients given a pass, by simulation."""
    trend = 0.06 * X
    b = draws(trend, SIGMA)
    lead, cov = b[:, PRE], SIGMA[PRE, PRE]
    if which == "each":
        passed = each(trend[PRE], cov)
        kept = (np.abs(lead) <= 1.959964 * np.sqrt(np.diag(cov))).all(axis=1)
    else:
        critical = stats.chi2.isf(0.05, 3)
        passed = joint(trend[PRE], cov, critical=critical)
        kept = np.einsum("ij,ji->i", lead, np.linalg.solve(cov, lead.T)) <= critical
    assert passed.probability == pytest.approx(kept.mean(), abs=0.004)
    post = post_given_pass(passed, trend[PRE], trend[POST], cov, SIGMA[POST, PRE])
    assert np.concatenate([passed.mean, post]) == pytest.approx(b[kept].mean(axis=0), abs=0.001)


def test_an_estimated_covariance_is_allowed_for():
    """The joint F test by simulation: the covariance is an estimate with 12 degrees of freedom, the leads are not moved by it."""
    rng = np.random.default_rng(2)
    mean, df, n = np.array([1.2, 0.6]), 12, 400_000
    b = mean + rng.normal(size=(n, 2))
    f = (b**2).sum(axis=1) / 2 / (rng.chisquare(df, n) / df)
    cut = stats.f.isf(0.05, 2, df)
    passed = joint(mean, np.eye(2), critical=2 * cut, df=df)
    assert passed.probability == pytest.approx((f <= cut).mean(), abs=0.003)
    assert passed.mean == pytest.approx(b[f <= cut].mean(axis=0), abs=0.006)


def test_one_lead_has_a_closed_form():
    """With one lead both tests are the same, and the mean is that of a truncated normal."""
    mean, cov = np.array([0.7]), np.array([[0.25]])
    exact = stats.truncnorm((-0.98 - 0.7) / 0.5, (0.98 - 0.7) / 0.5, loc=0.7, scale=0.5).mean()
    one = each(mean, cov, cut=1.96)
    both = joint(mean, cov, critical=1.96**2)
    assert one.probability == pytest.approx(stats.norm.cdf(0.56) - stats.norm.cdf(-3.36), abs=1e-10)
    assert both.probability == pytest.approx(one.probability, abs=1e-10)
    assert one.mean[0] == pytest.approx(exact, abs=1e-4) and both.mean[0] == pytest.approx(exact, abs=1e-9)


def test_without_a_trend_a_pass_moves_nothing():
    """Zero stays zero, whatever the covariance."""
    passed = each(np.zeros(3), SIGMA[PRE, PRE])
    assert np.abs(passed.mean).max() < 1e-4
    assert joint(np.zeros(3), SIGMA[PRE, PRE], critical=7.8).mean == pytest.approx(np.zeros(3))


def test_the_same_input_gives_the_same_bits_and_many_leads_are_fine():
    """No chance inside; independent leads multiply."""
    x = -np.arange(20.0, 0, -1)
    cov = np.diag(np.linspace(0.5, 2, 20))
    first, second = each(0.02 * x, cov), each(0.02 * x, cov)
    assert first.probability == second.probability and (first.mean == second.mean).all()
    se = np.sqrt(np.diag(cov))
    alone = stats.norm.cdf(1.959964 - 0.02 * x / se) - stats.norm.cdf(-1.959964 - 0.02 * x / se)
    assert first.probability == pytest.approx(np.prod(alone), rel=1e-6)


def test_impossible_requests_are_refused():
    """Less power than size, and a trend that nothing lets through."""
    with pytest.raises(ValueError, match="without any trend"):
        slope_for_power(X[PRE], SIGMA[PRE, PRE], power=0.05)
    with pytest.raises(ValueError, match="steep"):
        joint(np.array([1e3]), np.eye(1), critical=3.84)
    with pytest.raises(ValueError, match="steep"):
        each(np.array([1e3]), np.eye(1))
