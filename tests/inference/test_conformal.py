"""Conformal intervals: against brute force, and where constant effects do not fit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import nnls

from causal_eval.inference.conformal import Conformal, conformal
from causal_eval.inference.counterfactual import Simplex


def panel(seed: int, noise_after: float, effect: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """(60, 9) outcomes, the treated first; the last 12 periods are after the launch."""
    rng = np.random.default_rng(seed)
    Y = rng.normal(size=(60, 9)) + 0.5 * rng.normal(size=(60, 1))
    Y[:, 0] = Y[:, 1:4].mean(axis=1) + 0.3 * rng.normal(size=60)
    post = np.arange(60) >= 48
    Y[post, 0] += effect + noise_after * rng.normal(size=12)
    return Y, post


def brute(Y: np.ndarray, post: np.ndarray, tau: float) -> float:
    """The p-value with the weights of another solver and an explicit loop over shifts."""
    y = Y[:, 0] - tau * post
    A = np.vstack([Y[:, 1:], 1e4 * np.ones(8)])
    w, _ = nnls(A, np.append(y, 1e4))
    u = np.abs(y - Y[:, 1:] @ w)
    sums = [np.roll(u, s)[post].sum() for s in range(len(u))]
    return float(np.mean([s >= sums[0] - 1e-9 for s in sums]))


@pytest.mark.parametrize("tau", [0.0, 1.0, 1.8, 2.0, 2.5])
def test_p_values_are_those_of_a_loop_over_shifts(tau: float) -> None:
    Y, post = panel(1, 0.3)
    assert conformal(Y, Simplex(), ~post, post).p_of(tau) == pytest.approx(brute(Y, post, tau))


def test_every_effect_inside_the_interval_is_accepted_and_those_outside_are_not() -> None:
    Y, post = panel(2, 0.3)
    shifts = conformal(Y, Simplex(), ~post, post)
    found = shifts.tested(2.0, 0.3, 0.9)
    assert found.low is not None and found.high is not None and found.low < 2 < found.high
    for tau in np.linspace(found.low + 1e-6, found.high - 1e-6, 9):
        assert brute(Y, post, float(tau)) > 0.1
    assert brute(Y, post, found.low - 1e-3) <= 0.1 and brute(Y, post, found.high + 1e-3) <= 0.1
    assert shifts.misfit(2.0) == ""


def test_gaps_that_vary_more_after_the_launch_leave_no_interval_of_width_zero() -> None:
    """Every constant effect is rejected: there is no interval, with the reason, and the reader is told."""
    Y, post = panel(3, 6.0)
    shifts = conformal(Y, Simplex(), ~post, post)
    found = shifts.tested(2.0, 0.3, 0.9)
    assert shifts.p_of(2.0) <= 0.1
    assert found.low is None and found.high is None and "vary more after the launch" in found.note
    assert "all but rejected" in shifts.misfit(2.0)


def test_an_interval_of_a_search_without_ends_is_none() -> None:
    found = Conformal(lambda tau: 0.5, 40).tested(1.0, 1.0, 0.95)
    assert found.low is None and "no bounded interval" in found.note
