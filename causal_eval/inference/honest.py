r"""How far parallel trends may fail before a result does (Rambachan & Roth 2023, Review of Economic Studies 90).

An event study estimates beta = delta + (0, tau): the difference in trends delta, and after the base period the effect tau.
Of interest is theta = l' tau. The sets below cover theta for every delta that is

- **of relative magnitude** mbar (Delta^RM): after the base delta moves from one period to the next
  by at most mbar times its largest move between neighbouring periods before it;
- **smooth** up to M (Delta^SD): its slope changes by at most M from one period to the next.

Both take the coefficients as normal with a known covariance. That is a large-sample statement: with few clusters the
covariance is itself an estimate and the sets are somewhat too short.

**Relative magnitudes** (section 3). Delta^RM is the union, over each period s before the base and each sign, of
the polyhedra |d_t| <= mbar w after the base, where d_t = delta_t - delta_{t-1} and w = +d_s or -d_s. The set is the union
of the confidence sets for each, by the conditional least-favourable hybrid test (C-LF) of Andrews, Roth & Pakes (2023)
on the moments that involve a period after the base. Their linear programme (eq. 14), with the dual (eq. 15)
max lambda' y : lambda' X = 0, lambda' sd = 1, lambda >= 0, can be solved by hand here. X spans the directions that leave
theta alone, so lambda' X = 0 says lambda+ - lambda- = c g with g_t = l_t + l_{t+1} + ..., and the cone of such lambda has
the n_post + 2 extreme rays g+ (c > 0), g- (c < 0), and e_t+ + e_t- for each t (c = 0). With x = l' betahat_post - theta
and w estimated by W, the vertices' moments are

    (x - mbar |g|_1 W) / n+,    (-x - mbar |g|_1 W) / n-,    -2 mbar W / n_t,

each n its ray's sum of moment standard deviations: everything depends on the two normals (x, W) alone. The test statistic
is the largest moment, its conditional distribution a normal truncated to where the same vertex stays the largest, and
the least-favourable critical value, simulated in other implementations, is an integral over the angle of (x, W).

**Smoothness** (eqs. 17 and 18; Armstrong & Kolesar 2020). The shortest fixed-length interval around an affine estimator
l' betahat_post + v' betahat_pre. With v in coordinates u (how it loads on each second difference before the base) its
largest bias is M (const + |u|_1) and its variance a quadratic, so the best u for each bias lies on a lasso path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

Departure = Literal["relative_magnitudes", "smoothness"]

ANGLES = 1024
"""Points of the least-favourable integral: five digits of the critical value, which a thousand draws give one of."""
SCAN = 200
"""Values of theta looked at between the furthest ones possible, before the outermost covered one is bisected."""
TINY = 1e-10


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The largest departure under which zero stays outside the set.

    Attributes:
        value: mbar or M; 0 where even the set without a departure includes zero; None above the most looked at.
        low, high: the set without a departure (mbar = 0: parallel trends; M = 0: a linear difference in trends).
    """

    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Coefficients:
    """Coefficients with those after the base seen through l, in units of l' betahat_post's standard error."""

    pre: Floats
    post: Floats
    cov: Floats
    weights: Floats
    scale: float

    @property
    def n_pre(self) -> int:
        return len(self.pre)

    @property
    def estimate(self) -> float:
        """L' betahat_post."""
        return float(self.weights @ self.post)


def _read(betahat: ArrayLike, sigma: ArrayLike, n_pre: int, n_post: int, l_vec: ArrayLike) -> _Coefficients:
    import numpy as np

    beta, cov = np.asarray(betahat, dtype=float), np.asarray(sigma, dtype=float)
    weights = np.asarray(l_vec, dtype=float)
    if n_pre < 1 or n_post < 1:
        raise ValueError(f"needs a coefficient on each side of the base, not {n_pre} before and {n_post} after it")
    if beta.shape != (n_pre + n_post,) or cov.shape != 2 * beta.shape or weights.shape != (n_post,):
        raise ValueError(
            f"shapes do not fit {n_pre} + {n_post} coefficients: betahat {beta.shape}, sigma {cov.shape}, l_vec {weights.shape}"
        )
    if not (np.isfinite(beta).all() and np.isfinite(cov).all() and weights.any()):
        raise ValueError("betahat and sigma must be finite, and l_vec not all zero")
    variance = float(weights @ cov[n_pre:, n_pre:] @ weights)
    if not variance > 0:
        raise ValueError("the average after the base has no error")
    scale = variance**0.5
    return _Coefficients(beta[:n_pre] / scale, beta[n_pre:] / scale, cov / variance, weights, scale)


