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
        """Donors in the top share ``alpha`` of all donors' ratios of gaps after to before."""
        estimate = fitted.estimate
        placebos = estimate.details.get("placebos")
        weight = {w.unit: w.weight for w in estimate.weights if w.kind == "donor" and w.weight >= CARRIES}
        if not isinstance(placebos, list) or not weight:
            return diagnostic(self.info, "not_run", "The estimate has no donor weights or no placebos.")
        ratio = {str(p["unit"]): p["ratio"] for p in placebos if isinstance(p, dict) and p["unit"]}
        known = sorted((float(r) for r in ratio.values() if isinstance(r, float)), reverse=True)
        n = len(known)
        top = known[max(int(thresholds.alpha * n), 1) - 1] if n else float("inf")
        broke = [u for u in weight if isinstance(r := ratio.get(u), float) and r >= top and n >= 1 / thresholds.alpha]
        if not broke:
            looked = f"None of the {len(weight)} donors with {CARRIES:.0%} of the weight or more"
            few = "" if n >= 1 / thresholds.alpha else f" (with {n} donors only a rough look)"
            return diagnostic(
                self.info, "pass", f"{looked} is among the {thresholds.alpha:.0%} of donors that change most at the launch{few}.",
                statistic=0.0, statistic_name="donors that break", threshold=0.0,
            )  # fmt: skip
        options = fitted.estimator.donors
        without = fitted.estimator.model_copy(
            update={"donors": options.model_copy(update={"exclude": (*options.exclude, *broke)})}
        )
        value = without.estimate(fitted.data, fitted.design, rng=rng).headline.value
        return diagnostic(
            self.info,
            "warn",
            f"{', '.join(broke)} carry weight and change at the launch more than 95% of donors do; without them the effect is "
            f"{num(value)} instead of {num(estimate.headline.value)}.",
            statistic=float(len(broke)),
            statistic_name="donors that break",
            threshold=0.0,
            details={"donors": list(broke), "without": value},
        )


plugin: type[Check] = DonorSpillover
