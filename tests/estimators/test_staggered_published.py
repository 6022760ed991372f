"""Rollout estimators against published numbers and reference implementations, each with its source.

R `did` 2.x without a bootstrap (`csdid_R_ref_*.csv`: the reference files of d2cml-ai/csdid, analytic errors at 15 digits);
`csdid` for covariates and further data (`cs_reference_csdid.csv`).
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from shared_data import shared

import causal_eval as ce
from causal_eval.inference.bands import sup_t

CONTROLS = {"nev": "never_treated", "nyt": "not_yet_treated"}
METHODS = {"dr": "doubly_robust", "reg": "outcome_regression", "ipw": "ipw"}
ROLES = {"unit": "countyreal", "time": "year", "outcome": "lemp", "first_treated": "first.treat"}


def mpdta(**more):
    return ce.Panel.from_file(shared("did_mpdta.csv"), **ROLES, **more)


def medicaid(frame=None):
    frame = pd.read_csv(shared("did_ehec_medicaid.csv")) if frame is None else frame
    return ce.Panel.from_frame(frame, unit="stfips", time="year", outcome="dins", first_treated="yexp2")


def castle():
    """Cheng & Hoekstra (2013): log homicides of 50 states, 2000-10; ``post`` is on from the year after a law took effect."""
    causaldata = pytest.importorskip("causaldata")
    frame = causaldata.castle.load_pandas().data
    law = frame[frame.post == 1].groupby("sid").year.min() - 1
    assert law.value_counts().sort_index().to_dict() == {2005: 1, 2006: 13, 2007: 4, 2008: 2, 2009: 1}
    frame = frame.assign(law=frame.sid.map(law))
    return ce.Panel.from_frame(frame, unit="sid", time="year", outcome="l_homicide", first_treated="law")


def reference(dataset, covariates, control, method, base):
    """{name of the effect: (value, error)} of csdid."""
    every = pd.read_csv(shared("refs/cs_reference_csdid.csv"))
    pick = every[
        (every.dataset == dataset)
        & (every.covariates.astype(str) == covariates)
        & (every.control == control.replace("_", ""))
        & (every.method == method)
        & (every.base_period == base)
        & every.weights.isna()
    ]
    overall = {
        "simple_overall": "simple",
        "group_overall": "cohort",
        "dynamic_overall": "event",
        "calendar_overall": "calendar",
    }
    one = {"group": "cohort", "dynamic": "event", "calendar": "period"}
    out = {}
    for row in pick.itertuples():
        if math.isnan(row.se):
            continue
        if row.kind == "attgt":
            name = f"cohort_period:{int(row.group)}:{int(row.time)}"
        elif row.kind in overall:
            name = f"overall:{overall[row.kind]}"
        else:
            name = f"{one[row.kind]}:{int(row.group)}"
        out[name] = (row.att, row.se)
    assert len(out) > 20
    return out


def same(estimate, want, tolerance=1e-8):
    for name, (value, error) in want.items():
        found = estimate.effect(name)
        assert found.value == pytest.approx(value, abs=tolerance), name
        assert found.std_error == pytest.approx(error, abs=tolerance), name


@pytest.mark.parametrize("control", ["nev", "nyt"])
@pytest.mark.parametrize("base", ["varying", "universal"])
def test_mpdta_group_time_effects(control, base):
    """R `did`: all twelve ATT(g, t) with analytic errors; under a universal base the pre-periods are another comparison."""
    want = pd.read_csv(shared("refs/csdid_R_ref_attgt.csv"))
    want = want[want.scenario == f"mpdta_{control}_dr"]
    assert len(want) == 12
    estimate = ce.StaggeredDiD(control_group=CONTROLS[control], base_period=base).estimate(mpdta())
    for row in want.itertuples():
        if base == "universal" and row.t < row.group:
            continue
        found = estimate.effect(f"cohort_period:{row.group}:{row.t}")
        assert found.value == pytest.approx(row.att, abs=1e-8)
        assert found.std_error == pytest.approx(row.se, abs=1e-8)


@pytest.mark.parametrize(
    ("scenario", "options", "covariates"),
    [
        ("mpdta_nev_dr", {"control_group": "never_treated"}, []),
        ("mpdta_nyt_dr", {"control_group": "not_yet_treated"}, []),
        ("mpdta_nev_reg_cov", {"control_group": "never_treated", "adjustment": "outcome_regression"}, ["lpop"]),
        ("mpdta_nev_ipw", {"control_group": "never_treated"}, []),
    ],
)
def test_mpdta_averages_and_pre_test(scenario, options, covariates):
    """R `did`: simple, cohort, event and calendar averages with errors for estimated shares; Wald test W = 7.791237."""
    want = pd.read_csv(shared("refs/csdid_R_ref_aggte.csv"))
    want = want[want.scenario == scenario]
    name = {"group": "cohort", "dynamic": "event", "calendar": "period"}
    overall = {"simple": "simple", "group": "cohort", "dynamic": "event", "calendar": "calendar"}
    e = ce.StaggeredDiD(base_period="varying", **options).estimate(mpdta(covariates=covariates))
    numbers = {}
    for row in want.itertuples():
        numbers[f"overall:{overall[row.type]}"] = (row.overall_att, row.overall_se)
        if row.type != "simple":
            numbers[f"{name[row.type]}:{int(row.egt)}"] = (row.att_egt, row.se_egt)
    assert len(numbers) == 18
    same(e, numbers)
    pre = pd.read_csv(shared("refs/csdid_R_ref_pretest.csv")).set_index("scenario").loc[scenario]
    found = e.details["pre_test"]
    assert found["statistic"] == pytest.approx(pre.W, abs=1e-7)
    assert found["p_value"] == pytest.approx(pre.Wpval, abs=6e-6)
    assert found["df"] == 5


def test_mpdta_pre_test_as_printed():
    """did's README prints P-value for pre-test of parallel trends 0.16812; W from the same covariance."""
    found = ce.StaggeredDiD(control_group="never_treated", base_period="varying").estimate(mpdta()).details["pre_test"]
    assert (found["statistic"], found["p_value"]) == (
        pytest.approx(7.791237, abs=5e-7),
        pytest.approx(0.168122, abs=5e-7),
    )


