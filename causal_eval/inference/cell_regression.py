"""Weighted least squares of rows on regressors that are constant within cells, from cell sums alone.

For a repeated cross-section the regressors of a difference-in-differences depend on the group and the period only,
so the rows' regression needs, per cell and cluster, n, sum w, sum wy, and (for clusters that are single rows) sum w2,
sum w2 y and sum w2 y2. Everything, robust covariances included, is exact: no row is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.inference.regression import Fit, NotIdentified, Vcov, cluster_sums, clustered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CellSums:
    """Sums over the rows of each (cell, cluster): all arrays (M,).

    ``cluster`` holds codes 0..G-1, or -1 where each row is its own cluster. y may be measured from any centre.
    """

    n: Ints
    w: Floats
    wy: Floats
    w2: Floats
    w2y: Floats
    w2y2: Floats
    wy2: Floats
    cluster: Ints


def cell_regression(sums: CellSums, x: Floats, *, vcov: Vcov, n_nested: int = 0) -> Fit:
    """Regress the rows behind ``sums`` on ``x`` (M, P), the regressors of each (cell, cluster), constant included.

    Raises:
        NotIdentified: ``x`` is rank-deficient, or no freedom is left.
    """
    import numpy as np

    xtx = x.T @ (x * sums.w[:, None])
    scale = np.sqrt(np.diag(xtx).clip(1e-300))
    if np.linalg.matrix_rank(xtx / np.outer(scale, scale), hermitian=True) < x.shape[1]:
        raise NotIdentified("the treatment cannot be told apart from the group and period effects")
    bread = np.linalg.inv(xtx)
    beta = bread @ (x.T @ sums.wy)
    fit = x @ beta
    n = int(sums.n.sum())
    p = x.shape[1]
    score = sums.wy - sums.w * fit
    squares = sums.w2y2 - 2 * fit * sums.w2y + fit**2 * sums.w2
    if vcov == "cluster":
        if (sums.cluster >= 0).all():
            g = int(sums.cluster.max()) + 1
            influence = cluster_sums(x * score[:, None], sums.cluster, g) @ bread
            return clustered(beta, influence, n_rows=n, n_params=p - n_nested)
        vcov = "hc1"
    free = n - p
    if free <= 0:
        raise NotIdentified("as many parameters as rows: no error to estimate")
    if vcov == "iid":
        rss = float((sums.wy2 - 2 * fit * sums.wy + fit**2 * sums.w).sum())
        return Fit(beta, rss / free * bread, float(free), n, None, None, 1.0)
    factor = n / free
    if vcov == "hc2":
        # Leverage of a row is w h with h constant in the cell; with equal weights in a cell this is exact.
        h = np.einsum("ij,jk,ik->i", x, bread, x) * sums.w / np.maximum(sums.n, 1)
        squares = squares / np.maximum(1 - h, 1e-12)
        factor = 1.0
    meat = x.T @ (x * squares[:, None])
    return Fit(beta, factor * bread @ meat @ bread, float(free), n, None, None, factor)
