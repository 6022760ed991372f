"""The ridge's cross-validation in closed form against one that fits anew without every period."""

from __future__ import annotations

import numpy as np
import pytest

from causal_eval.inference.ridge_augmented import LEAST, STEPS, RidgeAugmented, held_out
from causal_eval.inference.simplex import gram, solve, solve_without_each_row


def paths(T: int, n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    factors = np.cumsum(rng.normal(size=(T, 2)), axis=0)
    return 30 + factors @ rng.uniform(size=(2, n)) + 0.3 * rng.normal(size=(T, n))


@pytest.mark.parametrize(("T", "n"), [(12, 9), (9, 10), (8, 25), (40, 6)])
def test_weights_without_each_row_are_those_of_the_rows_left(T, n):
    """More rows than donors, as many, and fewer."""
    X = paths(T, n, T)
    pool = np.arange(1, n)
    found = solve_without_each_row(X, 0, pool)
    for t in range(T):
        alone = solve(gram(np.delete(X, t, axis=0)), 0, pool).weights
        rest = np.delete(X, t, axis=0)
        assert rest @ found[t] == pytest.approx(rest @ alone, abs=1e-6)
        assert found[t].sum() == pytest.approx(1) and found[t, 0] == 0
        if n < T:
            assert found[t] == pytest.approx(alone, abs=1e-9)


def slowly(X: np.ndarray, k: int, pool: np.ndarray, ladder: np.ndarray) -> np.ndarray:
    """What the (J, J) ridge of the donors without each period misses in it."""
    D = X[:, pool].T - X[:, pool].mean(axis=1)
    missed = np.zeros((len(X), len(ladder)))
    for t in range(len(X)):
        keep = np.arange(len(X)) != t
        w = solve(gram(X[keep]), k, pool).weights
        left = (X[:, k] - X @ w)[keep]
        for i, ridge in enumerate(ladder):
            more = np.linalg.solve(D[:, keep] @ D[:, keep].T + ridge * np.eye(len(pool)), D[:, keep] @ left)
            missed[t, i] = X[t, k] - X[t] @ w - X[t, pool] @ more
    return missed


@pytest.mark.parametrize("demeaned", [False, True])
@pytest.mark.parametrize(("T", "n"), [(12, 9), (9, 10), (15, 25), (40, 6)])
def test_errors_of_periods_held_out_are_those_of_a_loop_over_them(T, n, demeaned):
    """Every period and lambda; the choice is the largest lambda within one standard error of the best."""
    for seed in range(4):
        X = paths(T, n, seed)
        pool = np.delete(np.arange(n), [2, 4])
        used = X - X.mean(axis=0) if demeaned else X
        ladder, missed = held_out(used, 2, pool)
        slow = slowly(used, 2, pool, ladder)
        assert missed == pytest.approx(slow, rel=1e-5, abs=1e-6)
        assert ladder[0] == pytest.approx(np.linalg.norm(used[:, pool].T - used[:, pool].mean(axis=1), 2) ** 2)
        assert ladder[0] * LEAST < ladder[-1] and len(ladder) == STEPS
        mean, error = (slow**2).mean(axis=0), (slow**2).std(axis=0, ddof=1) / np.sqrt(T)
        within = ladder[mean <= (mean + error)[mean.argmin()] * (1 + 1e-9)]
        assert RidgeAugmented(intercept=demeaned).choose(X, 2, pool) == pytest.approx(within.max())


def test_donors_that_are_all_alike_leave_nothing_to_correct():
    """No variation between donors: no ridge, and weights that are those of the simplex."""
    X = np.tile(np.arange(6.0)[:, None], (1, 5))
    X[:, 0] += 1
    assert RidgeAugmented().choose(X, 0, np.arange(1, 5)) == 0.0
    fit = RidgeAugmented().fit(X, [0], [np.arange(1, 5)], np.arange(6) < 4, np.arange(6) >= 4)
    assert fit.paths[0] == pytest.approx(np.arange(6.0))
