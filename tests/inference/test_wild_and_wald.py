"""The wild bootstrap against brute force, and the joint test's power against simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from causal_eval.inference.regression import NotIdentified
from causal_eval.inference.wald import Errors, smallest_slope, wald
from causal_eval.inference.wild import wild_cluster


def sample(seed=0, g=7, per=9):
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(g), per)
    d = (cluster < 3) * (np.tile(np.arange(per), g) > 4).astype(float)
    z = np.column_stack([np.eye(g)[cluster], np.eye(per)[np.tile(np.arange(per), g)][:, 1:], rng.normal(size=g * per)])
    y = rng.normal(size=g * per) + rng.normal(size=g)[cluster] * d + 0.4 * d
    return y, d, z, rng.uniform(0.5, 2, g * per), cluster


def brute(y, d, z, w, cluster, beta0):
    """Restricted wild cluster bootstrap by refitting every sign vector."""
    root = np.sqrt(w)
    x = np.column_stack([d, z])

    def t(v):
        beta = np.linalg.lstsq(x * root[:, None], v * root, rcond=None)[0]
        bread = np.linalg.pinv((x * w[:, None]).T @ x)
        score = x * (w * (v - x @ beta))[:, None]
        meat = sum(np.outer(s, s) for s in (score[cluster == c].sum(axis=0) for c in range(cluster.max() + 1)))
        return (beta[0] - beta0) / np.sqrt((bread @ meat @ bread)[0, 0])

    null = y - beta0 * d
    gamma = np.linalg.lstsq(z * root[:, None], null * root, rcond=None)[0]
    fit, e = z @ gamma + beta0 * d, null - z @ gamma
    g = cluster.max() + 1
    draws = [t(fit + e * np.array([1 if (b >> c) & 1 == 0 else -1 for c in range(g)])[cluster]) for b in range(2**g)]
    return np.mean(np.abs(draws) >= abs(t(y)) * (1 - 1e-9))


def test_wild_bootstrap_equals_refitting_every_sign_vector():
    """Same p-value as 2^7 refits, at the null and at the ends of the interval."""
    y, d, z, w, cluster = sample()
    found = wild_cluster(y, d, z, w, cluster, level=0.9, rng=np.random.default_rng(0))
    assert found.exact and found.n_draws == 128 and found.smallest_p == pytest.approx(2 / 128)
    assert found.p_value == pytest.approx(brute(y, d, z, w, cluster, 0.0))
    assert found.low is not None and found.high is not None
    step = 1e-4 * (found.high - found.low)
    assert brute(y, d, z, w, cluster, found.low + step) > 0.1 >= brute(y, d, z, w, cluster, found.low - step)
    assert brute(y, d, z, w, cluster, found.high - step) > 0.1 >= brute(y, d, z, w, cluster, found.high + step)


def test_wild_bootstrap_refuses_a_collinear_treatment():
    """A treatment inside the span of the other regressors is NotIdentified."""
    y, _d, z, w, cluster = sample()
    with pytest.raises(NotIdentified):
        wild_cluster(y, z[:, 0] + z[:, 1], z, w, cluster, level=0.95, rng=np.random.default_rng(0))


def test_wald_with_well_known_errors_is_the_textbook_test():
    """Independent rows: chi-squared. A covariance worth many degrees of freedom: Hotelling's T2 with G - 1."""
    b, v = np.array([1.0, -0.5, 0.2]), np.diag([0.5, 0.2, 0.1])
    w = float(b @ np.linalg.inv(v) @ b)
    assert wald(b, Errors(v, None)).p_value == pytest.approx(stats.chi2.sf(w, 3))
    assert wald(b, Errors(v, 20)).p_value == pytest.approx(stats.f.sf(w * 18 / (20 * 3), 3, 18))


def test_many_leads_for_few_clusters_are_averaged():
    """Eight coefficients known with 9 degrees of freedom are tested as three averages; a singular covariance too."""
    assert wald(np.ones(8), Errors(np.eye(8), 9)).q == 3
    low = np.ones((6, 2))
    assert wald(np.ones(6), Errors(low @ low.T, 30)).q == 1


