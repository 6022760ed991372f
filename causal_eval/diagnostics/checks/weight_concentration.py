"""On how many donors does the counterfactual rest?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict


class WeightConcentration:
    """The effective number of donors."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "weight_concentration",
        "donors_span",
        "On how many donors does the counterfactual rest?",
        "A counterfactual of one donor shares every shock of that donor: look at what happened there after the launch.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """1 / sum of squared shares, and the largest share."""
        weights = {w.unit: abs(w.weight) for w in fitted.estimate.weights if w.kind == "donor"}
        total = sum(weights.values())
        if not total > 0:
            return diagnostic(self.info, "not_run", "The estimate has no donor weights.")
        share = {u: w / total for u, w in weights.items()}
        largest = max(share, key=lambda u: share[u])
        effective = 1 / sum(s * s for s in share.values())
        used = sum(s > 0.001 for s in share.values())
        verdict: Verdict = "pass" if effective >= thresholds.effective_donors else "warn"
        return diagnostic(
            self.info,
            verdict,
            f"{used} of {len(share)} donors carry weight, as much as {num(effective)} equal ones; the largest, {largest}, has "
            f"{share[largest]:.0%}.",
            statistic=effective,
            statistic_name="effective number of donors",
            threshold=thresholds.effective_donors,
        )


plugin: type[Check] = WeightConcentration
