"""Power by inverting the test of placebo launches, against injecting effects one by one."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from causal_eval.inference.power import minimum_detectable, power_at, rejected, share_error, threshold


def test_a_threshold_is_where_the_shifted_interval_leaves_zero() -> None:
    """Adding delta moves the interval by delta: it excludes zero on the right side from the threshold on."""
    rng = np.random.default_rng(3)
    for _ in range(200):
        value, half = float(rng.normal()), float(rng.uniform(0.1, 2))
        low, high = value - half, value + half
        for rise, sign in ((True, 1.0), (False, -1.0)):
            t = threshold(value, low, high, None, alpha=0.05, rise=rise)
            for delta in (t + 1e-9, t + 1.0):
                moved = (low + sign * delta, high + sign * delta)
                assert moved[0] > 0 if rise else moved[1] < 0
            if t > 0:
                moved = (low + sign * (t - 1e-9), high + sign * (t - 1e-9))
                assert not (moved[0] > 0 if rise else moved[1] < 0)


def test_without_an_interval_a_test_detects_always_or_never() -> None:
    """No constant effect fits: everything of the right sign is detected; no p-value small enough: nothing is."""
    assert threshold(0.5, None, None, 0.02, alpha=0.05, rise=True) == 0.0
    assert threshold(-0.5, None, None, 0.02, alpha=0.05, rise=True) == 0.5
    assert threshold(0.5, None, None, 0.2, alpha=0.05, rise=True) == inf


def test_the_minimum_detectable_effect_is_the_smallest_with_that_power() -> None:
    """Against a search over a fine grid."""
    thresholds = np.array([0.0, 0.2, 0.3, 0.5, 0.9])
    mde = minimum_detectable(thresholds, 0.8)
    assert mde == 0.5
    grid = [d for d in np.arange(0, 2, 0.01) if power_at(thresholds, float(d)) >= 0.8]
    assert grid[0] == pytest.approx(0.51)
    assert minimum_detectable(np.array([0.1, inf, inf]), 0.8) is None


def test_the_size_is_judged_by_the_p_value_and_by_the_interval_where_there_is_none() -> None:
    assert rejected(None, None, 0.05, alpha=0.05) and not rejected(-1.0, 1.0, 0.06, alpha=0.05)
    assert rejected(0.1, 1.0, None, alpha=0.05) and not rejected(-0.1, 1.0, None, alpha=0.05)
    assert share_error(0.5, 100) == pytest.approx(0.05)
