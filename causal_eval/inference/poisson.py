"""Poisson pseudo-likelihood difference-in-differences: parallel trends in ratios, effects in the metric's own units.

E[y_it | alpha_i] = exp(alpha_i + gamma_t + beta D_it + x_it' delta). With S_i = sum_t w_it y_it and
p_it = w_it exp(x_it' b) / sum_s w_is exp(x_is' b) the effects alpha_i drop out of the likelihood, and b solves
sum_it x_it (w_it y_it - S_i p_it) = 0 (Hausman, Hall & Griliches 1984, eq. 2.4; Wooldridge 1999: only the mean needs to
be right). Newton's steps on that likelihood, which is concave.

The effect on the treated is ybar (1 - exp(-beta)), ybar their mean outcome after the launch (Wooldridge 2023,
Econometrics Journal 26, eq. 3.6): its ratio to the counterfactual is exp(beta) - 1. Event time by event time likewise.
Errors by the delta method from the joint influence of (b, ybar), with CR1's or HC1's factor
(:mod:`causal_eval.inference.regression`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.inference.difference import Difference, Windows
from causal_eval.inference.regression import Fit, NotIdentified

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

MOST_STEPS = 100
TOLERANCE = 1e-10
FARTHEST = 30.0
"""A coefficient beyond this is a mean of zero or infinity: the data separate."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """A fitted Poisson regression with effects of units or groups taken out.

    Attributes:
        coef: (K,).
        influence: (N, K) of the rows; their sums over clusters give the sandwich.
        kept: columns of ``x`` that are not a combination of the earlier ones and the effects.
        seen: (N,) rows of units whose outcomes are not all zero; the others say nothing.
    """

    coef: Floats
    influence: Floats
    kept: tuple[int, ...]
    seen: Bools


def poisson(y: Floats, w: Floats, first: Ints, x: Floats) -> Counts:
    """Poisson regression of ``y`` (N,) on ``x`` (N, K) with one effect for each code of ``first`` (N,).

    Raises:
        NotIdentified: a column separates zeros from the rest (its coefficient is infinite), or Newton's steps do not settle.
    """
    import numpy as np

    n_first = int(first.max()) + 1
    totals = np.bincount(first, weights=w * y, minlength=n_first)
    seen = totals[first] > 0
    f, ys, ws = np.unique(first[seen], return_inverse=True)[1], y[seen], w[seen]
    total = np.bincount(f, weights=ws * ys)

    def within(columns: Floats, mass: Floats) -> Floats:
        """Columns less their mean within each effect, rows weighted by ``mass``."""
        size = np.bincount(f, weights=mass)
        means = np.stack([np.bincount(f, weights=mass * c) / size for c in columns.T], axis=1)
        out: Floats = columns - means[f]
        return out

    kept = _independent(within(x[seen], ws) * np.sqrt(ws)[:, None])
    xs = x[seen][:, kept]
    b = np.zeros(len(kept))

    def means(b: Floats) -> tuple[Floats, float]:
        index = xs @ b
        top = np.full(len(total), -np.inf)
        np.maximum.at(top, f, index)
        share = ws * np.exp(index - top[f])
        size = np.bincount(f, weights=share)
        likelihood = float((ws * ys) @ (index - top[f]) - total @ np.log(size))
        return total[f] * share / size[f], likelihood

    mu, value = means(b)
    for _ in range(MOST_STEPS):
        score = xs.T @ (ws * ys - mu)
        residual = within(xs, mu)
        information = residual.T @ (residual * mu[:, None])
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError as e:
            raise NotIdentified("a period or group without any events: its rate has no logarithm") from e
        length = 1.0
        while True:
            new, better = means(b + length * step)
            if better >= value - 1e-12 * abs(value) or length < 1e-6:
                break
            length /= 2
        b, mu, value = b + length * step, new, better
        if np.abs(b).max(initial=0.0) > FARTHEST * (1 + np.abs(xs).max(initial=0.0)):
            raise NotIdentified("a period or group without any events: its rate has no logarithm")
        if float(score @ step) < TOLERANCE**2 * max(1.0, abs(value)) or np.abs(step).max(initial=0.0) < TOLERANCE:
            break
    else:
        raise NotIdentified("the Poisson likelihood has no maximum here: look for periods or groups without any events")
    residual = within(xs, mu)
    bread = np.linalg.inv(residual.T @ (residual * mu[:, None]))
    influence = np.zeros((len(y), len(kept)))
    influence[seen] = (residual * (ws * ys - mu)[:, None]) @ bread
    return Counts(b, influence, kept, seen)


def _independent(x: Floats) -> tuple[int, ...]:
    """Columns that add to the span of those before them."""
    import numpy as np

    gram = x.T @ x
    size = np.diag(gram).copy()
    kept: list[int] = []
    for j in range(len(gram)):
        if size[j] <= 0:
            continue
        if kept:
            part = np.linalg.lstsq(gram[np.ix_(kept, kept)], gram[kept, j], rcond=None)[0]
            left = gram[j, j] - gram[kept, j] @ part
        else:
            left = gram[j, j]
        if left > 1e-9 * size[j]:
            kept.append(j)
    return tuple(kept)


def from_counts(
    y: Floats,
    w: Floats,
    treated: Bools,
    period: Ints,
    first: Ints,
    x: Floats,
    cluster: Ints | None,
    windows: Windows,
    *,
    events: bool,
) -> Difference:
    """The difference-in-differences of :func:`causal_eval.inference.difference.from_rows`, in ratios.

    Args:
        y: (N,) outcomes, zero or more. The other arrays as in ``from_rows``; ``first`` (N,) units, or the two groups.
        cluster: (N,) codes, or None for HC1 by row.

    Raises:
        NotIdentified: a negative outcome, no events where the effect is read off, or effects that repeat the treatment.
    """
    import numpy as np

    from causal_eval.inference.regression import cluster_sums

    if float(y[w > 0].min(initial=0.0)) < 0:
        raise NotIdentified("outcomes below zero have no Poisson mean")

    def fit(rows: Bools, patterns: Floats) -> tuple[Fit, float, Floats, tuple[int, ...]]:
        yr, wr, dr, tr = y[rows], w[rows], treated[rows], period[rows]
        d = dr[:, None] * patterns[tr]
        k = d.shape[1]
        for column in d.T:
            if not (wr * yr)[column > 0].sum() > 0:
                raise NotIdentified("the treated have no events in one of the periods: its rate has no logarithm")
        times = np.unique(tr)
        dummies = (tr[:, None] == times[None, 1:]).astype(float)
        codes = np.unique(first[rows], return_inverse=True)[1].astype(np.int64)
        # Treatment last, so that what repeats it is kept and the treatment is missed.
        regressors = np.column_stack([dummies, x[rows], d])
        at = regressors.shape[1] - k
        found = poisson(yr, wr, codes, regressors)
        if set(range(at, at + k)) - set(found.kept):
            raise NotIdentified("the fixed effects or covariates explain the treatment whole")
        place = [found.kept.index(at + j) for j in range(k)]
        gone = tuple(j for j in range(x.shape[1]) if len(times) - 1 + j not in found.kept)
        b, influence = found.coef[place], found.influence[:, place]
        groups = None if cluster is None else np.unique(cluster[rows], return_inverse=True)[1].astype(np.int64)
        # Rows: the treated rows each coefficient is about, their mean outcome and its influence.
        observed, value = np.empty(k), np.empty(k)
        joint, mean = np.empty((len(yr), k)), np.empty((len(yr), k))
        for j, column in enumerate(d.T):
            on = column > 0
            size = wr[on].sum()
            observed[j] = (wr * yr)[on].sum() / size
            value[j] = observed[j] * (1 - np.exp(-b[j]))
            mean[:, j] = np.where(on, wr * (yr - observed[j]), 0.0) / size
            joint[:, j] = (1 - np.exp(-b[j])) * mean[:, j] + observed[j] * np.exp(-b[j]) * influence[:, j]
        n = int(((wr > 0) & found.seen).sum())
        errors = _errors(value, joint, groups, codes, n, len(found.kept))
        both = np.column_stack([joint[:, 0], mean[:, 0]])
        if groups is not None:
            both = cluster_sums(both, groups, int(groups.max()) + 1)
        return errors, float(observed[0]), errors.scale * both.T @ both, gone

    used = windows.used[period]
    static, observed, joint, gone = fit(used, windows.post.astype(float)[:, None])
    ds, ts, ys, ws = treated[used], period[used], y[used], w[used]
    before, after = ds & windows.pre[ts], ds & windows.post[ts]
    fitted = fit(np.ones(len(y), dtype=bool), windows.dummies())[0] if events else None
    path = np.array(
        [np.average(y[treated & (period == p)], weights=w[treated & (period == p)]) for p in range(len(windows.pre))]
    )
    return Difference(
        static,
        fitted,
        float((ws * ys)[before].sum() / ws[before].sum()),
        observed,
        joint,
        path,
        int(after.sum()),
        float(ws[after].sum()),
        gone,
    )


def _errors(value: Floats, influence: Floats, cluster: Ints | None, first: Ints, n: int, k: int) -> Fit:
    from causal_eval.inference.absorbed import count_effects
    from causal_eval.inference.regression import cluster_sums, clustered

    absorbed, nested = count_effects([first], cluster)
    if cluster is None:
        free = n - k - absorbed
        if free <= 0:
            raise NotIdentified("as many parameters as rows: no error to estimate")
        return Fit(value, n / free * influence.T @ influence, float(free), n, None, None, n / free)
    sums = cluster_sums(influence, cluster, int(cluster.max()) + 1)
    return clustered(value, sums, n_rows=n, n_params=k + absorbed - nested)
