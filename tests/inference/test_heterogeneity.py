"""Effects that differ: the targeting curve, its area and errors, the projection on covariates, and what all of it says."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.design.design import Design
from causal_eval.inference.bands import sup_t, sup_t_p
from causal_eval.inference.heterogeneity import projection
from causal_eval.inference.targeting import SHARES, curve, targeting


def launch(seed: int, differ: float, n: int = 600) -> ce.CrossSection:
    """Effects 1 + ``differ`` a; two segments by b, which has nothing to do with them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    d = (rng.random(n) < 1 / (1 + np.exp(0.3 - 0.6 * x[:, 0] + 0.4 * x[:, 1]))) * 1
    y = 20 + (1 + differ * x[:, 0]) * d + x @ [1.0, 1.0, 0.5] + rng.normal(size=n)
    frame = pd.DataFrame(x, columns=["a", "b", "c"]).assign(d=d, y=y, plan=np.where(x[:, 1] > 0, "team", "free"))
    return ce.CrossSection.from_frame(frame, treatment="d", outcome="y", covariates=["a", "b", "c"], segments=["plan"])


FOREST = ce.CausalForest(learner="linear", trees=60)


def test_the_curve_of_effects_that_rise_evenly() -> None:
    """Effects uniform on 0..1 in the order of priority: TOC(q) = (1 - q) / 2, AUTOC = 1/4; reversed, the opposite order."""
    n = 20_000
    s = (np.arange(n) + 0.5) / n
    area, toc = curve(s, s, np.ones(n))
    assert area == pytest.approx(0.25, abs=1e-4)
    assert toc == pytest.approx((1 - np.array(SHARES)) / 2, abs=1e-4)
    assert curve(-s, s, np.ones(n))[0] == pytest.approx(-0.25, abs=1e-3)


def test_the_area_is_the_mean_of_every_top_share() -> None:
    """Yadlowsky et al. (2021), as grf computes it: the mean over j of (mean of the first j scores - mean of all)."""
    rng = np.random.default_rng(1)
    s, score = rng.normal(size=5000), rng.normal(size=5000)
    first = score[np.argsort(-s)]
    tops = np.cumsum(first) / np.arange(1, 5001)
    area = curve(s, score, np.ones(5000))[0]
    assert area == pytest.approx((tops - score.mean()).mean(), abs=2e-3)


def test_priorities_that_tie_or_say_nothing_give_zero() -> None:
    """One priority for all: no curve; the order of rows does not matter, nor does a weight that is the same for all."""
    rng = np.random.default_rng(2)
    score, few = rng.normal(size=300), rng.integers(0, 3, size=300) * 1.0
    area, toc = curve(np.ones(300), score, np.ones(300))
    assert area == pytest.approx(0, abs=1e-12) and np.abs(toc).max() < 1e-12
    at = rng.permutation(300)
    one, other = curve(few, score, np.ones(300)), curve(few[at], 3 * score[at], np.full(300, 3.0))
    assert one[0] == pytest.approx(other[0], abs=1e-12) and one[1] == pytest.approx(other[1], abs=1e-12)
    with pytest.raises(ValueError, match="positive weight"):
        curve(few, score, np.zeros(300))


def test_the_curve_is_econmls() -> None:
    """EconML's DRTester on the same scores, at shares that fall on whole rows."""
    from econml.validate.utils import calc_uplift

    rng = np.random.default_rng(3)
    s, score = rng.normal(size=400), rng.normal(size=400)
    shares = np.array(SHARES[:-1])
    peer = calc_uplift(s, s, score, 100 * (1 - shares), "toc", n_bootstrap=2)[2]
    assert curve(s, score, np.ones(400))[1][:-1] == pytest.approx(peer["value"].to_numpy(), abs=1e-9)


