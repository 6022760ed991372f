"""Logistic regression to convergence, by Newton's method on standardised columns, with the influence of each row.

A general solver stops early on unscaled columns, and what it stops at depends on the order of the columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STEPS = 60
BLOCK = 4096
"""Rows taken at a time, so that what is computed from them stays in the processor's cache."""


class SeparatedError(ValueError):
    """The covariates tell the groups apart perfectly: no finite coefficients exist."""


class Standardised:
    """(n, q) a constant, then the columns of X (n, p) that vary, each with mean 0 and standard deviation 1 under the weights.

    It is worked out a block of rows at a time, and kept only by who asks for the :meth:`matrix`.
    """

    def __init__(self, X: Floats, w: Floats) -> None:
        import numpy as np

        mean = w @ X / w.sum()
        squares = np.zeros(X.shape[1])
        for rows in blocks(len(X)):
            centred = X[rows].T - mean[:, None]
            squares += (centred * centred) @ w[rows]
        spread = np.sqrt(squares / w.sum())
        varies = spread > 1e-12 * np.maximum(np.abs(mean), 1.0)
        self._X = X if varies.all() else X[:, varies]
        self._mean, self._spread = mean[varies, None], spread[varies, None]
        self.shape = len(X), 1 + self._X.shape[1]

    def block(self, rows: slice) -> Floats:
        """(q, b) those rows, transposed."""
        import numpy as np

        x = self._X[rows].T
        out = np.empty((self.shape[1], x.shape[1]))
        out[0] = 1.0
        np.subtract(x, self._mean, out=out[1:])
        out[1:] /= self._spread
        return out

    def matrix(self) -> Floats:
        """(n, q) all of it; a column's values lie together in memory."""
        import numpy as np

        out = np.empty(self.shape[::-1])
        for rows in blocks(self.shape[0]):
            out[:, rows] = self.block(rows)
        return out.T

    def times(self, beta: Floats) -> Floats:
        """(n,) the product with (q,) ``beta``."""
        import numpy as np

        return np.concatenate([beta @ self.block(rows) for rows in blocks(self.shape[0])])

    def sums(self, *weights: Floats) -> Floats:
        """(k, q) sums of the rows under each of k (n,) ``weights``."""
        import numpy as np

        out = np.zeros((len(weights), self.shape[1]))
        for rows in blocks(self.shape[0]):
            out += np.array([v[rows] for v in weights]) @ self.block(rows).T
        return out


def blocks(n: int) -> list[slice]:
    """n rows in parts that stay in the processor's cache."""
    return [slice(begin, begin + BLOCK) for begin in range(0, n, BLOCK)]


def standardised(X: Floats, w: Floats) -> Floats:
    """(n, q) a constant, then the columns that vary, each with mean 0 and standard deviation 1."""
    return Standardised(X, w).matrix()


@dataclass(frozen=True, slots=True, eq=False)
class Logit:
    """A fit on n rows and q columns, the constant first.

    Attributes:
        linear: (n,) linear predictor; score: (n,) probability.
        Z: (n, q) design; information: (q, q) sum of w e (1 - e) z z'.
    """

    linear: Floats
    score: Floats
    Z: Standardised
    w: Floats
    d: Floats
    information: Floats

    def influence(self, direction: Floats) -> Floats:
        """(n,) influence of each row on direction' beta. ``direction``: (q,)."""
        import numpy as np

        solved: Floats = np.linalg.lstsq(self.information, direction, rcond=1e-12)[0].astype(np.float64)
        out: Floats = self.w * (self.d - self.score) * self.Z.times(solved)
        return out


def logit(X: Floats, d: Floats, w: Floats) -> Logit:
    """The maximum-likelihood fit of ``d`` (0/1) on a constant and ``X`` (n, p), with weights ``w`` (n,).

    Collinear columns share their coefficient; the scores do not depend on them.

    Raises:
        SeparatedError: the groups can be told apart perfectly, or nearly.
    """
    import numpy as np

    Z = Standardised(X, w)
    share = float(w @ d / w.sum())
    beta = np.zeros(Z.shape[1])
    beta[0] = np.log(share / (1 - share))
    here = _at(beta, Z, d, w)
    for _ in range(STEPS):
        step = np.linalg.lstsq(here.information, here.gradient, rcond=1e-12)[0]
        size = 1.0
        while True:
            ahead = _at(beta + size * step, Z, d, w)
            if ahead.deviance <= here.deviance * (1 + 1e-14) + 1e-14 or size < 1e-8:
                break
            size /= 2
        done = float(here.gradient @ step) < 1e-16 * max(w.sum(), 1.0)
        beta, here = beta + size * step, ahead
        if done:
            break
    else:
        raise SeparatedError("the propensity model does not converge")
    e = here.score
    if float(w[d > 0] @ (1 - e[d > 0]) / (w @ d)) < 1e-7 or np.abs(here.linear).max() > 1e3:
        raise SeparatedError("the covariates tell the two groups apart perfectly")
    return Logit(here.linear, e, Z, w, d, here.information)


class _At(NamedTuple):
    """The likelihood at some coefficients: deviance (halved), gradient (q,), information (q, q), and each row's fit (n,)."""

    deviance: float
    gradient: Floats
    information: Floats
    linear: Floats
    score: Floats


def _at(beta: Floats, Z: Standardised, d: Floats, w: Floats) -> _At:
    """One pass over the rows, a block at a time."""
    import numpy as np

    n, q = Z.shape
    linear, score = np.empty(n), np.empty(n)
    deviance, gradient, information = 0.0, np.zeros(q), np.zeros((q, q))
    for rows in blocks(n):
        z, on, weight = Z.block(rows), d[rows], w[rows]
        eta = np.matmul(beta, z, out=linear[rows])
        # exp(-|eta|) cannot overflow, and gives both the probability and the logarithm of its complement.
        small = np.exp(-np.abs(eta))
        e = np.divide(np.where(eta < 0, small, 1.0), 1 + small, out=score[rows])
        deviance += float(weight @ (np.maximum(eta, 0.0) + np.log1p(small) - on * eta))
        gradient += z @ (weight * (on - e))
        information += (z * (weight * e * (1 - e))) @ z.T
    return _At(deviance, gradient, information, linear, score)
