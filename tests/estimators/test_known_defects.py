"""What other packages were seen to get wrong must hold here: each test is named for what holds."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.errors import DataError


def rollout(seed=0, n=40, t=6):
    rng = np.random.default_rng(seed)
    start = rng.choice([3.0, 4.0, np.inf], size=n)
    y = rng.normal(size=(n, 1)) + rng.normal(size=(n, t)) + (np.arange(t) >= start[:, None]) * start[:, None] / 3
    y = np.where(np.isfinite(y), y, 0.0)
    return pd.DataFrame(
        {
            "u": np.repeat(range(n), t),
            "t": np.tile(range(t), n),
            "y": y.ravel(),
            "g": np.repeat(start, t),
            "w": np.repeat(rng.integers(1, 5, size=n).astype(float), t),
            "r": np.repeat(np.arange(n) % 4, t),
        }
    )


ROLES = {"unit": "u", "time": "t", "outcome": "y", "first_treated": "g"}


def test_weights_reach_the_averages_over_cohorts():
    """A unit of weight 3 counts as three units in every average, not only within its cohort."""
    frame = rollout(1)
    copies = [frame[frame.w > k].assign(u=frame.u * 10 + k) for k in range(4)]
    weighted = ce.StaggeredDiD().estimate(ce.Panel.from_frame(frame, weights="w", **ROLES))
    repeated = ce.StaggeredDiD().estimate(ce.Panel.from_frame(pd.concat(copies), **ROLES))
    for a in ("overall", "overall:simple", "overall:cohort", "overall:event", "overall:calendar", "event:0", "event:1"):
        assert weighted.effect(a).value == pytest.approx(repeated.effect(a).value, rel=1e-10), a


def test_a_few_missing_rows_do_not_change_the_data_into_cross_sections_in_silence():
    """Three rows missing: the estimate under the stated policy, the other policies' estimates in a note."""
    frame = rollout(2).drop(index=[5, 17, 44])
    e = ce.StaggeredDiD().estimate(ce.Panel.from_frame(frame, **ROLES))
    said = " ".join(e.notes)
    for balance in ("pairwise", "cross_section"):
        other = ce.StaggeredDiD(balance=balance).estimate(ce.Panel.from_frame(frame, **ROLES))
        assert other.headline.value != e.headline.value
        assert f"{abs(other.headline.value):.3f}"[:4] in said, balance


def test_an_infinite_outcome_is_refused():
    frame = rollout(3)
    frame.loc[7, "y"] = np.inf
    with pytest.raises(DataError) as e:
        ce.Panel.from_frame(frame, **ROLES)
    assert e.value.code == "E318"


SCRIPT = """
import numpy as np, pandas as pd, causal_eval as ce
rng = np.random.default_rng(4)
n, t = 30, 5
d = (np.arange(n) < 12)[:, None] & (np.arange(t) >= 3)[None, :]
frame = pd.DataFrame({"state": np.repeat(range(n), t), "year": np.tile(range(t), n),
    "region": np.repeat(np.arange(n) % 3, t), "size": np.repeat(np.arange(n) % 2, t),
    "y": (rng.normal(size=(n, 1)) + rng.normal(size=(n, t)) + d).ravel(), "on": d.ravel() * 1})
frame["ry"], frame["sy"] = frame.region * 100 + frame.year, frame["size"] * 100 + frame.year
for effects in (["ry", "sy"], ["sy", "ry"]):
    p = ce.Panel.from_frame(frame, unit="state", time="year", outcome="y", treatment="on", fixed_effects=effects)
    print(repr(ce.DifferenceInDifferences(fixed_effects=tuple(effects)).estimate(p).headline.std_error))
"""


def test_a_clustered_error_depends_neither_on_the_hash_seed_nor_on_the_order_of_effects():
    said = set()
    for seed in ("0", "1"):
        out = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        said |= {f"{float(line):.10g}" for line in out.stdout.split()}
    assert len(said) == 1


