"""Balance, overlap and hidden confounding: what they say where groups are alike, and where they are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from shared_data import shared

import causal_eval as ce
from causal_eval.data.contract import Arrays
from causal_eval.data.held import HeldRows
from causal_eval.design.design import Design
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.thresholds import Thresholds


def said(name, model, pull, effect=2.0, hidden=0.0):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(1500, 2))
    d = (rng.random(1500) < 1 / (1 + np.exp(-pull * x[:, 0]))) * 1
    y = effect * d + x.sum(axis=1) + hidden * d + rng.normal(size=1500) + 20
    frame = pd.DataFrame(x, columns=["a", "b"]).assign(d=d, y=y)
    data = ce.CrossSection.from_frame(frame, treatment="d", outcome="y", covariates=["a", "b"])
    fitted = Fitted(data, Design(), model, model.estimate(data))
    return CHECKS.get(name)().check(fitted, Thresholds(), rng=np.random.default_rng(0))


@pytest.mark.parametrize(("pull", "verdict"), [(0.5, "pass"), (3.0, "warn")])
def test_overlap(pull, verdict):
    """Groups that covariates tell apart are named as such, with how few carry the comparison."""
    found = said("overlap", ce.Weighting(), pull)
    assert (found.verdict != "pass") == (verdict != "pass")
    assert "AUC" in found.reading and "weigh as much as" in found.reading


def test_balance_after_an_adjustment_and_without_one():
    """Entropy balancing leaves nothing; one coarse subclass pair leaves a difference; a regression has no weights."""
    assert said("balance", ce.Weighting(kind="entropy"), 1.0).statistic < 1e-6
    assert said("balance", ce.PropensityMatching(matching="subclass", subclasses=2), 1.5).verdict in ("warn", "fail")
    assert said("balance", ce.OutcomeRegression(), 1.0).verdict == "not_run"


def test_hidden_confounding_by_strength():
    """A large effect takes a strong confounder; none at all takes nothing."""
    strong, none = (said("hidden_confounding", ce.Weighting(), 0.5, effect=e) for e in (4.0, 0.0))
    assert strong.verdict == "pass" and strong.details["rv_alpha"] > 0.5
    assert none.verdict == "warn" and none.details["rv_alpha"] < 0.02


def test_clusters_that_hold_treated_and_untreated_units_alike_are_counted_on_both_sides():
    """Treatment chosen by people within 60 sites: every site is on both sides, and 60 are enough."""
    rng = np.random.default_rng(8)
    site = np.repeat(np.arange(60), 20)
    d = rng.integers(0, 2, size=1200)
    y = d + rng.normal(size=60)[site] + rng.normal(size=1200)
    frame = pd.DataFrame({"site": site, "d": d, "y": y, "a": rng.normal(size=1200)})
    model = ce.OutcomeRegression()

    def check(rows: pd.DataFrame):
        data = ce.CrossSection.from_frame(rows, treatment="d", outcome="y", covariates=["a"], cluster="site")
        fitted = Fitted(data, Design(), model, model.estimate(data))
        return CHECKS.get("clusters")().check(fitted, Thresholds(), rng=rng)

    found = check(frame)
    assert found.verdict == "pass"
    assert "60 with treated and 60 with untreated units" in found.reading
    assert check(frame[(frame.d == 1) | (frame.site < 3)]).verdict == "fail"


def held(y, d, X, names) -> Fitted:
    """A regression on arrays, fitted."""
    ones = pd.DataFrame({"d": [0, 1] * 10, "y": range(20), "a": range(20)})
    like = ce.CrossSection.from_frame(ones, treatment="d", outcome="y", covariates=["a"])
    data = HeldRows.of(like, Arrays(d, y, X, None, None), tuple(names), {})
    model = ce.OutcomeRegression(form="additive")
    return Fitted(data, Design(), model, model.estimate(data))


def test_hidden_confounding_on_darfur_gives_the_published_values_and_their_contour():
    """Cinelli & Hazlett (2020), section 4: .0973, RV .13878, at .05 .07626; as strong as female leaves .0752203."""
    f = pd.read_csv(shared("obs_darfur.csv"))
    names = ["female", "age", "farmer_dar", "herder_dar", "pastvoted", "hhsize_darfur"]
    villages = pd.get_dummies(f.village, drop_first=True, dtype=float)
    X = np.column_stack([f[names], villages]).astype(float)
    fitted = held(f.peacefactor.to_numpy(float), f.directlyharmed.to_numpy(float), X, [*names, *villages.columns])
    found = CHECKS.get("hidden_confounding")().check(fitted, Thresholds(), rng=np.random.default_rng(0))
    assert found.verdict == "pass"
    assert (found.details["estimate"], found.details["rv"]) == pytest.approx((0.097316, 0.13878), abs=5e-6)
    assert found.statistic == pytest.approx(0.07626, abs=5e-6)
    grid = found.details["contour"]
    female = next(b for b in grid["benchmarks"] if b["name"] == "female")
    assert (female["r2d"], female["r2y"], female["estimate"]) == pytest.approx(
        (0.0091643, 0.124641, 0.0752203), abs=1e-6
    )
    assert grid["estimate"][0][0] == pytest.approx(0.097316, abs=1e-6)
    # On the diagonal the estimate is gone from the robustness value on.
    assert max(grid["r2d"]) > 0.13878 and max(grid["r2y"]) > 0.13878
    far = grid["estimate"][-1][-1]
    assert far < 0 and len(grid["estimate"]) == len(grid["r2y"]) == 21 and len(grid["estimate"][0]) == len(grid["r2d"])


def test_a_covariate_that_decides_the_treatment_is_no_yardstick():
    """Its bound would be infinite; another covariate serves, and the grid holds finite numbers only."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 2))
    d = (rng.random(400) < 0.5) * 1.0
    X = np.column_stack([x, d + 1e-3 * rng.normal(size=400)])
    found = CHECKS.get("hidden_confounding")().check(
        held(3 * d + x[:, 0] + rng.normal(size=400), d, X, ["a", "b", "c"]), Thresholds(), rng=rng
    )
    assert found.details["benchmark"] in ("a", "b")
    assert np.isfinite([b["estimate"] for b in found.details["contour"]["benchmarks"]]).all()
    assert np.isfinite(found.details["contour"]["estimate"]).all()
