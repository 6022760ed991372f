"""A fitted least-squares regression, with one small-sample convention for clustered errors.

CR1 (Liang & Zeger 1986; Cameron & Miller 2015, eq. 11-12): the sandwich times G/(G-1) * (N-1)/(N-K). K counts the
regressors and the fixed effects, except fixed effects nested in the clusters (each level lies in one cluster), which
are not counted: fixest's and reghdfe's convention. Tests use t with G-1 degrees of freedom.
HC1 multiplies White's sandwich by N/(N-K), HC2 divides each squared residual by 1-h, the homoskedastic covariance
uses N-K; there K counts everything and tests use t with N-K degrees of freedom. CR2 and two-way clusters need the rows:
:mod:`causal_eval.inference.bias_reduced`, :mod:`causal_eval.inference.two_way_clusters`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

Vcov = Literal["cluster", "cr2", "two_way", "hc1", "hc2", "iid"]


class NotIdentified(Exception):
    """The coefficient of interest is a combination of the other regressors."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients and their covariance.

    Attributes:
        coef: (K,).
        cov: (K, K), small-sample corrected.
        df: degrees of freedom of t and F.
        n_rows: rows with positive weight.
        n_clusters: G under clustering, else None.
        influence: (G, K) cluster sums of the influence function under clustering (cov = scale * influence' influence),
            else None.
        scale: the small-sample factor inside ``cov``.
    """

    coef: Floats
    cov: Floats
    df: float
    n_rows: int
    n_clusters: int | None
    influence: Floats | None
    scale: float

    @property
    def std_error(self) -> Floats:
        """(K,) square roots of the diagonal of ``cov``."""
        import numpy as np

        return np.sqrt(np.maximum(np.diag(self.cov), 0.0))


def cr1(n_rows: int, n_params: int, n_clusters: int) -> float:
    """The CR1 factor G/(G-1) * (N-1)/(N-K). Raises NotIdentified with fewer than two clusters or no freedom."""
    if n_clusters < 2 or n_rows <= n_params:
        raise NotIdentified(
            f"{n_clusters} clusters, {n_rows} rows and {n_params} parameters leave no error to estimate"
        )
    return n_clusters / (n_clusters - 1) * (n_rows - 1) / (n_rows - n_params)


def cluster_sums(rows: Floats, cluster: Ints, n_clusters: int) -> Floats:
    """(N, K) rows summed by cluster code: (G, K)."""
    import numpy as np

    out = np.zeros((n_clusters, rows.shape[1]))
    np.add.at(out, cluster, rows)
    return out


def clustered(coef: Floats, influence: Floats, *, n_rows: int, n_params: int) -> Fit:
    """A fit from the (G, K) cluster sums of its influence function, with the CR1 factor."""
    n_clusters = influence.shape[0]
    scale = cr1(n_rows, n_params, n_clusters)
    return Fit(coef, scale * influence.T @ influence, float(n_clusters - 1), n_rows, n_clusters, influence, scale)


def least_squares(
    y: Floats,
    x: Floats,
    w: Floats,
    *,
    vcov: Vcov,
    cluster: Ints | None = None,
    n_nested: int = 0,
    n_absorbed: int = 0,
    leverage: Floats | None = None,
) -> Fit:
    """Weighted least squares of ``y`` (N,) on ``x`` (N, K), both already residualised on what was absorbed.

    Args:
        w: (N,) weights; rows of weight 0 count for nothing.
        cluster: (N,) codes 0..G-1, needed for ``vcov="cluster"``.
        n_absorbed: parameters absorbed before, nested ones included.
        n_nested: those of them that are nested in the clusters.
        leverage: (N,) leverage of the absorbed part, for HC2.

    Raises:
        NotIdentified: ``x`` is rank-deficient, or nothing is left to estimate the error from.
    """
    import numpy as np

    n = int((w > 0).sum())
    k = x.shape[1]
    xtx = x.T @ (x * w[:, None])
    size = np.diag(xtx)
    if k and (np.linalg.matrix_rank(xtx / np.sqrt(np.outer(size, size).clip(1e-300)), hermitian=True) < k):
        raise NotIdentified("regressors are collinear")
    bread = np.linalg.inv(xtx)
    beta = bread @ (x.T @ (w * y))
    e = y - x @ beta
    if vcov == "cluster":
        if cluster is None:
            raise ValueError("vcov='cluster' needs cluster codes")
        g = int(cluster.max()) + 1
        influence = cluster_sums(x * (w * e)[:, None], cluster, g) @ bread
        return clustered(beta, influence, n_rows=n, n_params=k + n_absorbed - n_nested)
    free = n - k - n_absorbed
    if free <= 0:
        raise NotIdentified("as many parameters as rows: no error to estimate")
    if vcov == "iid":
        return Fit(beta, float(np.sum(w * e * e)) / free * bread, float(free), n, None, None, 1.0)
    if vcov == "hc1":
        meat = x.T @ (x * ((w * e) ** 2)[:, None])
        return Fit(beta, n / free * bread @ meat @ bread, float(free), n, None, None, n / free)
    h = w * np.einsum("ij,jk,ik->i", x, bread, x) + (0.0 if leverage is None else leverage)
    meat = x.T @ (x * ((w * e) ** 2 / np.maximum(1 - h, 1e-12))[:, None])
    return Fit(beta, bread @ meat @ bread, float(free), n, None, None, 1.0)
