"""Nearest neighbours with replacement and with all ties, on a score or on several covariates, without an n x n matrix.

Rows of the other group with the same coordinates are one point. A row is matched with its ``ratio`` nearest rows; rows that tie with
the last of them are all taken, each with the same weight (Abadie & Imbens 2006, section 2.1), so no order of the rows decides.
On a score the nearest points lie in a window of the sorted scores; on covariates a k-d tree finds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.inference.order import among, stable_order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

TIE = 1e-9
"""Distances this close, relative to the spread of the coordinates, are ties."""


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Who was matched with whom: focal rows (m of them) and points of the other group.

    Attributes:
        focal: (m,) rows that found a match, ascending.
        edge: (E,) position in ``focal`` of each edge; row: (E,) the matched row; share: (E,) its share, one a focal row in sum.
        lost: rows that found none.
    """

    focal: Ints
    edge: Ints
    row: Ints
    share: Floats
    lost: Ints

    def mean(self, values: Floats) -> Floats:
        """(m,) or (m, k) mean of (n,) or (n, k) ``values`` over the matches of each focal row."""
        import numpy as np

        if values.ndim == 2:
            return np.column_stack([self.mean(values[:, k]) for k in range(values.shape[1])])
        total = np.bincount(self.edge, weights=self.share * values[self.row], minlength=len(self.focal))
        return total.astype(np.float64)

    def first(self, ratio: int, at: Floats) -> Matches:
        """Only the ``ratio`` nearest in the coordinates ``at`` (n, k), the earlier row of a tie."""
        import numpy as np

        gap = np.sqrt(((at[self.focal[self.edge]] - at[self.row]) ** 2).sum(axis=1))
        scale = float(at.std(axis=0).max()) or 1.0
        order = np.lexsort((self.row, np.round(gap / (TIE * scale)), self.edge))
        rank = np.arange(len(order)) - np.searchsorted(self.edge[order], self.edge[order])
        kept = np.sort(order[rank < ratio])
        edge = self.edge[kept]
        share = 1.0 / np.bincount(edge, minlength=len(self.focal))[edge]
        return Matches(self.focal, edge, self.row[kept], share, self.lost)

    def extremes(self, values: Floats) -> tuple[Floats, Floats]:
        """(m,) smallest and largest of (n,) ``values`` among the matches of each focal row."""
        import numpy as np

        low, high = np.full(len(self.focal), np.inf), np.full(len(self.focal), -np.inf)
        np.minimum.at(low, self.edge, values[self.row])
        np.maximum.at(high, self.edge, values[self.row])
        return low, high

    def used(self, n: int, w: Floats) -> tuple[Floats, Floats]:
        """(n,) K and K': summed (squared) shares each row is used with, weighted by the focal rows' weight and its square."""
        import numpy as np

        v = w[self.focal][self.edge]
        first = np.bincount(self.row, weights=v * self.share, minlength=n)
        second = np.bincount(self.row, weights=v**2 * self.share**2, minlength=n)
        return first.astype(np.float64), second.astype(np.float64)


def nearest(
    at: Floats,
    focal: Ints,
    pool: Ints,
    ratio: int,
    *,
    caliper: float | None = None,
    strata: Ints | None = None,
    order: Ints | None = None,
) -> Matches:
    """Match each of ``focal`` with its nearest rows of ``pool``.

    Args:
        at: (n, k) coordinates in which distance is Euclidean.
        focal, pool: rows.
        ratio: matches a row; fewer where the pool or its stratum has fewer.
        caliper: largest distance.
        strata: (n,) only rows of the same stratum are matched.
        order: (n,) rows in the order of their only coordinate, where it is known.
    """
    import numpy as np

    if at.shape[1] == 1:
        order = stable_order(at[:, 0]) if order is None else order
        focal, pool = among(focal, order), among(pool, order)
    scale = float(at.std(axis=0).max()) or 1.0
    limit = np.inf if caliper is None else caliper * (1 + TIE)
    parts = [
        _one_stratum(at, some, others, ratio, limit, TIE * scale) for some, others in within_strata(focal, pool, strata)
    ]
    rows, matched, share = (np.concatenate(v) for v in zip(*parts, strict=True))
    return gathered(len(at), focal, rows, matched, share)


def within_strata(focal: Ints, pool: Ints, strata: Ints | None) -> list[tuple[Ints, Ints]]:
    """The rows of each stratum that ``focal`` has, in their order: one pair of groups where there are no strata."""
    import numpy as np

    if strata is None:
        return [(focal, pool)]
    return [(focal[strata[focal] == s], pool[strata[pool] == s]) for s in np.unique(strata[focal])]


