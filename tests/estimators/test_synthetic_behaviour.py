"""What every synthetic-control estimator must do with known worlds, missing cells, several dates and impossible requests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.errors import EstimatorRefusal

FAMILY = [ce.SyntheticControl, ce.AugmentedSyntheticControl, ce.SyntheticDiD, ce.MatrixCompletion]
ROLES = {"unit": "u", "time": "t", "outcome": "y", "first_treated": "g"}


def world(seed=0, n=30, t=24, launch=16, treated=1, effect=3.0, later=None):
    """Two factors, small noise: what donors can mix to; the first units adopt at ``launch`` (or some at ``later``)."""
    rng = np.random.default_rng(seed)
    factors = np.cumsum(rng.normal(size=(2, t)), axis=1)
    loadings = rng.uniform(0.2, 0.8, size=(n, 2))
    loadings[:treated] = loadings[treated : treated + 6].mean(axis=0)
    y = 50 + 10 * loadings.sum(axis=1)[:, None] + loadings @ factors + 0.1 * rng.normal(size=(n, t))
    start = np.full(n, np.inf)
    start[:treated] = launch
    if later is not None:
        start[treated // 2 : treated] = later
    y = y + effect * (np.arange(t)[None, :] >= start[:, None])
    return pd.DataFrame(
        {
            "u": [f"m{i:02d}" for i in np.repeat(range(n), t)],
            "t": np.tile(range(t), n),
            "y": y.ravel(),
            "g": np.repeat(start, t),
        }
    )


def panel(frame, **roles):
    return ce.Panel.from_frame(frame, **(ROLES | roles))


@pytest.mark.parametrize("cls", FAMILY)
def test_a_known_effect_is_found_by_rank_one(cls):
    """Effect 3 with little noise: near 3 in every period, the largest of all assignments, relative to the counterfactual."""
    e = cls().estimate(panel(world()))
    assert e.headline.value == pytest.approx(3, abs=0.4)
    assert e.headline.p_value == pytest.approx(1 / 30)
    assert e.headline.interval.low > 0
    assert e.effect("overall", "relative").value == pytest.approx(3 / e.counterfactual, rel=0.2)
    assert e.effect("overall", "cumulative").value == pytest.approx(8 * e.headline.value)
    assert len([p for p in e.path if p.post]) == 8
    assert np.mean([p.gap for p in e.path if p.post]) == pytest.approx(e.headline.value)


@pytest.mark.parametrize("cls", FAMILY)
def test_several_dates_are_averaged_over_treated_periods(cls):
    """Two cohorts: the headline is the mean over treated unit-periods, and each cohort has its own row."""
    e = cls().estimate(panel(world(treated=4, later=19)))
    early, late = e.effect("cohort:16").value, e.effect("cohort:19").value
    assert e.headline.value == pytest.approx((2 * 8 * early + 2 * 5 * late) / 26)
    assert e.headline.value == pytest.approx(3, abs=0.5)


@pytest.mark.parametrize("cls", FAMILY)
def test_a_donor_with_a_hole_is_left_out_and_counted_unless_holes_can_be_filled(cls):
    frame = world()
    gone = frame[~((frame.u == "m09") & (frame.t == 5))]
    e = cls().estimate(panel(gone))
    if cls is ce.MatrixCompletion:
        assert e.sample.n_control == 29 and "missing outcomes" in " ".join(e.notes)
    else:
        assert e.sample.n_control == 28
        assert any(d.what == "units" and d.count == 1 and "missing" in d.reason for d in e.sample.dropped)


@pytest.mark.parametrize("cls", FAMILY)
def test_donors_can_be_named_and_an_unknown_name_is_refused(cls):
    data = panel(world())
    e = cls(donors={"exclude": ["m03", "m04"]}).estimate(data)
    assert e.sample.n_control == 27 and not {"m03", "m04"} & {w.unit for w in e.weights}
    with pytest.raises(EstimatorRefusal) as refused:
        cls(donors={"exclude": ["m3"]}).estimate(data)
    assert refused.value.code == "E405" and "m03" in refused.value.hint


def test_the_fit_window_and_the_washout_move_what_is_matched_and_compared():
    data = panel(world())
    e = ce.SyntheticControl(fit_window=(4, 15)).estimate(data)
    assert e.sample.n_pre == 12
    later = ce.SyntheticControl().estimate(data, ce.Design(washout=2, anticipation=1))
    assert later.sample.n_pre == 15 and later.sample.n_post == 6


def test_each_gives_every_treated_unit_its_own_control():
    e = ce.SyntheticControl(each=True).estimate(panel(world(treated=3)))
    assert len(e.details["objective"]) == 3 and e.headline.value == pytest.approx(3, abs=0.4)


@pytest.mark.parametrize("inference", ["bootstrap", "jackknife"])
def test_resampling_needs_several_treated_units(inference):
    """One treated unit is refused; six give an error of the noise's size, with p and interval of one procedure."""
    with pytest.raises(EstimatorRefusal) as refused:
        ce.SyntheticDiD(inference=inference).estimate(panel(world()))
    assert refused.value.code == "E403"
    e = ce.SyntheticDiD(inference=inference).estimate(panel(world(treated=6)))
    assert 0 < e.headline.std_error < 1 and e.headline.interval.low < 3.3 < e.headline.interval.high + 0.6
    assert (e.headline.p_value < 0.05) == (e.headline.interval.low > 0)