def test_errors_of_half_samples_are_those_of_the_weights_on_scores() -> None:
    """Where priorities say nothing, AUTOC is a mean of scores times -log(rank) - 1, whose variance is that of the scores."""
    rng = np.random.default_rng(4)
    n = 4000
    s, score, fold = rng.normal(size=n), rng.normal(size=n) * 2, np.repeat([0, 1], [n // 4, n - n // 4])
    s[fold == 0] = np.nan
    found = targeting(s, score, np.ones(n), np.arange(n), fold, rng)
    assert found is not None and found.rows == 3000
    assert found.error == pytest.approx(2 / 3000**0.5, rel=0.15)


def test_the_projection_is_a_regression_of_scores_with_hc3_errors() -> None:
    """statsmodels on standardised covariates; a constant and a copy are left out."""
    import statsmodels.api as sm

    rng = np.random.default_rng(5)
    X = rng.normal(size=(200, 3))
    X = np.column_stack([X, X[:, 0] + X[:, 1], np.ones(200)])
    score = X[:, 0] + rng.normal(size=200) * (1 + np.abs(X[:, 1]))
    found = projection(score, np.ones(200), X, np.arange(200), False)
    assert found is not None and found.used.tolist() == [0, 1, 2]
    Z = (X[:, :3] - X[:, :3].mean(axis=0)) / X[:, :3].std(axis=0)
    peer = sm.OLS(score, sm.add_constant(Z)).fit(cov_type="HC3")
    assert found.coef == pytest.approx(peer.params[1:], abs=1e-10)
    assert np.sqrt(np.diag(found.cov)) == pytest.approx(peer.bse[1:], abs=1e-10)
    clustered = projection(score, np.ones(200), X, np.arange(200) // 5, True)
    peer = sm.OLS(score, sm.add_constant(Z)).fit(cov_type="cluster", cov_kwds={"groups": np.arange(200) // 5})
    assert clustered is not None and clustered.df == 39
    assert np.sqrt(np.diag(clustered.cov)) == pytest.approx(peer.bse[1:], abs=1e-10)


def test_p_values_for_all_at_once_agree_with_their_band() -> None:
    """At the band's edge p is 5%; with one coefficient it is the normal's."""
    cov = np.array([[1.0, 0.3], [0.3, 4.0]])
    edge = sup_t(cov)
    assert sup_t_p(cov, np.array([edge, 0.0])) == pytest.approx([0.05, 1.0], abs=1e-4)
    assert sup_t_p(np.eye(1), np.array([1.96]))[0] == pytest.approx(0.05, abs=2e-3)


@pytest.mark.parametrize("estimand", ["ate", "att"])
def test_effects_that_differ_are_found_and_their_cause_named(estimand: str) -> None:
    """The covariate that drives them has a slope of its size, and those it predicts gain more."""
    e = FOREST.estimate(launch(1, 1.0), Design(estimand=estimand))
    slopes = {r["covariate"]: r for r in e.details["projection"]}
    assert slopes["a"]["low"] < 1 < slopes["a"]["high"] and slopes["a"]["p_value"] < 1e-4
    assert slopes["b"]["low"] < 0 < slopes["b"]["high"] and slopes["c"]["low"] < 0 < slopes["c"]["high"]
    assert e.details["calibration_p"] < 1e-6 and e.details["projection_p"] < 1e-6
    told = e.details["targeting"]
    assert 0 < told["low"] < told["autoc"] < told["high"] and told["rows"] == 480
    assert e.details["toc"]["effect"][3] > 0.5 and e.details["toc"]["effect"][-1] == 0
    assert len(e.details["calibration"]["n"]) == 10 and sum(e.details["calibration"]["n"]) == 600
    assert "exploratory" in e.notes[-1]


def test_segments_intervals_and_p_values_hold_for_all_at_once() -> None:
    """Wider than one alone, and the p-value is that of the same procedure."""
    e = FOREST.estimate(launch(2, 0.0))
    segments = [x for x in e.effects if x.aggregation.startswith("segment:")]
    assert len(segments) == 2
    for x in segments:
        assert (x.interval.high - x.value) / x.std_error > 2.1
        assert "all segments at once" in x.note
        assert (x.p_value < 0.05) == (not x.interval.low < 0 < x.interval.high)


def test_the_write_up_fences_off_what_was_looked_for(tmp_path) -> None:
    """A section of its own that says exploratory, with the table, the sentence on targeting and both figures."""
    from causal_eval.report.files import render
    from causal_eval.study import run

    rng = np.random.default_rng(6)
    x = rng.normal(size=(500, 2))
    d = (rng.random(500) < 1 / (1 + np.exp(-x[:, 0]))) * 1
    frame = pd.DataFrame(x, columns=["tenure", "volume"]).assign(
        opened=d, csat=50 + (1 + x[:, 1]) * d + x[:, 0] + rng.normal(size=500), plan=np.where(x[:, 0] > 0, "t", "f")
    )
    frame.to_csv(tmp_path / "data.csv", index=False)
    (tmp_path / "study.toml").write_text(
        'schema_version = 1\n[study]\nid = "s"\ntitle = "S"\nquestion = "Q?"\n[data]\nsource = "data.csv"\n[roles]\n'
        'treatment = "opened"\ncovariates = ["tenure", "volume"]\nsegments = ["plan"]\n[[metrics]]\nname = "csat"\n'
        'role = "primary"\nbetter = "higher"\n[[estimators]]\nmethod = "weighting"\n[[estimators]]\n'
        'method = "causal_forest"\nlearner = "linear"\ntrees = 40\n',
        encoding="utf-8",
    )
    text = render(run(tmp_path / "study.toml"), formats=["md"])["md"]
    part = text.split("Exploratory: do effects differ, and for whom?")[-1].split("Assumptions and evidence")[0]
    assert "no decision should rest on it" in part
    assert re.search(r"\| volume \| \+\d", part) and "hold for all 2 covariates at once" in part
    assert "Predictions find those who gain more" in part and "plan: f" in text
    assert "targeting" in part
    short = render(run(tmp_path / "study.toml", only="weighting"), formats=["md"])["md"]
    assert "Exploratory" not in short, "no forest, no section"


@pytest.mark.slow
def test_nothing_is_found_where_nothing_differs() -> None:
    """One effect for all, 120 launches: each test errs at most as often as it says, give or take three Monte Carlo errors."""
    said = []
    for seed in range(120):
        e = FOREST.estimate(launch(5000 + seed, 0.0, 400), Design(estimand="ate"))
        t = e.details["targeting"]
        low = min(r["p_value"] for r in e.details["projection"])
        said.append((e.details["calibration_p"] < 0.05, not t["low"] < 0 < t["high"], low < 0.05))
    assert (np.mean(said, axis=0) < 0.05 + 3 * (0.05 * 0.95 / 120) ** 0.5).all()
