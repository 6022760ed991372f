"""Two-way difference-in-differences with one adoption date, from whichever form of the data is the smallest exact one.

Three ways to the same regression of the outcome on period effects, unit (or group) effects and the treatment:

- :func:`from_units`: units x periods arrays; weighted and unbalanced panels included;
- :func:`from_cells`: group x period x cluster sums; repeated cross-sections, and ratio metrics, whose group means are
  ratios of totals;
- :func:`from_rows`: rows; covariates and further absorbed effects, through linearmodels.

Each gives the static coefficient (post x treated, over the headline's periods) and the event-study coefficients
(treated x period, base period left out).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.inference.regression import Fit, NotIdentified, Vcov

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.cell_regression import CellSums

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Windows:
    """The T periods: (T,) masks of the headline's pre- and post-periods, and the position of the base period."""

    pre: Bools
    post: Bools
    base: int

    @property
    def used(self) -> Bools:
        """(T,) the periods of the headline."""
        return self.pre | self.post

    @property
    def others(self) -> Ints:
        """(T-1,) positions of the event-study coefficients."""
        import numpy as np

        return np.array([t for t in range(len(self.pre)) if t != self.base], dtype=np.int64)

    def dummies(self) -> Floats:
        """(T, T-1) event-time dummies without the base period."""
        import numpy as np

        return np.eye(len(self.pre))[:, self.others]


@dataclass(frozen=True, slots=True)
class Difference:
    """A fitted difference-in-differences.

    Attributes:
        static: K = 1.
        events: K = T - 1, or None where not asked for or not identified.
        baseline: mean outcome of the treated over the headline's pre-periods.
        observed: the same over its post-periods.
        joint: (2, 2) covariance of (effect, observed).
        treated_path: (T,) mean outcome of the treated by period.
        n_treated_post: treated rows in the headline's post-periods, and their weight.
        dropped_covariates: positions of covariates that the effects explain whole.
    """

    static: Fit
    events: Fit | None
    baseline: float
    observed: float
    joint: Floats
    treated_path: Floats
    n_treated_post: int
    weight_treated_post: float
    dropped_covariates: tuple[int, ...] = ()


def _joint(static: Fit, observed_influence: Floats | None, observed_variance: float) -> Floats:
    """Covariance of (effect, observed mean); with no cluster influence at hand the two are taken as uncorrelated."""
    import numpy as np

    v = float(static.cov[0, 0])
    if static.influence is None or observed_influence is None:
        return np.array([[v, 0.0], [0.0, observed_variance]])
    both = np.column_stack([static.influence[:, 0], observed_influence])
    return static.scale * both.T @ both


def from_units(
    y: Floats, w: Floats, treated: Bools, cluster: Ints, windows: Windows, *, vcov: Vcov, nested: bool, events: bool
) -> Difference:
    """From (n, T) outcomes and weights. Arguments as in :func:`causal_eval.inference.two_way.two_way`."""
    import numpy as np

    from causal_eval.inference.two_way import mean_influence, two_way

    used = windows.used
    seen = w[:, used].sum(axis=1) > 0
    ys, ws, ds, cs = y[seen][:, used], w[seen][:, used], treated[seen], cluster[seen]
    _codes, cs = np.unique(cs, return_inverse=True)
    post = windows.post[used].astype(float)[:, None]
    static = two_way(ys, ws, ds, post, cs.astype(np.int64), vcov=vcov, nested=nested)
    after = ds[:, None] & (post[:, 0] > 0)[None, :]
    observed, influence = mean_influence(ys, ws, after, cs.astype(np.int64))
    baseline, _ = mean_influence(ys, ws, ds[:, None] & ~(post[:, 0] > 0)[None, :], cs.astype(np.int64))
    fit = two_way(y, w, treated, windows.dummies(), cluster, vcov=vcov, nested=nested) if events else None
    y0 = np.where(w > 0, y, 0.0)
    path = (w * y0)[treated].sum(axis=0) / w[treated].sum(axis=0)
    return Difference(
        static,
        fit,
        baseline,
        observed,
        _joint(static, influence, float(influence @ influence)),
        path,
        int((ws > 0)[after].sum()),
        float(ws[after].sum()),
    )


