r"""What a two-way coefficient of a staggered treatment compares with what (Goodman-Bacon 2021).

On a balanced panel whose units count the same, the coefficient of a treatment that is never taken back is a weighted
mean of 2x2 differences in differences between pairs of cohorts (theorem 1, eq. 10). With n_k the size of cohort k and
D_k the share of the periods it is treated in, the weights are proportional to

    n_k n_U D_k (1 - D_k)            cohort k against the never treated, all periods
    n_k n_l (D_k - D_l) (1 - D_k)    k against l, which adopts later, in the periods before l adopts
    n_k n_l D_l (D_k - D_l)          l against k, which is treated already, in the periods after k adopted

A cohort that is treated all along has D = 1 and can only be a control. Controls that are treated already move with their
own effect, so where effects grow with time those comparisons are off by that growth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

Kind = Literal["treated_vs_never", "earlier_vs_later", "later_vs_earlier", "later_vs_always"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One 2x2 comparison.

    Attributes:
        kind: what is compared; in the last two kinds the controls are treated already.
        treated, control: positions of the cohorts.
        weight: share of the coefficient; all shares sum to 1.
        estimate: difference in differences of the two cohorts' mean outcomes.
    """

    kind: Kind
    treated: int
    control: int
    weight: float
    estimate: float


def bacon(size: Floats, mean: Floats, start: Floats) -> tuple[Comparison, ...]:
    """Every 2x2 comparison with a weight, by treated cohort and then by control cohort.

    Args:
        size: (C,) units of each cohort.
        mean: (C, T) its mean outcome in each period.
        start: (C,) position of the first treated period, 0 for treated all along; T or more, or inf, for never.

    Raises:
        ValueError: no cohort changes its treatment against another, or two cohorts start together.
    """
    import numpy as np

    T = mean.shape[1]
    first = np.minimum(start, T).astype(np.int64)
    if len(np.unique(first)) < len(first):
        raise ValueError("two cohorts start in the same period")
    found: list[tuple[Kind, int, int, float, float]] = []
    for k in range(len(first)):
        for c in range(len(first)):
            pair = _compare(first, k, c, T)
            if pair is None:
                continue
            kind, begin, end, share = pair
            change = mean[[k, c], first[k] : end].mean(axis=1) - mean[[k, c], begin : first[k]].mean(axis=1)
            found.append((kind, k, c, float(size[k] * size[c] * share), float(change[0] - change[1])))
    total = sum(f[3] for f in found)
    if not total > 0:
        raise ValueError("the treatment starts in no cohort, or in all of them at once")
    return tuple(Comparison(kind, k, c, raw / total, value) for kind, k, c, raw, value in found)


def _compare(first: Ints, k: int, c: int, T: int) -> tuple[Kind, int, int, float] | None:
    """How ``k`` is compared with the control ``c``: kind, first period, end, weight without sizes. None if it is not."""
    a, b = int(first[k]), int(first[c])
    if not 0 < a < T or k == c:
        return None
    mine, theirs = 1 - a / T, 1 - b / T
    if b >= T:
        return "treated_vs_never", 0, T, mine * (1 - mine)
    if b > a:
        return "earlier_vs_later", 0, b, (mine - theirs) * (1 - mine)
    return "later_vs_always" if b <= 0 else "later_vs_earlier", b, T, mine * (theirs - mine)


def by_kind(parts: tuple[Comparison, ...]) -> dict[Kind, tuple[float, float]]:
    """(weight, average estimate) of each kind that is there."""
    out: dict[Kind, tuple[float, float]] = {}
    for kind in dict.fromkeys(p.kind for p in parts):
        mine = [p for p in parts if p.kind == kind]
        weight = sum(p.weight for p in mine)
        out[kind] = (weight, sum(p.weight * p.estimate for p in mine) / weight)
    return out
