"""Prediction intervals: each draw's ends against a generic convex solver, the bounds against scpi, p-value and interval as one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from shared_data import shared

import causal_eval as ce
from causal_eval.errors import EstimatorRefusal
from causal_eval.inference.counterfactual import Simplex
from causal_eval.inference.prediction import _reach, prediction


def paths(seed=0, n=12, t=24, t0=16, intercept=False):
    """(Y, weights, pre, post) of a random-walk world."""
    rng = np.random.default_rng(seed)
    Y = 30 + np.cumsum(rng.normal(size=(t, n)), axis=0) + 3 * rng.normal(size=n)
    Y[:, 0] = Y[:, 1:5].mean(axis=1) + 0.5 * rng.normal(size=t) + 4 * intercept
    pre = np.arange(t) < t0
    w = Simplex(intercept=intercept).fit(Y, [0], [np.arange(1, n)], pre, ~pre).weights[0][1:]
    return Y, w, pre, ~pre


@pytest.mark.parametrize("free", [False, True])
def test_each_draws_ends_are_those_of_a_cone_programme(free):
    """The smallest and largest p'(w - x) over the set as it is written in the paper, level included where it is free."""
    cvxpy = pytest.importorskip("cvxpy")
    Y, w, pre, post = paths(3, intercept=free)
    Z, P = Y[pre][:, 1:], Y[post][:, 1:]
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(4, len(Z)))
    floor = np.where(w < 0.1, w, 0.0)
    level = Z.mean(axis=0) if free else np.zeros(len(w))
    low, high = _reach(Z - level, (Z - level) @ w, w, floor, noise, P[:3] - level, free)
    for s, v in enumerate(noise):
        for r in range(3):
            x, a = cvxpy.Variable(len(w)), cvxpy.Variable()
            moved = Z @ (x - w) + (a if free else 0.0)
            inside = [cvxpy.sum_squares(moved - v) <= v @ v, cvxpy.sum(x) == 1, x >= floor]
            change = P[r] @ (w - x) - (a if free else 0.0)
            for ends, problem in ((low, cvxpy.Minimize(change)), (high, cvxpy.Maximize(change))):
                want = cvxpy.Problem(problem, inside).solve(solver="CLARABEL")
                assert ends[s, r] == pytest.approx(want, rel=1e-4, abs=1e-4)


def test_a_set_that_holds_a_single_donor_ends_there():
    """Where the donor with the largest (smallest) outcome is inside the set, it is the end; no draw is lost."""
    Y, w, pre, post = paths(6)
    Z, P = Y[pre][:, 1:], Y[post][:, 1:]
    noise = 1e3 * np.random.default_rng(5).normal(size=(200, 16))
    low, high = _reach(Z, Z @ w, w, np.zeros(len(w)), noise, P, False)
    assert np.isfinite(low).all() and np.isfinite(high).all()
    inside = np.array([((Z - (Z @ w + v)[:, None]) ** 2).sum(axis=0) < v @ v for v in noise])
    for ends, best in ((low, P.argmax(axis=1)), (high, P.argmin(axis=1))):
        for r, j in enumerate(best):
            assert inside[:, j].any()
            assert ends[inside[:, j], r] == pytest.approx(P[r] @ w - P[r, j])


def test_weights_that_may_not_move_leave_only_the_level():
    """Where every weight is at its floor the counterfactual is certain, or moves with the level: twice the noise's mean."""
    Y, w, pre, post = paths(4)
    noise = np.random.default_rng(2).normal(size=(5, 16))
    Z, P = Y[pre][:, 1:], Y[post][:, 1:]
    low, high = _reach(Z, Z @ w, w, w, noise, P, False)
    assert not low.any() and not high.any()
    low, high = _reach(Z, Z @ w, w, w, noise, P, True)
    twice = 2 * noise.mean(axis=1)
    assert low[:, 0] == pytest.approx(np.minimum(-twice, 0)) and high[:, 0] == pytest.approx(np.maximum(-twice, 0))


