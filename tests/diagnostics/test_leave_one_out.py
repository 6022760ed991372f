"""Leaving out each unit, cluster or cohort: what is refitted, what counts as a flip, and that nobody is named."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.thresholds import Thresholds
from causal_eval.errors import DataError
from causal_eval.results.io import to_json


def world(*, effect=1.0, n=20, t=6, start=4, treated=8, noise=0.3, seed=3):
    rng = np.random.default_rng(seed)
    on = (np.arange(n) < treated)[:, None] & (np.arange(t) >= start)[None, :]
    y = rng.normal(size=(n, 1)) + rng.normal(size=(n, t)) * noise + effect * on
    units = [f"person-{i:02d}" for i in range(n)]
    return pd.DataFrame({"u": np.repeat(units, t), "t": np.tile(np.arange(t), n), "y": y.ravel(), "d": on.ravel() * 1})


def panel(frame, **roles):
    return ce.Panel.from_frame(frame, **{"unit": "u", "time": "t", "outcome": "y", "treatment": "d", **roles})


def fitted(frame, estimator=None, **roles):
    data, design, estimator = panel(frame, **roles), ce.Design(), estimator or ce.DifferenceInDifferences()
    return Fitted(data, design, estimator, estimator.estimate(data, design, rng=np.random.default_rng(0)))


def check(fit):
    return CHECKS.get("leave_one_out")().check(fit, Thresholds(), rng=np.random.default_rng(0))


def test_a_panel_without_units_is_the_panel_of_the_others():
    """Same arrays as reading the smaller frame; the panel itself is as it was; names that are not there are refused."""
    frame = world()
    whole, gone = panel(frame), ["person-03", "person-15"]
    rest, read = whole.without(gone), panel(frame[~frame.u.isin(gone)])
    assert rest.wide().units == read.wide().units and whole.wide().outcome.shape == (20, 6)
    assert (rest.wide().outcome == read.wide().outcome).all() and (rest.wide().start == read.wide().start).all()
    assert rest.cohorts() == ((4, 7),) and rest.group_sizes() == (7, 11)
    assert rest.without(["person-00"]).group_sizes() == (6, 11)
    with pytest.raises(ValueError, match="not in the data"):
        rest.without(["person-03"])
    numbers = panel(frame.assign(u=frame.u.str[-2:].astype(int))).without(["7"])
    assert 7 not in numbers.wide().units and len(numbers.wide().units) == 19


def test_a_panel_without_a_cohort_keeps_the_never_treated():
    """The units that adopt then are gone, all others stay."""
    frame = rollout()
    rest = panel(frame).without_cohort(4)
    assert rest.starts() == (3, 6) and rest.group_sizes()[1] == panel(frame).group_sizes()[1]


def test_a_repeated_cross_section_has_no_units_to_leave_out():
    """E401 from the data, and a check that says why it is silent."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"t": np.tile(np.arange(4), 100), "g": np.repeat([0, 1], 200), "y": rng.normal(size=400)})
    roles = {"unit": None, "treatment": None, "group": "g", "launch": 2}
    with pytest.raises(DataError) as e:
        panel(frame, **roles).without(["1"])
    assert e.value.code == "E401"
    found = check(fitted(frame, **roles))
    assert found.verdict == "not_run" and "Every row is another unit" in found.reading


def test_the_range_is_that_of_the_estimates_on_smaller_frames():
    """Lowest and highest headline, by hand."""
    frame = world()
    found = check(fitted(frame))
    values = [fitted(frame[frame.u != u]).estimate.headline.value for u in frame.u.unique()]
    assert found.verdict == "pass" and found.details["refits"] == 20
    assert (found.details["lowest"], found.details["highest"]) == pytest.approx((min(values), max(values)))
    assert "each of 20 units" in found.reading


def test_a_result_that_one_unit_makes_is_noticed_and_the_unit_is_not_named():
    """Nothing happens but to one unit, and hugely: without it the result is gone."""
    frame = world(effect=0.0, noise=0.05, treated=10)
    frame["y"] += frame.d * np.where(frame.u == "person-01", 0.7, 0.1)
    # Moved down until the interval only just leaves zero out.
    frame["y"] -= frame.d * (fitted(frame).estimate.headline.interval.low - 0.001)
    fit = fitted(frame)
    assert 0 < fit.estimate.headline.interval.low < 0.01
    found = check(fit)
    assert found.verdict == "warn" and found.details["significance_changes"] >= 1
    assert "comes to include zero" in found.reading
    assert "person" not in found.reading and "person" not in json.dumps(found.details)


