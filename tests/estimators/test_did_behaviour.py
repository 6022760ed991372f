"""What difference-in-differences does with designs: windows, washout, weights, clusters, ratios, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.errors import EstimatorRefusal


def launch(seed=0, *, n=40, t=8, start=5, effect=1.0, treated=15, ramp=False):
    """A long frame of a block launch with serial correlation and a known effect."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(n, 1)) * 3 + rng.normal(size=(1, t)) + rng.normal(size=(n, t)).cumsum(axis=1) * 0.3 + 10
    on = (np.arange(n) < treated)[:, None] & (np.arange(t) >= start)[None, :]
    size = effect * (np.arange(t)[None, :] - start + 1) if ramp else effect
    frame = pd.DataFrame(
        {
            "unit": np.repeat([f"q{i:02d}" for i in range(n)], t),
            "week": np.tile(np.arange(t), n),
            "y": (y + on * size).ravel(),
            "on": on.ravel().astype(int),
            "site": np.repeat(np.arange(n) // 2, t),
            "x": rng.normal(size=n * t),
            "tickets": rng.integers(20, 200, n * t),
        }
    )
    return frame


def panel(frame, **more):
    return ce.Panel.from_frame(frame, **{"unit": "unit", "time": "week", "outcome": "y", "treatment": "on", **more})


def did(frame, options=None, design=None, **roles):
    return ce.DifferenceInDifferences(**(options or {})).estimate(panel(frame, **roles), design)


def test_event_study_averages_to_the_headline():
    """With one launch date the gaps after it average to the overall effect, and the base period is the reference."""
    e = did(launch(ramp=True))
    gaps = [p.gap for p in e.path if p.post]
    assert np.mean(gaps) == pytest.approx(e.headline.value)
    assert [p.event for p in e.event_study.points if p.reference] == [-1]
    assert e.observed - e.counterfactual == pytest.approx(e.headline.value)
    assert e.effect("overall", "relative").value == pytest.approx(e.headline.value / e.counterfactual)


def test_washout_and_anticipation_leave_periods_out_of_the_headline_and_say_so():
    """Washed-out and anticipating periods stay in the figure, not in the number."""
    frame = launch(effect=2.0)
    e = did(frame, design=ce.Design(washout=2, anticipation=1))
    assert [p.period for p in e.path if p.excluded] == ["4", "5", "6"]
    kept = frame[~frame.week.isin([4, 5, 6])]
    assert e.headline.value == pytest.approx(did(kept).headline.value)
    assert e.event_study.base == -2
    assert any("washout" in d.reason for d in e.sample.dropped)


def test_windows_leave_periods_out_and_count_them():
    """Declared windows are applied and counted."""
    frame = launch()
    e = did(frame, design=ce.Design(pre=(2, 4), post=(5, 6)))
    assert e.headline.value == pytest.approx(did(frame[frame.week.between(2, 6)]).headline.value)
    assert any(d.what == "periods" and d.count == 3 for d in e.sample.dropped)


def test_covariates_go_through_the_row_engine_and_change_little_when_irrelevant():
    """An irrelevant covariate hardly moves the estimate; the row engine's errors keep the convention."""
    frame = launch()
    plain, adjusted = did(frame), did(frame, covariates=["x"])
    assert adjusted.headline.value == pytest.approx(plain.headline.value, abs=0.1)
    assert adjusted.headline.std_error == pytest.approx(plain.headline.std_error, rel=0.1)


def test_fixed_effects_are_absorbed():
    """A further effect by site and week equals adding its dummies as covariates."""
    frame = launch(treated=15)
    frame["site_week"] = (frame.site // 5).astype(str) + "-" + frame.week.astype(str)
    e = ce.DifferenceInDifferences(fixed_effects=("site_week",)).estimate(panel(frame, fixed_effects=["site_week"]))
    dummies = pd.get_dummies(frame.site_week, dtype=float)
    unit, week = pd.get_dummies(frame.unit, dtype=float), pd.get_dummies(frame.week, dtype=float)
    x = np.column_stack([frame.on, dummies, unit, week])
    assert e.headline.value == pytest.approx(np.linalg.lstsq(x, frame.y, rcond=None)[0][0], abs=1e-8)


def test_clusters_coarser_than_units():
    """Clustering at the site counts sites."""
    frame = launch(treated=16)
    e = did(frame, cluster="site")
    assert e.sample.n_clusters == 20 and "20 clusters" in e.inference


def test_ratio_metric_is_the_difference_of_ratios_of_totals():
    """With two periods the effect is the double difference of sum(num)/sum(den); errors match the delta method."""
    frame = launch(t=2, start=1, n=60, treated=25)
    frame["den"] = frame.tickets
    frame["num"] = frame.y * frame.tickets
    e = ce.DifferenceInDifferences().estimate(
        ce.Panel.from_frame(
            frame, unit="unit", time="week", treatment="on", kind="ratio", numerator="num", denominator="den"
        )
    )
    frame["g"] = frame.groupby("unit").on.transform("max")
    cells = frame.groupby(["g", "week"])[["num", "den"]].sum()
    r = cells.num / cells.den
    assert e.headline.value == pytest.approx((r[1, 1] - r[1, 0]) - (r[0, 1] - r[0, 0]))
    z = frame.assign(
        psi=(frame.num - frame.den * [r[g, w] for g, w in zip(frame.g, frame.week, strict=True)])
        / [cells.den[g, w] for g, w in zip(frame.g, frame.week, strict=True)]
    )
    z["signed"] = z.psi * np.where(z.week == 1, 1, -1)
    by_unit = z.groupby("unit").signed.sum()
    n, k = len(frame), 4
    assert e.headline.std_error == pytest.approx(np.sqrt((by_unit**2).sum() * 60 / 59 * (n - 1) / (n - k)))
    total = e.effect("overall", "cumulative")
    assert total.value == pytest.approx(e.headline.value * frame[(frame.g == 1) & (frame.week == 1)].den.sum())


def test_ratio_metric_with_few_treated_units_is_permuted():
    """Six of 41 queues and a ratio metric: p and interval come from permuting which six."""
    frame = launch(n=41, treated=6, t=6, start=4)
    frame["num"] = frame.y * frame.tickets
    data = ce.Panel.from_frame(
        frame, unit="unit", time="week", treatment="on", kind="ratio", numerator="num", denominator="tickets"
    )
    e = ce.DifferenceInDifferences().estimate(data)
    assert "randomisation inference over 5,000 random assignments" in e.inference
    assert e.headline.interval.low < e.headline.value < e.headline.interval.high
    assert e == ce.DifferenceInDifferences().estimate(data)


def test_weights_constant_in_units_weight_the_groups():
    """Unit-constant weights give the weighted mean change of each group."""
    frame = launch()
    frame["size"] = frame.unit.str[1:].astype(int) % 5 + 1
    e = did(frame, weights="size")
    change = frame.groupby("unit").apply(
        lambda u: u.y[u.week >= 5].mean() - u.y[u.week < 5].mean(), include_groups=False
    )
    size, on = frame.groupby("unit")["size"].first(), frame.groupby("unit").on.max() > 0
    want = np.average(change[on], weights=size[on]) - np.average(change[~on], weights=size[~on])
    assert e.headline.value == pytest.approx(want)


def test_unbalanced_panels_equal_the_dummy_regression():
    """Missing rows go through the same exact engine."""
    frame = launch().sample(frac=0.85, random_state=1)
    e = did(frame)
    x = np.column_stack([frame.on, pd.get_dummies(frame.unit, dtype=float), pd.get_dummies(frame.week, dtype=float)])
    assert e.headline.value == pytest.approx(np.linalg.lstsq(x, frame.y, rcond=None)[0][0], abs=1e-9)


def test_a_unit_without_a_row_at_the_launch_adopts_with_the_others():
    """A missing row in the launch period dates the unit like the rest: one rollout, not a staggered one."""
    frame = launch()
    gappy = frame[~((frame.unit == "q03") & frame.week.isin([5, 6])) & ~((frame.unit == "q04") & (frame.week < 7))]
    found = panel(gappy)
    assert found.starts() == (5,) and "2 units have no row around their adoption" in " ".join(found.notes)
    assert ce.DifferenceInDifferences().estimate(found).estimand == "att"


def test_wild_bootstrap_option_replaces_p_and_interval():
    """vcov = "wild": same estimate, p and interval from the bootstrap, in every row."""
    frame = launch(n=12, treated=6, t=5, start=3)
    plain, wild = did(frame, cluster="unit"), did(frame, {"vcov": "wild"})
    assert wild.headline.value == pytest.approx(plain.headline.value)
    assert "wild cluster bootstrap" in wild.inference and "wild cluster bootstrap" in wild.headline.interval.method
    assert wild.headline.interval.low < wild.headline.value < wild.headline.interval.high
    assert all(e.interval is None or "wild" in e.interval.method for e in wild.effects)


def test_a_sign_in_the_data_turns_the_sign_of_the_answer():
    """Minus the outcome gives minus the effect with the ends of the interval swapped."""
    frame = launch()
    up, down = did(frame).headline, did(frame.assign(y=-frame.y)).headline
    assert down.value == pytest.approx(-up.value)
    assert down.interval.low == pytest.approx(-up.interval.high)


def test_the_callers_frame_is_left_alone():
    """Nothing is written into the frame, and its order does not matter to the last bit."""
    frame = launch()
    before = pd.util.hash_pandas_object(frame).sum()
    one = did(frame)
    two = did(frame.sample(frac=1, random_state=9)[sorted(frame.columns, reverse=True)])
    assert pd.util.hash_pandas_object(frame).sum() == before
    assert one == two


@pytest.mark.parametrize(
    ("design", "code"),
    [(ce.Design(anticipation=9), "E401"), (ce.Design(washout=9), "E401"), (ce.Design(pre=(7, 7)), "E401")],
)
def test_a_design_without_pre_or_post_is_refused(design, code):
    """No pre- or post-period is a refusal with its reason, not a number."""
    with pytest.raises(EstimatorRefusal) as caught:
        did(launch(), design=design)
    assert caught.value.code == code and caught.value.hint


def test_a_fixed_effect_that_repeats_the_treatment_is_refused():
    """E402 says what to drop."""
    frame = launch()
    frame["gw"] = (frame.unit.str[1:].astype(int) < 15).astype(str) + frame.week.astype(str)
    with pytest.raises(EstimatorRefusal) as caught:
        ce.DifferenceInDifferences(fixed_effects=("gw",)).estimate(panel(frame, fixed_effects=["gw"]))
    assert caught.value.code == "E402"


def test_naive_gives_both_dashboard_answers():
    """Before/after and treated/untreated, each with clustered errors, and the statement that it is a reference."""
    frame = launch()
    e = ce.Naive().estimate(panel(frame))
    treated = frame[frame.groupby("unit").on.transform("max") == 1]
    assert e.headline.value == pytest.approx(treated[treated.week >= 5].y.mean() - treated[treated.week < 5].y.mean())
    after = frame[frame.week >= 5]
    other = after[after.groupby("unit").on.transform("max") == 1].y.mean() - after[after.on == 0].y.mean()
    assert e.effect("overall:treated_untreated").value == pytest.approx(other)
    assert "reference" in e.notes[0].lower()


def test_naive_on_a_cross_section_is_the_difference_of_means():
    """With HC1-like errors: equal to the regression on the treatment."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"d": rng.integers(0, 2, 500), "e": rng.normal(size=500)})
    frame["y"] = frame.d * 2 + frame.e
    e = ce.Naive().estimate(ce.CrossSection.from_frame(frame, treatment="d", outcome="y"))
    a, b = frame.y[frame.d == 1], frame.y[frame.d == 0]
    assert e.headline.value == pytest.approx(a.mean() - b.mean())
    want = np.sqrt((a.var(ddof=0) / len(a) + b.var(ddof=0) / len(b)) * 500 / 498)
    assert e.headline.std_error == pytest.approx(want)


def test_coverage_bias_and_size_of_the_clustered_interval():
    """600 simulated launches, 40 serially correlated units: no bias, 95% coverage and 5% size within Monte Carlo error."""
    from causal_eval.inference.difference import Windows, from_units
    from causal_eval.inference.effects import t_test

    rng = np.random.default_rng(8)
    windows = Windows(np.arange(8) < 5, np.arange(8) >= 5, 4)
    treated, runs = np.arange(40) < 15, 600
    values, covered, rejected = [], 0, 0
    for _ in range(runs):
        y = rng.normal(size=(40, 1)) + rng.normal(size=(40, 8)).cumsum(axis=1)
        null = from_units(
            y, np.ones_like(y), treated, np.arange(40), windows, vcov="cluster", nested=True, events=False
        )
        test = t_test(float(null.static.coef[0]), float(null.static.std_error[0]), null.static.df, 0.95)
        values.append(float(null.static.coef[0]))
        covered += test.low <= 0 <= test.high
        rejected += test.p_value < 0.05
    error = np.sqrt(0.95 * 0.05 / runs)
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(runs)
    assert abs(covered / runs - 0.95) < 3 * error + 0.005
    assert rejected == runs - covered, "p-value and interval come from the same procedure"


def test_a_naive_comparison_of_too_few_clusters_names_no_procedure():
    """One treated unit before and after: no error, and no "t with 0 degrees of freedom" beside it."""
    frame = pd.DataFrame(
        [(u, t, u + t + 2.0 * (u == 0 and t > 1), 2.0 if u == 0 else np.inf) for u in range(6) for t in range(4)],
        columns=["u", "t", "y", "g"],
    )
    e = ce.Naive().estimate(ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", first_treated="g"))
    assert e.headline.std_error is None and e.inference == "none: too few clusters for an error"