def test_event_times_of_a_handful_of_units_are_left_out_of_the_tests():
    """One unit adopts far earlier than the others: its far lags are marked, and no test uses them."""
    frame = rollout(5, n=60, t=14)
    frame["g"] = np.where(frame.u == 0, 2.0, np.where(frame.u < 25, 11.0, np.inf))
    study = ce.StaggeredDiD().estimate(ce.Panel.from_frame(frame, **ROLES)).event_study
    points = [q for q in study.points if not q.reference]
    thin = {q.event for q in points if q.thin}
    assert thin >= set(range(4, 12))
    assert not thin & {points[i].event for i in study.tested()}


def adopters(n=60, t=8, seed=0, first=2000):
    """Units that adopt in the fourth year, the sixth or never; the effect is 1."""
    rng = np.random.default_rng(seed)
    start = np.array([first + 3.0, first + 5.0, np.inf])[np.arange(n) % 3]
    year = first + np.arange(t)
    y = rng.normal(size=(n, 1)) + rng.normal(size=(n, t)) + (year >= start[:, None]) * 1.0
    return pd.DataFrame(
        {
            "u": np.repeat(np.arange(n), t),
            "year": np.tile(year, n),
            "y": y.ravel(),
            "g": np.repeat(start, t),
            "on": (year >= start[:, None]).ravel() * 1,
        }
    )


def yearly(frame, **roles):
    return ce.Panel.from_frame(frame, **{"unit": "u", "time": "year", "outcome": "y", "first_treated": "g", **roles})


METHODS = (ce.StaggeredDiD(), ce.ImputationDiD(), ce.SunAbraham())


def test_unit_effects_nested_in_the_clusters_do_not_count_as_parameters():
    """One adoption date, errors clustered by unit: CR1 counts the period effects and the treatment, and no unit."""
    frame = adopters()
    frame = frame[frame.g != 2005]
    n, t = frame.u.nunique(), frame.year.nunique()
    wide = frame.pivot(index="u", columns="year", values="y").to_numpy()
    treated = np.isfinite(frame.groupby("u").g.first().to_numpy())
    change = wide[:, 3:].mean(axis=1) - wide[:, :3].mean(axis=1)
    left = change - np.where(treated, change[treated].mean(), change[~treated].mean())
    meat = (left**2 / np.where(treated, treated.sum(), (~treated).sum()) ** 2).sum()
    factor = n / (n - 1) * (n * t - 1) / (n * t - t - 1)
    e = ce.DifferenceInDifferences().estimate(yearly(frame))
    assert e.headline.value == pytest.approx(change[treated].mean() - change[~treated].mean(), rel=1e-10)
    assert e.headline.std_error == pytest.approx(np.sqrt(factor * meat), rel=1e-10)


def test_the_calendar_year_is_a_period_and_not_a_number_to_multiply_by():
    """The same rows in years 2000, 2001, ... and in periods 0, 1, ...: the same effect, no slope of the year."""
    frame = adopters()
    numbered = frame.assign(year=frame.year - 2000, g=frame.g - 2000)
    for method in (*METHODS, ce.DifferenceInDifferences()):
        a, b = (method.estimate(yearly(f)).headline for f in (frame, numbered))
        assert (a.value, a.std_error) == pytest.approx((b.value, b.std_error), rel=1e-12)
        assert abs(a.value - 1) < 0.5


def test_every_estimator_agrees_on_effects_that_are_all_the_same():
    """No estimator leaves the others by many standard errors on a panel of ordinary size."""
    found = [m.estimate(yearly(adopters(n=150, seed=4))).headline for m in METHODS]
    for h in found:
        assert abs(h.value - 1) < 3 * h.std_error
        assert 0.5 < h.std_error / found[0].std_error < 1.5


