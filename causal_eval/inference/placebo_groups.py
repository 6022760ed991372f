r"""Placebo groups: as many donors as there are treated units take their place, the other donors stay donors.

The mean of m treated units is less noisy than one donor and easier to match, so ranked among single donors its fit before the
launch alone makes it look extreme: with 20 of 60 units treated and no effect, 19 of 20 launches gave p <= 0.05. Among groups of m
donors (Arkhangelsky et al. 2021, algorithm 4, for any counterfactual) it is one of many alike. The statistic is the average gap
itself, not its ratio to the fit before: the treated have m more donors to be matched with than a group has, so their fit before
would again be the better one, while their gap after is if anything the smaller, and the test errs on the safe side.

**Interval by the same test**: a constant effect tau shifts the treated gap alone, so the effects not rejected are an interval
around it, of the groups' absolute gaps at the level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.counterfactual import Method

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

MOST, DRAWS = 1_000, 999
"""Groups enumerated at most, and drawn where there are more."""
TOGETHER = 64
"""Groups fitted on one Gram matrix."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """What a group takes the place of: ``size`` treated units that adopt together. pre, post: (T,) periods."""

    size: int
    pre: Bools
    post: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The placebo groups.

    Attributes:
        effects: (B,) average gaps over the headline's periods, cohorts by their treated units and periods.
        gaps: (B, T) gaps by period, where there is one adoption date; else None.
        exact: whether they are all there are.
    """

    effects: Floats
    gaps: Floats | None
    exact: bool


def placebo_groups(
    donors: Floats,
    places: Sequence[Place],
    method: Method,
    rng: np.random.Generator,
    *,
    most: int = MOST,
    draws: int = DRAWS,
    leave: int = 2,
) -> Groups:
    """The estimate with groups of donors (T, J) in the place of the treated; several cohorts take disjoint groups.

    Args:
        most: groups enumerated at most; where there are more, ``draws`` are drawn by ``rng``. Donors with missing outcomes are
            donors only.
        leave: donors that must be left to compare with.

    Raises:
        ValueError: fewer donors than ``leave`` would be left, or fewer are whole than there are treated units.
    """
    import numpy as np

    J = donors.shape[1]
    whole = np.flatnonzero(np.isfinite(donors).all(axis=0))
    m = sum(p.size for p in places)
    if m > len(whole) or J - m < leave:
        raise ValueError(f"{len(whole)} donors cannot stand in for {m} treated units and leave {leave} to compare with")
    exact = len(places) == 1 and comb(len(whole), m) <= most
    chosen: list[Ints] = (
        [whole[list(c)] for c in combinations(range(len(whole)), m)]
        if exact
        else [rng.choice(whole, size=m, replace=False) for _ in range(draws)]
    )
    ends = np.cumsum([p.size for p in places])
    effects, gaps = np.zeros(len(chosen)), np.zeros((len(chosen), len(donors)))
    total = sum(p.size * int(p.post.sum()) for p in places)
    inside = np.zeros((len(chosen), J), dtype=bool)
    inside[np.arange(len(chosen))[:, None], np.array(chosen)] = True
    for first in range(0, len(chosen), TOGETHER):
        block = slice(first, first + TOGETHER)
        rest = [np.flatnonzero(~row) for row in inside[block]]
        for place, members in zip(places, np.split(np.array(chosen[block]), ends[:-1], axis=1), strict=True):
            means = donors[:, np.sort(members, axis=1)].mean(axis=2)
            targets = list(range(J, J + len(rest)))
            fit = method.fit(np.column_stack([donors, means]), targets, rest, place.pre, place.post)
            gaps[block] = means.T - fit.paths
            effects[block] += place.size * gaps[block][:, place.post].sum(axis=1) / total
    return Groups(effects, gaps if len(places) == 1 else None, exact)