def from_cells(
    sums: CellSums, treated: Bools, period: Ints, windows: Windows, *, vcov: Vcov, events: bool
) -> Difference:
    """From the sums of each (group, period, cluster): ``treated`` (M,), ``period`` (M,) position 0..T-1.

    Group effects take the place of unit effects. ``sums.wy`` is measured from zero.
    """
    import numpy as np

    from causal_eval.inference.cell_regression import CellSums, cell_regression
    from causal_eval.inference.regression import cluster_sums

    n_periods = len(windows.pre)

    def design(rows: Bools, patterns: Floats) -> tuple[CellSums, Floats, Bools, Ints]:
        d, t = treated[rows], period[rows]
        present = np.unique(t)
        effects = [np.ones(rows.sum()), d.astype(float), *[(t == p).astype(float) for p in present[1:]]]
        x = np.column_stack([d[:, None] * patterns[t], *effects])
        fields = {f: getattr(sums, f)[rows] for f in CellSums.__slots__}
        if (fields["cluster"] >= 0).all():
            fields["cluster"] = np.unique(fields["cluster"], return_inverse=True)[1].astype(np.int64)
        return CellSums(**fields), x, d, t

    used = windows.used[period]
    part, x, d, t = design(used, windows.post.astype(float)[:, None])
    whole = cell_regression(part, x, vcov=vcov)
    static = _first(whole, 1)
    after = d & windows.post[t]
    observed = float(part.wy[after].sum() / part.w[after].sum())
    before = d & windows.pre[t]
    baseline = float(part.wy[before].sum() / part.w[before].sum())
    influence = None
    squares = (part.w2y2 - 2 * observed * part.w2y + observed**2 * part.w2)[after].sum() / part.w[after].sum() ** 2
    if (part.cluster >= 0).all():
        psi = np.where(after, part.wy - part.w * observed, 0.0) / part.w[after].sum()
        influence = cluster_sums(psi[:, None], part.cluster, int(part.cluster.max()) + 1)[:, 0]
    joint = _joint(static, influence, float(squares))
    if influence is None:
        # Rows are independent: the effect's influence of a treated post row is known, and only those overlap.
        k = np.linalg.inv(x.T @ (x * part.w[:, None]))
        lead = (x @ k)[:, 0]
        fit = x @ whole.coef
        cross = lead * (part.w2y2 - (fit + observed) * part.w2y + fit * observed * part.w2)
        joint[0, 1] = joint[1, 0] = float(cross[after].sum() / part.w[after].sum())
    fitted = None
    if events:
        every = np.ones(len(period), dtype=bool)
        part_e, x_e, _, _ = design(every, windows.dummies())
        fitted = _first(cell_regression(part_e, x_e, vcov=vcov), n_periods - 1)
    path = np.array(
        [sums.wy[treated & (period == p)].sum() / sums.w[treated & (period == p)].sum() for p in range(n_periods)]
    )
    return Difference(
        static, fitted, baseline, observed, joint, path, int(part.n[after].sum()), float(part.w[after].sum())
    )


def _first(fit: Fit, k: int) -> Fit:
    """The first ``k`` coefficients of a fit."""
    influence = None if fit.influence is None else fit.influence[:, :k]
    return Fit(fit.coef[:k], fit.cov[:k, :k], fit.df, fit.n_rows, fit.n_clusters, influence, fit.scale)


