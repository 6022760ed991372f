"""Relative effects of a metric in logarithms are changes of the geometric mean, whatever estimates them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causal_eval.data.connect import open_source
from causal_eval.data.shape import shape
from causal_eval.estimators._base import ESTIMATORS
from causal_eval.spec.models import Data, MetricSpec, Roles

PANEL = [n for n, c in ((n, ESTIMATORS.get(n)) for n in ESTIMATORS.plugins()) if "panel" in c.info.data]


def logged(tmp_path, seed=0, covariates=()):
    """40 units, 10 periods, 15 treated from the seventh on by a factor of 1.5."""
    rng = np.random.default_rng(seed)
    on = (np.arange(40) < 15)[:, None] & (np.arange(10) >= 6)[None, :]
    y = np.exp(3 + rng.normal(size=(40, 1)) * 0.3 + rng.normal(size=(40, 10)) * 0.05 + np.log(1.5) * on)
    frame = pd.DataFrame(
        {"u": np.repeat(range(40), 10), "t": np.tile(range(10), 40), "y": y.ravel(), "d": on.ravel() * 1}
    )
    frame["x"] = np.random.default_rng(1).normal(size=40)[frame.u]
    source = open_source(Data(source="frame"), base=tmp_path, frame=frame)
    return shape(
        source, Roles(unit="u", time="t", treatment="d", covariates=covariates), MetricSpec(name="y", log=True)
    )


@pytest.mark.parametrize("name", PANEL)
def test_the_relative_effect_of_a_logged_metric_is_the_exponential_of_its_effect(tmp_path, name):
    """exp(effect) - 1, with the ends of the interval carried over and the p-value shared."""
    cls = ESTIMATORS.get(name)
    alike = ("x",) if cls.info.covariates and "cross-section" in cls.info.data else ()
    found = cls().estimate(logged(tmp_path, covariates=alike))
    absolute, relative = found.headline, found.effect("overall", "relative")
    assert relative.value == pytest.approx(np.expm1(absolute.value), rel=1e-12)
    assert relative.p_value == absolute.p_value
    if absolute.interval is not None:
        assert relative.interval.low == pytest.approx(np.expm1(absolute.interval.low))
        assert relative.interval.high == pytest.approx(np.expm1(absolute.interval.high))
    if name != "naive":
        assert relative.value == pytest.approx(0.5, abs=0.1)


def test_a_mean_that_falls_below_zero_has_its_relative_interval_the_right_way_up():
    """An effect of -12 to -10 that leaves -5 of a counterfactual of 5 to 7: -200% to -171%, not the other way round."""
    from causal_eval.inference.effects import Tested, relative_of

    found = relative_of(Tested(0.01, -12.0, -10.0), -5.0)
    assert (found.low, found.high) == pytest.approx((-10 / 5, -12 / 7))
