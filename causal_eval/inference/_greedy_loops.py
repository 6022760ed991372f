"""The loops of :mod:`causal_eval.inference.greedy`, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from causal_eval.inference._greedy_plain import by_score as by_score_in_python

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


by_score = njit(cache=True)(by_score_in_python)


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
