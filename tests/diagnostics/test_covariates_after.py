"""Covariates of a panel that the launch itself moves are noticed, and said to be harmful where they are adjusted for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.thresholds import Thresholds
from causal_eval.results.types import Diagnostic


def world(moves: float, *, varies: bool = True) -> pd.DataFrame:
    """Sixty units, eight weeks, half of them treated from week 4; ``calls`` moves with the launch."""
    rng = np.random.default_rng(6)
    unit, week = (a.ravel() for a in np.meshgrid(np.arange(60), np.arange(8), indexing="ij"))
    on = ((unit % 2 == 1) & (week >= 4)).astype(int)
    level = rng.normal(size=60)[unit]
    calls = level + (moves * on + rng.normal(size=len(unit)) if varies else 0.0)
    y = level + 0.5 * calls + on + rng.normal(size=len(unit))
    return pd.DataFrame({"unit": unit, "week": week, "on": on, "calls": calls, "size": level, "y": y})


def check(frame: pd.DataFrame, model: Any, covariates: list[str]) -> Diagnostic:
    data = ce.Panel.from_frame(frame, unit="unit", time="week", treatment="on", outcome="y", covariates=covariates)
    fitted = Fitted(data, ce.Design(), model, model.estimate(data))
    found: Diagnostic = CHECKS.get("composition")().check(fitted, Thresholds(), rng=np.random.default_rng(0))
    return found


def test_a_covariate_that_the_launch_moves_is_a_warning_where_rows_after_it_are_adjusted_for() -> None:
    found = check(world(1.0), ce.DifferenceInDifferences(), ["calls", "size"])
    assert found.verdict == "warn"
    assert "Covariates moved with the launch: `calls` by" in found.reading and "`size`" not in found.reading
    assert "give their values before the launch instead" in found.reading


@pytest.mark.parametrize(
    "model", [ce.OutcomeRegression(), ce.Weighting(), ce.StaggeredDiD()], ids=lambda m: m.info.name
)
def test_methods_that_use_values_before_the_launch_only_say_so(model: Any) -> None:
    """Opt-in estimators on a panel and staggered difference-in-differences: noticed, and harmless."""
    found = check(world(1.0), model, ["calls"])
    assert found.verdict == "pass"
    assert "Covariates moved with the launch: `calls`" in found.reading
    assert "Only their values before the launch are adjusted for." in found.reading


def test_what_is_said_of_values_before_the_launch_is_so() -> None:
    """Whatever the covariate is after the launch, these estimates do not change."""
    frame = world(1.0)
    other = frame.assign(calls=frame.calls.where(frame.week < 4, frame.calls + 5 * frame.on + frame.unit))
    for model in (ce.OutcomeRegression(), ce.Weighting(), ce.StaggeredDiD()):
        values = [
            model.estimate(
                ce.Panel.from_frame(f, unit="unit", time="week", treatment="on", outcome="y", covariates=["calls"])
            ).headline.value
            for f in (frame, other)
        ]
        assert values[0] == pytest.approx(values[1], abs=1e-12)


def test_covariates_that_change_over_time_and_not_with_the_launch_pass() -> None:
    found = check(world(0.0), ce.DifferenceInDifferences(), ["calls"])
    assert found.verdict == "pass" and "show no change with the launch" in found.reading


def test_covariates_that_never_change_are_not_spoken_of() -> None:
    found = check(world(0.0, varies=False), ce.StaggeredDiD(), ["size"])
    assert found.reading == "Every unit is measured in every period."
