"""Causal forest: whose effect is larger? A doubly robust average, and effects by declared segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from causal_eval.estimators._base import Estimator, Info, Options

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import CrossSection, Panel
    from causal_eval.design.design import Design
    from causal_eval.results.types import Estimate


class CausalForest(Options):
    """An honest causal forest on cross-fitted residuals (EconML's), averaged by doubly robust scores."""

    learner: Literal["lightgbm", "random_forest", "lasso", "linear"] = Field(
        "lightgbm", description="Model of outcome and treatment"
    )
    score: Literal["irm"] = Field("irm", description="Doubly robust average of the forest's effects")
    folds: int = Field(5, ge=2, le=50, description="Folds of the cross-fitting")
    repeats: int = Field(1, ge=1, le=50, description="Splits of the sample; their median is the estimate")
    trim: float = Field(
        0.01, ge=0, lt=0.5, description="Propensities nearer than this to 1 (ATE: or 0) are moved there"
    )
    trees: int = Field(400, ge=40, le=10_000, multiple_of=4, description="Trees of the forest")
    min_leaf: int = Field(10, ge=2, description="Fewest rows of a leaf")

    info: ClassVar[Info] = Info(
        name="causal_forest",
        title="Causal forest",
        summary="A forest learns for whom the effect is larger; its average is corrected to be doubly robust.",
        data=frozenset({"cross-section", "panel"}),
        estimands=frozenset({"att", "ate"}),
        adoptions=frozenset({"block", "none"}),
        assumptions=("no_confounding", "overlap", "no_interference"),
        covariates=True,
        reference="Athey, Tibshirani & Wager (2019), section 6; Athey & Wager (2019), eq. 8; doubly robust average",
    )

    def estimate(
        self, data: CrossSection | Panel, design: Design | None = None, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """Effect on the treated, or on all; by segment; whether effects differ at all, by what, and who gains first.

        Raises:
            EstimatorRefusal: E401 nothing to compare; E402 the ATE without overlap; E403 fewer clusters than folds.
        """
        from causal_eval.design.people import People, people
        from causal_eval.estimators._heterogeneity import heterogeneity
        from causal_eval.estimators._opt_in import estimand_of
        from causal_eval.estimators._scored import from_splits, need_clusters
        from causal_eval.inference.cross_fitting import folds_of
        from causal_eval.inference.forest import calibration, forest, priorities, scores
        from causal_eval.inference.learners import learner
        from causal_eval.inference.orthogonal import Sample, Split

        name, estimand = self.info.name, estimand_of(design)
        p: People = people(data, design, method=name)
        need_clusters(p, self.folds, name)
        draws = self.generator(rng)
        s = Sample(p.y, p.d, p.X, p.w, p.cluster)
        found = []
        grown = []
        for _ in range(self.repeats):
            at = folds_of(p.d, p.cluster, self.folds, draws)
            seed = int(draws.integers(2**31))
            f = forest(
                s,
                learner(self.learner, "regressor", seed),
                learner(self.learner, "classifier", seed),
                at,
                trees=self.trees,
                min_leaf=self.min_leaf,
                seed=seed,
            )
            value, psi, gamma, moved = scores(f, s, estimand, self.trim)
            found.append(Split(value, psi, gamma, f.e, f.m, moved))
            grown.append((f, at, seed))
        # Whether and for whom effects differ is told of the split with the median estimate, as effects by segment are.
        middle = sorted(range(self.repeats), key=lambda k: found[k].value)[self.repeats // 2]
        f, at, seed = grown[middle]
        more, note = heterogeneity(
            p,
            found[middle],
            estimand,
            calibration(f, s),
            priorities(s, f, at, trees=self.trees, min_leaf=self.min_leaf, seed=seed),
            at,
            self.level,
            draws,
        )
        return from_splits(
            p,
            s,
            tuple(found),
            method=name,
            score="irm",
            learner=self.learner,
            folds=self.folds,
            trim=self.trim,
            level=self.level,
            declared=estimand,
            outcome="all",
            notes=(note,),
            more=more,
        )


plugin: type[Estimator[CrossSection | Panel]] = CausalForest
