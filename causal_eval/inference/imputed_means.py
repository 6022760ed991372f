r"""Imputation of untreated outcomes from cohort means: balanced panels without covariates need no unit's scores.

Let every unit i of cohort c be seen in all periods with one weight s_i, S_c = sum s_i, and let U_c be the untreated periods of
the cohort. With D_c = diag(1_Uc) - 1_Uc 1_Uc' / |U_c| (demeaning over U_c), the normal equations of the untreated sample
(:mod:`causal_eval.inference.within`) and the period effects depend on the units through the cohort means m_c alone,

    M = sum_c S_c D_c,    M lambda = sum_c S_c D_c m_c,                                                        (1)

and with b_ct = e_t - 1_Uc / |U_c| the effect of a treated cell (Borusyak, Jaravel & Spiess 2024, theorem 2) is

    tau_ct = b_ct' (m_c - lambda).                                                                              (2)

The scores of :mod:`causal_eval.inference.imputation` (theorem 3, eq. 7 and 8) are linear in z_i = (u_i, s_i), with
u_i = s_i (y_i - m_c) / S_c the influence of unit i on its cohort's means (:mod:`causal_eval.inference.cohort_means`):

    own part        a_it (tau_it - taubar_ct) = b_ct' (u_i - s_i r_c),   r_c = sum_c s_i u_i / sum_c s_i^2      (3)
    untreated part  w_it e_it                 = s_i ebar_ct + S_c (D_c u_i)_t,   ebar_c = D_c (m_c - lambda)      (4)
    score           psi_i = 1{i in c} b_ct' (u_i - s_i r_c) - kappa' (S_c' D_c' u_i + s_i ebar_c'),  kappa = M^- b_ct     (5)

with c' the unit's own cohort. (Proof sketch: unit effects are alpha_i = mean over U_c of y_it - lambda_t, so tau_it =
b_ct' (y_i - lambda) = tau_ct + b_ct' (y_i - m_c); a_it = s_i / S_c, and the average with weights s_i^2 subtracts b_ct' r_c s_i, zero
for equal weights, whose u sum to zero. Residuals of the untreated sample are D_c (y_i - lambda). M^- b_ct is the kappa of
the general path, because sum_i a_it w_i / W_i = 1_Uc / |U_c|.) Hence H_c of the moments engine is

    P_ck = 1{c = g_k} b_k - S_c D_c kappa_k,      S_ck = -1{c = g_k} b_k' r_c - kappa_k' ebar_c                  (6)

and the variance sum_i psi_i^2 is sum_c H_c R_c H_c', from (T+1) x (T+1) moments a cohort. Regressors of the test of leads
(proposition 7) are constant within cohorts; residualised as in (1) they are x_c (T, L) with D_c x_c = x_c, so with B = (sum_c
S_c x_c' x_c)^-1 the coefficients are B sum_c S_c x_c' ebar_c, and P_c = S_c B x_c', S_c = B x_c' (ebar_c - x_c b).       (7)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.cohort_means import CohortMeans, Maps

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ImputedMeans:
    """Effects by cohort and period with their derivatives.

    Attributes:
        cells: (cohort, period) of each of the K effects; ``att`` (K,).
        leads: event time of each of the L leads; ``lead`` (L,) their coefficients.
        maps: influence of the K effects, then of the L leads.
        lost: (cohort, period, reason) of treated cells without an effect.
    """

    cells: tuple[tuple[int, int], ...]
    att: Floats
    leads: tuple[int, ...]
    lead: Floats
    maps: Maps
    lost: tuple[tuple[int, int, str], ...]


def impute_means(
    means: CohortMeans, tilt: Floats, event: Floats, keep: Bools, *, anticipation: int, leads: int | None
) -> ImputedMeans:
    """Imputed effects of a balanced panel; the other arguments as in :func:`causal_eval.inference.imputation.impute`.

    Args:
        means: of units seen in every period, one weight each (``means.short``).
        tilt: (C, T) r_c of eq. 3.

    Raises:
        NotIdentified: the untreated cells do not connect.
    """
    import numpy as np

    from causal_eval.inference.cohort_means import Maps
    from causal_eval.inference.imputation import lead_times
    from causal_eval.inference.within import inverse_of

    C, T = event.shape
    size, m = means.size, means.mean
    free = (event < -anticipation) & keep & (size > 0)[:, None]
    length = free.sum(axis=1)
    used: Bools = np.asarray(free.any(axis=0))
    demean = np.array(
        [np.diag(f.astype(float)) - np.outer(f, f) / max(n, 1) for f, n in zip(free, length, strict=True)]
    )
    weighted = size[:, None, None] * demean
    inverse = inverse_of(weighted.sum(axis=0), used)

    def centred(v: Floats) -> Floats:
        """(C, T) residuals of cohort paths ``v`` (C, T) on unit and period effects, 0 outside the sample."""
        period = inverse @ np.einsum("cts,cs->t", weighted, v)
        return np.asarray(np.einsum("cts,cs->ct", demean, v - period))

    period = inverse @ np.einsum("cts,cs->t", weighted, m)
    left = np.einsum("cts,cs->ct", demean, m - period)
    cells, lost, att, p, s = [], [], [], [], []
    for c in range(C):
        for t in np.flatnonzero((event[c] >= -anticipation) & keep[c]).tolist():
            if not (length[c] and used[t]):
                lost.append((c, int(t), "no untreated outcome to impute from"))
                continue
            b = np.eye(1, T, t)[0] - free[c] / length[c]
            kappa = inverse @ b
            p_k, s_k = -(weighted @ kappa), -(left @ kappa)
            p_k[c] += b
            s_k[c] -= b @ tilt[c]
            cells.append((c, int(t)))
            att.append(float(b @ (m[c] - period)))
            p.append(p_k)
            s.append(s_k)
    names = lead_times(event, free, -1 - anticipation, leads)
    coef = np.zeros(0)
    if names:
        x = np.stack([centred((event == v).astype(float)) for v in names], axis=2)
        gram = np.einsum("c,ctk,ctl->kl", size, x, x)
        scale = np.sqrt(np.diag(gram).clip(1e-300))
        if np.linalg.matrix_rank(gram / np.outer(scale, scale), hermitian=True, tol=1e-9) < len(names):
            names = ()
        else:
            bread = np.linalg.inv(gram)
            coef = bread @ np.einsum("c,ctk,ct->k", size, x, left)
            h = np.einsum("kl,ctl->kct", bread, x)
            p += list(size[:, None] * h)
            s += list(np.einsum("kct,ct->kc", h, left - x @ coef))
    R = len(p)
    maps = Maps(
        np.stack(p, axis=1) if R else np.zeros((C, 0, T)),
        np.zeros((C, R, T)),
        np.stack(s, axis=1) if R else np.zeros((C, 0)),
    )
    return ImputedMeans(tuple(cells), np.array(att), names, coef, maps, tuple(lost))


def tilts(y: Floats, w: Floats | None, cohort: Ints, means: CohortMeans) -> Floats:
    """(C, T) r_c of eq. 3: zero for equal weights."""
    import numpy as np

    C, T = means.mean.shape
    out = np.zeros((C, T))
    if w is None:
        return out
    for c in range(C):
        at = cohort == c
        s = w[at, 0]
        if s.size:
            out[c] = (s**2 @ y[at] / (s**2).sum() - means.mean[c]) / means.size[c]
    return out
