"""functional_form: it sees a bend that an adjustment misses, and keeps still where a straight line is right."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.data.contract import Arrays
from causal_eval.data.held import HeldRows
from causal_eval.design.design import Design
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.thresholds import Thresholds

LIKE = ce.CrossSection.from_frame(
    pd.DataFrame({"d": [0, 1] * 10, "y": range(20), "a": range(20)}), treatment="d", outcome="y", covariates=["a"]
)


def people(curve: float, n: int = 600, seed: int = 3, covariates: int = 3, clusters: int = 0) -> HeldRows:
    """People who choose by the first covariate, and by its square where there is a curve; the square drives the outcome too."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, covariates))
    d = (rng.random(n) < 1 / (1 + np.exp(-(0.6 * x[:, 0] + curve * (x[:, 0] ** 2 - 1) - 0.7)))) * 1.0
    y = 10 + x[:, 0] + 0.5 * x[:, 1] + curve * x[:, 0] ** 2 + rng.normal(size=n) + d
    group = np.arange(n) % clusters if clusters else None
    names = tuple(f"x{k}" for k in range(covariates))
    return HeldRows.of(LIKE, Arrays(d, y, x, None, group), names, {})


def said(data: HeldRows, model, design: Design | None = None, seed: int = 0):
    design = design or Design()
    fitted = Fitted(data, design, model, model.estimate(data, design))
    return CHECKS.get("functional_form")().check(fitted, Thresholds(), rng=np.random.default_rng(seed))


LINEAR = {
    "ipw": ce.Weighting(),
    "entropy": ce.Weighting(kind="entropy"),
    "overlap": ce.Weighting(kind="overlap"),
    "regression": ce.OutcomeRegression(),
    "additive": ce.OutcomeRegression(form="additive"),
    "aipw": ce.AIPW(),
    "matching": ce.PropensityMatching(ratio=3, distance="logit", bias_adjust=True),
    "plr, linear": ce.DoubleML(learner="linear"),
}


@pytest.mark.parametrize("model", LINEAR.values(), ids=LINEAR)
def test_a_bend_that_the_adjustment_misses_is_warned_of_with_its_size(model):
    """The square drives choice and outcome: what the reading says a flexible model would give is nearer to the true effect, 1."""
    data = people(0.7)
    found = said(data, model)
    assert found.verdict == "warn" and found.statistic > 0.5
    bias = model.estimate(data).headline.value - 1
    assert bias > 0.25 and abs(found.details["corrected"] - 1) < 0.7 * bias
    assert found.details["flexible_r2"] > found.details["line_r2"] + 0.1
    assert "a model that bends would give about" in found.reading


@pytest.mark.parametrize("model", LINEAR.values(), ids=LINEAR)
def test_a_straight_line_that_is_right_passes(model):
    found = said(people(0.0), model)
    assert found.verdict == "pass" and found.statistic < found.threshold


def test_the_ate_is_held_against_the_bends_of_both_groups():
    """A regression of each group misses the square in both; the average effect of what it misses is no bias and is taken out."""
    design = Design(estimand="ate")
    assert said(people(0.4), ce.OutcomeRegression(), design).verdict == "warn"
    assert said(people(0.0), ce.OutcomeRegression(), design).verdict == "pass"


def test_a_learner_that_bends_passes_unless_a_line_predicts_better():
    """600 people and a square: the trees are ahead of the line. 150 people on a steep line: they are behind by more than chance."""
    ahead = said(people(0.7), ce.AIPW(learner="lightgbm"))
    assert ahead.verdict == "pass" and ahead.statistic < 0
    rng = np.random.default_rng(1)
    x = rng.normal(size=(150, 4))
    d = np.arange(150) % 2 * 1.0
    steep = HeldRows.of(
        LIKE, Arrays(d, x.sum(axis=1) + d + 0.3 * rng.normal(size=150), x, None, None), tuple("abcd"), {}
    )
    behind = said(steep, ce.AIPW(learner="lightgbm"))
    assert behind.verdict == "warn" and 'learner = "lasso"' in behind.reading


def test_clusters_stay_whole_and_too_few_people_are_not_run():
    assert said(people(0.7, clusters=30), ce.Weighting(kind="entropy")).verdict == "warn"
    few = said(people(0.7, n=70), ce.Weighting(kind="entropy"))
    assert few.verdict == "not_run" and "too few" in few.reading


def test_twenty_covariates_and_few_people_do_not_set_it_off():
    """Noise that a flexible model with hundreds of columns could fit does not look like a bend."""
    found = [said(people(0.0, n=250, covariates=20, seed=s), ce.OutcomeRegression(form="additive")) for s in range(12)]
    assert sum(f.verdict == "warn" for f in found) <= 1


def test_the_verdict_is_the_same_from_the_same_seed():
    one, two = (said(people(0.3), ce.PropensityMatching(), seed=7) for _ in range(2))
    assert one == two
