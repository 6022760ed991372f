"""Does the estimator find an effect where nothing was launched? The same estimate at earlier, made-up launch dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num, p_text

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict

MOST_DATES = 8
"""Made-up dates tried at most, spread over the pre-periods."""


class PlaceboInTime:
    """Refit on the pre-period with launches that did not happen."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "placebo_in_time",
        "parallel_trends",
        "Does the same estimate, at dates when nothing was launched, find nothing?",
        "An effect at a made-up date means the groups differ in their path, not only in their level.",
        also=("donors_span",),
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """The smallest p-value over the made-up dates, Holm-adjusted for their number."""
        from causal_eval.data.contract import Panel
        from causal_eval.design.block import adoption
        from causal_eval.errors import EstimatorRefusal

        data, design = fitted.data, fitted.design
        if not isinstance(data, Panel):
            return diagnostic(self.info, "not_run", "There is no time before the treatment in this data.")
        starts = adoption(data, design)
        if len(starts) != 1:
            return diagnostic(self.info, "not_run", "A made-up date needs one launch date.")
        before = [t for t in data.axis.ordinals if t < starts[0] and design.keeps(t, starts[0])]
        before = before[: len(before) - design.anticipation] if design.anticipation else before
        dates = before[1:]
        if not dates:
            return diagnostic(self.info, "not_run", "One pre-period leaves no date to make up.")
        if len(dates) > MOST_DATES:
            dates = [dates[round(i * (len(dates) - 1) / (MOST_DATES - 1))] for i in range(MOST_DATES)]
        history = data.between(before[0], before[-1])
        found = []
        for date in dates:
            try:
                estimate = fitted.again(history, design.starting(date), rng=rng)
            except EstimatorRefusal:
                continue
            if estimate.headline.p_value is not None:
                found.append((data.axis.label(date), estimate.headline.value, estimate.headline.p_value))
        if not found:
            return diagnostic(self.info, "not_run", "No made-up date could be estimated.")
        worst = min(found, key=lambda f: f[2])
        p = min(1.0, worst[2] * len(found))
        verdict: Verdict = "pass" if p >= thresholds.alpha else "warn" if p >= thresholds.alpha_fail else "fail"
        largest = max(found, key=lambda f: abs(f[1]))
        headline = fitted.estimate.headline.value
        share = f", {abs(largest[1] / headline):.0%} of the headline's size" if headline else ""
        n = "1 made-up date" if len(found) == 1 else f"{len(found)} made-up dates"
        reading = (
            f"At {n} before the launch nothing stands out ({p_text(p)} for all of them together); "
            if verdict == "pass"
            else f"At {worst[0]}, when nothing was launched, the estimate is {num(worst[1])} ({p_text(p)}, allowing for {n}); "
        ) + f"the largest made-up effect is {num(largest[1])}, at {largest[0]}{share}."
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=largest[1],
            statistic_name="largest made-up effect",
            threshold=thresholds.alpha,
            p_value=p,
            details={"dates": [{"date": d, "value": v, "p_value": q} for d, v, q in found]},
        )


plugin: type[Check] = PlaceboInTime
