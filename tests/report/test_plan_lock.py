"""The locked plan in the write-up: banner, question, tables; and through JSON."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sample_result

from causal_eval.report.build import build
from causal_eval.report.renderers import md
from causal_eval.report.sections import plan
from causal_eval.results import io
from causal_eval.results.types import Amendment, Change, PlanLock, StudyResult

CHANGE = Change("metrics.resolved.min_effect.relative", "0.02", "0.01")
LOCK = PlanLock("2026-06-01T09:00:00Z", "", "0.1.0", after_data=False, same_data=False)


def locked(lock: PlanLock | None) -> StudyResult:
    return replace(sample_result.launch(), plan_lock=lock)


@pytest.mark.parametrize(
    ("lock", "mark", "words"),
    [
        (None, None, "Not locked."),
        (LOCK, "Locked plan kept", "Locked on 1 Jun 2026, when the data were not there yet. This run keeps to it."),
        (replace(LOCK, deviations=(CHANGE,)), "1 deviation from the locked plan", "1 setting differs from it here."),
        (replace(LOCK, after_data=True), "Locked plan kept", "The data are not the ones it was locked with."),
        (replace(LOCK, amendments=(Amendment("2026-08-03T10:00:00Z", "asked", (CHANGE,), True),)),
         "Amended plan kept", "Amended once since. This run keeps to it."),
    ],
)  # fmt: skip
def test_banner_and_question_say_how_the_run_stands_to_its_plan(
    lock: PlanLock | None, mark: str | None, words: str
) -> None:
    result = locked(lock)
    made = plan.mark(result)
    assert (made and made.word) == mark
    assert words in plan.words(result)
    text = md.fragment(build(result))
    assert (mark or "Not locked.") in text


def test_deviations_and_amendments_are_shown_with_both_values() -> None:
    amended = Amendment("2026-08-03T10:00:00Z", "the review asked for it", (CHANGE,), True)
    first, second = plan.tables(replace(LOCK, amendments=(amended,), deviations=(CHANGE,)))
    assert "Deviations" in first.caption  # type: ignore[union-attr]
    assert second.caption == "Amended 3 Aug 2026, after the data were there: The review asked for it."  # type: ignore[union-attr]
    assert plan.tables(LOCK) == [] == plan.tables(None)


def test_a_lock_survives_json_and_older_results_have_none() -> None:
    result = locked(replace(LOCK, deviations=(CHANGE,)))
    assert io.from_json(io.to_json(result)) == result
    older = io.to_json(locked(None)).replace(' "plan_lock": null,\n', "")
    assert "plan_lock" not in older and io.from_json(older).plan_lock is None
