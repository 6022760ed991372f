"""What the synthetic-control estimators have in common: donors, windows, and inference that needs only their method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    from causal_eval.estimators._synthetic import GapTests, Synthetic
    from causal_eval.inference.counterfactual import Method
    from causal_eval.inference.effects import Tested
    from causal_eval.results.types import Json

    Floats = NDArray[np.float64]

SEARCHED = 99
"""Groups of donors at most where predictor weights are searched for each: a second apiece."""
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

    def may_be(self, unit: str) -> bool:
        """Whether that unit may be a donor."""
        return unit not in self.exclude and (not self.include or unit in self.include)

    def lacking(self, unit: str) -> Donors | None:
        """The same choice on data that lack that unit; None where it names no donor but that one."""
        if self.include == (unit,):
            return None
        include, exclude = (tuple(u for u in named if u != unit) for named in (self.include, self.exclude))
        return self.model_copy(update={"include": include, "exclude": exclude})


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
    return f"The smallest p-value {n:,} assignments can give is {small(1 / n)}{short}."


def small(p: float) -> str:
    """A p-value or its error with three decimals, or as many as show it: 0.059, 0.0005."""
    return f"{p:.3f}" if p >= 0.001 or p <= 0 else f"{float(f'{p:.1g}'):.12f}".rstrip("0")


def one_path(found: Synthetic, inference: str) -> None:
    """Refuse several treated paths where inference takes one."""
    if len(found.cohorts) > 1:
        raise EstimatorRefusal(
            "E404",
            f'inference = "{inference}" needs one adoption date and one treated path',
            hint='Use inference = "placebo".',
        )


@dataclass(frozen=True, slots=True)
class Inferred:
    """The test of the headline, its value and error, the procedure in words, and what goes with it.

    Attributes:
        tests: of averages of gaps, where they are not ranks among single donors.
        details: of the test, in place of those of single donors.
    """

    test: Tested
    value: float
    std_error: float | None
    procedure: str
    tests: GapTests | None = None
    details: dict[str, Json] = field(default_factory=dict)


def infer(
    how: TimeBased,
    found: Synthetic,
    level: float,
    notes: list[str],
    *,
    rng: np.random.Generator,
    limits: Mapping[str, int] | None = None,
) -> Inferred:
    """The headline's inference. What the reader must know joins ``notes``.

    Args:
        rng: draws groups of donors where they cannot be enumerated.
        limits: of :func:`~causal_eval.inference.placebo_groups.placebo_groups`, where not the usual ones.
    """
    from causal_eval.estimators._synthetic import GapTests
    from causal_eval.inference.conformal import conformal
    from causal_eval.inference.debiased_t import debiased_t

    p = found.placebo
    several = found.pool.n_treated > 1
    if how == "placebo":
        if several:
            return among_groups(found, level, notes, rng, limits or {})
        notes.append(placebo_note(p.n, level))
        name = f"placebo in space: rank of the RMSPE ratio among all {p.n} assignments"
        return Inferred(p.tested(level), found.value, p.std_error, name)
    one_path(found, how)
    fit = found.cohorts[0]
    c = fit.cohort
    tests = None
    if several:
        # Of a mean, which single donors are noisier than.
        groups = ranked_groups(found, level, rng, limits or {})
        tests = groups.tests if isinstance(groups, Ranked) else GapTests("none", {})
    if how == "conformal":
        shifts = conformal(fit.Y, fit.method, c.pre, c.post)
        notes.append(f"The smallest p-value {shifts.n} shifts in time can give is {shifts.smallest_p:.3f}.")
        notes.append(STEADY)
        if misfit := shifts.misfit(found.value):
            notes.append(misfit)
        test = shifts.tested(found.value, float(p.before[0]), level)
        name = f"conformal: residuals shifted in time, {shifts.n} cyclic shifts"
        return Inferred(test, found.value, None, name, tests)
    try:
        t = debiased_t(fit.Y, fit.method, c.pre, c.post)
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
    return Inferred(t.tested(level), t.value, t.std_error, name, tests)


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Groups of donors in the treated units' place.

    Attributes:
        effects: (B,) of the groups. exact: whether they are all there are.
        tests: of what the estimate averages, among the same groups.
    """

    effects: Floats
    exact: bool
    tests: GapTests


