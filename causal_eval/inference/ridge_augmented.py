r"""The ridge-augmented synthetic control (Ben-Michael, Feller & Rothstein 2021).

Synthetic-control weights w leave an imbalance x_1 - X_0'w before the launch, which a ridge regression of the donors' outcomes on their
pre-periods corrects (eq. 11 and lemma 1): the result is again a weighting,

    w_aug = w + X_0 (X_0'X_0 + lambda I)^-1 (x_1 - X_0'w),

X_0 (J, T0) centred over donors. It sums to one and may be negative: that is extrapolation. lambda "cv" follows the authors'
package: each pre-period is held out in turn, lambda runs from the largest squared singular value down by 1e-8 in 20 steps,
and the largest lambda within one standard error of the smallest mean error is taken. The ridge without a period follows in closed
form from one singular value decomposition of all of them; the simplex weights are solved anew without each.
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

        ladder, missed = held_out(X - X.mean(axis=0) if self.intercept else X, k, pool)
        if not ladder[0] > 0:
            return 0.0
        errors = missed**2
        mean, error = errors.mean(axis=0), errors.std(axis=0, ddof=1) / np.sqrt(len(X))
        best = int(mean.argmin())
        return float(ladder[mean <= mean[best] + error[best]].max())


def held_out(X: Floats, k: int, pool: Ints) -> tuple[Floats, Floats]:
    """(L,) lambdas, the largest first, and (T0, L) what each misses in the period held out; zeros where all donors are alike."""
    import numpy as np

    from causal_eval.inference.simplex import solve_without_each_row

    donors = X[:, pool] - X[:, pool].mean(axis=1, keepdims=True)
    v, s, _ = np.linalg.svd(donors, full_matrices=False)
    ladder = s[0] ** 2 * LEAST ** (np.arange(STEPS) / STEPS)
    if s[0] == 0:
        return ladder, np.zeros((len(X), STEPS))
    return ladder, _left_out(X[:, [k]] - X @ solve_without_each_row(X, k, pool).T, v, s, ladder)


def _left_out(missed: Floats, v: Floats, s: Floats, ladder: Floats) -> Floats:
    """(T0, L) what each lambda misses in the period left out.

    With H = D'(DD' + lambda I)^-1 D of the (J, T0) centred donors D, the donors without period t give H without its row and column
    t by the Sherman-Morrison formula, so the ridge predicts there sum_{s != t} H_ts m_s / (1 - H_tt) of the imbalances m, and
    misses ((I - H) m)_t / (1 - H_tt).

    Args:
        missed: (T0, T0) in column t the imbalances that the weights without period t leave, in it and elsewhere.
        v, s: (T0, R) and (R,) singular vectors and values of D'.
    """
    import numpy as np

    kept = ladder / (s[:, None] ** 2 + ladder)  # (R, L): I - H = I - VV' + V kept V'
    own = v * (missed.T @ v)
    numerator, denominator = own @ kept, v**2 @ kept
    if v.shape[0] > v.shape[1]:
        numerator += (np.diag(missed) - own.sum(axis=1))[:, None]
        denominator += np.maximum(1 - (v**2).sum(axis=1), 0.0)[:, None]
    out: Floats = numerator / denominator
    return out


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
