"""The simplex solver against slow, obviously right ones: every support tried, and a generic convex solver."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from shared_data import shared

from causal_eval.inference.counterfactual import Simplex
from causal_eval.inference.identified_range import identified_range
from causal_eval.inference.simplex import gram, solve, solve_each


def objective(X, k, w, ridge=0.0, linear=None):
    r = X[:, k] - X @ w
    return r @ r / 2 + ridge * w @ w / 2 + (0.0 if linear is None else linear @ w)


def by_supports(X, k, pool, ridge=0.0, linear=None):
    """The smallest objective over all supports, each solved as an equality-constrained problem."""
    best = np.inf
    for size in range(1, len(pool) + 1):
        for P in combinations(pool, size):
            D = X[:, P] - X[:, [k]]
            H = np.block([[D.T @ D + ridge * np.eye(size), np.ones((size, 1))], [np.ones((1, size)), np.zeros((1, 1))]])
            b = np.zeros(size) if linear is None else linear[list(P)]
            w = np.linalg.lstsq(H, np.append(-b, 1.0), rcond=None)[0][:size]
            if (w >= -1e-12).all() and abs(w.sum() - 1) < 1e-9:
                full = np.zeros(X.shape[1])
                full[list(P)] = np.maximum(w, 0)
                best = min(best, objective(X, k, full, ridge, linear))
    return best


@pytest.mark.parametrize("seed", range(40))
def test_it_is_the_best_over_all_supports(seed):
    """Small problems of every kind: more donors than periods, copies, ridge, linear term, tiny and huge units."""
    rng = np.random.default_rng(seed)
    T, n = int(rng.integers(2, 9)), int(rng.integers(3, 9))
    X = rng.normal(size=(T, n)) * 10.0 ** rng.integers(-4, 5)
    if seed % 4 == 1:
        X[:, 2] = X[:, 1]
    scale = float((X**2).mean())
    ridge = 0.3 * scale if seed % 3 == 0 else 0.0
    linear = rng.normal(size=n) * scale if seed % 5 == 0 else None
    pool = np.arange(1, n)
    found = solve(gram(X), 0, pool, ridge=ridge, linear=linear)
    want = by_supports(X, 0, pool, ridge, linear)
    mine = objective(X, 0, found.weights, ridge, linear)
    assert found.weights.min() >= 0 and found.weights.sum() == pytest.approx(1, abs=1e-12) and found.weights[0] == 0
    assert mine <= want + 1e-9 * max(abs(want), scale)
    assert mine - want <= float(found.gap) + 1e-9 * scale
    assert float(found.squares) == pytest.approx(
        ((X[:, 0] - X @ found.weights) ** 2).sum(), rel=1e-6, abs=1e-9 * scale * T
    )


def test_two_hundred_instances_are_optimal_by_their_conditions():
    """At the optimum the gradient is lowest, and equal, on the support: no exchange of weight can help. Sizes up to 120 x 60."""
    rng = np.random.default_rng(7)
    for _ in range(200):
        T, n = int(rng.integers(3, 60)), int(rng.integers(4, 120))
        common = rng.normal(size=(T, 2)) @ rng.normal(size=(2, n))
        X = 100 + common + rng.normal(size=(T, n)) * rng.choice([0.05, 1.0])
        found = solve(gram(X), 0, np.arange(1, n))
        gradient = X.T @ (X @ found.weights - X[:, 0])
        mu = found.weights @ gradient
        squares = ((X[:, 0] - X @ found.weights) ** 2).sum()
        assert mu - gradient[1:].min() <= 1e-6 * max(squares, 1e-6 * T)


def reference(X, k, pool):
    """The smallest sum of squares two slow solvers reach: non-negative least squares with a heavy row for the sum, scaled to
    sum to one, and accelerated projected gradient from there. Both are feasible, so each is above the optimum or at it."""
    from scipy.optimize import nnls

    D, target = X[:, pool], X[:, k]
    middle = D.mean(axis=1)
    D, target = D - middle[:, None], target - middle
    size = np.sqrt((D**2).sum(axis=0).max()) + 1e-300
    w = nnls(np.vstack([D / size, np.full(len(pool), 1e3)]), np.append(target / size, 1e3), maxiter=100 * len(pool))[0]
    w = w / w.sum()
    step = 1 / np.linalg.norm(D, 2) ** 2
    best, at, momentum = w, w, 1.0
    for _ in range(100):
        # The projection on the simplex: Held, Wolfe & Crowder (1974).
        v = at - step * (D.T @ (D @ at - target))
        u = np.sort(v)[::-1]
        rho = np.flatnonzero(u * np.arange(1, len(u) + 1) > np.cumsum(u) - 1)[-1]
        new = np.maximum(v - (u[: rho + 1].sum() - 1) / (rho + 1), 0)
        faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        at, best, momentum = new + (momentum - 1) / faster * (new - best), new, faster
    return min(float(((target - D @ x) ** 2).sum()) for x in (w, best / best.sum()))


def test_the_objective_is_never_above_that_of_reference_solvers():
    """Two hundred random panels of up to 120 donors and 60 periods, levels and trends among them, to one in a million."""
    rng = np.random.default_rng(21)
    for i in range(200):
        T, n = int(rng.integers(3, 60)), int(rng.integers(4, 120))
        X = 10.0 ** rng.integers(-2, 4) * (rng.normal(size=(T, 2)) @ rng.normal(size=(2, n)) + rng.normal(size=(T, n)))
        X += np.cumsum(rng.normal(size=(T, 1)), axis=0) + (rng.normal(size=n) * 5 if i % 2 else 0.0)
        mine = float(solve(gram(X), 0, np.arange(1, n)).squares)
        size = float(((X - X.mean(axis=1, keepdims=True)) ** 2).sum(axis=0).mean())
        assert mine <= reference(X, 0, np.arange(1, n)) * (1 + 1e-6) + 1e-12 * size


EXTRA = {
    "sc_prop99_smoking.csv": ("state", "year", "cigsale", "California", 1989),
    "sc_basque.csv": ("regionname", "year", "gdpcap", "Basque Country (Pais Vasco)", 1970),
    "sc_germany.csv": ("country", "year", "gdp", "West Germany", 1990),
    "sc_geolift_test.csv": ("location", "date", "Y", "chicago", "2021-04-01"),
    "sc_geolift_pretest.csv": ("location", "date", "Y", "chicago", "2021-03-01"),
    "sc_cps_placebo_panel.csv": ("state", "year", "log_wage", "CA", 2010),
}


def _all_placebos_are_optimal(X):
    pools = [np.delete(np.arange(X.shape[1]), [0, k]) if k else np.arange(1, X.shape[1]) for k in range(X.shape[1])]
    found = solve_each(gram(X), list(range(X.shape[1])), pools)
    size = float(((X - X.mean(axis=1, keepdims=True)) ** 2).sum(axis=0).mean())
    for k, pool in enumerate(pools):
        assert found.squares[k] <= reference(X, k, pool) * (1 + 1e-6) + 1e-12 * size


def test_texas_and_all_its_placebos_are_optimal():
    """The data of the PyPI package causaldata: 51 fits, none above the reference solvers."""
    causaldata = pytest.importorskip("causaldata")
    wide = causaldata.texas.load_pandas().data.pivot(index="year", columns="state", values="bmprison")
    _all_placebos_are_optimal(wide[["Texas", *(s for s in wide if s != "Texas")]][wide.index < 1994].to_numpy())


@pytest.mark.parametrize("name", EXTRA)
def test_every_fit_and_placebo_of_the_extra_studies_is_optimal(name):
    unit, time, outcome, treated, launch = EXTRA[name]
    wide = pd.read_csv(shared(name)).pivot(index=time, columns=unit, values=outcome).dropna(axis=1)
    _all_placebos_are_optimal(wide[[treated, *(c for c in wide if c != treated)]][wide.index < launch].to_numpy(float))


def test_a_generic_convex_solver_agrees():
    cvxpy = pytest.importorskip("cvxpy")
    rng = np.random.default_rng(3)
    for T, n in ((19, 39), (40, 25), (12, 60)):
        X = 50 + np.cumsum(rng.normal(size=(T, n)), axis=0)
        w = cvxpy.Variable(n - 1, nonneg=True)
        problem = cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(X[:, 0] - X[:, 1:] @ w)), [cvxpy.sum(w) == 1])
        problem.solve(solver="CLARABEL")
        found = solve(gram(X), 0, np.arange(1, n))
        assert float(found.squares) <= problem.value * (1 + 1e-6) + 1e-7


def test_all_placebos_from_one_matrix_are_the_single_solutions():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(15, 30)).cumsum(axis=0)
    G = gram(X)
    pools = [np.delete(np.arange(30), [0, k]) if k else np.arange(1, 30) for k in range(30)]
    many = solve_each(G, list(range(30)), pools)
    for k in (0, 3, 29):
        assert np.array_equal(many.weights[k], solve(G, k, pools[k]).weights)


def test_a_warm_start_changes_nothing_but_the_way():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(20, 25))
    G, pool = gram(X), np.arange(1, 25)
    cold = solve(G, 0, pool)
    for _ in range(5):
        warm = np.where(rng.random(25) < 0.4, rng.random(25), 0.0)
        assert solve(G, 0, pool, warm=warm).weights == pytest.approx(cold.weights, abs=1e-9)


def test_levels_and_order_do_not_matter():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(20, 12))
    order = np.array([0, *(1 + rng.permutation(11))])
    base = solve(gram(X), 0, np.arange(1, 12)).weights
    shifted = X + 1000 * rng.normal(size=(20, 1))
    assert solve(gram(shifted), 0, np.arange(1, 12)).weights == pytest.approx(base, abs=1e-7)
    assert solve(gram(X[:, order]), 0, np.arange(1, 12)).weights == pytest.approx(base[order], abs=1e-9)


def test_weights_of_a_perfect_fit_do_not_hang_on_the_order_of_donors():
    """More donors than periods: the weights with the smallest squares, whatever the columns' order."""
    rng = np.random.default_rng(11)
    Y = rng.normal(size=(9, 40))
    Y[:, 0] = Y[:, 1:].mean(axis=1)
    pre = np.arange(9) < 5
    order = np.array([0, *(1 + rng.permutation(39))])
    one = Simplex().fit(Y, [0], [np.arange(1, 40)], pre, ~pre).weights[0]
    two = Simplex().fit(Y[:, order], [0], [np.arange(1, 40)], pre, ~pre).weights[0]
    assert two == pytest.approx(one[order], abs=1e-5) and one.max() < 0.2


