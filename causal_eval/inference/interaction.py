r"""Cohort-by-event-time effects of a saturated two-way regression, without a dummy (Sun & Abraham 2021, eq. 23-26).

Unit effects, period effects and indicators for every (treated cohort, event time) but the base saturate each treated cohort's
periods, so the regression falls into one two-way regression a cohort: with lambda_c the period effects of cohort c
alone (:mod:`causal_eval.inference.within`) and 0 the never-treated cohort,

    delta_ct = (lambda_ct - lambda_cb) - (lambda_0t - lambda_0b)

and unit i of cohort c moves lambda_c by M_c^- (w_it e_it)_t, e its residual in the whole regression. Covariates with common
coefficients are partialled out first: beta from the residuals of y on those of x, and delta(y) - delta(x) beta.

Where every unit of a cohort is seen in the same periods with one weight and there are no covariates, lambda_ct - lambda_cb =
m_ct - m_cb and M_c^- (w_it e_it) gives u_it - u_ib: delta is a group-time effect with the one control cohort, and its covariance
that of :func:`causal_eval.inference.rollout.group_time`. No unit's scores are needed then; only :func:`cells_of` is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.inference.regression import NotIdentified

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.rollout import Cell

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Interacted:
    """K effects, their cells, unit scores (n, D), coefficients (C, K, D) and the lost cells."""

    cells: tuple[Cell, ...]
    att: Floats
    scores: Floats
    h: Floats
    n_params: int
    lost: tuple[tuple[int, int, str], ...]


def interacted(
    y: Floats, w: Floats, x: Floats | None, cohort: Ints, event: Floats, control: int, base: int
) -> Interacted:
    """The saturated regression.

    Args:
        y: (n, T); w: (n, T) weights, 0 for cells left out; x: (n, T, P) or None.
        event: (C, T) periods since adoption; ``control``: the cohort whose periods are the comparison.
        base: event time of the base period.

    Raises:
        NotIdentified: a cohort's cells do not connect, or a covariate is collinear with the effects.
    """
    import numpy as np

    from causal_eval.inference.within import Within, within

    n, T = y.shape
    C, P = len(event), 0 if x is None else x.shape[2]
    fits: list[Within] = []
    lam, e = np.zeros((C, T)), np.zeros((n, T))
    lam_x, xe = np.zeros((C, T, P)), np.zeros((n, T, P))
    for c in range(C):
        at = cohort == c
        one = within(w[at])
        fits.append(one)
        _, lam[c], e[at] = one.fit(y[at])
        for j in range(P):
            assert x is not None
            _, lam_x[c, :, j], xe[at, :, j] = one.fit(x[at, :, j])
    beta, inverse_x = np.zeros(P), np.zeros((P, P))
    if P:
        gram = np.einsum("nt,ntp,ntq->pq", w, xe, xe)
        if np.linalg.matrix_rank(gram, hermitian=True, tol=1e-10 * max(float(np.abs(gram).max()), 1e-300)) < P:
            raise NotIdentified("a covariate is a combination of the others and the effects")
        inverse_x = np.linalg.inv(gram)
        beta = inverse_x @ np.einsum("nt,ntp,nt->p", w, xe, e)
        e = e - xe @ beta
    used = np.array([one.used for one in fits])
    cells, lost = cells_of(event, used, control, base)
    att, maps = [], []
    for cell in cells:
        c, t, b = cell.cohort, cell.period, cell.base
        dx = (lam_x[c, t] - lam_x[c, b]) - (lam_x[control, t] - lam_x[control, b])
        h = np.zeros((C, T + P))
        h[c, :T] += fits[c].inverse[t] - fits[c].inverse[b]
        h[control, :T] -= fits[control].inverse[t] - fits[control].inverse[b]
        h[:, T:] -= inverse_x @ dx
        att.append(float((lam[c, t] - lam[c, b]) - (lam[control, t] - lam[control, b]) - dx @ beta))
        maps.append(h)
    scores = np.hstack([w * e, np.einsum("nt,ntp,nt->np", w, xe, e)])
    h_all = np.stack(maps, axis=1) if maps else np.zeros((C, 0, T + P))
    return Interacted(cells, np.array(att), scores, h_all, len(cells) + P + int(used.any(axis=0).sum()), lost)


def cells_of(
    event: Floats, used: Bools, control: int, base: int
) -> tuple[tuple[Cell, ...], tuple[tuple[int, int, str], ...]]:
    """The effects of the saturated regression, and (cohort, period, reason) of those that are lost.

    Args:
        used: (C, T) whether the cohort has rows in the period; the others as in :func:`interacted`.
    """
    import numpy as np

    from causal_eval.inference.rollout import Cell

    cells, lost = [], []
    for c in range(len(event)):
        if c == control:
            continue
        at_base = np.flatnonzero(event[c] == base)
        b = int(at_base[0]) if at_base.size else -1
        for t in np.flatnonzero(used[c]).tolist():
            if t == b:
                continue
            if b < 0 or not used[c, b] or not used[control, b]:
                lost.append((c, t, "the cohort has no base period"))
            elif not used[control, t]:
                lost.append((c, t, "no control is left untreated"))
            else:
                cells.append(Cell(c, t, b, (control,)))
    return tuple(cells), tuple(lost)
