"""Checks of what intervals take for granted: the treated move like the donors, and periods enough to learn the noise from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.thresholds import Thresholds
from causal_eval.inference.effective_periods import effective_periods, gaps_less_effect
from causal_eval.inference.movements import movements, of_groups


def fitted(estimator, *, size=1.0, n=30, t=30, launch=20, rho=0.0, effect=2.0, seed=0):
    """One factor, of which the treated unit has ``size`` times the donors' mean loading; AR(1) shocks."""
    rng = np.random.default_rng(seed)
    loadings = rng.uniform(0.5, 1.5, size=n)
    loadings[0] = size
    shocks = rng.normal(size=(n, t + 50))
    for i in range(1, t + 50):
        shocks[:, i] += rho * shocks[:, i - 1]
    y = 60 + loadings[:, None] * np.cumsum(rng.normal(size=t)) * 3 + 0.3 * shocks[:, 50:]
    y[0, launch:] += effect
    frame = pd.DataFrame(
        {"u": [f"m{i:02d}" for i in np.repeat(range(n), t)], "t": np.tile(range(t), n), "y": y.ravel(),
         "g": np.repeat(np.where(np.arange(n) == 0, launch, np.inf), t)}
    )  # fmt: skip
    data = ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", first_treated="g")
    return Fitted(data, ce.Design(), estimator, estimator.estimate(data))


def check(name, fit):
    return CHECKS.get(name)().check(fit, Thresholds(), rng=np.random.default_rng(0))


@pytest.mark.parametrize("cls", [ce.SyntheticDiD, ce.MatrixCompletion])
def test_a_treated_unit_that_moves_more_than_all_donors_is_warned_of(cls):
    """Twice the loading of the mean donor: no donor moves as much; at the mean loading there is nothing to say."""
    large = check("movements", fitted(cls(), size=2.0))
    assert large.verdict == "warn" and "0 of 29" in large.reading and "too small" in large.reading
    assert large.statistic == 0 and large.threshold == 0.1
    assert check("movements", fitted(cls(), size=1.0)).verdict == "pass"


def test_ranks_of_ratios_allow_for_a_unit_that_moves_more():
    """Each unit's gaps after are measured by its own before, so placebo ranks pass; conformal intervals of the same unit do not."""
    by_ratio = check("movements", fitted(ce.SyntheticControl(), size=2.0))
    assert by_ratio.verdict == "pass" and "by its own fit" in by_ratio.reading and "0 of 29" in by_ratio.reading
    assert check("movements", fitted(ce.SyntheticControl(inference="conformal"), size=2.0)).verdict == "warn"


def test_movements_are_the_loadings_of_one_factor():
    """Without noise the sizes are proportional to the loadings, whatever the levels and the sign of the factor."""
    rng = np.random.default_rng(2)
    loadings = rng.uniform(-1, 2, size=8)
    before = 50 * rng.normal(size=8) + np.outer(np.cumsum(rng.normal(size=15)), loadings)
    slopes = movements(before)
    assert slopes == pytest.approx(loadings / loadings[1:].mean())
    assert not movements(np.ones((9, 4))).any(), "a mean that never moves"


def test_groups_are_all_there_are_or_as_good_as_that():
    """Of 5 the 10 pairs; of 30 donors 999 triples, of different donors, that average the donors' mean."""
    slopes = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    pairs = [(a + b) / 2 for i, a in enumerate(slopes) for b in slopes[i + 1 :]]
    assert sorted(of_groups(slopes, 2, np.random.default_rng(0))) == sorted(pairs)
    drawn = of_groups(3 * 2.0 ** np.arange(30), 3, np.random.default_rng(0)).astype(int)
    assert len(drawn) == 999 and all(bin(v).count("1") == 3 for v in drawn)


@pytest.mark.parametrize("dates", [(20, 20, 20), (16, 18, 20)])
def test_a_mean_of_several_is_held_against_groups_as_large(dates):
    """Three units at 1.4 times the donors' mean loading: single donors go further, groups of three hardly ever."""
    rng = np.random.default_rng(0)
    loadings = np.concatenate([[1.4, 1.4, 1.4], rng.uniform(0.5, 1.5, size=27)])
    y = 60 + loadings[:, None] * np.cumsum(rng.normal(size=30)) * 3 + 0.3 * rng.normal(size=(30, 30))
    frame = pd.DataFrame(
        {"u": np.repeat(range(30), 30), "t": np.tile(range(30), 30), "y": y.ravel(),
         "g": np.repeat([*dates, *[np.inf] * 27], 30)}
    )  # fmt: skip
    data = ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", first_treated="g")
    e = ce.SyntheticDiD()
    found = check("movements", Fitted(data, ce.Design(), e, e.estimate(data)))
    assert found.verdict == "warn" and "of 999 groups of 3 donors" in found.reading and found.statistic < 0.02
    one = data.without(["1", "2"])
    alone = check("movements", Fitted(one, ce.Design(), e, e.estimate(one)))
    assert alone.statistic >= 0.1 and alone.verdict == "pass" and "of 27 donors" in alone.reading


def test_gaps_that_drift_are_worth_few_periods():
    rng = np.random.default_rng(0)
    calm = [effective_periods(rng.normal(size=200)) for _ in range(50)]
    drift = [effective_periods(np.cumsum(rng.normal(size=200))) for _ in range(50)]
    assert np.median(calm) > 170 and np.median(drift) < 15
    assert effective_periods(np.zeros(9)) == 9 and effective_periods(np.ones(9)) == 9
    # An AR(1) of 0.5 knows its mean as a third as many.
    x = rng.normal(size=20_000)
    for t in range(1, len(x)):
        x[t] += 0.5 * x[t - 1]
    assert effective_periods(x) == pytest.approx(len(x) / 3, rel=0.1)


def test_a_constant_effect_is_no_drift():
    """The effect is taken out before: a jump at the launch leaves the gaps as they were."""
    rng = np.random.default_rng(1)
    Y = rng.normal(size=(40, 12))
    pre = np.arange(40) < 25
    jumped = Y.copy()
    jumped[~pre, 0] += 9
    assert gaps_less_effect(jumped, pre, ~pre, 9.0) == pytest.approx(gaps_less_effect(Y, pre, ~pre, 0.0), abs=1e-8)


def test_few_periods_are_warned_of_by_what_the_procedure_needs():
    """The t-test by its window, prediction by more donors than periods, conformal by drifting gaps; ranks among units not at all."""
    t = check("effective_periods", fitted(ce.SyntheticControl(inference="t_test")))
    assert t.verdict == "warn" and "20 pre-periods are few" in t.reading
    many = check("effective_periods", fitted(ce.SyntheticControl(inference="prediction"), n=14, t=15, launch=12))
    assert many.verdict == "warn" and "matched by 13 donors" in many.reading
    calm = {"n": 10, "t": 60, "launch": 48}
    assert check("effective_periods", fitted(ce.SyntheticControl(inference="conformal"), **calm)).verdict == "pass"
    drifting = check("effective_periods", fitted(ce.SyntheticControl(inference="conformal"), rho=0.98, **calm))
    assert drifting.verdict == "warn" and "too alike" in drifting.reading and drifting.statistic < 18
    ranked = check("effective_periods", fitted(ce.SyntheticControl()))
    assert ranked.verdict == "not_run" and ranked.details["applies"] is False
