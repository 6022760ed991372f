"""Can a mix of donors reach the treated before the launch, and is what it misses more than donors miss of each other?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.checks.pre_fit import LEVEL_FREE
from causal_eval.diagnostics.words import num

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Json, Verdict

REACHED = 1e-3
"""Distance, in the path's own standard deviations, below which the path is reached."""
MOST_DONORS = 200
"""Donors put in the treated units' place at most, the first by name."""


class ConvexHull:
    """The distance of the treated path from the hull of the donors' paths, beside each donor's from the hull of the others.

    Distances are in standard deviations of each path over the matched periods, so that large and small units compare.
    """

    info: ClassVar[CheckInfo] = CheckInfo(
        "convex_hull",
        "donors_span",
        "Can a mix of donors reach the treated before the launch?",
        "Treated units further out than donors are from each other are unlike all of them: what follows rests on extrapolation. Match "
        "changes instead of levels, look for nearer donors, or give the design up.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """The share of donors that are at least as far out as the treated."""
        import numpy as np

        from causal_eval.data.contract import Panel
        from causal_eval.estimators._synthetic import fit_synthetic
        from causal_eval.inference.counterfactual import Simplex

        if not isinstance(fitted.data, Panel) or not hasattr(fitted.estimator, "pool"):
            return diagnostic(self.info, "not_run", "The estimator has no donors.")
        free = bool(fitted.estimate.details.get("intercept")) or fitted.estimate.method in LEVEL_FREE
        pool = fitted.estimator.pool(fitted.data, fitted.design)
        n = len(pool.names)
        if n < 2:
            return diagnostic(self.info, "not_run", "One donor has no mix to be compared with.")
        method = fitted.estimator.screened(Simplex(intercept=free), pool)
        found = fit_synthetic(pool, method, most=min(n, MOST_DONORS))
        before = found.placebo.before
        own = np.sqrt(sum(f.cohort.size * f.Y[f.cohort.pre].var(axis=0) for f in found.cohorts) / pool.n_treated)[
            : len(before)
        ]
        if not own[0] > 0:
            return diagnostic(self.info, "not_run", "The treated do not vary before the launch.")
        varies = own[1:] > 0
        distance, missed = float(before[0]), float(before[0] / own[0])
        others = before[1:][varies] / own[1:][varies]
        if not others.size:
            return diagnostic(self.info, "not_run", "No donor varies before the launch.")
        median = float(np.median(others))
        as_far = int((others >= missed * (1 - 1e-9)).sum())
        share = as_far / len(others)
        aside = ", levels aside" if free else ""
        details: dict[str, Json] = {"distance": distance, "missed": missed, "donors_median": median, "as_far": as_far}
        if missed <= REACHED:
            easy = any(len(f.allowed) > int(f.cohort.pre.sum()) for f in found.cohorts)
            reading = f"A mix of the {n} donors meets the treated path{aside} in every matched period."
            if easy:
                reading += (
                    " With more donors than matched periods that is easy, and says little about the periods after."
                )
            verdict: Verdict = "pass"
        else:
            verdict = "warn" if share < thresholds.hull_share else "pass"
            reading = (
                f"The nearest mix of donors is {num(distance)} from the treated path{aside} (root mean square), {missed:.0%} of the "
                f"path's own standard deviation. Put in the treated units' place, donors are {median:.0%} of theirs away at the "
                f"median, and {as_far} of {len(others)} at least as far out as the treated"
            )
            reading += ": the treated are unlike every mix of them." if verdict == "warn" else "."
            if not free:
                level = fit_synthetic(pool, fitted.estimator.screened(Simplex(intercept=True), pool), most=0)
                details["without_level"] = without = float(level.placebo.before[0])
                if without < distance / 2:
                    reading += f" Most of it is level: matching changes (intercept = true) misses {num(without)}."
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=share,
            statistic_name="share of donors at least as far out",
            threshold=thresholds.hull_share,
            details=details,
        )


plugin: type[Check] = ConvexHull
