"""Weights that make two groups alike, each with the influence of every row on the weighted means: M-estimation.

Every kind gives group g the weights omega_g(l) of a linear predictor l = z' theta whose theta solves moments sum m_i = 0. The
Hajek mean mu_g = sum w omega y / sum w omega then has, by the stacked estimating equations (Stefanski & Boos 2002, eq. 7),
influence w omega (y - mu) / S + (sum w omega' (y - mu) z' / S) psi_theta: the second term is what estimating the weights adds.

- ``ipw``: logit by maximum likelihood (Hirano, Imbens & Ridder 2003); ``overlap``: 1 - e and e (Li, Morgan & Zaslavsky 2018);
- ``entropy``: exponential tilting until means are equal (Hainmueller 2012, eq. 8);
- ``cbps``: a logit whose moments are the balance of means (Imai & Ratkovic 2014, eq. 9, just identified). For the ATT its odds are
  exponential, so its weights are those of entropy balancing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

Kind = Literal["ipw", "overlap", "entropy", "cbps"]

STEPS = 200


class BalanceError(ValueError):
    """No weights make the groups alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Balanced:
    """The weights of n rows.

    Attributes:
        weight: (n,) design weight times omega, each group's summing to its number of rows or people.
        mean: means of the treated and the untreated.
        influence: (n, 2) of each row on the two means; fixed: the same with the weights taken as known.
        score: (n,) propensity, where there is one.
    """

    weight: Floats
    mean: tuple[float, float]
    influence: Floats
    fixed: Floats
    score: Floats | None