def test_placebos_of_several_treated_units_are_all_pairs_of_donors():
    e = ce.SyntheticDiD().estimate(panel(world(n=14, treated=2)))
    assert "67 groups of 2 (all)" in e.inference  # 12 choose 2, and the real one


def by_hand(e, frame, methods, at):
    """The average gap over ``at``, (start, period) pairs, and p-values of constant effects by every way to fill the starts.

    Written out again: one fit a group and start, the treated units' own among all donors.
    """
    from itertools import combinations

    wide = frame.pivot(index="t", columns="u", values="y")
    start = frame.groupby("u").g.first()
    donors = [u for u in wide if not np.isfinite(start[u])]
    whose = {g: [u for u in wide if start[u] == g] for g in sorted(set(start[np.isfinite(start)]))}

    def average(taken, left):
        total = n = 0.0
        for g, members in taken.items():
            Y = np.column_stack([wide[members].mean(axis=1), wide[left]])
            pre = wide.index.to_numpy() < g
            gap = Y[:, 0] - methods[g].fit(Y, [0], [np.arange(1, Y.shape[1])], pre, ~pre).paths[0]
            for other, t in at:
                if other == g:
                    total, n = total + len(members) * gap[t], n + len(members)
        return total / n

    real = average(whose, donors)
    first, second = whose
    placebos = []
    for a in combinations(donors, len(whose[first])):
        for b in combinations([u for u in donors if u not in a], len(whose[second])):
            placebos.append(average({first: list(a), second: list(b)}, [u for u in donors if u not in a + b]))

    def p_of(effect):
        return (1 + (np.abs(placebos) >= abs(real - effect) - 1e-9).sum()) / (len(placebos) + 1)

    return real, p_of, len(placebos) + 1