def test_every_estimator_has_each_average_and_event_time_in_one_form():
    """The overall averages, cohorts, periods and event times have the same names whichever method made them."""
    names = [{e.aggregation for e in m.estimate(yearly(adopters())).effects if e.scale == "absolute"} for m in METHODS]
    for kind in (
        "overall:simple",
        "overall:cohort",
        "overall:event",
        "overall:calendar",
        "event:0",
        "cohort:2003",
        "period:2006",
    ):
        assert all(kind in n for n in names), kind


def test_bootstrap_errors_are_those_of_the_influence_function():
    """Twice too large is a defect that was seen; 2,000 draws agree with the analytic errors within a few per cent."""
    data = yearly(adopters(n=300))
    analytic = ce.StaggeredDiD().estimate(data).headline
    boot = ce.StaggeredDiD(inference="bootstrap", draws=2000).estimate(data).headline
    assert boot.value == analytic.value
    assert boot.std_error == pytest.approx(analytic.std_error, rel=0.07)


def test_one_lead_and_one_lag_are_enough_for_the_sensitivity_analysis():
    """A one by one matrix is a matrix: no crash, an interval that grows with the departure allowed."""
    from causal_eval.inference.honest import relative_magnitudes

    beta, sigma = np.array([0.05, 1.0]), np.array([[0.01, 0.002], [0.002, 0.02]])
    widths = [np.ptp(relative_magnitudes(beta, sigma, 1, 1, np.ones(1), m, level=0.95)) for m in (0.0, 0.5, 1.0)]
    assert widths[0] < widths[1] < widths[2]


@pytest.mark.parametrize("missing", [0, 7])
@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.info.name)
def test_memory_grows_with_the_rows_and_not_with_the_units_squared(method, missing):
    """20,000 units: one byte for each pair of units would be 400 MB."""
    data = yearly(adopters(n=20_000, t=6).drop(index=range(missing)))
    data.wide()
    tracemalloc.start()
    method.estimate(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 120e6


def test_rows_that_share_their_unit_and_period_are_refused_and_not_averaged():
    frame = adopters()
    with pytest.raises(DataError) as e:
        yearly(pd.concat([frame, frame.iloc[[3]].assign(y=50.0)]))
    assert e.value.code == "E311"


def test_a_share_that_is_declared_in_points_is_noticed():
    """0.068 of a share is 6.8 points and reads "0.07 pp" under the wrong unit: the data are asked."""
    from pathlib import Path

    from causal_eval.data.connect import open_source
    from causal_eval.data.shape import shape
    from causal_eval.spec.models import Data, MetricSpec, Roles

    roles = Roles(unit="u", time="year", first_treated="g")
    for scale, noticed in ((1, True), (100, False)):
        frame = adopters()
        frame["y"] = scale / (1 + np.exp(-frame.y))
        for units in ("pp", "%"):
            source = open_source(Data(source="frame"), base=Path.cwd(), frame=frame)
            found = shape(source, roles, MetricSpec(name="y", units=units))
            assert any("a hundred times too small" in note for note in found.notes) is noticed


def test_a_ratio_in_per_cent_is_a_share_and_one_far_beyond_1_is_asked_about():
    """Told times 100 whatever it is: 45 of 90 is 50%, and a numerator in per cent already would read 5,000%."""
    from pathlib import Path

    from causal_eval.data.connect import open_source
    from causal_eval.data.shape import shape
    from causal_eval.spec.models import Data, MetricSpec, Roles

    roles = Roles(unit="u", time="year", first_treated="g")
    for scale, noticed in ((1, False), (100, True)):
        frame = adopters().assign(n=90.0)
        frame["y"] = 90 * scale / (1 + np.exp(-frame.y))
        source = open_source(Data(source="frame"), base=Path.cwd(), frame=frame)
        metric = MetricSpec(name="r", kind="ratio", numerator="y", denominator="n", units="%")
        notes = shape(source, roles, metric).notes
        assert any("a hundred times too large" in note for note in notes) is noticed
        assert not any("a hundred times too small" in note for note in notes)
