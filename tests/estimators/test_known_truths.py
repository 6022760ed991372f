"""Data whose effects are known: IHDP (Hill 2011) and ACIC 2016 (Dorie et al. 2019), five replications each. Extra data."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from shared_data import shared

import causal_eval as ce
from benchmarks.truths import FILES, OURS, Sample, estimated, samples

TRUTHS = {
    "IHDP": (4.0161, 4.0508, 4.0992, 4.2737, 4.1624),
    "ACIC 2016": (2.1281, 4.6792, 4.7518, 4.7960, 3.3530),
}
"""Mean effects over the sample, as the files' makers give them."""


@cache
def replications(data: str) -> tuple[Sample, ...]:
    folder = {shared(name).parent for name in FILES}.pop()
    return tuple(s for name, _, s in samples(folder) if name == data)


def errors(data: str, method: str) -> tuple[float, int]:
    """Mean absolute error of the effect on the treated, and how many of the five intervals hold it."""
    off, held = [], 0
    for s in replications(data):
        truth = s.effect[s.d > 0].mean()
        value, low, high = estimated(s, "ATT", OURS[method](ce))
        off.append(abs(value - truth))
        held += low <= truth <= high
    return float(np.mean(off)), held


@pytest.mark.parametrize("data", TRUTHS)
def test_the_truths_are_those_of_the_replications(data: str) -> None:
    assert [s.effect.mean() for s in replications(data)] == pytest.approx(TRUTHS[data], abs=1e-4)


@pytest.mark.parametrize("method", ["weighting, ipw", "weighting, entropy", "aipw, linear"])
def test_ihdp_is_found(method: str) -> None:
    """Within a twentieth of the effect of 4 on average, and the intervals hold the truth."""
    off, held = errors("IHDP", method)
    assert off < 0.2 and held >= 4


@pytest.mark.slow
def test_double_machine_learning_finds_what_a_regression_misses_in_acic() -> None:
    """58 covariates in crooked forms: the error is less than a third of the additive regression's."""
    off, held = errors("ACIC 2016", "double_ml, irm")
    regression, _ = errors("ACIC 2016", "regression, additive")
    assert off < regression / 3 and held >= 4
