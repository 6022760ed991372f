"""Double machine learning: flexible models of outcome and treatment, cross-fitted, in scores their errors hardly reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from causal_eval.estimators._base import Estimator, Info, Options

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import CrossSection, Panel
    from causal_eval.design.design import Design
    from causal_eval.results.types import Estimate


class DoubleML(Options):
    """Partially linear or interactive model with cross-fitted learners.

    Errors are clustered where there are clusters (folds too), and with ``repeats`` they include the noise of the split.
    """

    score: Literal["plr", "irm"] = Field("plr", description="Partially linear (one effect), or interactive (ATT, ATE)")
    learner: Literal["lightgbm", "random_forest", "lasso", "linear"] = Field(
        "lightgbm", description="Model of outcome and treatment"
    )
    folds: int = Field(5, ge=2, le=50, description="Folds of the cross-fitting")
    repeats: int = Field(1, ge=1, le=200, description="Splits of the sample; their median is the estimate")
    trim: float = Field(
        0.01, ge=0, lt=0.5, description="Propensities nearer than this to 1 (ATE: or 0) are moved there"
    )

    info: ClassVar[Info] = Info(
        name="double_ml",
        title="Double machine learning",
        summary="What the covariates predict is taken out of outcome and treatment by flexible models; the rest is compared.",
        data=frozenset({"cross-section", "panel"}),
        estimands=frozenset({"att", "ate"}),
        adoptions=frozenset({"block", "none"}),
        assumptions=("no_confounding", "overlap", "no_interference"),
        covariates=True,
        reference="Chernozhukov et al. (2018), Econometrics Journal 21, eq. 4.4, 5.3, 5.4 and definition 3.3",
    )

    def estimate(
        self, data: CrossSection | Panel, design: Design | None = None, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """One effect (``plr``), or the effect on the treated or on all (``irm``).

        Raises:
            EstimatorRefusal: E401 nothing to compare; E402 the ATE without overlap; E403 fewer clusters than folds.
        """
        from causal_eval.estimators._scored import scored

        return scored(
            data,
            design,
            method=self.info.name,
            score=self.score,
            learner=self.learner,
            folds=self.folds,
            repeats=self.repeats,
            trim=self.trim,
            level=self.level,
            rng=self.generator(rng),
        )


plugin: type[Estimator[CrossSection | Panel]] = DoubleML
