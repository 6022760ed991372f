"""Roles shape rows: who is treated and since when, what is dropped and counted, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from panels import bytes_of, opened, panel, small

from causal_eval.data import CrossSection, Panel, check_expectations
from causal_eval.errors import CausalEvalError, DataError, UsageError
from causal_eval.spec.models import Expect

INF = float("inf")
STARTS = [2002.0, 2002.0, 2003.0, INF, INF, INF, INF]
Frame = pd.DataFrame


def by_row(frame: Frame) -> Frame:
    return frame.assign(on=((frame.begun > 0) & (frame.year >= frame.begun)).astype(int))


# Who was treated, and when -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "never", [0, np.nan, np.inf, 9999, None], ids=["zero", "nan", "infinity", "far in the future", "none"]
)
def test_every_way_to_write_never_gives_one_panel(never: Any) -> None:
    frame = small()
    frame["begun"] = pd.Series([never if b == 0 else float(b) for b in frame.begun], dtype="float64")
    assert panel(frame).wide().start.tolist() == STARTS


@pytest.mark.parametrize("never", ["", "never", "NA", "0", "inf"])
def test_never_may_be_written_in_words(never: str) -> None:
    frame = small()
    assert panel(frame.assign(begun=[str(b) if b else never for b in frame.begun])).wide().start.tolist() == STARTS


def test_the_first_one_of_a_treatment_column_dates_the_adoption() -> None:
    frame = by_row(small())
    for on in (frame.on, frame.on.astype(bool), frame.on.astype(float), frame.on.map({0: "no", 1: "Yes"})):
        found = panel(frame.assign(on=on), first_treated=None, treatment="on")
        assert found.wide().start.tolist() == STARTS


def test_adoption_is_dated_by_rows_whose_outcome_is_missing_too() -> None:
    frame = by_row(small())
    frame.loc[(frame.queue == 1) & (frame.year == 2002), "y"] = np.nan
    wide = panel(frame, first_treated=None, treatment="on").wide()
    assert wide.start[0] == 2002 and np.isnan(wide.outcome[0, 2]) and not wide.balanced


@pytest.mark.parametrize("named", [[1, 2], ["1", "2"], [np.int64(1), "2"]])
def test_treated_units_are_matched_by_their_text(named: list[Any]) -> None:
    found = panel(small(), first_treated=None, treated_units=named, launch=2002)
    assert found.wide().start.tolist() == [2002, 2002, INF, INF, INF, INF, INF]
    assert found.launch == 2002


def test_units_named_by_text_are_sorted_as_text() -> None:
    frame = small().assign(queue=lambda f: f.queue.map({1: "CA", 2: "b", 3: "AL", 4: "é", 5: "Z", 6: "a b", 7: "10"}))
    assert panel(frame).wide().units == sorted(["CA", "b", "AL", "é", "Z", "a b", "10"])


def test_a_group_column_and_a_launch_treat_a_repeated_cross_section() -> None:
    frame = small().assign(new=lambda f: (f.queue <= 3).astype(int))
    found = panel(frame, unit=None, first_treated=None, group="new", launch=2002)
    assert not found.has_units and found.group_sizes() == (15, 20)
    cells = found.cells()
    assert (cells.cluster == -1).all() and cells.n.sum() == 35 and len(cells.n) == 10
    with pytest.raises(DataError) as e:
        found.wide()
    assert e.value.code == "E401"


def test_units_treated_from_the_first_period_on_are_kept() -> None:
    frame = small()
    found = panel(frame.assign(begun=frame.begun.where(frame.queue != 4, 1990)))
    assert found.wide().start[3] == 1990
    assert found.notes == ("1 units are treated from their first period on",)


def test_adoption_beyond_the_data_is_never_and_noted() -> None:
    frame = small()
    found = panel(frame.assign(begun=frame.begun.where(frame.queue != 4, 2030)))
    assert found.wide().start.tolist() == STARTS
    assert found.notes == ("1 units adopt after the data ends: they count as never treated",)


def test_adoption_between_two_periods_counts_from_the_later_one() -> None:
    frame = small()
    frame = frame.assign(year=2000 + 2 * (frame.year - 2000), begun=frame.begun.where(frame.begun == 0, 2003))
    found = panel(frame)
    assert found.wide().start[0] == 2004 and found.axis.step == 2
    assert found.notes == ("3 units adopt between two periods of the data: they count as treated from the later one",)


def test_a_later_treated_unit_is_a_control() -> None:
    frame = small()
    assert panel(frame[frame.queue <= 3]).cohorts() == ((2002, 2), (2003, 1))


def test_periods_and_categories_stand_for_their_values() -> None:
    frame = small()
    quarters = pd.PeriodIndex([pd.Period(year=2011, quarter=1, freq="Q") + int(y - 2000) for y in frame.year])
    found = panel(frame.assign(year=quarters, queue=frame.queue.astype("category")), first_treated=None,
                  treated_units=[1], launch="2011Q3")  # fmt: skip
    assert found.axis.labels == ("2011Q1", "2011Q2", "2011Q3", "2011Q4", "2012Q1") and found.wide().units[0] == 1


def test_dates_and_adoption_dates_meet_in_one_calendar() -> None:
    frame = small()
    weeks = pd.Timestamp("2026-07-06") + pd.to_timedelta((frame.year - 2000) * 7, unit="D")
    begun = pd.Series([pd.Timestamp("2026-07-20") if b else pd.NaT for b in frame.begun])
    found = panel(frame.assign(year=weeks, begun=begun))
    assert found.axis.noun == "week" and found.axis.label(found.wide().start[0]) == "2026-07-20"


# A coarser grain -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["mean", "count", "ratio"])
@pytest.mark.parametrize("weights", [None, "w"])
def test_a_grain_aggregates_rows_as_the_metric_does(kind: str, weights: str | None) -> None:
    rng = np.random.default_rng(1)
    days = pd.date_range("2026-01-01", "2026-04-30")
    frame = pd.DataFrame([(q, d, s) for q in "abcd" for d in days for s in range(2)], columns=["q", "d", "s"])
    frame = frame.assign(
        y=rng.normal(size=len(frame)), n=rng.integers(1, 5, len(frame)), w=rng.integers(1, 4, len(frame))
    )
    outcome = {"numerator": "y", "denominator": "n"} if kind == "ratio" else {"outcome": "y", "kind": kind}
    roles: dict[str, Any] = {
        "unit": "q",
        "time": "d",
        "treated_units": ["a"],
        "launch": "2026-03",
        "time_grain": "month",
        **outcome,
    }
    found = Panel.from_frame(frame.sample(frac=1, random_state=1), **roles, **({"weights": weights} if weights else {}))
    assert found.axis.labels == ("2026-01", "2026-02", "2026-03", "2026-04")
    w = frame.w if weights else 1
    top, bottom = {
        "mean": (w * frame.y, w + 0 * frame.n),
        "count": (frame.y, None),
        "ratio": (w * frame.y, w * frame.n),
    }[kind]
    keys = [frame.q, frame.d.dt.month]
    want = top.groupby(keys).sum() if bottom is None else top.groupby(keys).sum() / bottom.groupby(keys).sum()
    np.testing.assert_allclose(found.wide().outcome, want.unstack().to_numpy(), rtol=1e-10)


def test_a_grain_allows_several_rows_of_a_unit_in_a_period() -> None:
    frame = pd.concat([small(), small()])
    dated = frame.assign(year=pd.to_datetime(frame.year.astype(str)), begun=frame.begun.replace(0, np.nan))
    roles = {"first_treated": None, "treated_units": [1], "launch": 2002}
    assert panel(dated, **roles, time_grain="year").n_rows == 35
    with pytest.raises(DataError, match="70 rows share") as e:
        panel(dated, **roles)
    assert "roles.time_grain" in e.value.hint


# What is dropped -----------------------------------------------------------------------------------------------------


def test_everything_dropped_is_counted_with_its_reason() -> None:
    frame = (
        small().astype({"queue": "float64", "year": "float64", "opened": "float64", "site": "float64"}).assign(x=1.0)
    )
    for column, row in (("queue", 34), ("year", 33), ("y", 32), ("opened", 31), ("site", 30), ("x", 29)):
        frame.loc[row, column] = np.nan
    frame.loc[frame.queue == 4, "y"] = np.nan
    found = panel(frame, weights="opened", cluster="site", covariates=["x"])
    assert [(d.what, d.count, d.reason) for d in found.dropped] == [
        ("rows", 1, "unit `queue` is missing"),
        ("rows", 1, "time `year` is missing"),
        ("rows", 6, "outcome `y` is missing"),
        ("rows", 1, "weight `opened` is missing"),
        ("rows", 1, "cluster `site` is missing"),
        ("rows", 1, "covariate `x` is missing"),
        ("units", 2, "no complete row"),
    ]
    assert found.n_rows + sum(d.count for d in found.dropped if d.what == "rows") == found.rows_read == 35


def test_rows_after_the_data_cut_are_dropped_and_counted() -> None:
    frame = small()
    frame = frame.assign(year=pd.to_datetime(frame.year.astype(str)))
    found = panel(frame, first_treated=None, treated_units=[1], launch=2002, as_of=date(2003, 6, 1))
    assert found.axis.labels[-1] == "2003-01-01"
    assert [(d.count, d.reason) for d in found.dropped] == [(7, "time `year` is after data.as_of")]


def test_zero_weights_are_kept_and_a_bool_covariate_is_zero_or_one() -> None:
    found = panel(
        small().assign(w=lambda f: f.queue - 1.0, late=lambda f: f.year > 2002), weights="w", covariates=["late"]
    )
    weight = found.wide().weight
    assert weight is not None and weight[0].tolist() == [0.0] * 5
    assert found.matrix("x_0")[0].tolist() == [0, 0, 0, 1, 1]


# What is refused -----------------------------------------------------------------------------------------------------

Change = Callable[[Frame], Frame]
ROWS: dict[str, Any] = {"first_treated": None, "treatment": "on"}
NAMED: dict[str, Any] = {"first_treated": None, "treated_units": ["1"]}
REFUSED: list[tuple[str, str, Change, dict[str, Any]]] = [
    ("E302", "no rows", lambda f: f[:0], {}),
    ("E302", "no rows are left", lambda f: f.assign(queue=None), {}),
    ("E302", "`year` is missing in every row", lambda f: f.assign(year=None), {}),
    ("E310", "`Y` not in the data", lambda f: f, {"outcome": "Y"}),
    ("E310", "columns `quue`, `region`", lambda f: f, {"unit": "quue", "cluster": "region"}),
    ("E311", "6 rows share their unit `queue` and time `year`", lambda f: pd.concat([f, f[:3]]), {}),
    ("E312", "`on` is not 0/1 in 35 rows", lambda f: f.assign(on=2), ROWS),
    ("E312", "`on` is not 0/1 in 35 rows", lambda f: f.assign(on="maybe"), ROWS),
    ("E312", "`on` is not 0/1", lambda f: f.assign(on=pd.Timestamp("2026-01-01")), ROWS),
    ("E313", "`on` switches off in 2 units", lambda f: f.assign(on=((f.queue < 3) & (f.year == 2002)) * 1), ROWS),
    ("E314", "no control units", lambda f: f.assign(begun=2002), {}),
    ("E314", "no control units", lambda f: f.assign(begun=np.where(f.queue < 4, 1990, 2002)), {}),
    ("E315", "no pre-period", lambda f: f.assign(begun=np.where(f.queue < 4, 2000, 0)), {}),
    ("E316", "`y` is not numeric in 35 rows", lambda f: f.assign(y="high"), {}),
    ("E316", "`y` is not numeric: it holds dates", lambda f: f.assign(y=pd.Timestamp("2026-01-01")), {}),
    ("E317", "`y` is missing in every row", lambda f: f.assign(y=np.nan), {}),
    ("E317", "`y` is missing in every row", lambda f: f.assign(y=None), {}),
    ("E318", "`y` is infinite in 1 rows", lambda f: f.assign(y=f.y.where(f.index != 3, np.inf)), {}),
    ("E319", "`year` cannot be ordered", lambda f: f.assign(year="spring"), {}),
    ("E319", "`begun` has a value that is no time", lambda f: f.assign(begun="Alice"), {}),
    ("E321", "launch 2050 lies outside", lambda f: f, {**NAMED, "launch": 2050}),
    ("E322", "no unit is treated", lambda f: f.assign(begun=0), {}),
    ("E322", "names `CA`, not in column `queue`", lambda f: f, {**NAMED, "treated_units": ["CA"], "launch": 2002}),
    ("E323", "first_treated column `begun` varies within 7 units", lambda f: f.assign(begun=f.year), {}),
    ("E323", "`begun` varies within 1 units", lambda f: f.assign(begun=f.begun.where(f.index != 1, 0)), {}),
    ("E323", "group column `on` varies within 7", lambda f: f.assign(on=(f.year > 2001) * 1),
     {"first_treated": None, "group": "on", "launch": 2002}),
    ("E324", "no post-period", lambda f: f.assign(y=f.y.where((f.queue > 3) | (f.year < 2002))), {}),
    ("E325", "covariate column `x` holds the same text", lambda f: f.assign(x="red"), {"covariates": ["x"]}),
    ("E325", "covariate column `x` is missing in every row", lambda f: f.assign(x=np.nan), {"covariates": ["x"]}),
    ("E326", "weight column `w` is negative in 35 rows", lambda f: f.assign(w=-1), {"weights": "w"}),
    ("E326", "weight column `w` is 0 in every row", lambda f: f.assign(w=0), {"weights": "w"}),
    ("E326", "needs roles.weights", lambda f: f.assign(y=0.5), {"kind": "prevalence"}),
    ("E327", "takes a logarithm, and 1 rows", lambda f: f.assign(y=f.y.where(f.index != 3, 0)), {"log": True}),
    ("E211", "`quantile` is not available", lambda f: f, {"kind": "quantile"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "said", "change", "roles"), REFUSED, ids=[f"{c}-{i}" for i, (c, *_) in enumerate(REFUSED)]
)
def test_data_that_breaks_the_contract_is_refused_by_code_and_column(
    code: str, said: str, change: Change, roles: dict[str, Any]
) -> None:
    with pytest.raises(CausalEvalError) as e:
        panel(change(by_row(small()).drop(columns="on").assign(on=0)), **roles)
    assert e.value.code == code
    assert said in e.value.message
    assert e.value.hint
    assert "Alice" not in str(e.value) and "spring" not in str(e.value)


def test_the_nearest_column_is_suggested() -> None:
    with pytest.raises(DataError) as e:
        panel(small(), outcome="openned")
    assert "Did you mean `opened`?" in e.value.hint


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ({"wieghts": "opened"}, "unknown keyword `wieghts`"),
        ({"treatment": "site"}, "in one way"),
        ({"time": None}, "needs `time`"),
        ({"outcome": None}, "`outcome` is missing"),
        ({"unit": None, "first_treated": None, "treated_units": ["A"]}, "needs `unit`"),
    ],
)
def test_keywords_that_contradict_each_other_are_a_usage_error(roles: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as e:
        panel(small(), **roles)
    assert e.value.code == "E206" and said in e.value.message


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ({"min_rows": 36}, "35 rows, fewer than the 36"),
        ({"max_missing": {"x": 0.1}}, "`x` is missing in 20.0% of the rows"),
        ({"unique": ("queue",)}, "35 rows share their combination of `queue`"),
    ],
)
def test_a_broken_expectation_is_refused(tmp_path: Path, expect: dict[str, Any], said: str) -> None:
    source = opened(tmp_path, frame=small().assign(x=lambda f: f.y.where(f.year > 2000)))
    with pytest.raises(DataError) as e:
        check_expectations(source, Expect(**expect))
    assert e.value.code == "E320" and said in e.value.message
    check_expectations(source, Expect(unique=("queue", "year"), max_missing={"x": 0.2}, min_rows=35))


# Cross-sections ------------------------------------------------------------------------------------------------------


def people(n: int = 40) -> Frame:
    rng = np.random.default_rng(3)
    return pd.DataFrame({"id": np.arange(n), "opened": rng.integers(0, 2, n), "y": rng.normal(size=n),
                         "age": rng.integers(18, 80, n), "site": rng.integers(0, 4, n),
                         "w": rng.random(n)})  # fmt: skip


def test_a_cross_section_hands_out_its_rows_in_one_order() -> None:
    frame = people()
    roles: dict[str, Any] = {
        "treatment": "opened",
        "outcome": "y",
        "covariates": ["age"],
        "unit": "id",
        "cluster": "site",
        "weights": "w",
    }
    found = CrossSection.from_frame(frame.sample(frac=1, random_state=5)[sorted(frame.columns)], **roles).arrays()
    for got, want in (
        (found.treated, frame.opened),
        (found.outcome, frame.y),
        (found.X[:, 0], frame.age),
        (found.cluster, frame.site),
    ):
        np.testing.assert_array_equal(got, want)
    assert found.weight is not None and found.weight.tolist() == frame.w.tolist()


def test_a_cross_section_without_units_does_not_depend_on_the_order_of_its_rows() -> None:
    frame = people()
    roles: dict[str, Any] = {"treatment": "opened", "outcome": "y", "covariates": ["age", "w"]}
    a = CrossSection.from_frame(frame, **roles)
    b = CrossSection.from_frame(frame.sample(frac=1, random_state=6), **roles)
    pd.testing.assert_frame_equal(a.frame(), b.frame())
    assert a.arrays().X.tobytes() == b.arrays().X.tobytes() and a.arrays().weight is None


@pytest.mark.parametrize(("value", "code"), [(1, "E314"), (0, "E322"), (3, "E312")])
def test_a_cross_section_needs_treated_and_controls(value: int, code: str) -> None:
    with pytest.raises(DataError) as e:
        CrossSection.from_frame(people().assign(opened=value), treatment="opened", outcome="y")
    assert e.value.code == code and "`opened`" in e.value.message


def test_shuffled_rows_and_columns_give_the_same_bytes_with_a_grain_too() -> None:
    frame = small()
    frame = frame.assign(year=pd.to_datetime(frame.year.astype(str) + "-03-01"))
    frame = pd.concat([frame, frame.assign(y=frame.y * 1.1, year=frame.year + pd.Timedelta(days=9))], ignore_index=True)
    roles: dict[str, Any] = {"first_treated": None, "treated_units": [1, 2], "launch": 2002, "time_grain": "year"}
    want = bytes_of(panel(frame, **roles))
    for seed in range(3):
        assert bytes_of(panel(frame.sample(frac=1, random_state=seed)[sorted(frame.columns)], **roles)) == want
