"""Synthetic difference-in-differences: donors and pre-periods are weighted, then the treated are compared twice.

Units that adopt together are one group; with several adoption dates each has its own weights and ridge, and the effects are averaged
by treated unit-periods (Clarke, Pailanir, Athey & Imbens 2024). Covariates are taken out beforehand by a two-way regression on units
never treated ("projected", Kranz 2022).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from causal_eval.errors import EstimatorRefusal
from causal_eval.estimators._base import Estimator, Info
from causal_eval.estimators._synthetic_options import PathOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design
    from causal_eval.estimators._synthetic import Synthetic
    from causal_eval.estimators._synthetic_options import Inferred
    from causal_eval.results.types import Estimate, Json

    Floats = NDArray[np.float64]


MOST, DRAWS = 20_000, 1_999
"""Placebo groups enumerated at most, and drawn where there are more: these fits are quick."""


class SyntheticDiD(PathOptions):
    """Synthetic difference-in-differences.

    Inference gives the treatment to donors, all of them in turn (as many together as there are treated units); the bootstrap and the
    jackknife need several treated units. p-value and interval always come from the one that is chosen.
    """

    zeta: float | None = Field(
        None, ge=0, description="Ridge of the unit weights; default (N1 T1)^(1/4) noise of each date"
    )
    inference: Literal["placebo", "bootstrap", "jackknife"] = Field(
        "placebo", description="Procedure behind p-value and interval"
    )

    info: ClassVar[Info] = Info(
        name="synthetic_did",
        title="Synthetic difference-in-differences",
        summary="The change of the treated less that of a weighted mean of donors, from a weighted mean of pre-periods.",
        data=frozenset({"panel"}),
        estimands=frozenset({"att"}),
        adoptions=frozenset({"block", "staggered"}),
        assumptions=("donors_span", "no_anticipation", "no_interference", "stable_composition", "valid_inference"),
        min_pre_periods=2,
        min_controls=2,
        covariates=True,
        reference="Arkhangelsky, Athey, Hirshberg, Imbens & Wager (2021), AER 111(12), algorithms 1 to 4",
    )

    def estimate(
        self, data: Panel, design: Design | None = None, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """Effect on the treated: overall, relative, cumulative, by period and event time.

        Raises:
            EstimatorRefusal: E401 nothing to compare or to match on; E403 too few treated units for the inference asked for;
                E404 several adoption dates with the bootstrap or jackknife; E405 an unknown donor.
        """
        import numpy as np

        from causal_eval.estimators._synthetic import fit_synthetic, write_synthetic
        from causal_eval.inference.synthetic_did import SyntheticDifference, noise

        notes: list[str] = []
        outcome = None
        if data.covariates:
            outcome, kept = _projected(data)
            used = [name for j, name in enumerate(data.covariates) if j in kept]
            idle = [name for j, name in enumerate(data.covariates) if j not in kept]
            if used:
                notes.append(
                    f"{', '.join(used)} taken out by a two-way regression on units never treated; levels shown are of what "
                    "is left."
                )
            if idle:
                notes.append(
                    f"Unit and period effects explain all of {', '.join(idle)} among units never treated: adjusting for "
                    f"{'it' if len(idle) == 1 else 'them'} changes nothing here."
                )
        pool = self.pool(data, design, outcome=outcome)
        every = np.arange(pool.donors.shape[1])
        sigmas = [noise(pool.donors, every, c.pre) for c in pool.cohorts]
        zetas = [
            (c.size * int(c.post.sum())) ** 0.25 * sigma if self.zeta is None else self.zeta
            for c, sigma in zip(pool.cohorts, sigmas, strict=True)
        ]
        methods = [SyntheticDifference(z, sigma) for z, sigma in zip(zetas, sigmas, strict=True)]
        found = fit_synthetic(pool, [self.screened(m, pool) for m in methods])
        said = self._infer(found, self.generator(rng), notes)
        details: dict[str, Json] = {"inference": self.inference}
        details |= {"zeta": zetas[0], "noise": sigmas[0]} if len(zetas) == 1 else {"zeta": [*zetas], "noise": [*sigmas]}
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

        from causal_eval.estimators._synthetic import GapTests, averages, mean_gaps
        from causal_eval.estimators._synthetic_options import Inferred, among_groups, rank_of_gap
        from causal_eval.estimators._synthetic_resampling import resampled
        from causal_eval.inference.placebo_space import studentised

        if self.inference != "placebo":
            times = found.cohorts[0].fits.time_weights
            assert times is not None
            return resampled(self.inference, found, times[0], self.level, notes, rng)
        if found.pool.n_treated > 1:
            return among_groups(found, self.level, notes, rng, {"most": MOST, "draws": DRAWS, "leave": 1})
        effects = found.placebo.effect
        test, error, details = rank_of_gap(effects, True, self.level, notes)
        name = f"placebo: rank of the estimate among {len(effects):,} assignments (all)"
        same = np.ones(len(effects))
        tests = {at: studentised(mean_gaps(found, at), same, self.level) for at in averages(found)}
        return Inferred(test, found.value, error, name, GapTests(name, tests), details)


def _projected(data: Panel) -> tuple[Floats, frozenset[int]]:
    """(n, T) outcomes less the covariates' part, and which covariates had one.

    Estimated with unit and period effects on units never treated; constant covariates and combinations of others have none.
    """
    import numpy as np

    from causal_eval.inference.absorbed import absorb

    wide = data.wide()
    x = np.stack([data.matrix(f"x_{i}") for i in range(len(data.covariates))])
    y = wide.outcome
    never = (wide.start > data.axis.ordinals[-1])[:, None] & np.isfinite(y) & np.isfinite(x).all(axis=0)
    unit, period = np.nonzero(never)
    if not unit.size:
        raise EstimatorRefusal("E401", "synthetic_did: no unit is never treated, so covariates cannot be taken out")
    codes = [np.unique(v, return_inverse=True)[1].astype(np.int64) for v in (unit, period)]
    left = absorb(y[never], x[:, never].T, codes, np.ones(len(unit)))
    beta = np.zeros(len(x))
    beta[list(left.kept)] = np.linalg.lstsq(left.x, left.y, rcond=None)[0]
    out: Floats = y - np.tensordot(beta, x, axes=1)
    return out, frozenset(int(j) for j in left.kept)


plugin: type[Estimator[Panel]] = SyntheticDiD