def balanced(kind: Kind, estimand: str, X: Floats, d: Floats, y: Floats, w: Floats) -> Balanced:
    """Weights of ``kind`` for ``estimand`` (``att``, ``ate``; ``overlap`` has its own), and the means they give.

    Args:
        X: (n, p) covariates; d: (n,) 0/1; y: (n,) outcome; w: (n,) design weights.

    Raises:
        BalanceError: the groups cannot be made alike.
        SeparatedError: they can be told apart perfectly.
    """
    import numpy as np

    t = d > 0
    if kind == "entropy" or (kind == "cbps" and estimand == "att"):
        target = np.ones(len(d), dtype=bool) if estimand == "ate" else t
        sides = [
            _mean(y, w, t) if estimand == "att" else _tilted(X, t, target, y, w),
            _tilted(X, ~t, target, y, w),
        ]
        score = None
    else:
        sides, score = _by_score(kind, estimand, X, d, y, w)
    weight = np.zeros(len(d))
    for g, s in zip((t, ~t), sides, strict=True):
        weight[g] = s.weight[g] * (w[g].sum() / s.weight[g].sum())
    return Balanced(
        weight,
        (sides[0].mean, sides[1].mean),
        np.column_stack([s.influence for s in sides]),
        np.column_stack([s.fixed for s in sides]),
        score,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    weight: Floats
    mean: float
    influence: Floats
    fixed: Floats


def _mean(y: Floats, w: Floats, group: Bools) -> _Side:
    import numpy as np

    v = np.where(group, w, 0.0)
    mean = float(v @ y / v.sum())
    own = v * (y - mean) / v.sum()
    return _Side(v, mean, own, own)


def _side(y: Floats, v: Floats, slope: Floats, Z: Floats, psi: Floats) -> _Side:
    """A Hajek mean. v: (n,) weights; slope: their derivative in the linear predictor; psi: (n, q) influence on theta."""
    total = v.sum()
    mean = float(v @ y / total)
    own = v * (y - mean) / total
    return _Side(v, mean, own + psi @ ((slope * (y - mean)) @ Z / total), own)


def _by_score(kind: Kind, estimand: str, X: Floats, d: Floats, y: Floats, w: Floats) -> tuple[list[_Side], Floats]:
    import numpy as np

    from causal_eval.inference.logit import logit

    fit = logit(X, d, w)
    e, Z = fit.score, fit.Z.matrix()
    if kind == "cbps":
        e, psi = _cbps(fit.linear, Z, d, w)
    else:
        psi = (w * (d - e))[:, None] * np.linalg.lstsq(fit.information, Z.T, rcond=1e-12)[0].T
    if kind == "overlap":
        parts = ((1 - e, -e * (1 - e)), (e, e * (1 - e)))
    elif estimand == "att":
        odds = e / (1 - e)
        parts = ((np.ones_like(e), np.zeros_like(e)), (odds, odds))
    else:
        parts = ((1 / e, -(1 - e) / e), (1 / (1 - e), e / (1 - e)))
    groups = (d, 1 - d)
    return [_side(y, w * g * o, w * g * s, Z, psi) for g, (o, s) in zip(groups, parts, strict=True)], e


def _cbps(linear: Floats, Z: Floats, d: Floats, w: Floats) -> tuple[Floats, Floats]:
    """Scores with sum w [d/e - (1-d)/(1-e)] z = 0, by Newton on the concave sum d (l - exp -l) - (1 - d) (l + exp l)."""
    import numpy as np
    from scipy.special import expit

    n = w.sum()

    def loss(at: Floats) -> float:
        return float(w @ np.where(d > 0, np.exp(-at) - at, at + np.exp(at)) / n)

    def moments(at: Floats) -> Floats:
        out: Floats = (w * np.where(d > 0, 1 + np.exp(-at), -(1 + np.exp(at))))[:, None] * Z
        return out

    at = linear
    for _ in range(STEPS):
        g = moments(at)
        H = (Z * (w * np.where(d > 0, np.exp(-at), np.exp(at)))[:, None]).T @ Z
        step = np.linalg.lstsq(H, g.sum(axis=0), rcond=1e-12)[0]
        size, value = 1.0, loss(at)
        while loss(at + size * (Z @ step)) > value + 1e-15 and size > 1e-8:
            size /= 2
        at = at + size * (Z @ step)
        if np.abs(g.sum(axis=0)).max() < 1e-9 * n:
            break
    else:
        raise BalanceError("no logit balances the means of the covariates")
    psi: Floats = np.linalg.lstsq(H, g.T, rcond=1e-12)[0].T.astype(np.float64)
    e: Floats = expit(at)
    return e, psi


def _tilted(X: Floats, group: Bools, target: Bools, y: Floats, w: Floats) -> _Side:
    """Weights exp(x' theta) on ``group`` whose means are those of ``target``."""
    import numpy as np

    from causal_eval.inference.logit import standardised

    Z = standardised(X, w)[:, 1:]
    aim = np.where(target, w, 0.0)
    aim = aim / aim.sum()
    C = Z - aim @ Z
    # Directions in which nothing varies inside the group cannot be moved: they must agree already.
    basis = np.linalg.svd(C[group], full_matrices=False)
    kept = basis[2][basis[1] > 1e-10 * max(basis[1].max(initial=0.0), 1e-300)]
    lost = C - C @ kept.T @ kept
    if np.abs(np.average(lost[group], axis=0, weights=w[group])).max(initial=0.0) > 1e-8:
        raise BalanceError("a covariate that varies between the groups does not vary within one of them")
    C = C @ kept.T
    theta = np.zeros(C.shape[1])

    def dual(at: Floats) -> float:
        lin = C[group] @ at
        top = lin.max()
        return float(np.log(w[group] @ np.exp(lin - top)) + top)

    for _ in range(STEPS):
        lin = C[group] @ theta
        # Only the group is weighed: elsewhere the exponential may overflow.
        v = np.zeros(len(w))
        v[group] = w[group] * np.exp(lin - lin.max())
        v = v / v.sum()
        gradient = v @ C
        H = (C * v[:, None]).T @ C - np.outer(gradient, gradient)
        if np.abs(gradient).max(initial=0.0) < 1e-9:
            break
        step = -np.linalg.lstsq(H, gradient, rcond=1e-12)[0]
        size, value = 1.0, dual(theta)
        while dual(theta + size * step) > value + 1e-4 * size * float(gradient @ step) and size > 1e-10:
            size /= 2
        if size <= 1e-10 and np.abs(gradient).max() < 1e-6:
            # Rounding of the dual leaves no step to see: as balanced as numbers can be.
            break
        theta = theta + size * step
        if np.abs(theta).max() > 1e4:
            raise BalanceError(
                "no positive weights give the two groups equal means: the target lies outside of the group"
            )
    else:
        raise BalanceError("no positive weights give the two groups equal means: the target lies outside of the group")
    # Moments sum_g v c = 0 with c = z - m, m the target's mean: theta moves by -H^-1 (v c - psi_m).
    H = (C * v[:, None]).T @ C
    psi = -np.linalg.lstsq(H, (v[:, None] * C - aim[:, None] * C).T, rcond=1e-12)[0].T
    return _side(y, v, v, C, psi)