def test_an_empty_pool_and_numbers_that_are_not_finite_are_errors():
    with pytest.raises(ValueError, match="no donor"):
        solve(np.eye(2), 0, np.zeros(0, dtype=int))
    with pytest.raises(ArithmeticError):
        solve(np.full((3, 3), np.nan), 0, np.array([1, 2]))


def test_the_identified_range_is_that_of_a_cone_programme():
    """Smallest and largest value'w over the simplex where the fit is within 5% of the best."""
    cvxpy = pytest.importorskip("cvxpy")
    rng = np.random.default_rng(8)
    X = rng.normal(size=(12, 20)).cumsum(axis=0)
    value = rng.normal(size=20)
    found = identified_range(gram(X), 0, np.arange(1, 20), value)
    best = np.sqrt(float(solve(gram(X), 0, np.arange(1, 20)).squares))
    for sign, mine in zip((1, -1), found, strict=True):
        w = cvxpy.Variable(19, nonneg=True)
        fits = [cvxpy.sum(w) == 1, cvxpy.norm(X[:, 0] - X[:, 1:] @ w) <= 1.05 * best]
        problem = cvxpy.Problem(cvxpy.Minimize(sign * value[1:] @ w), fits)
        problem.solve(solver="CLARABEL")
        assert mine == pytest.approx(sign * problem.value, abs=1e-5)


