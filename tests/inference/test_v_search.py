"""The search for predictor weights: never worse than a fine grid inside the simplex, the same every time.

At its border a predictor drops out, several donor weights match the rest equally well, and which is taken is arbitrary.
"""

from __future__ import annotations

import numpy as np

from causal_eval.inference.predictors import Predictors
from causal_eval.inference.v_search import FLOOR, search, weights_of


def problem(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(3, 12))
    Z = np.cumsum(rng.normal(size=(10, 12)), axis=0) + 2 * rng.normal(size=(10, 3)) @ X
    return X / X.std(axis=1, ddof=1, keepdims=True), Z


def test_it_is_at_least_as_good_as_a_fine_grid():
    pool = np.arange(1, 12)
    for seed in range(4):
        X, Z = problem(seed)
        found = search(X, Z, 0, pool)
        best = np.inf
        for a in np.linspace(0.005, 0.99, 41):
            for b in np.linspace(0.005, 0.995 - a, 41):
                v = np.array([a, b, 1 - a - b])
                best = min(best, ((Z[:, 0] - Z @ weights_of(X, v, 0, pool)) ** 2).mean())
        assert found.objective <= best * (1 + 1e-6)
        assert found.objective == ((Z[:, 0] - Z @ found.weights) ** 2).mean()
        assert len(found.near) >= 1 and found.v.min() >= 0


def test_it_is_the_same_every_time():
    X, Z = problem(9)
    one, two = (search(X, Z, 0, np.arange(1, 12)) for _ in range(2))
    assert np.array_equal(one.weights, two.weights) and one.tried == two.tried


def test_no_predictor_weighs_less_than_the_floor():
    """Below it rounding decides the donor weights: Nelder-Mead once left the box and found 1e-19."""
    for seed in range(3):
        X, Z = problem(seed)
        v = search(X, Z, 0, np.arange(1, 12)).v
        assert v.min() >= v.max() * 10**FLOOR * (1 - 1e-9)


def test_a_placebo_is_searched_for_as_far_as_the_treated():
    X, Z = problem(3)
    Y, pre = np.vstack([Z, Z[-3:] + 1]), np.arange(13) < 10
    donors = np.arange(1, 12)
    others = donors[donors != 4]
    fits = Predictors(X).fit(Y, [0, 4], [donors, others], pre, ~pre)
    for i, (target, pool) in enumerate(((0, donors), (4, others))):
        alone = search(X, Z, target, pool)
        assert np.array_equal(fits.predictor_weights[i], alone.v) and fits.objective[i] == alone.objective
