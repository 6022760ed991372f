"""Does the counterfactual hold on pre-periods it was not matched on?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict


class Backtest:
    """Fit on the first two thirds of the pre-periods, look at the last third."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "backtest",
        "donors_span",
        "Does the counterfactual hold on pre-periods it was not matched on?",
        "A fit that does not last beyond the periods it was made on follows noise: use fewer donors, more pre-periods, or a penalty.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """Error on the held-back periods over that on the matched ones."""
        from causal_eval.data.contract import Panel
        from causal_eval.design.block import adoption

        data, design = fitted.data, fitted.design
        if not isinstance(data, Panel):
            return diagnostic(self.info, "not_run", "There is no time before the treatment in this data.")
        starts = adoption(data, design)
        if len(starts) != 1:
            return diagnostic(self.info, "not_run", "Held-back periods need one launch date.")
        before = [t for t in data.axis.ordinals if t < starts[0] and design.keeps(t, starts[0])]
        before = before[: len(before) - design.anticipation] if design.anticipation else before
        held = len(before) // 3
        if held < 2 or len(before) - held < 3:
            return diagnostic(self.info, "not_run", f"{len(before)} pre-periods are too few to hold a third back.")
        history = data.between(before[0], before[-1])
        again = fitted.again(history, design.starting(before[-held]), rng=rng)
        gaps = [(p.gap, p.post) for p in again.path if not p.excluded]
        inside = (sum(g * g for g, post in gaps if not post) / max(sum(not post for _, post in gaps), 1)) ** 0.5
        outside = (sum(g * g for g, post in gaps if post) / max(sum(post for _, post in gaps), 1)) ** 0.5
        ratio = outside / inside if inside > 0 else float("inf")
        effect = abs(fitted.estimate.headline.value)
        verdict: Verdict = "warn" if ratio > thresholds.backtest or outside > effect else "pass"
        tail = (
            f"the effect, {num(effect)}, is no larger than that error" if outside > effect
            else f"the effect is {num(effect / outside)} times that error" if outside > 0 else "without error"
        )  # fmt: skip
        return diagnostic(
            self.info,
            verdict,
            f"Matched without the last {held} pre-periods, the counterfactual misses them by {num(outside)} (root mean "
            f"square), where it misses those it was matched on by {num(inside)}; {tail}.",
            statistic=min(ratio, 1e12),
            statistic_name="error held back over error matched",
            threshold=thresholds.backtest,
            details={"held_back": held, "error": outside, "error_matched": inside},
        )


plugin: type[Check] = Backtest
