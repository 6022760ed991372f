r"""How far the data pin the weights down: the smallest and largest effect over all weights that fit almost as well as the best.

Over w >= 0, sum w = 1 with w'Mw <= bound, the counterfactual a'w is to be smallest and largest. For t >= 0 the minimiser
w(t) of w'Mw / 2 + t a'w traces the frontier: a'w(t) falls and w'Mw rises in t, so the end of the range is where
w'Mw meets the bound, found by bisection on t. Each step is one problem of :mod:`causal_eval.inference.simplex`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


def identified_range(G: Floats, target: int, pool: Ints, value: Floats, *, slack: float = 0.05) -> tuple[float, float]:
    """Smallest and largest value'w over weights whose rms is within ``slack`` of the smallest.

    Args:
        G: (n, n) Gram matrix over the matched periods, see :func:`causal_eval.inference.simplex.gram`.
        target, pool: as in :func:`causal_eval.inference.simplex.solve`.
        value: (n,) what a unit of weight on each column adds.
    """
    import numpy as np

    from causal_eval.inference.simplex import solve

    best = solve(G, target, pool)
    scale = float(np.mean([G[j, j] - 2 * G[j, target] + G[target, target] for j in pool]))
    bound = max(float(best.squares) * (1 + slack) ** 2, 1e-12 * scale)
    centred = value - value[pool].mean()
    size = float(np.abs(centred[pool]).max())
    ends = []
    for sign in (1.0, -1.0):
        if size == 0:
            ends.append(float(best.weights @ value))
            continue
        direction = sign * centred / size
        low, high = 0.0, 1e-6 * scale
        w, reached = best.weights, best
        while high <= 1e6 * scale:
            reached = solve(G, target, pool, linear=high * direction, warm=w)
            if reached.squares > bound:
                break
            low, w, high = high, reached.weights, 10 * high
        if reached.squares <= bound:
            ends.append(float(reached.weights @ value))
            continue
        for _ in range(60):
            middle = (low * high) ** 0.5 if low > 0 else high / 10
            now = solve(G, target, pool, linear=middle * direction, warm=w)
            if now.squares <= bound:
                low, w = middle, now.weights
            else:
                high = middle
            if low > 0 and high / low < 1 + 1e-9:
                break
        ends.append(float(w @ value))
    return ends[0], ends[1]
