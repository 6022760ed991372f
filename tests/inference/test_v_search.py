"""The search for predictor weights: never worse than a fine grid inside the simplex, the same every time.

At its border a predictor drops out, several donor weights match the rest equally well, and which is taken is arbitrary.
"""

from __future__ import annotations

import numpy as np

from causal_eval.inference.v_search import search, weights_of


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
