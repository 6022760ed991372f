r"""Estimates whose influence is linear in a few scores of each unit, with cohort-specific coefficients.

psi_i = H_c z_i for unit i of cohort c, with z_i = (scores (D0,), u_i (T,)) and u_i the influence of its outcomes on its
cohort's means (:mod:`causal_eval.inference.cohort_means`). The second moments of z by cohort give every covariance; where
clusters are coarser than units, the cluster sums of z do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.joint import Linear

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class FromScores:
    """A :class:`~causal_eval.inference.joint.Joint` from scores.

    Attributes:
        z: (B, D0 + T) scores by unit, or summed by cluster and cohort.
        cohort, group: (B,) codes of each row of ``z``.
        h: (C, K, D0) coefficients of the K effects.
        n_groups: independent units or clusters.
        second: (C, D0 + T, D0 + T) moments of z, where each row is its own group; None under clusters.
    """

    z: Floats
    cohort: Ints
    group: Ints
    h: Floats
    n_groups: int
    second: Floats | None

    @classmethod
    def of(cls, scores: Floats, u: Floats, cohort: Ints, cluster: Ints, own_cluster: bool, h: Floats) -> FromScores:
        """From (n, D0) scores and (n, T) mean influences of units."""
        import numpy as np

        z = np.hstack([scores, u])
        if own_cluster:
            second = np.array([z[cohort == c].T @ z[cohort == c] for c in range(len(h))])
            return cls(z, cohort, np.arange(len(z), dtype=np.int64), h, len(z), second)
        pair, at = np.unique(cohort * (int(cluster.max()) + 1) + cluster, return_inverse=True)
        sums = np.zeros((len(pair), z.shape[1]))
        np.add.at(sums, at, z)
        G = int(cluster.max()) + 1
        return cls(sums, pair // G, pair % G, h, G, None)

    def _h(self, rows: Linear) -> Floats:
        import numpy as np

        return np.concatenate([np.matmul(rows.effects, self.h), rows.means.transpose(1, 0, 2)], axis=2)

    def _psi(self, rows: Linear) -> Floats:
        import numpy as np

        h = self._h(rows)
        out = np.zeros((self.n_groups, h.shape[1]))
        for c in range(len(h)):
            here = self.cohort == c
            np.add.at(out, self.group[here], self.z[here] @ h[c].T)
        return out

    def covariance(self, rows: Linear) -> Floats:
        """(R, R)."""
        import numpy as np

        if self.second is None:
            psi = self._psi(rows)
            return psi.T @ psi
        h = self._h(rows)
        total = np.einsum("crd,cde,cse->rs", h, self.second, h, optimize=True)
        return np.asarray((total + total.T) / 2)

    def parts(self, rows: Linear) -> tuple[tuple[Floats, int], ...]:
        """What each cohort adds to the covariance, and its groups; empty where a group holds several cohorts."""
        import numpy as np

        from causal_eval.inference.joint import by_cohort

        if self.second is None:
            return by_cohort(self._psi(rows), self.group, self.cohort, len(self.h))
        h = self._h(rows)
        n = np.bincount(self.cohort, minlength=len(h))
        return tuple((np.asarray(h[c] @ self.second[c] @ h[c].T), int(n[c])) for c in range(len(h)))

    def influence(self, rows: Linear) -> Iterator[Floats]:
        """(G, R) influence functions."""
        yield self._psi(rows)


def mean_scores(y: Floats, w: Floats, cohort: Ints, n_cohorts: int) -> tuple[Floats, Floats, Floats, Ints]:
    """(n, T) influences u on cohort means; means, weights and counts (C, T)."""
    import numpy as np

    T = y.shape[1]
    mean, weight = np.full((n_cohorts, T), np.nan), np.zeros((n_cohorts, T))
    count = np.zeros((n_cohorts, T), dtype=np.int64)
    u = np.zeros_like(w)
    seen = w > 0
    for c in range(n_cohorts):
        at = np.flatnonzero(cohort == c)
        weight[c] = w[at].sum(axis=0)
        count[c] = seen[at].sum(axis=0)
        some = weight[c] > 0
        y0 = np.where(seen[at], y[at], 0.0)
        mean[c, some] = (w[at] * y0).sum(axis=0)[some] / weight[c, some]
        safe = np.where(some, weight[c], 1.0)
        u[at] = np.where(seen[at], w[at] * (y0 - np.nan_to_num(mean[c])), 0.0) / safe
    return u, mean, weight, count