@pytest.mark.parametrize("base", ["varying", "universal"])
@pytest.mark.parametrize("control", ["never_treated", "not_yet_treated"])
def test_mpdta_without_covariates_against_csdid(base, control):
    """csdid: every cell and average under both bases."""
    e = ce.StaggeredDiD(control_group=control, base_period=base).estimate(mpdta())
    same(e, reference("mpdta", "1", control, "dr", base))


@pytest.mark.parametrize("method", ["dr", "reg", "ipw"])
@pytest.mark.parametrize("control", ["never_treated", "not_yet_treated"])
def test_mpdta_with_log_population(method, control):
    """csdid with `~lpop` (drdid estimators): every cell and average."""
    e = ce.StaggeredDiD(control_group=control, base_period="varying", adjustment=METHODS[method]).estimate(
        mpdta(covariates=["lpop"])
    )
    same(e, reference("mpdta", "lpop", control, method, "varying"), 2e-8)


@pytest.mark.parametrize(
    ("method", "numbers"),
    [
        ("dr", [(-0.041752, 0.011503), (-0.032820, 0.011898), (-0.080354, 0.018958), (-0.044177, 0.015038)]),
        ("reg", [(-0.041969, 0.011445), (-0.032929, 0.011860), (-0.080782, 0.018746), (-0.044532, 0.014885)]),
        ("ipw", [(-0.041777, 0.011500), (-0.032875, 0.011893), (-0.080377, 0.018954), (-0.044170, 0.015035)]),
    ],
)
def test_mpdta_table_with_log_population(method, numbers):
    """The four overall averages with `~lpop`, six digits (R `did` articles, csdid, differences and moderndid agree)."""
    e = ce.StaggeredDiD(control_group="never_treated", adjustment=METHODS[method]).estimate(mpdta(covariates=["lpop"]))
    for kind, (value, error) in zip(("simple", "cohort", "event", "calendar"), numbers, strict=True):
        found = e.effect(f"overall:{kind}")
        assert (found.value, found.std_error) == (pytest.approx(value, abs=6e-7), pytest.approx(error, abs=6e-7))


