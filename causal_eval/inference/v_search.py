r"""Predictor weights V of a synthetic control (Abadie & Gardeazabal 2003, appendix B; Becker & Kloessner 2018).

For V on the simplex of K predictors w*(V) minimises (x_k - X w)' V (x_k - X w) over the donors' simplex; V is to minimise the mean
squared gap of the outcome, (z_k - Z w*(V))^2 over the fit periods. That problem has many local optima and a flat bottom (the
published weights of the Basque study are one: Becker & Kloessner, section 4). So log V is searched by differential evolution (Storn &
Price 1997) from a population that holds equal weights, a regression of the outcome on the predictors, each predictor alone and
Sobol points, with a fixed seed; the best are polished by Nelder-Mead. Every w*(V) that was looked at counts, so the result is the best
of all of them, and the effects of those within 1% of it show how well V is identified.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

GENERATIONS = 150
"""Generations of differential evolution."""
MEMBERS = 10
"""Members of its population a predictor."""
POLISHED = 4
"""Members of the last generation that are polished."""
FLOOR = -8.0
"""The smallest log10 of a predictor's weight, the largest being 0."""
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


def search(
    X: Floats, Z: Floats, target: int, pool: Ints, *, generations: int = GENERATIONS, polished: int = POLISHED
) -> Chosen:
    """The best V.

    Args:
        X: (K, n) predictors, each scaled alike (by its standard deviation over units).
        Z: (T, n) outcomes of the fit periods.
        target: the column to match; pool: the columns that may carry weight, ascending.
        generations, polished: how far to search.
    """
    import numpy as np
    from scipy.optimize import differential_evolution
    from scipy.stats import qmc

    K = len(X)
    seen_v: list[Floats] = []
    seen_w: list[Floats] = []
    losses: list[float] = []

    inner = weigher(X, target, pool)
    observed = Z[:, target]

    def loss(log_v: Floats) -> float:
        v = 10.0 ** (log_v - log_v.max())
        v /= v.sum()
        w = inner(v)
        missed = observed - Z @ w
        value = float(missed @ missed) / len(missed)
        seen_v.append(v)
        seen_w.append(w)
        losses.append(value)
        return value

    known = [np.zeros(K), *(np.where(np.arange(K) == k, 0.0, FLOOR / 4) for k in range(K)), _regression(X, Z)]
    if K == 1:
        loss(known[0])
    else:
        members = 1 << int(MEMBERS * K - 1).bit_length()
        start = FLOOR * qmc.Sobol(K, scramble=False).random(members)
        start[: len(known)] = np.clip(known, FLOOR, 0.0)
        evolved = differential_evolution(
            loss,
            [(FLOOR, 0.0)] * K,
            init=start,
            maxiter=generations,
            tol=1e-8,
            polish=False,
            rng=np.random.default_rng(0),
        )
        _polish(loss, evolved.population[np.argsort(evolved.population_energies, kind="stable")[:polished]])
    best = int(np.argmin(losses))
    near = np.array(losses) <= losses[best] * (1 + NEAR)
    objective = float(((observed - Z @ seen_w[best]) ** 2).mean())
    return Chosen(seen_v[best], seen_w[best], objective, np.array(seen_w)[near], len(losses))


def _polish(loss: Callable[[Floats], float], starts: Floats) -> None:
    """Nelder-Mead from each start, again from where it ended while that helps."""
    from scipy.optimize import minimize

    K = starts.shape[1]
    for at in starts:
        best = loss(at)
        for _ in range(3):
            found = minimize(
                loss,
                at,
                method="Nelder-Mead",
                options={"maxfev": 200 * K, "xatol": 1e-7, "fatol": 1e-12, "adaptive": True},
            )
            at = found.x
            if found.fun > best * (1 - 1e-6):
                break
            best = found.fun


def weights_of(X: Floats, v: Floats, target: int, pool: Ints) -> Floats:
    """(n,) donor weights w*(V)."""
    return weigher(X, target, pool)(v)


def weigher(X: Floats, target: int, pool: Ints) -> Callable[[Floats], Floats]:
    """w*: what of :func:`weights_of` does not depend on V is done once, as a search calls it ten thousands of times."""
    import numpy as np

    from causal_eval.inference.simplex import solver

    centred = X - X.mean(axis=1, keepdims=True)
    run = solver(target, pool)

    def of(v: Floats) -> Floats:
        scaled = np.sqrt(v)[:, None] * centred
        return run(scaled.T @ scaled)

    return of


def _regression(X: Floats, Z: Floats) -> Floats:
    """log10 of the squared coefficients of the outcome on all predictors, summed over periods (R Synth's start)."""
    import numpy as np

    design = np.column_stack([np.ones(X.shape[1]), X.T])
    beta = np.linalg.lstsq(design, Z.T, rcond=None)[0][1:]
    v = (beta**2).sum(axis=1)
    out: Floats = np.log10(np.maximum(v / v.max(), 1e-10))
    return out
