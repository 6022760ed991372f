r"""Prediction intervals of a synthetic control (Cattaneo, Feng & Titiunik 2021; Cattaneo, Feng, Palomba & Titiunik 2025).

The counterfactual p'w + e misses the outcome without treatment for two reasons, each given half of 1 - level (their section 3):

- **In sample**: the weights are estimated. With u_t the residuals before the launch and Z (T0, J) the donors, draw
  v_t = sqrt(omega_t) z_t, z_t standard normal and omega_t = (u_t - mean u)^2 T0 / (T0 - d), d the donors with weight less one (HC1).
  The set { x : |Z x - (Z w + v)|^2 <= |v|^2 } holds the weights that fit the noisy path as well as w does (their eq. 3.5, written
  as a distance), over x that sum to one with x_j >= w_j where w_j < rho and x_j >= 0 elsewhere (their local geometry, rho of
  "type-2", at most 0.2). Each draw gives the smallest and largest p'(w - x); their quantiles are the bounds.
- **Out of sample**: the shocks e_t after the launch, taken to be sub-Gaussian: |e_t - mean| <= sigma sqrt(2 log(2 / alpha)).

Mean and variance of u and e are constant here (u_order = e_order = 0 in scpi): a regression on donors' levels is extrapolated far
out where outcomes trend. sigma is the standard deviation of the residuals, T0 - 1 - d in the denominator; scpi takes
exp(mean log e^2), which for a normal e is 0.53 of it. The average over the periods after is treated like
one period, as in scpi: sub-Gaussian with the same sigma whatever the dependence over time, so wide where shocks average out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import log, sqrt
from typing import TYPE_CHECKING, Any

from causal_eval.inference.effects import Tested

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

DRAWS = 1_000
"""Draws behind the bounds of the average."""
PERIOD_DRAWS, PERIOD_WORK = 200, 15_000
"""Draws behind the bounds of each period: at least, and over all periods at most about."""
SMALL = 1e-6
"""A weight from which a donor counts as used."""
LARGEST_RHO, SMALLEST_RHO = 0.2, 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Prediction intervals of one treated path.

    Attributes:
        gaps: (R,) observed - counterfactual of the average and of each period after.
        low, high: R arrays of draws, smallest and largest p'(w - x).
        mean, sigma: of the shocks after the launch.
        rho: weights below it may not fall in the simulated sets.
    """

    gaps: Floats
    low: tuple[Floats, ...]
    high: tuple[Floats, ...]
    mean: float
    sigma: float
    rho: float

    @property
    def smallest_p(self) -> float:
        """Where the draws end: below it a p-value would rest on the largest of them alone."""
        return 4 / len(self.low[0])

    def within(self, row: int, alpha: float) -> tuple[float, float]:
        """In-sample bounds of the counterfactual that miss with probability ``alpha``."""
        import numpy as np

        return (
            float(np.quantile(self.low[row], alpha / 2)),
            float(np.quantile(self.high[row], 1 - alpha / 2)),
        )

    def beyond(self, alpha: float) -> tuple[float, float]:
        """Out-of-sample bounds."""
        room = sqrt(2 * log(2 / alpha)) * self.sigma
        return self.mean - room, self.mean + room

    def interval(self, row: int, level: float) -> tuple[float, float]:
        """The interval of the effect: row 0 the average, then the periods."""
        share = (1 - level) / 2
        low, high = self.within(row, share)
        below, above = self.beyond(share)
        return float(self.gaps[row]) - high - above, float(self.gaps[row]) - low - below

    def monte_carlo(self, row: int, level: float) -> float:
        """Standard error of the interval's ends from the number of draws: the larger of both, by order statistics."""
        import numpy as np

        draws = len(self.low[row])
        q = (1 - level) / 4
        error = sqrt(q * (1 - q) / draws)
        around = np.clip([q - error, q + error], 0.0, 1.0)
        return (
            float(max(np.ptp(np.quantile(self.low[row], around)), np.ptp(np.quantile(self.high[row], 1 - around)))) / 2
        )

    def tested(self, row: int, level: float) -> Tested:
        """Interval, and the p-value at which it stops at zero: 1 - the largest level whose interval leaves zero out."""
        low, high = self.interval(row, level)

        def holds_zero(alpha: float) -> bool:
            a, b = self.interval(row, 1 - alpha)
            return a <= 0 <= b

        if holds_zero(1.0):
            return Tested(1.0, low, high)
        inside, outside = self.smallest_p, 1.0
        if not holds_zero(inside):
            return Tested(inside, low, high)
        for _ in range(50):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if holds_zero(middle) else (inside, middle)
        return Tested(outside, low, high)


