"""Conformal inference on a counterfactual: cyclic shifts of residuals in time (Chernozhukov, Wuthrich & Zhu 2021).

Under the effect path theta the outcomes without treatment are y - theta after the launch, known in every period. The method is
fitted to all of them (their section 2.2), and S(u) = sum |u_t| over the periods after is compared with its value under all
T cyclic shifts of the residuals (moving block permutations, eq. 3): exact under exchangeable shocks, approximately valid under
stationary, weakly dependent ones. The interval holds the constant effects around the estimate that are not rejected, up to the
first rejected one on each side; as the fit moves with theta, effects further out may not be rejected again. Where gaps vary
more after the launch than before, every constant effect can be rejected, the estimate too: there is no interval then, and
one that is barely left is short because constant effects fit badly, not because much is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.inference.effects import Tested

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.counterfactual import Method

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

POOR = 0.1
"""A constant effect of the estimate's size that is this close to being rejected does not fit the gaps."""

STEPS, FAR = 4, 30
"""Effects looked at a length of the search, and the lengths searched on each side of the estimate."""


@dataclass(frozen=True, slots=True, eq=False)
class Conformal:
    """A conformal test of constant effects on one treated path.

    Attributes:
        p_of: the p-value of a constant effect. n: cyclic shifts, the identity included.
    """

    p_of: Callable[[float], float]
    n: int

    @property
    def smallest_p(self) -> float:
        """The smallest p-value these shifts can give."""
        return 1 / self.n

    def misfit(self, value: float) -> str:
        """What to say where a constant effect of the estimate's size is itself all but rejected; else empty."""
        p = self.p_of(value)
        if p > POOR:
            return ""
        return (
            f"Gaps vary more after the launch than before: a constant effect of the estimate's size is itself all but rejected "
            f'(p = {p:.3f}), so the interval is shorter than what is known. Rank among units (inference = "placebo") beside it.'
        )

    def tested(self, value: float, scale: float, level: float) -> Tested:
        """p-value of no effect, and the effects around ``value`` that are not rejected.

        Args:
            scale: a length to search by, such as the rms of the gaps before.
        """
        p = self.p_of(0.0)
        alpha = round(1 - level, 12)
        if self.smallest_p > alpha:
            return Tested(
                p,
                None,
                None,
                f"no {level:.0%} interval: with {self.n} periods the smallest p-value is {1 / self.n:.3f}",
            )
        if self.p_of(value) <= alpha:
            return Tested(p, None, None, f"no {level:.0%} interval: every constant effect near the estimate is rejected too, as "
                                         "the gaps vary more after the launch than before")  # fmt: skip
        low, high = (_end(self.p_of, value, sign * max(scale, 1e-12), alpha) for sign in (-1, 1))
        if low is None or high is None:
            return Tested(p, None, None, "no bounded interval: very large constant effects are not rejected either")
        if p > alpha:
            low, high = min(low, 0.0), max(high, 0.0)
        return Tested(p, low, high)


def conformal(Y: Floats, method: Method, pre: Bools, post: Bools) -> Conformal:
    """The test for the treated path, column 0 of (T, J + 1) outcomes."""
    import numpy as np

    used = pre | post
    rows, after = Y[used], post[used]
    pool = np.arange(1, Y.shape[1])
    everything = np.ones(len(rows), dtype=bool)

    def p_of(tau: float) -> float:
        under = rows.copy()
        under[after, 0] -= tau
        fit = method.fit(under, [0], [pool], everything, after)
        u = np.abs(under[:, 0] - fit.paths[0])
        at = np.flatnonzero(after)
        T = len(u)
        shifted = np.array([u[(at + s) % T].sum() for s in range(T)])
        return float((shifted >= shifted[0] * (1 - 1e-9)).mean())

    return Conformal(p_of, len(rows))


def _end(p_of: Callable[[float], float], value: float, step: float, alpha: float) -> float | None:
    """The first end of the effects that are not rejected, from ``value`` in the direction of ``step``; None if there is none.

    A rejected zero on the way is an end: the interval then agrees with the p-value.
    """
    stops = [value + step * i / STEPS for i in range(1, FAR * STEPS + 1)]
    if min(value, stops[-1]) < 0 < max(value, stops[-1]):
        stops = sorted([*stops, 0.0], key=lambda tau: abs(tau - value))
    inside = value
    for tau in stops:
        if p_of(tau) <= alpha:
            outside = tau
            break
        inside = tau
    else:
        return None
    for _ in range(30):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if p_of(middle) > alpha else (inside, middle)
    return inside
