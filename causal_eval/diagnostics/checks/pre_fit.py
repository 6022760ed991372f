"""Does the counterfactual follow the treated before the launch, better than any mean of donors would?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict

LEVEL_FREE = ("synthetic_did", "matrix_completion")
"""Methods that leave the level free, as an intercept does."""


class PreFit:
    """The gaps before the launch against those that equal weights leave, and against the range of the donors."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "pre_fit",
        "donors_span",
        "Does the counterfactual follow the treated before the launch?",
        "Where donors cannot follow the treated before the launch they cannot stand for them after it: match changes instead of "
        "levels, widen the donor pool, or give the design up.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """RMSPE before the launch as a share of what equal weights leave."""
        d = fitted.estimate.details
        rmspe, outside, n = d.get("pre_rmspe"), d.get("periods_outside_donors"), d.get("periods_matched")
        free = bool(d.get("intercept")) or fitted.estimate.method in LEVEL_FREE
        equal = d.get("equal_weights_rmspe_demeaned" if free else "equal_weights_rmspe")
        if (
            not isinstance(rmspe, float)
            or not isinstance(equal, float)
            or not isinstance(outside, int)
            or not isinstance(n, int)
        ):
            return diagnostic(self.info, "not_run", "The estimate does not say how well it fits before the launch.")
        share = rmspe / equal if equal > 0 else 0.0
        verdict: Verdict = (
            "fail" if share >= thresholds.scaled_fit_fail else "warn" if share >= thresholds.scaled_fit else "pass"
        )
        headline = abs(fitted.estimate.headline.value)
        size = f", {num(headline / rmspe)} times smaller than the effect" if rmspe > 0 and headline > rmspe else ""
        reading = (
            f"Before the launch the gaps are {num(rmspe)} (root mean square){size}: {share:.0%} of what equal weights on all donors "
            f"leave. The treated lie outside the range of all donors in {outside} of {n} matched periods."
        )
        if outside and not free:
            reading += " There no weights can fit them."
            verdict = "warn" if verdict == "pass" else verdict
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=share,
            statistic_name="share of the misfit of equal weights",
            threshold=thresholds.scaled_fit,
            details={"outside": outside, "periods": n},
        )


plugin: type[Check] = PreFit