def prediction(
    Y: Floats, weights: Floats, pre: Bools, post: Bools, rng: np.random.Generator, *, intercept: bool = False
) -> Prediction:
    """The intervals for the treated path, column 0 of (T, J + 1) outcomes.

    Args:
        weights: (J,) of the donors, at least zero, summing to one; intercept: whether a level was fitted too.

    Raises:
        ValueError: the fit before the launch leaves no residuals to learn from.
    """
    import numpy as np

    Z, P = Y[pre][:, 1:], Y[post][:, 1:]
    level = Z.mean(axis=0) if intercept else np.zeros(Z.shape[1])
    own = float(Y[pre, 0].mean()) if intercept else 0.0
    Z, P = Z - level, P - level
    fitted = Z @ weights
    u = Y[pre, 0] - own - fitted
    T0 = len(u)
    used = int((weights >= SMALL).sum())
    d = min(used - 1 + intercept, T0 - 2)
    spread = float(Y[pre, 0].std())
    if T0 < 4 or sqrt(float((u**2).mean())) <= 1e-4 * spread:
        raise ValueError("prediction intervals need residuals before the launch, and the fit there leaves none")
    omega = (u - u.mean()) ** 2 * T0 / (T0 - d)
    rho = _rho(u, Y[pre][:, 1:], used + intercept, Z.shape[1] + intercept)
    sigma = sqrt(float(((u - u.mean()) ** 2).sum()) / max(T0 - 1 - d, 1))
    gaps = Y[post, 0] - own - P @ weights
    n_post = len(gaps)
    many = max(PERIOD_DRAWS, min(DRAWS, PERIOD_WORK // n_post))
    noise = np.sqrt(omega) * rng.standard_normal((DRAWS, T0))
    floor = np.where(weights < rho, weights, 0.0)
    low, high = _reach(Z, fitted, weights, floor, noise, P.mean(axis=0)[None], intercept)
    each_low, each_high = _reach(Z, fitted, weights, floor, noise[:many], P, intercept)
    return Prediction(
        np.append(gaps.mean(), gaps),
        (low[:, 0], *each_low.T),
        (high[:, 0], *each_high.T),
        float(u.mean()),
        sigma,
        rho,
    )


def _reach(
    Z: Floats, fitted: Floats, weights: Floats, floor: Floats, noise: Floats, rows: Floats, free: bool
) -> tuple[Floats, Floats]:
    """(S, R) smallest and largest rows'(w - x) over the weights x that fit as well, level included where it is free."""
    import numpy as np

    J = Z.shape[1]
    scale = 1 - float(floor.sum())
    if scale <= 1e-9:
        # No weight may move; a free level s keeps sum (s - v_t)^2 <= sum v_t^2, so it lies between 0 and twice the mean of v.
        twice = 2 * noise.mean(axis=1, keepdims=True) * np.ones((1, len(rows))) * free
        return -np.maximum(twice, 0.0), -np.minimum(twice, 0.0)
    run = _compiled()
    # Every weight vector sums to one, so a path may be taken from all columns: the mean over donors.
    common = Z.mean(axis=1)
    columns = Z - common[:, None]
    base = (fitted - Z @ floor) / scale - common
    G = np.zeros((J + 1, J + 1))
    G[:J, :J] = columns.T @ columns
    centre = rows.mean(axis=1)
    across = rows - centre[:, None]
    low, high = np.zeros((len(noise), len(rows))), np.zeros((len(noise), len(rows)))
    run(G, np.ascontiguousarray(columns), base, scale, noise, np.ascontiguousarray(across), free, low, high)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise ArithmeticError("the search for the ends of the prediction interval did not end")
    at = across @ (weights - floor)
    # low and high are of rows'y + level / scale, x = floor + scale y: turn them into rows'(w - x).
    return at - scale * high, at - scale * low


def _rho(u: Floats, Z: Floats, used: int, parameters: int) -> float:
    """The threshold of their section 4.2 ("type-2" in scpi, with its ends)."""

    T0 = len(u)
    sigma = float(u.std())
    sd = Z.std(axis=0, ddof=1)
    sd = sd[sd > 0]
    if not sd.size:
        return LARGEST_RHO
    rate = sqrt(log(parameters) * used * log(T0)) / sqrt(T0)
    second = min(sigma * float(sd.max()) / float((sd**2).min()) * rate, LARGEST_RHO)
    if second >= SMALLEST_RHO:
        return second
    first = min(sigma / float(sd.min()) * rate, LARGEST_RHO)
    rho = max(first, second)
    return LARGEST_RHO if rho < 0.05 else rho


@cache
def _compiled() -> Any:
    from causal_eval.inference._prediction_loops import reach

    return reach
