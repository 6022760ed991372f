r"""What a test of the leads lets through: its power against a trend, and what passing it does to the estimates (Roth 2022).

The coefficients of an event study are taken as normal around a trend delta, with covariance Sigma; leads are "pre", the
others "post". Two pre-tests are known, and both leave the leads symmetric around zero:

    each    passes when |b_j| <= c se_j for every lead (none is significant by itself)
    joint   passes when b_pre' Sigma_pre^-1 b_pre <= c

Given a pass the leads' mean moves from delta_pre towards zero, and correlated lags move along (proposition 1):

    E[b_post | pass] = delta_post + Sigma_post,pre Sigma_pre^-1 (E[b_pre | pass] - delta_pre)

For "each", P(pass) and E[b_pre | pass] are those of a normal vector in a box, found by separation of variables (Genz 1992)
on a fixed lattice, so that the same input gives the same number. For "joint" they are exact: with lambda = delta_pre'
Sigma_pre^-1 delta_pre, E[b_pre | pass] = delta_pre P(chi2_{q+2}(lambda) <= c) / P(chi2_q(lambda) <= c).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

POINTS = 1 << 14
"""Lattice points of the box."""
CUT = 1.959963984540054
"""A lead is significant beyond it, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A pre-test under some mean of the leads: its chance to pass, and the leads' mean (q,) given that it does."""

    probability: float
    mean: Floats


def each(mean: Floats, cov: Floats, *, cut: float = CUT) -> Passed:
    """The test of every lead by itself.

    Args:
        mean: (q,) true mean of the leads.
        cov: (q, q), positive definite.
    """
    import numpy as np
    from scipy.special import ndtr, ndtri

    q = len(mean)
    root = np.linalg.cholesky(cov)
    half = cut * np.sqrt(np.diag(cov))
    points = _lattice(q)
    z = np.zeros((POINTS, q))
    weight = np.ones(POINTS)
    for j in range(q):
        centre = mean[j] + z[:, :j] @ root[j, :j]
        low, high = ndtr((-half[j] - centre) / root[j, j]), ndtr((half[j] - centre) / root[j, j])
        weight *= high - low
        at = np.clip(low + points[:, j] * (high - low), 1e-300, 1 - 1e-16)
        z[:, j] = ndtri(at)
    total = float(weight.sum())
    if not total > 0:
        raise ValueError("the trend is so steep that no pre-test lets it through")
    return Passed(total / POINTS, mean + (weight @ (z @ root.T)) / total)


def joint(mean: Floats, cov: Floats, *, critical: float, df: float | None = None) -> Passed:
    """The joint test that compares b' cov^-1 b with ``critical``; ``mean`` and ``cov`` as in :func:`each`.

    Args:
        critical: q times the critical value of F(q, df), or that of chi2(q) where ``df`` is None.
        df: of the F distribution where ``cov`` is an estimate. It is independent of b, so the same ratio holds with
            noncentral F in place of noncentral chi2.
    """
    import numpy as np
    from scipy import stats

    q = len(mean)
    noncentrality = max(float(mean @ np.linalg.solve(cov, mean)), 1e-300)

    def below(k: int) -> float:
        if df is None:
            return float(stats.ncx2.cdf(critical, k, noncentrality))
        return float(stats.ncf.cdf(critical / k, k, df, noncentrality))

    probability = below(q)
    if not probability > 0:
        raise ValueError("the trend is so steep that no pre-test lets it through")
    return Passed(probability, mean * (below(q + 2) / probability))


def _lattice(q: int) -> Floats:
    """(POINTS, q) Richtmyer's points, folded so that the integrand is periodic; no chance in it."""
    import numpy as np

    primes: list[int] = []
    n = 2
    while len(primes) < q:
        if all(n % p for p in primes):
            primes.append(n)
        n += 1
    step = np.sqrt(np.array(primes, dtype=float)) % 1
    points = (np.arange(1, POINTS + 1)[:, None] * step + 0.5) % 1
    out: Floats = np.abs(2 * points - 1)
    return out


def slope_for_power(x: Floats, cov: Floats, *, power: float, cut: float = CUT) -> float:
    """The slope (> 0) that the test of each lead sees with probability ``power``; x (q,): periods from the base."""
    import numpy as np
    from scipy import optimize

    def missing(slope: float) -> float:
        try:
            return 1 - each(slope * x, cov, cut=cut).probability - power
        except ValueError:
            return 1 - power

    if missing(0.0) >= 0:
        raise ValueError("the test rejects that often without any trend")
    top = float(np.max(np.sqrt(np.diag(cov)) / np.abs(x)))
    while missing(top) < 0:
        top *= 2
    return float(optimize.brentq(missing, 0.0, top, xtol=1e-10 * top))


def likelihood_ratio(b: Floats, trend: Floats, cov: Floats) -> float:
    """How likely the leads ``b`` (q,) are under the trend, relative to parallel trends."""
    import numpy as np

    return float(np.exp(trend @ np.linalg.solve(cov, b) - trend @ np.linalg.solve(cov, trend) / 2))


def bayes_factor(under_trend: Passed, under_none: Passed) -> float:
    """How much likelier a pass is under the trend than under parallel trends; near 1 a pass says nothing."""
    return under_trend.probability / under_none.probability


def post_given_pass(passed: Passed, trend_pre: Floats, trend_post: Floats, cov_pre: Floats, cross: Floats) -> Floats:
    """(p,) mean of the post coefficients given the pass, without any effect.

    Args:
        trend_pre: (q,), trend_post: (p,) the trend itself.
        cov_pre: (q, q).
        cross: (p, q) covariance of post coefficients with leads.
    """
    import numpy as np

    out: Floats = trend_post + cross @ np.linalg.solve(cov_pre, passed.mean - trend_pre)
    return out
