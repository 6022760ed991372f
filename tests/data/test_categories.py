"""Covariates that are text: 0/1 columns stand for them, and what only looks like a category is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.errors import DataError

RNG = np.random.default_rng(0)
N = 240


def frame() -> pd.DataFrame:
    channel = np.array(["Web", "Phone", "App"])[np.arange(N) % 3]
    d = (RNG.random(N) < 0.5) * 1
    return pd.DataFrame({"channel": channel, "x": RNG.normal(size=N), "d": d, "y": d + (channel == "Web") * 3.0})


def section(rows: pd.DataFrame, covariates=("channel", "x")) -> ce.CrossSection:
    return ce.CrossSection.from_frame(rows, treatment="d", outcome="y", covariates=list(covariates))


def test_a_category_becomes_a_column_for_each_but_the_first():
    """In alphabetical order, whatever the order of the rows, and it is said."""
    data = section(frame())
    assert data.covariates == ("channel = Phone", "channel = Web", "x")
    assert "`channel` holds 3 categories" in data.notes[0] and "beside `App`" in data.notes[0]
    rows = frame()
    one, two = section(rows), section(rows.iloc[::-1])
    assert np.array_equal(np.sort(one.arrays().X, axis=0), np.sort(two.arrays().X, axis=0))
    assert one.arrays().X[:, 1].sum() == (rows.channel == "Web").sum()


def test_the_estimate_is_that_of_columns_coded_by_hand():
    """Regression, and matching within exact categories by the column's own name."""
    rows = frame()
    hand = rows.assign(a=(rows.channel == "Phone") * 1.0, b=(rows.channel == "Web") * 1.0)
    by_hand = section(hand, ("a", "b", "x"))
    for model in (ce.OutcomeRegression(), ce.Weighting()):
        one, two = model.estimate(section(rows)), model.estimate(by_hand)
        assert one.headline.value == pytest.approx(two.headline.value, abs=1e-10)
        assert one.headline.std_error == pytest.approx(two.headline.std_error, abs=1e-10)
    one = ce.PropensityMatching(exact=["channel"]).estimate(section(rows)).headline.value
    two = ce.PropensityMatching(exact=["a", "b"]).estimate(by_hand).headline.value
    assert one == pytest.approx(two, abs=1e-10)


def test_missing_categories_are_dropped_and_counted_once():
    """Empty texts and the words for missing."""
    rows = frame()
    rows.loc[:4, "channel"] = ["", None, "NA", "n/a", " "]
    data = section(rows)
    assert [(d.count, d.reason) for d in data.dropped] == [(5, "covariate `channel` is missing")]
    assert len(data.covariates) == 3


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["1"] * (N - 1) + ["o.7"], "not numeric in 1 rows"),
        (["same"] * N, "the same text in every row"),
        ([f"k{i}" for i in range(N)], "text with 240 different values"),
    ],
)
def test_what_only_looks_like_a_category_is_refused(values, said):
    """A typing error among numbers, a constant, an identifier: none of its values is in the message."""
    with pytest.raises(DataError, match=said) as caught:
        section(frame().assign(channel=values))
    assert caught.value.code == "E325" and "k17" not in str(caught.value) and "o.7" not in str(caught.value)


def test_text_that_is_all_numbers_stays_a_number():
    """Files often hold numbers as text."""
    assert section(frame().assign(channel=[str(i % 7) for i in range(N)])).covariates == ("channel", "x")


def test_in_a_panel():
    """A category that does not change is absorbed by the units; adjusted staggered estimates use it."""
    unit, week = np.repeat(np.arange(60), 6), np.tile(np.arange(6), 60)
    site = np.array(["a", "b"])[unit % 2]
    start = np.where(unit % 3 == 0, 3, 0)
    y = unit * 0.1 + (start > 0) * (week >= 3) + (site == "b") * week + RNG.normal(size=360) * 0.1
    rows = pd.DataFrame({"u": unit, "w": week, "g": start, "site": site, "y": y})
    data = ce.Panel.from_frame(rows, unit="u", time="w", first_treated="g", outcome="y", covariates=["site"])
    assert data.covariates == ("site = b",)
    found = ce.StaggeredDiD(adjustment="outcome_regression").estimate(data).headline
    assert found.value == pytest.approx(1.0, abs=0.1)