# Relative magnitudes ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Polyhedra:
    """The tests of all Delta^RM_{s,+/-}, one row each (J of them), I vertices of the dual.

    Attributes:
        on_x, on_w: (J, I) the vertices' moments are on_x * x + on_w * w.
        w: (J,) the estimated +/- d_s.
        cov: (J, 2, 2) of (x, W).
        critical: (J,) least-favourable critical value of size kappa.
        size: of the conditional stage, (alpha - kappa) / (1 - kappa).
        low, high: (J,) of x; outside the first stage rejects. ``low > high`` where it always does.
    """

    on_x: Floats
    on_w: Floats
    w: Floats
    cov: Floats
    critical: Floats
    size: float
    low: Floats
    high: Floats

    def covers(self, x: Floats) -> Bools:
        """(J, K): whether the hybrid test (section 3.2) of each polyhedron keeps theta = estimate - ``x`` (J, K)."""
        import numpy as np
        from scipy.special import log_ndtr

        m = self.on_x[:, :, None] * x[:, None, :] + (self.on_w * self.w[:, None])[:, :, None]  # (J, I, K)
        best = m.argmax(axis=1)[:, None, :]
        top = np.take_along_axis(m, best, axis=1)[:, 0]  # (J, K)
        rays = np.stack([self.on_x, self.on_w], axis=-1)  # (J, I, 2)
        between = rays @ self.cov @ rays.transpose(0, 2, 1)  # (J, I, I)
        spread = np.take_along_axis(between, best.transpose(0, 2, 1), axis=1).transpose(0, 2, 1)  # (J, I, K)
        variance = np.take_along_axis(spread, best, axis=1)[:, 0]
        fixed = variance <= TINY
        # Conditional on the rest, every moment is a line in the largest one: it stays the largest on [lo, up].
        slope = spread / np.where(fixed, 1.0, variance)[:, None, :]
        room, rest = 1 - slope, m - slope * top[:, None, :]
        meets = rest / np.where(np.abs(room) > TINY, room, 1.0)
        lo = np.where(room > TINY, meets, -np.inf).max(axis=1)
        up = np.where(room < -TINY, meets, np.inf).min(axis=1)
        up = np.minimum(up, self.critical[:, None])
        sd = np.sqrt(np.where(fixed, 1.0, variance))
        lo, up, at = lo / sd, up / sd, top / sd
        rejected = top >= self.critical[:, None] * (1 - 1e-9)
        inside = (lo < at) & (at < up) & (at > 0) & ~fixed & ~rejected
        # P(Z > at | lo < Z < up) in logs, as all three may lie far in the tail.
        at, lo, up = np.where(inside, at, 1.0), np.where(inside, lo, 0.0), np.where(inside, up, 2.0)
        tail_at, tail_lo, tail_up = log_ndtr(-at), log_ndtr(-lo), log_ndtr(-up)
        above, all_of_it = (np.log(np.maximum(-np.expm1(tail_up - t), 1e-300)) for t in (tail_at, tail_lo))
        log_p = tail_at - tail_lo + above - all_of_it
        unlikely = inside & (log_p < np.log(self.size))
        return np.asarray(~(rejected | unlikely | (fixed & (top > TINY))))


