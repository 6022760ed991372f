"""The synthetic control matched on predictors, as a method: V is searched for the treated, and for every placebo anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.counterfactual import Fits
    from causal_eval.inference.v_search import Chosen

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

PLACEBO_POINTS, PLACEBO_POLISHED = 32, 1
"""How far V is searched for a placebo: less than for the treated, so a placebo may fit a little worse than it could."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictors:
    """The method, as :class:`causal_eval.inference.counterfactual.Method`.

    Attributes:
        X: (K, n) predictors of the columns of Y, the treated path's first, each divided by its standard deviation.
    """

    X: Floats

    def fit(self, Y: Floats, targets: Sequence[int], pools: Sequence[Ints], pre: Bools, post: Bools) -> Fits:
        """See :class:`causal_eval.inference.counterfactual.Method`."""
        import numpy as np

        from causal_eval.inference.counterfactual import Fits
        from causal_eval.inference.v_search import search

        weights, v = np.zeros((len(targets), Y.shape[1])), np.zeros((len(targets), len(self.X)))
        losses = np.zeros(len(targets))
        for i, (k, pool) in enumerate(zip(targets, pools, strict=True)):
            found = (
                self.chosen(Y, pre)
                if k == 0 and len(pool) == Y.shape[1] - 1
                else search(self.X, Y[pre], k, pool, points=PLACEBO_POINTS, polished=PLACEBO_POLISHED)
            )
            weights[i], v[i], losses[i] = found.weights, found.v, found.objective
        return Fits(weights, weights @ Y.T, losses, np.full(len(targets), np.nan), predictor_weights=v)

    def chosen(self, Y: Floats, pre: Bools) -> Chosen:
        """The full search for the treated path."""
        import numpy as np

        from causal_eval.inference.v_search import search

        return search(self.X, Y[pre], 0, np.arange(1, Y.shape[1]))
