r"""Two-group, two-period effects with covariates, and their influence functions (Sant'Anna & Zhao 2020).

Panel (n units, dy = y_1 - y_0) and repeated cross-sections (rows with a 0/1 ``post``). X has a constant. Propensity scores are
logits by maximum likelihood, outcome regressions least squares on the controls, both weighted. Estimators: outcome
regression (Heckman et al. 1997; eq. 2.2), Hajek inverse probability weighting (Abadie 2005; eq. 2.3, normalised), doubly robust
(eq. 2.6 for panels; for cross-sections the locally efficient eq. 3.4). ``psi`` sums to the estimate's error:
its variance is sum_i psi_i^2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

Adjustment = Literal["none", "outcome_regression", "ipw", "doubly_robust"]


class NoOverlap(ValueError):
    """The covariates tell treated from control (nearly) without error, or cannot be told apart from each other."""


def logit(d: Floats, x: Floats, w: Floats) -> tuple[Floats, Floats]:
    """Propensity scores (n,) by weighted maximum likelihood and the influence (n, P) of the coefficients.

    Raises:
        NoOverlap: a score reaches 0.999, or the covariates are collinear.
    """
    import numpy as np

    scale = np.maximum(np.abs(x).max(axis=0), 1e-300)
    z = x / scale
    beta = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(z @ beta, -500, 500)))
        hessian = z.T @ (z * (w * p * (1 - p))[:, None])
        if np.linalg.matrix_rank(hessian, hermitian=True, tol=1e-12 * np.linalg.norm(hessian)) < len(beta):
            raise NoOverlap("the propensity score cannot be estimated: covariates are collinear or separate the groups")
        step = np.linalg.solve(hessian, z.T @ (w * (d - p)))
        beta = beta + step
        if float(np.linalg.norm(step)) < 1e-12 * (1.0 + float(np.linalg.norm(beta))):
            break
    else:
        raise NoOverlap("the propensity score does not converge: the covariates separate treated from control")
    p = 1 / (1 + np.exp(-np.clip(z @ beta, -500, 500)))
    if bool((p[(w > 0) & (d == 0)] >= 0.999).any()):
        raise NoOverlap("a control has a propensity score of 0.999 or more: no overlap")
    hessian = z.T @ (z * (w * p * (1 - p))[:, None])
    influence = np.linalg.solve(hessian, (z * (w * (d - p))[:, None]).T).T / scale
    return p, influence


def _fit(y: Floats, x: Floats, w: Floats) -> tuple[Floats, Floats]:
    """(n,) fitted values for every row from weighted least squares, and the influence (n, P) of the coefficients."""
    import numpy as np

    scale = np.maximum(np.abs(x[w > 0]).max(axis=0, initial=0.0), 1e-300)
    z = x / scale
    gram = z.T @ (z * w[:, None])
    if np.linalg.matrix_rank(gram, hermitian=True, tol=1e-12 * float(np.linalg.norm(gram))) < x.shape[1]:
        raise NoOverlap("covariates are collinear among the rows an outcome regression is fitted on")
    beta = np.linalg.solve(gram, z.T @ (w * y))
    fitted = z @ beta
    return fitted, np.linalg.solve(gram, (z * (w * (y - fitted))[:, None]).T).T / scale


def _mean(y: Floats, w: Floats) -> tuple[float, Floats]:
    """Weighted mean and its influence (n,)."""
    total = float(w.sum())
    value = float(w @ y) / total
    return value, w * (y - value) / total


def panel(dy: Floats, d: Floats, w: Floats, x: Floats, how: Adjustment) -> tuple[float, Floats]:
    """ATT and psi (n,) of one two-period panel.

    Args:
        dy: (n,) changes; d: (n,) 0/1; w: (n,) weights; x: (n, P) with a constant.

    Raises:
        NoOverlap: see :func:`logit`.
    """
    control, treated = w * (1 - d), w * d
    if how == "none":
        a, pa = _mean(dy, treated)
        b, pb = _mean(dy, control)
        return a - b, pa - pb
    if how == "outcome_regression":
        fitted, beta = _fit(dy, x, control)
        value, psi = _mean(dy - fitted, treated)
        return value, psi - beta @ ((treated / treated.sum()) @ x)
    p, gamma = logit(d, x, w)
    odds = control * p / (1 - p)
    total = float(odds.sum())
    if how == "ipw":
        a, pa = _mean(dy, treated)
        b, pb = _mean(dy, odds)
        pull = (odds * (dy - b)) @ x / total
        return a - b, pa - pb - gamma @ pull
    fitted, beta = _fit(dy, x, control)
    e = dy - fitted
    a, pa = _mean(e, treated)
    b, pb = _mean(e, odds)
    pull = (odds * (e - b)) @ x / total
    shift = (treated / treated.sum() - odds / total) @ x
    return a - b, pa - pb - gamma @ pull - beta @ shift


def cross_sections(y: Floats, post: Floats, d: Floats, w: Floats, x: Floats, how: Adjustment) -> tuple[float, Floats]:
    """ATT and psi (N,) of two-period repeated cross-sections; ``post`` (N,) 0/1, others as in :func:`panel`.

    Raises:
        NoOverlap: see :func:`logit`.
    """
    import numpy as np

    pre = 1 - post
    parts = {(g, t): w * (d if g else 1 - d) * (post if t else pre) for g in (0, 1) for t in (0, 1)}
    if how == "none":
        value, psi = 0.0, np.zeros(len(y))
        for (g, t), ww in parts.items():
            m, q = _mean(y, ww)
            sign = 1.0 if g == t else -1.0
            value, psi = value + sign * m, psi + sign * q
        return value, psi
    if how in ("outcome_regression", "doubly_robust"):
        f1, b1 = _fit(y, x, parts[0, 1])
        f0, b0 = _fit(y, x, parts[0, 0])
    treated = w * d
    if how == "outcome_regression":
        a1, p1 = _mean(y, parts[1, 1])
        a0, p0 = _mean(y, parts[1, 0])
        c, pc = _mean(f1 - f0, treated)
        pull = (treated / treated.sum()) @ x
        return a1 - a0 - c, p1 - p0 - pc - (b1 - b0) @ pull
    p, gamma = logit(d, x, w)
    odds = p / (1 - p)
    c1, c0 = parts[0, 1] * odds, parts[0, 0] * odds
    if how == "ipw":
        a1, p1 = _mean(y, parts[1, 1])
        a0, p0 = _mean(y, parts[1, 0])
        m1, q1 = _mean(y, c1)
        m0, q0 = _mean(y, c0)
        pull = (c1 * (y - m1)) @ x / c1.sum() - (c0 * (y - m0)) @ x / c0.sum()
        return a1 - a0 - m1 + m0, p1 - p0 - q1 + q0 - gamma @ pull
    f = np.where(post > 0, f1, f0)
    a1, p1 = _mean(y - f, parts[1, 1])
    a0, p0 = _mean(y - f, parts[1, 0])
    m1, q1 = _mean(y - f, c1)
    m0, q0 = _mean(y - f, c0)
    pull = (c1 * (y - f - m1)) @ x / c1.sum() - (c0 * (y - f - m0)) @ x / c0.sum()
    shift1 = (parts[1, 1] / parts[1, 1].sum() - c1 / c1.sum()) @ x
    shift0 = (parts[1, 0] / parts[1, 0].sum() - c0 / c0.sum()) @ x
    value = (a1 - m1) - (a0 - m0)
    psi = (p1 - q1) - (p0 - q0) - gamma @ pull - b1 @ shift1 + b0 @ shift0
    # The locally efficient part: outcome regressions of the treated, averaged over all treated less over their own period.
    g1, t1 = _fit(y, x, parts[1, 1])
    g0, t0 = _fit(y, x, parts[1, 0])
    all_d, pd = _mean(g1 - f1, treated)
    own1, po1 = _mean(g1 - f1, parts[1, 1])
    all_0, pd0 = _mean(g0 - f0, treated)
    own0, po0 = _mean(g0 - f0, parts[1, 0])
    m = (treated / treated.sum()) @ x
    s1, s0 = m - (parts[1, 1] / parts[1, 1].sum()) @ x, m - (parts[1, 0] / parts[1, 0].sum()) @ x
    value += (all_d - own1) - (all_0 - own0)
    psi = psi + (pd - po1) - (pd0 - po0) + (t1 - b1) @ s1 - (t0 - b0) @ s0
    return value, psi
