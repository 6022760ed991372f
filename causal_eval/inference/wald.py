r"""Joint test that coefficients are zero, and the power of such a test against a trend (Roth 2022).

W = b' V^-1 b; with df degrees of freedom of the error F = W/q is compared with F(q, df), else W with chi2(q). A trend
with slope s puts b at s * x (x: periods from the base); W is then noncentral with lambda = s^2 x' V^-1 x, so the smallest
slope seen with a given power has a closed form in the noncentrality that gives that power.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wald:
    """A joint test: ``statistic`` is F where ``df`` is given, else chi-squared; ``q`` restrictions tested."""

    statistic: float
    q: int
    df: float | None
    p_value: float


def _inverse(cov: Floats) -> tuple[Floats, int]:
    """The inverse on the span where the covariance has variance, and that span's rank."""
    import numpy as np

    values, vectors = np.linalg.eigh((cov + cov.T) / 2)
    keep = values > 1e-10 * max(values.max(), 1e-300)
    return (vectors[:, keep] / values[keep]) @ vectors[:, keep].T, int(keep.sum())


def wald(b: Floats, cov: Floats, df: float | None) -> Wald:
    """Joint test of ``b`` (q,) = 0 with covariance ``cov`` (q, q). ``df`` None: chi-squared."""
    from scipy import stats

    inverse, q = _inverse(cov)
    w = float(b @ inverse @ b)
    if df is None:
        return Wald(w, q, None, float(stats.chi2.sf(w, q)))
    return Wald(w / q, q, df, float(stats.f.sf(w / q, q, df)))


def smallest_slope(x: Floats, cov: Floats, df: float | None, *, alpha: float, power: float = 0.8) -> float:
    """The slope per period that a size-``alpha`` joint test sees with probability ``power``.

    Args:
        x: (q,) periods from the base (negative before it).
        cov: (q, q) covariance of the coefficients.
    """
    import numpy as np
    from scipy import optimize, stats

    inverse, q = _inverse(cov)

    def missed(noncentrality: float) -> float:
        if df is None:
            return float(stats.ncx2.cdf(stats.chi2.isf(alpha, q), q, noncentrality)) - (1 - power)
        return float(stats.ncf.cdf(stats.f.isf(alpha, q, df), q, df, noncentrality)) - (1 - power)

    top = 10.0
    while missed(top) > 0:
        top *= 2
    noncentrality = float(optimize.brentq(missed, 1e-9, top))
    return float(np.sqrt(noncentrality / float(x @ inverse @ x)))
