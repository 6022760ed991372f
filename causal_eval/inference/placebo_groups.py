r"""Placebo groups: as many donors as there are treated units take their place, the other donors stay donors.

The mean of m treated units is less noisy than one donor and easier to match, so ranked among single donors its fit before the
launch alone makes it look extreme: with 20 of 60 units treated and no effect, 19 of 20 launches gave p <= 0.05. Among groups of m
donors (Arkhangelsky et al. 2021, algorithm 4, for any counterfactual) it is one of many alike. The statistic is the average gap
itself, not its ratio to the fit before: the treated have m more donors to be matched with than a group has, so their fit before
would again be the better one, while their gap after is if anything the smaller, and the test errs on the safe side.

With several adoption dates a group holds as many donors for each date as adopted then, none of them twice (Clarke et al. 2024).
Averages over periods, dates and times since adoption are ranked among the same groups' own.

**Interval by the same test**: a constant effect tau shifts the treated gap alone, so the effects not rejected are an interval
around it, of the groups' absolute gaps at the level.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    """What a group takes the place of.

    Attributes:
        size: treated units that adopt together. pre, post: (T,) periods.
        method: their counterfactual's.
        rows: (T, K) weights of their gaps in K averages of the author's choice; an average sums over places.
    """

    size: int
    pre: Bools
    post: Bools
    method: Method
    rows: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """The placebo groups.

    Attributes:
        effects: (B,) average gaps over the headline's periods, cohorts by their treated units and periods.
        rows: (B, K) the averages that the places ask for; K is 0 where they ask for none.
        exact: whether they are all there are.
    """

    effects: Floats
    rows: Floats
    exact: bool


def placebo_groups(
    donors: Floats,
    places: Sequence[Place],
    rng: np.random.Generator,
    *,
    most: int = MOST,
    draws: int = DRAWS,
    leave: int = 2,
) -> Groups:
    """The estimate with groups of donors (T, J) in the place of the treated; several places take disjoint groups.

    Args:
        most: groups enumerated at most; where there are more, ``draws`` are drawn by ``rng``. Donors with missing outcomes are
            donors only.
        leave: donors that must be left to compare with.

    Raises:
        ValueError: fewer donors than ``leave`` would be left, or fewer are whole than there are treated units.
    """
    import numpy as np

    from causal_eval.inference.predictors import Predictors

    J = donors.shape[1]
    whole = np.flatnonzero(np.isfinite(donors).all(axis=0))
    sizes = [p.size for p in places]
    m = sum(sizes)
    if m > len(whole) or J - m < leave:
        raise ValueError(f"{len(whole)} donors cannot stand in for {m} treated units and leave {leave} to compare with")
    exact = _assignments(len(whole), sizes) <= most
    chosen = (
        whole[np.array(list(_disjoint(tuple(range(len(whole))), sizes)))]
        if exact
        else np.array([rng.choice(whole, size=m, replace=False) for _ in range(draws)])
    )
    ends = np.cumsum(sizes)
    wanted = [np.zeros((len(donors), 0)) if p.rows is None else p.rows for p in places]
    effects, rows = np.zeros(len(chosen)), np.zeros((len(chosen), wanted[0].shape[1]))
    total = sum(p.size * int(p.post.sum()) for p in places)
    inside = np.zeros((len(chosen), J), dtype=bool)
    inside[np.arange(len(chosen))[:, None], chosen] = True
    for first in range(0, len(chosen), TOGETHER):
        block = slice(first, first + TOGETHER)
        rest = [np.flatnonzero(~row) for row in inside[block]]
        taken = np.split(chosen[block], ends[:-1], axis=1)
        for place, row, members in zip(places, wanted, taken, strict=True):
            members = np.sort(members, axis=1)
            means = donors[:, members].mean(axis=2)
            targets = list(range(J, J + len(rest)))
            method = place.method.beside(members) if isinstance(place.method, Predictors) else place.method
            fit = method.fit(np.column_stack([donors, means]), targets, rest, place.pre, place.post)
            gaps = means.T - fit.paths
            effects[block] += place.size * gaps[:, place.post].sum(axis=1) / total
            rows[block] += gaps @ row
    return Groups(effects, rows, exact)


def _assignments(n: int, sizes: Sequence[int]) -> int:
    """Ways to fill places of those sizes with n donors, none of them twice."""
    ways = 1
    for size in sizes:
        ways *= comb(n, size)
        n -= size
    return ways


def _disjoint(left: tuple[int, ...], sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Those ways, each as the donors of the first place, then of the second, and so on."""
    if not sizes:
        yield ()
        return
    for here in combinations(left, sizes[0]):
        taken = set(here)
        for others in _disjoint(tuple(i for i in left if i not in taken), sizes[1:]):
            yield (*here, *others)
