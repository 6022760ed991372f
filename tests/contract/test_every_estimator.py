"""What every estimator in the registry must do, taken from its own card: nothing is named by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.design.assumptions import ASSUMPTIONS
from causal_eval.estimators._base import ESTIMATORS
from causal_eval.results.types import Estimate

NAMES = list(ESTIMATORS.plugins())


def panel(seed=0):
    rng = np.random.default_rng(seed)
    n, t = 30, 6
    on = (np.arange(n) < 12)[:, None] & (np.arange(t) >= 4)[None, :]
    y = rng.normal(size=(n, 1)) + rng.normal(size=(n, t)) + on + 8
    frame = pd.DataFrame(
        {"u": np.repeat(np.arange(n), t), "t": np.tile(np.arange(t), n), "y": y.ravel(), "d": on.ravel() * 1}
    )
    return frame, {"unit": "u", "time": "t", "outcome": "y", "treatment": "d"}


def cross_section(seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(400, 2))
    d = (rng.random(400) < 1 / (1 + np.exp(-x[:, 0]))).astype(int)
    frame = pd.DataFrame({"x1": x[:, 0], "x2": x[:, 1], "d": d, "y": x.sum(axis=1) + d + rng.normal(size=400) + 8})
    return frame, {"treatment": "d", "outcome": "y", "covariates": ["x1", "x2"]}


def worlds(cls):
    if "panel" in cls.info.data:
        frame, roles = panel()
        if cls.info.covariates and "cross-section" in cls.info.data:
            # Comparing like with like needs something to be alike in.
            frame["x"] = np.random.default_rng(1).normal(size=30)[frame.u]
            roles = {**roles, "covariates": ["x"]}
        yield ce.Panel, frame, roles
    if "cross-section" in cls.info.data:
        yield ce.CrossSection, *cross_section()


@pytest.mark.parametrize("name", NAMES)
def test_card(name):
    """The card's name is the file's, its assumptions are known ones, its source is cited, every option has a default."""
    cls = ESTIMATORS.get(name)
    assert cls.info.name == name and cls.info.reference and cls.info.summary and cls.info.assumptions
    assert all(a in ASSUMPTIONS for a in cls.info.assumptions)
    options = cls()
    assert {"level", "seed", "jobs"} <= set(type(options).model_fields)
    assert all(f.description for f in cls.model_fields.values())
    assert cls(**options.model_dump()) == options


@pytest.mark.parametrize("name", NAMES)
def test_estimates_are_pure_and_survive_json(name):
    """Same data and seed: equal estimates whatever the row order; the frame is untouched; JSON brings it back equal."""
    from dataclasses import asdict

    from pydantic import TypeAdapter

    cls = ESTIMATORS.get(name)
    for contract, frame, roles in worlds(cls):
        before = pd.util.hash_pandas_object(frame).sum()
        one = cls().estimate(contract.from_frame(frame, **roles))
        two = cls().estimate(contract.from_frame(frame.sample(frac=1, random_state=4), **roles))
        assert one == two and pd.util.hash_pandas_object(frame).sum() == before
        assert TypeAdapter(Estimate).validate_python(asdict(one)) == one
        assert list(one.tidy().columns)[:3] == ["metric", "analysis", "method"]
        assert one.estimand_text and one.inference


@pytest.mark.parametrize("name", NAMES)
def test_level_changes_the_interval_and_nothing_else(name):
    """A 90% interval lies inside the 95% one; values, errors and p-values stay."""
    cls = ESTIMATORS.get(name)
    for contract, frame, roles in worlds(cls):
        data = contract.from_frame(frame, **roles)
        wide, narrow = cls().estimate(data), cls(level=0.9).estimate(data)
        for a, b in zip(wide.effects, narrow.effects, strict=True):
            assert (a.value, a.std_error, a.p_value) == (b.value, b.std_error, b.p_value)
            if a.interval and b.interval:
                assert a.interval.low <= b.interval.low <= b.interval.high <= a.interval.high


@pytest.mark.parametrize("name", NAMES)
def test_p_and_interval_agree(name):
    """p < 0.05 exactly when the 95% interval leaves zero out."""
    cls = ESTIMATORS.get(name)
    for contract, frame, roles in worlds(cls):
        for e in cls().estimate(contract.from_frame(frame, **roles)).effects:
            if e.interval and e.p_value is not None:
                assert (e.p_value < 0.05) == (e.interval.low > 0 or e.interval.high < 0)
