"""The errors of the rollout estimators are those of their estimates: numerical derivatives in the units' weights, and regressions
with dummies written out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from panels import redrawn

import causal_eval as ce


@pytest.fixture(autouse=True)
def no_band(monkeypatch):
    """The band's critical value takes most of the time and is not looked at."""
    monkeypatch.setattr("causal_eval.inference.bands.sup_t", lambda *_, **__: 2.5)


def rollout(seed=0, n=24, t=6, gone=0.0, covariate=False):
    """Rows of three cohorts and never-treated units, with a weight column of ones."""
    rng = np.random.default_rng(seed)
    start = np.array([3.0, 5.0, np.inf])[np.arange(n) % 3]
    x = rng.normal(size=n)
    y = rng.normal(size=(n, 1)) + rng.normal(size=(n, t)) + (np.arange(t)[None, :] >= start[:, None]) * 1.0
    y = y + covariate * x[:, None] * np.arange(t)[None, :] * 0.3
    frame = pd.DataFrame(
        {
            "u": np.repeat(range(n), t),
            "t": np.tile(range(t), n),
            "y": y.ravel(),
            "g": np.repeat(start, t),
            "x": np.repeat(x, t),
            "w": 1.0,
            "c": np.repeat(np.arange(n) // 2, t),
        }
    )
    return frame[rng.random(len(frame)) >= gone].reset_index(drop=True)


def panel(frame, **roles):
    return ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", first_treated="g", weights="w", **roles)


def numbers(estimate):
    """Every absolute effect by its name."""
    return {e.aggregation: e for e in estimate.effects if e.scale == "absolute"}


CASES = {
    "never treated": (ce.StaggeredDiD(control_group="never_treated"), 0.0, ()),
    "not yet treated, varying base": (
        ce.StaggeredDiD(control_group="not_yet_treated", base_period="varying"),
        0.0,
        (),
    ),
    "pairwise, rows missing": (ce.StaggeredDiD(balance="pairwise"), 0.1, ()),
    "regression": (ce.StaggeredDiD(adjustment="outcome_regression"), 0.0, ("x",)),
    "doubly robust": (ce.StaggeredDiD(adjustment="doubly_robust"), 0.0, ("x",)),
    "weighting": (ce.StaggeredDiD(adjustment="ipw"), 0.0, ("x",)),
}


@pytest.mark.parametrize("case", CASES)
def test_errors_are_the_infinitesimal_jackknifes(case):
    """sum_i (d theta / d w_i)^2 over units is the variance of every average, shares of the cohorts included."""
    method, gone, covariates = CASES[case]
    frame = rollout(seed=3, n=15, gone=gone, covariate=bool(covariates))
    roles = {"covariates": list(covariates)} if covariates else {}
    data = panel(frame, **roles)
    base = numbers(method.estimate(data))
    weight = data.wide().weight
    step = 1e-4
    squares = dict.fromkeys(base, 0.0)
    for u in range(len(weight)):
        moved = []
        for sign in (1, -1):
            nudged = weight * np.where(np.arange(len(weight)) == u, 1 + sign * step, 1.0)[:, None]
            moved.append(numbers(method.estimate(redrawn(data, weight=nudged))))
        for name in base:
            squares[name] += ((moved[0][name].value - moved[1][name].value) / (2 * step)) ** 2
    wanted = {k: v for k, v in base.items() if k.startswith(("overall", "event", "cohort:")) and v.std_error}
    assert len(wanted) > 8
    for name, effect in wanted.items():
        assert effect.std_error == pytest.approx(np.sqrt(squares[name]), rel=2e-5), name


def test_clusters_add_up_their_units():
    """With two units a cluster the error is the jackknife's over clusters."""
    frame = rollout(seed=5, n=16)
    method = ce.StaggeredDiD()
    base = method.estimate(panel(frame, cluster="c")).headline
    total = 0.0
    for c in frame.c.unique():
        up, down = (
            method.estimate(panel(frame.assign(w=np.where(frame.c == c, 1 + s, 1.0)), cluster="c")).headline.value
            for s in (1e-4, -1e-4)
        )
        total += ((up - down) / 2e-4) ** 2
    assert base.std_error == pytest.approx(np.sqrt(total), rel=2e-5)


def dummies(frame):
    units = pd.get_dummies(frame.u).to_numpy(float)
    times = pd.get_dummies(frame.t).to_numpy(float)[:, 1:]
    return np.hstack([units, times])


@pytest.mark.parametrize("gone", [0.0, 0.15])
def test_imputed_effects_are_residuals_of_a_regression_on_untreated_rows(gone):
    """Unit and period effects from untreated rows by dummies; effects are what treated rows have above them."""
    frame = rollout(seed=7, n=30, gone=gone)
    off = frame.t < frame.g
    X = dummies(frame)
    beta = np.linalg.lstsq(X[off], frame.y[off], rcond=None)[0]
    tau = (frame.y - X @ beta)[~off]
    found = ce.ImputationDiD().estimate(panel(frame))
    assert found.headline.value == pytest.approx(tau.mean(), rel=1e-9)
    for e in (0, 1):
        at = (frame.t - frame.g)[~off] == e
        assert found.effect(f"event:{e}").value == pytest.approx(tau[at].mean(), rel=1e-9)


@pytest.mark.parametrize("errors", ["conservative", "leave_out"])
@pytest.mark.parametrize("gone", [0.0, 0.15])
@pytest.mark.parametrize("clustered", [False, True])
def test_imputation_errors_are_the_papers_written_out_with_dummies(errors, gone, clustered):
    """Weights v of the untreated rows from the regression, residuals there, and effects less their cohort's average, by cluster."""
    frame = rollout(seed=8, n=36, gone=gone)
    rng = np.random.default_rng(2)
    frame["w"] = rng.uniform(0.5, 3, size=36)[frame.u]
    off = (frame.t < frame.g).to_numpy()
    X, w, y = dummies(frame), frame.w.to_numpy(), frame.y.to_numpy()
    bread = np.linalg.pinv((X[off] * w[off, None]).T @ X[off])
    beta = bread @ (X[off] * w[off, None]).T @ y[off]
    left = y - X @ beta
    a = np.where(off, 0.0, w) / w[~off].sum()
    v = -w * (X @ (bread @ (X.T @ a)))
    group = (frame.c if clustered else frame.u).to_numpy()
    score = np.zeros(len(frame))
    for i in range(len(frame)):
        if off[i]:
            score[i] = v[i] * left[i]
            continue
        cell = (frame.g == frame.g[i]).to_numpy() & (frame.t == frame.t[i]).to_numpy()
        if errors == "leave_out":
            cell &= group != group[i]
        score[i] = a[i] * (left[i] - np.average(left[cell], weights=w[cell] ** 2))
    want = np.sqrt((pd.Series(score).groupby(group).sum() ** 2).sum())
    found = ce.ImputationDiD(errors=errors).estimate(panel(frame, **({"cluster": "c"} if clustered else {})))
    assert found.headline.value == pytest.approx(a @ left, rel=1e-9)
    assert found.headline.std_error == pytest.approx(want, rel=1e-9)


def test_imputation_leaves_clusters_out_of_their_averages_where_they_are_few():
    """29 units: leave-out errors; 30: the paper's first ones, unless others are asked for."""
    for n, said in ((29, "leave-out"), (30, "conservative")):
        assert ce.ImputationDiD().estimate(panel(rollout(n=n))).inference.startswith(said)
    few = panel(rollout(n=24))
    leave, keep = (ce.ImputationDiD(errors=e).estimate(few).headline.std_error for e in ("leave_out", "conservative"))
    assert leave > keep
    assert ce.ImputationDiD().estimate(few).headline.std_error == leave


@pytest.mark.parametrize("gone", [0.0, 0.15])
def test_sun_abraham_is_the_regression_on_cohort_by_event_dummies(gone):
    """Coefficients of cohort x event time, averaged by the cohorts' rows at each event time; CR1 clustered by unit."""
    frame = rollout(seed=9, n=30, gone=gone)
    event = frame.t - frame.g
    columns, names = [], []
    for g in (3.0, 5.0):
        for e in sorted(set(event[frame.g == g])):
            if e != -1:
                columns.append(((frame.g == g) & (event == e)).to_numpy(float))
                names.append((g, int(e)))
    X = np.hstack([np.array(columns).T, dummies(frame)])
    inverse = np.linalg.pinv(X.T @ X)
    beta = inverse @ X.T @ frame.y.to_numpy()
    residual = frame.y.to_numpy() - X @ beta
    scores = pd.DataFrame(X * residual[:, None]).groupby(frame.u.to_numpy()).sum().to_numpy()
    units, n = scores.shape[0], len(frame)
    k = len(names) + frame.t.nunique()
    scale = units / (units - 1) * (n - 1) / (n - k)
    cov = scale * inverse @ scores.T @ scores @ inverse
    found = ce.SunAbraham().estimate(panel(frame))
    for e in (-3, 0, 1):
        at = [i for i, (_, q) in enumerate(names) if q == e]
        rows = np.array([columns[i].sum() for i in at])
        share = rows / rows.sum()
        effect = found.effect(f"event:{e}")
        assert effect.value == pytest.approx(float(share @ beta[at]), rel=1e-8)
        error = np.sqrt(share @ cov[np.ix_(at, at)] @ share)
        assert effect.std_error == pytest.approx(float(error), rel=0.02)  # shares' own error is added
