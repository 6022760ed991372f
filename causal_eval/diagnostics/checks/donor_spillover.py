"""Does a donor that carries weight break at the launch itself?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic

CARRIES = 0.05
"""Share of the weight from which a donor is looked at."""
FAR = 2.0
"""Times the median ratio that a donor must reach: one of twenty is in the top 5% by chance."""
FEWEST = 8
"""Donors needed to say what is usual among them."""


class DonorSpillover:
    """Weighted donors whose own placebo stands out, and the estimate without them."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "donor_spillover",
        "no_interference",
        "Does a donor that carries weight break at the launch itself?",
        "A donor that changes at the launch was hit by it, or by something else then: leave it out, and say so.",
        only=("donors_span",),
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """Donors in the top ``alpha`` of all donors' ratios of gaps after to before, and far above the median."""
        import numpy as np

        estimate = fitted.estimate
        placebos = estimate.details.get("placebos")
        weight = {w.unit: w.weight for w in estimate.weights if w.kind == "donor" and w.weight >= CARRIES}
        if not isinstance(placebos, list) or not weight:
            return diagnostic(self.info, "not_run", "The estimate has no donor weights or no placebos.")
        ratio = {str(p["unit"]): p["ratio"] for p in placebos if isinstance(p, dict) and p["unit"]}
        known = [float(r) for r in ratio.values() if isinstance(r, float) and r > 0]
        n = len(known)
        fence = max(float(np.quantile(known, 1 - thresholds.alpha)), FAR * float(np.median(known))) if n else 0.0
        broke = [u for u in weight if isinstance(r := ratio.get(u), float) and r >= fence and n >= FEWEST]
        if not broke:
            few = "" if n >= FEWEST else f" ({n} donors are too few to tell)"
            return diagnostic(
                self.info,
                "pass" if n >= FEWEST else "not_run",
                f"None of the {len(weight)} donors with {CARRIES:.0%} of the weight or more changes at the launch far more than "
                f"donors do{few}.",
                statistic=0.0,
                statistic_name="donors that break",
                threshold=0.0,
            )
        options = fitted.estimator.donors
        without = fitted.estimator.model_copy(
            update={"donors": options.model_copy(update={"exclude": (*options.exclude, *broke)})}
        )
        value = without.estimate(fitted.data, fitted.design, rng=rng).headline.value
        one = len(broke) == 1
        does = "carries weight and changes" if one else "carry weight and change"
        return diagnostic(
            self.info,
            "warn",
            f"{', '.join(broke)} {does} at the launch far more than donors do; without {'it' if one else 'them'} the effect is "
            f"{num(value)} instead of {num(estimate.headline.value)}.",
            statistic=float(len(broke)),
            statistic_name="donors that break",
            threshold=0.0,
            details={"donors": list(broke), "without": value},
        )


plugin: type[Check] = DonorSpillover
