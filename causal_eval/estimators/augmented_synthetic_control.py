"""Augmented synthetic control: a ridge regression takes out the imbalance that synthetic-control weights leave before the launch."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from causal_eval.errors import EstimatorRefusal
from causal_eval.estimators._base import Estimator, Info
from causal_eval.estimators._synthetic_options import PathOptions

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design
    from causal_eval.estimators._synthetic import Synthetic
    from causal_eval.estimators._synthetic_options import Inferred
    from causal_eval.results.types import Estimate, Json


class AugmentedSyntheticControl(PathOptions):
    """Ridge-augmented synthetic control.

    Inference as for the synthetic control, or by the bootstrap or jackknife over units where several are treated. p-value and
    interval always come from the one that is chosen.
    """

    ridge: float | Literal["cv"] = Field("cv", description='Penalty in squared units of the outcome, or "cv"')
    intercept: bool = Field(False, description="Match changes from each unit's own mean instead of levels")
    inference: Literal["placebo", "conformal", "t_test", "bootstrap", "jackknife"] = Field(
        "placebo", description="Procedure behind p-value and interval"
    )

    info: ClassVar[Info] = Info(
        name="augmented_synthetic_control",
        title="Augmented synthetic control",
        summary="A synthetic control whose remaining imbalance before the launch is corrected by a ridge regression.",
        data=frozenset({"panel"}),
        estimands=frozenset({"att"}),
        adoptions=frozenset({"block", "staggered"}),
        assumptions=("donors_span", "no_anticipation", "no_interference", "stable_composition", "valid_inference"),
        min_pre_periods=3,
        min_controls=2,
        reference="Ben-Michael, Feller & Rothstein (2021), JASA 116, eq. 11",
    )

    def estimate(
        self, data: Panel, design: Design | None = None, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """Effect on the treated: overall, relative, cumulative, by period and event time.

        Raises:
            EstimatorRefusal: E401 nothing to compare or to match on; E403 too few treated units for the inference asked for;
                E404 several adoption dates with inference for one path; E405 an unknown donor.
        """
        from causal_eval.estimators._synthetic import fit_synthetic, mean_weights, write_synthetic
        from causal_eval.inference.ridge_augmented import RidgeAugmented

        pool = self.pool(data, design)
        if min(int(c.pre.sum()) for c in pool.cohorts) < 3:
            raise EstimatorRefusal(
                "E401", "augmented_synthetic_control needs three pre-periods", hint="Widen design.pre or fit_window."
            )
        method = self.screened(RidgeAugmented(None if self.ridge == "cv" else float(self.ridge), self.intercept), pool)
        found = fit_synthetic(pool, method)
        notes: list[str] = []
        weights = mean_weights(found)
        below = float(-weights[weights < 0].sum())
        if below > 5e-4:
            notes.append(
                f"Some donors have negative weights, {below:.3f} in all: the counterfactual extrapolates beyond the donors."
            )
        before = found.placebo.before[0]
        spread = float(found.cohorts[0].Y[found.cohorts[0].cohort.pre].std())
        if before < 1e-3 * spread:
            notes.append(
                "The fit before the launch is all but perfect: the ridge hardly holds back, and the weights follow noise as well."
            )
        said = self._infer(found, self.generator(rng), notes)
        ridges = [float(f.fits.predictor_weights[0, 0]) for f in found.cohorts if f.fits.predictor_weights is not None]
        details: dict[str, Json] = {"ridge": list(ridges), "negative_weight": below, "inference": self.inference}
        return write_synthetic(
            data,
            found,
            method=self.info.name,
            level=self.level,
            overall=said.test,
            value=said.value,
            std_error=said.std_error,
            procedure=said.procedure,
            notes=notes,
            details=details | said.details,
            tests=said.tests,
        )

    def _infer(self, found: Synthetic, rng: np.random.Generator, notes: list[str]) -> Inferred:
        import numpy as np

        from causal_eval.estimators._synthetic_options import infer
        from causal_eval.estimators._synthetic_resampling import resampled

        if self.inference == "bootstrap" or self.inference == "jackknife":
            pre = found.cohorts[0].cohort.pre
            times = np.where(pre, 1 / pre.sum(), 0.0) if self.intercept else np.zeros(len(pre))
            return resampled(self.inference, found, times, self.level, notes, rng)
        return infer(self.inference, found, self.level, notes, rng=rng)


plugin: type[Estimator[Panel]] = AugmentedSyntheticControl
