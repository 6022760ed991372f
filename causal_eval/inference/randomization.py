r"""Randomisation inference on who was treated, with its exact confidence interval.

Under the sharp null of a constant effect tau0 the outcomes without treatment are y - tau0 D. Any linear estimator
(difference-in-differences, a regression coefficient) then takes, under another assignment b, the value
T_b - tau0 a_b, where T_b is its value on y and a_b on D itself; the real assignment gives T - tau0. The p-value of
tau0 is the share of assignments with |T_b - tau0 a_b| >= |T - tau0| (Fisher 1935; Rosenbaum 2002, ch. 2). For
|a_b| < 1 the tau0 that b "survives" form an interval around T with ends (T - T_b)/(1 - a_b) and (T + T_b)/(1 + a_b),
so the p-value falls away from T on both sides and the confidence interval needs no search: its ends are order
statistics of those ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Randomization:
    """Result of a randomisation test.

    Attributes:
        p_value: two-sided, the real assignment included in the count.
        low, high: the interval at the level asked for; None where it is unbounded.
        smallest_p: the smallest p-value these assignments can give.
        n_assignments: assignments compared, the real one included.
        exact: all assignments were enumerated.
        mc_error: Monte Carlo standard error of the p-value; 0 when exact.
    """

    p_value: float
    low: float | None
    high: float | None
    smallest_p: float
    n_assignments: int
    exact: bool
    mc_error: float


@dataclass(frozen=True, slots=True)
class Assignments:
    """Which of n items are treated, one row an assignment; the real one is not among them.

    ``treated`` is (B, n). ``exact`` says that with the real one they are all there are.
    """

    treated: Bools
    exact: bool


def assignments(treated: Bools, rng: np.random.Generator, *, at_most: int = 4999) -> Assignments:
    """Every other choice of as many treated among n, or ``at_most`` random ones if there are more."""
    from itertools import combinations

    import numpy as np

    n, k = len(treated), int(treated.sum())
    if comb(n, k) - 1 <= at_most:
        rows = []
        for chosen in combinations(range(n), k):
            row = np.zeros(n, dtype=bool)
            row[list(chosen)] = True
            if not np.array_equal(row, treated):
                rows.append(row)
        return Assignments(np.array(rows, dtype=bool).reshape(-1, n), True)
    drawn = np.zeros((at_most, n), dtype=bool)
    for b in range(at_most):
        drawn[b, rng.choice(n, size=k, replace=False)] = True
    return Assignments(drawn, False)


def randomization_test(observed: float, others: Floats, overlap: Floats, *, level: float, exact: bool) -> Randomization:
    """Two-sided test of no effect, and the interval of constant effects it does not reject.

    Args:
        observed: T, the estimate under the real assignment.
        others: (B,) T_b, the estimate under each other assignment.
        overlap: (B,) a_b, what the estimator under b gives on the real treatment indicator; below 1 in size.
        level: of the interval.
        exact: whether the B + 1 assignments are all there are.
    """
    import numpy as np

    tolerance = 1e-9 * max(abs(observed), float(np.max(np.abs(others), initial=0.0)), 1e-300)
    n = len(others) + 1
    p = (1 + int((np.abs(others) >= abs(observed) - tolerance).sum())) / n
    # The mirror image of the real assignment (a = -1) survives every tau0.
    forever = np.abs(overlap) > 1 - 1e-9
    a = np.where(forever, 0.0, overlap)
    one, two = (observed - others) / (1 - a), (observed + others) / (1 + a)
    low_ends = np.sort(np.where(forever, -np.inf, np.minimum(one, two)))
    high_ends = np.sort(np.where(forever, np.inf, np.maximum(one, two)))[::-1]
    # tau0 is kept while more than alpha * n assignments survive it; the real one always does.
    last = int(np.floor((1 - level) * n + 1e-9)) - 1
    low, high = None, None
    if 0 <= last < len(others) and np.isfinite(low_ends[last]) and np.isfinite(high_ends[last]):
        low, high = float(low_ends[last]), float(high_ends[last])
    mc = 0.0 if exact else float(np.sqrt(p * (1 - p) / n))
    return Randomization(p, low, high, (1 + int(forever.sum())) / n, n, exact, mc)