def test_degrees_of_freedom_of_two_samples():
    """Krishnamoorthy & Yu (2004): one coefficient is Welch's; equal shares of equal groups are n1 + n0 - 2."""
    a, b, n1, n0 = 0.3, 0.1, 9, 25
    welch = (a + b) ** 2 / (a**2 / (n1 - 1) + b**2 / (n0 - 1))
    assert Errors(np.array([[a + b]]), 33, np.array([[a]]), n1, n0).freedom() == pytest.approx(welch)
    assert Errors(np.eye(3), 38, np.eye(3) / 2, 20, 20).freedom() == pytest.approx(38)


@pytest.mark.parametrize(("n1", "n0", "t"), [(12, 28, 18), (6, 20, 9), (20, 20, 6), (5, 60, 12)])
def test_size_of_the_joint_test_with_few_clusters(n1, n0, t):
    """700 null panels with serial correlation: the 5% test of all leads rejects in 5%, give or take 2.5 points."""
    from causal_eval.inference.difference import Windows, from_units

    rng = np.random.default_rng(n1 + t)
    windows = Windows(np.arange(t) < t - 1, np.arange(t) == t - 1, t - 2)
    treated, rejected, runs = np.arange(n1 + n0) < n1, 0, 700
    leads = np.arange(t - 2)
    for _ in range(runs):
        y = rng.normal(size=(n1 + n0, t)) + 0.4 * rng.normal(size=(n1 + n0, t)).cumsum(axis=1)
        fit = from_units(
            y, np.ones_like(y), treated, np.arange(n1 + n0), windows, vcov="cluster", nested=True, events=True
        )
        psi = fit.events.influence[treated][:, leads]
        errors = Errors(
            fit.events.cov[np.ix_(leads, leads)], n1 + n0 - 1, fit.events.scale * psi.T @ psi, n1, n0
        ).unbiased()
        rejected += wald(fit.events.coef[leads], errors).p_value < 0.05
    assert 0.02 < rejected / runs < 0.075


@pytest.mark.parametrize("df", [None, 30])
def test_smallest_slope_is_seen_four_times_in_five(df):
    """Simulated power at the stated slope is 80%, within three Monte Carlo errors."""
    rng = np.random.default_rng(2)
    q = 4
    root = rng.normal(size=(q, q)) * 0.3
    v = root @ root.T + 0.05 * np.eye(q)
    x = -np.arange(q, 0, -1.0)
    slope = smallest_slope(x, Errors(v, df), alpha=0.05)
    draws = rng.multivariate_normal(slope * x, v, size=4000)
    w = np.einsum("ij,jk,ik->i", draws, np.linalg.inv(v), draws)
    if df is None:
        seen = (w > stats.chi2.isf(0.05, q)).mean()
    else:
        free = df - q + 1
        seen = (w / q / (rng.chisquare(free, 4000) / free) > stats.f.isf(0.05, q, free)).mean()
    assert abs(seen - 0.8) < 3 * np.sqrt(0.8 * 0.2 / 4000)


def test_fieller_interval_is_the_set_of_ratios_not_rejected():
    """Each end is a ratio whose t test sits exactly at the level; zero is inside exactly when the effect's interval has it."""
    from causal_eval.inference.effects import fieller, t_test

    joint = np.array([[0.04, 0.01], [0.01, 0.09]])
    for value in (0.8, 0.3, -0.5):
        found = fieller(value, 5.0, joint, 12, 0.95, 0.1)
        for rho in (found.low, found.high):
            g = np.array([1 + rho, -rho])
            assert abs(g @ [value, 5.0]) / np.sqrt(g @ joint @ g) == pytest.approx(stats.t.isf(0.025, 12))
        plain = t_test(value, 0.2, 12, 0.95)
        assert (found.low <= 0 <= found.high) == (plain.low <= 0 <= plain.high)
        assert found.low < value / (5.0 - value) < found.high
    assert fieller(0.1, 0.2, joint, 12, 0.95, 0.9).low is None