def test_mpdta_uniform_bands():
    """95% critical values 2.831 (12 cells) and 2.659 (7 event times), from two million draws of the same correlations."""
    from causal_eval.inference.two_by_two import panel

    e = ce.StaggeredDiD(control_group="never_treated", base_period="varying").estimate(mpdta())
    assert len(e.event_study.covariance) == 7
    assert sup_t(np.array(e.event_study.covariance)) == pytest.approx(2.659, abs=0.004)
    frame = pd.read_csv(shared("did_mpdta.csv"))
    y = frame.pivot(index="countyreal", columns="year", values="lemp")
    g = frame.groupby("countyreal")["first.treat"].first().loc[y.index].to_numpy()
    psi = []
    for start in (2004, 2006, 2007):
        for year in range(2004, 2008):
            base = start - 1 if year >= start else year - 1
            who = np.isin(g, (0, start))
            found, part = panel(
                (y[year] - y[base]).to_numpy()[who],
                (g[who] == start).astype(float),
                np.ones(who.sum()),
                np.ones((who.sum(), 1)),
                "none",
            )
            assert found == pytest.approx(e.effect(f"cohort_period:{start}:{year}").value, abs=1e-12)
            row = np.zeros(len(g))
            row[who] = part
            psi.append(row)
    assert sup_t(np.array(psi) @ np.array(psi).T) == pytest.approx(2.831, abs=0.004)


def test_mpdta_band_is_of_the_event_times_that_are_tested():
    """Event times that rest on few counties are not in the band's critical value, which is then smaller."""
    e = ce.StaggeredDiD(control_group="never_treated", base_period="varying").estimate(mpdta())
    kept = e.event_study.tested()
    cov = np.array(e.event_study.covariance)[np.ix_(kept, kept)]
    assert e.details["band_critical_value"] == sup_t(cov) <= 2.659 + 0.004


def test_mpdta_imputation():
    """Borusyak, Jaravel & Spiess: -0.0477099 (0.013222), as diff-diff's ImputationDiD has it."""
    found = ce.ImputationDiD().estimate(mpdta())
    assert found.headline.value == pytest.approx(-0.0477099, abs=5e-8)
    assert found.headline.std_error == pytest.approx(0.013222, abs=5e-7)
    events = [
        (-0.03106692719194074, 0.01357724974617999), (-0.05223485674786847, 0.01881242682276269),
        (-0.13607811443998968, 0.03534197213337359), (-0.10470747157562603, 0.03376585335779145),
    ]  # fmt: skip
    same(found, {f"event:{e}": numbers for e, numbers in enumerate(events)})


def test_mpdta_sun_abraham():
    """The saturated regression's average, diff-diff's SunAbraham (CR1): -0.0399512752 (0.0117962774)."""
    e = ce.SunAbraham().estimate(mpdta())
    assert e.headline.value == pytest.approx(-0.03995127515517691, abs=1e-9)
    assert e.headline.std_error == pytest.approx(0.011796277441754275, abs=1e-9)
    plain = ce.StaggeredDiD(control_group="never_treated").estimate(mpdta())
    for event in (-4, -3, -2, 0, 1, 2, 3):
        assert e.effect(f"event:{event}").value == pytest.approx(plain.effect(f"event:{event}").value, abs=1e-10)


@pytest.mark.parametrize(
    ("control", "value", "error"),
    [("not_yet_treated", 0.0679833, 0.0078313), ("never_treated", 0.066802, 0.008060)],
)
def test_medicaid(control, value, error):
    """Mixtape Advanced DiD, exercise 1 (Stata csdid, analytic errors): not-yet .0679833 (.0078313), never .066802 (.008060)."""
    e = ce.StaggeredDiD(control_group=control).estimate(medicaid())
    digits = 5e-8 if control == "not_yet_treated" else 5e-7
    assert e.headline.value == pytest.approx(value, abs=digits)
    assert e.headline.std_error == pytest.approx(error, abs=digits)


