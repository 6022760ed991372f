"""The sensitivity check: it stands, it warns, it has nothing to break down, or it says why it cannot speak."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.thresholds import Thresholds
from causal_eval.inference.honest import relative_magnitudes


def fitted(*, effect=5.0, n=40, t=9, start=6, treated=16, design=None, seed=3):
    rng = np.random.default_rng(seed)
    on = (np.arange(n) < treated)[:, None] & (np.arange(t) >= start)[None, :]
    y = rng.normal(size=(n, 1)) + rng.normal(size=(n, t)) * 0.5 + effect * on
    frame = pd.DataFrame(
        {"u": np.repeat(np.arange(n), t), "t": np.tile(np.arange(t), n), "y": y.ravel(), "d": on.ravel() * 1}
    )
    data = ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", treatment="d")
    design, estimator = design or ce.Design(), ce.DifferenceInDifferences()
    return Fitted(data, design, estimator, estimator.estimate(data, design, rng=np.random.default_rng(0)))


def check(one, **changes):
    """On ``one``, its event study changed."""
    if changes:
        study = replace(one.estimate.event_study, **changes)
        one = replace(one, estimate=replace(one.estimate, event_study=study))
    return CHECKS.get("sensitivity")().check(one, Thresholds(), rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def clear():
    return fitted()


def test_a_large_effect_stands_and_the_details_hold_the_sets(clear):
    """Pass above 1, with the breakdown value in words and numbers; wider sets for larger departures."""
    found = check(clear)
    assert found.verdict == "pass" and not found.gate and found.threshold == 1.0
    value = found.details["breakdown_mbar"]
    assert found.statistic == value and 1 < value < 5
    assert f"breakdown {int(value * 100) / 100:.3g}." in found.reading and "stays above zero" in found.reading
    sets = np.array(found.details["relative_magnitudes"])
    assert list(sets[:, 0]) == [0.5, 1.0, 1.5, 2.0]
    assert (np.diff(sets[:, 1]) < 0).all() and (np.diff(sets[:, 2]) > 0).all()
    assert ((sets[:, 1] > 0) == (sets[:, 0] < value)).all()
    smooth = np.array(found.details["smoothness"])
    assert smooth[0, 0] == 0 and (np.diff(smooth[:, 2] - smooth[:, 1]) > 0).all()
    assert found.details["breakdown_m"] > 0
    assert "leads" not in found.reading


def test_the_sets_are_of_the_average_effect(clear):
    """The coefficients reach the sets in order of time, with the event study's weights."""
    study = clear.estimate.event_study
    points = [p for p in study.points if not p.reference]
    n_pre = sum(p.event < study.base for p in points)
    low, high = relative_magnitudes(
        [p.value for p in points], study.covariance, n_pre, len(points) - n_pre, [1 / 3] * 3, 1.0, level=study.level
    )
    assert check(clear).details["relative_magnitudes"][1] == pytest.approx([1.0, low, high])


def test_every_event_time_has_a_set_of_its_own_except_those_that_do_not_count(clear):
    """Of one coefficient at a time, wider the later it is; washout has none, and twelve are the most."""
    study = clear.estimate.event_study
    points = [p for p in study.points if not p.reference]
    n_pre = sum(p.event < study.base for p in points)
    found = check(clear).details["by_event"]
    assert [row[0] for row in found] == [p.event for p in points[n_pre:]]
    for k, (_, low, high) in enumerate(found):
        alone = np.eye(len(points) - n_pre)[k]
        beta = [p.value for p in points]
        expected = relative_magnitudes(beta, study.covariance, n_pre, len(alone), alone, 1.0, level=study.level)
        assert (low, high) == pytest.approx(expected)
        assert low < points[n_pre + k].low and points[n_pre + k].high < high
    assert (np.diff([high - low for _, low, high in found]) > 0).all()
    assert [row[0] for row in check(fitted(design=ce.Design(washout=1))).details["by_event"]] == [1, 2]
    assert [row[0] for row in check(fitted(t=24, start=6)).details["by_event"]] == list(range(12))


