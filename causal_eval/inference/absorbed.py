"""Regression with covariates and absorbed effects: linearmodels takes the effects out, this package does the errors.

linearmodels' own clustered errors count nested effects as parameters, 3 to 5% too large; so only its absorption (LSMR
on sparse dummies; exact for any number of effects and weights) is used, and the covariance comes from
:func:`causal_eval.inference.regression.least_squares`, whose convention is stated there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What is left after the effects were taken out, in the units it came in.

    Attributes:
        y: (N,).
        x: (N, K'), the columns of ``kept``.
        kept: positions of the columns that the effects do not explain whole, ascending.
    """

    y: Floats
    x: Floats
    kept: tuple[int, ...]


def absorb(y: Floats, x: Floats, effects: Sequence[Ints], w: Floats) -> Absorbed:
    """Take ``effects`` (each (N,) codes) out of ``y`` (N,) and ``x`` (N, K), with weights ``w`` (N,) > 0."""
    import warnings

    import numpy as np
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from linearmodels.iv.absorbing import AbsorbingLS

        cuts = pd.DataFrame({f"fe{i}": pd.Categorical(e) for i, e in enumerate(effects)})
        # LSMR stops on a relative residual: standardised columns make its tolerance mean the same for each.
        size = np.maximum(x.std(axis=0), 1e-300)
        columns = pd.DataFrame((x - x.mean(axis=0)) / size, columns=[str(i) for i in range(x.shape[1])])
        centre, spread = float(np.mean(y)), max(float(np.std(y)), 1e-300)
        model = AbsorbingLS(
            pd.Series((y - centre) / spread), columns, absorb=cuts, weights=pd.Series(w), drop_absorbed=True
        )
        tight: dict[str, Any] = {"atol": 1e-14, "btol": 1e-14, "conlim": 1e14, "maxiter": 20000}
        try:
            model.fit(method="lsmr", absorb_options=tight, use_cache=False)
        except ValueError:
            # linearmodels refuses a model in which every column is absorbed.
            return Absorbed(np.asarray(y, dtype=float), np.zeros((len(y), 0)), ())
        root = np.sqrt(w / w.mean())[:, None]
        kept = tuple(int(c) for c in model.absorbed_exog.columns)
        xt = np.asarray(model.absorbed_exog, dtype=float) / root * size[list(kept)]
        yt = np.asarray(model.absorbed_dependent, dtype=float)[:, 0] / root[:, 0] * spread
    return Absorbed(yt, xt, kept)


def count_effects(effects: Sequence[Ints], cluster: Ints | None) -> tuple[int, int]:
    """Parameters that ``effects`` take up: (all of them, those nested in the clusters).

    An effect that is a coarser cut of another adds nothing. Two effects share as many parameters as their bipartite
    graph has connected parts (Abowd, Creecy & Kramarz 2002), which is exact for two; a third is compared with each
    earlier one and the largest number taken, as reghdfe does.
    """
    import numpy as np

    def within(fine: Ints, coarse: Ints) -> bool:
        pairs = np.unique(np.stack([fine, coarse]), axis=1)
        return bool(pairs.shape[1] == len(np.unique(fine)))

    def count(sets: Sequence[Ints]) -> int:
        total = 0
        for i, e in enumerate(sets):
            total += len(np.unique(e)) - max((_connected(o, e) for o in sets[:i]), default=0)
        return total

    sets: list[Ints] = []
    for i, e in enumerate(effects):
        if any(j != i and within(o, e) and not (within(e, o) and j > i) for j, o in enumerate(effects)):
            continue
        sets.append(e)
    total = count(sets)
    if cluster is None:
        return total, 0
    kept = max(count([e for e in sets if not within(e, cluster)]), 1)
    return total, total - kept


def _connected(a: Ints, b: Ints) -> int:
    """Connected parts of the bipartite graph whose edges are the rows' (a, b) codes."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    left = np.unique(a, return_inverse=True)[1]
    right = np.unique(b, return_inverse=True)[1] + left.max() + 1
    size = int(right.max()) + 1
    graph = coo_array((np.ones(len(left)), (left, right)), shape=(size, size))
    return int(connected_components(graph, directed=False)[0])
