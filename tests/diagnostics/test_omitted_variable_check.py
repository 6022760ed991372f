"""The omitted-variable check: what it says of double machine learning and of the doubly robust estimate, and by which yardstick."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sample_evidence import evidence

import causal_eval as ce
from causal_eval.data.contract import Arrays
from causal_eval.data.held import HeldRows
from causal_eval.design.design import Design
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.thresholds import Thresholds
from causal_eval.errors import SpecError
from causal_eval.inference import omitted_variable as ov
from causal_eval.plan import read_study
from causal_eval.plots.families.contour import specs
from causal_eval.report.sections import sensitivity
from causal_eval.results.types import Diagnostic, StudyResult

AIPW = ce.AIPW()
PLR = ce.DoubleML(learner="linear", repeats=3)


def fitted(model, effect=2.0, n=1200, estimand="att", columns=("a", "b", "c")) -> Fitted:
    """``a`` drives choice and outcome, ``b`` the outcome, ``c`` neither."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(n, 3))
    d = (rng.random(n) < 1 / (1 + np.exp(-0.7 * x[:, 0]))) * 1.0
    y = effect * d + x @ [0.5, 0.5, 0.0] + rng.normal(size=n) + 20
    like = ce.CrossSection.from_frame(
        pd.DataFrame({"d": [0, 1] * 10, "y": range(20), "a": range(20)}), treatment="d", outcome="y", covariates=["a"]
    )
    data = HeldRows.of(like, Arrays(d, y, x, None, None), tuple(columns), {})
    design = Design(estimand=estimand)
    return Fitted(data, design, model, model.estimate(data, design, rng=np.random.default_rng(1)))


def said(f: Fitted, **thresholds) -> Diagnostic:
    return CHECKS.get("omitted_variable")().check(f, Thresholds(**thresholds), rng=np.random.default_rng(0))


@pytest.mark.parametrize("model", [AIPW, PLR], ids=["aipw", "double_ml"])
def test_a_large_effect_bears_the_declared_strength_and_none_bears_nothing(model) -> None:
    """With the strongest covariate named, and how many times it would take."""
    large, none = (said(fitted(model, effect=e)) for e in (2.0, 0.0))
    assert large.verdict == "pass" and large.statistic == large.details["rv_alpha"] > 0.4
    assert "as strong as `a`" in large.reading and "times as strong could leave nothing" in large.reading
    assert none.verdict == "warn" and none.details["rv_alpha"] == 0 and "nothing unmeasured is needed" in none.reading


def test_a_stronger_declaration_turns_a_pass_into_a_warning() -> None:
    """The limit at the declared strength decides: below RVa it holds, above it not."""
    f = fitted(AIPW)
    rva = said(f).details["rv_alpha"]
    weaker, stronger = (said(f, cf_y=rva + by, cf_d=rva + by) for by in (-0.02, 0.02))
    assert (weaker.verdict, stronger.verdict) == ("pass", "warn")
    assert weaker.details["limits"][0] > 0 > stronger.details["limits"][0]
    half = said(f, cf_y=0.2, cf_d=0.2, rho=0.5).details
    low, high = said(f, cf_y=0.2, cf_d=0.2).details["bounds"]
    assert half["bounds"][1] - half["bounds"][0] == pytest.approx((high - low) / 2)


def test_of_a_harmful_effect_the_upper_limit_decides() -> None:
    """Minus the effect gives the same verdict and a robustness value of the same kind."""
    assert said(fitted(AIPW, effect=-2.0)).verdict == "pass"
    assert said(fitted(AIPW, effect=-2.0), cf_y=0.9, cf_d=0.9).verdict == "warn"


def test_so_many_times_the_strongest_covariate_leaves_nothing() -> None:
    """Both its shares multiplied by the number in the reading, of the outcome all at most, take the estimate to zero."""
    f = fitted(PLR, effect=0.6)
    found = said(f)
    times = float(found.reading.rsplit("one ", 1)[1].split(" times")[0])
    g = found.details["benchmarks"]["a"]
    kept = f.estimate.details["omitted_variable"]["splits"]
    splits = [ov.Short(k["theta"], k["sigma2"], k["nu2"], k["covariance"]) for k in kept]

    def left(k: float) -> float:
        return ov.adjusted(splits, ov.Strength(min(k * g["cf_y"], 1.0), k * g["cf_d"]).factor)

    assert left(times - 0.06) > 0 > left(times + 0.06)