def gathered(n: int, focal: Ints, rows: Ints, matched: Ints, share: Floats | None = None) -> Matches:
    """The matches among n rows of edges from ``rows`` of ``focal`` to ``matched`` (E,); shares are equal unless given."""
    import numpy as np

    place = np.zeros(n, dtype=np.int64)
    place[rows] = 1
    found = np.flatnonzero(place)
    lost = np.sort(focal[place[focal] == 0])
    place[found] = np.arange(len(found))
    edge = place[rows]
    if share is None:
        share = 1.0 / np.bincount(edge, minlength=len(found))[edge]
    return Matches(found, edge, matched, share, lost)


def from_tree(at: Floats, focal: Ints, pool: Ints, ratio: int) -> Matches:
    """Match each of ``focal`` with ``ratio`` rows of ``pool`` by scikit-learn's tree, which takes any of equally near rows.

    Which ones hangs on the order of the rows: only to compare with programs that match so.
    """
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    k = min(ratio, len(pool))
    near = NearestNeighbors(n_neighbors=k, algorithm="ball_tree").fit(at[pool]).kneighbors(at[focal])[1]
    edge = np.repeat(np.arange(len(focal)), k)
    return Matches(focal, edge, pool[near.ravel()], np.full(len(edge), 1.0 / k), np.empty(0, dtype=np.int64))


def _one_stratum(
    at: Floats, focal: Ints, pool: Ints, ratio: int, limit: float, tie: float
) -> tuple[Ints, Ints, Floats]:
    """Edges (focal row, matched row, share). With one coordinate ``focal`` and ``pool`` are in its order."""
    import numpy as np

    if not len(focal) or not len(pool):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
    if at.shape[1] == 1:
        ordered, place = pool, at[pool, 0]
        grid = np.round(place / tie)
        begin = np.concatenate([[0], np.flatnonzero(grid[1:] != grid[:-1]) + 1, [len(grid)]])
        count = np.diff(begin)
        mean = np.add.reduceat(place, begin[:-1]) / count
        first, last = _window(mean, count, at[focal, 0], ratio, limit, tie)
        n = last - first
        mine = np.repeat(np.arange(len(focal)), n)
        point = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n) + np.repeat(first, n)
    else:
        points, where, count = np.unique(at[pool], axis=0, return_inverse=True, return_counts=True)
        ordered = pool[np.argsort(where.ravel(), kind="stable")]
        begin = np.concatenate([[0], np.cumsum(count)])
        mine, point = _tree(points, count, at[focal], ratio, limit, tie)
    size = count[point]
    rows = np.repeat(mine, size)
    inside = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    matched = ordered[np.repeat(begin[point], size) + inside]
    total = np.bincount(rows, minlength=len(focal)).astype(float)
    return focal[rows], matched, 1.0 / total[rows]


def _window(place: Floats, count: Ints, x: Floats, ratio: int, limit: float, tie: float) -> tuple[Ints, Ints]:
    """(m,) first and one past last point of each row's matches. place: (u,) ascending."""
    import numpy as np

    u = len(place)
    middle = np.searchsorted(place, x)
    reach = np.arange(-ratio, ratio)
    index = middle[:, None] + reach
    ok = (index >= 0) & (index < u)
    safe = np.clip(index, 0, u - 1)
    distance = np.where(ok, np.abs(place[safe] - x[:, None]), np.inf)
    order = np.argsort(distance, axis=1, kind="stable")
    sorted_d = np.take_along_axis(distance, order, axis=1)
    mass = np.cumsum(np.take_along_axis(np.where(ok, count[safe], 0), order, axis=1), axis=1)
    need = np.minimum(ratio, int(count.sum()))
    kth = (mass < need).sum(axis=1).clip(max=2 * ratio - 1)
    radius = np.minimum(np.take_along_axis(sorted_d, kth[:, None], axis=1)[:, 0] + tie, limit)
    first = np.searchsorted(place, x - radius, side="left")
    last = np.searchsorted(place, x + radius, side="right")
    return first, np.maximum(last, first)


def _tree(points: Floats, count: Ints, x: Floats, ratio: int, limit: float, tie: float) -> tuple[Ints, Ints]:
    """(E,) position of the row and its points."""
    import numpy as np
    from scipy.spatial import cKDTree

    tree = cKDTree(points)
    k = min(ratio + 1, len(points))
    distance, index = tree.query(x, k=np.arange(1, k + 1))
    mass = np.cumsum(count[index], axis=1)
    kth = (mass < ratio).sum(axis=1).clip(max=k - 1)
    radius = np.minimum(np.take_along_axis(distance, kth[:, None], axis=1)[:, 0] + tie, limit)
    inside = distance <= radius[:, None]
    crowded = inside.all(axis=1) & (k < len(points))
    mine, column = np.nonzero(inside & ~crowded[:, None])
    point = index[mine, column]
    more = np.flatnonzero(crowded)
    if len(more):
        lists = tree.query_ball_point(x[more], radius[more], return_sorted=True)
        mine = np.concatenate([mine, np.repeat(more, [len(v) for v in lists])])
        point = np.concatenate([point, *(np.array(v, dtype=np.int64) for v in lists)])
    return mine.astype(np.int64), point.astype(np.int64)
