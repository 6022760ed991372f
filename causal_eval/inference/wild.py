r"""Wild cluster restricted bootstrap of one coefficient: p-value, and interval by inverting the test.

Cameron, Gelbach & Miller (2008), with the null imposed (WCR) and Rademacher weights; all 2^G sign vectors are used
when there are few enough. With X = [d, Z] and the residual maker M of X, a draw v gives, under beta0, residuals
u = e0 * v from the regression of y - beta0 d on Z; the coefficient moves by delta = (d~' u) / (d~' d~), d~ = M_Z d, and
its cluster scores are d~_g' (M u)_g. The t-ratios use the same clustered error as the estimate (the small-sample
factor cancels). Interval: the beta0 whose p-value exceeds 1 - level, by bisection on each side.
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


@dataclass(frozen=True, slots=True)
class WildBootstrap:
    """Result of the bootstrap. ``low``/``high`` are None where the test never rejects on that side."""

    p_value: float
    low: float | None
    high: float | None
    n_draws: int
    exact: bool
    smallest_p: float


def wild_cluster(
    y: Floats,
    d: Floats,
    z: Floats,
    w: Floats,
    cluster: Ints,
    *,
    level: float,
    rng: np.random.Generator,
    draws: int = 9999,
) -> WildBootstrap:
    """Test that the coefficient of ``d`` is 0 in the weighted regression of ``y`` on ``d`` and ``z``.

    Args:
        y: (N,); d: (N,); z: (N, P) other regressors, constant and effects included; w: (N,) positive weights.
        cluster: (N,) codes 0..G-1.
        draws: sign vectors drawn when 2^G is larger.

    Raises:
        NotIdentified: ``d`` is a combination of ``z``.
    """
    import numpy as np

    g = int(cluster.max()) + 1
    root = np.sqrt(w)
    yw, dw, zw = y * root, d * root, z * root[:, None]
    q, r = np.linalg.qr(zw)
    q = q[:, np.abs(np.diag(r)) > 1e-9 * np.abs(np.diag(r)).max()] if zw.shape[1] else zw
    if zw.shape[1] and q.shape[1] < zw.shape[1]:
        u, s, _ = np.linalg.svd(zw, full_matrices=False)
        q = u[:, s > 1e-9 * s.max()]
    dt = dw - q @ (q.T @ dw)
    dd = float(dt @ dt)
    if dd <= 1e-10 * float(dw @ dw):
        raise NotIdentified("the treatment is a combination of the other regressors")
    beta = float(dt @ yw) / dd
    basis = np.column_stack([q, dt / np.sqrt(dd)])
    exact = 2**g <= draws + 1
    if exact:
        signs = 1.0 - 2.0 * ((np.arange(2**g)[:, None] >> np.arange(g)[None, :]) & 1)
    else:
        signs = np.vstack([np.ones(g), rng.choice([-1.0, 1.0], size=(draws, g))])
    member = np.zeros((len(y), g))
    member[np.arange(len(y)), cluster] = 1.0
    ry, rd = yw - q @ (q.T @ yw), dt

    def sums_of(e: Floats) -> tuple[Floats, Floats]:
        """Per draw: the move of d~'u, (B,), and its cluster scores, (B, G), for restricted residuals ``e``."""
        blocks = member * e[:, None]
        scores = member.T @ (dt[:, None] * (blocks - basis @ (basis.T @ blocks)))
        return signs @ (dt @ blocks), signs @ scores.T

    # Restricted residuals are linear in beta0, so moves are too and squared errors are quadratic in it.
    (n0, s0), (n1, s1) = sums_of(ry), sums_of(rd)
    q00, q01, q11 = (s0 * s0).sum(axis=1), (s0 * s1).sum(axis=1), (s1 * s1).sum(axis=1)

    def p_value(beta0: float) -> float:
        squared = q00 - 2 * beta0 * q01 + beta0**2 * q11
        floor = 1e-24 * (q00.max() + beta0**2 * q11.max())
        ratio = (n0 - beta0 * n1) ** 2 / np.where(squared > floor, squared, np.inf)
        return float((ratio >= ratio[0] * (1 - 1e-9)).mean())

    residual = ry - beta * rd
    sums = member.T @ (dt * residual)
    error = float(np.sqrt((sums**2).sum())) / dd
    alpha = 1 - level

    def end(direction: float) -> float | None:
        inside, step = beta, max(error, 1e-12 * max(abs(beta), 1.0))
        for _ in range(40):
            outside = inside + direction * step
            if p_value(outside) <= alpha:
                break
            inside, step = outside, 2 * step
            if abs(outside - beta) > 1e4 * max(error, 1e-12):
                return None
        else:
            return None
        for _ in range(60):
            middle = 0.5 * (inside + outside)
            if p_value(middle) <= alpha:
                outside = middle
            else:
                inside = middle
            if abs(outside - inside) <= 1e-7 * max(error, 1e-300):
                break
        return 0.5 * (inside + outside)

    ends = end(-1.0), end(1.0)
    return WildBootstrap(p_value(0.0), ends[0], ends[1], len(signs), exact, (2 if exact else 1) / len(signs))
