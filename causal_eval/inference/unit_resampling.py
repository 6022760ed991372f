"""Errors of a counterfactual by leaving out or redrawing units.

For (T, m) treated and (T, J) donor outcomes the estimate is a function of the two. The jackknife leaves out each unit in turn and
keeps the weights of the others (Arkhangelsky et al. 2021, algorithm 3); the bootstrap redraws units with both groups
present and fits anew (algorithm 2). Both need several treated units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.counterfactual import Method

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

BOOTSTRAP = 500


def mean_gaps(treated: Floats, donors: Floats, method: Method, pre: Bools, post: Bools, rows: Floats) -> Floats:
    """(K,) averages, with (T, K) weights, of the gaps of the treated units' mean (T, m)."""
    import numpy as np

    Y = np.column_stack([treated.mean(axis=1), donors])
    fit = method.fit(Y, [0], [np.arange(1, Y.shape[1])], pre, post)
    out: Floats = (Y[:, 0] - fit.paths[0]) @ rows
    return out


def bootstrap_errors(
    treated: Floats,
    donors: Floats,
    method: Method,
    pre: Bools,
    post: Bools,
    rows: Floats,
    rng: np.random.Generator,
) -> Floats:
    """(K,) standard deviations of average gaps over redrawn units. Raises ValueError with one treated unit.

    Args:
        rows: (T, K) their weights.
    """
    import numpy as np

    m, J = treated.shape[1], donors.shape[1]
    if m < 2:
        raise ValueError("one treated unit cannot be redrawn")
    out: list[Floats] = []
    while len(out) < BOOTSTRAP:
        units = rng.integers(0, m + J, size=m + J)
        if (units < m).all() or (units >= m).all():
            continue
        out.append(mean_gaps(treated[:, units[units < m]], donors[:, units[units >= m] - m], method, pre, post, rows))
    errors: Floats = np.std(out, axis=0, ddof=0)
    return errors


def jackknife_errors(treated: Floats, donors: Floats, weights: Floats, time_weights: Floats, rows: Floats) -> Floats:
    """(K,) jackknife errors of average gaps with weights held.

    Args:
        weights: (J,) on donors, rescaled without the unit left out. time_weights: (T,) of the periods that gaps are measured from.
        rows: (T, K) weights of the averages.

    Raises:
        ValueError: with one treated unit, or one donor that carries all the weight.
    """
    import numpy as np

    m, J = treated.shape[1], donors.shape[1]
    if m < 2:
        raise ValueError("one treated unit cannot be left out")
    if weights.max() > 1 - 1e-9:
        raise ValueError("one donor carries all the weight and cannot be left out")
    contrast = rows - np.outer(time_weights, rows.sum(axis=0))
    t, d = treated.T @ contrast, donors.T @ contrast
    whole = weights @ d
    out = [*(np.delete(t, i, axis=0).mean(axis=0) - whole for i in range(m))]
    out += [t.mean(axis=0) - (whole - weights[j] * d[j]) / (1 - weights[j]) for j in range(J)]
    values = np.array(out)
    n = len(values)
    errors: Floats = np.sqrt((n - 1) / n * ((values - values.mean(axis=0)) ** 2).sum(axis=0))
    return errors
