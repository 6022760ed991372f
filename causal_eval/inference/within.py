r"""Unit and period effects of one sample by its T x T normal equations.

With weights w_it (0 where a cell is not in the sample), W_i = sum_t w_it and M = diag(sum_i w_it) - sum_i w_i w_i' / W_i, the
period effects of y_it = alpha_i + lambda_t + e_it solve M lambda = sum_i (w_it (y_it - ybar_i))_t, the first period of the
sample being zero (Frisch-Waugh-Lovell). Unit i moves lambda by M^- (w_it e_it)_t: weighted residuals of a unit sum
to zero, so the demeaning of the regressors drops out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.inference.regression import NotIdentified

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """The equations of a sample: weights (n, T), unit totals (n,), generalised inverse (T, T), periods in it (T,)."""

    w: Floats
    total: Floats
    inverse: Floats
    used: Bools

    def fit(self, y: Floats) -> tuple[Floats, Floats, Floats]:
        """Unit effects (n,), period effects (T,) and residuals (n, T), 0 outside the sample, of y (n, T)."""
        import numpy as np

        y0 = np.where(self.w > 0, y, 0.0)
        share = np.where(self.total > 0, 1 / np.where(self.total > 0, self.total, 1.0), 0.0)
        centred = y0 - ((self.w * y0).sum(axis=1) * share)[:, None]
        period = self.inverse @ (self.w * centred).sum(axis=0)
        unit = (self.w * (y0 - period)).sum(axis=1) * share
        return unit, period, np.where(self.w > 0, y0 - unit[:, None] - period, 0.0)


def within(w: Floats) -> Within:
    """The equations of the sample with weights ``w`` (n, T).

    Raises:
        NotIdentified: the sample falls into parts that share neither units nor periods.
    """
    import numpy as np

    total = w.sum(axis=1)
    used = w.sum(axis=0) > 0
    share = np.where(total > 0, 1 / np.where(total > 0, total, 1.0), 0.0)
    return Within(w, total, inverse_of(np.diag(w.sum(axis=0)) - w.T @ (w * share[:, None]), used), used)


def inverse_of(m: Floats, used: Bools) -> Floats:
    """The generalised inverse of the normal equations ``m`` (T, T) that sets the first period ``used`` (T,) to zero.

    Raises:
        NotIdentified: as in :func:`within`.
    """
    import numpy as np

    at = np.flatnonzero(used)[1:]
    inverse = np.zeros_like(m)
    if at.size:
        inner = m[np.ix_(at, at)]
        scale = np.sqrt(np.diag(inner).clip(1e-300))
        if np.linalg.matrix_rank(inner / np.outer(scale, scale), hermitian=True, tol=1e-10) < at.size:
            raise NotIdentified("periods of the sample share no units with the others")
        inverse[np.ix_(at, at)] = np.linalg.inv(inner)
    return inverse
