"""Donors screened by their correlation with the target: part of the method, so placebos screen their own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.errors import EstimatorRefusal
from causal_eval.inference.counterfactual import Simplex
from causal_eval.inference.screening import Screened, correlations

FAMILY = [ce.SyntheticControl, ce.AugmentedSyntheticControl, ce.SyntheticDiD, ce.MatrixCompletion]


def world(seed=0, n=16, t=20, launch=14, effect=2.0):
    """Half the units follow the treated one's factor, half its opposite."""
    rng = np.random.default_rng(seed)
    factor = np.cumsum(rng.normal(size=t))
    sign = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    y = 20 + sign[:, None] * factor + 0.3 * rng.normal(size=(n, t))
    y[0, launch:] += effect
    return pd.DataFrame(
        {"u": [f"m{i:02d}" for i in np.repeat(range(n), t)], "t": np.tile(range(t), n), "y": y.ravel(),
         "g": np.repeat(np.where(np.arange(n) == 0, launch, np.inf), t)}
    )  # fmt: skip


def panel(frame):
    return ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", first_treated="g")


def test_correlations_are_those_of_numpy_and_zero_for_a_flat_donor():
    """A missing cell is left out with its pair."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(12, 5)) + 1e3
    X[:, 3] = 7.0
    X[4, 4] = np.nan
    r = correlations(X, 0, np.arange(1, 5))
    assert r[:2] == pytest.approx([np.corrcoef(X[:, 0], X[:, j])[0, 1] for j in (1, 2)])
    assert r[2] == 0
    seen = np.isfinite(X[:, 4])
    assert r[3] == pytest.approx(np.corrcoef(X[seen, 0], X[seen, 4])[0, 1])


def test_each_target_is_fitted_by_its_own_donors():
    """A placebo's weights are those of a fit on the donors that moved with it, and the treated's screen does not bind it."""
    frame = world()
    Y = frame.pivot(index="t", columns="u", values="y").to_numpy()
    pre = np.arange(20) < 14
    pools = [np.delete(np.arange(16), [0, k]) if k else np.arange(1, 16) for k in range(16)]
    found = Screened(Simplex(), 0.5).fit(Y, list(range(16)), pools, pre, ~pre)
    for k in range(16):
        used = np.flatnonzero(found.weights[k])
        assert (used % 2 == k % 2).all()
        alone = Simplex().fit(Y, [k], [pools[k][pools[k] % 2 == k % 2]], pre, ~pre)
        assert found.paths[k] == pytest.approx(alone.paths[0])


def test_a_target_that_moves_with_nobody_keeps_the_two_nearest_to_it():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(30, 6))
    r = correlations(X, 0, np.arange(1, 6))
    kept = Screened(Simplex(), 0.99).passing(X, 0, np.arange(1, 6))
    assert set(kept) == set(1 + np.argsort(-r)[:2])


@pytest.mark.parametrize("cls", FAMILY)
def test_screened_donors_carry_no_weight_and_are_told(cls):
    """Those of the opposite sign are named with their correlation; all donors stay in the ranking."""
    e = cls(donors={"min_pre_correlation": 0.5}).estimate(panel(world()))
    assert e.headline.value == pytest.approx(2, abs=0.6)
    assert all(w.weight == 0 for w in e.weights if w.kind == "donor" and int(w.unit[1:]) % 2)
    note = next(n for n in e.notes if "may carry no weight" in n)
    assert note.startswith("8 of 15 donors") and "m03 (\N{MINUS SIGN}0.98)" in note and "3 more" in note
    assert e.details["placebo_n"] == 16
    plain = cls().estimate(panel(world()))
    assert not any("may carry no weight" in n for n in plain.notes)


@pytest.mark.parametrize("cls", FAMILY)
def test_a_screen_that_leaves_fewer_than_two_donors_is_refused_with_the_nearest(cls):
    with pytest.raises(EstimatorRefusal, match="leaves 0 of 15 donors") as refused:
        cls(donors={"min_pre_correlation": 0.9999}).estimate(panel(world()))
    assert refused.value.code == "E401" and "most correlated are m" in refused.value.hint


def test_the_screen_holds_the_size_of_the_placebo_test_where_screening_once_would_not():
    """Without effects, screening inside the method rejects in 5% at rank 1 of 20; screening once for the treated in many more."""
    rng = np.random.default_rng(3)
    inside = once = 0
    runs, n, t, t0 = 300, 20, 18, 12
    pre = np.arange(t) < t0
    for _ in range(runs):
        Y = np.cumsum(rng.normal(size=(t, n)), axis=0)
        pools = [np.delete(np.arange(n), [0, k]) if k else np.arange(1, n) for k in range(n)]
        method = Screened(Simplex(), 0.3)
        kept = method.passing(Y[pre], 0, pools[0])

        def rank(paths, Y=Y):
            g = Y.T[: len(paths)] - paths
            ratio = np.sqrt((g[:, ~pre] ** 2).mean(axis=1) / (g[:, pre] ** 2).mean(axis=1))
            return (ratio >= ratio[0]).mean()

        inside += rank(method.fit(Y, list(range(n)), pools, pre, ~pre).paths) <= 0.05 + 1e-12
        pools = [kept, *(kept[kept != k] for k in range(1, n))]
        once += rank(Simplex().fit(Y, list(range(n)), pools, pre, ~pre).paths) <= 0.05 + 1e-12
    error = (0.05 * 0.95 / runs) ** 0.5
    assert abs(inside / runs - 0.05) < 3.5 * error
    assert once / runs > inside / runs