def test_a_small_effect_warns_and_a_huge_one_never_breaks():
    """Below 1 is a warning; above the most looked at has no number; a negative effect stays below zero."""
    weak = check(fitted(effect=1.0))
    assert weak.verdict == "warn" and 0 < weak.statistic < 1
    huge = check(fitted(effect=50.0))
    assert huge.verdict == "pass" and huge.details["breakdown_mbar"] is None and "breakdown above 5" in huge.reading
    assert huge.statistic == 5.0
    assert "stays below zero" in check(fitted(effect=-5.0)).reading


def test_nothing_to_break_down():
    """An interval that includes zero already is no pass; the set at mbar = 1 is stated."""
    found = check(fitted(effect=0.0))
    assert found.verdict == "not_run" and "includes zero already" in found.reading
    assert found.statistic is None
    assert len(found.details["relative_magnitudes"]) == 4


def test_a_headline_that_the_base_period_alone_does_not_carry(clear):
    """A significant headline whose event study includes zero under parallel trends breaks down at 0."""
    points = tuple(p if p.reference else replace(p, value=0.01) for p in clear.estimate.event_study.points)
    found = check(clear, points=points)
    assert found.verdict == "warn" and found.statistic == 0.0 and "even under parallel trends" in found.reading


def test_many_leads_are_cut_to_the_nearest_eight():
    """And said so."""
    found = check(fitted(n=60, t=16, start=13))
    assert found.details["leads"] == 8 and "Of 12 leads it uses the 8" in found.reading


def test_thin_event_times_lose_their_weight(clear):
    """A thin last period leaves the average to the others; a thin lead ends the run of leads."""
    study = clear.estimate.event_study
    last = max(p.event for p in study.points)
    found = check(clear, points=tuple(replace(p, thin=p.event == last) for p in study.points))
    assert "33% of the headline's average" in found.reading
    two = [p for p in study.points if 0 <= p.event < last]
    low, high = found.details["no_departure"]
    assert (low + high) / 2 == pytest.approx(np.mean([p.value for p in two]))
    cut = check(clear, points=tuple(replace(p, thin=p.event == study.base - 3) for p in study.points))
    assert cut.details["leads"] == 2 and "Of 4 leads it uses the 2" in cut.reading


def test_periods_the_headline_leaves_out_have_no_weight():
    """With washout and anticipation the base is earlier; what lies between it and the headline counts as distance."""
    plain = check(fitted(t=12, start=7))
    spaced = check(fitted(t=12, start=7, design=ce.Design(washout=1, anticipation=1)))
    assert spaced.verdict in {"pass", "warn"} and spaced.statistic < plain.statistic


def test_it_says_why_it_cannot_speak(clear):
    """No event study, permuted assignments, no covariance, no lead, a gap after the base, coefficients without error."""
    study = clear.estimate.event_study
    none = replace(clear, estimate=replace(clear.estimate, event_study=None))
    q = len(study.covariance)
    zero = tuple((0.0,) * q for _ in range(q))
    lead = tuple(replace(p, excluded=p.event == study.base - 1) for p in study.points)
    gap = tuple(replace(p, event=p.event + (p.event >= 0)) for p in study.points)
    for found, words in (
        (check(none), "no event study"),
        (check(fitted(treated=1, n=30)), "permuting"),
        (check(clear, covariance=()), "no covariance"),
        (check(clear, post_weights=()), "no covariance"),
        (check(fitted(t=3, start=1)), "no lead"),
        (check(clear, points=lead), "no lead"),
        (check(clear, points=gap), "without a gap"),
        (check(clear, covariance=zero), "no error"),
    ):
        assert found.verdict == "not_run" and words in found.reading, found.reading


def test_a_rank_deficient_covariance_leaves_smoothness_out(clear):
    """Relative magnitudes rest on two numbers at a time and stay."""
    study = clear.estimate.event_study
    root = np.linalg.cholesky(np.array(study.covariance))[:, :4]
    cov = root @ root.T + 1e-14 * np.eye(len(root))
    found = check(clear, covariance=tuple(tuple(float(v) for v in row) for row in cov))
    assert found.details["smoothness"] == [] and "full rank" in found.details["smoothness_reason"]
    assert len(found.details["relative_magnitudes"]) == 4
