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


def effect_of(treated: Floats, donors: Floats, method: Method, pre: Bools, post: Bools) -> float:
    """The average gap of the treated units' mean (T, m) after the launch."""
    import numpy as np

    Y = np.column_stack([treated.mean(axis=1), donors])
    fit = method.fit(Y, [0], [np.arange(1, Y.shape[1])], pre, post)
    return float((Y[post, 0] - fit.paths[0][post]).mean())


def bootstrap_error(
    treated: Floats, donors: Floats, method: Method, pre: Bools, post: Bools, rng: np.random.Generator
) -> float:
    """Standard deviation of the estimate over redrawn units. Raises ValueError with one treated unit."""
    import numpy as np

    m, J = treated.shape[1], donors.shape[1]
    if m < 2:
        raise ValueError("one treated unit cannot be redrawn")
    out: list[float] = []
    while len(out) < BOOTSTRAP:
        units = rng.integers(0, m + J, size=m + J)
        if (units < m).all() or (units >= m).all():
            continue
        out.append(effect_of(treated[:, units[units < m]], donors[:, units[units >= m] - m], method, pre, post))
    return float(np.std(out, ddof=0))


def jackknife_error(
    treated: Floats, donors: Floats, weights: Floats, time_weights: Floats, pre: Bools, post: Bools
) -> float:
    """Jackknife with weights held: (J,) on donors, rescaled without the unit left out, (T,) on periods before the launch.

    Raises:
        ValueError: with one treated unit, or one donor that carries all the weight.
    """
    import numpy as np

    m, J = treated.shape[1], donors.shape[1]
    if m < 2:
        raise ValueError("one treated unit cannot be left out")
    if weights.max() > 1 - 1e-9:
        raise ValueError("one donor carries all the weight and cannot be left out")
    contrast = np.where(post, 1 / post.sum(), 0.0) - np.where(pre, time_weights, 0.0)
    t, d = contrast @ treated, contrast @ donors
    whole = weights @ d
    out = [*(np.delete(t, i).mean() - whole for i in range(m))]
    out += [t.mean() - (whole - weights[j] * d[j]) / (1 - weights[j]) for j in range(J)]
    values = np.array(out)
    n = len(values)
    return float(np.sqrt((n - 1) / n * ((values - values.mean()) ** 2).sum()))
