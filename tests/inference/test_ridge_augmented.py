"""The ridge's cross-validation in closed form against one that fits anew without every period."""

from __future__ import annotations

import numpy as np
import pytest

from causal_eval.inference.ridge_augmented import LEAST, STEPS, RidgeAugmented
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


def slowly(X: np.ndarray, k: int, pool: np.ndarray) -> tuple[np.ndarray, float]:
    """The ladder and its choice, by the (J, J) ridge of the donors without each period."""
    D = X[:, pool].T - X[:, pool].mean(axis=1)
    ladder = np.linalg.norm(D, 2) ** 2 * LEAST ** (np.arange(STEPS) / STEPS)
    errors = np.zeros((len(X), STEPS))
    for t in range(len(X)):
        keep = np.arange(len(X)) != t
        w = solve(gram(X[keep]), k, pool).weights
        missed = (X[:, k] - X @ w)[keep]
        for i, ridge in enumerate(ladder):
            more = np.linalg.solve(D[:, keep] @ D[:, keep].T + ridge * np.eye(len(pool)), D[:, keep] @ missed)
            errors[t, i] = (X[t, k] - X[t] @ w - X[t, pool] @ more) ** 2
    mean, error = errors.mean(axis=0), errors.std(axis=0, ddof=1) / np.sqrt(len(X))
    best = mean.argmin()
    return ladder, ladder[mean <= mean[best] + error[best]].max()


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize(("T", "n"), [(12, 9), (9, 10), (15, 25), (40, 6)])
def test_the_ridge_chosen_in_closed_form_is_the_one_of_a_loop_over_periods(T, n, intercept):
    for seed in range(4):
        X = paths(T, n, seed)
        pool = np.delete(np.arange(n), [2, 4])
        chosen = RidgeAugmented(intercept=intercept).choose(X, 2, pool)
        ladder, slow = slowly(X - X.mean(axis=0) if intercept else X, 2, pool)
        assert chosen == pytest.approx(slow, rel=1e-9)
    if n < T:
        assert ladder[-1] < slow < ladder[0], "not an end of the ladder"


def test_donors_that_are_all_alike_leave_nothing_to_correct():
    """No variation between donors: no ridge, and weights that are those of the simplex."""
    X = np.tile(np.arange(6.0)[:, None], (1, 5))
    X[:, 0] += 1
    assert RidgeAugmented().choose(X, 0, np.arange(1, 5)) == 0.0
    fit = RidgeAugmented().fit(X, [0], [np.arange(1, 5)], np.arange(6) < 4, np.arange(6) >= 4)
    assert fit.paths[0] == pytest.approx(np.arange(6.0))
