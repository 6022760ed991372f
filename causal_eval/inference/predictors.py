"""The synthetic control matched on predictors, as a method: V is given, or searched alike for the treated and every placebo.

A rank compares fits made in one way. Had the treated been searched for longer than its placebos, it would fit better before the
launch than they do and its ratio, and with it the evidence, would be too large: so all searches are the same.
"""

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


@dataclass(frozen=True, slots=True, eq=False)
class Predictors:
    """The method, as :class:`causal_eval.inference.counterfactual.Method`.

    Attributes:
        X: (K, n) predictors of the columns of Y, the treated path's first, each divided by its standard deviation.
        v: (K,) their weights, summing to one; None to search them.
    """

    X: Floats
    v: Floats | None = None
    _searched: dict[tuple[bytes, int, bytes], Chosen] = field(default_factory=dict, init=False, repr=False)

    def fit(self, Y: Floats, targets: Sequence[int], pools: Sequence[Ints], pre: Bools, post: Bools) -> Fits:
        """See :class:`causal_eval.inference.counterfactual.Method`."""
        import numpy as np

        from causal_eval.inference.counterfactual import Fits

        if self.v is not None:
            return self._given(Y, targets, pools, pre, self.v)
        found = [self._search(Y, pre, k, pool) for k, pool in zip(targets, pools, strict=True)]
        weights = np.array([f.weights for f in found])
        return Fits(
            weights,
            weights @ Y.T,
            np.array([f.objective for f in found]),
            np.full(len(targets), np.nan),
            predictor_weights=np.array([f.v for f in found]),
        )

    def chosen(self, Y: Floats, pre: Bools) -> Chosen:
        """What was found for the treated path, column 0, among all donors."""
        import numpy as np

        from causal_eval.inference.v_search import Chosen, weights_of

        donors = np.arange(1, Y.shape[1])
        if self.v is None:
            return self._search(Y, pre, 0, donors)
        w = weights_of(self.X, self.v, 0, donors)
        return Chosen(self.v, w, float(((Y[pre, 0] - Y[pre] @ w) ** 2).mean()), w[None], 1)

    def beside(self, groups: Ints) -> Predictors:
        """This method for the donors alone and after them groups of them, whose predictors are the means of their members'.

        Args:
            groups: (B, m) members of each, counted from the first donor.
        """
        import numpy as np

        donors = self.X[:, 1:]
        return Predictors(np.column_stack([donors, donors[:, groups].mean(axis=2)]), self.v)

    def _search(self, Y: Floats, pre: Bools, target: int, pool: Ints) -> Chosen:
        """Done once a problem: the fit, its details and its checks ask for the same one."""
        import numpy as np

        from causal_eval.inference.v_search import search

        Z = np.ascontiguousarray(Y[pre])
        key = (Z.tobytes(), target, np.asarray(pool).tobytes())
        if key not in self._searched:
            self._searched[key] = search(self.X, Z, target, pool)
        return self._searched[key]

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
