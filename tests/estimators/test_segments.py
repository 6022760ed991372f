"""Effects by declared segment of a panel: the same as by hand, for all at once, and never of too few people."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.oneway import anova_oneway

import causal_eval as ce
from causal_eval.data.segments import below
from causal_eval.inference.welch import welch


def frame(n=60, periods=8, seed=1, **effect):
    """n units, half treated from period 5, a third in each of three languages; ``effect`` by language."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(n), periods)
    time = np.tile(np.arange(1, periods + 1), n)
    treated = unit % 2 == 0
    language = np.array(["de", "en", "fr"])[unit // 2 % 3]
    on = treated & (time >= 5)
    lift = np.array([effect.get(x, 1.0) for x in language])
    y = rng.normal(size=n)[unit] + 0.2 * time + lift * on + rng.normal(size=len(unit)) * 0.5
    return pd.DataFrame({"u": unit, "t": time, "y": y, "on": on.astype(int), "language": language})


def panel(rows, **more):
    return ce.Panel.from_frame(rows, unit="u", time="t", outcome="y", treatment="on", **more)


def by_label(e):
    return {x.aggregation: x for x in e.effects if x.aggregation.startswith("segment:")}


@pytest.mark.parametrize("method", [ce.DifferenceInDifferences, ce.StaggeredDiD])
def test_a_segments_effect_is_that_of_its_rows_alone_with_an_interval_for_all(method):
    rows = frame()
    whole = method().estimate(panel(rows, segments=["language"]))
    assert whole.effects[: len(whole.effects) - 3] == method().estimate(panel(rows)).effects
    found = by_label(whole)
    assert list(found) == [f"segment:language={x}" for x in ("de", "en", "fr")]
    for name, e in found.items():
        alone = method(level=1 - 0.05 / 3).estimate(panel(rows[rows.language == name.partition("=")[2]])).headline
        assert (e.value, e.std_error) == pytest.approx((alone.value, alone.std_error), rel=1e-10)
        assert (e.interval.low, e.interval.high) == pytest.approx((alone.interval.low, alone.interval.high), rel=1e-10)
        assert e.p_value == pytest.approx(min(1, 3 * alone.p_value)) and e.interval.level == 0.95
        assert "all segments at once" in e.note and (e.n_units, e.n_treated) == (20, 10)


def test_the_test_of_differences_finds_a_difference_and_none_where_there_is_none():
    apart, alike = (
        ce.DifferenceInDifferences().estimate(panel(rows, segments=["language"])).details["segments"]["language"]
        for rows in (frame(fr=3.0), frame())
    )
    assert apart["test"]["p_value"] < 1e-4 and alike["test"]["p_value"] > 0.05


def test_welch_of_two_is_the_unequal_variance_t_test_and_of_three_as_statsmodels_has_it():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=9), rng.normal(0.4, 3, size=14)
    t = stats.ttest_ind(a, b, equal_var=False)
    sizes = np.array([len(a), len(b)])
    errors = np.array([a.std(ddof=1), b.std(ddof=1)]) / np.sqrt(sizes)
    w = welch(np.array([a.mean(), b.mean()]), errors, sizes - 1.0)
    assert (w.statistic, w.df2, w.p_value) == pytest.approx((t.statistic**2, t.df, t.pvalue), rel=1e-10)
    parts = (a, b, b[:7] + 1)
    peer = anova_oneway(parts, use_var="unequal", welch_correction=True)
    w = welch(
        np.array([x.mean() for x in parts]),
        np.array([x.std(ddof=1) / np.sqrt(len(x)) for x in parts]),
        np.array([len(x) - 1.0 for x in parts]),
    )
    assert (w.statistic, w.p_value) == pytest.approx((peer.statistic, peer.pvalue), rel=1e-10)


def test_small_segments_are_named_and_units_that_change_are_in_none():
    rows = frame()
    rows.loc[rows.u.isin([0, 1]), "language"] = "fi"
    rows.loc[(rows.u == 3) & (rows.t > 4), "language"] = "de"
    rows.loc[rows.u == 5, "language"] = None
    e = ce.DifferenceInDifferences().estimate(panel(rows, segments=["language"]))
    told = e.details["segments"]["language"]
    assert list(told["left_out"]) == ["fi"] and "fewer than 3" in told["left_out"]["fi"]
    assert (told["changes"], told["missing"]) == (1, 1)
    by_hand = rows[(rows.language == "en") & (rows.u != 3)]
    alone = ce.DifferenceInDifferences().estimate(panel(by_hand)).headline
    assert by_label(e)["segment:language=en"].value == pytest.approx(alone.value, rel=1e-10)


def test_clusters_across_segments_leave_the_difference_untested():
    rows = frame().assign(site=lambda f: f.u // 6)
    told = ce.DifferenceInDifferences().estimate(panel(rows, segments=["language"], cluster="site")).details["segments"]
    assert told["language"]["test"] is None and "share clusters" in told["language"]["untested"]


def test_a_column_with_a_segment_below_min_cell_is_withheld_whole():
    rows = frame()
    rows.loc[rows.u.isin(range(8)), "language"] = "fi"
    rows["half"] = np.where(rows.u % 4 < 2, "a", "b")
    study = {
        "schema_version": 1,
        "study": {"id": "s", "title": "T", "question": "Q?"},
        "roles": {"unit": "u", "time": "t", "treatment": "on", "segments": ["language", "half"]},
        "metrics": [{"name": "y", "role": "primary", "better": "higher"}],
        "estimators": [{"method": "did"}],
        "privacy": {"unit_is_person": True, "min_cell": 6},
    }
    assert below(panel(rows, segments=["language", "half"]), 6) == ("language",)
    found = ce.run(study, frame=rows).headline.estimate
    assert {x.partition("=")[0] for x in by_label(found)} == {"segment:half"}
    assert "language" not in found.details["segments"] and any("min_cell" in n for n in found.notes)
