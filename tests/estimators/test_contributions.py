"""What each donor adds to the change of a counterfactual, against the path it belongs to and the data it is made of."""

from __future__ import annotations

import causaldata
import numpy as np
import pandas as pd
import pytest

import causal_eval as ce

CASES = {
    "synthetic control": ce.SyntheticControl(),
    "with an intercept": ce.SyntheticControl(intercept=True),
    "matched on predictors": ce.SyntheticControl(
        predictors=({"column": "bmprison", "at": [1985, 1990, 1993]},), v=(1.0, 1.0, 1.0)
    ),
    "fitted to some years": ce.SyntheticControl(fit_window=(1987, 1992)),
    "augmented": ce.AugmentedSyntheticControl(),
    "augmented with an intercept": ce.AugmentedSyntheticControl(intercept=True),
    "synthetic difference-in-differences": ce.SyntheticDiD(),
}


def states() -> pd.DataFrame:
    """Black men in prison by state and year; Texas from 1994 on (Cunningham, The Mixtape, section 10.1.4)."""
    frame = causaldata.texas.load_pandas().data[["state", "year", "bmprison"]]
    return frame.assign(begun=np.where(frame["state"] == "Texas", 1994, 0))


def panel(frame: pd.DataFrame) -> ce.Panel:
    roles = {"unit": "state", "time": "year", "outcome": "bmprison", "first_treated": "begun"}
    return ce.Panel.from_frame(frame, **roles, predictors=["bmprison"])


def by_hand(frame: pd.DataFrame, e: ce.Estimate, matched: range) -> tuple[pd.DataFrame, np.ndarray]:
    """(years, donors) contributions from the data and the weights of weights.csv, and each year's weight before the launch."""
    wide = frame.pivot(index="year", columns="state", values="bmprison")
    times = {int(w.unit): w.weight for w in e.weights if w.kind == "time"}
    before = np.array([times.get(y, 0.0) if times else float(y in matched) for y in wide.index])
    before /= before.sum()
    weights = pd.Series({w.unit: w.weight for w in e.weights if w.kind == "donor"})
    return weights * (wide[weights.index] - before @ wide[weights.index]), before


@pytest.mark.parametrize("case", CASES)
def test_contributions_are_the_donors_own_changes_and_add_up_to_the_change_of_the_counterfactual(case):
    """Each to rounding, whatever the method has beside weights: an intercept, a ridge, time weights, a window, predictors."""
    frame = states()
    e = CASES[case].estimate(panel(frame))
    matched = range(1987, 1993) if case == "fitted to some years" else range(1985, 1994)
    hand, before = by_hand(frame, e, matched)
    told = e.details["contributions"]
    assert told["periods"] == [str(y) for y in range(1985, 2001)] == [p.period for p in e.path]
    path = np.array([p.counterfactual for p in e.path])
    rows = [d["by_period"] for d in told["donors"]] + ([told["others"]["by_period"]] if told["others"] else [])
    assert np.sum(rows, axis=0) == pytest.approx(path - before @ path, abs=1e-9 * path.max())
    for d in told["donors"]:
        assert d["by_period"] == pytest.approx(hand[d["unit"]].to_numpy(), abs=1e-9 * path.max())

    average = hand.loc[1994:].mean().abs()
    own = [d["unit"] for d in told["donors"]]
    assert own == sorted(own, key=lambda u: -average[u]) and 1 <= len(own) <= 12
    rest = average.drop(own)[hand.drop(columns=own).any()]
    assert (rest < 0.01 * average.max()).all() if len(own) < 12 else rest.max() <= average[own].min()
    assert len(rest) == (told["others"]["n"] if told["others"] else 0)


def test_florida_moves_the_texan_comparison_most():
    """On the outcome path alone Florida, New York and Illinois have weight; after 1993 Florida adds 5,025 to the comparison."""
    frame = states()
    told = ce.SyntheticControl().estimate(panel(frame)).details["contributions"]
    assert [d["unit"] for d in told["donors"]] == ["Florida", "New York", "Illinois"] and told["others"] is None
    florida = frame[frame["state"] == "Florida"].set_index("year")["bmprison"]
    change = florida.loc[1994:].mean() - florida.loc[:1993].mean()
    added = np.mean(told["donors"][0]["by_period"][9:])
    assert added == pytest.approx(told["donors"][0]["weight"] * change) and added == pytest.approx(5025.06, abs=0.01)


