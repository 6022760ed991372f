"""Each check has a world where it passes, one where it objects, and one where it cannot speak."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from panels import redrawn

import causal_eval as ce
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.checks import placebo_in_time
from causal_eval.diagnostics.thresholds import Thresholds


def world(*, drift=0.0, n=40, t=9, start=6, treated=16, missing=0.0, seed=3):
    rng = np.random.default_rng(seed)
    on = (np.arange(n) < treated)[:, None] & (np.arange(t) >= start)[None, :]
    y = rng.normal(size=(n, 1)) + rng.normal(size=(n, t)) * 0.5 + on
    y = y + drift * (np.arange(n) < treated)[:, None] * np.arange(t)[None, :]
    frame = pd.DataFrame(
        {"u": np.repeat(np.arange(n), t), "t": np.tile(np.arange(t), n), "y": y.ravel(), "d": on.ravel() * 1}
    )
    gone = (frame.u < treated) & (frame.t >= start + 1) & (rng.random(len(frame)) < missing)
    return frame[~gone]


def check(name, frame, options=None, design=None, data=None, **roles):
    data = data or ce.Panel.from_frame(frame, **{"unit": "u", "time": "t", "outcome": "y", "treatment": "d", **roles})
    design, estimator = design or ce.Design(), ce.DifferenceInDifferences(**(options or {}))
    rng = np.random.default_rng(0)
    fitted = Fitted(data, design, estimator, estimator.estimate(data, design, rng=rng))
    return CHECKS.get(name)().check(fitted, Thresholds(), rng=rng)


def test_pre_trends_pass_with_power_and_fail_on_drift():
    """The reading of a pass states the drift it could have seen; a drift is seen."""
    good = check("pre_trends", world())
    assert good.verdict == "pass" and "four times in five" in good.reading
    assert good.details["smallest_slope"] > 0 and good.threshold == 0.05
    bad = check("pre_trends", world(drift=0.3))
    assert bad.verdict == "fail" and bad.p_value < 0.01


def test_pre_trends_with_one_treated_unit_uses_the_assignments():
    """With one treated unit the leads are compared with the other units' leads."""
    found = check("pre_trends", world(treated=1, n=30))
    assert "other assignments" in found.statistic_name and found.p_value >= 1 / 30
    drift = check("pre_trends", world(treated=1, n=30, drift=3.0))
    assert drift.p_value == pytest.approx(1 / 30) and drift.verdict == "warn"


def test_pre_trends_cannot_speak_with_one_pre_period_or_without_event_study():
    """Not run is said with the reason."""
    assert check("pre_trends", world(t=3, start=1)).verdict == "not_run"
    assert check("pre_trends", world(), {"event_study": False}).verdict == "not_run"


def test_the_stated_slope_is_seen_as_often_as_stated():
    """A drift of the size the reading names is rejected in about four of five fresh worlds."""
    base = ce.Panel.from_frame(world(), unit="u", time="t", outcome="y", treatment="d")

    def found(**more):
        return check("pre_trends", None, data=redrawn(base, outcome=world(**more).y.to_numpy().reshape(40, 9)))

    assert found(seed=1) == check("pre_trends", world(seed=1)) != found(seed=2)
    slope = np.median([found(seed=s).details["smallest_slope"] for s in range(6)])
    seen = [found(seed=100 + s, drift=float(slope)).p_value < 0.05 for s in range(40)]
    assert 0.58 <= np.mean(seen) <= 0.97


def test_placebo_in_time():
    """Nothing at made-up dates passes; a drift shows; one pre-period cannot be split."""
    good = check("placebo_in_time", world())
    assert good.verdict == "pass" and len(good.details["dates"]) == 5
    assert check("placebo_in_time", world(drift=0.5)).verdict == "fail"
    assert check("placebo_in_time", world(t=3, start=1)).verdict == "not_run"


def test_placebo_dates_never_use_rows_after_the_launch():
    """A huge effect after the launch leaves the placebo estimates as they were."""
    frame = world()
    loud = frame.assign(y=frame.y + 100 * frame.d)
    assert check("placebo_in_time", loud).details == check("placebo_in_time", frame).details


