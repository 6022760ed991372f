"""Conditional independence is tested with the right size, with power, and as DoWhy's own covariance measure does."""

from __future__ import annotations

import numpy as np
import pytest

from causal_eval.inference.conditional_independence import conditional_independence, holm, smallest_visible


def test_it_is_dowhys_generalised_covariance_measure_with_linear_regressions() -> None:
    """On two-valued conditions, which need no squares: DoWhy divides by n, uses the normal; the difference is of order 1/n."""
    from dowhy.gcm.independence_test import generalised_cov_based
    from dowhy.gcm.ml import create_linear_regressor

    rng = np.random.default_rng(1)
    for effect in (0.0, 0.05):
        z = rng.integers(0, 2, (4000, 2)).astype(float)
        a = z.sum(axis=1) + rng.normal(size=4000) * (1 + z[:, 0])
        b = z[:, 0] + effect * a + rng.normal(size=4000)
        peer = generalised_cov_based(a, b, z, create_linear_regressor, create_linear_regressor)
        ours = conditional_independence(a[:, None], b[:, None], z)
        assert ours is not None and ours.p_value == pytest.approx(float(np.squeeze(peer)), rel=0.02, abs=1e-4)


def test_the_partial_correlation_is_that_of_the_covariance_matrix() -> None:
    """From the inverse covariance, where the conditions are 0/1."""
    rng = np.random.default_rng(2)
    z = rng.integers(0, 2, (500, 1)).astype(float)
    a = z[:, 0] + rng.normal(size=500)
    b = z[:, 0] - 0.5 * a + rng.normal(size=500)
    inverse = np.linalg.inv(np.cov(np.column_stack([a, b, z]), rowvar=False))
    expected = -inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1])
    found = conditional_independence(a[:, None], b[:, None], z)
    assert found is not None and found.correlation == pytest.approx(expected) and found.n == 500


@pytest.mark.parametrize("clustered", [False, True])
def test_size_and_power(clustered: bool) -> None:
    """A choice that depends on x by a logit, an outcome that is quadratic in it with unequal spread: 5% within error, 400 samples."""
    rng = np.random.default_rng(3)
    rejected = np.zeros(2)
    for _ in range(400):
        n, groups = (400, 400) if not clustered else (600, 60)
        cluster = np.arange(n) % groups
        shock = rng.normal(size=(groups, 2))[cluster] * (1.0 if clustered else 0.0)
        x = rng.normal(size=n)
        t = (rng.random(n) < 1 / (1 + np.exp(-0.7 * x - shock[:, 0]))).astype(float)
        noise = rng.normal(size=n) * (1 + 0.5 * np.abs(x))
        for k, effect in enumerate((0.0, 0.8)):
            y = x + 0.4 * x**2 + effect * t + noise + shock[:, 1]
            found = conditional_independence(t[:, None], y[:, None], x[:, None], None, cluster if clustered else None)
            assert found is not None
            rejected[k] += found.p_value < 0.05
    size, power = rejected / 400
    assert 0.02 <= size <= 0.08 and power > 0.9


def test_a_category_is_tested_as_a_whole() -> None:
    """Four 0/1 columns at once: 5% where nothing is there, and a difference in one of them is found."""
    rng = np.random.default_rng(4)
    rejected = np.zeros(2)
    for _ in range(300):
        code = rng.integers(0, 5, 500)
        flags = (code[:, None] == np.arange(1, 5)).astype(float)
        y = rng.normal(size=500)
        for k, effect in enumerate((0.0, 0.6)):
            found = conditional_independence(flags, (y + effect * flags[:, 2])[:, None], np.empty((500, 0)))
            assert found is not None
            rejected[k] += found.p_value < 0.05
    size, power = rejected / 300
    assert 0.02 <= size <= 0.085 and power > 0.9


def test_weights_count_as_rows_do() -> None:
    """Doubling rows and giving them weight two agree on the correlation."""
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(200, 1)), rng.normal(size=(200, 1))
    w = np.where(np.arange(200) < 100, 2.0, 1.0)
    twice = np.concatenate([np.arange(200), np.arange(100)])
    weighted = conditional_independence(a, b, np.empty((200, 0)), w)
    repeated = conditional_independence(a[twice], b[twice], np.empty((300, 0)))
    assert weighted is not None and repeated is not None
    assert weighted.correlation == pytest.approx(repeated.correlation)


def test_what_cannot_be_tested_is_not() -> None:
    """A variable that the others determine, or hardly any rows."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=(50, 1))
    assert conditional_independence(2 * x + 1, rng.normal(size=(50, 1)), x) is None
    assert conditional_independence(x[:8], x[:8] ** 3, np.empty((8, 0))) is None


def test_holm_is_what_statsmodels_computes() -> None:
    from statsmodels.stats.multitest import multipletests

    p = np.array([0.01, 0.04, 0.03, 0.005, 0.5])
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


def test_the_smallest_visible_correlation_is_seen_as_often_as_stated() -> None:
    """Simulated with 300 rows: found in 80% of samples."""
    rng = np.random.default_rng(7)
    r = smallest_visible(300, 0.05, 0.8)
    found = 0
    for _ in range(400):
        a = rng.normal(size=300)
        b = r * a + np.sqrt(1 - r**2) * rng.normal(size=300)
        tested = conditional_independence(a[:, None], b[:, None], np.empty((300, 0)))
        found += tested is not None and tested.p_value < 0.05
    assert 0.74 <= found / 400 <= 0.86
