"""Placebo groups fitted many at a time are the groups fitted one by one, sign and all."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from causal_eval.inference.counterfactual import Simplex
from causal_eval.inference.placebo_groups import TOGETHER, Place, placebo_groups
from causal_eval.inference.predictors import Predictors
from causal_eval.inference.v_search import search, weights_of


def alone(donors, members, others, pre, post):
    """(T,) gap of the mean of ``members`` from what the ``others`` predict."""
    Y = np.column_stack([donors[:, list(members)].mean(axis=1), donors[:, list(others)]])
    return Y[:, 0] - Simplex().fit(Y, [0], [np.arange(1, Y.shape[1])], pre, post).paths[0]


def test_each_group_is_the_mean_of_its_donors_less_what_the_others_predict():
    """Every pair of 13 donors, more than are fitted at once, by hand among the donors left."""
    rng = np.random.default_rng(4)
    donors = np.cumsum(rng.normal(size=(20, 13)), axis=0)
    pre = np.arange(20) < 14
    found = placebo_groups(donors, [Place(2, pre, ~pre, Simplex(), np.eye(20))], rng)
    pairs = list(combinations(range(13), 2))
    assert found.exact and len(found.effects) == len(pairs) > TOGETHER
    for b, pair in enumerate(pairs):
        gap = alone(donors, pair, np.delete(np.arange(13), pair), pre, ~pre)
        assert found.rows[b] == pytest.approx(gap, abs=1e-9)
        assert found.effects[b] == pytest.approx(gap[~pre].mean(), abs=1e-9)


def test_with_two_dates_every_way_to_fill_them_is_enumerated():
    """One donor from period 8 on, two others from 10 on, of six: 60 ways; averages weigh dates by their units and periods."""
    rng = np.random.default_rng(5)
    donors = np.cumsum(rng.normal(size=(14, 6)), axis=0)
    t = np.arange(14)
    early, late = t < 8, t < 10
    last = np.zeros((14, 1))
    last[13] = 1.0
    places = [Place(1, early, ~early, Simplex(), last / 3), Place(2, late, ~late, Simplex(), 2 * last / 3)]
    found = placebo_groups(donors, places, rng)
    ways = [(a, *bc) for a in range(6) for bc in combinations([i for i in range(6) if i != a], 2)]
    assert found.exact and len(found.effects) == len(ways) == 60
    for b, (first, *second) in enumerate(ways):
        rest = np.delete(np.arange(6), [first, *second])
        g = alone(donors, [first], rest, early, ~early)
        h = alone(donors, second, rest, late, ~late)
        assert found.effects[b] == pytest.approx((g[~early].sum() + 2 * h[~late].sum()) / (6 + 2 * 4), abs=1e-9)
        assert found.rows[b, 0] == pytest.approx((g[13] + 2 * h[13]) / 3, abs=1e-9)


def test_groups_that_are_drawn_hold_no_donor_twice():
    """More ways than may be enumerated: as many draws as asked for, each of distinct donors."""
    rng = np.random.default_rng(6)
    donors = 10.0 ** np.arange(12)[None, :] * np.ones((6, 1))
    pre = np.arange(6) < 4

    class Nothing:
        def fit(self, Y, targets, pools, pre, post):
            assert all(len(pool) == 9 for pool in pools), "the other members are no donors"
            return Simplex().fit(np.zeros_like(Y), targets, pools, pre, post)

    places = [Place(1, pre, ~pre, Nothing()), Place(2, pre, ~pre, Nothing())]
    found = placebo_groups(donors, places, rng, most=100, draws=50)
    assert not found.exact and len(found.effects) == 50 and found.rows.shape == (50, 0)
    # A sum of three powers of ten: as many ones as distinct donors.
    assert all(str(round(3 * value)).count("1") == 3 for value in found.effects)


@pytest.mark.parametrize("given", [True, False])
def test_a_group_has_the_mean_predictors_of_its_donors(given):
    """Weights by hand, from the group's means beside the other donors alone; the treated path, column 0 of X, is in none of it."""
    rng = np.random.default_rng(7)
    donors = np.cumsum(rng.normal(size=(12, 5)), axis=0)
    pre = np.arange(12) < 8
    X = rng.normal(size=(3 if given else 1, 6))
    method = Predictors(X, np.array([0.5, 0.3, 0.2]) if given else None)
    found = placebo_groups(donors, [Place(2, pre, ~pre, method)], rng)
    pairs = list(combinations(range(5), 2))
    assert found.exact and len(found.effects) == len(pairs)
    pool = np.arange(1, 4)
    for effect, pair in zip(found.effects, pairs, strict=True):
        rest = np.delete(np.arange(5), pair)
        own = np.column_stack([X[:, 1:][:, list(pair)].mean(axis=1), X[:, 1:][:, rest]])
        Y = np.column_stack([donors[:, list(pair)].mean(axis=1), donors[:, rest]])
        w = weights_of(own, method.v, 0, pool) if given else search(own, Y[pre], 0, pool).weights
        assert effect == pytest.approx((Y[~pre, 0] - Y[~pre] @ w).mean(), abs=1e-9)
