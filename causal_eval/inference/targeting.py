"""Do predictions find those who gain? The targeting curve and its area, the rank-weighted average effect.

TOC(q) is the effect on the share q with the largest priorities less the effect on all; AUTOC its integral over q (Yadlowsky,
Fleming, Shah, Brunskill & Wager 2021, eq. 2 and 5), zero where priorities say nothing. Errors are those of half-samples (their
section 3.2). Priorities come from earlier folds only, so that each fold's estimate is centred given the ones before, and
their mean has the variance of a martingale (Wager 2024, Sequential validation of treatment heterogeneity).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SHARES = tuple(k / 20 for k in range(1, 21))
DRAWS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Targeting:
    """AUTOC with its error, and (20,) TOC at ``SHARES`` with their errors; ``rows`` were evaluated."""

    autoc: float
    error: float
    toc: Floats
    toc_error: Floats
    rows: int


def curve(priority: Floats, part: Floats, b: Floats) -> tuple[float, Floats]:
    """(AUTOC, TOC at SHARES).

    Args:
        priority: (n,) larger comes first; ties share their mean.
        part, b: (n,) scores times weights, and weights (:mod:`causal_eval.inference.heterogeneity`). Between one positive weight
            and the next the sum of scores is taken to grow evenly.

    Raises:
        ValueError: no weight is positive.
    """
    import numpy as np

    order = np.argsort(-priority, kind="stable")
    ranked = priority[order]
    tie = np.concatenate([[0], np.cumsum(ranked[1:] != ranked[:-1])])
    gain, weight = np.bincount(tie, part[order]), np.bincount(tie, b[order])
    some = weight > 0
    if not some.any():
        raise ValueError("no row has a positive weight")
    at = np.minimum(np.cumsum(some) - some, int(some.sum()) - 1)
    gain, weight = np.bincount(at, gain), np.bincount(at, weight)
    B, C = np.cumsum(weight), np.cumsum(gain)
    before, rate = B[:-1], gain[1:] / weight[1:]
    inner = gain[0] + float((gain[1:] + (C[:-1] - rate * before) * np.log(B[1:] / before)).sum())
    mean = C[-1] / B[-1]
    q = np.array(SHARES) * B[-1]
    toc = np.interp(q, np.concatenate([[0.0], B]), np.concatenate([[0.0], C])) / q - mean
    return inner / B[-1] - mean, toc


def targeting(
    priority: Floats, part: Floats, b: Floats, cluster: Ints, fold: Ints, rng: np.random.Generator
) -> Targeting | None:
    """The mean over folds of each fold's curve. None where a fold has no positive weight to evaluate, or there is none.

    Args:
        priority: (n,) made from the folds before the row's; NaN in the first.
        cluster, fold: (n,) codes; clusters are whole in folds and in half-samples.
    """
    import numpy as np

    values, draws, rows = [], [], 0
    for f in np.unique(fold[np.isfinite(priority)]):
        here = np.flatnonzero(fold == f)
        if (b[here] > 0).sum() < 4:
            return None
        p, s, w = priority[here], part[here], b[here]
        group = np.unique(cluster[here], return_inverse=True)[1]
        n = int(group.max()) + 1
        found = curve(p, s, w)
        values.append([found[0], *found[1]])
        each = []
        for _ in range(DRAWS):
            drawn = np.zeros(n, dtype=bool)
            drawn[rng.permutation(n)[: n // 2]] = True
            half = drawn[group]
            if w[half].sum() > 0:
                a, toc = curve(p[half], s[half], w[half])
                each.append([a, *toc])
        draws.append(np.var(each, axis=0, ddof=1))
        rows += len(here)
    if not values:
        return None
    mean = np.mean(values, axis=0)
    error = np.sqrt(np.sum(draws, axis=0)) / len(values)
    return Targeting(float(mean[0]), float(error[0]), mean[1:], error[1:], rows)