def test_a_sign_that_changes_around_zero_is_said_and_is_no_warning():
    """An estimate of nothing has any sign; what counts is whether zero is ruled out."""
    found = next(
        f for f in (check(fitted(world(effect=0.0, seed=s))) for s in range(60))
        if f.details["sign_changes"] and not f.details["significance_changes"]
    )  # fmt: skip
    assert found.verdict == "pass" and "holds zero throughout" in found.reading


def test_with_one_treated_unit_the_others_are_left_out():
    """The treated one cannot be; the reading says so."""
    found = check(fitted(world(n=25, treated=1, effect=5.0)))
    assert found.details["refits"] == 24 and found.details["refused"] == 1
    assert "The only treated unit cannot be left out" in found.reading


def test_units_kept_out_of_the_donor_pool_have_no_part_and_a_named_donor_can_be_left_out():
    """Excluded units are not counted; without one of the donors included by name the others are still the only ones."""
    frame = world(n=12, treated=2, t=10, start=7)
    whole = check(fitted(frame, ce.SyntheticControl()))
    assert whole.details["refits"] == 12 and whole.details["refused"] == 0
    fewer = ce.SyntheticControl(donors={"exclude": ["person-04", "person-07"]})
    found = check(fitted(frame, fewer))
    assert found.details["refits"] == 10 and found.details["refused"] == 0
    smaller = frame[~frame.u.isin(["person-04", "person-07"])]
    assert found.details["lowest"] == check(fitted(smaller, ce.SyntheticControl())).details["lowest"]
    named = ce.SyntheticControl(donors={"include": [f"person-{i:02d}" for i in (2, 3, 5, 6, 8)]})
    found = check(fitted(frame, named))
    assert found.details["refits"] == 7 and found.details["refused"] == 0
    only = frame[frame.u.isin([f"person-{i:02d}" for i in (0, 1, 2, 3, 5, 6, 8)])]
    assert found.details["highest"] == check(fitted(only, ce.SyntheticControl())).details["highest"]


def test_many_units_in_few_clusters_are_left_out_by_the_cluster_and_many_of_both_not_at_all():
    """More than sixty units: clusters if those are few, else the reason."""
    frame = world(n=96, treated=48)
    frame["site"] = (frame.u.str[-2:].astype(int) // 4).astype(str)
    found = check(fitted(frame, cluster="site"))
    assert found.details["refits"] == 24 and "each of 24 clusters" in found.reading
    assert check(fitted(frame)).verdict == "not_run"


def rollout(seed=1, *, odd=0.0):
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(80):
        start = (3, 4, 6, None)[i % 4]
        level = rng.normal()
        for t in range(8):
            on = start is not None and t >= start
            y = level + rng.normal() * 0.3 + (0.4 + odd * (start == 4)) * on
            rows.append((f"person-{i:02d}", t, y, int(on)))
    return pd.DataFrame(rows, columns=["u", "t", "y", "d"])


def test_cohorts_are_left_out_and_named():
    """Eighty units are too many to be left out one at a time; three cohorts are not."""
    found = check(fitted(rollout(), ce.StaggeredDiD()))
    assert found.details["refits"] == 3 and [c["cohort"] for c in found.details["cohorts"]] == ["3", "4", "6"]
    values = [c["value"] for c in found.details["cohorts"]]
    by_hand = ce.StaggeredDiD().estimate(panel(rollout()).without_cohort(4), ce.Design()).headline.value
    assert values[1] == pytest.approx(by_hand) and found.verdict == "pass"


def test_a_cohort_that_makes_the_result_is_named():
    """Only one cohort has an effect, and the others pull the other way."""
    frame = rollout(odd=3.0)
    frame["y"] -= 0.9 * frame.d
    found = check(fitted(frame, ce.StaggeredDiD()))
    assert found.verdict == "warn" and "Cohorts it hangs on: 4." in found.reading


def test_a_whole_study_names_no_unit():
    """Through the study, with people as units, to the saved result."""
    result = ce.run(
        {
            "schema_version": 1,
            "study": {"id": "s", "title": "T", "question": "Q?", "seed": 1},
            "roles": {"unit": "u", "time": "t", "treatment": "d"},
            "metrics": [{"name": "y", "role": "primary", "better": "higher"}],
            "estimators": [{"method": "did"}],
            "privacy": {"unit_is_person": True, "min_cell": 5},
        },
        frame=world(n=30, treated=15),
    )
    found = next(d for d in result.diagnostics if d.check == "leave_one_out")
    assert found.verdict == "pass" and "person-" not in to_json(result)
