"""How unequal could the odds of choosing be within matched pairs before the effect is in doubt? Rosenbaum's bounds.

Of pairs matched one to one without replacement: the gamma at which the largest one-sided p-value of Wilcoxon's signed ranks crosses
the level (Rosenbaum 2002, section 4.3.3). Gamma 1.2 says that, of two people alike in every covariate, one may have had odds of
choosing a fifth higher than the other for a reason that was not measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict


class Rosenbaum:
    """The gamma of matched pairs."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "rosenbaum",
        "no_confounding",
        "How unequal could the odds of choosing be within pairs before the effect is in doubt?",
        "A reason to opt in that makes the odds within pairs this unequal: think which it could be, and match on it.",
        methods=("propensity_matching",),
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """Gamma, where the estimate is made of pairs."""
        gamma = fitted.estimate.details.get("rosenbaum_gamma")
        if not isinstance(gamma, float):
            why = 'The bounds are for pairs: replace = false or matching = "optimal", one match each, no weights.'
            return diagnostic(self.info, "not_run", why)
        level = 1 - fitted.estimate.level
        verdict: Verdict = "warn" if gamma < thresholds.gamma else "pass"
        if gamma == 1:
            reading = f"The pairs' differences are not told from chance to begin with (one-sided, at {level:.0%}): gamma is 1."
        else:
            reading = (
                f"The effect is told from chance (one-sided, at {level:.0%}) until, within pairs, something unmeasured makes the odds "
                f"of choosing unequal by a factor of {gamma:.2f} (gamma). Where it also decides the outcome, chance is enough."
            )
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=gamma,
            statistic_name="gamma",
            threshold=thresholds.gamma,
            details={"gamma": gamma},
        )


plugin: type[Check] = Rosenbaum
