"""Power before launch: against known noise, against real injections, and where there is nothing to recommend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from shared_data import shared

import causal_eval as ce
from causal_eval.errors import DataError, PrivacyError, UsageError
from causal_eval.prelaunch import Asked, design, open_history
from causal_eval.results.power import DurationPower, from_json, to_json
from causal_eval.study import run


def frame(seed: int, n: int, T: int, sd: float = 1.0) -> pd.DataFrame:
    """Unit effects, period effects and independent noise: n units, T periods."""
    rng = np.random.default_rng(seed)
    y = 50 + rng.normal(0, 3, (n, 1)) + rng.normal(0, 1, T) + rng.normal(0, sd, (n, T))
    rows = [(f"u{i:02d}", t, float(y[i, t]), 0) for i in range(n) for t in range(T)]
    return pd.DataFrame(rows, columns=["unit", "week", "y", "on"])


def study(method: str, treated: int = 0, launch: int = 1000, **options: Any) -> dict[str, Any]:
    """A study of the first ``treated`` units; none planned with 0."""
    roles: dict[str, Any] = {"unit": "unit", "time": "week"}
    roles |= {"treated_units": [f"u{i:02d}" for i in range(treated)]} if treated else {"treatment": "on"}
    return {
        "schema_version": 1,
        "study": {"id": "s", "title": "S", "question": "Will it show?"},
        "roles": roles,
        "design": {"launch": launch} if treated else {},
        "metrics": [{"name": "y"}],
        "estimators": [{"method": method, **options}],
    }


def only(spec: dict[str, Any], rows: pd.DataFrame, duration: int, **asked: Any) -> DurationPower:
    """The one set's power at one duration."""
    (candidate,) = design(spec, Asked(durations=(duration,), **asked), frame=rows).candidates
    return candidate.by_duration[0]


