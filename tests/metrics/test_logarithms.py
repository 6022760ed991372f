"""Metrics in logarithms: taken here, or by whoever made the column."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import causal_eval as ce
from causal_eval.spec.models import MetricSpec


@pytest.fixture(scope="module")
def frame() -> Any:
    """A block launch; ``ln_y`` is the logarithm of ``y``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from causal_eval.worlds.queues import support_queues

        data = support_queues(seed=3).frame.copy()
    data["y"] = data["handle_minutes"] / data["tickets"]
    data["ln_y"] = np.log(data["y"])
    return data


def study(**metric: Any) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "study": {"id": "s", "title": "t", "question": "q"},
        "roles": {"unit": "queue_id", "time": "week", "treatment": "routing_on"},
        "metrics": [{"better": "lower", **metric}],
        "estimators": [{"method": "did"}],
        "diagnostics": {"skip": ["pre_trends", "placebo_in_time", "sensitivity", "equivalence", "leave_one_out"]},
    }


def headline(frame: Any, **metric: Any) -> Any:
    estimate = ce.run(study(**metric), frame=frame).headline.estimate
    assert estimate is not None
    return estimate


def test_a_logarithm_that_is_taken_already_gives_the_same_effects_as_one_taken_here(frame: Any) -> None:
    here, before = headline(frame, name="y", log=True), headline(frame, name="ln_y", log="taken")
    assert before.headline.value == pytest.approx(here.headline.value, abs=1e-12)
    one, other = here.effect("overall", "relative"), before.effect("overall", "relative")
    assert one is not None and other is not None
    assert other.value == pytest.approx(np.expm1(before.headline.value)) == pytest.approx(one.value)


def test_a_metric_that_reads_like_a_logarithm_has_no_relative_effect_until_its_author_says_what_it_is(
    frame: Any,
) -> None:
    unsaid = headline(frame, name="ln_y")
    assert [e for e in unsaid.effects if e.scale == "relative"] == []
    assert any('log = "taken"' in n for n in unsaid.notes)
    plain = headline(frame, name="ln_y", log=False)
    assert plain.effect("overall", "relative") is not None and not any("taken" in n for n in plain.notes)


@pytest.mark.parametrize(
    ("words", "like"),
    [({"name": "ln_wage"}, True), ({"name": "log_wage"}, True), ({"name": "y", "label": "Log weeks of benefits"}, True),
     ({"name": "y", "units": "log points"}, True), ({"name": "y", "label": "Wage (log)"}, True), ({"name": "wage_ln"}, True),
     ({"name": "y", "label": "Natural logarithm of pay"}, True), ({"name": "logins"}, False), ({"name": "blog_views"}, False),
     ({"name": "y", "label": "Catalog orders"}, False), ({"name": "backlog"}, False), ({"name": "ln_wage", "log": False}, False)],
)  # fmt: skip
def test_which_names_read_like_a_logarithm(words: dict[str, Any], like: bool) -> None:
    assert MetricSpec(**words).reads_like_log is like
