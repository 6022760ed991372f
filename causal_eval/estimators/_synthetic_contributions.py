"""Which donors move a counterfactual, and when: what each adds to its change since before the launch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from causal_eval.estimators._synthetic import Synthetic
    from causal_eval.results.types import Json

MOST = 12
"""Donors told one by one, those that move it furthest on average over the periods of the headline."""
LEAST = 0.01
"""Share of the furthest of these averages below which a donor is not told by itself."""
NOTHING = 1e-12
"""Share of the largest outcome below which the furthest is rounding."""


def contributions(found: Synthetic) -> Json:
    """By donor j and period t: w_j (y_jt - sum_s b_s y_js), with b the mean over the matched periods, or the time weights.

    Weights act on levels or on changes from the matched periods' mean, and the time weights of synthetic difference-in-differences
    also set its level, so that over all donors it adds up to the counterfactual less its own b-mean, whatever the method. Donors are
    chosen by what they move and not by their weights: of many alike, one with less weight can move it more.

    Returns:
        In the outcome's units, the donors that move it furthest and the sum of all others; None where several counterfactuals have
        weights of their own, and where donors have no weights or do not move it.
    """
    import numpy as np

    Y, names = found.pool.donors, found.pool.names
    fit = found.cohorts[0]
    w = fit.fits.weights[0][1:]
    if len(found.cohorts) > 1 or not w.any():
        return None
    b = fit.cohort.pre / fit.cohort.pre.sum() if fit.fits.time_weights is None else fit.fits.time_weights[0]
    moved = w * (Y - b @ Y)
    size = np.abs(moved[fit.cohort.post].mean(axis=0))
    if not size.max() > NOTHING * np.abs(Y).max():
        return None
    order = sorted(np.flatnonzero(w).tolist(), key=lambda j: (-size[j], names[j]))
    own = [j for j in order if size[j] >= LEAST * size.max()][:MOST]
    rest = order[len(own) :]
    others: Json = {
        "n": len(rest),
        "weight": float(w[rest].sum()),
        "by_period": [float(v) for v in moved[:, rest].sum(axis=1)],
    }
    return {
        "periods": list(found.pool.labels),
        "donors": [
            {"unit": names[j], "weight": float(w[j]), "by_period": [float(v) for v in moved[:, j]]} for j in own
        ],
        "others": others if rest else None,
    }
