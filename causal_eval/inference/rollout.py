r"""Group-time effects of a staggered rollout from cohort means (Callaway & Sant'Anna 2021, eq. 2.8 and 2.9).

    ATT(g, t) = (m_gt - m_gb) - (m_Ct - m_Cb)

with b the base period and C the control cohorts: never treated, or not treated by max(t, b) plus the anticipation. The mean
of several control cohorts weighs each by its cell weight. Under a *universal* base b is the last period before
the adoption (less the anticipation) for every t; under a *varying* one pre-periods are compared with the period before them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.cohort_means import CohortMeans, Maps

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

ControlGroup = Literal["never_treated", "not_yet_treated"]
BasePeriod = Literal["universal", "varying"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One group-time effect: positions of its cohort, period and base, and of the control cohorts."""

    cohort: int
    period: int
    base: int
    controls: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which cells are estimated.

    Attributes:
        cells: those that can be.
        reference: (cohort, period) of the cells that are zero by construction.
        lost: (cohort, period, reason) of those that cannot be estimated.
    """

    cells: tuple[Cell, ...]
    reference: tuple[tuple[int, int], ...]
    lost: tuple[tuple[int, int, str], ...]


def plan_cells(
    event: Floats, seen: Bools, keep: Bools, *, control: ControlGroup, base: BasePeriod, anticipation: int
) -> Plan:
    """The cells of a rollout.

    Args:
        event: (C, T) periods since each cohort's adoption, -inf for the never treated.
        seen: (C, T) whether the cohort has an outcome.
        keep: (C, T) whether the period lies in the declared windows.
    """
    import numpy as np

    C, T = event.shape
    treated = [c for c in range(C) if np.isfinite(event[c, 0])]
    cells: list[Cell] = []
    reference: list[tuple[int, int]] = []
    lost: list[tuple[int, int, str]] = []
    for g in treated:
        before = np.flatnonzero((event[g] < -anticipation) & keep[g])
        if not before.size:
            lost += [(g, t, "no period before the adoption") for t in range(T) if event[g, t] >= 0 and keep[g, t]]
            continue
        last = int(before[-1])
        for t in range(T):
            if not keep[g, t]:
                continue
            b = last
            if base == "universal" and t == b:
                reference.append((g, t))
                continue
            if base == "varying" and event[g, t] < 0:
                earlier = np.flatnonzero(keep[g, :t])
                if not earlier.size:
                    continue
                b = int(earlier[-1])
            late = max(t, b)
            if control == "never_treated":
                controls = [c for c in range(C) if event[c, 0] == -np.inf]
            else:
                controls = [c for c in range(C) if c != g and event[c, late] < -anticipation]
            controls = [c for c in controls if seen[c, t] or seen[c, b]]
            if not controls or not any(seen[c, t] for c in controls) or not any(seen[c, b] for c in controls):
                lost.append((g, t, "no control is left untreated"))
            elif not (seen[g, t] and seen[g, b]):
                lost.append((g, t, "the cohort has no outcome in the period or its base"))
            else:
                cells.append(Cell(g, t, b, tuple(controls)))
    return Plan(tuple(cells), tuple(reference), tuple(lost))


def group_time(means: CohortMeans, cells: tuple[Cell, ...]) -> tuple[Floats, Maps]:
    """(K,) group-time effects, and their derivatives."""
    import numpy as np

    from causal_eval.inference.cohort_means import Maps

    C, T = means.mean.shape
    K = len(cells)
    att = np.zeros(K)
    p, q = np.zeros((C, K, T)), np.zeros((C, K, T))
    m, w = np.nan_to_num(means.mean), means.weight
    for k, cell in enumerate(cells):
        controls = list(cell.controls)
        for t, sign in ((cell.period, 1.0), (cell.base, -1.0)):
            share = w[controls, t] / w[controls, t].sum()
            pool = float(share @ m[controls, t])
            att[k] += sign * (m[cell.cohort, t] - pool)
            p[cell.cohort, k, t] += sign
            p[controls, k, t] -= sign * share
            q[controls, k, t] -= sign * share * (m[controls, t] - pool)
    return att, Maps(p, q, np.zeros((C, K)))
