r"""Predictor weights V of a synthetic control (Abadie & Gardeazabal 2003, appendix B; Becker & Kloessner 2018).

For V on the simplex of K predictors w*(V) minimises (x_k - X w)' V (x_k - X w) over the donors' simplex; V is to minimise the mean
squared gap of the outcome, (z_k - Z w*(V))^2 over the fit periods. That problem has many local optima and a flat bottom (the
published weights of the Basque study are one: Becker & Kloessner, section 4). So log V is searched by differential evolution (Storn &
Price 1997) from a population that holds equal weights, a regression of the outcome on the predictors, each predictor alone and
Sobol points, with a fixed seed; the best of the first and of the last generation are polished by Nelder-Mead. Every w*(V) that was
looked at counts, so the result is the best of all of them, and the effects of those within 1% of it show how well V is identified.
No search of this kind is sure of the deepest optimum: on 31 problems (the treated and placebos of the three published studies, and
made-up ones) longer ones went below it in a quarter.
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
MEMBERS = 20
"""Members of its population a predictor, rounded up to a power of two."""
POLISHED = 4
"""Members that are polished, of the last generation and of the first: the last lie in one basin, often not the deepest."""
FLOOR = -8.0
"""The smallest log10 of a predictor's weight, the largest being 0 (Becker & Kloessner's bound): below it rounding decides w*(V)."""
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


def search(X: Floats, Z: Floats, target: int, pool: Ints) -> Chosen:
    """The best V.

    Args:
        X: (K, n) predictors, each scaled alike (by its standard deviation over units).
        Z: (T, n) outcomes of the fit periods.
        target: the column to match; pool: the columns that may carry weight, ascending.

    Raises:
        ValueError: the pool is empty.
        ArithmeticError: X or Z is not finite, or a search for donor weights did not end.
    """
    import numpy as np
    from scipy.optimize import differential_evolution
    from scipy.stats import qmc

    K = len(X)
    looked_at: list[tuple[Floats, Floats, Floats]] = []
    weigh = weigher(X, Z, target, pool)

    def losses(log_v: Floats) -> Floats:
        """(S,) of (K, S), as the library's vectorised search asks."""
        V = 10.0 ** (log_v - log_v.max(axis=0)).T
        V /= V.sum(axis=1, keepdims=True)
        W, missed = weigh(V)
        looked_at.append((V, W, missed))
        return missed

    known = [np.zeros(K), *(np.where(np.arange(K) == k, 0.0, FLOOR / 4) for k in range(K)), _regression(X, Z)]
    if K == 1:
        losses(known[0][:, None])
    else:
        start = FLOOR * qmc.Sobol(K, scramble=False).random(1 << int(MEMBERS * K - 1).bit_length())
        start[: len(known)] = np.clip(known, FLOOR, 0.0)
        evolved = differential_evolution(
            losses,
            [(FLOOR, 0.0)] * K,
            init=start,
            maxiter=GENERATIONS,
            tol=1e-8,
            polish=False,
            rng=np.random.default_rng(0),
            strategy="randtobest1bin",
            vectorized=True,
            updating="deferred",
        )
        for members, missed in ((evolved.population, evolved.population_energies), (start, looked_at[0][2])):
            best_first = np.argsort(missed, kind="stable")[:POLISHED]
            _polish(lambda at: float(losses(at[:, None])[0]), members[best_first])
    V, W, missed = (np.concatenate(part) for part in zip(*looked_at, strict=True))
    best = int(np.argmin(missed))
    objective = float(((Z[:, target] - Z @ W[best]) ** 2).mean())
    return Chosen(V[best], W[best], objective, W[missed <= missed[best] * (1 + NEAR)], len(missed))


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
                bounds=[(FLOOR, 0.0)] * K,
                options={"maxfev": 200 * K, "xatol": 1e-7, "fatol": 1e-12, "adaptive": True},
            )
            at = found.x
            if found.fun > best * (1 - 1e-6):
                break
            best = found.fun


def weights_of(X: Floats, v: Floats, target: int, pool: Ints) -> Floats:
    """(n,) donor weights w*(V)."""
    import numpy as np

    W, _ = weigher(X, np.zeros((1, X.shape[1])), target, pool)(v[None])
    w: Floats = W[0]
    return w


def weigher(X: Floats, Z: Floats, target: int, pool: Ints) -> Callable[[Floats], tuple[Floats, Floats]]:
    """w* and its mean squared gap, as a function from (S, K) rows of V to (S, n) and (S,): arguments as in :func:`search`."""
    import numpy as np

    from causal_eval.inference._simplex_loops import for_each_v
    from causal_eval.inference.simplex import LISTED, PRECISE

    if len(pool) == 0:
        raise ValueError("no donor is left to weight")
    centred = np.ascontiguousarray(X - X.mean(axis=1, keepdims=True), dtype=float)
    outcomes = np.ascontiguousarray(Z, dtype=float)
    members = np.ascontiguousarray(pool, dtype=np.int64)
    if not (np.isfinite(centred).all() and np.isfinite(outcomes).all()):
        raise ArithmeticError("donor weights need finite predictors and outcomes")

    def of(V: Floats) -> tuple[Floats, Floats]:
        W, missed = np.zeros((len(V), X.shape[1])), np.zeros(len(V))
        rows = np.ascontiguousarray(V)
        gaps = for_each_v(centred, outcomes, rows, int(target), members, W, missed, PRECISE, LISTED)
        if not np.isfinite(gaps):
            raise ArithmeticError("the search for donor weights did not end")
        return W, missed

    return of


def _regression(X: Floats, Z: Floats) -> Floats:
    """log10 of the squared coefficients of the outcome on all predictors, summed over periods (R Synth's start)."""
    import numpy as np

    design = np.column_stack([np.ones(X.shape[1]), X.T])
    beta = np.linalg.lstsq(design, Z.T, rcond=None)[0][1:]
    v = (beta**2).sum(axis=1)
    out: Floats = np.log10(np.maximum(v / v.max(), 1e-10))
    return out
