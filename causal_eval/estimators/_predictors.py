"""Predictors of a synthetic control: means of columns over periods, as a study writes them and as a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from causal_eval.errors import EstimatorRefusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import Panel
    from causal_eval.design.donors import DonorPool

    Floats = NDArray[np.float64]


Late = Literal["refuse", "drop"]


class Predictor(BaseModel):
    """The mean of a column over periods: those named ``at``, or ``from`` .. ``to``, or all that are matched on."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    column: str = Field(description="A numeric column of the data")
    first: Any = Field(None, alias="from", description="First period")
    to: Any = Field(None, description="Last period")
    at: tuple[Any, ...] = Field((), strict=False, description="Single periods, each a predictor of its own")


def matrix(
    data: Panel, pool: DonorPool, said: tuple[Predictor, ...], *, late: Late = "refuse"
) -> tuple[Floats, Floats, tuple[str, ...], tuple[int, ...]]:
    """(K, 1 + J) predictors of the treated units' mean and the donors, their (K,) standard deviations, names, and places.

    Args:
        late: what to do with a predictor measured after the last matched period: refuse it, or cut its window there and
            leave it out if nothing remains. Places count all predictors, K those that remain.

    Raises:
        EstimatorRefusal: E401 a column that is not loaded, has no value for a unit, does not vary, or is measured late.
    """
    import numpy as np

    axis, cohort = data.axis, pool.cohorts[0]
    units = [str(u) for u in data.wide().units]
    donors = [units.index(n) for n in pool.names]
    treated = [units.index(n) for n in cohort.members]
    matched = np.array([axis.index(t) for t, pre in zip(pool.ordinals, cohort.pre, strict=True) if pre])
    last = int(np.flatnonzero(np.array(axis.ordinals) < cohort.start)[-1])
    rows: list[Floats] = []
    names: list[str] = []
    kept: list[int] = []
    place = -1
    for p in said:
        if p.column not in data.predictors:
            raise EstimatorRefusal(
                "E401",
                f"predictor `{p.column}` was not read with the data",
                hint=f'Give predictors=["{p.column}"] to Panel.',
            )
        values = data.matrix(f"p_{data.predictors.index(p.column)}")
        for label, periods in _periods(data, p, matched, late):
            place += 1
            at = [t for t in periods if t <= last]
            if len(at) < len(periods) and late == "refuse":
                raise EstimatorRefusal(
                    "E401",
                    f"predictor `{label}` is measured after the launch, which may have changed it",
                    hint="Take periods before the launch.",
                )
            if not at:
                continue
            part = values[:, at]
            seen: NDArray[np.bool_] = np.asarray(np.isfinite(part).any(axis=1))
            lost = int((~seen[donors]).sum() + (~seen[treated]).sum())
            if lost:
                raise EstimatorRefusal(
                    "E401",
                    f"predictor `{label}` has no value for {lost} of the units",
                    hint="Choose periods in which it is measured, or exclude those donors.",
                )
            mean = np.nanmean(np.where(seen[:, None], part, 0.0), axis=1)
            rows.append(np.append(mean[treated].mean(), mean[donors]))
            names.append(label)
            kept.append(place)
    if not rows:
        raise EstimatorRefusal("E401", "no predictor is measured before the launch", hint="Take earlier periods.")
    X = np.array(rows)
    spread = X.std(axis=1, ddof=1)
    for label, s in zip(names, spread, strict=True):
        if not s > 0:
            raise EstimatorRefusal("E401", f"predictor `{label}` is the same for every unit", hint="Leave it out.")
    return X, spread, tuple(names), tuple(kept)


def _periods(data: Panel, p: Predictor, matched: NDArray[np.int64], late: Late) -> list[tuple[str, list[int]]]:
    axis = data.axis
    if p.at:
        held = [axis.ordinal_of(t, clip=late == "drop") for t in p.at]
        known = set(axis.ordinals)
        return [(f"{p.column} at {t}", [axis.index(o)] if o in known else []) for t, o in zip(p.at, held, strict=True)]
    if p.first is None and p.to is None:
        return [(p.column, [int(i) for i in matched])]
    low = axis.ordinals[0] if p.first is None else axis.ordinal_of(p.first, clip=True)
    high = axis.ordinals[int(matched[-1])] if p.to is None else axis.ordinal_of(p.to, clip=True, side="end")
    at = [i for i, t in enumerate(axis.ordinals) if low <= t <= high]
    if not at:
        raise EstimatorRefusal(
            "E401", f"predictor `{p.column}`: no period lies in its window", hint="Check from and to."
        )
    return [(f"{p.column} {axis.label(low)} to {axis.label(high)}", at)]
