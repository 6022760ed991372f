r"""Whether two variables still move together once others are taken out: partial correlation with an error that is robust.

Both are regressed on the others, and on the squares of those that are no 0/1 columns; the products of what is left have mean zero
if the two are independent given the others. That is the generalised covariance measure (Shah & Peters 2020, eq. 3) with linear
regressions; unlike the textbook test of a partial correlation it does not need errors of equal spread, which a 0/1 variable never has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tested:
    """A test of conditional independence.

    Attributes:
        correlation: the partial correlation, of several columns that which is largest in size.
        p_value: of the hypothesis that there is none; n: rows.
    """

    correlation: float
    p_value: float
    n: int


def conditional_independence(
    a: Floats, b: Floats, given: Floats, weight: Floats | None = None, cluster: Ints | None = None
) -> Tested | None:
    """The test; None where nothing is left to test: too few rows, or a variable that the others determine.

    Args:
        a: (n, p), b: (n, q): a number, or the 0/1 columns of a category. given: (n, r), r may be 0.
        weight: (n,). cluster: (n,) codes 0..G-1: products are summed within clusters first.

    Products are (n, pq); the statistic is Hotelling's, F with pq and G - pq degrees of freedom (for one column, t squared).
    """
    import numpy as np
    from scipy.stats import f

    from causal_eval.inference.regression import cluster_sums

    n = len(a)
    w = np.ones(n) if weight is None else weight / weight.mean()
    Z = _basis(given)
    if n < Z.shape[1] + 10:
        return None
    left = _left(np.column_stack([a, b]), Z, None if weight is None else w)
    if left is None:
        return None
    ra, rb = left[:, : a.shape[1]], left[:, a.shape[1] :]
    products = (w[:, None, None] * ra[:, :, None] * rb[:, None, :]).reshape(n, -1)
    size = np.sqrt(np.outer((w[:, None] * ra**2).sum(axis=0), (w[:, None] * rb**2).sum(axis=0))).ravel()
    r = products.sum(axis=0) / size
    if cluster is not None:
        products = cluster_sums(products, cluster, int(cluster.max()) + 1)
    groups, k = products.shape
    if groups <= k + 1:
        return None
    mean = products.mean(axis=0)
    spread = np.atleast_2d(np.cov(products, rowvar=False))
    rank = int(np.linalg.matrix_rank(spread, hermitian=True))
    if not rank:
        return None
    squared = groups * float(mean @ np.linalg.pinv(spread, hermitian=True) @ mean)
    p = float(f.sf(squared * (groups - rank) / (rank * (groups - 1)), rank, groups - rank))
    return Tested(float(r[np.argmax(np.abs(r))]), p, n)


def holm(p_values: Floats) -> Floats:
    """Holm's (1979) adjusted p-values, in the order given."""
    import numpy as np

    order = np.argsort(p_values, kind="stable")
    m = len(p_values)
    stepped = np.minimum(np.maximum.accumulate(p_values[order] * (m - np.arange(m))), 1.0)
    out = np.empty(m)
    out[order] = stepped
    return out


def smallest_visible(n: int, level: float, power: float) -> float:
    """The partial correlation that a two-sided test of ``level`` finds with that power among n rows (Fisher's z)."""
    import numpy as np
    from scipy.stats import norm

    return float(np.tanh((norm.ppf(1 - level / 2) + norm.ppf(power)) / np.sqrt(max(n - 3, 1))))


def _basis(given: Floats) -> Floats:
    """(n, 1 + r + s) a constant, the columns scaled, and squares of those that take more than two values."""
    import numpy as np

    centred = given - given.mean(axis=0)
    spread = centred.std(axis=0)
    Z = centred[:, spread > 0] / spread[spread > 0]
    many = np.array([bool(np.any((z != z.min()) & (z != z.max()))) for z in Z.T], dtype=bool)
    return np.column_stack([np.ones(len(given)), Z, Z[:, many] ** 2])


def _left(values: Floats, Z: Floats, w: Floats | None) -> Floats | None:
    """(n, k) what Z does not explain; None where that is nothing in some column."""
    import numpy as np

    # Z is scaled, so its Gram matrix is well conditioned and stands in for a decomposition of all rows.
    middle = values.mean(axis=0)
    weighted = Z if w is None else w[:, None] * Z
    beta, *_ = np.linalg.lstsq(weighted.T @ Z, weighted.T @ (values - middle), rcond=1e-10)
    left: Floats = values - middle - Z @ beta
    spread = values.std(axis=0)
    return None if bool(np.any(left.std(axis=0) <= 1e-6 * np.maximum(spread, 1e-300))) else left
