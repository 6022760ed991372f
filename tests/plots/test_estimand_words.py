"""An effect on everybody is not told as one on the treated, and no estimand is shown by its code name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.plots.families.levels import level_series, levels_figure
from causal_eval.plots.names import estimand_name, estimand_tag
from tests.support.sample_result import opt_in


def people(shift: float = 1.0) -> ce.CrossSection:
    rng = np.random.default_rng(3)
    x = rng.normal(size=600)
    d = (rng.random(600) < 1 / (1 + np.exp(-shift * x))) * 1
    frame = pd.DataFrame({"x": x, "d": d, "y": d + x + rng.normal(size=600) + 9})
    return ce.CrossSection.from_frame(frame, treatment="d", outcome="y", covariates=["x"])


@pytest.mark.parametrize(
    ("model", "tag"),
    [
        (ce.OutcomeRegression(), "ATT"),
        (ce.PropensityMatching(caliper=0.001, replace=False), "matched ATT"),
        (ce.Weighting(trim=0.2), "trimmed ATT"),
        (ce.Weighting(kind="overlap"), "ATO"),
        (ce.Naive(), "treated and untreated"),
    ],
)
def test_every_estimand_has_words(model, tag):
    """Also one that matching or trimming has renamed."""
    estimate = model.estimate(people(2.0))
    assert estimand_tag(estimate) == tag
    assert "_" not in estimand_name(estimate) and estimand_name(estimate) != estimate.estimand


def test_both_levels_of_an_average_effect_are_estimates():
    """Only for an effect on the treated is the level with the launch one that was observed."""
    result = opt_in()
    metric = result.metrics[0].name
    estimate = ce.OutcomeRegression().estimate(people())
    att = levels_figure(level_series(result, estimate, metric), "headline")
    ate = levels_figure(level_series(result, replace(estimate, estimand="ate"), metric), "headline")
    assert "the treated group" in att.long_description and att.rows[0][0] == "Observed"
    assert "treated group" not in ate.long_description + ate.alt and ate.rows[0][0] == "With the launch (estimated)"
