"""Synthetic control: a weighted mean of donors that follows the treated units before the launch, and stands for them after it.

Donor weights are at least zero and sum to one (Abadie, Diamond & Hainmueller 2010). Several units that adopt together are matched by
their mean; units that adopt at several dates have a synthetic control a date, averaged by treated units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from causal_eval.errors import EstimatorRefusal
from causal_eval.estimators._base import Estimator, Info, Options

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design
    from causal_eval.design.donors import DonorPool
    from causal_eval.estimators._synthetic import Synthetic
    from causal_eval.inference.counterfactual import Method
    from causal_eval.inference.effects import Tested
    from causal_eval.results.types import Estimate, Json


class Donors(BaseModel):
    """Which units may be donors, as the data writes them."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    include: tuple[str, ...] = Field((), strict=False, description="The only donors; empty for all")
    exclude: tuple[str, ...] = Field((), strict=False, description="Units that may not be donors")


class SyntheticControl(Options):
    """Synthetic control on the outcome path.

    Inference ranks the treated units among all donors put in their place; conformal inference, the debiased t-test and prediction
    intervals use the order of time instead. p-value and interval always come from the one that is chosen.
    """

    intercept: bool = Field(False, description="Match changes from each unit's own mean instead of levels")
    penalty: float = Field(0.0, ge=0, description="Weight of the distance to each donor (Abadie & L'Hour 2021)")
    fit_window: tuple[Any, Any] | None = Field(None, strict=False, description="First and last period to match on")
    donors: Donors = Field(Donors(), description="Donors to include or exclude, by name")
    each: bool = Field(False, description="A synthetic control for every treated unit, instead of one for their mean")
    inference: Literal["placebo", "conformal", "t_test"] = Field(
        "placebo", description="Procedure behind p-value and interval"
    )

    info: ClassVar[Info] = Info(
        name="synthetic_control",
        title="Synthetic control",
        summary="A weighted mean of untreated units that moved as the treated did before the launch.",
        data=frozenset({"panel"}),
        estimands=frozenset({"att"}),
        adoptions=frozenset({"block", "staggered"}),
        assumptions=("donors_span", "no_anticipation", "no_interference", "stable_composition", "valid_inference"),
        min_pre_periods=2,
        min_controls=2,
        reference="Abadie, Diamond & Hainmueller (2010), JASA 105, eq. 2; placebo ranks: Abadie et al. (2015)",
    )

    def estimate(
        self, data: Panel, design: Design | None = None, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """Effect on the treated: overall, relative, cumulative, by period and event time.

        Raises:
            EstimatorRefusal: E401 nothing to compare or to match on; E404 several adoption dates with time-based inference;
                E405 an unknown donor.
        """
        from causal_eval.design.design import Design
        from causal_eval.design.donors import donor_pool
        from causal_eval.estimators._synthetic import fit_synthetic

        pool = donor_pool(
            data,
            design or Design(),
            include=self.donors.include,
            exclude=self.donors.exclude,
            fit_window=self.fit_window,
            each=self.each,
        )
        method = self._method()
        found = fit_synthetic(pool, method)
        return self._write(data, pool, method, found)

    def _method(self) -> Method:
        from causal_eval.inference.counterfactual import Simplex

        return Simplex(intercept=self.intercept, penalty=self.penalty)

    def _write(self, data: Panel, pool: DonorPool, method: Method, found: Synthetic) -> Estimate:
        from causal_eval.estimators._synthetic import write_synthetic

        notes: list[str] = []
        test, value, error, name = self._infer(pool, method, found, notes)
        details: dict[str, Json] = {"intercept": self.intercept, "inference": self.inference}
        details |= self._identified(found)
        return write_synthetic(
            data,
            found,
            method=self.info.name,
            level=self.level,
            overall=test,
            value=value,
            std_error=error,
            procedure=name,
            notes=notes,
            details=details,
        )

    def _infer(
        self, pool: DonorPool, method: Method, found: Synthetic, notes: list[str]
    ) -> tuple[Tested, float, float | None, str]:
        """The test of the headline, its value and error, and the procedure in words."""
        from causal_eval.inference.conformal import conformal
        from causal_eval.inference.debiased_t import debiased_t

        p = found.placebo
        if self.inference == "placebo":
            smallest = f"The smallest p-value {p.n} assignments can give is {p.smallest_p:.3f}"
            short = ", so no 95% interval exists" if p.smallest_p > 1 - self.level else ""
            notes.append(f"{smallest}{short}." if self.level == 0.95 else f"{smallest}.")
            name = f"placebo in space: rank of the RMSPE ratio among all {p.n} assignments"
            return p.tested(self.level), found.value, p.std_error, name
        if len(found.cohorts) > 1:
            raise EstimatorRefusal(
                "E404",
                f'inference = "{self.inference}" needs one adoption date and one treated path',
                hint='Use inference = "placebo".',
            )
        fit = found.cohorts[0]
        c = fit.cohort
        if self.inference == "conformal":
            shifts = conformal(fit.Y, method, c.pre, c.post)
            notes.append(f"The smallest p-value {shifts.n} shifts in time can give is {shifts.smallest_p:.3f}.")
            test = shifts.tested(found.value, float(p.before[0]), self.level)
            return test, found.value, None, f"conformal: residuals shifted in time, {shifts.n} cyclic shifts"
        try:
            t = debiased_t(fit.Y, method, c.pre, c.post)
        except ValueError as e:
            raise EstimatorRefusal("E401", f"t_test: {e}", hint='Use inference = "placebo".') from e
        notes.append(
            f"The headline is the debiased estimate, the mean over {t.folds} fits without {t.block} pre-periods each; "
            f"the weights of all pre-periods give {found.value:.4g}."
        )
        name = f"debiased t-test, {t.folds} blocks of {t.block} pre-periods, t with {t.folds - 1} degrees of freedom"
        return t.tested(self.level), t.value, t.std_error, name

    def _identified(self, found: Synthetic) -> dict[str, Json]:
        """The range of the effect over weights that fit almost as well, and the p-value by the order of time."""
        import numpy as np

        from causal_eval.inference.conformal import conformal
        from causal_eval.inference.identified_range import identified_range
        from causal_eval.inference.simplex import gram

        low = high = 0.0
        units = 0
        for f in found.cohorts:
            c = f.cohort
            level = f.Y[c.pre].mean(axis=0) if self.intercept else np.zeros(f.Y.shape[1])
            value = f.Y[c.post].mean(axis=0) - level
            a, b = identified_range(gram(f.Y[c.pre] - level), 0, np.arange(1, f.Y.shape[1]), value)
            weight = c.size * int(c.post.sum())
            low += weight * (float(value[0]) - b)
            high += weight * (float(value[0]) - a)
            units += weight
        out: dict[str, Json] = {"identified_range": [low / units, high / units], "identified_slack": 0.05}
        if len(found.cohorts) == 1:
            f = found.cohorts[0]
            shifts = conformal(f.Y, self._method(), f.cohort.pre, f.cohort.post)
            out |= {"conformal_p": shifts.p_of(0.0), "conformal_n": shifts.n}
        return out


plugin: type[Estimator[Panel]] = SyntheticControl
