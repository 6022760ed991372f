r"""Imputation of untreated outcomes (Borusyak, Jaravel & Spiess 2024, Review of Economic Studies).

Step 1 fits y_it = alpha_i + lambda_t + x_it' beta on untreated cells; step 2 takes tau_it = y_it - alpha_i - lambda_t - x_it' beta
in treated ones; step 3 averages (theorem 2). A target sum a_it tau_it is linear in the outcomes with weight a_it on treated
cells and -w_it (mu_i + kappa_t + xt_it' g) on untreated ones, where M kappa = sum_it a_it (e_t - w_i / W_i), M the normal
equations of the untreated sample (:mod:`causal_eval.inference.within`), xt are residualised covariates and
g = (xt'w xt)^-1 sum a_it xt_it. Residuals e of a unit have weighted sum zero, so mu_i plays no part in its score:

    psi_i = sum_t a_it (tau_it - taubar_ct) - kappa' (w_it e_it)_t - g' sum_t w_it xt_it e_it

with taubar_ct the average of the cohort's effects in the period (weights w^2), which makes the clustered variance
sum_i psi_i^2 conservative (theorem 3, eq. 7 and 8). In cohorts of few clusters taubar follows each of them and hides part of
its noise; leaving the cluster itself out of taubar (their leave-out errors) mends that. Balanced panels without covariates take
:mod:`causal_eval.inference.imputed_means` instead, which needs no unit's scores.

The test of parallel trends (proposition 7) uses untreated cells alone: y on unit and period effects and indicators of the
event times before the base.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.inference.regression import NotIdentified

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Imputed:
    """Effects by cohort and period with their scores.

    Attributes:
        cells: (cohort, period) of each of the K effects.
        att: (K,).
        leads: event time of each of the L leads; ``lead`` (L,) their coefficients.
        scores: (n, D) unit scores; ``h`` (C, K, D) and ``h_leads`` (C, L, D) the effects' coefficients on them.
        lost: (cohort, period, reason) of treated cells without an effect.
    """

    cells: tuple[tuple[int, int], ...]
    att: Floats
    leads: tuple[int, ...]
    lead: Floats
    scores: Floats
    h: Floats
    h_leads: Floats
    lost: tuple[tuple[int, int, str], ...]


def impute(
    y: Floats,
    w: Floats,
    x: Floats | None,
    cohort: Ints,
    event: Floats,
    keep: Bools,
    *,
    anticipation: int,
    leads: int | None,
    left_out: Ints | None = None,
) -> Imputed:
    """Imputed effects.

    Args:
        y: (n, T), NaN where missing; w: (n, T) weights, 0 where missing; x: (n, T, P) or None.
        event: (C, T) periods since adoption, -inf for never; keep: (C, T) declared windows.
        anticipation: periods before the adoption that are imputed too.
        leads: how many event times before the base period get a lead of their own; None for all.
        left_out: (n,) clusters that are left out of the average taubar that their own effects are compared with; None to keep them.

    Raises:
        NotIdentified: the untreated cells do not connect, or covariates are collinear with the effects.
    """
    import numpy as np

    from causal_eval.inference.within import within

    n, T = y.shape
    C = len(event)
    P = 0 if x is None else x.shape[2]
    treated_cell = event >= -anticipation
    w0 = w * (~treated_cell & keep)[cohort]
    sample = within(w0)
    unit, period, e = sample.fit(y)
    xt_all = np.zeros((n, T, P))
    inverse_x = np.zeros((P, P))
    beta = np.zeros(P)
    if x is not None:
        gram, right = np.zeros((P, P)), np.zeros(P)
        xe = np.zeros((n, T, P))
        for j in range(P):
            a, b, xe[:, :, j] = sample.fit(x[:, :, j])
            xt_all[:, :, j] = np.where(w > 0, x[:, :, j], 0.0) - a[:, None] - b
        gram = np.einsum("nt,ntp,ntq->pq", w0, xe, xe)
        if np.linalg.matrix_rank(gram, hermitian=True, tol=1e-10 * max(float(np.abs(gram).max()), 1e-300)) < P:
            raise NotIdentified("a covariate is a combination of the others and the unit and period effects")
        right = np.einsum("nt,ntp,nt->p", w0, xe, e)
        inverse_x = np.linalg.inv(gram)
        beta = inverse_x @ right
        e = e - xe @ beta
    y0 = np.where(w > 0, y, 0.0)
    tau = y0 - unit[:, None] - period - xt_all @ beta
    can = sample.used[None, :] & (sample.total > 0)[:, None] & (w > 0)
    share = np.where(sample.total > 0, 1 / np.where(sample.total > 0, sample.total, 1.0), 0.0)
    cells: list[tuple[int, int]] = []
    lost: list[tuple[int, int, str]] = []
    att: list[float] = []
    kappa: list[Floats] = []
    gamma: list[Floats] = []
    own = np.zeros((n, T))
    for c in range(C):
        members = np.flatnonzero(cohort == c)
        for t in np.flatnonzero(treated_cell[c] & keep[c]).tolist():
            at = members[can[members, t]]
            if not (w[members, t] > 0).any():
                continue
            if not at.size:
                lost.append((c, int(t), "no untreated outcome to impute from"))
                continue
            a = w[at, t] / w[at, t].sum()
            effect = float(a @ tau[at, t])
            own[at, t] = a * (tau[at, t] - _average(tau[at, t], w[at, t] ** 2, left_out, at))
            right_hand = -(w0[at] * (a * share[at])[:, None]).sum(axis=0)
            right_hand[t] += 1.0
            kappa.append(sample.inverse @ right_hand)
            gamma.append(inverse_x @ (a @ xt_all[at, t]))
            cells.append((c, int(t)))
            att.append(effect)
    K = len(cells)
    we = w0 * e
    gx = np.einsum("nt,ntp,nt->np", w0, xe, e) if x is not None else np.zeros((n, 0))
    names, lead, lead_scores, lead_map = _leads(y, x, w0, cohort, event, anticipation, leads)
    scores = np.hstack([own, we, gx, lead_scores])
    D = scores.shape[1]
    h = np.zeros((C, K, D))
    for k, (c, t) in enumerate(cells):
        h[c, k, t] = 1.0
        h[:, k, T : 2 * T] = -kappa[k]
        h[:, k, 2 * T : 2 * T + P] = -gamma[k]
    h_leads = np.zeros((C, len(names), D))
    if names:
        h_leads[:, :, 2 * T + P :] = lead_map
    return Imputed(tuple(cells), np.array(att), names, lead, scores, h, h_leads, tuple(lost))


def _average(tau: Floats, weight: Floats, cluster: Ints | None, at: Ints) -> float | Floats:
    """The average effect of the units ``at`` (m,), for each of them without its own cluster where there is another."""
    import numpy as np

    total, size = float(weight @ tau), float(weight.sum())
    if cluster is None:
        return total / size
    code = np.unique(cluster[at], return_inverse=True)[1]
    rest = size - np.bincount(code, weight)[code]
    other = (total - np.bincount(code, weight * tau)[code]) / np.where(rest > 0, rest, 1.0)
    return np.where(code.max() > 0, other, total / size)


def lead_times(event: Floats, free: Bools, base: int, most: int | None) -> tuple[int, ...]:
    """Event times that get a lead of their own.

    Args:
        free: (C, T) whether the cohort has untreated outcomes in the period.
        base: event time of the base period; ``most``: how many before it at most, None for all.
    """
    import numpy as np

    names = sorted({int(v) for v in event[free & (event < base) & np.isfinite(event)]})
    if most is not None:
        names = [e for e in names if e >= base - most]
    # The farthest lead is left out where no unit is never treated: a trend in event time is not told from cohort and period.
    never = bool((event[:, 0] == -np.inf).any())
    if not never and names and (most is None or base - most < names[0]):
        names = names[1:]
    return tuple(names)


def _leads(
    y: Floats, x: Floats | None, w0: Floats, cohort: Ints, event: Floats, anticipation: int, most: int | None
) -> tuple[tuple[int, ...], Floats, Floats, Floats]:
    """Leads on untreated cells: their event times, coefficients, (n, S) scores and (C, L, S) coefficients on those."""
    import numpy as np

    from causal_eval.inference.within import within

    n = len(y)
    free = np.array([w0[cohort == c].sum(axis=0) > 0 for c in range(len(event))])
    names = lead_times(event, free, -1 - anticipation, most)
    if not names:
        return (), np.zeros(0), np.zeros((n, 0)), np.zeros((len(event), 0, 0))
    sample = within(w0)
    P = 0 if x is None else x.shape[2]
    L = len(names)
    dummies = [(event == v).astype(float) for v in names]
    columns = (
        [sample.fit(d[cohort])[2] for d in dummies] + [sample.fit(x[:, :, j])[2] for j in range(P)]
        if x is not None
        else [sample.fit(d[cohort])[2] for d in dummies]
    )
    z = np.stack(columns, axis=2)
    e = sample.fit(y)[2]
    gram = np.einsum("nt,ntp,ntq->pq", w0, z, z, optimize=True)
    size = np.sqrt(np.diag(gram).clip(1e-300))
    if np.linalg.matrix_rank(gram / np.outer(size, size), hermitian=True, tol=1e-9) < L + P:
        return (), np.zeros(0), np.zeros((n, 0)), np.zeros((len(event), 0, 0))
    bread = np.linalg.inv(gram)
    coef = bread @ np.einsum("nt,ntp,nt->p", w0, z, e, optimize=True)
    left = e - z @ coef
    scores = np.einsum("ntp,nt->np", z, w0 * left)
    h = np.repeat(bread[None, :L, :], len(event), axis=0)
    return names, coef[:L], scores, h