def texas():
    causaldata = pytest.importorskip("causaldata")
    frame = causaldata.texas.load_pandas().data[["state", "year", "bmprison"]]
    return ce.Panel.from_frame(
        frame, unit="state", time="year", outcome="bmprison", treated_units=["Texas"], launch=1994
    )


SCPI_TEXAS = {
    False: [(-2.070173, 3.900168), (-3.322754, 4.890785), (-3.000579, 4.485444), (-3.298071, 4.801588),
            (-3.550021, 5.304812), (-3.496752, 5.851264), (-4.675101, 6.544106)],
    True: [(-2.316086, 5.375088), (-3.747620, 6.274924), (-3.194727, 6.110695), (-3.796757, 6.190281),
           (-4.012664, 6.819387), (-3.839339, 7.694106), (-4.722347, 7.686203)],
}  # fmt: skip
"""scpi_pkg 4.0.0, bounds["insample"], 1994 to 2000 in thousands, 1,000 draws, seed 1: simplex, HC1, u_order = 0, u_alpha = 0.05."""
SCPI_GERMANY = {
    False: [(-0.423500, 0.586305), (-0.409550, 0.531537), (-0.474038, 0.532419), (-0.518628, 0.611080), (-0.568130, 0.715671),
            (-0.884404, 0.936699), (-1.154345, 0.966668), (-0.964570, 1.080912), (-1.324859, 1.459802), (-2.384882, 1.589633),
            (-2.580860, 1.773306), (-2.249900, 1.653086), (-2.276191, 1.829231)],
    True: [(-0.452326, 0.771900), (-0.433599, 0.822508), (-0.494523, 0.698855), (-0.484449, 0.755143), (-0.518601, 0.870976),
           (-0.838462, 1.223210), (-1.145125, 1.005745), (-0.856953, 1.067771), (-1.172813, 1.439142), (-2.377282, 1.601932),
           (-2.595474, 1.584151), (-2.271039, 1.424263), (-2.232167, 1.605786)],
}  # fmt: skip
"""The same with 2,000 draws, 1991 to 2003, gross domestic product in thousands."""


def _agrees(Y, pre, post, free, theirs, rho, mean):
    """In-sample bounds within six Monte Carlo errors of the peer's, rho and the shocks' mean to all digits it prints."""
    w = Simplex(intercept=free).fit(Y, [0], [np.arange(1, Y.shape[1])], pre, post).weights[0][1:]
    p = prediction(Y, w, pre, post, np.random.default_rng(0), intercept=free)
    assert p.rho == pytest.approx(rho, rel=1e-6) and p.mean == pytest.approx(mean, rel=1e-5, abs=1e-8)
    for row, want in enumerate(theirs, 1):
        assert p.within(row, 0.05) == pytest.approx(want, abs=6 * p.monte_carlo(row, 0.9))


@pytest.mark.parametrize("free", [False, True])
def test_in_sample_bounds_of_texas_are_those_of_scpi(free):
    """Vermont, which does not vary before 1994, is left out: scpi refuses it."""
    causaldata = pytest.importorskip("causaldata")
    wide = causaldata.texas.load_pandas().data.pivot(index="year", columns="state", values="bmprison") / 1000
    Y = wide[["Texas", *(s for s in wide if s not in ("Texas", "Vermont"))]].to_numpy()
    pre = wide.index.to_numpy() < 1994
    _agrees(Y, pre, ~pre, free, SCPI_TEXAS[free], 0.2, 0.0 if free else 0.00434264)


@pytest.mark.parametrize("free", [False, True])
def test_in_sample_bounds_of_germany_are_those_of_scpi(free):
    wide = pd.read_csv(shared("sc_germany.csv")).pivot(index="year", columns="country", values="gdp") / 1000
    Y = wide[["West Germany", *(c for c in wide if c != "West Germany")]].to_numpy()
    pre = wide.index.to_numpy() <= 1990
    rho = 0.0726518923279318 if free else 0.07164019247054902
    _agrees(Y, pre, ~pre, free, SCPI_GERMANY[free], rho, 0.0 if free else 0.0048949)