def _polyhedra(c: _Coefficients, mbar: float, level: float) -> _Polyhedra:
    """The tests of every period before the base and sign, hybrid kappa = alpha / 10 (section 3.2)."""
    import numpy as np

    n, q = c.n_pre, len(c.cov)
    steps = np.zeros((q, q))  # d_t, the base (zero) left out
    for t in range(q):
        steps[t, t] = 1.0 if t >= n else -1.0
        if t < n - 1:
            steps[t, t + 1] = 1.0
        elif t > n:
            steps[t, t - 1] = -1.0
    before, after = steps[:n], steps[n:]
    signed = np.vstack([before, -before])  # (J, q)
    w = signed @ np.concatenate([c.pre, c.post])
    l_full = np.concatenate([np.zeros(n), c.weights])
    var_w = np.einsum("jq,qr,jr->j", signed, c.cov, signed)
    var_x = float(l_full @ c.cov @ l_full)
    cov_xw = signed @ c.cov @ l_full
    cov = np.stack([np.stack([np.full_like(var_w, var_x), cov_xw], -1), np.stack([cov_xw, var_w], -1)], -2)
    var_d = np.einsum("tq,qr,tr->t", after, c.cov, after)
    cov_dw = signed @ c.cov @ after.T  # (J, n_post)
    base = var_d[None, :] + mbar**2 * var_w[:, None]
    sd_plus = np.sqrt(np.maximum(base - 2 * mbar * cov_dw, 0.0))  # of d_t - mbar w
    sd_minus = np.sqrt(np.maximum(base + 2 * mbar * cov_dw, 0.0))  # of -d_t - mbar w
    if min(sd_plus.min(), sd_minus.min()) <= TINY:
        raise ValueError("a step between neighbouring periods after the base has no error")
    g = np.cumsum(c.weights[::-1])[::-1]
    size_g = float(np.abs(g).sum())
    up, down = np.maximum(g, 0.0), np.maximum(-g, 0.0)
    n_plus, n_minus = sd_plus @ up + sd_minus @ down, sd_plus @ down + sd_minus @ up
    none = np.zeros_like(sd_plus)
    on_x = np.column_stack([1 / n_plus, -1 / n_minus, none])
    on_w = np.column_stack([-mbar * size_g / n_plus, -mbar * size_g / n_minus, -2 * mbar / (sd_plus + sd_minus)])
    alpha = 1 - level
    kappa = alpha / 10
    critical = _least_favourable(on_x, on_w, cov, kappa)
    drift = mbar * size_g * w
    return _Polyhedra(
        on_x,
        on_w,
        w,
        cov,
        critical,
        (alpha - kappa) / (1 - kappa),
        -drift - critical * n_minus,
        drift + critical * n_plus,
    )


def _least_favourable(on_x: Floats, on_w: Floats, cov: Floats, kappa: float) -> Floats:
    """(J,) the 1 - ``kappa`` quantile of the largest moment when all have mean zero.

    (x, W) = R L (cos f, sin f) with R^2 / 2 exponential, so P(max > k) is the mean over f of exp(-(k / top(f))^2 / 2),
    top(f) the largest moment in that direction (no mass where it is negative).
    """
    import numpy as np

    angle = 2 * np.pi * (np.arange(ANGLES) + 0.5) / ANGLES
    along = np.sqrt(cov[:, 0, 0])
    across = cov[:, 0, 1] / along
    own = np.sqrt(np.maximum(cov[:, 1, 1] - across**2, 0.0))
    first, second = np.cos(angle), np.sin(angle)
    x = along[:, None] * first  # (J, ANGLES)
    w = across[:, None] * first + own[:, None] * second
    top = np.full_like(x, TINY)
    for i in range(on_x.shape[1]):
        np.maximum(top, on_x[:, i, None] * x + on_w[:, i, None] * w, out=top)
    rate = 0.5 / top**2
    low, high = np.zeros(len(x)), top.max(axis=1) * np.sqrt(-2 * np.log(kappa))
    for _ in range(40):
        middle = (low + high) / 2
        above = np.exp(-rate * (middle**2)[:, None]).mean(axis=1) > kappa
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray((low + high) / 2)


def _furthest(p: _Polyhedra) -> tuple[float, float]:
    """The smallest and the largest x that any polyhedron keeps.

    The test of a polyhedron need not keep an interval: where another moment takes over as the largest, the conditional
    stage cannot reject. So all of the range that the first stage leaves is looked at, those points included, and only
    the last step beyond the outermost covered point is bisected.
    """
    import numpy as np

    able = p.low <= p.high
    low, high = np.where(able, p.low, 0.0), np.where(able, p.high, 0.0)
    const = p.on_w * p.w[:, None]
    # Where the first and second moments meet each other and those without x.
    first = (const[:, 1:] - const[:, :1]) / (p.on_x[:, :1] - p.on_x[:, 1:])
    second = (const[:, 2:] - const[:, 1:2]) / p.on_x[:, 1:2]
    x = np.column_stack([low[:, None] + (high - low)[:, None] * np.linspace(0, 1, SCAN + 1), first, second])
    x = np.sort(np.clip(x, low[:, None], high[:, None]), axis=1)
    kept = p.covers(x) & able[:, None]
    some = kept.any(axis=1)
    assert some.any()  # the polyhedron of the largest observed step covers its own identified set
    rows, last = np.arange(len(x)), x.shape[1] - 1

    def edge(inner: NDArray[np.int64], outer: NDArray[np.int64]) -> Floats:
        near, far = x[rows, inner], x[rows, outer]
        for _ in range(50):
            middle = (near + far) / 2
            good = p.covers(middle[:, None])[:, 0]
            near, far = np.where(good, middle, near), np.where(good, far, middle)
        return near

    left, right = kept.argmax(axis=1), last - kept[:, ::-1].argmax(axis=1)
    lowest, highest = edge(left, np.maximum(left - 1, 0)), edge(right, np.minimum(right + 1, last))
    return float(lowest[some].min()), float(highest[some].max())


