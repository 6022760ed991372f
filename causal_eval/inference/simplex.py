r"""Least squares over the simplex, for a target and all its placebos from one Gram matrix.

Synthetic-control weights minimise |x_k - X w|^2 over w >= 0, sum w = 1 (Abadie, Diamond & Hainmueller 2010, eq. 2). As the
weights sum to one, |x_k - X w|^2 = w' M w with

    M_ij = (x_i - x_k)'(x_j - x_k) = G_ij - G_ik - G_jk + G_kk,      G = X'X,

so every choice of target k and pool of donors reads its problem off the same G, and any vector may be taken from all columns
of X beforehand (the mean over units, which keeps G small). In general, with a ridge and a linear term,

    f(w) = w'(M + ridge I) w / 2 + b'w,      g = (M + ridge I) w + b.

**Active set** (Lawson & Hanson 1974, ch. 23, with the sum as an equality). On the support P, minimising f subject to
sum w = 1 alone has, for any c > 0, the solution w = t A^{-1} 1 - A^{-1} b_P with A = M_PP + ridge I + c 11' and t such that
w sums to one: on that plane c 11' adds a constant. A's Cholesky factor takes a column in or out in O(|P|^2). A step ends at
that solution, or where the first weight reaches zero, which then leaves P. Columns enter by the smallest g_j, from a
short list priced anew only when it is used up, since a full pricing costs O(|P| J).

**Certificate.** f is convex, so f(w) - min f <= g'w - min_j g_j, the Frank-Wolfe gap, which is 0 at the optimum and is
returned with every solution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

PRECISE = 1e-10
"""Gap at which the search ends, as a share of the objective."""
LISTED = 16
"""Columns on the short list."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Weights of one or many problems. The shapes without P are those of :func:`solve`, with P those of :func:`solve_each`.

    Attributes:
        weights: (n,) or (P, n), zero outside each pool.
        squares: () or (P,) w'Mw, the sum of squared residuals.
        gap: () or (P,) bound on how far f is above its minimum.
    """

    weights: Floats
    squares: Floats
    gap: Floats


def gram(columns: Floats) -> Floats:
    """(n, n) G of (T, n) columns, the mean over columns taken out of each row first."""
    centred = columns - columns.mean(axis=1, keepdims=True)
    product: Floats = centred.T @ centred
    return product


def solve(
    G: Floats,
    target: int,
    pool: Ints,
    *,
    ridge: float = 0.0,
    linear: Floats | None = None,
    warm: Floats | None = None,
) -> Solution:
    """One problem.

    Args:
        G: (n, n) Gram matrix of all columns, the target's among them.
        target: the column to match; pool: the columns that may carry weight, ascending.
        ridge: added to the diagonal of M.
        linear: (n,) the b of the linear term; warm: (n,) weights to start from, of which only the support is used.

    Raises:
        ValueError: the pool is empty.
        ArithmeticError: G is not finite, or the search did not end.
    """
    found = solve_each(
        G,
        [target],
        [pool],
        ridge=ridge,
        linear=None if linear is None else linear.reshape(1, -1),
        warm=None if warm is None else warm.reshape(1, -1),
    )
    return Solution(found.weights[0], found.squares[0], found.gap[0])


def solve_each(
    G: Floats,
    targets: Sequence[int],
    pools: Sequence[Ints],
    *,
    ridge: float = 0.0,
    linear: Floats | None = None,
    warm: Floats | None = None,
) -> Solution:
    """P problems on one G: see :func:`solve`. ``linear`` and ``warm`` are (P, n).

    Raises:
        ValueError: a pool is empty.
        ArithmeticError: G is not finite, or the search did not end.
    """
    import numpy as np

    n = len(G)
    if any(len(p) == 0 for p in pools):
        raise ValueError("no donor is left to weight")
    G = np.ascontiguousarray(G, dtype=float)
    if not np.isfinite(G).all():
        raise ArithmeticError("donor weights need finite outcomes")
    none = np.zeros(n)
    weights = np.zeros((len(targets), n))
    squares, gap = np.zeros(len(targets)), np.zeros(len(targets))
    run = _compiled()
    nothing = np.zeros(0)
    for i, (k, pool) in enumerate(zip(targets, pools, strict=True)):
        start = nothing if warm is None else np.ascontiguousarray(warm[i], dtype=float)
        members = np.ascontiguousarray(pool, dtype=np.int64)
        b = none if linear is None else np.ascontiguousarray(linear[i], dtype=float)
        squares[i], gap[i] = run(G, int(k), members, float(ridge), b, start, weights[i], PRECISE, LISTED)
    if not np.isfinite(gap).all():
        raise ArithmeticError("the search for donor weights did not end")
    return Solution(weights, squares, gap)


def solve_without_each_row(X: Floats, target: int, pool: Ints) -> Floats:
    """(T, n) weights: row t solves :func:`solve` on (T, n) ``X`` without its row t, whose part is taken out of one Gram matrix.

    Raises:
        ValueError: the pool is empty.
        ArithmeticError: X is not finite, or a search did not end.
    """
    import numpy as np

    if len(pool) == 0:
        raise ValueError("no donor is left to weight")
    rows = np.ascontiguousarray(X - X.mean(axis=1, keepdims=True), dtype=float)
    if not np.isfinite(rows).all():
        raise ArithmeticError("donor weights need finite outcomes")
    weights = np.zeros(X.shape)
    members = np.ascontiguousarray(pool, dtype=np.int64)
    gap = _compiled_rows()(rows, rows.T @ rows, int(target), members, weights, PRECISE, LISTED)
    if not np.isfinite(gap):
        raise ArithmeticError("the search for donor weights did not end")
    return weights


@cache
def _compiled() -> Any:
    from causal_eval.inference._simplex_loops import active_set

    return active_set


@cache
def _compiled_rows() -> Any:
    from causal_eval.inference._simplex_loops import without_each_row

    return without_each_row