def test_p_value_and_interval_are_one_test_and_repeat():
    """p is below 1 - level exactly where the interval leaves zero out; the same seed gives the same bytes, another not."""
    for seed in range(3):
        Y, w, pre, post = paths(seed)
        Y[post, 0] += seed * 1.2
        p = prediction(Y, w, pre, post, np.random.default_rng(0))
        for row in (0, 3):
            for level in (0.8, 0.9, 0.95):
                t = p.tested(row, level)
                assert t.low < t.high and (t.p_value < 1 - level) == (t.low > 0 or t.high < 0)
        again = prediction(Y, w, pre, post, np.random.default_rng(0))
        assert again.tested(0, 0.95) == p.tested(0, 0.95)
        assert prediction(Y, w, pre, post, np.random.default_rng(1)).tested(0, 0.95) != p.tested(0, 0.95)


def test_the_interval_does_not_hang_on_units_or_on_the_order_of_donors():
    Y, w, pre, post = paths(5)
    one = prediction(Y, w, pre, post, np.random.default_rng(0)).tested(0, 0.95)
    times = prediction(1000 * Y, w, pre, post, np.random.default_rng(0)).tested(0, 0.95)
    assert (times.low, times.high) == pytest.approx((1000 * one.low, 1000 * one.high), rel=1e-4)
    order = np.random.default_rng(3).permutation(11)
    mixed = prediction(Y[:, [0, *(1 + order)]], w[order], pre, post, np.random.default_rng(0)).tested(0, 0.95)
    assert (mixed.low, mixed.high) == pytest.approx((one.low, one.high), rel=1e-4)


def test_a_study_reports_it_for_the_average_and_every_period():
    """Texas: the effect as before, every period after 1993 with its own interval, none before, the procedure named once."""
    e = ce.SyntheticControl(inference="prediction").estimate(texas())
    assert e.headline.value == pytest.approx(23807.7316, rel=1e-6)
    assert e.headline.interval.low > 0 and e.headline.p_value < 0.05
    assert "Cattaneo" in e.inference and e.headline.interval.method == e.inference
    assert [p.low is not None for p in e.path] == [p.post for p in e.path]
    events = {x.aggregation: x.interval for x in e.effects}
    assert events["event:2"] == events["period:1996"] and events["event:-3"] is None
    assert "Monte Carlo error" in " ".join(e.notes)
    relative = e.effect("overall", "relative")
    assert relative.p_value == e.headline.p_value and relative.interval.low > 0


def _frame(**more):
    Y, *_ = paths()
    t, n = Y.shape
    start = np.where(np.arange(n) == 0, 16.0, np.inf)
    start[1] = more.get("second", np.inf)
    return pd.DataFrame(
        {"u": [f"m{i:02d}" for i in np.repeat(range(n), t)], "t": np.tile(range(t), n), "y": Y.T.ravel(),
         "g": np.repeat(start, t)}
    )  # fmt: skip


def test_it_is_refused_with_several_dates_predictors_a_penalty_or_a_perfect_fit():
    roles = {"unit": "u", "time": "t", "outcome": "y", "first_treated": "g"}
    data = ce.Panel.from_frame(_frame(), **roles, predictors=["y"])
    for options in ({"penalty": 0.1}, {"predictors": [{"column": "y"}]}):
        with pytest.raises(EstimatorRefusal, match="outcome path alone"):
            ce.SyntheticControl(inference="prediction", **options).estimate(data)
    with pytest.raises(EstimatorRefusal, match="one adoption date"):
        ce.SyntheticControl(inference="prediction").estimate(ce.Panel.from_frame(_frame(second=19), **roles))
    perfect = _frame()
    wide = perfect.pivot(index="t", columns="u", values="y")
    perfect.loc[perfect.u == "m00", "y"] = wide[["m03", "m04"]].mean(axis=1).to_numpy()
    with pytest.raises(EstimatorRefusal, match="leaves none") as refused:
        ce.SyntheticControl(inference="prediction").estimate(ce.Panel.from_frame(perfect, **roles))
    assert refused.value.code == "E403"
