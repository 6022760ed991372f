"""From donors to counterfactual paths: what every synthetic-control method does, so that a placebo is the same call.

A :class:`Method` takes outcomes (T, n), the columns to explain, for each the columns that may explain it, and the
periods to match on and to compare in. It returns one :class:`Fits`. Placebos in space change the target, placebos in
time and cross-fits change the periods, leave-one-out changes the pool: none of them knows the method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


PERFECT = 1e-10
"""Squared residuals, as a share of the columns' squares, below which a fit is perfect and its weights are not unique."""
TINY_RIDGE = 1e-7
"""The ridge that then chooses among them, in the same units."""


@dataclass(frozen=True, slots=True, eq=False)
class Fits:
    """P fits on (T, n) outcomes.

    Attributes:
        weights: (P, n) on the columns.
        paths: (P, T) counterfactuals.
        objective: (P,) what the weights minimise, as a mean over the matched periods or predictors.
        gap: (P,) bound on how far each objective is above its minimum; NaN where there is no such certificate.
        time_weights: (P, T) on the periods, where the method has them.
        predictor_weights: (P, K) on the predictors, where the method has them.
    """

    weights: Floats
    paths: Floats
    objective: Floats
    gap: Floats
    time_weights: Floats | None = None
    predictor_weights: Floats | None = None


class Method(Protocol):
    """One way to make counterfactuals."""

    def fit(self, Y: Floats, targets: Sequence[int], pools: Sequence[Ints], pre: Bools, post: Bools) -> Fits:
        """The counterfactuals of P targets.

        Args:
            Y: (T, n) outcomes. targets: P columns. pools: for each, the columns that may explain it, ascending.
            pre: (T,) periods to match on; post: (T,) periods the effect is averaged over.
        """
        ...


@dataclass(frozen=True, slots=True)
class Simplex:
    """Weights at least zero that sum to one, matched on the outcome path (Abadie, Diamond & Hainmueller 2010).

    Attributes:
        intercept: match deviations from each unit's own pre-period mean (Ferman & Pinto 2021, eq. 8; Doudchenko & Imbens 2016).
        penalty: of the distance of each weighted donor, as a share of the target's own fit (Abadie & L'Hour 2021, eq. 5).
        ridge: of the squared weights, in units of the mean squared distance between target and donors.
    """

    intercept: bool = False
    penalty: float = 0.0
    ridge: float = 0.0

    def fit(self, Y: Floats, targets: Sequence[int], pools: Sequence[Ints], pre: Bools, post: Bools) -> Fits:
        """See :class:`Method`."""
        import numpy as np

        from causal_eval.inference.simplex import gram, solve, solve_each

        X = Y[pre]
        level = X.mean(axis=0) if self.intercept else np.zeros(Y.shape[1])
        G = gram(X - level)
        linear = None
        if self.penalty:
            d = np.diag(G)
            linear = np.array([self.penalty / 2 * np.maximum(d - 2 * G[k] + d[k], 0.0) for k in targets])
        n_pre = int(pre.sum())
        size = float(np.diag(G).mean())
        found = solve_each(G, targets, pools, ridge=self.ridge * size, linear=linear)
        free = linear is None and not self.ridge
        for i in [i for i, left in enumerate(found.squares) if free and left <= PERFECT * size]:
            # Many weights fit without error: those with the smallest squares, which no order of units decides.
            again = solve(G, targets[i], pools[i], ridge=TINY_RIDGE * size)
            found.weights[i], found.squares[i], found.gap[i] = again.weights, again.squares, 0.0
        paths = found.weights @ (Y - level).T + level[list(targets)][:, None]
        return Fits(found.weights, paths, found.squares / n_pre, 2 * found.gap / n_pre)
