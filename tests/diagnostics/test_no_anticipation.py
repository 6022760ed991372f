"""A reaction before the launch: found, not invented, and explained where it cannot be looked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from panels import redrawn

import causal_eval as ce
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.thresholds import Thresholds


def world(*, early=0.0, n=40, t=8, start=5, treated=18, seed=3):
    rng = np.random.default_rng(seed)
    group = (np.arange(n) < treated)[:, None]
    on = group & (np.arange(t) >= start)[None, :]
    y = rng.normal(size=(n, 1)) + rng.normal(size=(n, t)) * 0.4 + on
    y = y + early * group * (np.arange(t) == start - 1)[None, :]
    return pd.DataFrame(
        {"u": np.repeat(np.arange(n), t), "t": np.tile(np.arange(t), n), "y": y.ravel(), "d": on.ravel() * 1}
    )


def check(frame, *, data=None, design=None, estimator=None, **roles):
    data = data or ce.Panel.from_frame(frame, **{"unit": "u", "time": "t", "outcome": "y", "treatment": "d", **roles})
    design, estimator = design or ce.Design(), estimator or ce.DifferenceInDifferences()
    fit = Fitted(data, design, estimator, estimator.estimate(data, design, rng=np.random.default_rng(0)))
    return CHECKS.get("no_anticipation")().check(fit, Thresholds(), rng=np.random.default_rng(0))


def test_a_reaction_in_the_last_period_is_found():
    """It is tested against the period before it, and the headline without it is the right one."""
    found = check(world(early=0.8))
    assert found.verdict == "fail" and found.p_value < 0.01 and "part before the launch already" in found.reading
    assert found.statistic == pytest.approx(0.8, abs=0.4) and found.details["event"] == -1
    assert found.details["without_last_period"] == pytest.approx(1.0, abs=0.3)
    # A fifth of the pre-period is 0.8 too high.
    assert found.details["moved"] == pytest.approx(0.8 / 5, abs=0.1)


def test_a_clean_launch_passes_and_the_numbers_are_those_of_the_wider_window():
    """By hand: the means of the two groups' changes."""
    frame = world()
    found = check(frame)
    y = frame.pivot(index="u", columns="t", values="y").to_numpy()
    gap = y[:18].mean(axis=0) - y[18:].mean(axis=0)
    assert found.verdict == "pass" and "no sign of a reaction" in found.reading
    assert found.details["headline"] == pytest.approx(gap[5:].mean() - gap[:5].mean())
    assert found.details["without_last_period"] == pytest.approx(gap[5:].mean() - gap[:4].mean())
    assert found.statistic == pytest.approx(gap[4] - gap[3])


def test_size_without_a_reaction():
    """About one in twenty clean worlds is suspected."""
    shape = {"n": 24, "t": 5, "start": 3}
    base = ce.Panel.from_frame(world(**shape), unit="u", time="t", outcome="y", treatment="d")
    drawn = [world(**shape, seed=s).y.to_numpy().reshape(24, 5) for s in range(60)]
    found = [check(None, data=redrawn(base, outcome=y)) for y in drawn]
    assert found[1] == check(world(**shape, seed=1)) != found[0]
    p = np.array([f.p_value for f in found])
    assert 0.0 < (p < 0.05).mean() < 0.05 + 3.2 * np.sqrt(0.05 * 0.95 / 60)
    assert 0.3 < np.median(p) < 0.7


def test_a_declared_window_is_made_wider_by_one():
    """With one period of anticipation the second to last is looked at."""
    found = check(world(early=3.0), design=ce.Design(anticipation=1))
    assert found.verdict == "pass" and found.details["event"] == -2 and "already left out" in found.reading


def test_a_rollout_is_looked_at_too():
    """Three cohorts that all react one period early."""
    rng = np.random.default_rng(5)
    rows = []
    for i in range(80):
        start = (4, 5, 6, None)[i % 4]
        level = rng.normal()
        for t in range(9):
            on = start is not None and t >= start
            early = start is not None and t == start - 1
            rows.append((i, t, level + rng.normal() * 0.3 + on + 0.7 * early, int(on)))
    frame = pd.DataFrame(rows, columns=["u", "t", "y", "d"])
    found = check(frame, estimator=ce.StaggeredDiD())
    assert found.verdict == "fail" and found.details["without_last_period"] == pytest.approx(1.0, abs=0.2)
    assert found.details["headline"] == pytest.approx(0.3, abs=0.2)


def test_not_run_where_it_cannot_be_looked_at():
    """One pre-period; no event study to test in: then the reading still says how far the headline moves."""
    one = check(world(t=3, start=1))
    assert one.verdict == "not_run" and "cannot be left out" in one.reading
    bare = check(world(), estimator=ce.DifferenceInDifferences(event_study=False))
    assert bare.verdict == "not_run" and "moves from" in bare.reading and bare.details["moved"] != 0


def test_a_headline_that_does_not_move_is_told_as_such():
    """No difference of rounding is written out where both numbers read the same."""
    frame = world()
    frame["y"] = frame.y.where(frame.t < 5, frame.y + 1e6 * frame.d)
    assert "the headline stays at" in check(frame).reading