def test_a_penalty_moves_weight_to_the_nearest_donors():
    """Abadie & L'Hour (2021): the larger the penalty, the smaller the mean distance of the weighted donors."""
    rng = np.random.default_rng(9)
    Y = rng.normal(size=(16, 30)).cumsum(axis=0)
    pre = np.arange(16) < 10
    distance = ((Y[pre] - Y[pre][:, [0]]) ** 2).sum(axis=0)
    means = [
        float(Simplex(penalty=p).fit(Y, [0], [np.arange(1, 30)], pre, ~pre).weights[0] @ distance)
        for p in (0, 0.1, 1, 10, 1e4)
    ]
    assert means == sorted(means, reverse=True) and means[0] > means[-1]
    assert means[-1] == pytest.approx(distance[1:].min())


def test_degenerate_problems_end_with_their_certificate():
    """One to five periods, up to 120 columns, rounded and repeated values: every placebo ends, optimal to rounding."""
    rng = np.random.default_rng(12)
    for i in range(300):
        T, n = int(rng.integers(1, 6)), int(rng.integers(3, 120))
        X = rng.normal(size=(T, n)) * 10.0 ** rng.integers(-3, 6) + 10.0 ** rng.integers(-2, 7)
        if i % 3 == 0:
            X = np.round(X)
        if i % 5 == 0:
            X[:, n // 2 :] = X[:, : n - n // 2]
        G = gram(X)
        found = solve_each(G, list(range(n)), [np.delete(np.arange(n), k) for k in range(n)])
        assert (found.gap <= 1e-9 * found.squares + 1e-12 * np.diag(G).max()).all()
