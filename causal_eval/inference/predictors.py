"""The synthetic control matched on predictors, as a method: V is given, or searched for the treated and for every placebo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.counterfactual import Fits
    from causal_eval.inference.v_search import Chosen

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

PLACEBO_GENERATIONS, PLACEBO_POLISHED = 20, 1
"""How far V is searched for a placebo: less than for the treated, so a placebo may fit a little worse than it could."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictors:
    """The method, as :class:`causal_eval.inference.counterfactual.Method`.

    Attributes:
        X: (K, n) predictors of the columns of Y, the treated path's first, each divided by its standard deviation.
        v: (K,) their weights, summing to one; None to search them.
    """

    X: Floats
    v: Floats | None = None
    _searched: dict[bytes, Chosen] = field(default_factory=dict, init=False, repr=False)

    def fit(self, Y: Floats, targets: Sequence[int], pools: Sequence[Ints], pre: Bools, post: Bools) -> Fits:
        """See :class:`causal_eval.inference.counterfactual.Method`."""
        import numpy as np

        from causal_eval.inference.counterfactual import Fits
        from causal_eval.inference.v_search import search

        if self.v is not None:
            return self._given(Y, targets, pools, pre, self.v)
        weights, v = np.zeros((len(targets), Y.shape[1])), np.zeros((len(targets), len(self.X)))
        losses = np.zeros(len(targets))
        for i, (k, pool) in enumerate(zip(targets, pools, strict=True)):
            found = (
                self.chosen(Y, pre)
                if k == 0 and len(pool) == Y.shape[1] - 1
                else search(self.X, Y[pre], k, pool, generations=PLACEBO_GENERATIONS, polished=PLACEBO_POLISHED)
            )
            weights[i], v[i], losses[i] = found.weights, found.v, found.objective
        return Fits(weights, weights @ Y.T, losses, np.full(len(targets), np.nan), predictor_weights=v)

    def chosen(self, Y: Floats, pre: Bools) -> Chosen:
        """The full search for the treated path, done once an outcome."""
        import numpy as np

        from causal_eval.inference.v_search import Chosen, search, weights_of

        if self.v is None:
            Z = np.ascontiguousarray(Y[pre])
            if Z.tobytes() not in self._searched:
                self._searched[Z.tobytes()] = search(self.X, Z, 0, np.arange(1, Y.shape[1]))
            return self._searched[Z.tobytes()]
        w = weights_of(self.X, self.v, 0, np.arange(1, Y.shape[1]))
        return Chosen(self.v, w, float(((Y[pre, 0] - Y[pre] @ w) ** 2).mean()), w[None], 1)

    def _given(self, Y: Floats, targets: Sequence[int], pools: Sequence[Ints], pre: Bools, v: Floats) -> Fits:
        """One solution a target, all on one Gram matrix."""
        import numpy as np

        from causal_eval.inference.counterfactual import Fits
        from causal_eval.inference.simplex import gram, solve

        G = gram(np.sqrt(v)[:, None] * self.X)
        weights = np.array([solve(G, k, pool).weights for k, pool in zip(targets, pools, strict=True)])
        losses = ((Y[pre][:, list(targets)] - Y[pre] @ weights.T) ** 2).mean(axis=0)
        return Fits(
            weights,
            weights @ Y.T,
            losses,
            np.full(len(targets), np.nan),
            predictor_weights=np.tile(v, (len(targets), 1)),
        )
