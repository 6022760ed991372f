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


def greedy(
    at: Floats,
    score: Floats,
    focal: Ints,
    pool: Ints,
    ratio: int,
    *,
    caliper: float | None = None,
    strata: Ints | None = None,
) -> Matches:
    """Match as :func:`causal_eval.inference.nearest.nearest`, each row of ``pool`` at most once.

    Args:
        at: (n, k) coordinates; score: (n,) decides the order.
    """
    import numpy as np

    from causal_eval.inference._greedy_loops import by_covariates, by_score
    from causal_eval.inference.nearest import Matches

    limit = np.inf if caliper is None else float(caliper)
    code = np.zeros(len(at), dtype=np.int64) if strata is None else strata.astype(np.int64)
    f, r = [], []
    for s in np.unique(code[focal]):
        some, others = focal[code[focal] == s], pool[code[pool] == s]
        some = some[np.argsort(-score[some], kind="stable")]
        if at.shape[1] == 1:
            others = others[np.argsort(at[others, 0], kind="stable")]
            found = by_score(at[some, 0], at[others, 0], others, ratio, limit)
        else:
            found = by_covariates(at[some], at[others], ratio, limit)
        round_, place = np.nonzero(found >= 0)
        f.append(some[place])
        r.append(others[found[round_, place]])
    rows, matched = np.concatenate(f), np.concatenate(r)
    order = np.lexsort((matched, rows))
    rows, matched = rows[order], matched[order]
    found = np.unique(rows)
    edge = np.searchsorted(found, rows)
    share = 1.0 / np.bincount(edge, minlength=len(found))[edge] if len(found) else np.empty(0)
    return Matches(found, edge, matched, share, np.setdiff1d(focal, found))


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
