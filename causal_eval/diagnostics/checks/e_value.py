"""How strongly would something unmeasured have to go with both the choice and the outcome to explain the effect away?

The E-value is that strength as a risk ratio (VanderWeele & Ding 2017). Proportions and counts are ratios themselves; a difference of
means is turned into one by its size in standard deviations, exp(0.91 d), which is an approximation. It needs no covariate as a
yardstick, and so says nothing about whether such a thing exists: compare it with what is known about who chooses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict

RATIOS = ("proportion", "prevalence", "count")
"""Kinds of metric whose relative effect is a risk or rate ratio."""


class EValue:
    """The E-value of the estimate and of its interval's nearer end."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "e_value",
        "no_confounding",
        "As a risk ratio, how strong would an unmeasured reason have to be to explain the effect away?",
        "A reason to opt in that raises both the choice and the outcome this much: think which it could be, and measure it.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """The E-value of the end of the interval that is nearer to nothing."""
        from causal_eval.diagnostics.refits import adjusts
        from causal_eval.inference.e_value import e_value, e_value_of_limit

        if not adjusts(fitted):
            return diagnostic(self.info, "not_run", "This estimate does not rest on measured covariates alone.")
        found = _ratio(fitted)
        if isinstance(found, str):
            return diagnostic(self.info, "not_run", found)
        ratio, low, high, how = found
        point, limit = e_value(ratio), e_value_of_limit(ratio, low, high)
        verdict: Verdict = "warn" if limit < thresholds.e_value else "pass"
        reading = (
            f"Something unmeasured that goes with both the choice and the outcome by a risk ratio of {point:.2f} each could explain "
            f"the effect away{how}; {limit:.2f} would bring its interval to zero."
        )
        if limit == 1:
            reading = (
                reading[: reading.index(";")] + "; its interval holds zero already, so nothing unmeasured is needed."
            )
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=limit,
            statistic_name="E-value of the interval's end",
            threshold=thresholds.e_value,
            details={"e_value": point, "e_value_limit": limit, "risk_ratio": ratio, "low": low, "high": high},
        )


def _ratio(fitted: Fitted) -> tuple[float, float, float, str] | str:
    """The effect as a ratio with its interval and how it was made, or why there is none."""
    import numpy as np

    from causal_eval.design.people import people
    from causal_eval.inference.e_value import ratio_of_means

    estimate = fitted.estimate
    relative = estimate.effect("overall", "relative")
    head = estimate.headline
    if fitted.data.metric.kind in RATIOS and not fitted.data.metric.in_logs:
        if relative is None or relative.interval is None or not 1 + relative.interval.low > 0:
            return "The relative effect, or its interval, is not above -100%: there is no risk ratio."
        return 1 + relative.value, 1 + relative.interval.low, 1 + relative.interval.high, ""
    if head.std_error is None:
        return "The estimate has no error."
    p = people(fitted.data, fitted.design, method=fitted.estimator.info.name)
    t = p.treated
    within = sum(float(p.w[g] @ (p.y[g] - np.average(p.y[g], weights=p.w[g])) ** 2) for g in (t, ~t))
    spread = (within / float(p.w.sum())) ** 0.5
    if not spread > 0:
        return "The outcome does not vary within the groups."
    said = f" (its {abs(head.value) / spread:.2f} standard deviations taken as a risk ratio)"
    return (*ratio_of_means(head.value, head.std_error, spread), said)


plugin: type[Check] = EValue