def _relative(c: _Coefficients, mbar: float, level: float) -> tuple[float, float]:
    low, high = _furthest(_polyhedra(c, mbar, level))
    return (c.estimate - high) * c.scale, (c.estimate - low) * c.scale


def relative_magnitudes(
    betahat: ArrayLike,
    sigma: ArrayLike,
    n_pre: int,
    n_post: int,
    l_vec: ArrayLike,
    mbar: float,
    *,
    level: float,
) -> tuple[float, float]:
    """The C-LF confidence set for l' tau under Delta^RM(``mbar``), as the interval from its lowest to its highest value.

    Args:
        betahat: (n_pre + n_post,) in order of time, the base between the two parts left out.
        sigma: (n_pre + n_post, n_pre + n_post), its covariance.
        l_vec: (n_post,).

    Raises:
        ValueError: shapes that do not fit, or coefficients without error.
    """
    if not mbar >= 0:
        raise ValueError(f"mbar must not be negative: {mbar}")
    return _relative(_read(betahat, sigma, n_pre, n_post, l_vec), mbar, level)


# Smoothness ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Affine:
    """The affine estimators on the frontier of bias and variance.

    Attributes:
        knots: (K, n_pre - 1) values of u, from the least bias to the least variance; linear in between.
        q, c, v: the variance is u'q u + 2 c'u + v.
        least: bias over M that no estimator avoids.
        origin, turn: the weights before the base are origin + turn @ u.
    """

    knots: Floats
    q: Floats
    c: Floats
    v: float
    least: float
    origin: Floats
    turn: Floats


def _frontier(b: _Coefficients) -> _Affine:
    """Coordinates of the problem of eq. 17, and its solutions for each bias.

    delta_t = slope t + sum_j (distance of t beyond j, away from the base) e_j with e_j the second difference at j; the
    weights v must cancel the slope, and load on e_j before the base by u_j.
    """
    import numpy as np

    n, m = b.n_pre, len(b.weights)
    before, after = np.arange(-n, 0.0), np.arange(1.0, m + 1)
    loads = np.vstack([before, *(np.maximum(j - before, 0.0) for j in range(-1, -n, -1))])
    solved = np.linalg.inv(loads)
    origin, turn = solved[:, 0] * -float(b.weights @ after), solved[:, 1:]
    pre, cross = b.cov[:n, :n], b.cov[:n, n:] @ b.weights
    q, c = turn.T @ pre @ turn, turn.T @ (pre @ origin + cross)
    v = float(origin @ pre @ origin + 2 * origin @ cross + b.weights @ b.cov[n:, n:] @ b.weights)
    joint = np.block([[pre, cross[:, None]], [cross[None, :], np.ones((1, 1))]])
    spread = np.sqrt(np.maximum(np.diag(joint), TINY))
    if np.linalg.eigvalsh(joint / np.outer(spread, spread)).min() < TINY:
        raise ValueError("the covariance of the coefficients is not of full rank")
    least = sum(abs(float(b.weights @ np.maximum(after - j, 0.0))) for j in range(m))
    return _Affine(_lasso_path(q, c), q, c, v, least, origin, turn)


def _lasso_path(q: Floats, c: Floats) -> Floats:
    """(K, p) knots of argmin u'q u / 2 + c'u + penalty |u|_1 as the penalty falls from where u = 0 to zero."""
    import numpy as np

    p = len(c)
    u, knots = np.zeros(p), [np.zeros(p)]
    if p == 0 or not np.abs(c).max() > 0:
        return np.array(knots)
    penalty = float(np.abs(c).max())
    active = [int(np.abs(c).argmax())]
    signs = {active[0]: -float(np.sign(c[active[0]]))}
    left = -1
    for _ in range(20 * p + 20):
        s = np.array([signs[j] for j in active])
        block = q[np.ix_(active, active)]
        start, move = -np.linalg.solve(block, c[active]), -np.linalg.solve(block, s)  # u = start + penalty * move
        level = c + q[:, active] @ start  # gradient = level + penalty * slope
        slope = q[:, active] @ move
        # The next penalty below this one at which a coordinate joins, or one of the active reaches zero.
        step, event, joins = 0.0, -1, 0.0
        for j in range(p):
            if j in signs:
                at = -start[active.index(j)] / move[active.index(j)] if move[active.index(j)] else np.inf
                now = start[active.index(j)] + penalty * move[active.index(j)]
                if step < at < penalty * (1 - 1e-12) and abs(now) > 0:
                    step, event, joins = float(at), j, 0.0
            else:
                for sign in (1.0, -1.0):
                    gap = sign - slope[j]
                    at = level[j] / gap if gap else np.inf
                    # One that has just left meets its bound here and now; only a later meeting counts.
                    if step < at < penalty * (1 - (1e-9 if j == left else -1e-12)):
                        step, event, joins = float(min(at, penalty)), j, -sign
        u = np.zeros(p)
        u[active] = start + step * move
        knots.append(u)
        if event < 0:
            break
        penalty, left = step, -1
        if joins:
            active.append(event)
            signs[event] = joins
        else:
            active.remove(event)
            del signs[event]
            left = event
    return np.array(knots)


