"""Triple differences through `did`: period effects of the place and of the eligible group are absorbed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce


def _world(seed: int = 5) -> pd.DataFrame:
    """Units in two places, eligible or not; the launch is for eligible units of one place from period 4 on."""
    rng = np.random.default_rng(seed)
    rows = []
    for unit in range(120):
        place, eligible = unit % 2, (unit // 2) % 2
        level = rng.normal()
        for t in range(8):
            shock = 0.4 * t * place + 0.7 * np.sin(t) * eligible
            effect = 1.5 * (place and eligible and t >= 4)
            rows.append((unit, t, place, eligible, level + shock + effect + 0.3 * rng.normal()))
    return pd.DataFrame(rows, columns=["unit", "t", "place", "eligible", "y"]).assign(
        on=lambda f: ((f.place == 1) & (f.eligible == 1) & (f.t >= 4)).astype(int),
        place_t=lambda f: f.place.astype(str) + "-" + f.t.astype(str),
        eligible_t=lambda f: f.eligible.astype(str) + "-" + f.t.astype(str),
    )


def test_absorbing_both_groups_periods_is_the_difference_of_two_difference_in_differences() -> None:
    """Eight cell means give the same number to rounding."""
    frame = _world()
    panel = ce.Panel.from_frame(
        frame, unit="unit", time="t", outcome="y", treatment="on", fixed_effects=["place_t", "eligible_t"]
    )
    estimate = ce.DifferenceInDifferences(fixed_effects=("place_t", "eligible_t")).estimate(panel)
    means = frame.assign(post=frame.t >= 4).groupby(["place", "eligible", "post"]).y.mean()
    change = {(p, e): means[p, e, True] - means[p, e, False] for p in (0, 1) for e in (0, 1)}
    by_hand = (change[1, 1] - change[1, 0]) - (change[0, 1] - change[0, 0])
    assert estimate.headline.value == pytest.approx(by_hand, rel=1e-8)
    assert abs(by_hand - 1.5) < 0.2


def test_without_them_the_place_s_own_trend_is_counted_as_effect() -> None:
    """The plain difference-in-differences of the same rows is far off: what the third difference is for."""
    frame = _world()
    panel = ce.Panel.from_frame(frame, unit="unit", time="t", outcome="y", treatment="on")
    plain = ce.DifferenceInDifferences().estimate(panel).headline.value
    assert abs(plain - 1.5) > 0.5
