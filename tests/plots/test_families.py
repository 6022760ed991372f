"""What each family of figures takes from a result, in series and in words, against numbers told by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sample_evidence import (
    PLACEBO_UNITS,
    contour,
    contributions,
    crowded_evidence,
    evidence,
    large_numbers,
    placebos,
    restricted_means,
)
from sample_result import broken, effect, launch, opt_in, organ_donations

from causal_eval.plots.agreement import agreement, agreement_text, reasons
from causal_eval.plots.families import (
    attrition,
    balance,
    calendar,
    calibration,
    event_study,
    guardrails,
    overlap,
    placebo_groups,
    placebo_ranks,
    segments,
    sensitivity,
    specification_curve,
    survival,
    targeting,
    timeline,
    triangulation,
    weights,
)
from causal_eval.plots.families import (
    contour as contour_family,
)
from causal_eval.plots.families import (
    contributions as contributions_family,
)
from causal_eval.plots.families.placebos import placebo_series
from causal_eval.plots.families.placebos import specs as placebo_specs
from causal_eval.plots.figures import ORDER, families, figures
from causal_eval.plots.names import letters, unit_names
from causal_eval.plots.numbers import POINTS
from causal_eval.plots.spec import FigureSpec
from causal_eval.results.types import Finding, Interval, StudyResult


def one(specs: list[FigureSpec]) -> FigureSpec:
    assert len(specs) == 1
    return specs[0]


def test_every_family_is_found_under_the_name_of_its_file_and_draws_from_full_evidence() -> None:
    """The registry's names are the families' names, and a result with every evidence has a figure of each."""
    assert tuple(f.name for f in families()) == ORDER
    drawn = {s.name.split("-")[0] for s in figures(evidence())}
    assert drawn == set(ORDER)
    assert [s.name for s in figures(evidence())] == list(dict.fromkeys(s.name for s in figures(evidence())))
    assert all(f.about.endswith(".") for f in families())


def test_a_figure_without_its_numbers_is_absent() -> None:
    """A failed study has its timeline and calendar of the design, if any, and nothing that rests on an estimate."""
    assert {s.name for s in figures(broken())} <= {"timeline"}
    assert not {"placebos", "placebo_ranks", "balance", "overlap", "contour", "targeting"} & {
        s.name for s in figures(launch())
    }
    assert {s.name for s in figures(opt_in())} == {"headline", "attrition", "effects", "balance"}


def test_every_figure_has_words_and_a_table_as_wide_as_its_columns() -> None:
    """Alt text, long description, and rows of the series."""
    for result in (evidence(), crowded_evidence(), large_numbers(), organ_donations()):
        for spec in figures(result):
            assert len(spec.alt) > 30 and len(spec.long_description) > 30 and spec.alt.endswith(".")
            assert spec.rows and all(len(row) == len(spec.columns) for row in spec.rows)
            assert (
                "None" not in spec.alt + spec.long_description
                and "nan" not in (spec.alt + spec.long_description).split()
            )


# --- event study ------------------------------------------------------------------------------------------------


def test_the_event_study_shows_what_is_left_if_trends_part_and_cuts_what_would_squash_it() -> None:
    """Pale bars behind four lags, one of which leaves the panel; without a sensitivity check there are none."""
    spec = next(s for s in event_study.specs(evidence()) if s.name == "event_study")
    assert {r[0]: r[7:] for r in spec.rows if r[7] is not None} == {
        2: (-0.012, 0.045), 3: (0.001, 0.048), 4: (-0.02, 0.069), 5: (-0.33, 0.38),
    }  # fmt: skip
    assert "1 of 4 exclude zero" in spec.long_description
    ax = spec.draw("page").axes[1]
    (pale,) = [c for c in ax.collections if c.get_alpha() == 0.45]
    assert [tuple(seg[:, 1]) for seg in pale.get_segments()] == [  # type: ignore[attr-defined]
        pytest.approx((100 * r[1], 100 * r[2]))
        for r in ((2, -0.012, 0.045), (3, 0.001, 0.048), (4, -0.02, 0.069), (5, -0.33, 0.38))
    ]
    assert -20 < ax.get_ylim()[0] < -2.9 and 6.9 < ax.get_ylim()[1] < 20
    without = next(s for s in event_study.specs(launch()) if s.name == "event_study")
    assert all(len(r) == 7 for r in without.rows) and "Pale" not in without.long_description
    assert not [c for c in without.draw("page").axes[1].collections if c.get_alpha() == 0.45]


# --- sensitivity ---------------------------------------------------------------------------------------------------


def test_sensitivity_shows_the_sets_and_where_zero_enters_rounded_down() -> None:
    """0.6249 is not rounded up to a departure at which zero is inside already."""
    spec = one(sensitivity.specs(evidence()))
    assert [r[0] for r in spec.rows] == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert [r[3] for r in spec.rows] == ["no", "no", "yes", "yes", "yes"]
    assert "departure of 0.62 times" in spec.alt
    assert "no departure: +0.90 to +3.70 pp" in spec.long_description


def test_sensitivity_says_when_zero_was_inside_from_the_start_or_never_enters() -> None:
    """Both ends of the range have their own sentence."""

    def with_details(**more: Any) -> str:
        result = evidence()
        last = next(d for d in result.diagnostics if d.check == "sensitivity")
        changed = replace(last, details={**last.details, **more})
        return one(sensitivity.specs(replace(result, diagnostics=(changed,)))).alt

    assert "already under parallel trends" in with_details(no_departure=[-0.001, 0.04], breakdown_mbar=0.0)
    assert "stays outside up to 2 times" in with_details(breakdown_mbar=None)


# --- survival ------------------------------------------------------------------------------------------------------


def with_days(**changes: Any) -> StudyResult:
    """The evidence with other numbers by day for its duration, which is then the last finding."""
    result = evidence()
    last = result.findings[-1]
    assert last.estimate is not None
    said = replace(last.estimate, details={"restricted_means": {**restricted_means(), **changes}})
    return replace(result, findings=(*result.findings[:-1], replace(last, said=said)))


def test_survival_shares_are_what_the_mean_grows_by_over_the_days() -> None:
    """(5.25 - 3.15) / 3.5 is 60% and (5.67 - 3.22) / 3.5 is 70%; the effect is as stored, the last one the headline."""
    spec = one(survival.specs(evidence()))
    assert spec.name == "survival-days_open"
    assert [r[:2] for r in spec.rows] == [(0.0, 3.5), (3.5, 7.0), (7.0, 10.5), (10.5, 14.0)]
    assert [r[2] for r in spec.rows] == pytest.approx([0.9, 0.6, 0.3, 0.2])
    assert [r[3] for r in spec.rows] == pytest.approx([0.92, 0.7, 0.46, 0.32])
    assert [r[6] for r in spec.rows] == [-0.07, -0.42, -0.98, -1.4]
    assert spec.rows[1][7:] == (None, None)
    assert spec.title == "Days to an answer: 20.0% still open between days 10.5 and 14, 32.0% without the launch"
    assert "Effect up to day 14: −1.40 days (95% interval −2.21 to −0.59)." in spec.alt
    assert "furthest apart between days 7 and 10.5: 30.0% and 46.0%, −16.0 percentage points" in spec.long_description
    assert "2 of 3 intervals exclude zero; each holds for its own day" in spec.long_description
    assert "leaves what a share can be" not in spec.long_description


@pytest.mark.parametrize("without", [[3.6, 5.67, 7.28, 8.4], [3.22, 5.0, 7.28, 8.4], [3.22, 5.67, 7.28, 7.2]])
def test_an_estimate_that_no_share_can_be_is_told(without: list[float]) -> None:
    """103% open in the first step; 51% and then 65%; less than nobody in the last."""
    spec = one(survival.specs(with_days(without=without)))
    assert "leaves what a share can be" in spec.long_description
    from matplotlib.text import Text

    texts = " ".join(t.get_text() for t in spec.draw("slide").findobj(Text) if isinstance(t, Text))
    words = " ".join(texts.split())
    assert "each for its own day, not for all at once" in words and "leaves what a share can be" in words


def test_a_day_that_could_not_be_estimated_is_told_by_its_longer_step() -> None:
    """Without day 7 the step from 3.5 runs to 10.5, at the average of the two; the note names the usual length."""
    kept = {k: [v for i, v in enumerate(values) if i != 1] for k, values in restricted_means().items()}
    spec = one(survival.specs(with_days(**kept)))
    assert [r[:2] for r in spec.rows] == [(0.0, 3.5), (3.5, 10.5), (10.5, 14.0)]
    assert spec.rows[1][2] == pytest.approx(0.45)

    def note(of: FigureSpec) -> str:
        return " ".join(" ".join(t.get_text().split()) for t in of.draw("slide").texts)

    assert "averages over 3.5 days, longer where a day could not be estimated" in note(spec)
    assert "averages over 3.5 days." in note(one(survival.specs(evidence())))


def test_an_effect_on_everybody_has_no_observed_curve() -> None:
    """Both lines are then estimates, and say so."""
    result = evidence()
    last = result.findings[-1]
    assert last.estimate is not None
    everybody = replace(last, said=replace(last.estimate, estimand="ate"))
    spec = one(survival.specs(replace(result, findings=(*result.findings[:-1], everybody))))
    assert "with the launch (estimated)" in spec.alt and "observed" not in spec.alt


def test_a_result_without_numbers_by_day_has_no_survival_figure() -> None:
    """Absent, not empty: no details, or lists that hold nothing."""
    assert survival.specs(launch()) == []
    assert survival.specs(with_days(days=[])) == []


# --- placebo groups ------------------------------------------------------------------------------------------------


def test_placebo_groups_count_those_as_far_as_the_treated_on_both_sides() -> None:
    """1 of 24 groups, on the other side of zero: with the treated, rank 2 of 25."""
    spec = one(placebo_groups.specs(evidence()))
    assert spec.title.endswith("the treated among 24 placebo groups, rank 2 of 25 (p = 0.080)")
    assert "groups of 3 untreated queue_ids" in spec.alt and "marked at +2.08 percentage points" in spec.alt
    assert "between −2.40 percentage points and +1.80 percentage points" in spec.long_description
    assert "1 of 24 groups has a gap at least as far" in spec.long_description
    assert len(spec.rows) == 8 and spec.rows[0] == (-0.024, pytest.approx(-0.018), 1, 1)


def test_placebo_groups_are_drawn_where_they_were_counted_only() -> None:
    """One treated unit has no groups, and its placebo ranks instead."""
    result = evidence()
    donors = next(f for f in result.findings if f.analysis == "donors")
    assert donors.estimate is not None
    for gone in ("placebo_groups", "placebo_group", "placebo_p"):
        details = {k: v for k, v in donors.estimate.details.items() if k != gone}
        less = replace(donors, said=replace(donors.estimate, details=details))
        assert placebo_groups.specs(replace(result, findings=(less,))) == []


# --- contributions -------------------------------------------------------------------------------------------------


def test_contributions_are_ordered_by_what_they_move_after_the_launch_washout_left_out() -> None:
    """-0.60, +0.40, +0.30, +0.05 and +0.02 points make +0.17; ten times as much in the two weeks of washout counts for nothing."""
    spec = one(contributions_family.specs(evidence()))
    assert spec.title == "Resolved within 7 days: Queue 2 moves the comparison most"
    assert list(dict.fromkeys(r[0] for r in spec.rows)) == [
        "Queue 2", "Queue 3", "Queue 4", "Queue 5", "1 other", "All together",
    ]  # fmt: skip
    assert "Queue 2 −0.60 percentage points; Queue 3 +0.40 percentage points" in spec.alt
    assert spec.alt.endswith("all together +0.17 percentage points.")
    assert "1 other +0.02 percentage points (6 Jul 2026: +0.20 percentage points)" in spec.long_description
    last = {r[0]: r[2] for r in spec.rows if r[1] == "2026-09-21"}
    assert last["Queue 2"] == pytest.approx(-0.009) and last["All together"] == pytest.approx(0.00255)
    assert {r[2] for r in spec.rows if r[1] < "2026-07-06"} == {0.0}
    series = contributions_family.contribution_series(evidence())
    assert series is not None and series.left_out

    def note(of: contributions_family.ContributionSeries) -> str:
        drawn = contributions_family.contributions_figure(of).draw("page")
        return " ".join(" ".join(t.get_text().split()) for t in drawn.texts)

    assert "Averages leave out what the headline leaves out." in note(series)
    assert "Averages leave out" not in note(replace(series, left_out=False))


def test_many_donors_that_move_it_more_than_any_one_are_told_as_that() -> None:
    """Eleven others add +2.00 where the largest alone adds +0.40; all go beyond the key, which ends with the donors."""
    spec = one(contributions_family.specs(crowded_evidence()))
    assert spec.title.endswith("many queue_ids move the comparison, B most") and len({r[0] for r in spec.rows}) == 14
    series = contributions_family.contribution_series(crowded_evidence())
    assert series is not None and series.others is not None and series.others.name == "11 others"
    assert series.beyond and series.end == pytest.approx(0.04)
    plain = contributions_family.contribution_series(evidence())
    assert plain is not None and not plain.beyond and plain.end == pytest.approx(0.06)


def test_shades_are_as_dark_below_zero_as_above_and_white_at_it() -> None:
    """Half of the key's end is half way to the colour; what is beyond the end is as dark as the end."""
    shade = contributions_family._shade
    steps = contributions_family.STEPS
    assert (shade(0), shade(steps), shade(-steps)) == ("#ffffff", "#0072b2", "#d55e00")
    assert shade(steps // 2) == "#80b8d8"
    series = contributions_family.contribution_series(evidence())
    assert series is not None
    from matplotlib.colors import to_hex
    from matplotlib.patches import PathPatch

    figure = one(contributions_family.specs(evidence())).draw("page")
    drawn = [p for p in figure.axes[0].patches if isinstance(p, PathPatch)]
    dark = next(p for p in drawn if to_hex(p.get_facecolor()) == "#d55e00")
    box = dark.get_path().get_extents()
    assert (box.x0, box.x1) == (13.5, 15.5) and box.y0 == pytest.approx(-0.43) and box.y1 == pytest.approx(0.43)


def test_contributions_use_the_letters_of_the_weights() -> None:
    """Whoever is C among the weights is C here, whatever the order of the rows."""
    result = evidence(people=True)
    weighted = {r[2] for r in one(weights.specs(result)).rows}
    named = [r[0] for r in one(contributions_family.specs(result)).rows if r[1] == "2026-07-06"]
    assert named[:4] == ["A", "B", "C", "D"] and set(named[:4]) <= weighted
    donors = next(f for f in result.findings if f.analysis == "donors")
    assert donors.estimate is not None
    said = {**donors.estimate.details, "contributions": contributions((0.001, 0.002, 0.003, 0.004))}
    turned = replace(result, findings=(replace(donors, said=replace(donors.estimate, details=said)),))
    again = [r[0] for r in one(contributions_family.specs(turned)).rows if r[1] == "2026-07-06"]
    assert again[:4] == ["D", "C", "B", "A"]


# --- placebos ------------------------------------------------------------------------------------------------------


def test_a_mean_of_many_treated_units_is_not_drawn_among_single_donors_that_its_test_does_not_rank() -> None:
    """Several treated units are ranked among groups as large; the ranks among single donors stand beside, and are no test."""
    result = evidence()
    main = next(f for f in result.findings if f.estimate is not None and "placebos" in f.estimate.details)
    assert main.estimate is not None
    assert placebo_series(replace(result, findings=(main,))) is not None
    details = {**main.estimate.details, "single_donor_p": 0.08, "single_donor_n": 25}
    several = replace(main, said=replace(main.estimate, details=details))
    assert placebo_series(replace(result, findings=(several,))) is None


def test_placebos_are_ranked_by_ratio_and_those_that_fit_badly_are_counted() -> None:
    """Queue 3 alone has a larger ratio than the treated unit; queues 5 and 6 fit over twice as badly."""
    series = placebo_series(evidence())
    assert series is not None
    assert [p.name for p in series.ranked[:3]] == ["Queue 3", "Treated", f"Queue {PLACEBO_UNITS}"]
    assert [p.name for p in series.units if series.far(p)] == ["Queue 5", "Queue 6"]
    spec = one(placebo_specs(evidence()))
    assert "ranks 2 of 25 (p = 0.080)" in spec.alt and "2 placebos fit more than 2 times worse" in spec.long_description
    assert len(spec.rows) == 25 * 26
    treated = [r[4] for r in spec.rows if r[1] == "yes"]
    assert treated == placebos()[0]["gaps"]
    ranks = one(placebo_ranks.specs(evidence()))
    assert ranks.rows[1][:4] == (2, "Treated", "yes", 6.0)


def test_a_p_value_of_another_statistic_does_not_stand_beside_the_rank() -> None:
    """Where the analysis ranks its estimate, its p-value is not the share of the rank by ratio; nor where some are left out."""

    def rank(**more: Any) -> str:
        result = evidence()
        donors = next(f for f in result.findings if f.analysis == "donors")
        assert donors.estimate is not None
        said = replace(donors.estimate, details={**donors.estimate.details, **more})
        findings = tuple(replace(f, said=said) if f is donors else f for f in result.findings)
        return one(placebo_ranks.specs(replace(result, findings=findings))).title

    assert rank() == "Placebo ranks: treated ranks 2 of 25 (p = 0.080)"
    assert rank(placebo_p=0.04) == "Placebo ranks: treated ranks 2 of 25"
    assert "2 of the 25 kept" in rank(placebo_n=300)


def test_people_are_lettered_by_rank() -> None:
    """No unit's name is in any figure of a study whose units are people."""
    series = placebo_series(evidence(people=True))
    assert series is not None and [p.name for p in series.ranked[:3]] == ["A", "Treated", "B"]
    for spec in figures(evidence(people=True)):
        assert "Queue" not in f"{spec.alt}{spec.long_description}{spec.rows}", spec.name
    assert [letters(k) for k in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
    assert unit_names(evidence(), ["x", "y", "x"]) == {"x": "x", "y": "y"}


# --- weights, balance, overlap, calibration ------------------------------------------------------------------------


def test_weights_show_the_largest_first_and_count_the_rest() -> None:
    """Zero is no weight; 5 of 6 queues have one."""
    spec = one(weights.specs(evidence()))
    assert [r[2] for r in spec.rows] == ["Queue 2", "Queue 3", "Queue 4", "Queue 5", "Queue 6"]
    assert "5 of 6" in spec.title and "Queue 2 31.0%" in spec.alt
    assert one(weights.specs(organ_donations())).rows[0][2:] == ("Virginia", 0.412)


def test_the_love_plot_counts_what_is_beyond_the_limit() -> None:
    """0.42, 0.12, -0.18 before; -0.03, 0, 0.03 after; and the limit of the check where it has one."""
    spec = one(balance.specs(evidence()))
    assert "0 of 3 covariates beyond ±0.1 after adjustment, 3 before" in spec.title
    assert next(r[0] for r in spec.rows) == "tenure in months"
    series = balance.love_series(evidence())
    assert series is not None and series.limit == 0.1


def test_overlap_hides_counts_of_few_people() -> None:
    """Under 11 people a bin's count is not told, in drawing or in table; where units are no people it is."""
    told, hidden = (one(overlap.specs(evidence(people=p))) for p in (False, True))
    assert told.rows[2][1:] == ("2", "61") and hidden.rows[2][1:] == ("under 11", "61")
    assert hidden.rows[9][1:] == ("12", "under 11") and hidden.rows[19][1:] == ("0", "0")
    assert "240 treated above and 322 untreated" in told.alt and "from 0.1 to 0.5" in told.alt


def test_calibration_weighs_the_distance_by_rows() -> None:
    """(100*3 + 200*3 + 300*2 + 100*5 + 4*5) / 704 = 2.87 points; bins of few people are left out."""
    assert "by 2.9 percentage points" in one(calibration.specs(evidence())).alt
    series = calibration.calibration_series(evidence(people=True))
    assert series is not None and len(series.bins) == 4


# --- guardrails, segments ------------------------------------------------------------------------------------------


def test_guardrails_are_on_the_scale_of_their_margins_with_better_to_the_right() -> None:
    """+0.012 points against 0.05 is +0.24; reopened +4.55% against 5%, where lower is better, is -0.91."""
    spec = one(guardrails.specs(launch()))
    by = {r[0]: r for r in spec.rows}
    assert by["Customer satisfaction"][1] == "cleared"
    assert by["Customer satisfaction"][2] == pytest.approx(0.012 / 0.05)
    _label, outcome, value, low, high = by["Reopened within 14 days"]
    assert outcome == "not cleared" and value == pytest.approx(-0.0455 / 0.05)
    assert isinstance(low, float) and isinstance(high, float) and low < -1 < value < high
    assert "1 cleared, 0 breached, 1 not cleared" in spec.alt


def test_a_guardrail_that_the_decision_clears_lies_right_of_its_margin() -> None:
    """The drawn interval and the outcome cannot say different things."""
    for row in one(guardrails.specs(launch())).rows:
        assert isinstance(row[3], float)
        assert (row[3] > -1) == (row[1] == "cleared")


def test_segments_stand_beside_the_effect_on_all() -> None:
    """Five segments of two columns, the extremes in the alt text."""
    spec = one(segments.specs(evidence()))
    assert [r[:2] for r in spec.rows] == [
        ("region", "north"),
        ("region", "south"),
        ("region", "a region whose name is rather long"),
        ("tier", "1"),
        ("tier", "2"),
    ]
    assert "from +1.00 pp to +1.80 pp" in spec.alt and "all: +2.31 pp" in spec.alt


# --- triangulation, specification curve ----------------------------------------------------------------------------


def voices(*said: tuple[str, float, float]) -> StudyResult:
    """A result whose primary metric has those (method, value, error)."""
    base = launch()
    estimate = base.headline.estimate
    assert estimate is not None
    findings = tuple(
        Finding(
            "resolved_7d",
            m,
            m,
            "primary" if k == 0 else "robustness",
            replace(estimate, method=m, effects=(effect(v, e, 0.1),)),
        )
        for k, (m, v, e) in enumerate(said)
    )
    return replace(base, findings=findings)


def test_families_agree_when_no_pair_is_beyond_its_joint_noise() -> None:
    """0.02 and 0.03 with errors 0.003 and 0.004 differ by exactly 2 joint errors: apart; with 0.006 and 0.008, agreed."""
    found = agreement(voices(("did", 0.02, 0.003), ("synthetic_control", 0.03, 0.004)), "resolved_7d")
    assert found is not None and found.pairs[0].in_errors == pytest.approx(2.0) and len(found.apart) == 1
    assert "do not agree" in agreement_text(found, POINTS) and "2.0 joint standard errors" in agreement_text(
        found, POINTS
    )
    found = agreement(voices(("did", 0.02, 0.006), ("synthetic_control", 0.03, 0.008)), "resolved_7d")
    assert found is not None and found.apart == () and "agree within their noise" in agreement_text(found, POINTS)


def test_one_family_has_one_voice_and_references_have_none() -> None:
    """Two methods of a family are no two witnesses; nor is the naive comparison one."""
    assert agreement(voices(("did", 0.02, 0.01), ("staggered_did", 0.03, 0.01)), "resolved_7d") is None
    assert agreement(voices(("did", 0.02, 0.01), ("naive", 0.03, 0.01)), "resolved_7d") is None
    found = agreement(evidence(), "resolved_7d")
    assert found is not None and [v.family for v in found.voices] == ["did", "synthetic", "adjustment"]


def test_signs_and_missing_errors_are_said() -> None:
    """Opposite signs within noise, and families without any error."""
    found = agreement(voices(("did", 0.002, 0.01), ("weighting", -0.002, 0.01)), "resolved_7d")
    assert found is not None and "different signs" in agreement_text(found, POINTS)
    found = agreement(large_numbers(), "resolved_7d")
    assert found is not None and "opposite ways; without errors" in agreement_text(found, POINTS)


def test_reasons_name_estimand_sample_and_assumption() -> None:
    """The opt-in analysis is of everyone and of other rows."""
    found = agreement(evidence(), "resolved_7d")
    assert found is not None
    said = reasons(found, evidence().design.unit_noun)
    assert [r.split()[0] for r in said] == ["Estimands", "Samples", "Assumptions"]
    assert (
        "average effect (ATE)" in said[0]
        and "700 rows of 700 queue_ids" in said[1]
        and "given the covariates" in said[2]
    )
    spec = one(triangulation.specs(evidence()))
    assert all(r in spec.long_description for r in said)


@pytest.mark.parametrize(
    ("above", "below", "n", "said"),
    [
        (3, 0, 4, "3 of 4 analyses find an effect above zero"),
        (0, 2, 2, "2 of 2 analyses find an effect below zero"),
        (1, 2, 4, "of 4 analyses 1 finds an effect above zero, 2 below it"),
        (1, 0, 3, "1 of 3 analyses finds an effect above zero"),
        (0, 0, 4, "none of 4 analyses tells the effect from zero"),
        (0, 1, 1, "the one analysis beside references finds an effect below zero"),
        (0, 0, 1, "the one analysis beside references finds no effect on either side of zero"),
    ],
)
def test_the_specification_curve_says_what_its_analyses_find(above: int, below: int, n: int, said: str) -> None:
    """A naive comparison is drawn and not counted: it is no evidence of an effect."""
    assert specification_curve._found(above, below, n) == said


def test_the_specification_curve_is_sorted_and_tells_failures() -> None:
    """Four estimates rising; two analyses without one are named; under three there is no curve."""
    spec = one(specification_curve.specs(evidence()))
    values = [r[5] for r in spec.rows]
    assert values == sorted(values, key=lambda v: float(v or 0)) and len(values) == 4
    assert "2 of 3 analyses (references not counted) have an interval above zero, 0 below it" in spec.alt
    assert "causal forest" in spec.long_description and "propensity matching" in spec.long_description
    assert specification_curve.specs(organ_donations()) == []
    curve = specification_curve.curve_series(evidence())
    assert curve is not None
    for k in range(len(curve.specs)):
        assert sum(made[k] for kind, _, made in curve.choices() if kind == "method") == 1
        assert sum(made[k] for kind, _, made in curve.choices() if kind == "role") == 1


# --- hidden confounding, targeting ---------------------------------------------------------------------------------


def test_the_contour_holds_the_grid_and_the_benchmarks_strongest_first() -> None:
    """A is the strongest benchmark; what it leaves is in the words."""
    spec = one(contour_family.specs(evidence()))
    assert [r[0] for r in spec.rows[:3]] == ["volume before the launch", "language", "tenure"]
    assert "A: as strong as volume before the launch, leaves −1.06 pp" in spec.long_description
    grid = contour()
    assert spec.rows[3 + 16 * 2 + 5] == ("", grid["r2d"][5], grid["r2y"][2], grid["estimate"][2][5])


def test_the_targeting_curve_is_read_at_a_fifth() -> None:
    """At 20% the made curve is 0.016 above the effect on all."""
    assert "the 20% with the largest predicted effects" in one(targeting.specs(evidence())).alt
    assert "+1.60 percentage points" in one(targeting.specs(evidence())).alt


# --- design --------------------------------------------------------------------------------------------------------


def test_the_timeline_cuts_the_washout_from_the_window_after() -> None:
    """Two weeks of washout from the launch on; the third event lies outside."""
    spec = one(timeline.specs(launch()))
    said = {r[0]: r[2:] for r in spec.rows}
    assert said["washout"] == ("2026-07-06", "2026-07-13") and said["after"][0] == "2026-07-20"
    assert said["before"] == ("2026-03-30", "2026-06-29")
    assert sum(1 for r in spec.rows if r[0] == "event") == 2
    assert timeline.specs(opt_in()) == []


def test_the_calendar_has_a_row_a_cohort_and_one_for_the_never_treated() -> None:
    """16 units in three cohorts; a block design has no calendar."""
    spec = one(calendar.specs(evidence()))
    assert spec.rows == (("6 Jul 2026", 10), ("3 Aug 2026", 5), ("21 Sep 2026", 1), ("never", 23))
    assert calendar.specs(launch()) == []


def test_attrition_counts_each_reason_once() -> None:
    """The reading and the analysis report the same two drops; they are told once."""
    spec = one(attrition.specs(launch()))
    assert spec.rows == (
        ("read", "rows", 1092, ""),
        ("left out", "units", 1, "no row before the launch"),
        ("left out", "rows", 78, "washout: 2 weeks after the launch"),
        ("analysed", "rows", 1014, ""),
    )
    assert attrition.specs(organ_donations()) == []


def test_an_interval_method_of_segments_is_named() -> None:
    """Whether segments' intervals are simultaneous is the estimator's word, which the figure repeats."""
    result = evidence()
    first = result.headline.estimate
    assert first is not None
    said = tuple(
        replace(e, interval=Interval(e.value - 1, e.value + 1, 0.95, "simultaneous (max-t)"))
        if e.aggregation.startswith("segment:")
        else e
        for e in first.effects
    )
    findings = (replace(result.headline, said=replace(first, effects=said)), *result.findings[1:])
    from matplotlib.text import Text

    figure = one(segments.specs(replace(result, findings=findings))).draw("slide")
    texts = [t.get_text() for t in figure.findobj(Text) if isinstance(t, Text)]
    assert any("simultaneous (max-t)" in t for t in texts)


def test_benchmarks_too_close_for_a_letter_each_share_one_label() -> None:
    """Letters stay beside their marks; three or more in a row are a range."""
    near = {0: (0.1, 0.1), 1: (0.2, 0.15), 2: (0.4, 0.1), 4: (3.0, 2.0), 5: (0.7, 0.2)}
    assert contour_family._near(near) == [[0, 1, 2, 5], [4]]
    assert [contour_family._run(g) for g in ([0, 1, 2, 5], [4], [0, 1])] == ["A–C, F", "E", "A, B"]
