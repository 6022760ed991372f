r"""Cohort means by period with the joint covariance of everything that is linear in them: the moments engine.

Let m_ct = sum_i w_it y_it / W_ct be the mean of cohort c in period t, W_ct = sum_i w_it. Unit i of cohort c moves it by

    u_it = w_it (y_it - m_ct) / W_ct                      (the influence of a weighted mean)

and moves the share of its cohort by v_it = w_it / W_ct and the cohort's size W_c = sum_i s_i by s_i, its mean weight. An
estimate theta = f(m, W) then has the influence function

    psi_i = sum_t P_ct u_it + sum_t Q_ct v_it + S_c s_i,      P = df/dm_ct,  Q = W_ct df/dW_ct,  S = df/dW_c.

(Proof sketch: first-order expansion of f at the means; the derivative of a ratio of sums.) Group-time effects,
their averages over cohorts, event times and calendar time (Callaway & Sant'Anna 2021, eq. 2.3, 3.1-3.10; their influence
functions, theorems 2 and 3), interaction-weighted event studies (Sun & Abraham 2021, eq. 26) and placebos are all
such f, so one pass over the units that keeps, for each cohort, n, m and the second moments of z = (u, v, s)

    R_c = sum_{i in c} z_i z_i'                           (2T+1) x (2T+1)

gives the covariance of all of them at once: V = sum_c H_c R_c H_c' with H_c = (P_c, Q_c, S_c). With weights that are
constant in each unit of a balanced panel v_it = s_i / W_c, and T + 1 columns suffice. Where clusters are coarser than units
the sums of z by cluster and cohort take the place of R_c. No small-sample factor is applied here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

BLOCK = 16384
"""Units handled at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """Derivatives of K estimates: ``p``, ``q`` (C, K, T) with respect to means and cell weights, ``s`` (C, K) to sizes."""

    p: Floats
    q: Floats
    s: Floats

    def then(self, m: Floats) -> Maps:
        """Of the combinations ``m`` (R, K) of the estimates."""
        import numpy as np

        return Maps(np.matmul(m, self.p), np.matmul(m, self.q), self.s @ m.T)

    def plus_sizes(self, s: Floats) -> Maps:
        """With ``s`` (C, K) added to the derivatives with respect to cohort sizes."""
        return Maps(self.p, self.q, self.s + s)


@dataclass(frozen=True, slots=True, eq=False)
class CohortMeans:
    """Means of C cohorts in T periods.

    Attributes:
        n: (C, T) units with an outcome.
        mean: (C, T), NaN where nothing was seen.
        weight: (C, T) sums of weights.
        size: (C,) sums of the units' mean weights: what cohorts weigh in an average over cohorts.
        n_groups: independent units or clusters.
        second: (C, D, D) sums of z z' over independent units, or None under coarser clusters.
        sums: (B, D) sums of z by cluster and cohort, their ``sum_cohort`` and ``sum_cluster`` (B,); None otherwise.
        short: whether D = T + 1 because v repeats s.
    """

    n: Ints
    mean: Floats
    weight: Floats
    size: Floats
    n_groups: int
    short: bool
    second: Floats | None = None
    sums: Floats | None = None
    sum_cohort: Ints | None = None
    sum_cluster: Ints | None = None

    def rows(self, maps: Maps) -> Floats:
        """(C, K, D): H of each cohort."""
        import numpy as np

        if not self.short:
            return np.concatenate([maps.p, maps.q, maps.s[:, :, None]], axis=2)
        share = np.where(self.weight > 0, 1 / np.where(self.weight > 0, self.weight, 1.0), 0.0)
        s = maps.s + np.einsum("ckt,ct->ck", maps.q, share)
        return np.concatenate([maps.p, s[:, :, None]], axis=2)

    def influence(self, maps: Maps) -> Floats | None:
        """(G, K) cluster sums of the influence functions, where clusters are coarser than units."""
        import numpy as np

        if self.sums is None or self.sum_cohort is None or self.sum_cluster is None:
            return None
        h = self.rows(maps)
        out = np.zeros((self.n_groups, h.shape[1]))
        for c in range(len(h)):
            here = self.sum_cohort == c
            np.add.at(out, self.sum_cluster[here], self.sums[here] @ h[c].T)
        return out

    def covariance(self, maps: Maps) -> Floats:
        """(K, K) covariance of the estimates, independent units or clusters, no small-sample factor."""
        import numpy as np

        psi = self.influence(maps)
        if psi is not None:
            return psi.T @ psi
        assert self.second is not None
        h = self.rows(maps)
        total = np.zeros((h.shape[1], h.shape[1]))
        for c in range(len(h)):
            total += h[c] @ self.second[c] @ h[c].T
        return (total + total.T) / 2