def test_a_yardstick_is_the_gain_of_a_refit_without_the_covariate() -> None:
    """By hand: the estimator with and without ``a`` on the same folds; leaving it out raises the estimate."""
    f = fitted(AIPW)
    g = said(f).details["benchmarks"]
    assert set(g) == {"a", "b", "c"} and g["c"]["cf_y"] < 0.02 and g["a"]["cf_y"] == pytest.approx(0.25, abs=0.08)
    assert g["a"]["shift"] == pytest.approx(0.35, abs=0.12) and abs(g["b"]["shift"]) < 0.12
    assert said(f, benchmarks=("b",)).details["benchmarks"].keys() == {"b"}


def test_the_columns_of_a_categorical_covariate_are_left_out_together() -> None:
    """And a covariate alone is no yardstick for itself."""
    found = said(fitted(AIPW, columns=("plan = free", "plan = paid", "tenure")))
    assert set(found.details["benchmarks"]) == {"plan", "tenure"}
    alone = said(fitted(AIPW, columns=("plan = free", "plan = paid", "plan = gift")))
    assert alone.details["benchmarks"] == {} and "no yardstick" in alone.reading


def test_what_an_estimate_keeps_does_not_grow_with_the_rows() -> None:
    """Twelve numbers a split, and one more; none in a forest, whose outcome model is of both groups together."""
    sizes = [len(json.dumps(fitted(PLR, n=n).estimate.details["omitted_variable"])) for n in (300, 1200)]
    assert abs(sizes[0] - sizes[1]) < 100
    kept = fitted(PLR, n=300).estimate.details["omitted_variable"]
    assert len(kept["splits"]) == 3 and kept["df"] == 299


def test_the_grid_starts_from_the_estimate_and_ends_beyond_the_robustness_value() -> None:
    """Without confounding all is left; where both shares are the robustness value, nothing."""
    f = fitted(PLR, effect=0.4)
    found = said(f)
    grid, rv = found.details["contour"], found.details["rv"]
    assert grid["estimate"][0][0] == pytest.approx(f.estimate.headline.value) and grid["start"] == ""
    assert grid["r2d"][-1] > rv < grid["r2y"][-1] and grid["estimate"][-1][-1] < 0
    assert "treatment's remaining variance" in grid["x"]
    assert "right weights" in said(fitted(AIPW, effect=0.4)).details["contour"]["x"]


STUDY = {
    "schema_version": 1,
    "study": {"id": "s", "title": "t", "question": "q?"},
    "data": {"source": "causaldata:nsw_mixtape"},
    "roles": {"treatment": "treat", "covariates": ["age", "educ"]},
    "metrics": [{"name": "m", "column": "re78", "role": "primary", "better": "higher"}],
    "estimators": [{"method": "aipw"}],
}


def test_the_study_declares_the_strength_and_a_yardstick_that_is_no_covariate_is_refused() -> None:
    """What stands in [diagnostics] reaches the check; the error names the covariate that was meant."""
    declared = {"cf_y": 0.1, "cf_d": 0.2, "rho": 0.5, "benchmarks": ["educ"]}
    t = read_study({**STUDY, "diagnostics": declared})[2].thresholds
    assert (t.cf_y, t.cf_d, t.rho, t.benchmarks) == (0.1, 0.2, 0.5, ("educ",))
    with pytest.raises(SpecError, match="E203") as refused:
        read_study({**STUDY, "diagnostics": {"benchmarks": ["edu"]}})
    assert "educ" in str(refused.value)


def with_checks(*found: Diagnostic) -> StudyResult:
    base = evidence()
    kept = [d for d in base.diagnostics if d.check != "hidden_confounding"]
    metric = base.primary_metric.name
    placed = [replace(d, metric=metric, analysis=base.headline.analysis) for d in found]
    return replace(base, diagnostics=(*kept, *placed))


def test_the_contour_is_of_the_headline_where_it_can_be_and_else_says_that_it_is_not() -> None:
    """A regression's contour names its number and the headline's; beside the estimate's own it is not drawn."""
    f = fitted(PLR)
    regression = CHECKS.get("hidden_confounding")().check(f, Thresholds(), rng=np.random.default_rng(0))
    (alone,) = specs(with_checks(regression))
    assert "the regression's" in alone.title
    assert (
        "Starts from a regression on the same covariates" in alone.long_description
        and "not from the headline, +2.31" in alone.long_description
    )
    own = said(f)
    (both,) = specs(with_checks(regression, own))
    assert "regression" not in both.title and "regression" not in both.long_description
    rows = sensitivity.section(with_checks(regression, own), [])
    text = str(rows)
    assert "The same in a regression on the same covariates" in text and text.count("drove the choice") == 1
