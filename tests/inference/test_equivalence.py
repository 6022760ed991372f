"""Equivalence bounds: two one-sided t tests for each coefficient, joined without losing the level."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from causal_eval.inference.equivalence import equivalence_p, smallest_bound


def test_the_bound_is_where_two_one_sided_t_tests_turn():
    """scipy's one-sample t tests on both sides reject just above the bound and not just below it."""
    sample = np.random.default_rng(4).normal(0.3, 1, 25)
    b, se = np.array([sample.mean()]), np.array([sample.std(ddof=1) / 5])
    bound = float(smallest_bound(b, se, 24, alpha=0.05)[0])
    for delta, shown in ((bound * 1.0001, True), (bound * 0.9999, False)):
        p = max(
            stats.ttest_1samp(sample, delta, alternative="less").pvalue,
            stats.ttest_1samp(sample, -delta, alternative="greater").pvalue,
        )
        assert (p < 0.05) == shown
        assert equivalence_p(b, se, 24, bound=delta) == pytest.approx(p, abs=1e-12)


def test_bound_and_p_value_agree_over_several_coefficients():
    """At the largest bound the joint p-value is alpha, with t and with normal errors."""
    b, se = np.array([0.2, -0.5, 0.1]), np.array([0.1, 0.05, 0.3])
    for df in (9.0, None):
        bound = float(smallest_bound(b, se, df, alpha=0.05).max())
        assert equivalence_p(b, se, df, bound=bound) == pytest.approx(0.05, abs=1e-12)
    assert smallest_bound(b, se, None, alpha=0.05)[2] == pytest.approx(0.1 + 1.6448536 * 0.3, abs=1e-6)
    assert np.all(smallest_bound(b, se, 5.0, alpha=0.05) > smallest_bound(b, se, None, alpha=0.05))


@pytest.mark.parametrize(
    ("beta", "exact"), [((1.0,), True), ((1.0, 0.0, 0.0), True), ((1.0, -1.0, 1.0), False)], ids=str
)
def test_size_where_a_coefficient_lies_on_the_bound(beta, exact):
    """Level 5% where one coefficient is on the bound, less where several are; correlated, with estimated errors."""
    rng = np.random.default_rng(9)
    q, n, reps = len(beta), 30, 4000
    root = np.linalg.cholesky(0.5 + 0.5 * np.eye(q))
    x = np.array(beta) + rng.normal(size=(reps, n, q)) @ root.T
    b, se = x.mean(axis=1), x.std(axis=1, ddof=1) / np.sqrt(n)
    shown = smallest_bound(b, se, n - 1, alpha=0.05).max(axis=1) < 1.0
    room = 3.5 * np.sqrt(0.05 * 0.95 / reps)
    assert shown.mean() < 0.05 + room
    assert shown.mean() > 0.05 - room if exact else shown.mean() < 0.05 - room
