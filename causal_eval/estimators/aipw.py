"""Doubly robust: an outcome model and a propensity model, right when either is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from causal_eval.estimators._base import Estimator, Info, Options

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import CrossSection, Panel
    from causal_eval.design.design import Design
    from causal_eval.results.types import Estimate


class AIPW(Options):
    """Augmented inverse probability weighting, cross-fitted.

    On a panel the outcome is the change: doubly robust difference-in-differences (Sant'Anna & Zhao 2020, eq. 2.5).
    """

    learner: Literal["linear", "lightgbm"] = Field("linear", description="Model of outcome and propensity")
    folds: int = Field(5, ge=1, le=50, description="Folds of the cross-fitting; 1 (linear only) for none")
    trim: float = Field(
        0.01, ge=0, lt=0.5, description="Propensities nearer than this to 1 (ATE: or 0) are moved there"
    )

    info: ClassVar[Info] = Info(
        name="aipw",
        title="Doubly robust (AIPW)",
        summary="Weighting corrected by an outcome model: right when either of the two models is.",
        data=frozenset({"cross-section", "panel"}),
        estimands=frozenset({"att", "ate"}),
        adoptions=frozenset({"block", "none"}),
        assumptions=("no_confounding", "overlap", "no_interference"),
        covariates=True,
        reference="Robins, Rotnitzky & Zhao (1994); Chernozhukov et al. (2018), eq. 5.3 and 5.4; Sant'Anna & Zhao (2020)",
    )

    def estimate(
        self, data: CrossSection | Panel, design: Design | None = None, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """Effect on the treated, or on all.

        Raises:
            EstimatorRefusal: E401 nothing to compare; E402 the ATE without overlap.
        """
        from causal_eval.errors import EstimatorRefusal
        from causal_eval.estimators._scored import scored

        if self.folds == 1 and self.learner != "linear":
            raise EstimatorRefusal(
                "E401", "aipw: a learner that can overfit needs folds", hint='Set folds = 5, or learner = "linear".'
            )
        return scored(
            data,
            design,
            method=self.info.name,
            score="irm",
            learner=self.learner,
            folds=self.folds,
            repeats=1,
            trim=self.trim,
            level=self.level,
            rng=self.generator(rng),
        )


plugin: type[Estimator[CrossSection | Panel]] = AIPW