def ranked_groups(found: Synthetic, level: float, rng: np.random.Generator, limits: Mapping[str, int]) -> Ranked | str:
    """The groups, or why there are none."""
    import numpy as np

    from causal_eval.estimators._synthetic import GapTests, average_weights, averages
    from causal_eval.inference.placebo_groups import Place, placebo_groups
    from causal_eval.inference.placebo_space import studentised
    from causal_eval.inference.predictors import Predictors

    if any(isinstance(f.method, Predictors) and f.method.v is None for f in found.cohorts):
        limits = {**limits, "most": SEARCHED, "draws": SEARCHED}
    wanted = averages(found)
    weights = average_weights(found, wanted)
    places = [
        Place(f.cohort.size, f.cohort.pre, f.cohort.post, f.method, rows)
        for f, rows in zip(found.cohorts, weights, strict=True)
    ]
    try:
        groups = placebo_groups(found.pool.donors, places, rng, **limits)
    except ValueError as e:
        return str(e)
    own = sum(f.gaps[0] @ rows for f, rows in zip(found.cohorts, weights, strict=True))
    every = np.vstack([np.asarray(own), groups.rows])
    same = np.ones(len(every))
    tests = {at: studentised(every[:, k], same, level) for k, at in enumerate(wanted)}
    return Ranked(groups.effects, groups.exact, GapTests(_among(len(every), found.pool.n_treated, groups.exact), tests))


def _among(n: int, m: int, exact: bool) -> str:
    return f"placebo in space: rank of the average gap among {n:,} groups of {m} ({'all' if exact else 'drawn'})"


def among_groups(
    found: Synthetic, level: float, notes: list[str], rng: np.random.Generator, limits: Mapping[str, int]
) -> Inferred:
    """Several treated units: their average gap among those of groups as large, which adopt on the same dates."""
    import numpy as np

    from causal_eval.estimators._synthetic import GapTests
    from causal_eval.estimators._synthetic_details import histogram
    from causal_eval.inference.effects import Tested

    groups = ranked_groups(found, level, rng, limits)
    if isinstance(groups, str):
        without = Tested(None, None, None, f"no p-value and no interval: {groups}")
        return Inferred(without, found.value, None, "none: no placebo groups", GapTests("none", {}))
    m = found.pool.n_treated
    test, error, details = rank_of_gap(np.append(found.value, groups.effects), groups.exact, level, notes)
    dates = ", as many from each adoption date on as adopted then" if len(found.cohorts) > 1 else ""
    notes.append(
        f"The mean of {m} treated units is ranked among groups of {m} donors{dates}. Taken for one unit among {found.placebo.n} it "
        f"would have p = {found.placebo.p_value:.3f}, but single donors are noisier than a mean and harder to match."
    )
    details |= {"placebo_group": m, "placebo_groups": histogram(found.value, groups.effects)}
    return Inferred(test, found.value, error, groups.tests.name, groups.tests, details)


def rank_of_gap(
    gaps: Floats, exact: bool, level: float, notes: list[str]
) -> tuple[Tested, float | None, dict[str, Json]]:
    """The test of an average gap, first of ``gaps``, by its rank among the placebos' after it; their spread; details.

    Args:
        exact: whether these are all assignments there are.
    """
    import numpy as np

    from causal_eval.inference.placebo_space import studentised

    n = len(gaps)
    test = studentised(gaps, np.ones(n), level)
    notes.append(placebo_note(n, level))
    if not exact and test.p_value is not None:
        mc = (test.p_value * (1 - test.p_value) / n) ** 0.5
        notes.append(f"Assignments are drawn, not enumerated: Monte Carlo error of the p-value {small(mc)}.")
    error = float(gaps[1:].std(ddof=1)) if n > 2 else None
    return test, error, {"placebo_p": test.p_value, "placebo_n": n, "smallest_p": 1 / n}
