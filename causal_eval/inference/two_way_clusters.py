"""Errors clustered in two ways (Cameron, Gelbach & Miller 2011).

V = V_1 + V_2 - V_12, the last over the intersections; one factor min(G)/(min(G) - 1) (N - 1)/(N - K) for all three, with fixed effects
nested in either way's clusters not counted in K, and t with min(G) - 1 degrees of freedom: fixest's convention. Where V is not
positive semi-definite its negative eigenvalues are set to zero (their section 2.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.regression import Fit

    Floats = NDArray[np.float64]


def two_way_clusters(one: Fit, other: Fit, both: Fit, *, n_params: int) -> Fit:
    """The fit with errors clustered two ways, from the same fit clustered each way and by their intersections.

    Args:
        n_params: K, without effects that are nested in either way's clusters.
    """
    from dataclasses import replace

    import numpy as np

    from causal_eval.inference.regression import cr1

    parts: list[Floats] = []
    for fit in (one, other, both):
        assert fit.influence is not None
        parts.append(fit.influence.T @ fit.influence)
    groups = min(one.n_clusters or 0, other.n_clusters or 0)
    scale = cr1(one.n_rows, n_params, groups)
    cov = scale * (parts[0] + parts[1] - parts[2])
    values, vectors = np.linalg.eigh(cov)
    if values.min() < 0:
        cov = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return replace(one, cov=cov, df=float(groups - 1), n_clusters=groups, scale=scale)
