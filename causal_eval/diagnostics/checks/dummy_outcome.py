"""Does the adjustment find nothing in an outcome that follows the covariates as the real one does, but that nothing could move?

A cross-fitted flexible model of the untreated says how the outcome goes with the covariates; to its predictions each person's own
residual is added under a random sign (the same for a cluster). The treatment has no effect on what is made this way, while the
reasons to choose that were measured are all there: an estimator that finds effects leaves some of them in. Reasons that
were not measured are not in it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num, p_text

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.design.people import People
    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict

REFITS = 20
"""Outcomes; half as many where each refit trains a learner."""
FOLDS = 5


class DummyOutcome:
    """Refit on outcomes made from the covariates and noise."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "dummy_outcome",
        "no_confounding",
        "Does the same estimate, of an outcome that only the covariates move, find nothing?",
        "An effect on it means that the adjustment leaves measured differences in: change the model or the method.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """How many of the estimates are told from zero."""
        import numpy as np

        from causal_eval.diagnostics.refits import adjusts, each, false_alarm, people_of, quick, refits, room, seeds_of

        if not adjusts(fitted):
            return diagnostic(self.info, "not_run", "This estimate does not rest on measured covariates alone.")
        p = people_of(fitted, rng, room(fitted))
        if int(p.cluster.max()) + 1 < FOLDS or int((~p.treated).sum()) < 40:
            return diagnostic(self.info, "not_run", "There are too few untreated people to learn how the outcome goes.")
        n = refits(fitted, REFITS)
        made = [replace(p, y=y, level=y) for y in _outcomes(p, n, rng)]
        found = [e for e in each(quick(fitted), made, seeds_of(rng, n), "dummy outcome") if e.p_value is not None]
        if len(found) < n / 2:
            return diagnostic(
                self.info, "not_run", "The estimate has no error, or could not be made, on such outcomes."
            )
        mean = float(np.mean([e.value for e in found]))
        wrong, chance = false_alarm(found, thresholds.alpha)
        verdict: Verdict = "warn" if chance < thresholds.refute_alpha else "pass"
        reading = (
            f"Of {len(found)} made-up outcomes that only the covariates move, {wrong} show an effect that is told from zero, where "
            f"{thresholds.alpha:.0%} would by chance; they average {num(mean)} (the headline is {num(fitted.estimate.headline.value)})"
        )
        reading += (
            f". That is more than chance ({p_text(chance)}): measured reasons to choose are left in the effect."
            if verdict == "warn"
            else ". Reasons to choose that were measured are taken out; those that were not are not in it."
        )
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=float(wrong),
            statistic_name="made-up effects told from zero",
            threshold=thresholds.refute_alpha,
            p_value=chance,
            details={"refits": len(found), "mean": mean, "rows": len(p.d)},
        )


def _outcomes(p: People, n: int, rng: np.random.Generator) -> list[np.ndarray]:
    """``n`` outcomes (rows,)."""
    import numpy as np

    from causal_eval.inference.bends import bends
    from causal_eval.inference.cross_fitting import folds_of

    t = p.treated
    seen = bends(p.y, p.X, p.w, folds_of(p.d, p.cluster, FOLDS, rng), ~t)
    surface = seen.line + seen.beyond
    rest = p.y - surface
    for group in (t, ~t):
        rest[group] -= np.average(rest[group], weights=p.w[group])
    clusters = int(p.cluster.max()) + 1
    return [surface + rest * rng.choice([-1.0, 1.0], size=clusters)[p.cluster] for _ in range(n)]


plugin: type[Check] = DummyOutcome
