"""Would a model that bends with the data move the effect? The same estimate on what a straight line misses of the outcome.

Of the untreated people (for the average effect: of each group) a flexible model, cross-fitted, predicts what a straight line in the
covariates leaves of the outcome. These predictions are functions of the covariates alone, so the treatment cannot have moved them:
what the study's own estimator makes of them, in place of the outcome, is what the line's misses add to the effect (balance on the
prognostic score: Hansen 2008). It warns when the predictions are better than chance, and what comes of them is told from zero and
large beside the estimate's error. An estimator whose models bend already is asked instead whether they predict worse than a line.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num, p_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.design.people import People
    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.inference.bends import Bends
    from causal_eval.inference.learners import LearnerName
    from causal_eval.results.types import Diagnostic, Json, Verdict

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

FOLDS = 5
FLEXIBLE = ("lightgbm", "random_forest")
"""Learners that bend by themselves."""
LEAST_TRAINED = 40
"""Rows that a flexible model is trained on at least."""


class FunctionalForm:
    """One refit on the part of the outcome that only a flexible model sees."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "functional_form",
        "no_confounding",
        "Is a straight line in the covariates enough, or would a model that bends move the effect?",
        "Covariates that act in curves or in combination are adjusted for only in part: add squares and products, or use double_ml "
        "or aipw with a flexible learner.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """The effect that the estimator finds on the bends alone, in standard errors of the headline."""
        import numpy as np

        from causal_eval.diagnostics.refits import MOST_ROWS, adjusts, people_of
        from causal_eval.inference.cross_fitting import folds_of

        if not adjusts(fitted):
            return diagnostic(self.info, "not_run", "This estimate does not rest on measured covariates alone.")
        p = people_of(fitted, rng, MOST_ROWS)
        n = int(p.cluster.max()) + 1
        if n < FOLDS or min(int(p.treated.sum()), int((~p.treated).sum())) < LEAST_TRAINED:
            few = "clusters" if n < FOLDS else "people in one of the groups"
            return diagnostic(self.info, "not_run", f"There are too few {few} to train a flexible model on.")
        folds = folds_of(p.d, p.cluster, FOLDS, np.random.default_rng(int(rng.integers(2**31))))
        if _bends_already(fitted):
            return self._of_learner(fitted, p, folds, thresholds, rng)
        return self._of_line(fitted, p, folds, thresholds, rng)

    def _of_line(
        self, fitted: Fitted, p: People, folds: Ints, limits: Thresholds, rng: np.random.Generator
    ) -> Diagnostic:
        import numpy as np
        from scipy import stats

        from causal_eval.diagnostics.refits import again_on
        from causal_eval.inference.bends import bends, r2

        t = p.treated
        seen = bends(p.y, p.X, p.w, folds, ~t)
        other = bends(p.y, p.X, p.w, folds, t) if fitted.design.estimand == "ate" else None
        own, truth = seen.beyond, 0.0
        if other is not None:
            own, truth = np.where(t, other.beyond, own), float(np.average(other.beyond - own, weights=p.w))
        straight, curved = (r2(p.y[~t], v[~t], p.w[~t]) for v in (seen.line, seen.line + seen.beyond))
        head = fitted.estimate.headline
        if head.std_error is None or head.std_error == 0:
            return diagnostic(self.info, "not_run", "The estimate has no error to hold a shift against.")
        said = again_on(fitted, replace(p, y=own, level=own), rng=rng).headline
        shift = said.value - truth
        share = shift / head.std_error
        z = abs(shift) / said.std_error if said.std_error else 0.0
        chance = _predicts(p, seen, ~t)
        if other is not None:
            chance = min(1.0, 2 * min(chance, _predicts(p, other, t)))
        # By chance alone there are no bends; and beside real ones the groups may differ in them by chance.
        real = chance < limits.alpha and z > float(stats.norm.isf(limits.alpha))
        verdict: Verdict = "warn" if real and abs(share) > limits.form_shift else "pass"
        reading = (
            f"Out of fold, the covariates explain {_share(straight)} of the outcome by a straight line and {_share(curved)} by a "
            f"model that bends. What the line misses makes up {num(shift)} of the estimate, {abs(share):.2f} of its standard error"
        )
        details: dict[str, Json] = {
            "shift": shift,
            "line_r2": straight,
            "flexible_r2": curved,
            "z": z,
            "rows": len(p.y),
        }
        if verdict == "pass":
            reading += ": a model that bends would give much the same."
        else:
            # Less what it makes of the whole prediction, the estimate is its own doubly robust version.
            line = seen.line if other is None else np.where(t, other.line, seen.line)
            known = 0.0 if other is None else float(np.average(other.line - seen.line, weights=p.w))
            rest = again_on(fitted, replace(p, y=line, level=line), rng=rng).headline.value - known
            details["corrected"] = corrected = head.value - shift - rest
            reading += f", which its interval does not allow for: a model that bends would give about {num(corrected)}."
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=abs(share),
            statistic_name="shift in standard errors",
            threshold=limits.form_shift,
            p_value=chance,
            details=details,
        )

    def _of_learner(
        self, fitted: Fitted, p: People, folds: Ints, limits: Thresholds, rng: np.random.Generator
    ) -> Diagnostic:
        import numpy as np
        from scipy import stats

        from causal_eval.inference.bends import r2
        from causal_eval.inference.cross_fitting import out_of_fold
        from causal_eval.inference.learners import learner
        from causal_eval.inference.regression import cluster_sums

        t = p.treated
        name: LearnerName = getattr(fitted.estimator, "learner", "lightgbm")
        seed = int(rng.integers(2**31))
        loss = {}
        explained = {}
        kinds: tuple[LearnerName, ...] = (name, "linear")
        for kind in kinds:
            predicted = out_of_fold(learner(kind, "regressor", seed), p.X, p.y, p.w, folds, ~t)
            loss[kind] = (p.w * (p.y - predicted) ** 2)[~t]
            explained[kind] = r2(p.y[~t], predicted[~t], p.w[~t])
        gap = loss[name] - loss["linear"]
        codes = np.unique(p.cluster[~t], return_inverse=True)[1]
        sums = cluster_sums(gap[:, None], codes, int(codes.max()) + 1)
        chance = float(stats.norm.sf(gap.sum() / np.sqrt(np.sum(sums**2))))
        worse = chance < limits.alpha and explained["linear"] - explained[name] > limits.form_loss
        verdict: Verdict = "warn" if worse else "pass"
        reading = (
            f"The models of this estimate bend already ({name}). Out of fold they explain {_share(explained[name])} of the outcome of "
            f"the untreated, a straight line {_share(explained['linear'])}"
        )
        reading += (
            f", more by more than chance ({p_text(chance)}): there are too few people for this learner, and its errors reach the "
            'estimate. Try learner = "lasso" or "linear".'
            if worse
            else "."
        )
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=explained["linear"] - explained[name],
            statistic_name="R-squared a straight line is ahead",
            threshold=limits.form_loss,
            p_value=chance,
            details={"learner_r2": explained[name], "line_r2": explained["linear"], "rows": len(p.y)},
        )


def _predicts(p: People, seen: Bends, rows: Bools) -> float:
    """One-sided p-value that what the flexible model adds goes with what the line leaves, out of fold, among ``rows``."""
    import numpy as np
    from scipy import stats

    from causal_eval.inference.regression import cluster_sums

    score = (p.w * (p.y - seen.line) * seen.beyond)[rows]
    codes = np.unique(p.cluster[rows], return_inverse=True)[1]
    sums = cluster_sums(score[:, None], codes, int(codes.max()) + 1)
    spread = float(np.sqrt(np.sum(sums**2)))
    return float(stats.norm.sf(score.sum() / spread)) if spread > 0 else 1.0


def _share(r2: float) -> str:
    """Below zero, where a mean predicts better, nothing is explained."""
    return f"{max(r2, 0.0):.0%}"


def _bends_already(fitted: Fitted) -> bool:
    return getattr(fitted.estimator, "learner", "linear") in FLEXIBLE


plugin: type[Check] = FunctionalForm
