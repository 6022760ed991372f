"""The fast engines against a slow, obviously right one: ordinary least squares on a full matrix of dummies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal_eval.inference.absorbed import absorb, count_effects
from causal_eval.inference.cell_regression import CellSums, cell_regression
from causal_eval.inference.difference import Windows, from_cells, from_rows, from_units
from causal_eval.inference.regression import NotIdentified, least_squares


def dense(y, x, w, *, vcov, cluster=None, n_counted=None, k=1):
    """Reference: weighted least squares by normal equations on all dummies; the first ``k`` coefficients."""
    keep = w > 0
    y, x, w = y[keep], x[keep], w[keep]
    bread = np.linalg.pinv(x.T @ (x * w[:, None]))
    beta = bread @ (x.T @ (w * y))
    e = y - x @ beta
    rank = np.linalg.matrix_rank(x)
    n = len(y)
    if vcov == "cluster":
        codes = np.unique(cluster[keep], return_inverse=True)[1]
        g = codes.max() + 1
        meat = np.zeros((x.shape[1], x.shape[1]))
        for c in range(g):
            s = (x[codes == c] * (w * e)[codes == c, None]).sum(axis=0)
            meat += np.outer(s, s)
        cov = g / (g - 1) * (n - 1) / (n - n_counted) * bread @ meat @ bread
    elif vcov == "iid":
        cov = (w * e * e).sum() / (n - rank) * bread
    else:
        u2 = (w * e) ** 2
        if vcov == "hc2":
            u2 = u2 / (1 - w * np.einsum("ij,jk,ik->i", x, bread, x))
        cov = bread @ (x.T @ (x * u2[:, None])) @ bread * (n / (n - rank) if vcov == "hc1" else 1)
    return beta[:k], np.sqrt(np.diag(cov))[:k]


def panel(seed, *, n=14, t=6, missing=0.2, weighted=True, start=3):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(n, t)).cumsum(axis=1) + rng.normal(size=(n, 1))
    treated = np.arange(n) < n // 2
    w = rng.uniform(0.5, 2, size=(n, t)) if weighted else np.ones((n, t))
    gone = rng.random((n, t)) < missing
    gone[:, [0, t - 1]] = False
    w = np.where(gone, 0.0, w)
    y = np.where(gone, np.nan, y)
    pre = np.arange(t) < start
    return y, w, treated, Windows(pre, ~pre, start - 1)


@pytest.mark.parametrize("vcov", ["cluster", "hc1", "hc2", "iid"])
@pytest.mark.parametrize("missing", [0.0, 0.25])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("coarse", [False, True])
def test_units_equal_dummy_regression(vcov, missing, weighted, coarse):
    """Static and event-study coefficients and every covariance equal the dummy regression's."""
    y, w, treated, windows = panel(7, missing=missing, weighted=weighted)
    n, t = y.shape
    cluster = (np.arange(n) // 2 if coarse else np.arange(n)).astype(np.int64)
    fit = from_units(y, w, treated, cluster, windows, vcov=vcov, nested=True, events=True)
    unit, period = np.repeat(np.arange(n), t), np.tile(np.arange(t), n)
    dummies = np.column_stack([np.eye(n)[unit], np.eye(t)[period][:, 1:]])
    yy, ww, dd = np.nan_to_num(y.ravel()), w.ravel(), treated[unit]
    for found, pattern in ((fit.static, windows.post.astype(float)[:, None]), (fit.events, windows.dummies())):
        k = pattern.shape[1]
        x = np.column_stack([dd[:, None] * pattern[period], dummies])
        beta, se = dense(yy, x, ww, vcov=vcov, cluster=cluster[unit], n_counted=k + t, k=k)
        np.testing.assert_allclose(found.coef, beta, rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(found.std_error, se, rtol=1e-8)


@pytest.mark.parametrize("vcov", ["cluster", "hc1", "hc2", "iid"])
@pytest.mark.parametrize("weighted", [False, True])
def test_cells_equal_row_regression(vcov, weighted):
    """A repeated cross-section from cell sums equals the regression of its rows."""
    rng = np.random.default_rng(3)
    n, t = 400, 4
    group, period = rng.random(n) < 0.4, rng.integers(0, t, n)
    codes = rng.integers(0, 12, n)
    w = rng.uniform(0.5, 2, n) if weighted and vcov != "hc2" else np.ones(n)
    y = rng.normal(size=n) + group + 0.3 * period + 0.5 * (group & (period > 1))
    windows = Windows(np.arange(t) < 2, np.arange(t) >= 2, 1)
    if vcov == "cluster":
        keys = np.stack([group, period, codes])
        cells, at = np.unique(keys, axis=1, return_inverse=True)
        own = cells[2]
    else:
        cells, at = np.unique(np.stack([group, period]), axis=1, return_inverse=True)
        own = np.full(cells.shape[1], -1)
    total = lambda v: np.bincount(at, weights=v, minlength=cells.shape[1])  # noqa: E731
    sums = CellSums(
        np.bincount(at),
        total(w),
        total(w * y),
        total(w * w),
        total(w * w * y),
        total((w * y) ** 2),
        total(w * y * y),
        own,
    )
    fit = from_cells(sums, cells[0].astype(bool), cells[1], windows, vcov=vcov, events=True)
    x = np.column_stack([group * (period >= 2), np.ones(n), group, np.eye(t)[period][:, 1:]]).astype(float)
    beta, se = dense(y, x, w, vcov=vcov, cluster=codes, n_counted=x.shape[1])
    np.testing.assert_allclose(fit.static.coef, beta, rtol=1e-9)
    np.testing.assert_allclose(fit.static.std_error, se, rtol=1e-8)


@pytest.mark.parametrize("vcov", ["cluster", "hc1", "hc2", "iid"])
def test_rows_with_covariates_and_a_further_effect_equal_dummy_regression(vcov):
    """Absorption by linearmodels plus this package's covariance equals the dummy regression."""
    y, w, treated, windows = panel(11, n=16, t=5)
    n, t = y.shape
    rng = np.random.default_rng(1)
    keep = (w > 0).ravel()
    unit, period = np.repeat(np.arange(n), t)[keep], np.tile(np.arange(t), n)[keep]
    region = (unit % 4) * t + period
    x = np.column_stack([rng.normal(size=len(unit)) * 1e3, unit.astype(float)])
    yy, ww, dd = y.ravel()[keep], w.ravel()[keep], treated[unit]
    fit = from_rows(yy, ww, dd, period, [unit, period, region], x, unit, windows, vcov=vcov, events=True)
    assert fit.dropped_covariates == (1,), "a covariate that does not change within units is named, not kept"
    dummies = np.column_stack([np.eye(n)[unit], np.eye(4 * t)[region]])
    for found, pattern in ((fit.static, windows.post.astype(float)[:, None]), (fit.events, windows.dummies())):
        k = pattern.shape[1]
        full = np.column_stack([dd[:, None] * pattern[period], x[:, :1], dummies])
        # Periods are nested in region-periods; units in the clusters: k + 1 + the region-periods count.
        beta, se = dense(yy, full, ww, vcov=vcov, cluster=unit, n_counted=k + 1 + 4 * t, k=k)
        np.testing.assert_allclose(found.coef, beta, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(found.std_error, se, rtol=1e-6)


def test_rows_without_covariates_equal_units():
    """The row engine and the array engine are the same estimator."""
    y, w, treated, windows = panel(5)
    n, t = y.shape
    keep = (w > 0).ravel()
    unit, period = np.repeat(np.arange(n), t)[keep], np.tile(np.arange(t), n)[keep]
    rows = from_rows(
        y.ravel()[keep],
        w.ravel()[keep],
        treated[unit],
        period,
        [unit, period],
        np.zeros((keep.sum(), 0)),
        unit,
        windows,
        vcov="cluster",
        events=True,
    )
    arrays = from_units(y, w, treated, np.arange(n), windows, vcov="cluster", nested=True, events=True)
    for a, b in ((rows.static, arrays.static), (rows.events, arrays.events)):
        np.testing.assert_allclose(a.coef, b.coef, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(a.cov, b.cov, rtol=1e-6, atol=1e-14)
    np.testing.assert_allclose(rows.joint, arrays.joint, rtol=1e-6, atol=1e-14)
    assert rows.observed == pytest.approx(arrays.observed) and rows.baseline == pytest.approx(arrays.baseline)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-50, 50), scale=st.sampled_from([1e-6, 0.5, 1e6]))
def test_laws_of_difference_in_differences(seed, shift, scale):
    """Common shocks and unit levels change nothing; units of measurement scale; a shifted treated cell shifts the effect."""
    y, w, treated, windows = panel(seed)
    rng = np.random.default_rng(seed)
    common, level = rng.normal(size=(1, y.shape[1])) * 10, rng.normal(size=(y.shape[0], 1)) * 10
    cluster = np.arange(len(y))
    run = lambda v: from_units(v, w, treated, cluster, windows, vcov="cluster", nested=True, events=True)  # noqa: E731
    base = run(y)
    moved = run(y + common + level)
    assert moved.static.coef == pytest.approx(base.static.coef, abs=1e-8)
    assert moved.static.std_error == pytest.approx(base.static.std_error, rel=1e-6)
    scaled = run(y * scale)
    assert scaled.static.coef == pytest.approx(base.static.coef * scale, rel=1e-8)
    assert scaled.static.std_error == pytest.approx(base.static.std_error * scale, rel=1e-8)
    added = run(y + shift * (treated[:, None] & windows.post[None, :]))
    assert added.static.coef == pytest.approx(base.static.coef + shift, abs=1e-7)
    order = rng.permutation(len(y))
    again = from_units(y[order], w[order], treated[order], cluster, windows, vcov="cluster", nested=True, events=True)
    assert again.static.coef == pytest.approx(base.static.coef, abs=1e-10)


def test_absorbed_treatment_is_not_identified():
    """A treatment that the effects explain whole is an error, never a number."""
    y, w, treated, windows = panel(2, missing=0.0)
    n, t = y.shape
    unit, period = np.repeat(np.arange(n), t), np.tile(np.arange(t), n)
    group_period = treated[unit] * t + period
    with pytest.raises(NotIdentified):
        from_rows(
            y.ravel(),
            w.ravel(),
            treated[unit],
            period,
            [unit, period, group_period],
            np.zeros((n * t, 0)),
            unit,
            windows,
            vcov="cluster",
            events=False,
        )
    with pytest.raises(NotIdentified):
        least_squares(y[:, 0], np.ones((n, 2)), np.ones(n), vcov="hc1")


def test_effects_nested_in_clusters_are_not_counted():
    """The documented convention: nested effects are free, coarser cuts of another effect add nothing."""
    unit, period = np.repeat(np.arange(10), 4), np.tile(np.arange(4), 10)
    assert count_effects([unit, period], unit) == (13, 9)
    assert count_effects([unit, period], None) == (13, 0)
    region_period = (unit % 2) * 4 + period
    assert count_effects([unit, period, region_period], unit) == (10 + 8 - 2, 8)


def test_absorb_keeps_the_scale_of_what_it_returns():
    """Weighted absorption returns residuals in the units that came in."""
    rng = np.random.default_rng(0)
    g, w = rng.integers(0, 5, 200), rng.uniform(0.2, 3, 200)
    y, x = rng.normal(size=200) * 1e4 + 1e6, rng.normal(size=(200, 2)) * np.array([1e-3, 1e3])
    left = absorb(y, x, [g], w)
    mean = np.array([np.average(y[g == j], weights=w[g == j]) for j in range(5)])
    np.testing.assert_allclose(left.y, y - mean[g], atol=1e-6)
    assert left.kept == (0, 1)


def test_cell_regression_refuses_a_rank_deficient_design():
    """Collinear regressors are NotIdentified."""
    one = np.ones(4)
    sums = CellSums(one.astype(int), one, one, one, one, one, one, -np.ones(4, int))
    with pytest.raises(NotIdentified):
        cell_regression(sums, np.ones((4, 2)), vcov="iid")
