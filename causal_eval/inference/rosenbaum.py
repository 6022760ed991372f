"""Rosenbaum's bounds: how unequal the odds of treatment within a pair would have to be to explain the effect away.

Wilcoxon's signed ranks under odds of at most gamma (Rosenbaum 2002, section 4.3.3), normal approximation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def upper_p(gaps: Floats, gamma: float) -> float:
    """Largest one-sided p-value, in the direction of the effect, of (n,) pair differences under odds up to ``gamma``."""
    return _ranked(gaps)(gamma)


def largest_gamma(gaps: Floats, alpha: float, most: float = 20.0) -> float:
    """The odds up to which the one-sided p-value stays at or below ``alpha``; 1 where it is above it from the start."""
    from scipy.optimize import brentq

    p = _ranked(gaps)
    if p(1.0) > alpha:
        return 1.0
    if p(most) <= alpha:
        return most
    return float(brentq(lambda g: p(g) - alpha, 1.0, most, xtol=1e-6))


def _ranked(gaps: Floats) -> Callable[[float], float]:
    """The p-value as a function of the odds: ranking is done once."""
    import numpy as np
    from scipy import stats

    gaps = gaps[gaps != 0]
    if not len(gaps):
        return lambda gamma: 1.0
    rank = stats.rankdata(np.abs(gaps))
    positive, total, squares = float(rank[gaps > 0].sum()), float(rank.sum()), float(rank @ rank)
    statistic = max(positive, total - positive)

    def p(gamma: float) -> float:
        share = gamma / (1 + gamma)
        return float(stats.norm.sf((statistic - share * total) / np.sqrt(share * (1 - share) * squares)))

    return p
