r"""Predictor weights V of a synthetic control (Abadie & Gardeazabal 2003, appendix B; Becker & Kloessner 2018).

For V on the simplex of K predictors w*(V) minimises (x_k - X w)' V (x_k - X w) over the donors' simplex; V is to minimise the mean
squared gap of the outcome, (z_k - Z w*(V))^2 over the fit periods. That problem has many local optima and a flat bottom, so
the search starts from equal weights, from a regression of the outcome on the predictors, from each predictor alone, and from
quasi-random points (Sobol, no chance in it); the best starts are polished by Nelder-Mead in log V. Every w*(V) that was looked
at counts, so the result is the best of all of them, and the effects of those within 1% of it show how well V is identified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

POINTS = 256
"""Quasi-random starts looked at."""
POLISHED = 8
"""Starts that are polished."""
NEAR = 0.01
"""Share of the best objective within which other V count as fitting as well."""


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The V found, its donor weights, and what else fits as well.

    Attributes:
        v: (K,) sums to one; weights: (n,) on the columns.
        objective: mean squared gap over the fit periods.
        near: (N, n) donor weights of the V looked at that are within 1% of the best.
        tried: V looked at.
    """

    v: Floats
    weights: Floats
    objective: float
    near: Floats
    tried: int


def search(X: Floats, Z: Floats, target: int, pool: Ints, *, points: int = POINTS, polished: int = POLISHED) -> Chosen:
    """The best V.

    Args:
        X: (K, n) predictors, each scaled alike (by its standard deviation over units).
        Z: (T, n) outcomes of the fit periods.
        target: the column to match; pool: the columns that may carry weight, ascending.
        points, polished: how far to search.
    """
    import numpy as np
    from scipy.optimize import minimize
    from scipy.stats import qmc

    K = len(X)
    seen_v: list[Floats] = []
    seen_w: list[Floats] = []
    losses: list[float] = []

    def loss(log_v: Floats) -> float:
        v = np.exp(log_v - log_v.max())
        v = v / v.sum()
        w = weights_of(X, v, target, pool)
        value = float(((Z[:, target] - Z @ w) ** 2).mean())
        seen_v.append(v)
        seen_w.append(w)
        losses.append(value)
        return value

    starts = [np.zeros(K), *(np.where(np.arange(K) == k, 0.0, -4.0) for k in range(K)), _regression(X, Z)]
    if points and K > 1:
        starts += list(-9.0 * qmc.Sobol(K, scramble=False).random(points)[1:])
    first = np.array([loss(s) for s in starts])
    for i in np.argsort(first, kind="stable")[:polished]:
        at = starts[i]
        for _ in range(3):
            before = min(losses)
            found = minimize(
                loss,
                at,
                method="Nelder-Mead",
                options={"maxfev": 200 * K, "xatol": 1e-6, "fatol": 1e-12, "adaptive": True},
            )
            at = np.maximum(found.x - found.x.max(), -25.0)
            if min(losses) > before * (1 - 1e-6):
                break
    best = int(np.argmin(losses))
    near = np.array(losses) <= losses[best] * (1 + NEAR)
    return Chosen(seen_v[best], seen_w[best], losses[best], np.array(seen_w)[near], len(losses))


def weights_of(X: Floats, v: Floats, target: int, pool: Ints) -> Floats:
    """(n,) donor weights w*(V)."""
    import numpy as np

    from causal_eval.inference.simplex import gram, solve

    weights: Floats = solve(gram(np.sqrt(v)[:, None] * X), target, pool).weights
    return weights


def _regression(X: Floats, Z: Floats) -> Floats:
    """log of the squared coefficients of the outcome on all predictors, summed over periods (R Synth's start)."""
    import numpy as np

    design = np.column_stack([np.ones(X.shape[1]), X.T])
    beta = np.linalg.lstsq(design, Z.T, rcond=None)[0][1:]
    v = (beta**2).sum(axis=1)
    out: Floats = np.log(np.maximum(v / v.sum(), 1e-10))
    return out