@pytest.mark.parametrize("cls", [ce.SyntheticControl, ce.SyntheticDiD])
def test_with_several_dates_every_row_is_ranked_among_groups_that_adopt_on_the_same_dates(cls):
    """One unit from 16, two from 19, seven donors: 105 ways to place them; headline, event, date and period rows by hand."""
    from causal_eval.inference.counterfactual import Simplex
    from causal_eval.inference.synthetic_did import SyntheticDifference

    frame = world(n=10, treated=3, later=19, effect=1.0)
    e = cls().estimate(panel(frame))
    methods = dict.fromkeys((16.0, 19.0), Simplex())
    if cls is ce.SyntheticDiD:
        zeta, sigma = e.details["zeta"], e.details["noise"]
        methods = {g: SyntheticDifference(z, s) for g, z, s in zip(methods, zeta, sigma, strict=True)}
    rows = {
        "overall": [(16, t) for t in range(16, 24)] + [(19, t) for t in range(19, 24)],
        "event:2": [(16, 18), (19, 21)],
        "event:6": [(16, 22)],
        "event:-3": [(16, 13), (19, 16)],
        "cohort:19": [(19, t) for t in range(19, 24)],
        "period:20": [(16, 20), (19, 20)],
    }
    for name, at in rows.items():
        value, p_of, n = by_hand(e, frame, methods, at)
        row = e.effect(name)
        assert n == 106 and "106 groups of 3 (all)" in row.interval.method
        assert (row.value, row.p_value) == pytest.approx((value, p_of(0)), abs=1e-9), name
        for end, sign in ((row.interval.low, -1), (row.interval.high, 1)):
            assert p_of(end + sign * 1e-6) <= 0.05 < p_of(end - sign * 1e-6), name
    assert e.details["placebo_p"] == e.headline.p_value and sum(e.details["placebo_groups"]["groups"]) == 105
    said = next(
        n for n in e.notes if n.startswith("Not every row by time since adoption rests on all 2 adoption dates")
    )
    assert "dates: 5 to 7 since adoption on 1 (1 of 3 treated units); " in said
    assert "before it from \N{MINUS SIGN}19 to \N{MINUS SIGN}17" in said


@pytest.mark.parametrize("inference", ["bootstrap", "jackknife"])
def test_rows_of_a_resampled_estimate_are_tested_by_the_same_resampling(inference):
    """A row of one period is the headline of a study that ends with it; single donors, noisier than a mean, are not asked."""
    data = panel(world(treated=6))
    model = ce.AugmentedSyntheticControl(inference=inference, ridge=2.0)
    row, short = model.estimate(data).effect("event:0"), model.estimate(data.before(17)).headline
    assert row.interval.method == f"{inference} over units, normal"
    assert (row.value, row.p_value, row.interval.low) == pytest.approx((short.value, short.p_value, short.interval.low))
    row = ce.SyntheticDiD(inference=inference).estimate(data).effect("event:3")
    assert row.interval.method == f"{inference} over units, normal" and row.interval.low < row.value < row.interval.high


@pytest.mark.parametrize("inference", ["conformal", "t_test"])
def test_rows_beside_inference_by_time_rank_a_mean_among_groups(inference):
    """The headline goes by time; its rows have no such test, and a mean of several is not ranked among single donors."""
    e = ce.SyntheticControl(inference=inference).estimate(panel(world(n=14, treated=2)))
    assert "67 groups of 2 (all)" in e.effect("event:3").interval.method and "groups" not in e.inference
    one = ce.SyntheticControl(inference=inference).estimate(panel(world()))
    assert "placebo ranks" in one.effect("event:3").interval.method


def test_staggered_synthetic_did_is_the_average_of_its_dates_each_fitted_alone():
    """Clarke et al. (2024): every date has its own weights and its own ridge, (N1 T1)^(1/4) times the noise before it."""
    frame = world(n=16, treated=5, later=20, effect=1.0)
    both = ce.SyntheticDiD().estimate(panel(frame))
    early, late = (
        ce.SyntheticDiD().estimate(panel(frame[~frame.u.isin(frame.u[frame.g == other])])) for other in (20, 16)
    )
    noise = both.details["noise"]
    assert both.details["zeta"] == pytest.approx([16**0.25 * noise[0], 12**0.25 * noise[1]])
    assert both.details["zeta"] == pytest.approx([early.details["zeta"], late.details["zeta"]])
    assert both.headline.value == pytest.approx(
        (2 * 8 * early.headline.value + 3 * 4 * late.headline.value) / 28, abs=1e-9
    )


def test_covariates_are_taken_out_before():
    """An outcome shifted by a covariate is put right by it."""
    frame = world(seed=3)
    rng = np.random.default_rng(1)
    frame["x"] = rng.normal(size=len(frame)) + (frame.u == "m00") * (frame.t >= 16) * 2.0
    frame["y"] += 5 * frame.x
    plain = ce.SyntheticDiD().estimate(panel(frame))
    adjusted = ce.SyntheticDiD().estimate(panel(frame, covariates=["x"]))
    assert abs(adjusted.headline.value - 3) < 0.5 < abs(plain.headline.value - 3)


