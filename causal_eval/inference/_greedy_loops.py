"""The loops of :mod:`causal_eval.inference.greedy`, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@njit(cache=True)
def _free(link: Ints, i: int) -> int:
    """The nearest free place from ``i`` on, by path halving."""
    while link[i] != i:
        link[i] = link[link[i]]
        i = link[i]
    return i


@njit(cache=True)
def by_score(x: Floats, place: Floats, row: Ints, ratio: int, limit: float) -> Ints:
    """(ratio, m) position in ``place`` (n, ascending) each of x (m,) takes in each round, -1 for none."""
    m, n = len(x), len(place)
    out = np.full((ratio, m), -1, dtype=np.int64)
    # Places 0 and n + 1 stand for "none to this side".
    right = np.arange(n + 2)
    left = np.arange(n + 2)
    start = np.searchsorted(place, x)
    for r in range(ratio):
        for i in range(m):
            b = _free(right, start[i] + 1)
            a = _free(left, start[i])
            db = place[b - 1] - x[i] if b <= n else np.inf
            da = x[i] - place[a - 1] if a >= 1 else np.inf
            if da == np.inf and db == np.inf:
                continue
            if da < db or (da == db and row[a - 1] < row[b - 1]):
                pick, d = a, da
                # Of equal places the earliest row: it stands first.
                c = a
                while c > 1 and place[c - 2] == place[pick - 1]:
                    c -= 1
                c = _free(right, c)
                pick = c
            else:
                pick, d = b, db
            if d > limit:
                continue
            out[r, i] = pick - 1
            right[pick] = pick + 1
            left[pick] = pick - 1
    return out


@njit(cache=True)
def by_covariates(x: Floats, place: Floats, ratio: int, limit: float) -> Ints:
    """The same for x (m, k) and place (n, k), by looking at every free place."""
    m, n = len(x), len(place)
    out = np.full((ratio, m), -1, dtype=np.int64)
    free = np.ones(n, dtype=np.bool_)
    for r in range(ratio):
        for i in range(m):
            best, pick = limit * limit, -1
            for j in range(n):
                if free[j]:
                    d = 0.0
                    for k in range(x.shape[1]):
                        gap = x[i, k] - place[j, k]
                        d += gap * gap
                        if d > best:
                            break
                    if d < best or (d == best and pick < 0):
                        best, pick = d, j
            if pick >= 0:
                free[pick] = False
                out[r, i] = pick
    return out
