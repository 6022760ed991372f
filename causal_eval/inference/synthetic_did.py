r"""Synthetic difference-in-differences (Arkhangelsky, Athey, Hirshberg, Imbens & Wager 2021, algorithm 1).

Unit weights omega (eq. 4) minimise sum_t (o + sum_j omega_j Y_jt - Y_kt)^2 + zeta^2 T0 |omega|^2 over the simplex, time weights lambda
(eq. 6) sum_j (l + sum_t lambda_t Y_jt - mean post Y_j)^2 + zeta_l^2 N0 |lambda|^2, both over periods before the launch and with an
intercept, which is taken out by demeaning. With zeta = (N1 T1)^(1/4) sigma, sigma the standard deviation of the donors' first
differences before the launch, and zeta_l = 1e-6 sigma,

    tau = (Y_k,post - sum_j omega_j Y_j,post) - sum_t lambda_t (Y_kt - sum_j omega_j Y_jt).

Both problems are solved exactly (:mod:`causal_eval.inference.simplex`). The authors' package stops its Frank-Wolfe search early: on
Proposition 99 it gives -15.6038 where the optimum is -15.6054.
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

ZETA_TIME = 1e-6
"""zeta of the time weights, in standard deviations of the noise."""


def noise(Y: Floats, donors: Ints, pre: Bools) -> float:
    """Standard deviation of the donors' first differences over the periods before the launch."""
    import numpy as np

    steps = np.diff(Y[pre][:, donors], axis=0)
    return float(steps.std(ddof=1)) if steps.size > 1 else 0.0


@dataclass(frozen=True, slots=True)
class SyntheticDifference:
    """The method, as :class:`causal_eval.inference.counterfactual.Method`.

    Attributes:
        zeta: of the unit weights, in the outcome's units.
        sigma: the noise that the time weights' ridge is measured by.
    """

    zeta: float
    sigma: float

    def fit(self, Y: Floats, targets: Sequence[int], pools: Sequence[Ints], pre: Bools, post: Bools) -> Fits:
        """See :class:`causal_eval.inference.counterfactual.Method`."""
        import numpy as np

        from causal_eval.inference.counterfactual import Fits
        from causal_eval.inference.simplex import gram, solve, solve_each

        X = Y[pre]
        n_pre, n = X.shape
        units = solve_each(gram(X - X.mean(axis=0)), targets, pools, ridge=self.zeta**2 * n_pre)
        # Time weights: the T0 periods and the mean after the launch as columns, the donors as rows.
        columns = np.column_stack([X.T, Y[post].mean(axis=0)])
        columns = columns - columns.mean(axis=0)
        products, sums = columns.T @ columns, columns.sum(axis=0)
        periods, every = np.arange(n_pre), np.arange(n)
        lam = np.zeros((len(targets), n_pre))
        for i, pool in enumerate(pools):
            if 2 * len(pool) < n:
                kept = columns[pool]
                G, s = kept.T @ kept, kept.sum(axis=0)
            else:
                out = columns[np.delete(every, pool)]
                G, s = products - out.T @ out, sums - out.sum(axis=0)
            G -= np.outer(s, s) / len(pool)
            ridge = (ZETA_TIME * self.sigma) ** 2 * len(pool)
            lam[i] = solve(G, n_pre, periods, ridge=ridge).weights[:n_pre]
        mixed = units.weights @ Y.T
        gaps = Y.T[list(targets)] - mixed
        level = (lam * gaps[:, pre]).sum(axis=1)
        time_weights = np.zeros((len(targets), len(Y)))
        time_weights[:, pre] = lam
        return Fits(
            units.weights,
            mixed + level[:, None],
            units.squares / n_pre,
            2 * units.gap / n_pre,
            time_weights=time_weights,
        )
