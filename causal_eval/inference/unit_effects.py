r"""Group-time effects from unit arrays: what cohort means cannot give.

Needed where the two periods of a cell decide which units count (pairwise imbalance), where weights change in a unit, and
with covariates. For each cell the units seen in both its periods are compared by
:func:`causal_eval.inference.two_by_two.panel`, with weights and covariates of the earlier of its two periods; with
``cross_section`` every row of the two periods counts, whether or not its unit is seen in the other
(:func:`causal_eval.inference.two_by_two.cross_sections`). Influence functions add up by unit, then by cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.rollout import Cell
    from causal_eval.inference.two_by_two import Adjustment

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class UnitEffects:
    """Effects of the cells that could be estimated.

    Attributes:
        kept: (K,) positions of those cells.
        att: (K,).
        psi: (G, K) cluster sums of their influence functions.
        lost: (position, reason) of the others.
    """

    kept: Ints
    att: Floats
    psi: Floats
    lost: tuple[tuple[int, str], ...]


def unit_effects(
    y: Floats,
    w: Floats | None,
    x: Floats | None,
    cohort: Ints,
    cluster: Ints,
    cells: tuple[Cell, ...],
    how: Adjustment,
    *,
    pairwise: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> UnitEffects:
    """Group-time effects of (n, T) outcomes ``y`` (NaN where missing) with weights ``w`` and covariates ``x`` (n, T, P)."""
    import numpy as np

    from causal_eval.inference.two_by_two import NoOverlap, cross_sections, panel

    seen = np.isfinite(y)
    G = int(cluster.max()) + 1
    psi = np.zeros((G, len(cells)))
    att, kept, lost = [], [], []
    for k, cell in enumerate(cells):
        treated = cohort == cell.cohort
        who = treated | np.isin(cohort, cell.controls)
        early = min(cell.base, cell.period)
        t, b = cell.period, cell.base
        try:
            if pairwise:
                rows = np.flatnonzero(who & seen[:, t] & seen[:, b])
                if not treated[rows].any() or treated[rows].all():
                    raise NoOverlap("no unit of one group is seen in both periods")
                ww = np.ones(len(rows)) if w is None else w[rows, early]
                value, part = panel(
                    y[rows, t] - y[rows, b], treated[rows].astype(float), ww, _design(x, rows, early), how
                )
            else:
                after, before = np.flatnonzero(who & seen[:, t]), np.flatnonzero(who & seen[:, b])
                rows = np.concatenate([after, before])
                post = np.repeat([1.0, 0.0], [len(after), len(before)])
                ww = np.ones(len(rows)) if w is None else np.concatenate([w[after, t], w[before, b]])
                xx = np.vstack([_design(x, after, t), _design(x, before, b)])
                yy = np.concatenate([y[after, t], y[before, b]])
                value, part = cross_sections(yy, post, treated[rows].astype(float), ww, xx, how)
        except NoOverlap as e:
            lost.append((k, str(e)))
            continue
        kept.append(k)
        att.append(value)
        np.add.at(psi[:, k], cluster[rows], part)
        if progress is not None:
            progress(k + 1, len(cells))
    at = np.array(kept, dtype=np.int64)
    return UnitEffects(at, np.array(att), psi[:, at], tuple(lost))


def row_effects(
    y: Floats, w: Floats, x: Floats, cohort: Ints, period: Ints, cluster: Ints, cells: tuple[Cell, ...], how: Adjustment
) -> UnitEffects:
    """The same from rows that are not followed over time: all (N,), ``x`` (N, P) without a constant."""
    import numpy as np

    from causal_eval.inference.two_by_two import NoOverlap, cross_sections

    G = int(cluster.max()) + 1
    psi = np.zeros((G, len(cells)))
    att, kept, lost = [], [], []
    for k, cell in enumerate(cells):
        who = (cohort == cell.cohort) | np.isin(cohort, cell.controls)
        rows = np.flatnonzero(who & ((period == cell.period) | (period == cell.base)))
        xx = np.column_stack([np.ones(len(rows)), x[rows]])
        try:
            value, part = cross_sections(
                y[rows],
                (period[rows] == cell.period).astype(float),
                (cohort[rows] == cell.cohort).astype(float),
                w[rows],
                xx,
                how,
            )
        except NoOverlap as e:
            lost.append((k, str(e)))
            continue
        kept.append(k)
        att.append(value)
        np.add.at(psi[:, k], cluster[rows], part)
    at = np.array(kept, dtype=np.int64)
    return UnitEffects(at, np.array(att), psi[:, at], tuple(lost))


def _design(x: Floats | None, rows: Ints, t: int) -> Floats:
    import numpy as np

    one = np.ones((len(rows), 1))
    return one if x is None else np.hstack([one, x[rows, t]])
