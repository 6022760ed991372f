"""Errors by leaving out and redrawing units, for the headline and any other average of gaps."""

from __future__ import annotations

import numpy as np
import pytest

from causal_eval.inference.counterfactual import Fits
from causal_eval.inference.unit_resampling import bootstrap_errors, jackknife_errors


class Equal:
    """Every donor counts the same: the gap is a difference of means."""

    def fit(self, Y, targets, pools, pre, post):
        weights = np.zeros((1, Y.shape[1]))
        weights[0, pools[0]] = 1 / len(pools[0])
        return Fits(weights, weights @ Y.T, np.zeros(1), np.zeros(1))


def panel():
    rng = np.random.default_rng(2)
    treated, donors = rng.normal(size=(6, 5)), rng.normal(size=(6, 9))
    rows = np.zeros((6, 2))
    rows[4:, 0] = 0.5
    rows[5, 1] = 1.0
    return treated, donors, rows


def test_the_jackknife_leaves_out_each_unit_and_keeps_the_weights():
    """Arkhangelsky et al. (2021), algorithm 3, by a loop: the gap of the periods after less that of the weighted ones before."""
    treated, donors, rows = panel()
    weights, times = np.arange(1, 10) / 45, np.array([0.1, 0.2, 0.3, 0.4, 0, 0])
    found = jackknife_errors(treated, donors, weights, times, rows)
    for k, after in enumerate(rows.T):
        values = []
        for out in range(14):
            t = np.delete(treated, out, axis=1) if out < 5 else treated
            d = np.delete(donors, out - 5, axis=1) if out >= 5 else donors
            w = np.delete(weights, out - 5) if out >= 5 else weights
            gap = t.mean(axis=1) - d @ (w / w.sum())
            values.append(gap @ after - gap @ times)
        assert found[k] == pytest.approx(np.sqrt(13 / 14 * ((values - np.mean(values)) ** 2).sum()))


def test_the_bootstrap_of_a_difference_of_means_has_its_known_error(monkeypatch):
    """With equal weights the error is that of two means, up to 4,000 draws and the varying sizes of both groups."""
    monkeypatch.setattr("causal_eval.inference.unit_resampling.BOOTSTRAP", 4000)
    rng = np.random.default_rng(3)
    treated, donors = rng.normal(size=(6, 40)), rng.normal(size=(6, 60))
    rows = panel()[2]
    pre = np.arange(6) < 4
    found = bootstrap_errors(treated, donors, Equal(), pre, ~pre, rows, rng)
    known = [np.sqrt((treated.T @ r).var() / 40 + (donors.T @ r).var() / 60) for r in rows.T]
    assert found == pytest.approx(known, rel=0.05)


def test_one_treated_unit_cannot_be_resampled():
    treated, donors, rows = panel()
    pre = np.arange(6) < 4
    with pytest.raises(ValueError, match="left out"):
        jackknife_errors(treated[:, :1], donors, np.full(9, 1 / 9), np.zeros(6), rows)
    with pytest.raises(ValueError, match="redrawn"):
        bootstrap_errors(treated[:, :1], donors, Equal(), pre, ~pre, rows, np.random.default_rng(0))
