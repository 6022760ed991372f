"""The debiased synthetic control and its t-test (Chernozhukov, Wuthrich & Zhu 2025, algorithm 1).

The pre-periods end in K consecutive blocks of r = min(floor(T0 / K), T1) periods. The method is fitted without block k; tau_k is
the mean gap after the launch less the mean gap in block k, which takes the weights' bias out. The estimate is the mean
of the tau_k, and sqrt(K) (mean - tau) / (sqrt(1 + K r / T1) sd(tau_k)) is t with K - 1 degrees of freedom as both
windows grow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.inference.effects import Tested, t_test

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.counterfactual import Method

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class DebiasedT:
    """The debiased effect ``value``, its error, and the blocks it is from."""

    value: float
    std_error: float
    folds: int
    block: int

    def tested(self, level: float) -> Tested:
        """t test and interval with ``folds - 1`` degrees of freedom."""
        return t_test(self.value, self.std_error, self.folds - 1, level)


def debiased_t(Y: Floats, method: Method, pre: Bools, post: Bools, *, folds: int = 3) -> DebiasedT:
    """The test for the treated path, column 0 of (T, J + 1) outcomes.

    Raises:
        ValueError: fewer than two pre-periods outside of a block.
    """
    import numpy as np

    before, T1 = np.flatnonzero(pre), int(post.sum())
    T0 = len(before)
    r = min(T0 // folds, T1)
    if r < 1 or T0 - r < 2:
        raise ValueError(f"{T0} pre-periods are too few for {folds} blocks")
    pool = np.arange(1, Y.shape[1])
    taus = np.zeros(folds)
    for k in range(folds):
        block = before[T0 - r * folds + k * r : T0 - r * folds + (k + 1) * r]
        rest = pre.copy()
        rest[block] = False
        gaps = Y[:, 0] - method.fit(Y, [0], [pool], rest, post).paths[0]
        taus[k] = gaps[post].mean() - gaps[block].mean()
    error = np.sqrt(1 + folds * r / T1) * taus.std(ddof=1) / np.sqrt(folds)
    return DebiasedT(float(taus.mean()), float(error), folds, r)