def test_clusters():
    """Many pass, fewer than 30 warn, one treated warns and names the procedure."""
    assert check("clusters", world()).verdict == "pass"
    assert check("clusters", world(n=24, treated=10)).verdict == "warn"
    few = check("clusters", world(n=30, treated=1))
    assert few.verdict == "warn" and "randomisation" in few.reading


def test_few_mixed_clusters_fail():
    """Eight clusters that hold treated and control units alike cannot be permuted: the check fails."""
    frame = world()
    frame["site"] = frame.u % 8
    assert check("clusters", frame, cluster="site").verdict == "fail"


def test_composition():
    """A full panel passes; treated units that go missing after the launch are noticed."""
    assert check("composition", world()).verdict == "pass"
    bad = check("composition", world(missing=0.3))
    assert bad.verdict == "warn" and bad.statistic > 0.02


def test_composition_of_a_repeated_cross_section():
    """Group shares are compared; a treated group that doubles is noticed."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"t": rng.integers(0, 4, 4000), "g": rng.random(4000) < 0.3, "y": rng.normal(size=4000)}
    ).astype({"g": int})
    roles = {"unit": None, "treatment": None, "group": "g", "launch": 2}
    assert check("composition", frame, **roles).verdict == "pass"
    more = pd.concat([frame, frame[(frame.g == 1) & (frame.t >= 2)]])
    assert check("composition", more, **roles).verdict == "warn"


@pytest.mark.parametrize("name", list(CHECKS.plugins()))
def test_every_check_says_what_it_asks_and_what_would_break(name):
    """A card with a question and a remedy; the registry name is the file's."""
    info = CHECKS.get(name).info
    assert info.name == name and info.question.endswith("?") and info.breaks.endswith(".")


def rollout_world(*, drift=0.0, never=20, seed=5):
    """Cohorts of 12 at 4, 6 and 8 of 10 periods and ``never`` untreated units; ``drift`` is the cohort of 8's own."""
    rng = np.random.default_rng(seed)
    start = np.repeat([4.0, 6.0, 8.0, np.inf], [12, 12, 12, never])
    n, t = len(start), np.arange(10)
    y = rng.normal(size=(n, 1)) + rng.normal(size=(n, 10)) * 0.5 + (t >= start[:, None])
    y = y + drift * (start == 8)[:, None] * t
    return pd.DataFrame(
        {"u": np.repeat(np.arange(n), 10), "t": np.tile(t, n), "y": y.ravel(), "d": (t >= start[:, None]).ravel() * 1}
    )


def placebo_of_rollout(frame):
    data = ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", treatment="d")
    estimator, rng = ce.StaggeredDiD(), np.random.default_rng(0)
    fitted = Fitted(data, ce.Design(), estimator, estimator.estimate(data, rng=rng))
    return CHECKS.get("placebo_in_time")().check(fitted, Thresholds(), rng=rng)


def test_placebo_cohorts_of_a_rollout():
    """Each cohort gets launches that did not happen; the one that drifts is named; after a launch nothing is used."""
    good = placebo_of_rollout(rollout_world())
    assert good.verdict == "pass" and len(good.details["dates"]) == 3 + 5 + 7
    bad = placebo_of_rollout(rollout_world(drift=0.4))
    assert bad.verdict == "fail" and "(cohort 8)" in bad.reading
    loud = rollout_world()
    loud["y"] += 50 * loud.d
    assert placebo_of_rollout(loud).details == good.details


def test_placebo_cohorts_need_never_treated_units():
    """Without them every control of a made-up launch is itself treated soon: not run, with the reason."""
    found = placebo_of_rollout(rollout_world(never=0))
    assert found.verdict == "not_run" and "never-treated" in found.reading


@pytest.mark.parametrize(
    ("ratio", "said"),
    [(0.2, "20% of"), (1.57, "157% of"), (2.4, "2.4 times"), (27.43, "27 times"), (2743.0, "2,743 times")],
)
def test_a_made_up_effect_is_told_against_the_headline_in_words_that_can_be_read(ratio: float, said: str) -> None:
    """Per cent up to double; 2743% is not a size that anybody sees."""
    assert placebo_in_time._against(ratio) == said