@pytest.mark.parametrize("cls", [ce.SyntheticControl, ce.AugmentedSyntheticControl, ce.SyntheticDiD])
def test_the_order_of_units_does_not_matter(cls):
    """Rows upside down: the same contributions, to the last digit."""
    frame = states()
    one, other = (cls().estimate(panel(f)).details["contributions"] for f in (frame, frame[::-1]))
    assert one == other


def test_the_mean_of_several_units_that_adopt_together_has_contributions():
    """One counterfactual for their mean: its change, once more."""
    frame = states()
    frame["begun"] = np.where(frame["state"].isin(["Texas", "Ohio"]), 1994, 0)
    e = ce.SyntheticDiD().estimate(panel(frame))
    hand, before = by_hand(frame, e, range(0))
    path = np.array([p.counterfactual for p in e.path])
    assert hand.sum(axis=1).to_numpy() == pytest.approx(path - before @ path, abs=1e-9 * path.max())
    rows = [d["by_period"] for d in e.details["contributions"]["donors"]]
    assert len(rows) == hand.any().sum()
    assert np.sum(rows, axis=0) == pytest.approx(hand.sum(axis=1).to_numpy(), abs=1e-9 * path.max())


def test_there_are_none_without_one_set_of_weights():
    """Two dates, a control for every unit, a method without donor weights, and donors that never move."""
    two = states()
    two.loc[two["state"] == "Ohio", "begun"] = 1996
    both = states()
    both["begun"] = np.where(both["state"].isin(["Texas", "Ohio"]), 1994, 0)
    flat = states()
    flat.loc[flat["state"] != "Texas", "bmprison"] = flat.groupby("state")["bmprison"].transform("first")
    for estimator, frame in (
        (ce.SyntheticControl(), two),
        (ce.SyntheticControl(each=True), both),
        (ce.MatrixCompletion(), states()),
        (ce.SyntheticControl(), flat),
    ):
        assert "contributions" not in estimator.estimate(panel(frame)).details, estimator


def test_a_donor_with_a_gap_adds_nothing():
    """It is left out of the pool, so the others' contributions still add up."""
    frame = states()
    frame = frame[~((frame["state"] == "Florida") & (frame["year"] == 1991))]
    e = ce.SyntheticControl().estimate(panel(frame))
    hand, before = by_hand(frame, e, range(1985, 1994))
    path = np.array([p.counterfactual for p in e.path])
    assert "Florida" not in [d["unit"] for d in e.details["contributions"]["donors"]] and hand.notna().all().all()
    assert hand.sum(axis=1).to_numpy() == pytest.approx(path - before @ path, abs=1e-9 * path.max())


def test_a_study_keeps_them_of_the_primary_metric_only_and_never_of_people():
    """Divided by its weight a contribution is the donor's own outcome, which no output may hold of a person."""
    frame = states().assign(other=lambda f: f["bmprison"] / 7 + f["year"])
    frame = frame[frame["state"].isin(["Texas", *sorted(set(frame["state"]) - {"Texas"})[:8]])]

    def kept(**privacy):
        spec = {
            "schema_version": 1,
            "study": {"id": "s", "title": "t", "question": "q?"},
            "roles": {"unit": "state", "time": "year", "first_treated": "begun"},
            "metrics": [
                {"name": "bmprison", "role": "primary", "better": "lower"},
                {"name": "other", "role": "secondary", "better": "lower"},
            ],
            "estimators": [{"method": "synthetic_control"}],
            "privacy": privacy,
        }
        return {f.metric: "contributions" in f.estimate.details for f in ce.run(spec, frame=frame).findings}

    assert kept() == {"bmprison": True, "other": False}
    assert kept(unit_is_person=True, min_cell=1) == {"bmprison": False, "other": False}