def analytic(n: int, treated: int, duration: int, T: int, sd: float = 1.0) -> float:
    """2.8 standard errors of a difference-in-differences with independent noise, averaged over the placebo dates."""
    pres = np.arange(2 * T // 3, T - duration + 1)
    return float(np.mean(2.8 * sd * np.sqrt((1 / duration + 1 / pres) * (1 / treated + 1 / (n - treated)))))


def test_the_mde_of_did_is_near_two_point_eight_standard_errors_and_its_size_near_five_per_cent() -> None:
    """Six histories of 60 units, 30 treated; a sign or a factor wrong in any of the steps misses by far more than 12%."""
    T, d = 32, 4
    found = [only(study("did", 30), frame(s, 60, T), d) for s in range(6)]
    mdes = [f.mde for f in found if f.mde is not None]
    assert len(mdes) == 6
    error = np.std(mdes, ddof=1) / 6**0.5
    assert abs(np.mean(mdes) - analytic(60, 30, d, T)) < max(3 * error, 0.12 * analytic(60, 30, d, T))
    assert np.mean([f.size for f in found if f.size is not None]) < 0.15
    checked = [f.injected.detected for f in found if f.injected is not None]
    assert len(checked) == 6 and abs(np.mean(checked) - 0.8) < 0.12


def test_longer_windows_see_smaller_effects_and_power_grows_with_the_effect() -> None:
    asked = Asked(durations=(1, 12), effects=((0.2, False), (0.6, False), (5.0, False)))
    r = design(study("did", 20), asked, frame=frame(1, 40, 40))
    short, long = r.candidates[0].by_duration
    assert short.mde is not None and long.mde is not None and long.mde < short.mde
    power = [p.power for p in r.curve if p.duration == 1]
    assert power == sorted(power) and power[-1] == 1.0 and power[0] < 0.5
    assert [p.effect for p in r.curve if p.duration == 1] == [0.2, 0.6, 5.0]


def test_an_injected_effect_is_what_the_estimator_would_have_seen_in_such_rows() -> None:
    """``Panel.launched`` gives every view of the rows that the same rows, written out, give."""
    rows = frame(2, 6, 8)
    base = open_history(study("did", 2), Asked(), frame=rows).panel
    made = base.launched(["u00", "u01"], 5, effect=2.5)
    real = rows.assign(first=np.where(rows.unit.isin(["u00", "u01"]), 5.0, np.nan))
    real["y"] += np.where((real["first"] == 5) & (real.week >= 5), 2.5, 0.0)
    panel = ce.Panel.from_frame(real, unit="unit", time="week", outcome="y", first_treated="first")
    a, b = made.wide(), panel.wide()
    assert np.array_equal(a.outcome, b.outcome) and np.array_equal(a.start, b.start)
    assert made.cohorts() == panel.cohorts() and made.group_sizes() == panel.group_sizes()
    columns = ["unit", "time", "outcome", "first_treated", "group"]
    pd.testing.assert_frame_equal(made.frame()[columns], panel.frame()[columns], check_dtype=False)
    assert np.array_equal(made.cells().wy, panel.cells().wy)
    with pytest.raises(ValueError, match="not in the data"):
        base.launched(["nobody"], 5)


def test_only_rows_before_a_real_launch_are_used() -> None:
    """A huge effect after the launch changes nothing."""
    rows = frame(4, 20, 30)
    after = rows.assign(y=rows.y + 1000 * (rows.week >= 24))
    a, b = (design(study("did", 8, launch=24), Asked(durations=(4,)), frame=f) for f in (rows, after))
    assert a.candidates == b.candidates and a.n_periods == 24


def test_units_treated_from_the_start_are_left_out_and_counted() -> None:
    rows = frame(4, 20, 30).assign(on=lambda f: ((f.unit == "u00") | ((f.unit < "u06") & (f.week >= 26))).astype(int))
    r = design(study("did"), Asked(durations=(4,)), frame=rows)
    (planned,) = r.candidates
    assert planned.units == tuple(f"u{i:02d}" for i in range(1, 6)) and r.n_units == 19 and r.n_periods == 26
    assert "1 unit treated from the first period on" in " ".join(r.notes)


def test_candidates_are_ranked_and_the_noisy_unit_comes_last() -> None:
    rows = frame(5, 24, 24)
    noise = np.random.default_rng(0).normal(0, 12, 24)
    rows.loc[rows.unit == "u03", "y"] += noise
    r = design(
        study("synthetic_control", intercept=True), Asked(durations=(4,), candidates=24, size=1, fits=120), frame=rows
    )
    ranked = [c for c in r.candidates if c.rank is not None]
    assert [c.rank for c in ranked] == list(range(1, len(ranked) + 1))
    assert len(ranked) > 12 and all(c.name != "u03" for c in ranked[: len(ranked) // 2])
    sizes = [c.by_duration[0].mde_relative or 0.0 for c in ranked]
    assert sizes == sorted(sizes)
    assert ranked[0].by_duration[0].smallest_p == pytest.approx(1 / 24)


def test_excluded_donors_are_no_candidates() -> None:
    spec = study("synthetic_control", donors={"exclude": ["u00", "u01"]})
    r = design(spec, Asked(durations=(4,), candidates=40, size=1, fits=44), frame=frame(6, 24, 20))
    assert len(r.candidates) == 22 and not {"u00", "u01"} & {c.name for c in r.candidates}


def test_too_few_controls_are_a_result_with_its_reason() -> None:
    """Twelve assignments cannot give p = 0.05: no set is ranked, whatever the effect, and the write-up says why."""
    from causal_eval.report.power import bottom_line

    r = design(study("synthetic_control"), Asked(durations=(4,), size=1, fits=24), frame=frame(7, 12, 20))
    assert r.best is None and r.curve == () and len(r.candidates) == 12
    assert all("no 95% interval" in c.reason for c in r.candidates)
    assert "No set of units can be recommended" in str(bottom_line(r))


def test_a_duration_longer_than_the_history_says_so() -> None:
    r = design(study("did", 5), Asked(durations=(3, 50)), frame=frame(8, 12, 20))
    short, long = r.candidates[0].by_duration
    assert short.mde is not None and long.mde is None and "20 periods of history" in long.reason


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("staggered_did", {}),
        ("synthetic_did", {}),
        ("imputation_did", {}),
        ("augmented_synthetic_control", {"ridge": 1.0}),
    ],
)
def test_other_estimators_answer_with_their_own_test(method: str, options: dict[str, Any]) -> None:
    """Two thirds of 12 periods before, 2 after: each gives a finite effect, found again when it is put in."""
    d = only(study(method, 3, **options), frame(3, 24, 12), 2, fits=2)
    assert d.mde is not None and d.mde > 0 and d.failed == 0 and not d.reason
    assert d.injected is not None and d.injected.detected >= 0.5


def test_the_result_reads_back_and_depends_on_the_seed_alone() -> None:
    spec, rows = study("synthetic_control", intercept=True), frame(9, 22, 24)
    asked = Asked(durations=(4,), candidates=6, size=2, fits=24)
    a = design(spec, asked, frame=rows)
    b = design(spec, asked, frame=rows.sample(frac=1, random_state=1))
    assert to_json(a).replace(a.provenance.data_sha256, "") == to_json(b).replace(b.provenance.data_sha256, "")
    assert from_json(to_json(a)) == a
    c = design(spec, Asked(durations=(4,), candidates=6, size=2, fits=24, seed=5), frame=rows)
    assert [x.units for x in c.candidates] != [x.units for x in a.candidates]
    with pytest.raises(UsageError, match="version"):
        from_json(to_json(a).replace('"schema_version": 1', '"schema_version": 9'))


def test_a_run_before_the_launch_refuses_and_names_the_command() -> None:
    for spec in (study("did", 5), study("did")):
        with pytest.raises(DataError) as e:
            run(spec, frame=frame(1, 12, 12))
        assert "causal-eval design" in e.value.hint


def test_wrong_questions_are_refused() -> None:
    rows = frame(1, 12, 12)
    with pytest.raises(UsageError, match="nobody"):
        design(study("did"), Asked(treat=("nobody",)), frame=rows)
    people = study("did") | {"privacy": {"unit_is_person": True}}
    with pytest.raises(PrivacyError, match="named"):
        design(people, frame=rows)


@pytest.mark.slow
def test_a_run_on_data_with_that_effect_finds_it_about_as_often_as_promised() -> None:
    """100 histories of 40 units; the effect promised from the first 30 periods is put into the last 6."""
    found = []
    for s in range(100):
        rows = frame(100 + s, 40, 36)
        promised = only(study("did", 20), rows[rows.week < 30], 6).mde
        assert promised is not None
        rows["y"] += promised * ((rows.week >= 30) & (rows.unit < "u20"))
        estimate = run(study("did", 20, launch=30), frame=rows, only="did").headline.estimate
        assert estimate is not None and estimate.headline.interval is not None
        found.append(estimate.headline.interval.low > 0)
    assert abs(np.mean(found) - 0.8) < 3 * (0.8 * 0.2 / 100) ** 0.5


def test_geolift_markets_before_the_test_have_sensible_effects() -> None:
    """Chicago and Portland, 15 days, by the order of time as GeoLift tests: about 6 to 12% are found."""
    rows = pd.read_csv(shared("sc_geolift_pretest.csv")).assign(on=0)
    spec = study("synthetic_control", intercept=True, inference="conformal")
    spec |= {"roles": {"unit": "location", "time": "date", "treatment": "on"}, "metrics": [{"name": "Y"}]}
    d = only(spec, rows, 15, treat=("chicago", "portland"), fits=12)
    assert d.mde_relative is not None and 0.05 < d.mde_relative < 0.13 and d.baseline == pytest.approx(2900, rel=0.1)
