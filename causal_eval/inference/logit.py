"""Logistic regression to convergence, by Newton's method on standardised columns, with the influence of each row.

A general solver stops early on unscaled columns, and what it stops at depends on the order of the columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STEPS = 60


class SeparatedError(ValueError):
    """The covariates tell the groups apart perfectly: no finite coefficients exist."""


@dataclass(frozen=True, slots=True, eq=False)
class Logit:
    """A fit on n rows and q columns, the constant first.

    Attributes:
        linear: (n,) linear predictor; score: (n,) probability.
        Z: (n, q) standardised design; information: (q, q) sum of w e (1 - e) z z'.
    """

    linear: Floats
    score: Floats
    Z: Floats
    w: Floats
    d: Floats
    information: Floats

    def influence(self, direction: Floats) -> Floats:
        """(n,) influence of each row on direction' beta. ``direction``: (q,)."""
        import numpy as np

        solved = np.linalg.lstsq(self.information, direction, rcond=1e-12)[0]
        out: Floats = self.w * (self.d - self.score) * (self.Z @ solved)
        return out


def standardised(X: Floats, w: Floats) -> Floats:
    """(n, q) a constant, then the columns that vary, each with mean 0 and standard deviation 1."""
    import numpy as np

    mean = w @ X / w.sum()
    centred = X - mean
    spread = np.sqrt(w @ centred**2 / w.sum())
    varies = spread > 1e-12 * np.maximum(np.abs(mean), 1.0)
    return np.column_stack([np.ones(len(X)), centred[:, varies] / spread[varies]])


def logit(X: Floats, d: Floats, w: Floats) -> Logit:
    """The maximum-likelihood fit of ``d`` (0/1) on a constant and ``X`` (n, p), with weights ``w`` (n,).

    Collinear columns share their coefficient; the scores do not depend on them.

    Raises:
        SeparatedError: the groups can be told apart perfectly, or nearly.
    """
    import numpy as np
    from scipy.special import expit

    Z = standardised(X, w)
    share = float(w @ d / w.sum())
    beta = np.zeros(Z.shape[1])
    beta[0] = np.log(share / (1 - share))
    linear = Z @ beta
    value = _deviance(linear, d, w)
    for _ in range(STEPS):
        e = expit(linear)
        gradient = Z.T @ (w * (d - e))
        information = (Z * (w * e * (1 - e))[:, None]).T @ Z
        step = np.linalg.lstsq(information, gradient, rcond=1e-12)[0]
        size = 1.0
        while True:
            ahead = linear + size * (Z @ step)
            new = _deviance(ahead, d, w)
            if new <= value * (1 + 1e-14) + 1e-14 or size < 1e-8:
                break
            size /= 2
        beta, linear = beta + size * step, ahead
        done = float(gradient @ step) < 1e-16 * max(w.sum(), 1.0)
        value = new
        if done:
            break
    else:
        raise SeparatedError("the propensity model does not converge")
    e = expit(linear)
    if float(w[d > 0] @ (1 - e[d > 0]) / (w @ d)) < 1e-7 or np.abs(linear).max() > 1e3:
        raise SeparatedError("the covariates tell the two groups apart perfectly")
    information = (Z * (w * e * (1 - e))[:, None]).T @ Z
    return Logit(linear, e, Z, w, d, information)


def _deviance(linear: Floats, d: Floats, w: Floats) -> float:
    import numpy as np

    return float(w @ (np.logaddexp(0.0, linear) - d * linear))