def from_rows(
    y: Floats,
    w: Floats,
    treated: Bools,
    period: Ints,
    effects: Sequence[Ints],
    x: Floats,
    cluster: Ints | None,
    windows: Windows,
    *,
    vcov: Vcov,
    events: bool,
) -> Difference:
    """From N rows, with covariates ``x`` (N, P) and absorbed ``effects`` (each (N,) codes; units or groups, periods, ...).

    ``cluster`` None: each row is its own cluster. ``vcov`` "cr2" takes rows as equally weighted; "two_way" clusters by
    ``cluster`` and by period. Both need ``cluster``.

    Raises:
        NotIdentified: the effects or covariates explain the treatment whole, or CR2's dummies would not fit in memory.
    """
    import numpy as np

    from causal_eval.inference.absorbed import absorb, count_effects
    from causal_eval.inference.regression import cluster_sums, least_squares

    def fit(rows: Bools, patterns: Floats) -> tuple[Fit, tuple[int, ...], Ints | None]:
        d = treated[rows][:, None] * patterns[period[rows]]
        k = d.shape[1]
        cuts = [np.unique(e[rows], return_inverse=True)[1].astype(np.int64) for e in effects]
        left = absorb(y[rows], np.column_stack([d, x[rows]]), cuts, w[rows])
        if left.kept[:k] != tuple(range(k)):
            raise NotIdentified("the fixed effects explain the treatment whole")
        codes = None if cluster is None else np.unique(cluster[rows], return_inverse=True)[1].astype(np.int64)
        if vcov == "cr2":
            assert codes is not None
            return (
                _cr2(y[rows], d, cuts, x[rows], codes),
                tuple(j - k for j in range(k, k + x.shape[1]) if j not in left.kept),
                codes,
            )
        total, nested = count_effects(cuts, codes)
        how: Vcov = "hc1" if vcov == "cluster" and codes is None else "cluster" if vcov == "two_way" else vcov
        leverage = _effect_leverage(cuts, w[rows]) if how == "hc2" else None
        try:
            found = least_squares(
                left.y,
                left.x,
                w[rows],
                vcov=how,
                cluster=codes,
                n_absorbed=total,
                n_nested=nested if how == "cluster" else 0,
                leverage=leverage,
            )
        except NotIdentified as e:
            raise NotIdentified(f"{e}: the treatment, a covariate or a fixed effect repeats another") from e
        if vcov == "two_way":
            assert codes is not None
            found = _both_ways(left.y, left.x, w[rows], cuts, codes, period[rows], found)
        gone = tuple(j - k for j in range(k, k + x.shape[1]) if j not in left.kept)
        return _first(found, k), gone, codes

    used = windows.used[period]
    static, gone, codes = fit(used, windows.post.astype(float)[:, None])
    ys, ws, ds, ts = y[used], w[used], treated[used], period[used]
    after, before = ds & windows.post[ts], ds & windows.pre[ts]
    observed = float((ws * ys)[after].sum() / ws[after].sum())
    baseline = float((ws * ys)[before].sum() / ws[before].sum())
    psi = np.where(after, ws * (ys - observed), 0.0) / ws[after].sum()
    influence = None if codes is None else cluster_sums(psi[:, None], codes, int(codes.max()) + 1)[:, 0]
    n_periods = len(windows.pre)
    fitted = fit(np.ones(len(y), dtype=bool), windows.dummies())[0] if events else None
    path = np.array(
        [np.average(y[treated & (period == p)], weights=w[treated & (period == p)]) for p in range(n_periods)]
    )
    return Difference(
        static,
        fitted,
        baseline,
        observed,
        _joint(static, influence, float(psi @ psi)),
        path,
        int(after.sum()),
        float(ws[after].sum()),
        gone,
    )


def _cr2(y: Floats, d: Floats, effects: Sequence[Ints], x: Floats, cluster: Ints) -> Fit:
    """CR2 with the fewest degrees of freedom that any of the coefficients has."""
    import numpy as np

    from causal_eval.inference.bias_reduced import TooLarge, bias_reduced

    try:
        found = bias_reduced(y, d, effects, x, cluster)
    except TooLarge as e:
        raise NotIdentified(
            'CR2 with this many effects would need their whole dummy matrix: use vcov = "cluster"'
        ) from e
    except ValueError as e:
        raise NotIdentified(str(e)) from e
    df = min(found.df(c) for c in np.eye(d.shape[1]))
    return Fit(found.coef, found.cov, df, len(y), int(cluster.max()) + 1, found.influence, 1.0)


def _both_ways(y: Floats, x: Floats, w: Floats, effects: Sequence[Ints], cluster: Ints, period: Ints, one: Fit) -> Fit:
    """The residualised regression with errors clustered by ``cluster`` and by period."""
    import numpy as np

    from causal_eval.inference.absorbed import count_effects
    from causal_eval.inference.regression import least_squares
    from causal_eval.inference.two_way_clusters import two_way_clusters

    times = np.unique(period, return_inverse=True)[1].astype(np.int64)
    cells = np.unique(np.stack([cluster, times]), axis=1, return_inverse=True)[1].astype(np.int64).ravel()
    fits = [least_squares(y, x, w, vcov="cluster", cluster=c) for c in (times, cells)]
    free = [e for e in effects if count_effects([e], cluster)[1] == 0 and count_effects([e], times)[1] == 0]
    n_params = x.shape[1] + (max(count_effects(free, None)[0], 1) if free else 1)
    return two_way_clusters(one, *fits, n_params=n_params)


def _effect_leverage(effects: Sequence[Ints], w: Floats) -> Floats:
    """(N,) leverage of absorbed effects, by dense dummies: for HC2 on data small enough to print."""
    import numpy as np

    size = sum(int(e.max()) + 1 for e in effects)
    if size * len(w) > 20_000_000:
        raise NotIdentified('HC2 with this many effects would need their whole dummy matrix: use vcov = "cluster"')
    x = np.hstack([np.eye(int(e.max()) + 1)[e] for e in effects]) * np.sqrt(w)[:, None]
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    leverage: Floats = (u[:, s > 1e-9 * s.max()] ** 2).sum(axis=1)
    return leverage
