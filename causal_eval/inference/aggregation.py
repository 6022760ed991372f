r"""Averages of group-time effects, with the derivatives that account for estimated cohort shares.

Callaway & Sant'Anna (2021), eq. 3.3-3.11: each average is theta = sum_k omega_k ATT_k with weights made of cohort sizes W_g.
For theta = sum_k W_g(k) a_k / sum_k W_g(k) the derivative with respect to W_g is sum over the cells of g of (a_k - theta) / sum W;
being homogeneous of degree zero in W, only these derivatives matter for the influence function (their corollary 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Average:
    """One average: its value, weights on the K cells and derivatives with respect to C cohort sizes."""

    name: str
    value: float
    weight: Floats
    size: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The cells that averages are made of, (K,) each: effect, cohort, period, event time, whether the headline has them.

    ``weight`` is what a cell weighs in an average; None for its cohort's size.
    """

    att: Floats
    cohort: Ints
    period: Ints
    event: Ints
    headline: Bools
    weight: Floats | None = None


def ratio(name: str, cells: Cells, take: Bools, size: Floats) -> Average:
    """The average over the cells ``take`` (K,), each weighted by its own weight or its cohort's size."""
    import numpy as np

    w = np.where(take, size[cells.cohort] if cells.weight is None else cells.weight, 0.0)
    total = float(w.sum())
    value = float(w @ cells.att) / total
    d = np.zeros(len(size))
    np.add.at(d, cells.cohort[take], (cells.att[take] - value) / total)
    return Average(name, value, w / total, d)


def mean(
    name: str, parts: list[Average], weight: Floats | None = None, by: tuple[Ints, Floats] | None = None
) -> Average:
    """The average of averages: plain, or weighted by the sizes ``by = (cohort of each part, sizes)``."""
    import numpy as np

    values = np.array([a.value for a in parts])
    share = np.full(len(parts), 1 / len(parts)) if weight is None else weight
    extra = np.zeros(len(parts[0].size))
    if by is not None:
        cohort, size = by
        total = float(size[cohort].sum())
        share = size[cohort] / total
        np.add.at(extra, cohort, (values - float(share @ values)) / total)
    return Average(
        name,
        float(share @ values),
        np.einsum("i,ik->k", share, np.array([a.weight for a in parts])),
        np.einsum("i,ic->c", share, np.array([a.size for a in parts])) + extra,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Averages:
    """All averages of a rollout; ``events`` by event time (pre-periods too), ``cohorts`` and ``periods`` by position."""

    simple: Average
    cohort: Average
    event: Average
    calendar: Average
    events: dict[int, Average]
    cohorts: dict[int, Average]
    periods: dict[int, Average]

    def overall(self, kind: str) -> Average:
        """The overall average called simple, cohort, event or calendar."""
        found: Average = getattr(self, kind)
        return found


def averages(cells: Cells, size: Floats, *, horizon: int | None = None) -> Averages:
    """The averages of group-time effects over the headline's cells, weighted by cohort ``size`` (C,).

    Args:
        horizon: if given, event times use only the cohorts seen at every event time from 0 to it, and stop there.

    Raises:
        ValueError: no cell of the headline is left.
    """
    import numpy as np

    post = cells.headline
    if not post.any():
        raise ValueError("no group-time effect after an adoption is left")
    simple = ratio("simple", cells, post, size)
    cohorts = {
        int(g): ratio(f"cohort:{g}", cells, post & (cells.cohort == g), size) for g in np.unique(cells.cohort[post])
    }
    by_cohort = mean("cohort", list(cohorts.values()), by=(np.array(list(cohorts), dtype=np.int64), size))
    periods = {
        int(t): ratio(f"period:{t}", cells, post & (cells.period == t), size) for t in np.unique(cells.period[post])
    }
    calendar = mean("calendar", list(periods.values()))
    usable = np.ones(len(cells.att), dtype=bool)
    if horizon is not None:
        full = [
            g
            for g in np.unique(cells.cohort)
            if set(range(horizon + 1)) <= set(cells.event[cells.cohort == g].tolist())
        ]
        usable = np.isin(cells.cohort, full) & (cells.event <= horizon)
        if not (usable & post).any():
            raise ValueError(f"no cohort is seen at every event time from 0 to {horizon}")
    events = {
        int(e): ratio(f"event:{e}", cells, usable & (cells.event == e), size) for e in np.unique(cells.event[usable])
    }
    of_post = [a for e, a in events.items() if (usable & post & (cells.event == e)).any()]
    return Averages(simple, by_cohort, mean("event", of_post), calendar, events, cohorts, periods)