def test_a_covariate_that_never_changes_is_not_said_to_be_taken_out():
    frame = world(seed=3)
    frame["size"] = frame.u.str[1:].astype(float)
    plain = ce.SyntheticDiD().estimate(panel(frame))
    idle = ce.SyntheticDiD().estimate(panel(frame, covariates=["size"]))
    assert idle.headline.value == plain.headline.value
    said = " ".join(idle.notes)
    assert "taken out" not in said and "explain all of size" in said


def test_too_few_donors_leave_no_interval_and_say_so():
    e = ce.SyntheticControl().estimate(panel(world(n=12)))
    assert e.headline.interval is None and "0.083" in e.headline.note and "no 95% interval" in " ".join(e.notes)


def test_small_p_values_are_written_with_the_decimals_they_need():
    """2,000 assignments can give 0.0005, which three decimals would call 0.001, more than the p-value there."""
    from causal_eval.estimators._synthetic_options import placebo_note

    assert placebo_note(2000, 0.95) == "The smallest p-value 2,000 assignments can give is 0.0005."
    assert "is 0.00005." in placebo_note(18_565, 0.95) and "is 0.059, so no 95% interval" in placebo_note(17, 0.95)


def test_a_placebo_design_uses_the_same_estimator():
    """Another unit treated, another date: the really treated are left out, and the effect is near zero."""
    data = panel(world())
    e = ce.SyntheticControl().estimate(data, ce.Design().treating(["m10"]))
    assert abs(e.headline.value) < 1 and e.sample.n_control == 28
    past = ce.SyntheticControl().estimate(data.before(16), ce.Design().starting(10))
    assert abs(past.headline.value) < 0.6 and past.sample.n_post == 6


@pytest.mark.parametrize("inference", ["conformal", "t_test"])
def test_inference_by_time_agrees_with_its_own_interval(inference):
    for seed in range(5):
        h = ce.SyntheticControl(inference=inference).estimate(panel(world(seed=seed, effect=0.3))).headline
        if h.interval is not None:
            assert (h.p_value < 0.05) == (h.interval.low > 0 or h.interval.high < 0)


def test_a_ratio_of_totals_is_weighted_by_its_denominator():
    """Two treated units of different size: the path is their ratio of totals."""
    frame = world(treated=2)
    frame["den"] = np.where(frame.u == "m00", 300.0, 100.0)
    frame["num"] = frame.y * frame.den
    roles = {k: v for k, v in ROLES.items() if k != "outcome"}
    e = ce.SyntheticControl().estimate(
        ce.Panel.from_frame(frame, kind="ratio", numerator="num", denominator="den", **roles)
    )
    wide = frame.pivot(index="t", columns="u", values="y")
    assert e.path[0].observed == pytest.approx(0.75 * wide.m00[0] + 0.25 * wide.m01[0])


def _with_predictors(n=12, treated=1):
    frame = world(n=n, treated=treated)
    frame["income"] = frame.u.str[1:].astype(int) % 5 + 0.01 * frame.t
    return ce.Panel.from_frame(frame, **ROLES, predictors=["income", "y"])


def test_several_treated_units_matched_on_predictors_are_ranked_among_groups():
    """Ten donors stand in two at a time, all 45 pairs; of the 165 threes of eleven donors 99 are drawn, as each needs a search."""
    data = _with_predictors(treated=2)
    e = ce.SyntheticControl(predictors=SPEC, v=(0.1, 0.3, 0.3, 0.3)).estimate(data)
    assert "among 46 groups of 2 (all)" in e.inference
    assert e.headline.p_value == pytest.approx(1 / 46) and e.headline.interval.low < 3 < e.headline.interval.high
    one = ce.SyntheticControl(predictors=[{"column": "y", "at": [14]}]).estimate(data)
    assert "among 46 groups of 2 (all)" in one.inference and one.headline.p_value < 0.2
    many = ce.SyntheticControl(predictors=[{"column": "y", "at": [14]}]).estimate(_with_predictors(n=14, treated=3))
    assert "among 100 groups of 3 (drawn)" in many.inference


SPEC = [{"column": "income"}, {"column": "y", "at": [3, 9, 14]}]