def _folded(shift: float, level: float) -> float:
    """The ``level`` quantile of abs(N(shift, 1)), ``shift`` >= 0."""
    from scipy import optimize, special

    def short(k: float) -> float:
        return float(special.ndtr(k - shift) - special.ndtr(-k - shift)) - level

    low, high = shift + float(special.ndtri(level)), shift + float(special.ndtri((1 + level) / 2))
    return float(optimize.brentq(short, max(low - 1e-6, 0.0), high + 1e-6, xtol=1e-13))


def _smooth(b: _Coefficients, line: _Affine, m: float, level: float) -> tuple[float, float]:
    import numpy as np
    from scipy import optimize

    last = len(line.knots) - 1

    def at(position: float) -> Floats:
        k = min(int(position), last - 1)
        return np.asarray(line.knots[k] + (position - k) * (line.knots[k + 1] - line.knots[k]))

    def half(u: Floats) -> float:
        sd: float = max(float(u @ line.q @ u + 2 * line.c @ u) + line.v, TINY) ** 0.5
        return sd * _folded(m / b.scale * (line.least + float(np.abs(u).sum())) / sd, level)

    best = line.knots[-1]
    if m > 0 and last > 0:
        found = optimize.minimize_scalar(
            lambda z: half(at(z)), bounds=(0, last), method="bounded", options={"xatol": 1e-8}
        )
        best = min((at(float(found.x)), line.knots[0], line.knots[-1]), key=half)
    value, length = b.estimate + float((line.origin + line.turn @ best) @ b.pre), half(best)
    return (value - length) * b.scale, (value + length) * b.scale


def smoothness(
    betahat: ArrayLike,
    sigma: ArrayLike,
    n_pre: int,
    n_post: int,
    l_vec: ArrayLike,
    m: float,
    *,
    level: float,
) -> tuple[float, float]:
    """The shortest fixed-length interval (FLCI) for l' tau under Delta^SD(``m``); shapes as :func:`relative_magnitudes`.

    Its half-length is sd times the ``level`` quantile of abs(N(largest bias / sd, 1)) (eq. 18), at the best weights.

    Raises:
        ValueError: shapes that do not fit, or a covariance without full rank, which would allow an error-free estimator.
    """
    if not m >= 0:
        raise ValueError(f"m must not be negative: {m}")
    b = _read(betahat, sigma, n_pre, n_post, l_vec)
    return _smooth(b, _frontier(b), m, level)


def breakdown(
    betahat: ArrayLike,
    sigma: ArrayLike,
    n_pre: int,
    n_post: int,
    l_vec: ArrayLike,
    *,
    level: float,
    departure: Departure = "relative_magnitudes",
    most: float | None = None,
) -> Breakdown:
    """The largest mbar (or M) whose set excludes zero, by bisection: the sets are taken to grow with it.

    Args:
        most: the largest departure looked at; by default as large as it takes.
    """
    b = _read(betahat, sigma, n_pre, n_post, l_vec)
    line = _frontier(b) if departure == "smoothness" else None

    def found(size: float) -> tuple[float, float]:
        return _relative(b, size, level) if line is None else _smooth(b, line, size, level)

    def excludes(size: float) -> bool:
        low, high = found(size)
        return low > 0 or high < 0

    none = found(0.0)
    if not (none[0] > 0 or none[1] < 0):
        return Breakdown(0.0, *none)
    low, high = 0.0, most if most is not None else b.scale if line else 1.0
    while excludes(high):
        if most is not None or high > 1e6 * (b.scale if line else 1.0):
            return Breakdown(None, *none)
        low, high = high, 2 * high
    for _ in range(16):
        middle = (low + high) / 2
        low, high = (middle, high) if excludes(middle) else (low, middle)
    return Breakdown(low, *none)
