"""Nearest neighbours without replacement, largest propensity first, as MatchIt does it: pairs that no row enters twice.

Who is matched first changes who is left, so the order is part of the method: highest score first, ties in the order of the rows, and
of two equally near candidates the earlier. Each further match of ``ratio`` is another round over all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.nearest import Matches

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

WORTH_COMPILING = 300_000
"""Choices from which on a compiled loop makes up for the second that numba takes to load."""


def greedy(
    at: Floats,
    score: Floats,
    focal: Ints,
    pool: Ints,
    ratio: int,
    *,
    caliper: float | None = None,
    strata: Ints | None = None,
    order: Ints | None = None,
) -> Matches:
    """Match as :func:`causal_eval.inference.nearest.nearest`, each row of ``pool`` at most once.

    Args:
        at: (n, k) coordinates; score: (n,) decides who chooses first.
        order: (n,) rows in the order of their only coordinate, ties by position, where it is known.
    """
    import numpy as np

    from causal_eval.inference.nearest import gathered, within_strata
    from causal_eval.inference.order import among, stable_order

    if at.shape[1] == 1:
        pool = among(pool, stable_order(at[:, 0]) if order is None else order)
    limit = np.inf if caliper is None else float(caliper)
    f, r = [], []
    for some, others in within_strata(focal, pool, strata):
        some = some[stable_order(-score[some])]
        if at.shape[1] == 1:
            found = _by_score(at[some, 0], at[others, 0], others, ratio, limit)
        else:
            from causal_eval.inference._greedy_loops import by_covariates

            found = by_covariates(at[some], at[others], ratio, limit)
        round_, place = np.nonzero(found >= 0)
        f.append(some[place])
        r.append(others[found[round_, place]])
    return gathered(len(at), focal, np.concatenate(f), np.concatenate(r))


def _by_score(x: Floats, place: Floats, row: Ints, ratio: int, limit: float) -> Ints:
    """(ratio, m) position in ``place`` (n, ascending) each of x (m,) takes in each round, -1 for none."""
    import sys

    import numpy as np

    m, n = len(x), len(place)
    new = np.append(True, place[1:] != place[:-1])[:n]
    tie = np.maximum.accumulate(np.where(new, np.arange(n), 0))
    start, left, right, out = np.searchsorted(place, x), np.arange(n + 2), np.arange(n + 2), np.full(ratio * m, -1)
    if m * ratio > WORTH_COMPILING or "numba" in sys.modules:
        from causal_eval.inference._greedy_loops import by_score

        by_score(x, start, place, row, tie, ratio, limit, left, right, out)
    else:
        from causal_eval.inference._greedy_plain import by_score as in_python

        # Python takes single numbers faster from a view of the memory than from an array.
        in_python(x.data, start.data, place.data, row.data, tie.data, ratio, limit, left.data, right.data, out.data)
    return out.reshape(ratio, m)


def assigned(at: Floats, focal: Ints, pool: Ints, *, caliper: float | None = None) -> Matches:
    """Pairs with the smallest sum of distances (Rosenbaum 1989), by a linear assignment. At most 50 million candidate pairs.

    Raises:
        ValueError: too many candidate pairs, or fewer untreated than treated.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    from causal_eval.inference.nearest import Matches

    if len(focal) * len(pool) > 50_000_000:
        raise ValueError(f"{len(focal):,} x {len(pool):,} candidate pairs are too many for optimal matching")
    if len(pool) < len(focal):
        raise ValueError("optimal matching needs at least as many untreated as treated rows")
    cost = cdist(at[focal], at[pool])
    if caliper is not None:
        cost = np.where(cost > caliper, 1e6 * (1 + cost.max()), cost)
    a, b = linear_sum_assignment(cost)
    ok = np.ones(len(a), dtype=bool) if caliper is None else cost[a, b] <= caliper
    found = focal[a[ok]]
    return Matches(found, np.arange(len(found)), pool[b[ok]], np.ones(len(found)), np.setdiff1d(focal, found))
