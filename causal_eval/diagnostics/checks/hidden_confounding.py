"""How strong would something unmeasured have to be to explain the effect away? The robustness value, with benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num
from causal_eval.inference.robustness_value import adjusted

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict


class HiddenConfounding:
    """Cinelli & Hazlett's robustness value of the regression with the same covariates, beside the strongest of them."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "hidden_confounding",
        "no_confounding",
        "How strong would an unmeasured reason have to be to explain the effect away?",
        "A reason to opt in as strong as one of the covariates already measured: think which it could be, and measure it.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """The robustness value for significance; a pass where no measured covariate is that strong."""
        from causal_eval.design.people import people
        from causal_eval.diagnostics.contour import contour
        from causal_eval.inference.robustness_value import robustness

        if "no_confounding" not in fitted.estimator.info.assumptions:
            return diagnostic(self.info, "not_run", "This estimate does not rest on measured covariates alone.")
        p = people(fitted.data, fitted.design, method=fitted.estimator.info.name)
        if p.weighted:
            return diagnostic(self.info, "not_run", "The robustness value is not defined for weighted rows.")
        r = robustness(p.y, p.d, p.X, p.names, alpha=thresholds.alpha)
        # A covariate that decides the treatment has no bound: nothing could be as strong and the treatment still vary.
        known = {k: b for k, b in r.benchmarks.items() if b[0] < 1}
        if not known:
            return diagnostic(
                self.info, "not_run", "Every covariate decides the treatment: none can serve as a yardstick."
            )
        strongest = max(known, key=lambda k: abs(r.estimate - adjusted(r, *known[k])))
        r_d, r_y = known[strongest]
        left = adjusted(r, r_d, r_y)
        gone = left * r.estimate <= 0
        covered = r_d >= r.rv_alpha and r_y >= r.rv_alpha
        # Nothing observed can fail it: what is not measured can only be imagined.
        verdict: Verdict = "warn" if r.rv_alpha == 0 or gone or covered else "pass"
        head = fitted.estimate.headline
        other = _headline(head.value, r.estimate, head.std_error)
        reading = (
            f"Something unmeasured that explains {r.rv:.1%} of what is left of both the choice and the outcome would bring the "
            f"effect of a regression on the same covariates, {num(r.estimate)}{other}, to zero; {r.rv_alpha:.1%} would make it "
            f"insignificant. As strong as `{strongest}`, it would leave {num(left)}."
        )
        if r.rv_alpha == 0:
            reading += " The regression's effect is not significant to begin with, so nothing unmeasured is needed."
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=r.rv_alpha,
            statistic_name="robustness value for significance",
            details={
                "rv": r.rv,
                "rv_alpha": r.rv_alpha,
                "partial_r2": r.partial_r2,
                "estimate": r.estimate,
                "benchmark": strongest,
                "benchmark_left": left,
                "contour": contour(
                    lambda d, y: adjusted(r, d, y),
                    r.rv,
                    known,
                    x="Share of the treatment's remaining variance it explains",
                    y="Share of the outcome's remaining variance that a hidden confounder explains",
                    start="the regression's" if other else "",
                ),
            },
        )


def _headline(value: float, regression: float, error: float | None) -> str:
    """That the regression is not the headline, unless it is."""
    if abs(value - regression) <= 1e-6 * max(abs(value), error or 0.0):
        return ""
    return f" (the headline, by another method, is {num(value)})"


plugin: type[Check] = HiddenConfounding
