"""What the synthetic-control estimators have in common: donors, windows, and inference that needs only their method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from causal_eval.errors import EstimatorRefusal
from causal_eval.estimators._base import Options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design
    from causal_eval.design.donors import DonorPool
    from causal_eval.estimators._synthetic import Synthetic
    from causal_eval.inference.counterfactual import Method
    from causal_eval.inference.effects import Tested

    Floats = NDArray[np.float64]

LONG = 200
"""Pre-periods from which the t-test's interval is not warned of: it is exact only as both windows grow."""
STEADY = (
    "This test takes the gaps as steady over time: where they drift, or the treated are unlike every mix of donors, 95% intervals "
    "covered 84% to 92% in simulated panels."
)
"""Said where inference goes by the order of time (tests/coverage/synthetic.md)."""

TimeBased = Literal["placebo", "conformal", "t_test"]


class Donors(BaseModel):
    """Which units may be donors, as the data writes them."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    include: tuple[str, ...] = Field((), strict=False, description="The only donors; empty for all")
    exclude: tuple[str, ...] = Field((), strict=False, description="Units that may not be donors")
    min_pre_correlation: float | None = Field(
        None, gt=-1, lt=1, description="Only donors whose outcome moved with the treated path this closely carry weight"
    )


class PathOptions(Options):
    """Options of every estimator that follows a treated path by donors."""

    fit_window: tuple[Any, Any] | None = Field(None, strict=False, description="First and last period to match on")
    donors: Donors = Field(Donors(), description="Donors to include or exclude, by name")
    each: bool = Field(False, description="A counterfactual for every treated unit, instead of one for their mean")

    def pool(
        self, data: Panel, design: Design | None, *, outcome: Floats | None = None, complete: bool = True
    ) -> DonorPool:
        """The treated paths and donors under ``design``."""
        from causal_eval.design.design import Design
        from causal_eval.design.donors import donor_pool

        return donor_pool(
            data,
            design or Design(),
            include=self.donors.include,
            exclude=self.donors.exclude,
            fit_window=self.fit_window,
            each=self.each,
            outcome=outcome,
            complete=complete,
        )

    def screened(self, method: Method, pool: DonorPool) -> Method:
        """``method`` on the donors that pass ``donors.min_pre_correlation``.

        Raises:
            EstimatorRefusal: E401 fewer than two pass for a treated path.
        """
        import numpy as np

        from causal_eval.inference.screening import FEWEST, Screened, correlations

        least = self.donors.min_pre_correlation
        if least is None:
            return method
        for c in pool.cohorts:
            Y = np.column_stack([c.path, pool.donors])[c.pre]
            r = correlations(Y, 0, np.arange(1, Y.shape[1]))
            passes = int((r >= least).sum())
            if passes < FEWEST:
                best = sorted(zip(-r, pool.names, strict=True))[:3]
                raise EstimatorRefusal(
                    "E401",
                    f"donors.min_pre_correlation = {least:g} leaves {passes} of {len(r)} donors for those treated from {c.label} on",
                    hint="The most correlated are " + ", ".join(f"{n} ({-x:.2f})" for x, n in best) + ".",
                )
        return Screened(method, least)


def placebo_note(n: int, level: float) -> str:
    """What the number of assignments allows."""
    short = f", so no {level:.0%} interval exists" if 1 / n > 1 - level else ""
    return f"The smallest p-value {n} assignments can give is {1 / n:.3f}{short}."


def one_path(found: Synthetic, inference: str) -> None:
    """Refuse several treated paths where inference takes one."""
    if len(found.cohorts) > 1:
        raise EstimatorRefusal(
            "E404",
            f'inference = "{inference}" needs one adoption date and one treated path',
            hint='Use inference = "placebo".',
        )


def infer(
    how: TimeBased, pool: DonorPool, method: Method, found: Synthetic, level: float, notes: list[str]
) -> tuple[Tested, float, float | None, str]:
    """The test of the headline, its value and error, and the procedure in words. What the reader must know joins ``notes``."""
    from causal_eval.inference.conformal import conformal
    from causal_eval.inference.debiased_t import debiased_t

    p = found.placebo
    if how == "placebo":
        notes.append(placebo_note(p.n, level))
        size = max(f.cohort.size for f in found.cohorts)
        if size > 1:
            notes.append(
                f"The treated path is the mean of {size} units, less noisy than the single donors it is ranked among: this p-value is "
                "too small where units are noisy. `synthetic_did` ranks groups of that size."
            )
        name = f"placebo in space: rank of the RMSPE ratio among all {p.n} assignments"
        return p.tested(level), found.value, p.std_error, name
    one_path(found, how)
    fit = found.cohorts[0]
    c = fit.cohort
    if how == "conformal":
        shifts = conformal(fit.Y, method, c.pre, c.post)
        notes.append(f"The smallest p-value {shifts.n} shifts in time can give is {shifts.smallest_p:.3f}.")
        notes.append(STEADY)
        if misfit := shifts.misfit(found.value):
            notes.append(misfit)
        test = shifts.tested(found.value, float(p.before[0]), level)
        return test, found.value, None, f"conformal: residuals shifted in time, {shifts.n} cyclic shifts"
    try:
        t = debiased_t(fit.Y, method, c.pre, c.post)
    except ValueError as e:
        raise EstimatorRefusal("E401", f"t_test: {e}", hint='Use inference = "placebo".') from e
    notes.append(
        f"The headline is the debiased estimate, the mean over {t.folds} fits without {t.block} pre-periods each; "
        f"the weights of all pre-periods give {found.value:.4g}."
    )
    if int(c.pre.sum()) < LONG:
        notes.append(
            f"With {int(c.pre.sum())} pre-periods the t-test's interval is too narrow: with 20 to 60 of them its 95% "
            "intervals covered 84% to 92% in simulated panels. Rely on placebo inference beside it."
        )
    name = f"debiased t-test, {t.folds} blocks of {t.block} pre-periods, t with {t.folds - 1} degrees of freedom"
    return t.tested(level), t.value, t.std_error, name
