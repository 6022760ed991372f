"""Does a covariate of pure chance move the effect? The same estimate with a random column beside the covariates.

A column of random numbers has to do with neither choice nor outcome, so the effect should stay. Nearly every estimate passes: the
check finds models that break or matches that jump, and says next to nothing about what was not measured.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict

REFITS = 10
"""Columns; half as many where each refit trains a learner."""


class RandomCommonCause:
    """Refit with a column of random numbers added."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "random_common_cause",
        "no_confounding",
        "Does adding a covariate of pure chance leave the effect where it is?",
        "An estimate that a column of random numbers moves hangs on too few people, or on a model with too many columns.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """The mean shift, in standard errors of the headline."""
        import numpy as np
        from scipy import stats

        from causal_eval.diagnostics.refits import adjusts, again_on, each, people_of, quick, refits, room, seeds_of

        if not adjusts(fitted):
            return diagnostic(self.info, "not_run", "This estimate does not rest on measured covariates alone.")
        head = fitted.estimate.headline
        if not head.std_error:
            return diagnostic(self.info, "not_run", "The estimate has no error to hold a shift against.")
        p = people_of(fitted, rng, room(fitted))
        n = refits(fitted, REFITS)
        # One seed for all: folds and ties fall alike, and only the column differs.
        seed = seeds_of(rng, 1)[0]
        base = again_on(quick(fitted), p, rng=np.random.default_rng(seed)).headline
        name = next(c for c in ("a random number", "another random number") if c not in p.names)
        wider = [
            replace(p, X=np.column_stack([p.X, rng.normal(size=len(p.d))]), names=(*p.names, name)) for _ in range(n)
        ]
        moved = np.array([e.value - base.value for e in each(quick(fitted), wider, [seed] * n, "random common cause")])
        if len(moved) < 3:
            return diagnostic(self.info, "not_run", "The estimate could not be made with another column.")
        error = base.std_error or head.std_error
        mean, most = float(moved.mean()), float(np.abs(moved).max())
        # The estimate itself is one draw of what a column may do, where matches jump.
        spread = float(moved.std(ddof=1)) * (1 + 1 / len(moved)) ** 0.5
        off = float(2 * stats.t.sf(abs(mean) / spread, len(moved) - 1)) if spread > 0 else 1.0
        share = abs(mean) / error
        verdict: Verdict = "warn" if share > thresholds.refute_shift and off < thresholds.refute_alpha else "pass"
        reading = (
            f"A column of random numbers, added {len(moved)} times, moves the effect by {num(mean)} on average, {share:.2f} of its "
            f"standard error, and by {num(most)} at most. "
        )
        reading += (
            "An estimate that chance moves this far hangs on the model."
            if verdict == "warn"
            else "Nearly every estimate passes this: it is weak evidence, and none about what was not measured."
        )
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=share,
            statistic_name="mean shift in standard errors",
            threshold=thresholds.refute_shift,
            p_value=off,
            details={"refits": len(moved), "mean_shift": mean, "largest_shift": most, "rows": len(p.d)},
        )


plugin: type[Check] = RandomCommonCause
