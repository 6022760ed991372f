"""Placebo groups fitted many at a time are the groups fitted one by one, sign and all."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from causal_eval.inference.counterfactual import Simplex
from causal_eval.inference.placebo_groups import TOGETHER, Place, placebo_groups


def test_each_group_is_the_mean_of_its_donors_less_what_the_others_predict():
    """Every pair of 13 donors, more than are fitted at once, by hand among the donors left."""
    rng = np.random.default_rng(4)
    donors = np.cumsum(rng.normal(size=(20, 13)), axis=0)
    pre = np.arange(20) < 14
    found = placebo_groups(donors, [Place(2, pre, ~pre)], Simplex(), rng)
    pairs = list(combinations(range(13), 2))
    assert found.exact and len(found.effects) == len(pairs) > TOGETHER
    for b, pair in enumerate(pairs):
        Y = np.column_stack([donors[:, list(pair)].mean(axis=1), np.delete(donors, pair, axis=1)])
        path = Simplex().fit(Y, [0], [np.arange(1, 12)], pre, ~pre).paths[0]
        assert found.gaps[b] == pytest.approx(Y[:, 0] - path, abs=1e-9)
        assert found.effects[b] == pytest.approx((Y[:, 0] - path)[~pre].mean(), abs=1e-9)
