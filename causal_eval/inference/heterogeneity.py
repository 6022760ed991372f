"""What goes with larger effects: the best linear projection of effects on covariates (Semenova & Chernozhukov 2021, section 3).

Row i adds ``part_i`` to a sum whose ratio to the sum of ``b_i`` is the effect: its doubly robust score times its weight, and its
weight; for the effect on the treated b is zero for the untreated, whose scores still correct the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """k covariates, each in standard deviations.

    Attributes:
        used: (k,) columns that vary and are no combination of others; coef: (k,) change of the effect by one standard deviation.
        cov: (k, k); df: degrees of freedom; joint_p: of no slope at all (F test).
    """

    used: Ints
    coef: Floats
    cov: Floats
    df: float
    joint_p: float


def projection(part: Floats, b: Floats, X: Floats, cluster: Ints, clustered: bool) -> Projection | None:
    """Project on (n, p) ``X``; HC3, or CR1 by ``cluster``. None where no column varies or rows are too few.

    Args:
        part, b: (n,) see the module.
    """
    import numpy as np
    from scipy import stats

    from causal_eval.inference.regression import cluster_sums, cr1

    mean = b @ X / b.sum()
    spread = np.sqrt(b @ (X - mean) ** 2 / b.sum())
    Z = (X - mean) / np.where(spread > 0, spread, 1.0)
    used = _independent(Z, b, spread > 1e-12 * np.maximum(np.abs(mean), 1.0))
    n, k = len(b), len(used)
    n_clusters = int(cluster.max()) + 1
    if not k or min(int((b > 0).sum()), n_clusters) <= k + 2:
        return None
    A = np.column_stack([np.ones(n), Z[:, used]])
    bread = np.linalg.inv((A * b[:, None]).T @ A)
    beta = bread @ (A.T @ part)
    rest = part - b * (A @ beta)
    if clustered:
        sums = cluster_sums(A * rest[:, None], cluster, n_clusters) @ bread
        cov = cr1(n, k + 1, n_clusters) * sums.T @ sums
        df = float(n_clusters - 1)
    else:
        h = b * np.einsum("ij,jk,ik->i", A, bread, A)
        psi = (A * (rest / np.maximum(1 - h, 1e-6))[:, None]) @ bread
        cov = psi.T @ psi
        df = float(n - k - 1)
    inner = cov[1:, 1:]
    wald = float(beta[1:] @ np.linalg.pinv(inner) @ beta[1:]) / k
    return Projection(used, beta[1:], inner, df, float(stats.f.sf(wald, k, df)))


def _independent(Z: Floats, b: Floats, varies: NDArray[np.bool_]) -> Ints:
    """Columns that add something to a constant and the columns before them."""
    import numpy as np

    root = np.sqrt(b)
    basis = [root / np.linalg.norm(root)]
    kept = []
    for j in np.flatnonzero(varies):
        v = root * Z[:, j]
        size = np.linalg.norm(v)
        for _ in range(2):
            for q in basis:
                v = v - (q @ v) * q
        if np.linalg.norm(v) > 1e-7 * size:
            basis.append(v / np.linalg.norm(v))
            kept.append(j)
    return np.array(kept, dtype=np.int64)
