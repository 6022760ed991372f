"""Do the data pin the weights down, or would others that fit as well give another effect?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict


class Identification:
    """The range of the effect over all weights that fit almost as well as the best."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "identification",
        "donors_span",
        "Would other weights that fit as well give another answer?",
        "A wide range means the choice of weights, not the data, makes the number: report the range, or add "
        "pre-periods.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """Whether the range holds zero, and how wide it is beside the effect."""
        d = fitted.estimate.details
        ends, slack = d.get("identified_range"), d.get("identified_slack")
        if not isinstance(ends, list) or len(ends) != 2 or not isinstance(slack, float):
            return diagnostic(
                self.info, "not_run", "This estimator has one set of weights by construction, so no range was computed."
            )
        low, high = float(ends[0]), float(ends[1])
        value = fitted.estimate.headline.value
        width = (high - low) / abs(value) if value else float("inf")
        crosses = low <= 0 <= high
        verdict: Verdict = "warn" if crosses or width > 1 else "pass"
        tail = ", zero among them" if crosses else "" if width > 1 else ": the data pin it down"
        return diagnostic(
            self.info,
            verdict,
            f"Over all weights whose fit before the launch is within {slack:.0%} of the best, the effect lies between {num(low)} and "
            f"{num(high)}{tail}.",
            statistic=min(width, 1e12),
            statistic_name="width of the range, in effects",
            threshold=1.0,
            details={"low": low, "high": high},
        )


plugin: type[Check] = Identification
