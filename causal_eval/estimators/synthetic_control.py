"""Synthetic control: a weighted mean of donors that follows the treated units before the launch, and stands for them after it.

Donor weights are at least zero and sum to one (Abadie, Diamond & Hainmueller 2010). Several units that adopt together are matched by
their mean; units that adopt at several dates have a synthetic control a date, averaged by treated units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from causal_eval.errors import EstimatorRefusal
from causal_eval.estimators._base import Estimator, Info
from causal_eval.estimators._predictors import Predictor
from causal_eval.estimators._synthetic_options import PathOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design
    from causal_eval.design.donors import DonorPool
    from causal_eval.estimators._predictors import Late
    from causal_eval.estimators._synthetic import Synthetic
    from causal_eval.inference.counterfactual import Method
    from causal_eval.inference.predictors import Predictors
    from causal_eval.results.types import Estimate, Json

    Floats = NDArray[np.float64]


class SyntheticControl(PathOptions):
    """Synthetic control on the outcome path.

    Inference ranks the treated units among all donors put in their place; conformal inference, the debiased t-test and prediction
    intervals use the order of time instead. p-value and interval always come from the one that is chosen.
    """

    predictors: tuple[Predictor, ...] = Field(
        (), strict=False, description="Match on these means, weighted by a search"
    )
    v: tuple[float, ...] = Field((), strict=False, description="Weights of the predictors, in order; empty to search")
    intercept: bool = Field(False, description="Match changes from each unit's own mean instead of levels")
    penalty: float = Field(0.0, ge=0, description="Weight of the distance to each donor (Abadie & L'Hour 2021)")
    inference: Literal["placebo", "conformal", "t_test", "prediction"] = Field(
        "placebo", description="Procedure behind p-value and interval"
    )

    _late: ClassVar[Late] = "refuse"

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
        from causal_eval.estimators._synthetic import fit_synthetic

        pool = self.pool(data, design)
        generator = self.generator(rng)
        if self.inference == "prediction" and (self.predictors or self.penalty):
            raise EstimatorRefusal(
                "E401",
                "prediction intervals need weights matched on the outcome path alone, without predictors or a penalty",
                hint='Leave those out, or use inference = "placebo".',
            )
        if self.predictors:
            return self._matched(data, pool, generator)
        method = self.screened(self._method(), pool)
        found = fit_synthetic(pool, method)
        return self._write(data, found, self._identified(found), generator)

    def _matched(self, data: Panel, pool: DonorPool, rng: np.random.Generator) -> Estimate:
        """Matched on predictors, with their balance and the range over predictor weights that fit as well."""
        from dataclasses import replace

        from causal_eval.estimators._predictors import matrix
        from causal_eval.estimators._synthetic import fit_synthetic
        from causal_eval.results.types import BalanceRow

        if len(pool.cohorts) > 1 or self.intercept or self.penalty or self.donors.min_pre_correlation is not None:
            raise EstimatorRefusal(
                "E401",
                "predictors need one treated path, and go without intercept, penalty and donors.min_pre_correlation",
                hint="Leave predictors out to match on the outcome path.",
            )
        X, spread, names, kept = matrix(data, pool, self.predictors, late=self._late)
        method = self._with_v(X / spread[:, None], kept)
        found = fit_synthetic(pool, method)
        fit = found.cohorts[0]
        best = method.chosen(fit.Y, fit.cohort.pre)
        after = fit.Y[fit.cohort.post].mean(axis=0)
        near = after[0] - best.near @ after
        synthetic = X @ best.weights
        details: dict[str, Json] = {
            "v": {n: float(v) for n, v in zip(names, best.v, strict=True)},
            "v_range": [float(near.min()), float(near.max())],
            "v_tried": best.tried,
            "predictors": [
                [n, float(X[k, 0]), float(synthetic[k]), float(X[k, 1:].mean())] for k, n in enumerate(names)
            ],
        }
        estimate = self._write(data, found, details, rng)
        note = (
            f"Over predictor weights whose fit is within 1% of the best found, the effect lies between {near.min():.4g} and "
            f"{near.max():.4g}. The same search was made for every placebo. Checks that estimate again keep the predictor weights."
            if not self.v
            else "The weights of the predictors were given, and are the same for every placebo."
        ).replace("-", "\N{MINUS SIGN}")
        donors = X[:, 1:].mean(axis=1)
        smd = [BalanceRow(n, "before", float((X[k, 0] - donors[k]) / spread[k])) for k, n in enumerate(names)]
        smd += [BalanceRow(n, "after", float((X[k, 0] - synthetic[k]) / spread[k])) for k, n in enumerate(names)]
        return replace(estimate, notes=(*estimate.notes, note), balance=tuple(smd))

    def _with_v(self, X: Floats, kept: Sequence[int]) -> Predictors:
        import numpy as np

        from causal_eval.inference.predictors import Predictors

        if not self.v:
            return Predictors(X)
        given = np.array(self.v)
        if len(given) <= max(kept) or not (np.isfinite(given) & (given >= 0)).all() or not given[list(kept)].sum() > 0:
            raise EstimatorRefusal(
                "E401",
                f"v has {len(given)} weights for {max(kept) + 1} predictors, or a negative one, or only zeros",
                hint="Give one weight of at least zero a predictor; each period of `at` is a predictor of its own.",
            )
        held = given[list(kept)]
        return Predictors(X, held / held.sum())

    def held_at(self, estimate: Estimate) -> SyntheticControl:
        """This model with the predictor weights ``estimate`` found, for checks: a search for each would take hours.

        Predictors that end after a made-up launch are cut there, or left out.
        """
        if not self.predictors:
            return self
        found = estimate.details["v"]
        assert isinstance(found, dict)
        return _Held(**dict(self) | {"v": tuple(float(str(x)) for x in found.values())})

    def _method(self) -> Method:
        from causal_eval.inference.counterfactual import Simplex

        return Simplex(intercept=self.intercept, penalty=self.penalty)

    def _write(
        self,
        data: Panel,
        found: Synthetic,
        more: dict[str, Json],
        rng: np.random.Generator,
    ) -> Estimate:
        from causal_eval.estimators._prediction import predicted
        from causal_eval.estimators._synthetic import write_synthetic
        from causal_eval.estimators._synthetic_options import Inferred, infer

        notes: list[str] = []
        spread = float(found.cohorts[0].Y[found.cohorts[0].cohort.pre].std())
        if float(found.placebo.before[0]) <= 1e-4 * spread:
            notes.append(
                "The fit before the launch is perfect, so many weights fit: those with the smallest sum of squares are taken. With "
                "more donors than pre-periods that says nothing about the fit afterwards."
            )
        if self.inference == "prediction":
            tests, test, name = predicted(found, self.level, self.intercept, rng, notes)
            said = Inferred(test, found.value, None, name, tests)
        else:
            said = infer(self.inference, found, self.level, notes, rng=rng)
        details: dict[str, Json] = {"intercept": self.intercept, "inference": self.inference}
        details |= more | said.details
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
            details=details,
            tests=said.tests,
        )

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
            a, b = identified_range(gram(f.Y[c.pre] - level), 0, f.allowed, value)
            weight = c.size * int(c.post.sum())
            low += weight * (float(value[0]) - b)
            high += weight * (float(value[0]) - a)
            units += weight
        out: dict[str, Json] = {"identified_range": [low / units, high / units], "identified_slack": 0.05}
        if len(found.cohorts) == 1:
            f = found.cohorts[0]
            shifts = conformal(f.Y, self.screened(self._method(), found.pool), f.cohort.pre, f.cohort.post)
            out |= {"conformal_p": shifts.p_of(0.0), "conformal_n": shifts.n}
        return out


class _Held(SyntheticControl):
    """Made by :meth:`SyntheticControl.held_at`."""

    _late: ClassVar[Late] = "drop"


plugin: type[Estimator[Panel]] = SyntheticControl