def test_given_predictor_weights_are_kept_and_equal_the_searched_ones():
    """The weights found, given back, give the same effect; checks estimate again with them and cut late predictors."""
    data = _with_predictors()
    searched = ce.SyntheticControl(predictors=SPEC)
    e = searched.estimate(data)
    again = ce.SyntheticControl(predictors=SPEC, v=tuple(e.details["v"].values())).estimate(data)
    assert again.headline.value == pytest.approx(e.headline.value, abs=1e-9)
    from causal_eval.design.design import Design

    history = data.between(0, 15)
    early = searched.held_at(e).estimate(history, Design().starting(10))
    assert list(early.details["v"]) == ["income", "y at 3", "y at 9"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"predictors": [{"column": "y", "at": [20]}]}, "after the launch"),
        ({"predictors": SPEC, "v": [1.0]}, "1 weights for 4 predictors"),
        ({"predictors": SPEC, "v": [0, 0, 0, 0.0]}, "only zeros"),
        ({"predictors": SPEC, "v": [-1, 0, 0, 0.0]}, "negative"),
        ({"predictors": [{"column": "nothing"}]}, "was not read"),
    ],
)
def test_impossible_predictors_are_refused(options, words):
    """Each says which, and why."""
    with pytest.raises(EstimatorRefusal, match=words):
        ce.SyntheticControl(**options).estimate(_with_predictors())


def test_a_mean_of_several_treated_units_is_ranked_among_groups_as_large():
    """All groups of 3 of 7 donors, by a loop of our own; the single donors' p-value is only told."""
    from itertools import combinations

    from causal_eval.worlds import pilot_queues

    frame = pilot_queues().frame
    frame = frame.assign(rate=frame.resolved_7d / frame.tickets)
    roles = {"unit": "queue_id", "time": "week", "outcome": "rate"}
    data = ce.Panel.from_frame(frame, treatment="routing_on", **roles)
    found = ce.SyntheticControl().estimate(data)
    donors = sorted(set(frame.queue_id) - set(frame[frame.routing_on == 1].queue_id))
    gaps = [
        ce.SyntheticControl().estimate(data, ce.Design().treating(group)).headline.value
        for group in combinations(donors, 3)
    ]
    assert len(gaps) == 35
    p = (1 + sum(abs(g) >= abs(found.headline.value) for g in gaps)) / 36
    assert found.headline.p_value == pytest.approx(p) and "36 groups of 3 (all)" in found.inference
    assert any("Taken for one unit among 8" in n for n in found.notes)
    assert found.details["single_donor_n"] == 8


@pytest.mark.slow
@pytest.mark.parametrize(("units", "treated"), [(60, 20), (30, 2), (40, 5)])
def test_placebo_groups_hold_their_size(units, treated):
    """100 launches without an effect, two common factors: single donors rejected 19 of 20 with 20 of 60 treated."""
    rejected = covered = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        factors = rng.normal(size=(units, 2)) @ (rng.normal(size=(30, 2)).cumsum(axis=0) * 0.5).T
        Y = 50 + factors + rng.normal(size=(units, 30))
        rows = [(i, t, Y[i, t], int(i < treated and t >= 20)) for i in range(units) for t in range(30)]
        frame = pd.DataFrame(rows, columns=["u", "t", "y", "on"])
        h = (
            ce.SyntheticControl()
            .estimate(ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", treatment="on"))
            .headline
        )
        rejected += h.p_value <= 0.05
        covered += h.interval.low <= 0 <= h.interval.high
    assert rejected <= 11 and covered >= 89, "within three Monte Carlo errors of 5 and 95"


def test_more_treated_units_than_donors_can_stand_in_for_leave_no_p_value():
    rng = np.random.default_rng(1)
    rows = [(i, t, 50 + rng.normal(), int(i < 6 and t >= 8)) for i in range(10) for t in range(12)]
    frame = pd.DataFrame(rows, columns=["u", "t", "y", "on"])
    h = (
        ce.SyntheticControl()
        .estimate(ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", treatment="on"))
        .headline
    )
    assert h.p_value is None and h.interval is None and "cannot stand in for 6 treated units" in h.note
