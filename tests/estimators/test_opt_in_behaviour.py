"""What every opt-in estimator must do: find a known effect, not depend on order or hash seed, and refuse the impossible."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.design.design import Design
from causal_eval.errors import EstimatorRefusal

LINEAR = {
    "matching": ce.PropensityMatching(bias_adjust=True, ratio=2),
    "pairs": ce.PropensityMatching(replace=False, distance="logit", caliper=0.2),
    "subclass": ce.PropensityMatching(matching="subclass", subclasses=10),
    "covariates": ce.PropensityMatching(distance="mahalanobis", bias_adjust=True),
    "ipw": ce.Weighting(),
    "entropy": ce.Weighting(kind="entropy"),
    "cbps": ce.Weighting(kind="cbps"),
    "overlap": ce.Weighting(kind="overlap"),
    "regression": ce.OutcomeRegression(),
    "aipw": ce.AIPW(),
    "dml": ce.DoubleML(learner="linear"),
}


def launch(seed=0, n=800, effect=1.0, clusters=0):
    """People opt in by two covariates that also drive the outcome."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    shared = rng.normal(size=max(clusters, 1))
    group = rng.integers(max(clusters, 1), size=n)
    e = 1 / (1 + np.exp(-(-0.6 + 0.6 * x[:, 0] - 0.4 * x[:, 1] + (0.5 * shared[group] if clusters else 0))))
    d = (rng.random(n) < e) * 1
    y = (
        10
        + effect * d
        + x @ [1.0, 1.0, 0.5]
        + rng.normal(size=n)
        + (0.5 * rng.normal(size=len(shared))[group] if clusters else 0)
    )
    frame = pd.DataFrame(x, columns=["a", "b", "c"])
    return frame.assign(d=d, y=y, g=[f"g{k}" for k in group], s=np.where(x[:, 2] > 0, "new", "old"))


def people(frame, **roles):
    return ce.CrossSection.from_frame(
        frame, **({"treatment": "d", "outcome": "y", "covariates": ["a", "b", "c"]} | roles)
    )


@pytest.mark.parametrize("name", LINEAR)
def test_a_known_effect_is_found(name):
    """Truth 1: within four errors, naive far off; the relative and cumulative effects follow."""
    e = LINEAR[name].estimate(people(launch(n=3000)))
    assert abs(e.headline.value - 1) < 4 * e.headline.std_error < 0.6
    assert e.effect("overall", "relative").value == pytest.approx(e.headline.value / e.counterfactual)
    after = [abs(b.smd) for b in e.balance if b.stage == "after"]
    assert not after or max(after) < 0.1
    assert e.observed - e.counterfactual == pytest.approx(e.headline.value)


@pytest.mark.parametrize("name", LINEAR)
def test_row_and_column_order_do_not_matter(name):
    """Shuffled rows and columns give the same bytes."""
    frame = launch(n=400)
    shuffled = frame.sample(frac=1, random_state=1)[list(frame.columns[::-1])]
    one, other = (LINEAR[name].estimate(people(f)).headline for f in (frame, shuffled))
    assert repr(one) == repr(other)


CODE = """
import sys; sys.path.insert(0, sys.argv[1])
from test_opt_in_behaviour import launch, people, ce
for m in (ce.PropensityMatching(), ce.DoubleML(repeats=2), ce.CausalForest(trees=40)):
    print(repr(m.estimate(people(launch(n=300), segments=['s'])).effects))
"""


