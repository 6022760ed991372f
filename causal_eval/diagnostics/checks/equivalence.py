"""How large a difference before the launch is ruled out? The equivalence form of the test of the leads.

The bound is set beside the headline, since a check does not know which effect would matter to the metric's owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, EventPoint, Json, Verdict


class Equivalence:
    """The smallest bound that all leads are shown to lie within."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "equivalence",
        "parallel_trends",
        "How large a difference before the launch is ruled out?",
        "Differences as large as the effect are not ruled out: add pre-periods or units, or widen the controls, so that "
        "the leads are measured better.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """The bound of the intersection-union test against the size of the headline."""
        import numpy as np

        from causal_eval.inference.equivalence import equivalence_p, smallest_bound

        study = fitted.estimate.event_study
        if study is None:
            return diagnostic(self.info, "not_run", "The estimate has no event study to take leads from.")
        points = [p for p in study.points if not p.reference]
        leads = [points[i] for i in study.tested() if points[i].event < study.base]
        if not leads:
            return diagnostic(self.info, "not_run", "There is one pre-period, so no lead to bound.")
        headline = abs(fitted.estimate.headline.value)
        details: dict[str, Json] = {"headline": headline, "leads": len(leads)}
        if study.placebos:
            bounds = [_reach(p) for p in leads]
            if any(r is None for r in bounds):
                reason = "Inference is by permuting the assignment, which has given the leads no intervals."
                return diagnostic(self.info, "not_run", reason)
            each = np.array(bounds, dtype=float)
            # A two-sided interval of level 1 - a has one-sided tests of level a/2 in its ends.
            alpha, how = (1 - study.level) / 2, "ends of the leads' intervals"
        else:
            errors = [p.std_error for p in leads]
            if any(not e for e in errors):
                return diagnostic(self.info, "not_run", "The leads have no error to be bounded with.")
            b, error = np.array([p.value for p in leads]), np.array(errors, dtype=float)
            alpha, how = thresholds.alpha, "two one-sided tests a lead"
            each = smallest_bound(b, error, study.df, alpha=alpha)
            if headline > 0:
                details["p_value_at_the_headline"] = equivalence_p(b, error, study.df, bound=headline)
        bound, worst = float(each.max()), leads[int(each.argmax())]
        details |= {"bound": bound, "alpha": alpha, "widest_lead": worst.event, "method": how}
        if headline > 0:
            details["share_of_headline"] = bound / headline
        verdict: Verdict = "pass" if bound < headline else "warn"
        what = "The lead is" if len(leads) == 1 else f"All {len(leads)} leads are"
        reading = (
            f"{what} shown to lie within \N{PLUS-MINUS SIGN}{num(bound)} of the base period (level {alpha:.3g}), "
            + (
                f"which is {_share(bound / headline)} of the headline's size, {num(headline)}."
                if verdict == "pass"
                else f"no less than the headline's size, {num(headline)}: a difference before the launch as large as the "
                "effect is not ruled out."
            )
        )
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=bound,
            statistic_name="smallest bound of all leads",
            threshold=headline,
            details=details,
        )


def _reach(point: EventPoint) -> float | None:
    """How far from zero the point's interval goes."""
    if point.low is None or point.high is None:
        return None
    return max(abs(point.low), abs(point.high))


def _share(share: float) -> str:
    """A share below one, never rounded up to all of it."""
    return f"{min(share, 0.99):.0%}" if share >= 0.01 else "less than 1%"


plugin: type[Check] = Equivalence
