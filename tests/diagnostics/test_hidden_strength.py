"""E-values and Rosenbaum's bounds as checks, against published numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.design.design import Design
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.thresholds import Thresholds
from causal_eval.inference.e_value import e_value, e_value_of_limit, ratio_of_means


def said(name: str, data, model):
    fitted = Fitted(data, Design(), model, model.estimate(data))
    return CHECKS.get(name)().check(fitted, Thresholds(), rng=np.random.default_rng(0))


def test_e_values_of_vanderweele_and_ding():
    """Their example (Victora et al. 1987): 3.9 [1.8, 8.7] gives 7.26 and 3.0; below 1 the inverse; an interval with 1 gives 1."""
    assert e_value(3.9) == pytest.approx(7.26, abs=0.005)
    assert e_value_of_limit(3.9, 1.8, 8.7) == pytest.approx(3.0, abs=1e-9)
    assert e_value(1 / 3.9) == pytest.approx(e_value(3.9)) and e_value(1.0) == 1.0
    assert e_value_of_limit(0.8, 0.71, 0.91) == pytest.approx(e_value(1 / 0.91))
    assert e_value_of_limit(1.2, 0.9, 1.6) == 1.0
    with pytest.raises(ValueError, match="positive"):
        e_value(0.0)


def test_a_difference_of_means_becomes_a_ratio_by_its_standard_deviations():
    """Half a standard deviation: exp(.455); the approximation's interval is 1.78 errors wide (VanderWeele & Ding, table 2)."""
    ratio, low, high = ratio_of_means(5.0, 1.0, 10.0)
    assert (ratio, low, high) == pytest.approx((1.57617, 1.31917, 1.88324), abs=1e-4)


def rates(treated: float, untreated: float, n: int = 4000) -> ce.CrossSection:
    rng = np.random.default_rng(1)
    d = np.arange(n) % 2
    y = (rng.permutation(n) % 1000 < 1000 * np.where(d == 1, treated, untreated)) * 1
    frame = pd.DataFrame({"d": d, "y": y, "a": rng.normal(size=n)})
    return ce.CrossSection.from_frame(frame, treatment="d", outcome="y", covariates=["a"], kind="proportion")


def test_a_proportion_is_judged_by_its_own_risk_ratio():
    found = said("e_value", rates(0.4, 0.2), ce.OutcomeRegression())
    assert found.details["risk_ratio"] == pytest.approx(2.0, abs=0.15)
    assert found.details["e_value"] == pytest.approx(e_value(found.details["risk_ratio"]))
    assert found.verdict == "pass" and "standard deviations" not in found.reading
    none = said("e_value", rates(0.2, 0.2), ce.OutcomeRegression())
    assert none.verdict == "warn" and none.statistic == 1 and "nothing unmeasured is needed" in none.reading


def training() -> pd.DataFrame:
    causaldata = pytest.importorskip("causaldata")
    return causaldata.nsw_mixtape.load_pandas().data


X = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]


def test_rosenbaum_on_the_lalonde_experiment_and_where_it_has_nothing_to_say():
    """Pairs of the experiment bear a gamma near 1.2 (rbounds 2.2 on such pairs: p = .0506 at 1.2)."""
    frame = training()
    data = ce.CrossSection.from_frame(frame, unit="data_id", treatment="treat", outcome="re78", covariates=X) if (
        frame.data_id.is_unique
    ) else ce.CrossSection.from_frame(frame, treatment="treat", outcome="re78", covariates=X)  # fmt: skip
    found = said("rosenbaum", data, ce.PropensityMatching(replace=False))
    assert 1.05 < found.statistic < 1.35 and found.verdict == "warn" and "gamma" in found.reading
    assert said("rosenbaum", data, ce.PropensityMatching()).verdict == "not_run"
    strong = data_with(frame, 20_000.0)
    assert said("rosenbaum", strong, ce.PropensityMatching(matching="optimal")).verdict == "pass"
    info = CHECKS.get("rosenbaum").info
    assert info.runs_for(("no_confounding",), "propensity_matching")
    assert not info.runs_for(("no_confounding",), "weighting") and info.runs_for(("no_confounding",))


def data_with(frame: pd.DataFrame, more: float) -> ce.CrossSection:
    grown = frame.assign(re78=frame.re78 + more * frame.treat)
    return ce.CrossSection.from_frame(grown, treatment="treat", outcome="re78", covariates=X)


def test_means_of_the_lalonde_experiment_by_their_standard_deviations():
    """1,794 dollars are .27 of the 6,600 that earnings vary by within groups: a ratio near 1.28, an E-value near 1.9."""
    found = said("e_value", data_with(training(), 0.0), ce.OutcomeRegression(form="additive"))
    assert found.details["risk_ratio"] == pytest.approx(1.26, abs=0.04)
    assert found.details["e_value"] == pytest.approx(e_value(found.details["risk_ratio"]))
    assert "standard deviations" in found.reading and found.verdict in ("pass", "warn")


def test_no_error_no_e_value():
    data = rates(0.4, 0.2)
    model = ce.OutcomeRegression()
    bare = model.estimate(data)
    bare = replace(bare, effects=(replace(bare.headline, interval=None, std_error=None, p_value=None),))
    found = CHECKS.get("e_value")().check(
        Fitted(data, Design(), model, bare), Thresholds(), rng=np.random.default_rng(0)
    )
    assert found.verdict == "not_run"
    naive = said("e_value", data, ce.Naive())
    assert naive.verdict == "not_run"
