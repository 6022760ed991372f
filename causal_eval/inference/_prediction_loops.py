"""The loops of :mod:`causal_eval.inference.prediction`, compiled by numba at their first use and kept on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from causal_eval.inference._simplex_loops import active_set

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PRECISE, LISTED = 1e-9, 16
CLOSE = 1e-7
"""How near the end of the set is sought, as a share of the bound."""


def _jit(function: Any) -> Any:
    return njit(cache=True, error_model="numpy")(function)


@_jit
def _end(
    G: Floats, k: int, pool: Any, c: Floats, bound: float, free: float, start: float, w: Floats, b: Floats, none: Floats
) -> tuple[float, float, float]:
    """The weights w with the smallest c'w (and free part) within the bound; returns (t, value, free part).

    w(t) minimises w'Mw / 2 + t c'w, and the free scalar is -t / free. While the support stays, w'Mw is linear in t^2, so the
    bound is met by false position in t^2.
    """
    n = len(c)
    out = np.zeros(n)
    low2, low_h = 0.0, -bound
    high2, high_h = -1.0, 0.0
    t = start
    side = 0
    value = 0.0
    extra = 0.0
    lowest = np.inf
    for j in pool:
        lowest = min(lowest, c[j])
    for step in range(80):
        for j in range(n):
            b[j] = t * c[j]
            out[j] = 0.0
        squares, _ = active_set(G, k, pool, 0.0, b, w if step > 0 or w.sum() > 0 else none, out, PRECISE, LISTED)
        value = 0.0
        for j in pool:
            value += c[j] * out[j]
            w[j] = out[j]
        extra = -t / free if free > 0 else 0.0
        h = squares + (free * extra * extra if free > 0 else 0.0) - bound
        if abs(h) <= CLOSE * bound:
            break
        if h < 0:
            low2, low_h = t * t, h
            if high2 < 0:
                # One donor with all the weight may be inside the bound: then nothing goes further.
                if t > 1e9 * start or (free == 0 and value <= lowest + 1e-9 * abs(lowest)):
                    break
                t *= 3.0
                continue
            if side == -1:
                high_h *= 0.5
            side = -1
        else:
            high2, high_h = t * t, h
            if side == 1:
                low_h *= 0.5
            side = 1
        if high2 - low2 <= 1e-14 * high2:
            break
        t = np.sqrt(low2 + (high2 - low2) * low_h / (low_h - high_h))
    return t, value, extra


@_jit
def reach(
    G: Floats, Z: Floats, base: Floats, scale: float, noise: Floats, rows: Floats, free: bool, low: Floats, high: Floats
) -> None:
    """For each noise (S, T) and row (R, J): smallest and largest rows'x (+ the free level) over weights that fit as well.

    Weights y are on the simplex; those in the study's terms are a constant + ``scale`` * y.

    Args:
        G: (J + 1, J + 1), of the donors' columns Z (T, J), the last row and column free to be written to.
        base: (T,) what y has to match without noise; the noise is divided by ``scale`` here.
        free: whether a level is fitted too: Z, base and rows are then less their means over the matched periods.
        low, high: (S, R) to fill with the ends of rows'y, and of the free level over ``scale``.
    """
    J = Z.shape[1]
    T = Z.shape[0]
    pool = np.arange(J)
    none = np.zeros(0)
    b = np.zeros(J + 1)
    c = np.zeros(J + 1)
    target = np.zeros(T)
    R = len(rows)
    t_low = np.zeros(R)
    t_high = np.zeros(R)
    w = np.zeros(J + 1)
    for s in range(len(noise)):
        bound, mean = 0.0, 0.0
        for i in range(T):
            e = noise[s, i] / scale
            bound += e * e
            mean += e / T
        level = mean if free else 0.0
        norm = 0.0
        for i in range(T):
            target[i] = base[i] + noise[s, i] / scale - level
            norm += target[i] * target[i]
        for j in range(J):
            product = 0.0
            for i in range(T):
                product += Z[i, j] * target[i]
            G[j, J] = product
            G[J, j] = product
        G[J, J] = norm
        first = 0.0
        for j in range(J):
            first += G[j, j] - 2 * G[j, J] + norm
        for r in range(R):
            size = 0.0
            for j in range(J):
                size = max(size, abs(rows[r, j]))
            if size == 0.0:
                size = 1.0
            for sign in (-1.0, 1.0):
                for j in range(J):
                    c[j] = -sign * rows[r, j]
                known = t_high[r] if sign > 0 else t_low[r]
                start = known if known > 0 else np.sqrt(bound * first / J) / size
                w[:] = 0.0
                t, value, extra = _end(G, J, pool, c, bound, float(T) if free else 0.0, start, w, b, none)
                end = -sign * (value + extra) + level
                # The free level moves with c's sign: the smallest c'w + extra is -sign times the largest rows'y + level.
                if sign > 0:
                    t_high[r] = t
                    high[s, r] = end
                else:
                    t_low[r] = t
                    low[s, r] = end
