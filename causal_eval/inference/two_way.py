r"""Two-way fixed effects on units x periods arrays: exact, weighted, unbalanced, without dummies for units.

The model is y_it = alpha_i + gamma_t + D_i F_t' beta + e_it with weights w_it (0 where missing). Weighted demeaning
within units removes alpha_i; what is left is a regression on the T demeaned period dummies and the K demeaned
regressors, whose normal equations need only T x T and T x K sums over units (Frisch-Waugh-Lovell). With
W_i = sum_t w_it:

    E'E = diag(sum_i w_it) - sum_i w_it w_is / W_i
    E'Z = sum_i D_i w_it (F_tk - Fbar_ik)            Fbar_ik = sum_t w_it F_tk / W_i
    Z'Z = sum_i D_i (sum_t w_it F_tk F_tl - W_i Fbar_ik Fbar_il)

The first period dummy is dropped. Unit i's score is s_i = (w_it e_it)_t, (D_i sum_t w_it F_tk e_it)_k: within a
unit weighted residuals sum to zero, so demeaning the regressors changes nothing. The covariance is
B^-1 (sum_c s_c s_c') B^-1. With a balanced unweighted panel and one adoption date beta is the difference of mean
changes, and the influence of unit i is the deviation of its change from its group's mean change, over the group's
size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.inference.regression import Fit, NotIdentified, Vcov, cluster_sums, clustered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.cohort_means import CohortMeans

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Equations:
    """The normal equations of one treated set: bread (P, P), and what makes a right-hand side from outcomes."""

    bread: Floats
    unit_weight: Floats
    mean_f: Floats


def _equations(w: Floats, treated: Bools, f: Floats) -> _Equations:
    import numpy as np

    total = w.sum(axis=1)
    share = w / total[:, None]
    ee = np.diag(w.sum(axis=0)) - w.T @ share
    mean_f = share @ f
    wt = w[treated]
    ez = wt.sum(axis=0)[:, None] * f - wt.T @ mean_f[treated]
    zz = (f * wt.sum(axis=0)[:, None]).T @ f - (mean_f[treated] * total[treated, None]).T @ mean_f[treated]
    full = np.block([[ee[1:, 1:], ez[1:]], [ez[1:].T, zz]])
    scale = np.sqrt(np.diag(full).clip(1e-300))
    if np.linalg.matrix_rank(full / np.outer(scale, scale), hermitian=True, tol=1e-10) < len(full):
        raise NotIdentified("the treatment cannot be told apart from the unit and period effects")
    return _Equations(np.linalg.inv(full), total, mean_f)


def _solve(eq: _Equations, y: Floats, w: Floats, treated: Bools, f: Floats) -> tuple[Floats, Floats]:
    """(n, T) outcomes demeaned within units, and the (T-1 + K,) coefficients of period dummies and regressors."""
    import numpy as np

    y0 = np.where(w > 0, y, 0.0)
    centred: Floats = y0 - ((w * y0).sum(axis=1) / eq.unit_weight)[:, None]
    wy = w * centred
    rhs = np.concatenate([wy.sum(axis=0)[1:], f.T @ wy[treated].sum(axis=0)])
    return centred, eq.bread @ rhs


def two_way_coefficients(y: Floats, w: Floats, treated: Bools, f: Floats) -> Floats:
    """(K,) coefficients alone. Arguments as in :func:`two_way`."""
    return _solve(_equations(w, treated, f), y, w, treated, f)[1][-f.shape[1] :]


def two_way(y: Floats, w: Floats, treated: Bools, f: Floats, cluster: Ints, *, vcov: Vcov, nested: bool) -> Fit:
    """Coefficients of ``treated_i * f_t`` beside unit and period effects.

    Args:
        y: (n, T) outcomes; ignored where the weight is 0.
        w: (n, T) weights; every unit and every period has some.
        treated: (n,).
        f: (T, K) time patterns of the regressors, such as a post indicator or event-time dummies.
        cluster: (n,) codes 0..G-1; rows of a unit are always in its cluster.
        vcov: covariance, as in :mod:`causal_eval.inference.regression`.
        nested: whether units are nested in clusters (then unit effects do not count as parameters).

    Raises:
        NotIdentified: the treatment is a combination of the effects, or no freedom is left.
    """
    import numpy as np

    n_units, n_periods = w.shape
    k = f.shape[1]
    eq = _equations(w, treated, f)
    centred, beta = _solve(eq, y, w, treated, f)
    gamma = np.concatenate([[0.0], beta[: n_periods - 1]])
    pattern = f @ beta[n_periods - 1 :]
    fitted = gamma[None, :] + treated[:, None] * pattern[None, :]
    e = centred - (fitted - ((w * fitted).sum(axis=1) / eq.unit_weight)[:, None])
    we = w * e
    n_rows = int((w > 0).sum())
    coef = beta[n_periods - 1 :]
    if vcov == "cluster":
        scores = np.hstack([we[:, 1:], treated[:, None] * (we @ f)])
        sums = cluster_sums(scores, cluster, int(cluster.max()) + 1)
        influence = (sums @ eq.bread)[:, n_periods - 1 :]
        return clustered(coef, influence, n_rows=n_rows, n_params=k + n_periods + (0 if nested else n_units - 1))
    bread = eq.bread
    free = n_rows - (k + n_periods + n_units - 1)
    if free <= 0:
        raise NotIdentified("as many parameters as rows: no error to estimate")
    own = slice(n_periods - 1, None)
    if vcov == "iid":
        return Fit(coef, float((we * e).sum()) / free * bread[own, own], float(free), n_rows, None, None, 1.0)
    share = w / eq.unit_weight[:, None]
    meat = np.zeros_like(bread)
    for t in range(n_periods):
        period = -share.copy()
        period[:, t] += 1.0
        x = np.hstack([period[:, 1:], treated[:, None] * (f[t][None, :] - eq.mean_f)])
        u2 = we[:, t] ** 2
        if vcov == "hc2":
            h = w[:, t] * np.einsum("ij,jk,ik->i", x, bread, x) + share[:, t]
            u2 = u2 / np.maximum(1 - h, 1e-12)
        meat += x.T @ (x * u2[:, None])
    scale = n_rows / free if vcov == "hc1" else 1.0
    return Fit(coef, (scale * bread @ meat @ bread)[own, own], float(free), n_rows, None, None, scale)


def mean_influence(y: Floats, w: Floats, cells: Bools, cluster: Ints) -> tuple[float, Floats]:
    """The weighted mean of y over the (n, T) mask ``cells``, and the (G,) cluster sums of its influence function."""
    import numpy as np

    weight = w * cells
    total = float(weight.sum())
    y0 = np.where(weight > 0, y, 0.0)
    mean = float((weight * y0).sum()) / total
    psi = (weight * (y0 - mean)).sum(axis=1) / total
    return mean, cluster_sums(psi[:, None], cluster, int(cluster.max()) + 1)[:, 0]


@dataclass(frozen=True, slots=True)
class StaggeredTwoWay:
    """Two-way coefficient of a treatment that starts at different times.

    Attributes:
        fit: K = 1.
        negative_share: sum of the negative weights that the coefficient puts on treated cells' effects, as a share of
            all weight taken by size (de Chaisemartin & D'Haultfoeuille 2020, theorem 1).
        n_negative: treated cells with a negative weight; n_treated: treated cells.
    """

    fit: Fit
    negative_share: float
    n_negative: int
    n_treated: int


def two_way_treatment(y: Floats, w: Floats, d: Floats, cluster: Ints, *, vcov: Vcov, nested: bool) -> StaggeredTwoWay:
    """Coefficient of ``d`` (n, T) beside unit and period effects. Other arguments as in :func:`two_way`.

    Raises:
        NotIdentified: ``d`` is a combination of the effects.
    """
    import numpy as np

    from causal_eval.inference.regression import least_squares

    n_units, n_periods = w.shape
    total = w.sum(axis=1)
    share = w / total[:, None]
    ee = np.diag(w.sum(axis=0)) - w.T @ share

    def residual(values: Floats) -> Floats:
        centred = values - (share * values).sum(axis=1, keepdims=True)
        gamma = np.zeros(n_periods)
        gamma[1:] = np.linalg.solve(ee[1:, 1:], (w * centred).sum(axis=0)[1:])
        left: Floats = centred - (gamma[None, :] - share @ gamma[:, None])
        return left

    seen = w > 0
    dt = residual(np.where(seen, d, 0.0))
    if not (w * dt * dt).sum() > 1e-10 * (w * d * d).sum():
        raise NotIdentified("the treatment cannot be told apart from the unit and period effects")
    yt = residual(np.where(seen, y, 0.0))
    unit = np.nonzero(seen)[0]
    absorbed = n_units + n_periods - 1
    leverage = None
    if vcov == "hc2":
        period = np.eye(n_periods)[None, :, 1:] - share[:, None, 1:]
        h = w * np.einsum("itj,jk,itk->it", period, np.linalg.inv(ee[1:, 1:]), period) + share
        leverage = h[seen]
    fit = least_squares(
        yt[seen],
        dt[seen][:, None],
        w[seen],
        vcov=vcov,
        cluster=cluster[unit],
        n_absorbed=absorbed,
        n_nested=n_units - 1 if nested and vcov == "cluster" else 0,
        leverage=leverage,
    )
    weight = (w * dt)[seen & (d > 0)]
    negative = abs(float(weight[weight < 0].sum())) / float(np.abs(weight).sum())
    return StaggeredTwoWay(fit, negative, int((weight < 0).sum()), int(weight.size))


def two_way_of_means(means: CohortMeans, d: Bools) -> StaggeredTwoWay:
    r"""The same from cohort means, where every unit is seen in every period with one weight s_i; clustered by ``means``' groups.

    With S_c = sum s_i, d~_c the residual of the cohort's treatment on cohort and period effects (weights S_c), m~_c that of its
    means, and Q = sum_c S_c d~_c'd~_c, the coefficient is b = sum_c S_c d~_c'm_c / Q. A unit's residual path is m~_c - b d~_c plus its
    demeaned deviation from m_c, which d~_c, summing to zero over time, does not feel demeaned: its score is
    d~_c'(S_c u_i + s_i (m~_c - b d~_c)) with u_i of :mod:`causal_eval.inference.cohort_means`. No unit's residuals are needed.

    Args:
        means: ``short`` ones.
        d: (C, T) whether the cohort is treated in the period.

    Raises:
        NotIdentified: ``d`` is a combination of the effects.
    """
    import numpy as np

    from causal_eval.inference.cohort_means import Maps
    from causal_eval.inference.regression import cr1

    size, n = means.size, means.n[:, 0]
    C, T = d.shape

    def residual(values: Floats) -> Floats:
        centred = values - values.mean(axis=1, keepdims=True)
        return np.asarray(centred - size @ centred / size.sum())

    dt = residual(d.astype(float))
    scale = float(size @ (dt**2).sum(axis=1))
    if not scale > 1e-10 * float(size @ d.sum(axis=1)):
        raise NotIdentified("the treatment cannot be told apart from the unit and period effects")
    coef = np.array([float(size @ (dt * means.mean).sum(axis=1)) / scale])
    left = residual(means.mean) - coef[0] * dt
    p = (size[:, None] * dt / scale)[:, None, :]
    maps = Maps(p, np.zeros((C, 1, T)), ((dt * left).sum(axis=1) / scale)[:, None])
    n_rows = int(means.n.sum())
    factor = cr1(n_rows, 1 + T, means.n_groups)
    fit = Fit(coef, factor * means.covariance(maps), float(means.n_groups - 1), n_rows, means.n_groups, None, factor)
    weight = size[:, None] * dt
    below = d & (weight < 0)
    share = abs(float(weight[below].sum())) / float(np.abs(weight[d]).sum())
    return StaggeredTwoWay(fit, share, int(n @ below.sum(axis=1)), int(n @ d.sum(axis=1)))
