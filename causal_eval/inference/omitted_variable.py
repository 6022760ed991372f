"""How far something left out can move an orthogonal score's estimate: Chernozhukov, Cinelli, Newey, Sharma & Syrgkanis (2022).

With g and alpha the regression and the Riesz representer of what is measured, sigma2 = E(y - g)^2 and nu2 = E alpha^2, something
unmeasured moves the estimate by |rho| sqrt(sigma2 nu2 cf_y cf_d / (1 - cf_d)) at most ("Long Story Short", theorem 2, corollary 2):
cf_y is the share of the outcome's remaining variance that it explains, cf_d the share of the full representer's variance that the
short one misses (partially linear: of the treatment's remaining variance), rho in [-1, 1] how far the two go together.

On the treated the representer of the ATT is known, so only the untreated's outcome can mislead: sigma2 is then E(1 - d)(y - g0)^2 and
cf_y a share of what is left of theirs. No model of the treated's outcome is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.orthogonal import Sample, Score, Split

    Floats = NDArray[np.float64]

MOST = 0.9999
"""The largest share a robustness value is sought up to."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How strong something unmeasured is.

    Attributes:
        cf_y: share of the outcome's remaining variance that it explains, [0, 1).
        cf_d: share of the full representer's variance that what is measured misses, [0, 1).
        rho: how far its ways to outcome and treatment go together; 1 is the worst case.
    """

    cf_y: float
    cf_d: float
    rho: float = 1.0

    @property
    def factor(self) -> float:
        """|rho| sqrt(cf_y cf_d / (1 - cf_d)), by which sqrt(sigma2 nu2) is multiplied."""
        return float(abs(self.rho) * (self.cf_y * self.cf_d / (1 - self.cf_d)) ** 0.5)


@dataclass(frozen=True, slots=True)
class Short:
    """What one split of the sample says, nothing of it by row.

    Attributes:
        theta, sigma2, nu2: estimate, remaining variance of the outcome, second moment of the representer.
        covariance: (3, 3) of the three.
    """

    theta: float
    sigma2: float
    nu2: float
    covariance: tuple[tuple[float, ...], ...]

    @property
    def most(self) -> float:
        """sqrt(sigma2 nu2): the bias per unit of :attr:`Strength.factor`."""
        return float((self.sigma2 * self.nu2) ** 0.5)

    def variance(self, factor: float) -> float:
        """Variance of theta + factor sqrt(sigma2 nu2), of either sign of ``factor``."""
        gradient = (1.0, 0.5 * factor * self.nu2 / self.most, 0.5 * factor * self.sigma2 / self.most)
        return sum(
            a * b * c
            for a, row in zip(gradient, self.covariance, strict=True)
            for b, c in zip(gradient, row, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Bounds:
    """The interval the effect is in, and one-sided confidence limits of its two ends."""

    low: float
    high: float
    limit_low: float
    limit_high: float


def elements(s: Sample, f: Split, score: Score, estimand: str, *, trim: float) -> tuple[float, float, Floats]:
    """sigma2, nu2 and the (n, 2) influences of each row on them, from the nuisances of one split.

    nu2 of the interactive scores is 2 E m(alpha) - E alpha^2, which errors of the propensity hardly reach; where that is not positive,
    E alpha^2. The influence of the share treated on the ATT's nu2 is part of it (DoubleML takes the share as known).
    """
    import numpy as np

    w, d = s.w, s.d
    total = float(w.sum())

    def mean(values: Floats) -> float:
        return float(w @ values) / total

    if score == "plr":
        v = d - f.m
        rest = (s.y - f.outcome - f.value * v) ** 2
        nu2 = 1 / mean(v**2)
        on_nu2 = nu2 - v**2 * nu2**2
    else:
        att = estimand == "att"
        e = np.minimum(f.m, 1 - trim) if att else np.clip(f.m, trim, 1 - trim)
        rest = (s.y - f.outcome) ** 2 * ((1 - d) if att else 1.0)
        share = mean(d) if att else 1.0
        alpha = (d - (1 - d) * e / (1 - e)) / share if att else d / e - (1 - d) / (1 - e)
        moment = d / (1 - e) / share**2 if att else 1 / e + 1 / (1 - e)
        each = 2 * moment - alpha**2
        if not mean(each) > 0:
            each = alpha**2
        nu2 = mean(each)
        on_nu2 = each - nu2 - (2 * nu2 * (d - share) / share if att else 0.0)
    sigma2 = mean(rest)
    return sigma2, nu2, np.column_stack([w * (rest - sigma2), w * on_nu2]) / total


def at(splits: Sequence[Short], factor: float, *, level: float, df: float) -> Bounds:
    """Bounds under a :attr:`Strength.factor`: medians over ``splits``, whose noise is in the limits.

    Args:
        level: of each one-sided limit; df: of the t distribution behind it, infinite for the normal.
    """
    from scipy import stats

    t = float(stats.t.isf(1 - level, df))
    (low, low_error), (high, high_error) = (_end(splits, sign * factor) for sign in (-1, 1))
    return Bounds(low, high, low - t * low_error, high + t * high_error)


def _end(splits: Sequence[Short], factor: float) -> tuple[float, float]:
    import numpy as np

    from causal_eval.inference.orthogonal import median_of

    values = np.array([s.theta + factor * s.most for s in splits])
    value, variance = median_of(values, np.array([s.variance(factor) for s in splits]))
    return value, max(variance, 0.0) ** 0.5


def robustness_values(splits: Sequence[Short], *, rho: float, level: float, df: float) -> tuple[float, float]:
    """cf_y = cf_d that bring the nearer bound to zero, and its confidence limit: (RV, RVa), :data:`MOST` where nothing does."""
    from causal_eval.inference.robustness_value import value

    above = _end(splits, 0.0)[0] >= 0

    def left(factor: float, limit: bool) -> float:
        b = at(splits, factor, level=level, df=df)
        if above:
            return b.limit_low if limit else b.low
        return -(b.limit_high if limit else b.high)

    most = Strength(MOST, MOST).factor
    found = []
    for limit in (False, True):
        factor = _first_zero(lambda f, limit=limit: left(f, limit), most)  # type: ignore[misc]
        # cf / sqrt(1 - cf) = factor / |rho| is solved by Cinelli & Hazlett's robustness value.
        found.append(min(value(factor / abs(rho)), MOST) if rho else (MOST if factor > 0 else 0.0))
    return found[0], found[1]


def _first_zero(of: Callable[[float], float], most: float) -> float:
    """Where ``of`` first reaches zero from above on [0, most]; 0 where it starts there, ``most`` where it never does."""
    import numpy as np
    from scipy.optimize import brentq

    if of(0.0) <= 0:
        return 0.0
    before = 0.0
    for here in np.geomspace(1e-4, most, 120):
        if of(float(here)) <= 0:
            return float(brentq(of, before, float(here), xtol=1e-14, rtol=1e-14))
        before = float(here)
    return most


def adjusted(splits: Sequence[Short], factor: float) -> float:
    """What is left of the estimate, moved against its sign."""
    here = _end(splits, 0.0)[0]
    return _end(splits, -factor if here >= 0 else factor)[0]


@dataclass(frozen=True, slots=True)
class Gain:
    """What a measured covariate adds: how strong it is in the terms of :class:`Strength`, and what leaving it out moves."""

    cf_y: float
    cf_d: float
    rho: float
    shift: float


def gain(full: Sequence[Short], without: Sequence[Short]) -> Gain:
    """Of estimates with and without a covariate on the same splits (section 4.2 of the paper, as DoubleML computes it).

    cf_y and cf_d are shares of what remains *with* the covariate; ``shift`` is the estimate without less that with.
    """
    import numpy as np

    rows = []
    for a, b in zip(full, without, strict=True):
        on_y, on_d = b.sigma2 - a.sigma2, a.nu2 - b.nu2
        shift = b.theta - a.theta
        size = (on_y * on_d) ** 0.5 if on_y > 0 and on_d > 0 else 0.0
        rho = float(np.sign(shift)) * (min(abs(shift) / size, 1.0) if size > 0 else 1.0)
        rows.append((min(max(on_y / a.sigma2, 0.0), 1.0), min(max(on_d / b.nu2, 0.0), 1.0), rho, shift))
    return Gain(*(float(v) for v in np.median(np.array(rows), axis=0)))
