"""The loops of :mod:`causal_eval.inference.simplex`, compiled by numba at their first use and kept on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


def _jit(function: Any) -> Any:
    return njit(cache=True, error_model="numpy")(function)


@_jit
def _append(L: Floats, size: int, column: Floats, diagonal: float, least: float) -> bool:
    """Take a column of A into the Cholesky factor; False where it depends on those inside."""
    rest = diagonal
    for i in range(size):
        s = column[i]
        for j in range(i):
            s -= L[i, j] * L[size, j]
        s /= L[i, i]
        L[size, i] = s
        rest -= s * s
    if rest <= least:
        return False
    L[size, size] = np.sqrt(rest)
    return True


@_jit
def _remove(L: Floats, size: int, p: int) -> None:
    """Take row and column p out of the factor (Givens rotations)."""
    for i in range(p, size - 1):
        for j in range(i + 2):
            L[i, j] = L[i + 1, j]
    for i in range(p, size - 1):
        a, b = L[i, i], L[i, i + 1]
        r = np.hypot(a, b)
        c, s = a / r, b / r
        L[i, i] = r
        for k in range(i + 1, size - 1):
            x, y = L[k, i], L[k, i + 1]
            L[k, i] = c * x + s * y
            L[k, i + 1] = c * y - s * x


@_jit
def _solve(L: Floats, size: int, x: Floats) -> None:
    """x := A^{-1} x."""
    for i in range(size):
        s = x[i]
        for j in range(i):
            s -= L[i, j] * x[j]
        x[i] = s / L[i, i]
    for i in range(size - 1, -1, -1):
        x[i] /= L[i, i]
        s = x[i]
        for j in range(i):
            x[j] -= L[i, j] * s


@_jit
def active_set(
    G: Floats,
    k: int,
    pool: Ints,
    ridge: float,
    b: Floats,
    warm: Floats,
    out: Floats,
    precise: float,
    listed: int,
) -> tuple[float, float]:
    """Solve one problem into ``out`` (n,); returns (w'Mw, gap). Arguments as in ``simplex.solve``; ``warm`` may be empty."""
    J = len(pool)
    Gkk = G[k, k]
    scale = 0.0
    for j in pool:
        scale += max(G[j, j] - 2 * G[j, k] + Gkk, 0.0)
    scale = scale / J + ridge
    if scale == 0.0:
        scale = 1.0
    least = 1e-14 * scale
    largest = abs(Gkk)
    for j in pool:
        largest = max(largest, G[j, j])
    rounding = 1e-14 * largest + 1e-15 * scale  # what a gradient may be off by
    room = min(J, 32) + 1
    L = np.zeros((room, room))
    P = np.zeros(room, dtype=np.int64)  # columns of G
    w = np.zeros(room)
    v = np.zeros(room)
    u = np.zeros(room)
    column = np.zeros(room)
    size = 0
    inside = np.zeros(len(G), dtype=np.bool_)
    blocked = np.zeros(len(G), dtype=np.bool_)
    g = np.zeros(len(G))
    short = np.zeros(listed, dtype=np.int64)
    n_short = 0
    linear = False
    for j in pool:
        if b[j] != 0.0:
            linear = True

    n_warm = 0
    if len(warm) > 0:
        total = 0.0
        for j in pool:
            if warm[j] > 0.0:
                n_warm += 1
                total += warm[j]
    first = pool[0]
    if n_warm == 0:
        best = np.inf
        for j in pool:
            value = 0.5 * (G[j, j] - 2 * G[j, k] + Gkk + ridge) + b[j]
            if value < best:
                best, first = value, j

    # A loop over columns to enter; -1 asks for a pricing.
    entering = first
    n_entered = 0
    warm_at = 0
    squares, gap = 0.0, np.inf
    for _ in range(50 * J + 1000):
        if n_entered < n_warm:
            while warm[pool[warm_at]] <= 0.0:
                warm_at += 1
            entering = pool[warm_at]
            warm_at += 1
            n_entered += 1
        elif size > 0 and not (n_warm == 0 and n_entered == 0):
            # Full pricing only when the short list has nothing more to give.
            entering = -1
            lowest = 0.0
            mu = 0.0
            for i in range(size):
                p = P[i]
                s = ridge * w[i] + b[p]
                for q in range(size):
                    s += w[q] * (G[P[q], p] - G[P[q], k])
                s += Gkk - G[p, k]
                mu += w[i] * s
            tol = precise * abs(mu) + rounding
            for c in range(n_short):
                j = short[c]
                if inside[j] or blocked[j]:
                    continue
                s = b[j] + Gkk - G[j, k]
                for q in range(size):
                    s += w[q] * (G[P[q], j] - G[P[q], k])
                if s - mu < lowest:
                    lowest, entering = s - mu, j
            if entering < 0 or lowest >= -tol:
                for j in pool:
                    g[j] = b[j] + Gkk - G[j, k]
                shift = 0.0
                for q in range(size):
                    row = G[P[q]]
                    weight = w[q]
                    shift += weight * row[k]
                    for j in pool:
                        g[j] += weight * row[j]
                lowest = 0.0
                floor = np.inf
                n_short = 0
                entering = -1
                for j in pool:
                    g[j] -= shift
                    if inside[j]:
                        continue
                    if g[j] - mu < floor:
                        floor = g[j] - mu
                    if blocked[j] or g[j] - mu >= -tol:
                        continue
                    # insertion into the short list, the lowest first
                    at = n_short
                    while at > 0 and g[short[at - 1]] > g[j]:
                        at -= 1
                    if at < listed:
                        last = min(n_short, listed - 1)
                        for c in range(last, at, -1):
                            short[c] = short[c - 1]
                        short[at] = j
                        n_short = min(n_short + 1, listed)
                if n_short > 0:
                    entering = short[0]
                if entering < 0:
                    gap = max(0.0, -floor)
                    break
        else:
            n_entered = 1
        # Room.
        if size + 1 >= room:
            room = 2 * room
            L2 = np.zeros((room, room))
            L2[:size, :size] = L[:size, :size]
            L = L2
            P2 = np.zeros(room, dtype=np.int64)
            P2[:size] = P[:size]
            P = P2
            w2 = np.zeros(room)
            w2[:size] = w[:size]
            w = w2
            v = np.zeros(room)
            u = np.zeros(room)
            column = np.zeros(room)
        # Enter.
        j = entering
        for i in range(size):
            p = P[i]
            column[i] = G[p, j] - G[p, k] - G[j, k] + Gkk + scale
        diagonal = G[j, j] - 2 * G[j, k] + Gkk + ridge + scale
        if not _append(L, size, column, diagonal, least):
            blocked[j] = True
            continue
        P[size] = j
        inside[j] = True
        if n_entered <= n_warm and n_warm > 0:
            w[size] = warm[j] / total
            size += 1
            if n_entered < n_warm:
                continue
            s = 0.0
            for i in range(size):
                s += w[i]
            for i in range(size):
                w[i] /= s
            n_warm = 0
            n_entered = 1
        else:
            w[size] = 1.0 if size == 0 else 0.0
            size += 1
        # Steps until the minimum on the support's plane is inside.
        while True:
            for i in range(size):
                v[i] = 1.0
            _solve(L, size, v)
            sv, su = 0.0, 0.0
            for i in range(size):
                sv += v[i]
            if linear:
                for i in range(size):
                    u[i] = b[P[i]]
                _solve(L, size, u)
                for i in range(size):
                    su += u[i]
                t = (1.0 + su) / sv
                for i in range(size):
                    v[i] = t * v[i] - u[i]
            else:
                for i in range(size):
                    v[i] /= sv
            step, at = 1.0, -1
            for i in range(size):
                if v[i] <= 0.0:
                    a = w[i] / (w[i] - v[i]) if w[i] > 0.0 else 0.0
                    if a < step or at < 0:
                        step, at = a, i
            if at < 0:
                for i in range(size):
                    w[i] = v[i]
                for c in range(len(blocked)):
                    blocked[c] = False
                break
            for i in range(size):
                w[i] += step * (v[i] - w[i])
            gone = P[at]
            _remove(L, size, at)
            for i in range(at, size - 1):
                P[i] = P[i + 1]
                w[i] = w[i + 1]
            size -= 1
            inside[gone] = False
            if gone == entering:
                blocked[gone] = True  # rounding: it cannot help now
            s = 0.0
            for i in range(size):
                w[i] = max(w[i], 0.0)
                s += w[i]
            for i in range(size):
                w[i] /= s
            if size == 1:
                w[0] = 1.0
    total_w = 0.0
    for i in range(size):
        total_w += w[i]
    for i in range(size):
        out[P[i]] = w[i] / total_w
    for i in range(size):
        for q in range(size):
            squares += out[P[i]] * out[P[q]] * (G[P[i], P[q]] - G[P[i], k] - G[P[q], k] + Gkk)
    return max(squares, 0.0), gap


@_jit
def without_each_row(rows: Floats, G: Floats, k: int, pool: Ints, out: Floats, precise: float, listed: int) -> float:
    """Row t of ``out`` (T, n) solves the problem on (T, n) ``rows`` without row t; G is of all rows, centred as they are.

    Returns the sum of the gaps, which is finite where every search ended.
    """
    n = len(G)
    none = np.zeros(n)
    cold = np.zeros(0)
    left = np.empty((n, n))
    total = 0.0
    for t in range(len(rows)):
        row = rows[t]
        for i in range(n):
            for j in range(n):
                left[i, j] = G[i, j] - row[i] * row[j]
        _, gap = active_set(left, k, pool, 0.0, none, cold, out[t], precise, listed)
        total += gap
    return total


@_jit
def for_each_v(
    X: Floats, Z: Floats, V: Floats, k: int, pool: Ints, out: Floats, losses: Floats, precise: float, listed: int
) -> float:
    """Row s of ``out`` (S, n) solves the problem on sqrt(V[s]) X, ``losses[s]`` is its mean squared gap on (T, n) Z.

    X is (K, n), each row's mean over columns taken out. Returns the sum of the gaps, finite where every search ended.
    """
    K, n = X.shape
    none = np.zeros(n)
    cold = np.zeros(0)
    scaled = np.empty((K, n))
    total = 0.0
    for s in range(len(V)):
        for i in range(K):
            root = np.sqrt(V[s, i])
            for j in range(n):
                scaled[i, j] = root * X[i, j]
        _, gap = active_set(scaled.T @ scaled, k, pool, 0.0, none, cold, out[s], precise, listed)
        total += gap
        missed = Z[:, k] - Z @ out[s]
        losses[s] = (missed @ missed) / len(missed)
    return total
