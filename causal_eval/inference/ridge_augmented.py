r"""The ridge-augmented synthetic control (Ben-Michael, Feller & Rothstein 2021).

Synthetic-control weights w leave an imbalance x_1 - X_0'w before the launch, which a ridge regression of the donors' outcomes on their
pre-periods corrects (eq. 11 and lemma 1): the result is again a weighting,

    w_aug = w + X_0 (X_0'X_0 + lambda I)^-1 (x_1 - X_0'w),

X_0 (J, T0) centred over donors. It sums to one and may be negative: that is extrapolation. lambda "cv" follows the authors'
package: each pre-period is held out in turn, lambda runs from the largest squared singular value down by 1e-8 in 20 steps,
and the largest lambda within one standard error of the smallest mean error is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.counterfactual import Fits

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

STEPS, LEAST = 20, 1e-8
"""Steps of lambda, and the smallest as a share of the largest."""


@dataclass(frozen=True, slots=True)
class RidgeAugmented:
    """The method, as :class:`causal_eval.inference.counterfactual.Method`.

    Attributes:
        ridge: lambda, in squared units of the outcome; None for cross-validation, for every target anew.
        intercept: match deviations from each unit's own pre-period mean.
    """

    ridge: float | None = None
    intercept: bool = False

    def fit(self, Y: Floats, targets: Sequence[int], pools: Sequence[Ints], pre: Bools, post: Bools) -> Fits:
        """See :class:`causal_eval.inference.counterfactual.Method`."""
        import numpy as np

        from causal_eval.inference.counterfactual import Fits

        X = Y[pre]
        level = X.mean(axis=0) if self.intercept else np.zeros(Y.shape[1])
        weights = np.zeros((len(targets), Y.shape[1]))
        chosen = np.zeros((len(targets), 1))
        scm = _simplex(X - level, targets, pools)
        for i, (k, pool) in enumerate(zip(targets, pools, strict=True)):
            chosen[i] = self.ridge if self.ridge is not None else self.choose(X, k, pool)
            weights[i] = _augmented(X - level, k, pool, scm[i], float(chosen[i, 0]))
        paths = weights @ (Y - level).T + level[list(targets)][:, None]
        left = ((Y.T[list(targets)] - paths)[:, pre] ** 2).mean(axis=1)
        return Fits(weights, paths, left, np.full(len(targets), np.nan), predictor_weights=chosen)

    def choose(self, X: Floats, k: int, pool: Ints) -> float:
        """lambda by leaving out each of the (T0, n) pre-periods in turn."""
        import numpy as np

        n_pre = len(X)
        X = X - X.mean(axis=0) if self.intercept else X
        whole = X[:, pool].T
        top = float(np.linalg.svd(whole - whole.mean(axis=0), compute_uv=False)[0]) ** 2
        ladder = top * LEAST ** (np.arange(STEPS) / STEPS)
        errors = np.zeros((n_pre, STEPS))
        for t in range(n_pre):
            rest = np.delete(X, t, axis=0)
            weights = _along(rest, k, pool, _simplex(rest, [k], [pool])[0], ladder)
            errors[t] = (X[t, k] - weights @ X[t]) ** 2
        mean, error = errors.mean(axis=0), errors.std(axis=0, ddof=1) / np.sqrt(n_pre)
        best = int(mean.argmin())
        return float(ladder[mean <= mean[best] + error[best]].max())


def _simplex(X: Floats, targets: Sequence[int], pools: Sequence[Ints]) -> Floats:
    from causal_eval.inference.simplex import gram, solve_each

    weights: Floats = solve_each(gram(X), targets, pools).weights
    return weights


def _augmented(X: Floats, k: int, pool: Ints, start: Floats, ridge: float) -> Floats:
    import numpy as np

    weights: Floats = _along(X, k, pool, start, np.array([ridge]))[0]
    return weights


def _along(X: Floats, k: int, pool: Ints, start: Floats, ladder: Floats) -> Floats:
    """(L, n) augmented weights for each lambda, from one singular value decomposition of the donors' (J, T0) pre-periods."""
    import numpy as np

    donors = X[:, pool].T
    donors = donors - donors.mean(axis=0)
    u, s, vt = np.linalg.svd(donors, full_matrices=False)
    missed = vt @ (X[:, k] - X @ start)
    out = np.tile(start, (len(ladder), 1))
    for i, ridge in enumerate(ladder):
        out[i, pool] += (
            u @ (s / (s**2 + ridge) * missed)
            if ridge > 0
            else u[:, s > 1e-12 * s[0]] @ (missed[s > 1e-12 * s[0]] / s[s > 1e-12 * s[0]])
        )
    return out
