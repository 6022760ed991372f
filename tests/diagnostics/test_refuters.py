"""The refuters: quiet where the estimate is sound, and each loud about the one thing it can see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.data.contract import Arrays
from causal_eval.data.held import HeldRows
from causal_eval.design.design import Design
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.thresholds import Thresholds

REFUTERS = ("placebo_treatment", "random_common_cause", "subset", "dummy_outcome")
LIKE = ce.CrossSection.from_frame(
    pd.DataFrame({"d": [0, 1] * 10, "y": range(20), "a": range(20)}), treatment="d", outcome="y", covariates=["a"]
)


def people(seed: int = 3, n: int = 500, curve: float = 0.0, sites: int = 0, shock: float = 0.0) -> HeldRows:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    site = np.arange(n) % sites if sites else None
    pull = 0.6 * x[:, 0] + curve * (x[:, 0] ** 2 - 1) - 0.5
    d = (rng.random(n) < 1 / (1 + np.exp(-pull))) * 1.0
    noise = rng.normal(size=n)
    if site is not None:
        d = (site % 2) * 1.0
        noise = noise + shock * rng.normal(size=sites)[site]
    y = 5 + x.sum(axis=1) + curve * x[:, 0] ** 2 + d + noise
    return HeldRows.of(LIKE, Arrays(d, y, x, None, site), ("a", "b"), {})


def fit(data: HeldRows, model) -> Fitted:
    return Fitted(data, Design(), model, model.estimate(data))


def said(name: str, fitted: Fitted, seed: int = 0):
    return CHECKS.get(name)().check(fitted, Thresholds(), rng=np.random.default_rng(seed))


MODELS = {
    "weighting": ce.Weighting(kind="entropy"),
    "regression": ce.OutcomeRegression(),
    "matching": ce.PropensityMatching(ratio=3, distance="logit", bias_adjust=True),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("name", REFUTERS)
def test_a_sound_estimate_passes_and_its_reading_says_what_that_is_worth(name, model):
    found = said(name, fit(people(), model))
    assert found.verdict == "pass"
    assert any(w in found.reading for w in ("says little", "weak evidence", "says nothing", "are not in it"))


@pytest.mark.parametrize("name", REFUTERS)
def test_the_same_seed_gives_the_same_and_progress_is_told(name):
    heard: list[str] = []
    fitted = replace(fit(people(), ce.Weighting()), say=heard.append)
    assert said(name, fitted, 4) == said(name, fitted, 4)
    assert heard and all(name.replace("_", " ") in line and " of " in line for line in heard)


@pytest.mark.parametrize("name", REFUTERS)
def test_an_estimate_that_adjusts_for_nothing_is_not_refuted(name):
    assert said(name, fit(people(), ce.Naive())).verdict == "not_run"


def test_errors_that_leave_clusters_out_are_seen_by_lot_and_by_parts():
    """Whole sites are treated and share shocks; errors told without them are too small by several times."""
    clustered = fit(people(n=600, sites=30, shock=1.0), ce.OutcomeRegression())
    assert said("placebo_treatment", clustered).verdict == "pass" and said("subset", clustered).verdict == "pass"

    class TooSure(ce.OutcomeRegression):
        """The same estimate with a tenth of its error."""

        def estimate(self, data, design=None, *, rng=None):
            e = super().estimate(data, design, rng=rng)
            head = e.headline
            return replace(e, effects=(replace(head, std_error=head.std_error / 10, p_value=0.001), *e.effects[1:]))

    sure = fit(people(), TooSure())
    for name, word in (("placebo_treatment", "estimate or error is off"), ("subset", "likely too short")):
        found = said(name, sure)
        assert found.verdict == "warn" and word in found.reading


def test_measured_reasons_that_the_adjustment_leaves_in_are_found_on_dummy_outcomes():
    """The square of a covariate drives choice and outcome; weights balance its mean only."""
    bent = fit(people(curve=0.7, n=800), ce.Weighting(kind="entropy"))
    found = said("dummy_outcome", bent)
    assert found.verdict == "warn" and "left in the effect" in found.reading
    assert found.details["mean"] == pytest.approx(bent.estimate.headline.value - 1, abs=0.35)
    # The other three cannot see it, as their readings say.
    assert all(said(n, bent).verdict == "pass" for n in REFUTERS if n != "dummy_outcome")


def test_an_estimate_that_a_random_column_moves_is_warned_of():
    class Jumpy(ce.OutcomeRegression):
        """An estimate that grows with the number of columns."""

        def estimate(self, data, design=None, *, rng=None):
            e = super().estimate(data, design, rng=rng)
            return replace(
                e, effects=(replace(e.headline, value=e.headline.value * len(data.covariates)), *e.effects[1:])
            )

    found = said("random_common_cause", fit(people(), Jumpy()))
    assert found.verdict == "warn" and found.statistic > 1


def test_a_panel_is_refuted_on_its_changes():
    """Units that choose by a covariate; the estimator works on changes, and so do the refits."""
    rng = np.random.default_rng(0)
    n = 300
    a = rng.normal(size=n)
    d = rng.random(n) < 1 / (1 + np.exp(-a))
    rows = [
        (f"u{i}", t, 3 + a[i] * t + d[i] * (t >= 2) + rng.normal(), a[i], int(d[i] and t >= 2))
        for i in range(n)
        for t in range(4)
    ]
    frame = pd.DataFrame(rows, columns=["u", "t", "y", "a", "d"])
    panel = ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", treatment="d", covariates=["a"])
    model = ce.Weighting(kind="entropy")
    fitted = Fitted(panel, Design(), model, model.estimate(panel))
    for name in (*REFUTERS, "functional_form"):
        assert said(name, fitted).verdict == "pass", name


@pytest.mark.slow
def test_two_processes_give_what_one_gives():
    for name in REFUTERS:
        one, two = (said(name, fit(people(), ce.Weighting(jobs=j))) for j in (1, 2))
        assert one == two
