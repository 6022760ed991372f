"""Does the method find an effect of a treatment that nobody chose? The same estimate with the treatment dealt out by lot.

The treatments that people had are dealt out again at random (by cluster, where whole clusters were treated), twenty times. Chance
has no effect, so the estimates should average zero, and one interval in twenty should leave it out. It shows that estimate and error
are sound where nobody chooses; it cannot show whether who chose was like who did not, so it is weak evidence on confounding.
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
"""Deals; half as many where each trains a learner."""


class PlaceboTreatment:
    """Refit on treatments dealt out by lot."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "placebo_treatment",
        "valid_inference",
        "Does the same estimate, of a treatment dealt out by lot, find nothing?",
        "An effect of pure chance means that the method or its error is wrong for this data: take another estimator.",
        only=("no_confounding",),
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """The mean of the placebo estimates, and how many are told from zero."""
        import numpy as np
        from scipy import stats

        from causal_eval.diagnostics.refits import adjusts, each, false_alarm, people_of, quick, refits, room, seeds_of

        if not adjusts(fitted):
            return diagnostic(self.info, "not_run", "This estimate does not rest on measured covariates alone.")
        p = people_of(fitted, rng, room(fitted))
        n = refits(fitted, REFITS)
        dealt = [replace(p, d=_dealt(p, rng)) for _ in range(n)]
        found = [e for e in each(quick(fitted), dealt, seeds_of(rng, n), "placebo treatment") if e.p_value is not None]
        if len(found) < n / 2:
            return diagnostic(
                self.info, "not_run", "The estimate has no error, or could not be made, under placebo treatments."
            )
        values = np.array([e.value for e in found])
        mean, spread = float(values.mean()), float(values.std(ddof=1))
        off = float(2 * stats.t.sf(abs(mean) / (spread / len(values) ** 0.5), len(values) - 1)) if spread > 0 else 1.0
        wrong, chance = false_alarm(found, thresholds.alpha)
        p_value = min(1.0, 2 * min(off, chance))
        verdict: Verdict = "warn" if p_value < thresholds.refute_alpha else "pass"
        reading = (
            f"With the treatment dealt out by lot {len(found)} times, the estimates average {num(mean)} (the headline is "
            f"{num(fitted.estimate.headline.value)}), and {wrong} of {len(found)} are told from zero, where {thresholds.alpha:.0%} "
            "would be by chance"
        )
        reading += (
            f": more than chance ({p_text(p_value)}), so estimate or error is off."
            if verdict == "warn"
            else ". Estimate and error are sound where nobody chooses; who chose is another question, on which this says little."
        )
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=mean,
            statistic_name="mean placebo effect",
            threshold=thresholds.refute_alpha,
            p_value=p_value,
            details={"refits": len(found), "told_from_zero": wrong, "spread": spread, "rows": len(p.d)},
        )


def _dealt(p: People, rng: np.random.Generator) -> np.ndarray:
    """(n,) the treatments in another order; whole clusters where no cluster has both."""
    import numpy as np

    size = np.bincount(p.cluster)
    treated = np.bincount(p.cluster, weights=p.d)
    if p.clustered and bool(np.all((treated == 0) | (treated == size))):
        whole = (treated > 0).astype(float)
        dealt: np.ndarray = rng.permutation(whole)[p.cluster]
        return dealt
    return rng.permutation(p.d)


plugin: type[Check] = PlaceboTreatment
