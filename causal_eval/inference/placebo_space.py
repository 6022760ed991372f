r"""Placebos in space: the estimate as if each donor had been treated, ranked exactly (Abadie, Diamond & Hainmueller 2010, 2015).

Donor j takes the treated path's place, with the same periods and the other donors; the treated units never are donors. With
r = rms of the gaps after / rms of the gaps before, the p-value is the rank of the treated path's r among all J + 1
(Abadie et al. 2015, section 3.5): every assignment is enumerated, so nothing is drawn and the smallest value is 1 / (J + 1).

**Interval by the same test** (Firpo & Possebom 2018, eq. 12): the constant effects tau that it does not reject. Under tau the
treated gaps after are g_t - tau, so r(tau)^2 = ((mean g - tau)^2 + var g) / s^2 with s the rms before. It is not rejected
while r(tau) is at most c, the ranked placebo ratio at which the p-value first exceeds alpha: tau is in
mean g -+ sqrt(c^2 s^2 - var g). The set is empty where the effect varies so much that no constant one fits, and the whole line
where 1 / (J + 1) >= alpha, however large the effect: then there is no interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, sqrt
from typing import TYPE_CHECKING

from causal_eval.inference.effects import Tested

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.counterfactual import Fits, Method

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

SAME = 1e-9
"""Ratios this close count as equal, so that a tie made by rounding is a tie."""


@dataclass(frozen=True, slots=True, eq=False)
class CohortGaps:
    """Gaps of the treated path and of every donor in its place, for one cohort.

    Attributes:
        gaps: (J + 1, T) observed - counterfactual, the treated path first.
        pre, post: (T,) periods matched on, and of the headline.
        size: treated units.
    """

    gaps: Floats
    pre: Bools
    post: Bools
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class PlaceboTest:
    """The placebo distribution: the treated path first, then the J donors.

    Attributes:
        before, after: (J + 1,) rms of the gaps; ratio: after / before, inf where the fit before is perfect.
        effect: (J + 1,) average gap after.
        spread: variance of the treated path's gaps after, around their mean.
        p_value: of the ratio; rank: of the treated path's ratio, 1 the largest.
    """

    before: Floats
    after: Floats
    ratio: Floats
    effect: Floats
    spread: float
    p_value: float
    rank: int

    @property
    def n(self) -> int:
        """Assignments compared, the real one included."""
        return len(self.ratio)

    @property
    def smallest_p(self) -> float:
        """The smallest p-value these assignments can give."""
        return 1 / self.n

    @property
    def std_error(self) -> float | None:
        """Standard deviation of the donors' average gaps, their mean taken out; None with one donor."""
        return float(self.effect[1:].std(ddof=1)) if self.n > 2 else None

    def tested(self, level: float) -> Tested:
        """p-value of no effect in any period, and the constant effects it does not reject."""
        c = _critical(self.ratio, level)
        if c is None:
            return Tested(self.p_value, None, None, _too_few(self.n, level))
        if c == float("inf"):
            return Tested(
                self.p_value, None, None, "no interval: some donors are matched without error before the launch"
            )
        room = (c * float(self.before[0])) ** 2 - self.spread
        if room < 0:
            return Tested(
                self.p_value,
                None,
                None,
                "no constant effect fits: the gaps after the launch differ too much from each other",
            )
        half = sqrt(room)
        return Tested(self.p_value, float(self.effect[0]) - half, float(self.effect[0]) + half)


def placebo_fits(Y: Floats, method: Method, pre: Bools, post: Bools, *, most: int | None = None) -> Fits:
    """The treated path, column 0 of (T, J + 1) outcomes, and each donor in its place, among the other donors.

    Args:
        most: how many donors, the first ones, take the place; None for all.
    """
    import numpy as np

    n = Y.shape[1]
    donors = np.arange(1, n)
    stand_in = donors if most is None else donors[:most]
    pools = [donors] + [donors[donors != j] for j in stand_in] if n > 2 else [donors]
    return method.fit(Y, list(range(len(pools))), pools, pre, post)


def placebo_test(cohorts: Sequence[CohortGaps]) -> PlaceboTest:
    """The test over all cohorts: donor j takes every cohort's place at once, gaps weigh as many treated units as theirs."""
    import numpy as np

    def mean(of: int, squared: bool) -> Floats:
        total, count = 0.0, 0.0
        for c in cohorts:
            g = c.gaps[:, c.post if of else c.pre]
            total = total + c.size * (g**2 if squared else g).sum(axis=1)
            count += c.size * g.shape[1]
        return np.asarray(total) / count

    before, after, effect = np.sqrt(mean(0, True)), np.sqrt(mean(1, True)), mean(1, False)
    tiny = SAME * max(float(after.max()), float(before.max()))
    ratio = np.where(before > tiny, after / np.where(before > tiny, before, 1.0), np.where(after > tiny, np.inf, 0.0))
    rank = int((ratio >= ratio[0] * (1 - SAME)).sum())
    spread = max(0.0, float(after[0] ** 2 - effect[0] ** 2))
    return PlaceboTest(before, after, ratio, effect, spread, rank / len(ratio), rank)


def studentised(values: Floats, before: Floats, level: float) -> Tested:
    """Test of one period's (or average) gap by |gap| / rms before among the assignments, and the gaps it does not reject.

    Args:
        values: (J + 1,) gaps, the treated path's first; before: (J + 1,) rms of the gaps before.
    """
    import numpy as np

    tiny = SAME * max(float(np.abs(values).max()), float(before.max()))
    ratio = np.where(before > tiny, np.abs(values) / np.where(before > tiny, before, 1.0), np.inf)
    p = float((ratio >= ratio[0] * (1 - SAME)).mean())
    c = _critical(ratio, level)
    if c is None or not np.isfinite(c):
        return Tested(
            p,
            None,
            None,
            _too_few(len(ratio), level)
            if c is None
            else "no interval: some donors are matched without error before the launch",
        )
    half = c * float(before[0])
    return Tested(p, float(values[0]) - half, float(values[0]) + half)


def _critical(ratio: Floats, level: float) -> float | None:
    """The largest ratio of the treated path at which its p-value still is above 1 - level; None where every one is."""
    import numpy as np

    n = len(ratio)
    least = floor((1 - level) * n + 1e-12)  # ranks 1..least are rejected
    if least < 1:
        return None
    return float(np.sort(ratio[1:])[::-1][least - 1]) if least <= n - 1 else 0.0


def _too_few(n: int, level: float) -> str:
    return f"no {level:.0%} interval: with {n} assignments the smallest p-value is {1 / n:.3f}"
