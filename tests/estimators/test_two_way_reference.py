"""A two-way coefficient under staggered adoption says what it compares with what, in its details, its note and the report."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.report.files import render


def rollout(starts=(3, 6, None), *, units=12, periods=9, growth=0.5, seed=0):
    """A long frame in which a third of the units adopts at each start, with an effect that grows."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(units):
        start = starts[i % len(starts)]
        level = rng.normal()
        for t in range(periods):
            on = start is not None and t >= start
            y = level + 0.1 * t + rng.normal() * 0.2 + (growth * (t - start + 1) if on else 0)
            rows.append((f"shop{i}", 2010 + t, y, int(on)))
    return pd.DataFrame(rows, columns=["shop", "year", "sales", "on"])


def reference(frame, **roles):
    roles = {"unit": "shop", "time": "year", "outcome": "sales", "treatment": "on", **roles}
    return ce.DifferenceInDifferences().estimate(ce.Panel.from_frame(frame, **roles))


def test_the_comparisons_stand_in_the_details_and_add_up():
    """Cohorts by the author's labels; the weighted sum is the coefficient to rounding."""
    e = reference(rollout())
    rows = e.details["bacon"]
    assert {(r["kind"], r["treated"], r["control"]) for r in rows} == {
        ("treated_vs_never", "2013", "never"),
        ("treated_vs_never", "2016", "never"),
        ("earlier_vs_later", "2013", "2016"),
        ("later_vs_earlier", "2016", "2013"),
    }
    assert sum(r["weight"] for r in rows) == pytest.approx(1, abs=1e-12)
    assert sum(r["weight"] * r["estimate"] for r in rows) == pytest.approx(e.headline.value, abs=1e-10)


def test_the_note_has_the_share_of_each_kind():
    """Percentages of the note are those of the details; treated controls are called that."""
    e = reference(rollout())
    for kind, words in (
        ("treated_vs_never", "of it compares adopters with the never treated"),
        ("earlier_vs_later", "earlier with later adopters"),
        ("later_vs_earlier", "later with earlier ones (already treated controls)"),
    ):
        total = sum(r["weight"] for r in e.details["bacon"] if r["kind"] == kind)
        assert f"{total:.0%} {words}" in e.notes[0]


def test_units_treated_all_along_are_controls_only():
    """They start before the data; as controls they are told apart from cohorts that adopt inside of it."""
    rows = reference(rollout((0, 4, 6, None))).details["bacon"]
    assert {(r["kind"], r["treated"], r["control"]) for r in rows} == {
        ("treated_vs_never", "2014", "never"),
        ("treated_vs_never", "2016", "never"),
        ("later_vs_always", "2014", "always"),
        ("later_vs_always", "2016", "always"),
        ("earlier_vs_later", "2014", "2016"),
        ("later_vs_earlier", "2016", "2014"),
    }


def test_adoption_after_the_data_counts_as_never():
    """Two cohorts, one of which adopts later than any row, are compared as adopters and never treated."""
    frame = rollout((3, 5, None))
    frame["first"] = frame.shop.map(lambda s: {0: 2013, 1: 2015, 2: 2030}[int(s[4:]) % 3])
    rows = reference(frame, treatment=None, first_treated="first").details["bacon"]
    assert {r["control"] for r in rows if r["kind"] == "treated_vs_never"} == {"never"}


def test_weights_and_gaps_are_not_taken_apart_and_the_note_says_why():
    """The decomposition is exact only where every unit is seen in every period and counts the same."""
    gaps = reference(rollout().drop(index=[5]))
    assert "bacon" not in gaps.details and "some units miss periods" in gaps.notes[0]
    weighted = reference(rollout().assign(w=lambda f: f.shop.str[4:].astype(int) + 1.0), weights="w")
    assert "bacon" not in weighted.details and "rows are weighted" in weighted.notes[0]


def study(frame):
    return ce.run(
        {
            "schema_version": 1,
            "study": {"id": "shops", "title": "Shops", "question": "Did it work?", "seed": 1},
            "roles": {"unit": "shop", "time": "year", "treatment": "on"},
            "metrics": [{"name": "sales", "kind": "mean", "role": "primary", "better": "higher"}],
            "estimators": [{"method": "did", "role": "reference"}],
        },
        frame=frame,
    )


def test_the_report_shows_the_kinds_in_plain_words():
    """A row a kind with its weight; the share that rests on treated controls is said."""
    result = study(rollout())
    text = render(result, formats=["md"])["md"]
    already = sum(r["weight"] for r in result.findings[0].estimate.details["bacon"] if r["kind"] == "later_vs_earlier")
    assert "Adopters with the never treated" in text
    assert "Later adopters with earlier ones, which are treated already" in text
    assert f"{already:.0%} of the weight rests on controls that are treated already" in text
    assert "Average estimate" not in render(study(rollout().drop(index=[5])), formats=["md"])["md"]
