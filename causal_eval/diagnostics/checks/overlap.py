"""Is there somebody to compare everybody with? Propensities at the edge, and how few people carry the comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict

SEPARATE = 0.8
"""AUC of the propensity from which the groups are so unlike that estimates hang on the model, and that intervals are known to be too
short in simulation (tests/coverage/opt_in.md)."""
FEW = 0.1
"""Effective share of the untreated, below which few of them speak for all."""


class OverlapCheck:
    """Propensities and effective sample size."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "overlap",
        "overlap",
        "Is there somebody comparable in the other group?",
        "Without comparable people the model makes the comparison up: ask about those who overlap, or find another design.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """Share without a counterpart, AUC, and effective untreated people."""
        found = fitted.estimate.details.get("overlap")
        if not isinstance(found, dict):
            return diagnostic(self.info, "not_run", "This estimate has no propensities.")
        outside, auc = float(found["outside"]), float(found["auc"])
        ess = fitted.estimate.details.get("ess_untreated")
        n = fitted.estimate.sample.n_control
        share = float(ess) / n if isinstance(ess, float) and n else None
        thin = share is not None and share < FEW
        verdict: Verdict = "fail" if outside > 0.05 else "warn" if auc >= SEPARATE or thin else "pass"
        tells = f"he covariates tell treated from untreated with an AUC of {auc:.2f} (0.5: not at all, 1: perfectly)"
        unlike = "The groups are so unlike that the answer hangs on the model and on few people: t"
        reading = f"{'T' if verdict == 'pass' else unlike}{tells}, "
        reading += f"and {outside:.1%} of those the effect is about have hardly a counterpart."
        if share is not None and isinstance(ess, float):
            reading += f" The {n:,} untreated people weigh as much as {ess:,.0f} would, {share:.1%} of them."
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=auc,
            statistic_name="AUC of the propensity",
            threshold=SEPARATE,
            details={"outside": outside, "effective_share": share},
        )


plugin: type[Check] = OverlapCheck