def test_medicaid_states_that_expanded_in_2014():
    """Mixtape Advanced DiD, exercise 1: ATT(2014, t) against the not yet treated; ATT(2014, 2014) by hand .0467024296522."""
    e = ce.StaggeredDiD(control_group="not_yet_treated").estimate(medicaid())
    numbers = [
        (0.0467024, 0.0083971), (0.0692062, 0.0100181), (0.0785134, 0.0102957),
        (0.0725053, 0.0105766), (0.0738091, 0.0122118), (0.0803199, 0.0102929),
    ]  # fmt: skip
    for year, (value, error) in zip(range(2014, 2020), numbers, strict=True):
        found = e.effect(f"cohort_period:2014:{year}")
        assert (found.value, found.std_error) == (pytest.approx(value, abs=6e-8), pytest.approx(error, abs=6e-8))
    frame = pd.read_csv(shared("did_ehec_medicaid.csv"))
    change = frame.pivot(index="stfips", columns="year", values="dins").pipe(lambda y: y[2014] - y[2013])
    g = frame.groupby("stfips").yexp2.first()
    by_hand = change[g == 2014].mean() - change[g.isna() | (g > 2014)].mean()
    assert e.effect("cohort_period:2014:2014").value == pytest.approx(by_hand, abs=1e-14)


@pytest.mark.parametrize("base", ["varying", "universal"])
@pytest.mark.parametrize("control", ["never_treated", "not_yet_treated"])
def test_medicaid_against_csdid(control, base):
    """csdid, every cell and average; its data have more digits than the file, whose shares are rounded to seven."""
    e = ce.StaggeredDiD(control_group=control, base_period=base).estimate(medicaid())
    same(e, reference("medicaid_ehec", "1", control, "dr", base), 1e-7)


def test_medicaid_without_the_states_that_never_expanded():
    """Mixtape Advanced DiD, exercise 1: without never-treated states the not-yet comparison gives .0728."""
    frame = pd.read_csv(shared("did_ehec_medicaid.csv"))
    e = ce.StaggeredDiD().estimate(medicaid(frame[frame.yexp2.notna()]))
    assert e.headline.value == pytest.approx(0.0728, abs=5e-5)
    assert e.details["control_group"] == "not_yet_treated"
    assert any("No unit stays untreated" in n for n in e.notes)


@pytest.mark.parametrize(
    ("control", "base"),
    [("never_treated", "varying"), ("not_yet_treated", "varying"), ("never_treated", "universal")],
)
def test_castle_doctrine_against_csdid(control, base):
    """Cheng & Hoekstra (2013), state data of PyPI causaldata; csdid, every cell and average."""
    e = ce.StaggeredDiD(control_group=control, base_period=base).estimate(castle())
    same(e, reference("castle", "1", control, "dr", base), 1e-7)


CASTLE_GROWING = {
    "simple": (0.0855723237, 0.0516317430),
    "cohort": (0.0702786113, 0.0442907472),
    "event": (0.1153542420, 0.0438464134),
    "calendar": (0.1165812607, 0.0390122124),
}


def test_castle_doctrine_with_weights_that_change_over_time():
    """csdid 0.4.3, never treated, universal base, population weights that grow by state: estimate and error of each average."""
    causaldata = pytest.importorskip("causaldata")
    frame = causaldata.castle.load_pandas().data
    first = frame[frame.post == 1].groupby("sid").year.min()
    frame = frame.assign(
        lh=np.log(frame.homicide),
        eff=frame.sid.map(first),
        w=frame.popwt * (1 + 0.02 * (frame.year - 2000) * (frame.sid % 7)),
    )
    panel = ce.Panel.from_frame(frame, unit="sid", time="year", outcome="lh", first_treated="eff", weights="w")
    e = ce.StaggeredDiD(control_group="never_treated").estimate(panel)
    for kind, (value, error) in CASTLE_GROWING.items():
        found = e.effect(f"overall:{kind}")
        assert (found.value, found.std_error) == pytest.approx((value, error), abs=1e-7), kind
    assert any("Weights change over time in 43 units" in note for note in e.notes)


def test_castle_doctrine_sun_abraham_has_the_same_points():
    """Without covariates the saturated regression's cells are the group-time effects against the never treated."""
    panel = castle()
    a, b = ce.StaggeredDiD(control_group="never_treated").estimate(panel), ce.SunAbraham().estimate(panel)
    assert b.headline.value == pytest.approx(a.headline.value, abs=1e-10)
    cells = [f.aggregation for f in a.effects if f.aggregation.startswith("cohort_period:")]
    assert len(cells) == 50
    for name in cells:
        assert b.effect(name).value == pytest.approx(a.effect(name).value, abs=1e-10)
