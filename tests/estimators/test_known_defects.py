"""What other packages were seen to get wrong must hold here: each test is named for what holds."""

from __future__ import annotations

import os
import subprocess
import sys

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
