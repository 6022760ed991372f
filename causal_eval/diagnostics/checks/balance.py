"""Are treated and untreated alike after the adjustment? Standardised mean differences of every covariate."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict

ALIKE, APART = 0.1, 0.25
"""Standardised differences up to the first pass; from the second on regression cannot be trusted to repair (Imbens & Rubin 2015)."""


class Balance:
    """The largest standardised mean difference left."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "balance",
        "no_confounding",
        "Are treated and untreated people alike after the adjustment?",
        "What is left of a difference in a covariate is left in the effect too: change the model or the method until it is gone.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """The largest absolute difference over covariates."""
        rows = fitted.estimate.balance
        after = {b.covariate: abs(b.smd) for b in rows if b.stage == "after" and b.smd is not None}
        before = {b.covariate: abs(b.smd) for b in rows if b.stage == "before" and b.smd is not None}
        if not after:
            return diagnostic(
                self.info, "not_run", "This estimate makes no weights or matches whose balance could be looked at."
            )
        worst = max(after, key=lambda k: after[k])
        verdict: Verdict = "pass" if after[worst] <= ALIKE else "warn" if after[worst] <= APART else "fail"
        left = sum(v > ALIKE for v in after.values())
        return diagnostic(
            self.info,
            verdict,
            f"The largest standardised difference was {max(before.values(), default=0.0):.2f} before and is {after[worst]:.2f} after "
            f"({worst}); {left} of {len(after)} covariates differ by more than {ALIKE}.",
            statistic=after[worst],
            statistic_name="largest standardised difference",
            threshold=ALIKE,
            details={"covariates": len(after), "apart": left},
        )


plugin: type[Check] = Balance
