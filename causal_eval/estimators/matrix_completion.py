"""Matrix completion: untreated outcomes of the treated are missing cells, filled by a low-rank matrix with unit and period effects.

Donors with missing outcomes take part. Units that adopt together are one row, their mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from causal_eval.errors import EstimatorRefusal
from causal_eval.estimators._base import Estimator, Info
from causal_eval.estimators._synthetic_options import PathOptions

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design
    from causal_eval.results.types import Estimate, Json

MOST_PLACEBOS = 60
"""Donors that take the treated units' place at most: each is a completion of its own."""


class MatrixCompletion(PathOptions):
    """Matrix completion with a nuclear-norm penalty, chosen by cross-validation.

    Inference ranks the treated units among donors put in their place, at the penalty chosen for the treated.
    """

    penalty: float | None = Field(None, ge=0, description="Nuclear-norm penalty; default by cross-validation")

    info: ClassVar[Info] = Info(
        name="matrix_completion",
        title="Matrix completion",
        summary="The treated units' untreated outcomes are filled in from patterns that all units share.",
        data=frozenset({"panel"}),
        estimands=frozenset({"att"}),
        adoptions=frozenset({"block", "staggered"}),
        assumptions=("donors_span", "no_anticipation", "no_interference", "stable_composition", "valid_inference"),
        min_pre_periods=2,
        min_controls=2,
        reference="Athey, Bayati, Doudchenko, Imbens & Khosravi (2021), JASA 116, eq. 4.1",
    )

    def estimate(
        self, data: Panel, design: Design | None = None, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """Effect on the treated: overall, relative, cumulative, by period and event time.

        Raises:
            EstimatorRefusal: E401 nothing to compare or to learn from; E405 an unknown donor.
        """
        import numpy as np

        from causal_eval.estimators._synthetic import fit_synthetic, write_synthetic
        from causal_eval.estimators._synthetic_options import infer
        from causal_eval.inference.matrix_completion import NuclearNorm, complete, stacked
        from causal_eval.inference.screening import Screened

        pool = self.pool(data, design, complete=False)
        first = pool.cohorts[0]
        Y = np.column_stack([np.where(np.isfinite(first.path), first.path, 0.0), pool.donors])
        columns = np.arange(1, Y.shape[1])
        screen = self.screened(NuclearNorm(0.0), pool)
        rows, seen = stacked(
            Y, 0, screen.passing(Y[first.pre], 0, columns) if isinstance(screen, Screened) else columns, first.pre
        )
        try:
            chosen = complete(rows, seen, self.generator(rng), penalty=self.penalty)
        except ValueError as e:
            raise EstimatorRefusal("E401", f"matrix_completion: {e}", hint="Leave such units or periods out.") from e
        whole = int(np.isfinite(pool.donors).all(axis=0).sum())
        notes: list[str] = []
        if whole < 2:
            raise EstimatorRefusal(
                "E403", "matrix_completion: fewer than two donors without missing outcomes to rank among"
            )
        if whole < pool.donors.shape[1]:
            notes.append(
                f"{pool.donors.shape[1] - whole} donors have missing outcomes: they inform the fit, but are not ranked."
            )
        most = min(whole, MOST_PLACEBOS)
        if most < whole:
            notes.append(f"The treated are ranked among the first {most} of {whole} donors by name.")
        if not chosen.converged:
            notes.append("The completion had not settled after its last step: take its third digit with care.")
        method = self.screened(NuclearNorm(chosen.penalty), pool)
        found = fit_synthetic(pool, method, most=most)
        said = infer(
            "placebo",
            found,
            self.level,
            notes,
            rng=self.generator(rng),
            limits={"most": MOST_PLACEBOS, "draws": MOST_PLACEBOS - 1},
        )
        details: dict[str, Json] = {"penalty": chosen.penalty, "rank": chosen.rank, "held_out_rmse": list(chosen.rmse)}
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


plugin: type[Estimator[Panel]] = MatrixCompletion
