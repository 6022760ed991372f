"""Did the groups move together before the launch? Joint test of the leads, with the smallest trend it could have seen.

Without a base period of its own the test uses the event study's leads against the base period. A pass without power is
no evidence (Roth 2022), so the reading states the slope the test sees four times in five, and the bias such a slope
would put into the headline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num, p_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.inference.wald import Errors
    from causal_eval.results.types import Diagnostic, EventStudy, Verdict

    Floats = NDArray[np.float64]


class PreTrends:
    """Joint test of the leads, with its power."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "pre_trends",
        "parallel_trends",
        "Did the groups move together before the launch?",
        "A drift before the launch that goes on after it would be counted as effect: widen the controls, or use a method "
        "that matches the pre-period (synthetic control, synthetic difference-in-differences).",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """F test of the leads; under randomisation inference, the leads' distribution over the assignments."""
        import numpy as np

        from causal_eval.diagnostics.leads import errors_of

        study = fitted.estimate.event_study
        if study is None:
            return diagnostic(self.info, "not_run", "The estimate has no event study to take leads from.")
        points = [p for p in study.points if not p.reference]
        leads = [i for i in study.tested() if points[i].event < study.base]
        if not leads:
            return diagnostic(self.info, "not_run", "There is one pre-period, so no lead to test.")
        b = np.array([points[i].value for i in leads])
        x = np.array([float(points[i].event - study.base) for i in leads])
        # What a trend that goes on would add to the headline: its mean distance from pre to post.
        reach = _reach(study)
        if study.placebos:
            others = np.array(study.placebos)[:, leads]
            return self._permuted(b, x, others, reach, thresholds, len(study.placebos) + 1)
        at = np.ix_(leads, leads)
        cov = np.array(study.covariance)[at]
        if not np.diag(cov).max() > 0:
            return diagnostic(self.info, "not_run", "The leads have no error to be tested against.")
        return self._wald(b, x, errors_of(study, leads), reach, thresholds)

    def _wald(self, b: Floats, x: Floats, errors: Errors, reach: float, limits: Thresholds) -> Diagnostic:
        from causal_eval.inference.wald import smallest_slope, wald

        test = wald(b, errors)
        slope = smallest_slope(x, errors, alpha=limits.alpha, power=limits.power)
        name = f"F({test.q}, {test.df:.1f})" if test.df is not None else f"chi2({test.q})"
        if test.q < len(b):
            name += f", {len(b)} leads averaged into {test.q}"
        return self._say(test.p_value, test.statistic, name, len(b), slope, reach, limits)

    def _permuted(self, b: Floats, x: Floats, others: Floats, reach: float, limits: Thresholds, n: int) -> Diagnostic:
        import numpy as np

        def size(leads: Floats) -> Floats:
            return np.asarray((leads**2).mean(axis=-1) ** 0.5)

        mine, theirs = float(size(b)), size(others)
        p = (1 + int((theirs >= mine * (1 - 1e-9)).sum())) / n
        cut = float(np.quantile(theirs, 1 - limits.alpha, method="higher"))
        low, high = 0.0, max(cut, 1e-300)
        while (size(others + high * x) > cut).mean() < limits.power:
            high *= 2
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if (size(others + middle * x) > cut).mean() >= limits.power else (middle, high)
        return self._say(
            p, mine, f"root mean square of the leads, against {n - 1:,} other assignments", len(b), high, reach, limits
        )

    def _say(
        self, p: float, statistic: float, name: str, n: int, slope: float, reach: float, limits: Thresholds
    ) -> Diagnostic:
        verdict: Verdict = "pass" if p >= limits.alpha else "warn" if p >= limits.alpha_fail else "fail"
        leads = "lead" if n == 1 else f"{n} leads"
        found = (
            f"No sign that the groups drifted apart before the launch ({leads}, {p_text(p)})."
            if verdict == "pass"
            else f"The groups moved apart before the launch ({leads}, {p_text(p)})."
        )
        power = (
            f" The test would see a drift of {num(slope)} a period four times in five; "
            f"one that size would shift the headline by {num(abs(slope * reach))}."
        )
        return diagnostic(
            self.info,
            verdict,
            found + power,
            statistic=statistic,
            statistic_name=name,
            threshold=limits.alpha,
            p_value=p,
            details={"smallest_slope": slope, "power": limits.power, "bias_of_that_slope": slope * reach, "leads": n},
        )


def _reach(study: EventStudy) -> float:
    """How many periods lie between the middle of the headline's pre- and post-periods."""
    import numpy as np

    pre = [p.event for p in study.points if p.event < 0 and not p.excluded]
    post = [p.event for p in study.points if p.event >= 0 and not p.excluded]
    return float(np.mean(post) - np.mean(pre))


plugin: type[Check] = PreTrends
