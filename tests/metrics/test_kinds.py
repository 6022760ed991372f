"""Each metric kind turns rows into an outcome by its definition, and refuses rows its definition has no place for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from causal_eval.data import CrossSection
from causal_eval.errors import DataError, PluginError
from causal_eval.metrics import KINDS, get


def rows(**columns: Any) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    return pd.DataFrame({"id": range(n), "on": [i % 2 for i in range(n)], **columns})


def section(frame: pd.DataFrame, **metric: Any) -> CrossSection:
    return CrossSection.from_frame(frame, unit="id", treatment="on", **metric)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_found_under_its_name(name: str) -> None:
    assert get(name).name == name


@pytest.mark.parametrize(("name", "said"), [("quantile", "proportion"), ("maen", "did you mean `mean`")])
def test_a_kind_that_is_not_there_says_what_to_use(name: str, said: str) -> None:
    with pytest.raises(PluginError) as e:
        get(name)
    assert e.value.code == "E211" and said in e.value.hint


@pytest.mark.parametrize(
    ("name", "additive", "pooled"),
    [
        ("mean", False, False),
        ("proportion", False, False),
        ("count", True, False),
        ("ratio", True, True),
        ("duration", False, False),
        ("prevalence", False, False),
    ],
)
def test_only_counts_and_ratios_add_up(name: str, additive: bool, pooled: bool) -> None:
    assert (get(name).additive, get(name).pooled) == (additive, pooled)


def test_numbers_written_as_text_are_numbers_and_na_is_missing() -> None:
    found = section(rows(y=["1.5", " 2 ", "NA", "4e1", ""]), outcome="y")
    assert found.arrays().outcome.tolist() == [1.5, 2.0, 40.0]
    assert [(d.count, d.reason) for d in found.dropped] == [(2, "outcome `y` is missing")]


def test_an_answer_of_yes_or_no_is_a_proportion() -> None:
    assert section(rows(y=[True, False, True, True]), outcome="y", kind="proportion").arrays().outcome.tolist() == [
        1,
        0,
        1,
        1,
    ]


@pytest.mark.parametrize("y", [[0, 1, 50, 0], [0.0, 0.5, -0.1, 1.0]])
def test_a_proportion_outside_zero_and_one_is_refused(y: list[float]) -> None:
    with pytest.raises(DataError, match="`y` lies outside \\[0, 1\\] in 1 rows") as e:
        section(rows(y=y), outcome="y", kind="proportion")
    assert e.value.code == "E328"


def test_a_ratio_divides_and_leaves_out_rows_that_counted_nothing() -> None:
    found = section(rows(a=[1, 2, 0, 4], b=[2, 4, 0, 16]), numerator="a", denominator="b")
    arrays = found.arrays()
    assert arrays.outcome.tolist() == [0.5, 0.5, 0.25]
    assert arrays.weight is not None and arrays.weight.tolist() == [2, 4, 16]
    assert [(d.count, d.reason) for d in found.dropped] == [(1, "denominator `b` is 0")]


@pytest.mark.parametrize(
    ("b", "said"),
    [([2, -1, 3, 4], "is negative in 1 rows"), ([2, 0, 3, 4], "is 0 in 1 rows where numerator `a` is not")],
)
def test_a_denominator_that_cannot_be_is_refused(b: list[int], said: str) -> None:
    with pytest.raises(DataError) as e:
        section(rows(a=[1, 2, 3, 4], b=b), numerator="a", denominator="b")
    assert e.value.code == "E329" and said in e.value.message


def test_a_prevalence_is_a_weighted_proportion() -> None:
    found = section(rows(y=[0, 1, 1, 0], w=[1.0, 2.0, 3.0, 4.0]), outcome="y", kind="prevalence", weights="w").arrays()
    assert found.weight is not None and float(found.weight @ found.outcome / found.weight.sum()) == 0.5


DURATION: dict[str, Any] = {"kind": "duration", "start": "opened", "end": "closed", "horizon": 7}


@pytest.mark.parametrize("as_text", [True, False])
def test_a_duration_stops_at_its_horizon_and_leaves_out_rows_too_young_to_reach_it(as_text: bool) -> None:
    frame = rows(
        opened=[datetime(2026, 7, 1), datetime(2026, 7, 1), datetime(2026, 7, 1), datetime(2026, 7, 25), None],
        closed=[datetime(2026, 7, 2, 12), datetime(2026, 7, 30), None, datetime(2026, 7, 26), datetime(2026, 7, 2)],
    )
    if as_text:
        for c in ("opened", "closed"):
            frame[c] = [None if pd.isna(v) else v.isoformat(sep=" ") for v in frame[c]]
    found = section(frame, **DURATION, as_of=date(2026, 7, 31))
    assert found.arrays().outcome.tolist() == [1.5, 7.0, 7.0]
    assert [(d.count, d.reason) for d in found.dropped] == [
        (1, "start `opened` is missing"),
        (1, "started less than 7 days before data.as_of"),
    ]


def test_a_row_exactly_as_old_as_the_horizon_counts() -> None:
    days = [datetime(2026, 7, 24), datetime(2026, 7, 24)]
    assert section(
        rows(opened=days, closed=[None, days[0]]), **DURATION, as_of=date(2026, 7, 31)
    ).arrays().outcome.tolist() == [7, 0]


@pytest.mark.parametrize(
    ("opened", "closed", "as_of", "code", "said"),
    [
        (datetime(2026, 7, 2), datetime(2026, 7, 1), date(2026, 8, 1), "E316", "ends before it starts"),
        (datetime(2026, 7, 1), datetime(2026, 7, 2), None, "E201", "needs data.as_of"),
        (5, datetime(2026, 7, 2), date(2026, 8, 1), "E316", "`opened` holds no dates"),
        ("soon", datetime(2026, 7, 2), date(2026, 8, 1), "E316", "`opened` holds no date or time in 2 rows"),
    ],
)
def test_a_duration_that_cannot_be_is_refused(
    opened: Any, closed: Any, as_of: date | None, code: str, said: str
) -> None:
    with pytest.raises(DataError) as e:
        section(rows(opened=[opened] * 2, closed=[closed] * 2), **DURATION, as_of=as_of)
    assert e.value.code == code and said in e.value.message


def test_a_logarithm_is_taken_of_the_outcome() -> None:
    found = section(
        rows(a=[1.0, 2.0, 3.0, 4.0], b=[2.0, 2.0, 2.0, 2.0]), numerator="a", denominator="b", log=True
    ).arrays()
    np.testing.assert_allclose(found.outcome, np.log([0.5, 1.0, 1.5, 2.0]))
