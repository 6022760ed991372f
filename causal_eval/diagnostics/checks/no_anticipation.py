"""Did units react before the launch? The estimate without the last period before it, and that period's own gap.

The base period of an event study carries a reaction that comes just before the launch into every other period. So the
anticipation window is made one period wider: the base moves back, and the old base period becomes a lead to be tested.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import INAPPLICABLE, Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num, p_text

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Estimate, EventPoint, Json, Verdict


class NoAnticipation:
    """Refit with one more period of anticipation."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "no_anticipation",
        "no_anticipation",
        "Did units react in the last period before the launch?",
        "A reaction before the launch is taken for the level before it, and biases the effect: set design.anticipation to "
        "the periods in which the launch was known or could be prepared for.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """The test of the old base period against the one before it, and how far the headline moves."""
        from causal_eval.data.contract import Panel
        from causal_eval.errors import EstimatorRefusal

        if not isinstance(fitted.data, Panel):
            return diagnostic(
                self.info, "not_run", "There is no time before the treatment in this data.", details=INAPPLICABLE
            )
        design = replace(fitted.design, anticipation=fitted.design.anticipation + 1)
        try:
            wider = fitted.again(fitted.data, design, rng=rng)
        except EstimatorRefusal as e:
            reason = f"The last period before the launch cannot be left out: {e.message}."
            return diagnostic(self.info, "not_run", reason)
        head, other = fitted.estimate.headline.value, wider.headline.value
        moved = other - head
        details: dict[str, Json] = {"headline": head, "without_last_period": other, "moved": moved}
        if fitted.design.anticipation:
            what = f"Without one more period before the {_spelled(fitted.design.anticipation)} already left out"
        else:
            what = "Without the last period before the launch"
        said = f"{what} the headline moves from {num(head)} to {num(other)}, by {num(abs(moved))}"
        if num(head) == num(other):
            said = f"{what} the headline stays at {num(head)}"
        lead = _lead(wider, -design.anticipation)
        if lead is None or lead.p_value is None:
            why = "that period cannot be tested, for the estimate has no event study that covers it with errors"
            return diagnostic(self.info, "not_run", f"{said}; {why}.", details=details)
        p = lead.p_value
        verdict: Verdict = "pass" if p >= thresholds.alpha else "warn" if p >= thresholds.alpha_fail else "fail"
        study = wider.event_study
        before = "one" if study is not None and study.one_base else "periods"
        own = f"the gap in that period itself, against the {before} before it, is {num(lead.value)} ({p_text(p)})"
        tail = (
            "no sign of a reaction before the launch"
            if verdict == "pass"
            else "the groups part before the launch already"
        )
        return diagnostic(
            self.info,
            verdict,
            f"{said}; {own}: {tail}.",
            statistic=lead.value,
            statistic_name="gap in the last period before the launch",
            threshold=thresholds.alpha,
            p_value=p,
            details=details | {"event": lead.event, "lead": lead.value},
        )


def _lead(wider: Estimate, event: int) -> EventPoint | None:
    """The period that was the base before the window grew."""
    study = wider.event_study
    if study is None:
        return None
    return next((q for q in study.points if q.event == event and not q.reference), None)


def _spelled(n: int) -> str:
    return "period" if n == 1 else f"{n} periods"


plugin: type[Check] = NoAnticipation
