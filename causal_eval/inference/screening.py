"""Donors screened by how they moved with the target before the launch, as part of the method: every placebo screens its own.

Screening once, for the treated, and ranking placebos that must do with the treated's donors would fit placebos worse before the launch
and make their ratios small: the treated would stand out without an effect. So the screen is inside :class:`Screened`, and
placebos in space and in time, cross-fits and leave-one-out apply it anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.counterfactual import Fits, Method

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

FEWEST = 2
"""Donors a target keeps at least: those that moved with it most."""


@dataclass(frozen=True, slots=True)
class Screened:
    """The method on donors that pass, as :class:`causal_eval.inference.counterfactual.Method`.

    Attributes:
        method: what is fitted.
        least: the smallest correlation with the target over the matched periods.
    """

    method: Method
    least: float

    def fit(self, Y: Floats, targets: Sequence[int], pools: Sequence[Ints], pre: Bools, post: Bools) -> Fits:
        """See :class:`causal_eval.inference.counterfactual.Method`."""
        kept = [self.passing(Y[pre], k, pool) for k, pool in zip(targets, pools, strict=True)]
        return self.method.fit(Y, targets, kept, pre, post)

    def passing(self, before: Floats, target: int, pool: Ints) -> Ints:
        """The columns of ``pool`` that moved with ``target`` over the (T0, n) matched periods, ascending."""
        import numpy as np

        r = correlations(before, target, pool)
        passes = r >= self.least
        if passes.sum() < FEWEST:
            passes = np.isin(np.arange(len(pool)), np.argsort(-r, kind="stable")[:FEWEST])
        kept: Ints = pool[passes]
        return kept


def correlations(before: Floats, target: int, pool: Ints) -> Floats:
    """(J,) correlation of each column of ``pool`` with ``target``, over periods where both are there; 0 where one does not vary."""
    import numpy as np

    x = before[:, [target]]
    y = before[:, pool]
    seen = np.isfinite(x) & np.isfinite(y)
    n = np.maximum(seen.sum(axis=0), 1)
    x, y = np.where(seen, x, 0.0), np.where(seen, y, 0.0)
    x = np.where(seen, x - x.sum(axis=0) / n, 0.0)
    y = np.where(seen, y - y.sum(axis=0) / n, 0.0)
    scale = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
    flat = scale <= 1e-12 * np.maximum(np.abs(np.nan_to_num(before)).max() ** 2, 1e-300) * n
    r: Floats = np.where(flat, 0.0, (x * y).sum(axis=0) / np.where(flat, 1.0, scale))
    return r
