"""The 2x2 comparisons inside a two-way coefficient: exact on random panels, each of them a regression, published sums."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from shared_data import shared

from causal_eval.inference.bacon import bacon, by_kind
from causal_eval.inference.two_way import two_way_treatment


def panel(seed, starts, *, periods=7):
    """Unit starts, (n, T) outcomes with a cohort's own growing effect, and (n, T) treatment."""
    rng = np.random.default_rng(seed)
    start = np.repeat(np.array(starts, dtype=float), rng.integers(1, 6, len(starts)))
    event = np.arange(periods)[None, :] - start[:, None]
    d = (event >= 0).astype(float)
    effect = np.where(d > 0, (1 + np.where(d > 0, event, 0)) * rng.normal(size=(len(start), 1)), 0)
    return start, rng.normal(size=(len(start), periods)) + effect, d


def cohorts(start, y):
    starts, at = np.unique(start, return_inverse=True)
    size = np.bincount(at).astype(float)
    return size, np.array([y[at == c].mean(axis=0) for c in range(len(starts))]), starts


def dummies(y, d):
    """The coefficient of d beside a dummy for each unit and each period."""
    n, t = y.shape
    x = np.hstack([d.reshape(-1, 1), np.kron(np.eye(n), np.ones((t, 1))), np.kron(np.ones((n, 1)), np.eye(t)[:, 1:])])
    return np.linalg.lstsq(x, y.ravel(), rcond=None)[0][0]


PANELS = {
    "with never": (1, 3, 5, np.inf),
    "without never": (2, 3, 6),
    "with always": (0, 2, 4, np.inf),
    "always and no never": (0, 3, 6),
    "never as T": (2, 5, 7),
}


@pytest.mark.parametrize("starts", PANELS.values(), ids=PANELS)
@pytest.mark.parametrize("seed", range(4))
def test_the_comparisons_add_up_to_the_two_way_coefficient(seed, starts):
    """Weights are positive and sum to one; the weighted sum is the coefficient of a dummy regression."""
    start, y, d = panel(seed, starts)
    parts = bacon(*cohorts(start, y))
    assert all(p.weight > 0 for p in parts)
    assert sum(p.weight for p in parts) == pytest.approx(1, abs=1e-12)
    whole = sum(p.weight * p.estimate for p in parts)
    assert whole == pytest.approx(dummies(y, d), abs=1e-10)
    engine = two_way_treatment(y, np.ones_like(y), d, np.arange(len(y)), vcov="cluster", nested=True)
    assert whole == pytest.approx(float(engine.fit.coef[0]), abs=1e-10)


@pytest.mark.parametrize("starts", PANELS.values(), ids=PANELS)
def test_each_comparison_is_the_regression_on_its_own_units_and_periods(starts):
    """A dummy regression on the two cohorts, in the periods in which the control does not change its treatment."""
    start, y, d = panel(11, starts)
    size, mean, at = cohorts(start, y)
    parts = bacon(size, mean, at)
    for p in parts:
        mine, theirs = at[p.treated], min(at[p.control], 7)
        window = slice(0, int(theirs)) if theirs > mine else slice(int(theirs), 7)
        rows = np.isin(start, (at[p.treated], at[p.control]))
        assert p.estimate == pytest.approx(dummies(y[rows, window], d[rows, window]), abs=1e-10)
        control = d[start == at[p.control], window]
        assert len(np.unique(control)) == 1
        already = p.kind in ("later_vs_earlier", "later_vs_always")
        assert bool(control[0, 0]) == already
    pairs = [(p.treated, p.control) for p in parts]
    assert len(set(pairs)) == len(pairs)


def test_growing_effects_bias_only_the_comparisons_with_treated_controls():
    """Without noise and with an effect of 1 more each period: clean comparisons find positive effects, others too little."""
    start = np.array([2.0, 4.0, np.inf])
    event = np.arange(8)[None, :] - start[:, None]
    mean = np.where(event >= 0, event + 1.0, 0.0)
    sums = by_kind(bacon(np.ones(3), mean, start))
    assert set(sums) == {"treated_vs_never", "earlier_vs_later", "later_vs_earlier"}
    assert sums["treated_vs_never"][1] > 0 and sums["earlier_vs_later"][1] == pytest.approx(1.5)
    assert sums["later_vs_earlier"][1] == pytest.approx(2.5 - 3.0)


def test_what_cannot_be_decomposed_is_refused():
    """One cohort alone, nobody who starts, or two cohorts given for one start."""
    y = np.zeros((2, 4))
    for start in ([0.0, np.inf], [2.0, 2.0], [5.0, np.inf]):
        with pytest.raises(ValueError, match="cohort"):
            bacon(np.ones(2), y, np.array(start))
    with pytest.raises(ValueError, match="no cohort"):
        bacon(np.ones(1), y[:1], np.array([2.0]))


def published(name, unit, time, cohort, outcome, kinds):
    frame = pd.read_csv(shared(name))
    y = frame.pivot(index=unit, columns=time, values=outcome)
    when = frame.groupby(unit)[cohort].first().reindex(y.index).fillna(np.inf).to_numpy()
    position = np.where(np.isfinite(when), np.searchsorted(y.columns.to_numpy(), when), np.inf)
    position[position >= y.shape[1]] = np.inf
    keep = np.ones(len(y), dtype=bool) if kinds == "all" else np.isfinite(position)
    return by_kind(bacon(*cohorts(position[keep], y.to_numpy()[keep])))


def test_medicaid_expansion_as_published():
    """Medicaid expansions and insurance: weights and averages that `bacondecomp` prints, with and without never treated."""
    call = ("did_ehec_medicaid.csv", "stfips", "year", "yexp2", "dins")
    sums = published(*call, "all")
    assert sums["earlier_vs_later"] == pytest.approx((0.14911, 0.06983), abs=6e-6)
    assert sums["later_vs_earlier"] == pytest.approx((0.05827, 0.04486), abs=6e-6)
    assert sums["treated_vs_never"] == pytest.approx((0.79262, 0.07228), abs=6e-6)
    timing = published(*call, "timing")
    assert timing["earlier_vs_later"][0] == pytest.approx(0.71902, abs=6e-6)
    assert timing["later_vs_earlier"][0] == pytest.approx(0.28098, abs=6e-6)


def test_math_reforms_as_published():
    """Goodman (2019), the example of `bacondecomp`: three kinds of comparisons."""
    sums = published("did_math_reform.csv", "state", "class", "reformyr_math", "incearn_ln", "all")
    assert sums["earlier_vs_later"] == pytest.approx((0.06353, 0.02868), abs=6e-6)
    assert sums["later_vs_earlier"] == pytest.approx((0.05265, 0.03375), abs=6e-6)
    assert sums["treated_vs_never"] == pytest.approx((0.88382, -0.00129), abs=6e-6)
