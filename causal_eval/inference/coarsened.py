"""Strata as a matching method: coarsened exact matching, and subclasses of the propensity.

Untreated rows of a stratum are weighted to the treated ones' share of it; strata without both are left out (Iacus, King & Porro 2012).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


def coarsened(X: Floats) -> Ints:
    """(n,) strata: each covariate in equal bins, ceil(log2 n) + 1 of them (Sturges), those with few values as they are."""
    import numpy as np

    n = len(X)
    bins = int(np.ceil(np.log2(n))) + 1
    codes = []
    for k in range(X.shape[1]):
        x = X[:, k]
        values = np.unique(x)
        if len(values) <= 2:
            codes.append(np.searchsorted(values, x))
            continue
        edges = np.linspace(values[0], values[-1], bins + 1)[1:-1]
        codes.append(np.searchsorted(edges, x, side="right"))
    return np.unique(np.column_stack(codes), axis=0, return_inverse=True)[1].ravel().astype(np.int64)


def subclasses(score: Floats, t: Bools, n: int) -> Ints:
    """(n,) strata between the quantiles of the treated's scores."""
    import numpy as np

    edges = np.quantile(score[t], np.linspace(0, 1, n + 1)[1:-1])
    return np.searchsorted(np.unique(edges), score, side="right").astype(np.int64)


def stratum_weights(strata: Ints, t: Bools, w: Floats, estimand: str) -> Floats:
    """(n,) weights that give both groups the strata shares of the treated (``att``) or of all (``ate``); 0 left out."""
    import numpy as np

    size = int(strata.max()) + 1
    n1, n0 = (np.bincount(strata[g], weights=w[g], minlength=size) for g in (t, ~t))
    both = (n1 > 0) & (n0 > 0)
    aim = n1 if estimand == "att" else n1 + n0
    with np.errstate(divide="ignore", invalid="ignore"):
        r1, r0 = np.where(both, aim / n1, 0.0), np.where(both, aim / n0, 0.0)
    out: Floats = w * np.where(t, r1[strata], r0[strata])
    return out
