"""Randomisation inference against brute force, and its size."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from causal_eval.inference.difference import Windows
from causal_eval.inference.few_clusters import count_clusters, permute
from causal_eval.inference.randomization import assignments, randomization_test


def brute_p(change, treated, tau):
    """Two-sided p-value of a constant effect tau over all assignments, by recomputing every difference of means."""
    adjusted = change - tau * treated
    n, k = len(treated), treated.sum()
    real = abs(adjusted[treated].mean() - adjusted[~treated].mean())
    values = []
    for chosen in combinations(range(n), k):
        mask = np.zeros(n, bool)
        mask[list(chosen)] = True
        values.append(abs(adjusted[mask].mean() - adjusted[~mask].mean()))
    return np.mean(np.array(values) >= real - 1e-12)


@pytest.mark.parametrize(("n", "k"), [(24, 1), (9, 3), (8, 4), (30, 2)])
def test_interval_is_the_set_of_effects_not_rejected(n, k):
    """Just inside the interval p > 0.05, just outside p <= 0.05, both by brute force."""
    rng = np.random.default_rng(n * k)
    change, treated = rng.normal(size=n), np.arange(n) < k
    y = np.column_stack([np.zeros(n), change + 0.7 * treated])
    windows = Windows(np.array([True, False]), np.array([False, True]), 0)
    found = permute(y, np.ones_like(y), treated, np.arange(n), windows, level=0.95, rng=rng).static
    effect = change + 0.7 * treated
    assert found.p_value == pytest.approx(brute_p(effect, treated, 0.0))
    assert found.low is not None and found.high is not None
    width = found.high - found.low
    for end, inward in ((found.low, 1), (found.high, -1)):
        assert brute_p(effect, treated, end + inward * 1e-6 * width) > 0.05
        assert brute_p(effect, treated, end - inward * 1e-6 * width) <= 0.05


def test_too_few_assignments_give_no_interval_and_say_so():
    """With 12 possible choices no p-value can reach 0.05, so there is no 95% interval."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(12, 4))
    windows = Windows(np.arange(4) < 2, np.arange(4) >= 2, 1)
    found = permute(y, np.ones_like(y), np.arange(12) == 3, np.arange(12), windows, level=0.95, rng=rng)
    assert found.static.low is None and "no 95% interval exists" in found.static.note
    assert "0.083" in found.note


def test_unbalanced_refits_agree_with_the_closed_form_when_balanced():
    """The general path (refit each assignment) and the balanced one give the same p-value and interval."""
    rng = np.random.default_rng(4)
    y, treated = rng.normal(size=(22, 5)), np.arange(22) < 1
    windows = Windows(np.arange(5) < 3, np.arange(5) >= 3, 2)
    ones = np.ones_like(y)
    fast = permute(y, ones, treated, np.arange(22), windows, level=0.9, rng=rng)
    tilted = ones.copy()
    tilted[0, 0] = 1 + 1e-12
    slow = permute(y, tilted, treated, np.arange(22), windows, level=0.9, rng=rng)
    assert slow.static.p_value == fast.static.p_value
    assert slow.static.low == pytest.approx(fast.static.low, rel=1e-6)
    assert [t.high for t in slow.gaps] == pytest.approx([t.high for t in fast.gaps], rel=1e-6)


def test_pooled_permutation_refits_the_weighted_regression():
    """Ratios of totals: each assignment's coefficients are those of the regression on group and period effects."""
    from causal_eval.inference.few_clusters import _by_group

    rng = np.random.default_rng(6)
    n, t = 9, 5
    y, w = rng.normal(size=(n, t)) + 3, rng.uniform(0.2, 4, size=(n, t))
    windows = Windows(np.arange(t) < 3, np.arange(t) >= 3, 2)
    every = np.array([np.arange(n) < 3, np.arange(n) > 5])
    found = _by_group(y, w, every, windows)
    period = np.tile(np.arange(t), n)
    for row, chosen in zip(found, every, strict=True):
        d = np.repeat(chosen, t).astype(float)
        effects = np.column_stack([np.ones(n * t), d, np.eye(t)[period][:, 1:]])
        root = np.sqrt(w.ravel())
        for patterns, own in ((windows.post.astype(float)[:, None], row[:1]), (windows.dummies(), row[1:])):
            x = np.column_stack([d[:, None] * patterns[period], effects])
            beta = np.linalg.lstsq(x * root[:, None], y.ravel() * root, rcond=None)[0]
            assert own == pytest.approx(beta[: patterns.shape[1]])


def test_clusters_are_permuted_whole():
    """Units of one cluster move together: 4 clusters with 1 treated leave 4 assignments."""
    rng = np.random.default_rng(1)
    y = rng.normal(size=(40, 2))
    cluster = np.arange(40) // 10
    windows = Windows(np.array([True, False]), np.array([False, True]), 0)
    found = permute(y, np.ones_like(y), cluster == 2, cluster, windows, level=0.95, rng=rng)
    assert "all 4 assignments" in found.note
    with pytest.raises(ValueError, match="both treated and control"):
        permute(y, np.ones_like(y), np.arange(40) % 2 == 0, cluster, windows, level=0.95, rng=rng)


def test_random_assignments_are_reproducible_and_counted():
    """Too many to enumerate: drawn from the generator, the same from the same seed, with a Monte Carlo error."""
    treated = np.arange(40) < 8
    one = assignments(treated, np.random.default_rng(5), at_most=200)
    two = assignments(treated, np.random.default_rng(5), at_most=200)
    assert not one.exact and one.treated.shape == (200, 40)
    assert np.array_equal(one.treated, two.treated) and (one.treated.sum(axis=1) == 8).all()
    test = randomization_test(1.0, np.linspace(-2, 2, 199), np.zeros(199), level=0.95, exact=False)
    assert test.mc_error == pytest.approx(np.sqrt(test.p_value * (1 - test.p_value) / 200))


def test_size_under_the_null_with_one_treated_cluster_of_25():
    """400 null panels with serial correlation: the 5% test rejects in 4% (1/25), within three Monte Carlo errors."""
    rng = np.random.default_rng(20)
    windows = Windows(np.arange(6) < 3, np.arange(6) >= 3, 2)
    rejected = 0
    for _ in range(400):
        y = rng.normal(size=(25, 6)).cumsum(axis=1)
        found = permute(y, np.ones_like(y), np.arange(25) == 0, np.arange(25), windows, level=0.95, rng=rng)
        rejected += found.static.p_value <= 0.05
    rate = rejected / 400
    assert abs(rate - 0.04) < 3 * np.sqrt(0.04 * 0.96 / 400)


def test_few_clusters_are_recognised():
    """Few in all, few treated, or few controls."""
    many = count_clusters(np.arange(40) < 20, np.arange(40))
    assert not many.few and many.assigned
    assert count_clusters(np.arange(40) < 2, np.arange(40)).few
    assert count_clusters(np.arange(40) < 38, np.arange(40)).few
    mixed = count_clusters(np.arange(40) % 2 == 0, np.arange(40) // 2)
    assert not mixed.assigned