def test_the_hash_seed_does_not_matter():
    """Matching, double machine learning and the forest in three processes."""
    here = os.path.dirname(__file__)
    out = []
    for seed in ("0", "1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([here, *sys.path])}
        out.append(
            subprocess.run([sys.executable, "-c", CODE, here], env=env, capture_output=True, text=True, check=True)
        )
    assert len({r.stdout for r in out}) == 1 and out[0].stdout
    assert not out[0].stderr, "no library warning reaches the user"


def test_segments_have_effects_of_their_own():
    """By declared segment, with wider intervals than one alone would have."""
    frame = launch(n=4000)
    frame["y"] += 2 * frame.d * (frame.s == "new")
    e = ce.AIPW().estimate(people(frame, segments=["s"]), Design(estimand="ate"))
    assert e.effect("segment:s=new").value == pytest.approx(3, abs=0.35)
    assert e.effect("segment:s=old").value == pytest.approx(1, abs=0.35)
    assert "segments" not in e.details


def test_a_segment_of_few_rows_has_no_effect_and_the_estimate_says_why():
    """Fewer than twenty on either side; it is not left out in silence."""
    frame = launch(n=600)
    frame.loc[:14, "s"] = "rare"
    e = ce.AIPW().estimate(people(frame, segments=["s"]), Design(estimand="ate"))
    assert not any(x.aggregation == "segment:s=rare" for x in e.effects)
    assert e.details["segments"] == {"s": {"left_out": {"rare": "fewer than 20 treated or 20 untreated rows"}}}


def test_clusters_widen_errors_and_stay_whole_in_folds():
    """The same rows with clusters: another error, and a warning when they are few."""
    frame = launch(clusters=12, n=900)
    for m in (ce.Weighting(), ce.AIPW(), ce.PropensityMatching()):
        e = m.estimate(people(frame, cluster="g"))
        assert e.sample.n_clusters == 12 and any("12 clusters" in n for n in e.notes)


def test_a_panel_is_taken_as_changes():
    """One launch date: matched and doubly robust difference-in-differences."""
    rng = np.random.default_rng(3)
    n = 400
    x = rng.normal(size=n)
    d = rng.random(n) < 1 / (1 + np.exp(-x))
    rows = [
        {
            "u": i,
            "t": t,
            "x": x[i],
            "g": 3 if d[i] else np.inf,
            "y": 5 * d[i] + 20 + t * x[i] + 2 * d[i] * (t >= 3) + rng.normal(),
        }
        for i in range(n)
        for t in range(6)
    ]
    panel = ce.Panel.from_frame(
        pd.DataFrame(rows), unit="u", time="t", outcome="y", first_treated="g", covariates=["x"]
    )
    for m in (ce.Weighting(), ce.AIPW(), ce.OutcomeRegression(), ce.PropensityMatching()):
        e = m.estimate(panel)
        assert abs(e.headline.value - 2) < 4 * e.headline.std_error < 1.4
        assert "change" in e.notes[0]


@pytest.mark.parametrize(
    ("model", "roles", "words"),
    [
        (ce.Weighting(), {"covariates": []}, "no covariates"),
        (ce.PropensityMatching(exact=["nothing"]), {}, "neither a covariate nor a segment"),
        (ce.PropensityMatching(propensity="nothing"), {}, "neither"),
        (ce.PropensityMatching(distance="mahalanobis", caliper=0.1), {}, "caliper"),
        (ce.AIPW(folds=1, learner="lightgbm"), {}, "folds"),
        (ce.OutcomeRegression(form="additive", interactions=["z"]), {}, "not a covariate"),
        (ce.Weighting(trim=0.7), {}, "between 0 and 0.5"),
    ],
)
def test_impossible_requests_are_refused(model, roles, words):
    """Each says why."""
    with pytest.raises(EstimatorRefusal, match=words):
        model.estimate(people(launch(), **roles))


def test_perfect_separation_is_refused():
    """A covariate that decides the treatment leaves nobody to compare with."""
    frame = launch()
    frame["c"] = frame.d * 2.0 + 0.1 * frame.a
    for m in (ce.Weighting(), ce.PropensityMatching()):
        with pytest.raises(EstimatorRefusal, match="perfectly"):
            m.estimate(people(frame))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"ratio": 3, "distance": "logit", "bias_adjust": True},
        {"ratio": 2, "distance": "mahalanobis", "bias_adjust": True},
    ],
)
def test_errors_by_cluster_are_abadie_imbenss_where_each_row_is_a_cluster(options):
    """Two formulas of one variance: the estimated score and the bias adjustment count in both."""
    frame = launch(n=2000).assign(own=range(2000))
    model = ce.PropensityMatching(**options)
    for design in (Design(), Design(estimand="ate")):
        plain, own = (model.estimate(people(frame, **r), design).headline for r in ({}, {"cluster": "own"}))
        assert own.value == pytest.approx(plain.value)
        assert own.std_error == pytest.approx(plain.std_error, rel=0.08)


def test_entropy_weights_do_not_overflow_where_the_other_group_lies_far_out():
    """One person far from the group that is weighed: balanced or refused, with no number lost on the way."""
    frame = launch(n=400, seed=7)
    frame.loc[frame.d == 1, "a"] += np.where(np.arange((frame.d == 1).sum()) == 0, 400.0, 0.0)
    for estimand in ("att", "ate"):
        try:
            e = ce.Weighting(kind="entropy").estimate(people(frame), Design(estimand=estimand))
        except EstimatorRefusal as refused:
            assert refused.code == "E402"
        else:
            assert max(abs(b.smd) for b in e.balance if b.stage == "after") < 1e-6


def test_errors_of_pairs_are_as_long_as_estimates_scatter():
    """With the score estimated; a pool that runs out, whose last pairs are far apart, keeps the longer errors by matched set."""
    found = []
    for seed in range(40):
        rng = np.random.default_rng([7, seed])
        x = rng.normal(size=(400, 3))
        d = rng.random(400) < 1 / (1 + np.exp(1 - 0.6 * (x[:, 0] - 0.5 * x[:, 1])))
        frame = pd.DataFrame(x, columns=["a", "b", "c"]).assign(
            d=d * 1, y=x @ [2.0, 2.0, 1.0] + d + rng.normal(size=400)
        )
        data = ce.CrossSection.from_frame(frame, treatment="d", outcome="y", covariates=["a", "b", "c"])
        e = ce.PropensityMatching(replace=False, caliper=0.2, distance="logit").estimate(data)
        found.append((e.headline.value, e.headline.std_error))
    assert "with the score estimated" in e.inference
    value, error = np.array(found).T
    assert np.sqrt((error**2).mean()) == pytest.approx(value.std(ddof=1), rel=0.15), "by matched set alone far longer"
    frame = frame[frame.d.eq(1) | (frame.index % 3 == 0)]
    data = ce.CrossSection.from_frame(frame, treatment="d", outcome="y", covariates=["a", "b", "c"])
    assert "estimated" not in ce.PropensityMatching(replace=False).estimate(data).inference
