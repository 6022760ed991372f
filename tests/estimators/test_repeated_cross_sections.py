"""Repeated cross-sections under staggered adoption: csdid's numbers, and the checks that need no unit seen twice."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.design.design import Design
from causal_eval.diagnostics.base import Fitted
from causal_eval.diagnostics.checks.clusters import Clusters
from causal_eval.diagnostics.checks.composition import Composition
from causal_eval.diagnostics.checks.leave_one_out import LeaveOneOut
from causal_eval.diagnostics.checks.no_anticipation import NoAnticipation
from causal_eval.diagnostics.thresholds import Thresholds
from causal_eval.errors import EstimatorRefusal


def rows() -> pd.DataFrame:
    """6,000 people, each asked once, in 60 sites that adopt in 2013, 2015 or never."""
    rng = np.random.default_rng(1)
    n, t = 6000, 8
    year, _ = rng.integers(2010, 2010 + t, n), rng.choice([2013, 2015, 0], n, p=[0.3, 0.3, 0.4])
    site = rng.integers(0, 60, n)
    start = np.array([2013, 2015, 0, 0, 2013])[site % 5]
    x = rng.normal(size=n) + (start > 0) * 0.2
    y = 2 + 0.1 * (year - 2010) + 0.3 * (start > 0) + ((start > 0) & (year >= start)) * 1.0
    y = y + 0.5 * x + rng.normal(size=n) + 0.2 * rng.normal(size=60)[site]
    return pd.DataFrame({"year": year, "start": start, "y": y, "x": x, "site": site, "age": rng.integers(20, 60, n)})


def panel(frame: pd.DataFrame, **roles) -> ce.Panel:
    return ce.Panel.from_frame(frame, time="year", outcome="y", first_treated="start", **roles)


# csdid 0.4.3, panel=False, base_period="universal", xformla "~x+age": simple, group, dynamic, calendar; (estimate, error).
CSDID = {
    ("none", "never_treated"): (
        (0.97200586, 0.08703031), (0.98803498, 0.08351315), (0.96336441, 0.08931072), (0.96047439, 0.08823559),
    ),
    ("none", "not_yet_treated"): (
        (0.96714086, 0.08527178), (0.98381572, 0.08301974), (0.95914515, 0.08742787), (0.95415974, 0.08572100),
    ),
    ("doubly_robust", "never_treated"): (
        (0.98107097, 0.07823833), (0.99220503, 0.07513895), (0.97411253, 0.08027022), (0.97121744, 0.07932980),
    ),
    ("doubly_robust", "not_yet_treated"): (
        (0.97627254, 0.07615310), (0.98804351, 0.07434197), (0.96995101, 0.07814175), (0.96498920, 0.07633596),
    ),
    ("outcome_regression", "never_treated"): (
        (0.94700766, 0.08416811), (0.96501187, 0.08100615), (0.93725587, 0.08625670), (0.93511740, 0.08531887),
    ),
    ("ipw", "not_yet_treated"): (
        (0.96834199, 0.08584812), (0.98340925, 0.08374118), (0.95990938, 0.08812869), (0.95843728, 0.08605391),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("how", "control"), list(CSDID))
def test_staggered_cross_sections_are_those_of_csdid(how, control):
    data = panel(rows(), covariates=[] if how == "none" else ["x", "age"])
    found = ce.StaggeredDiD(control_group=control, adjustment=how).estimate(data)
    for kind, (value, error) in zip(("simple", "cohort", "event", "calendar"), CSDID[how, control], strict=True):
        effect = found.effect(f"overall:{kind}")
        assert effect.value == pytest.approx(value, abs=6e-8)
        assert effect.std_error == pytest.approx(error, abs=6e-8)


def test_event_times_are_not_thin_because_each_person_is_asked_once():
    study = ce.StaggeredDiD().estimate(panel(rows())).event_study
    assert not any(q.thin for q in study.points)


@pytest.mark.parametrize("method", [ce.ImputationDiD(), ce.SunAbraham()])
def test_what_follows_units_says_that_there_are_none(method):
    with pytest.raises(EstimatorRefusal, match="follows units"):
        method.estimate(panel(rows()))
    with pytest.raises(EstimatorRefusal) as e:
        ce.DifferenceInDifferences().estimate(panel(rows()))
    assert e.value.code == "E404" and "staggered_did" in f"{e.value.message} {e.value.hint}"


def test_adoptions_between_and_after_the_years_of_the_data_are_counted():
    """2030 is never, a missing year's adoption is the next one's; odd codes of never are the same never."""
    frame = rows()
    frame = frame[frame.year != 2013]
    odd = frame.assign(
        start=frame.start.astype(float).where(frame.start > 0, np.resize([np.nan, np.inf, 2030.0, 0.0], len(frame)))
    )
    later = frame.assign(start=frame.start.replace({2013: 2014}))
    a, b, c = (ce.StaggeredDiD().estimate(panel(f)).headline.value for f in (frame, odd, later))
    assert a == pytest.approx(b, rel=1e-12) and a == pytest.approx(c, rel=1e-12)
    said = " ".join(panel(odd).notes)
    assert "rows adopt after the data ends" in said and "rows adopt between two periods" in said


def test_rows_that_are_taken_as_independent_are_said_to_be():
    data = panel(rows())
    assert any("independent of the others" in note for note in data.notes)
    found = checked(Clusters(), data)
    assert found.verdict == "warn" and "roles.cluster" in found.reading
    assert checked(Clusters(), panel(rows(), cluster="site")).verdict == "pass"


def checked(check, data, method=None, design=None):
    method, design = method or ce.StaggeredDiD(), design or Design()
    fitted = Fitted(data, design, method, method.estimate(data, design))
    return check.check(fitted, Thresholds(), rng=np.random.default_rng(0))


def test_the_checks_run_on_rows_that_are_seen_once():
    data = panel(rows(), covariates=["x", "age"], cluster="site")
    for check in (Composition(), LeaveOneOut(), NoAnticipation()):
        assert checked(check, data).verdict == "pass", check.info.name


def test_leaving_out_a_cohort_is_estimating_without_its_rows():
    frame = rows()
    found = checked(LeaveOneOut(), panel(frame, cluster="site"))
    for c in found.details["cohorts"]:
        rest = ce.StaggeredDiD().estimate(panel(frame[frame.start != int(c["cohort"])], cluster="site"))
        assert c["value"] == pytest.approx(rest.headline.value, rel=1e-12)
    assert found.details["refits"] == 2  # sites are as many as the check would refit, less the cohorts


def test_leaving_out_clusters_where_they_are_few():
    frame = rows().assign(start=lambda f: f.start.replace({2015: 2013}))
    few = frame[frame.site < 30]
    found = checked(LeaveOneOut(), panel(few, cluster="site"))
    assert found.details["refits"] == 30
    values = [ce.StaggeredDiD().estimate(panel(few[few.site != s], cluster="site")).headline.value for s in (0, 7, 29)]
    assert all(found.details["lowest"] - 1e-12 <= v <= found.details["highest"] + 1e-12 for v in values)


def test_other_people_after_the_launch_are_noticed_in_a_covariate():
    """The young stop answering where the launch came: a covariate the launch cannot touch moves with it."""
    frame = rows()
    on = (frame.start > 0) & (frame.year >= frame.start)
    found = checked(Composition(), panel(frame[~(on & (frame.age < 26))], covariates=["x", "age"]))
    assert found.verdict == "warn" and "`age`" in found.reading and found.p_value < 0.01


def test_other_numbers_of_people_after_the_launch_are_noticed():
    frame = rows()
    gone = (frame.start == 2013) & (frame.year >= 2013) & (np.arange(len(frame)) % 3 == 0)
    found = checked(Composition(), panel(frame[~gone]))
    assert found.verdict == "warn" and "The cohort 2013" in found.reading


def test_a_reaction_before_the_launch_is_noticed():
    frame = rows()
    frame["y"] += 0.8 * ((frame.start > 0) & (frame.year == frame.start - 1))
    assert checked(NoAnticipation(), panel(frame, cluster="site")).verdict == "fail"