def of_units(y: Floats, w: Floats | None, cohort: Ints, n_cohorts: int, cluster: Ints | None) -> CohortMeans:
    """Cohort means of units x periods.

    Args:
        y: (n, T), NaN where missing.
        w: (n, T) weights, 0 where missing; None for equal weights.
        cohort: (n,) codes 0..C-1, every one of them used.
        cluster: (n,) codes 0..G-1 where clusters are coarser than units, else None.
    """
    import numpy as np

    n, T = y.shape
    complete = not bool(np.isnan(y).any()) and (w is None or bool((w > 0).all()))
    short = complete and (w is None or bool((w == w[:, :1]).all()))
    count = np.zeros((n_cohorts, T), dtype=np.int64)
    weight, total = np.zeros((n_cohorts, T)), np.zeros((n_cohorts, T))
    size = np.zeros(n_cohorts)
    members = [np.flatnonzero(cohort == c) for c in range(n_cohorts)]
    for c, rows in enumerate(members):
        for at in _blocks(rows):
            part, ww = _pair(y, w, at, complete)
            count[c] += (ww > 0).sum(axis=0)
            weight[c] += ww.sum(axis=0)
            total[c] += (ww * part).sum(axis=0)
            size[c] += _sizes(ww).sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / weight
    inverse = np.where(weight > 0, 1 / np.where(weight > 0, weight, 1.0), 0.0)
    D = (T if short else 2 * T) + 1
    second = None if cluster is not None else np.zeros((n_cohorts, D, D))
    sums, sum_cohort, sum_cluster = [], [], []
    for c, rows in enumerate(members):
        codes = None
        if cluster is not None:
            names, codes = np.unique(cluster[rows], return_inverse=True)
            own = np.zeros((len(names), D))
        done = 0
        for at in _blocks(rows):
            part, ww = _pair(y, w, at, complete)
            u = ww * (part - np.where(weight[c] > 0, mean[c], 0.0)) * inverse[c]
            s = _sizes(ww)[:, None]
            z = np.hstack([u, s] if short else [u, ww * inverse[c], s])
            if codes is not None:
                np.add.at(own, codes[done : done + len(at)], z)
            elif second is not None:
                second[c] += z.T @ z
            done += len(at)
        if codes is not None:
            sums.append(own)
            sum_cohort.append(np.full(len(names), c, dtype=np.int64))
            sum_cluster.append(names)
    if cluster is None:
        return CohortMeans(count, mean, weight, size, n, short, second)
    return CohortMeans(
        count, mean, weight, size, int(cluster.max()) + 1, short, None,
        np.vstack(sums), np.concatenate(sum_cohort), np.concatenate(sum_cluster).astype(np.int64),
    )  # fmt: skip


def of_rows(
    y: Floats, w: Floats, cohort: Ints, period: Ints, n_cohorts: int, n_periods: int, cluster: Ints | None
) -> CohortMeans:
    """Cohort means of rows that are not followed over time. All (N,); without clusters the rows are independent."""
    import numpy as np

    C, T = n_cohorts, n_periods
    cell = cohort * T + period

    def sums(values: Floats | None) -> Floats:
        found: Floats = np.bincount(cell, values, minlength=C * T).reshape(C, T).astype(np.float64)
        return found

    count, weight = sums(None).astype(np.int64), sums(w)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums(w * y) / weight
    inverse = np.where(weight > 0, 1 / np.where(weight > 0, weight, 1.0), 0.0).ravel()
    u = w * (y - np.nan_to_num(mean).ravel()[cell]) * inverse[cell]
    v = w * inverse[cell]
    D = 2 * T + 1
    if cluster is None:
        second = np.zeros((C, D, D))
        at = np.arange(T)
        for i, a in ((0, u), (T, v)):
            for j, b in ((0, u), (T, v)):
                second[:, i + at, j + at] = sums(a * b)
            second[:, i + at, -1] = second[:, -1, i + at] = sums(a * w)
        second[:, -1, -1] = sums(w * w).sum(axis=1)
        return CohortMeans(count, mean, weight, weight.sum(axis=1), len(y), False, second)
    G = int(cluster.max()) + 1
    pair, at = np.unique(cohort * G + cluster, return_inverse=True)
    z = np.zeros((len(pair), D))
    np.add.at(z, (at, period), u)
    np.add.at(z, (at, T + period), v)
    np.add.at(z, (at, np.full(len(at), 2 * T)), w)
    return CohortMeans(count, mean, weight, weight.sum(axis=1), G, False, None, z, pair // G, pair % G)


def _blocks(rows: Ints) -> Iterator[Ints]:
    return (rows[i : i + BLOCK] for i in range(0, len(rows), BLOCK))


def _pair(y: Floats, w: Floats | None, at: Ints, complete: bool) -> tuple[Floats, Floats]:
    """Outcomes and weights of some units, both 0 where missing."""
    import numpy as np

    part = y[at]
    if complete:
        return part, np.ones_like(part) if w is None else w[at]
    seen = np.isfinite(part)
    return np.where(seen, part, 0.0), np.where(seen, 1.0 if w is None else w[at], 0.0)


def _sizes(ww: Floats) -> Floats:
    """(n,) mean weight of each unit over the periods it is seen in."""
    import numpy as np

    seen = (ww > 0).sum(axis=1)
    return np.asarray(ww.sum(axis=1) / np.maximum(seen, 1))
