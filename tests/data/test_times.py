"""Times as authors write them become numbers that order them, and come back as they were written."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal_eval.data.axis import TimeAxis, make_axis
from causal_eval.data.contract import Panel
from causal_eval.data.times import first_day, never, ordinal_of_date, read_times, shape_of
from causal_eval.errors import DataError


def axis(values: list[Any], **how: Any) -> TimeAxis:
    reading, found = read_times(values, column="when", **how)
    return make_axis(tuple(sorted(set(found.values()))), reading, column="when")


@pytest.mark.parametrize(
    ("values", "labels", "noun", "step"),
    [
        (["Q42010", "Q12011", "Q32011"], ("Q42010", "Q12011", "Q32011"), "quarter", 1),
        (["2011Q4", "2012Q1"], ("2011Q4", "2012Q1"), "quarter", 1),
        (["2012-Q1", "2011-Q4"], ("2011-Q4", "2012-Q1"), "quarter", 1),
        (["2026-W53", "2027-W01"], ("2026-W53", "2027-W01"), "week", 1),
        (["2026-12", "2027-01"], ("2026-12", "2027-01"), "month", 1),
        (["2004", "2003"], ("2003", "2004"), "year", 1),
        (["2004.0", "2003.0"], ("2003", "2004"), "year", 1),
        ([2004.0, 2003.0], ("2003", "2004"), "year", 1),
        ([1982, 1984, 1988], ("1982", "1984", "1988"), "period", 2),
        ([10, 9, 100], ("9", "10", "100"), "period", 1),
        ([202612, 202701], ("202612", "202701"), "month", 1),
        ([20261231, 20270101], ("20261231", "20270101"), "day", 1),
        (["2026-07-06", "2026-07-13"], ("2026-07-06", "2026-07-13"), "week", 7),
        (["2026-07-06", "2026-07-07"], ("2026-07-06", "2026-07-07"), "day", 1),
        (["2026/7/6", "2026/7/7"], ("2026/07/06", "2026/07/07"), "day", 1),
        (["2026-07-06T10:00:00", "2026-07-07 23:59:00"], ("2026-07-06", "2026-07-07"), "day", 1),
        (["2026-07-06T23:30:00-05:00", "2026-07-08"], ("2026-07-07", "2026-07-08"), "day", 1),
        ([date(2026, 1, 1), date(2026, 2, 1)], ("2026-01-01", "2026-02-01"), "month", 1),
        ([date(2026, 1, 1), date(2026, 4, 1)], ("2026-01-01", "2026-04-01"), "quarter", 1),
        ([date(2026, 1, 1), date(2027, 1, 1)], ("2026-01-01", "2027-01-01"), "year", 1),
        ([date(2026, 1, 31), date(2026, 2, 28)], ("2026-01-31", "2026-02-28"), "month", 1),
        ([date(2026, 3, 31), date(2026, 6, 30)], ("2026-03-31", "2026-06-30"), "quarter", 1),
    ],
)
def test_times_are_ordered_and_keep_their_authors_spelling(
    values: list[Any], labels: tuple[str, ...], noun: str, step: int
) -> None:
    found = axis(values)
    assert (found.labels, found.noun, found.step) == (labels, noun, step)


@pytest.mark.parametrize(
    ("values", "grain", "labels"),
    [
        (["2026-07-06", "2026-07-12", "2026-07-13"], "week", ("2026-07-06", "2026-07-13")),
        (["2026-07-06", "2026-08-01"], "month", ("2026-07", "2026-08")),
        (["2026-07", "2026-09", "2026-10"], "quarter", ("2026-Q3", "2026-Q4")),
        (["2026-W53", "2027-W01"], "year", ("2026", "2027")),
        ([2003, 2004], "year", ("2003", "2004")),
    ],
)
def test_a_coarser_grain_groups_times(values: list[Any], grain: str, labels: tuple[str, ...]) -> None:
    assert axis(values, grain=grain).labels == labels


def test_a_time_format_reads_and_writes_text_times() -> None:
    found = axis(["31.07.2026", "01.08.2026"], time_format="%d.%m.%Y")
    assert found.labels == ("31.07.2026", "01.08.2026")
    assert found.ordinal_of("01.08.2026") == found.ordinal_of(date(2026, 8, 1)) == found.ordinals[1]


@pytest.mark.parametrize(
    ("values", "how", "said"),
    [
        (["spring", "summer"], {}, "cannot be ordered in time"),
        (["07/06/2026"], {}, "look like `00/00/0000`"),
        (["2026-13"], {}, "cannot be ordered"),
        (["2026-W54"], {}, "cannot be ordered"),
        (["2026-02-30"], {}, "cannot be ordered"),
        ([2004.5], {}, "cannot be ordered"),
        ([float("inf")], {}, "cannot be ordered"),
        (["2026", "2026-07"], {}, "mixes int and month"),
        (["2026-Q1"], {"grain": "day"}, "would have to split"),
        ([1, 2], {"grain": "week"}, "whole numbers"),
        (["2026-07-06"], {"time_format": "%d.%m.%Y"}, "do not follow roles.time_format"),
    ],
)
def test_a_time_that_cannot_be_ordered_is_refused_and_never_quoted(
    values: list[Any], how: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError) as e:
        read_times(values, column="when", **how)
    assert e.value.code == "E319"
    assert said in e.value.message and "`when`" in e.value.message
    assert "spring" not in str(e.value)


def test_a_masked_value_keeps_its_shape_only() -> None:
    assert shape_of("Ann-Marie 12/7") == "aaa-aaaaa 00/0"
    assert shape_of("x" * 40).endswith("...") and len(shape_of("x" * 40)) < 30


@pytest.mark.parametrize(
    "value", [None, 0, 0.0, "", " 0 ", float("nan"), float("inf"), float("-inf"), "Never", "NA", "inf"]
)
def test_never_is_said_in_many_ways(value: Any) -> None:
    assert never(value)


@pytest.mark.parametrize("value", [2004, 2004.0, "2004", "Q12011", date(2026, 7, 6)])
def test_a_period_is_not_never(value: Any) -> None:
    assert not never(value)


@given(st.dates(date(1, 1, 8), date(9998, 12, 31)), st.sampled_from(["day", "week", "month", "quarter", "year"]))
def test_a_period_begins_no_later_than_the_day_it_holds(day: date, calendar: Any) -> None:
    ordinal = ordinal_of_date(calendar, day)
    assert first_day(calendar, ordinal) <= day < first_day(calendar, ordinal + 1)


@given(st.lists(st.dates(date(1900, 1, 1), date(2100, 1, 1)), min_size=1, max_size=12, unique=True))
def test_the_order_of_dates_is_the_order_of_their_ordinals(days: list[date]) -> None:
    _, found = read_times(days, column="when")
    assert [d for d, _ in sorted(found.items(), key=lambda p: p[1])] == sorted(days)
    _, shuffled = read_times(days[::-1], column="when")
    assert found == shuffled


WEEKS = axis(["2026-07-06", "2026-07-13", "2026-07-27"])
YEARS = axis([2000, 2001, 2004])


@pytest.mark.parametrize(
    ("where", "moment", "how", "label"),
    [
        (WEEKS, date(2026, 7, 13), {}, "2026-07-13"),
        (WEEKS, "2026-07-14", {}, "2026-07-27"),
        (WEEKS, date(2026, 7, 14), {"side": "end"}, "2026-07-13"),
        (WEEKS, date(2030, 1, 1), {"clip": True, "side": "end"}, "2026-07-27"),
        (WEEKS, date(1999, 1, 1), {"clip": True}, "2026-07-06"),
        (YEARS, 2001, {}, "2001"),
        (YEARS, "2001", {}, "2001"),
        (YEARS, date(2001, 9, 1), {}, "2001"),
        (axis(["2026Q1", "2026Q2"]), "2026-Q2", {}, "2026Q2"),
        (axis(["2026Q1", "2026Q2"]), date(2026, 5, 2), {}, "2026Q2"),
        (axis(["2026-07", "2026-08"]), "2026-08-17", {}, "2026-08"),
    ],
)
def test_a_moment_falls_into_the_period_that_holds_it(
    where: TimeAxis, moment: Any, how: dict[str, Any], label: str
) -> None:
    assert where.label(where.ordinal_of(moment, **how)) == label


@pytest.mark.parametrize(
    ("where", "moment", "code"), [(YEARS, 1999, "E321"), (YEARS, 2005, "E321"), (WEEKS, "soon", "E319")]
)
def test_a_moment_outside_the_data_is_refused(where: TimeAxis, moment: Any, code: str) -> None:
    with pytest.raises(DataError) as e:
        where.ordinal_of(moment)
    assert e.value.code == code and "launch" in e.value.message


def test_event_time_counts_periods_from_adoption() -> None:
    start = WEEKS.ordinals[1]
    assert [WEEKS.event(o, start) for o in WEEKS.ordinals] == [-1, 0, 2]
    assert [WEEKS.index(o) for o in WEEKS.ordinals] == [0, 1, 2]
    with pytest.raises(DataError, match="not a period of the data"):
        WEEKS.index(start + 7)
    assert WEEKS.label(start + 7) == "2026-07-20"
    assert WEEKS.before(start).labels == ("2026-07-06",)


@pytest.mark.parametrize(
    ("times", "code"),
    [
        ([2000, 2001, 2002, 2003], -1),
        ([2000, 2001, 2002, 2003], -99),
        ([2000, 2001, 2002, 2003], 99),
        ([2000, 2001, 2002, 2003], 1900),
        ([1, 2, 3, 4], -1),
        (["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"], "1899-12-31"),
        (["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"], "1970-01-01"),
    ],
)
def test_a_code_for_never_is_not_taken_for_an_adoption_before_the_data(times, code):
    """Units that never adopt would be left out as treated all along, and the others compared without them."""
    adopts = [code, code, times[2], times[3]]
    frame = pd.DataFrame(
        {
            "u": np.repeat(list("abcd"), 4),
            "t": times * 4,
            "y": np.arange(16.0),
            "g": np.repeat(np.array(adopts, dtype=object), 4),
        }
    )
    if not isinstance(code, str):
        frame["g"] = frame["g"].astype(int)
    with pytest.raises(DataError) as e:
        Panel.from_frame(frame, unit="u", time="t", outcome="y", first_treated="g")
    assert e.value.code == "E319" and "never" in e.value.hint and str(code) in e.value.message


def test_units_that_adopted_long_before_the_data_are_what_they_say():
    """A law of 1965 in data that begins in 2000, an adoption five periods before the first: treated all along."""
    for early, times in ((1965, [2000, 2001, 2002, 2003]), (-3, [-2, -1, 0, 1])):
        adopts = [early, np.nan, times[3], times[3]]
        frame = pd.DataFrame(
            {"u": np.repeat(list("abcd"), 4), "t": times * 4, "y": np.arange(16.0), "g": np.repeat(adopts, 4)}
        )
        panel = Panel.from_frame(frame, unit="u", time="t", outcome="y", first_treated="g")
        assert panel.starts() == (early, times[3])
