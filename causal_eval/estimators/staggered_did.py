"""Difference-in-differences for staggered rollouts: group-time effects and their averages.

Callaway & Sant'Anna (2021), J. Econometrics 225: group-time effects eq. 2.8-2.10, averages eq. 3.3-3.11, influence functions
theorem 2, uniform bands algorithm 1. With covariates the two-period estimators of Sant'Anna & Zhao (2020).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from causal_eval.errors import EstimatorRefusal
from causal_eval.estimators._base import Estimator, Info, Options

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design
    from causal_eval.results.types import Estimate

Balance = Literal["strict", "pairwise", "cross_section"]


class StaggeredDiD(Options):
    """Group-time average effects of a rollout in cohorts.

    Errors come from influence functions, clustered at ``roles.cluster``, else at the unit, without a small-sample factor, as
    in the paper; tests use t with G - 1 degrees of freedom. ``balance`` says what happens to units that miss a period:
    ``strict`` leaves them out, ``pairwise`` uses each unit in the cells it is seen in, ``cross_section`` compares cell
    means of whoever is seen. Weights that change in a unit are taken at the earlier of a cell's two periods, and in averages over
    cohorts at the first period it is seen in, as in R's did.
    """

    control_group: Literal["never_treated", "not_yet_treated"] | None = Field(
        None, description="Who the treated are compared with; never treated units if there are any"
    )
    base_period: Literal["universal", "varying"] = Field(
        "universal", description="Pre-periods against one base, or each against the period before it"
    )
    balance: Balance = Field("strict", description="What to do with units that miss a period")
    adjustment: Literal["none", "outcome_regression", "ipw", "doubly_robust"] | None = Field(
        None, description="Use of the covariates; doubly robust if there are any"
    )
    aggregate: Literal["simple", "cohort", "event", "calendar"] = Field("simple", description="The headline's average")
    inference: Literal["analytic", "bootstrap"] = Field("analytic", description="Where standard errors come from")
    draws: int = Field(999, ge=99, description="Draws of the multiplier bootstrap")
    horizon: int | None = Field(None, ge=0, description="Balance event times: only cohorts seen from 0 to this one")
    event_study: bool = Field(True, description="Also estimate leads and lags against the base period")

    info: ClassVar[Info] = Info(
        name="staggered_did",
        title="Staggered difference-in-differences",
        summary="Each cohort's change since before its launch, less the change of units not treated by then.",
        data=frozenset({"panel", "repeated cross-section"}),
        estimands=frozenset({"att"}),
        adoptions=frozenset({"block", "staggered"}),
        assumptions=("parallel_trends", "no_anticipation", "no_interference", "stable_composition", "valid_inference"),
        min_pre_periods=1,
        min_controls=1,
        covariates=True,
        reference="Callaway & Sant'Anna (2021), J. Econometrics 225(2), eq. 2.8-2.10 and 3.3-3.11",
    )

    def estimate(
        self, data: Panel, design: Design | None = None, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """Effects by cohort and period, event time, cohort, calendar period and declared segment, and four overall averages.

        Raises:
            EstimatorRefusal: E401 nothing to compare, E402 covariates that cannot be adjusted for, E403 options that exclude
                each other.
        """
        from causal_eval.design.design import Design

        design = design or Design()
        if data.fixed_effects:
            raise EstimatorRefusal(
                "E403", "staggered_did absorbs no further fixed effects", hint="Use covariates instead."
            )
        how = self.adjustment or ("doubly_robust" if data.covariates else "none")
        if how != "none" and not data.covariates:
            raise EstimatorRefusal(
                "E403", f'adjustment = "{how}" needs covariates', hint="List them in roles.covariates."
            )
        if how != "none" and data.pooled:
            raise EstimatorRefusal(
                "E403",
                "a ratio of totals cannot be adjusted for covariates unit by unit",
                hint='Use adjustment = "none", or a mean metric.',
            )
        from causal_eval.estimators._segments import with_segments
        from causal_eval.estimators._staggered_fit import FitOptions, StaggeredFit

        options = FitOptions(
            self.level,
            self.control_group,
            self.base_period,
            self.balance,
            self.aggregate,
            self.inference,
            self.draws,
            self.horizon,
            self.event_study,
            self.info.name,
        )
        draws = self.generator(rng)
        whole = StaggeredFit(options, data, design, how, draws).estimate()
        return with_segments(self, whole, data, design, draws)


plugin: type[Estimator[Panel]] = StaggeredDiD
