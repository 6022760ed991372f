"""The loop of greedy matching along a score, for Python; :mod:`causal_eval.inference._greedy_loops` compiles it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64] | memoryview
    Ints = NDArray[np.int64] | memoryview


def by_score(
    x: Floats,
    start: Ints,
    place: Floats,
    row: Ints,
    tie: Ints,
    ratio: int,
    limit: float,
    left: Ints,
    right: Ints,
    out: Ints,
) -> None:
    """Fill ``out`` (ratio * m) with the position in ``place`` (n, ascending) each of x (m,) takes in each round, -1 for none.

    Args:
        start: (m,) first position not below each x; row: (n,) of equally near places the one with the smaller row is taken.
        tie: (n,) first position with the same place.
        left, right: (n + 2,) of 0..n+1; the nearest free position, counted from one, is followed through them. 0 and n + 1
            stand for "none to this side".
    """
    m, n = len(x), len(place)
    for r in range(ratio):
        for i in range(m):
            b = start[i] + 1
            while right[b] != b:
                right[b] = right[right[b]]
                b = right[b]
            a = start[i]
            while left[a] != a:
                left[a] = left[left[a]]
                a = left[a]
            if a < 1 and b > n:
                continue
            if a >= 1 and (
                b > n
                or x[i] - place[a - 1] < place[b - 1] - x[i]
                or (x[i] - place[a - 1] == place[b - 1] - x[i] and row[a - 1] < row[b - 1])
            ):
                gap = x[i] - place[a - 1]
                # Of equal places the earliest row: it stands first.
                pick = tie[a - 1] + 1
                while right[pick] != pick:
                    right[pick] = right[right[pick]]
                    pick = right[pick]
            else:
                gap, pick = place[b - 1] - x[i], b
            if gap > limit:
                continue
            out[r * m + i] = pick - 1
            right[pick] = pick + 1
            left[pick] = pick - 1
