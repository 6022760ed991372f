r"""The joint covariance of K estimates and of everything linear in them, in cohort sizes and in cohort means.

A row theta = L att + f(sizes) + O m has influence L psi + D s + O u (the notation of
:mod:`causal_eval.inference.cohort_means`), whether psi comes from cohort means (:class:`FromMeans`) or unit by unit
(:class:`FromUnits`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from causal_eval.inference.cohort_means import BLOCK

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.cohort_means import CohortMeans, Maps

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """R rows: ``effects`` (R, K), ``sizes`` (R, C) and ``means`` (R, C, T) derivatives."""

    effects: Floats
    sizes: Floats
    means: Floats

    def only(self, rows: Sequence[int]) -> Linear:
        """Those at ``rows``, in that order."""
        which = list(rows)
        return Linear(self.effects[which], self.sizes[which], self.means[which])


class Joint(Protocol):
    """Where the covariance comes from."""

    @property
    def n_groups(self) -> int:
        """Independent units or clusters."""
        ...

    def covariance(self, rows: Linear) -> Floats:
        """(R, R)."""
        ...

    def parts(self, rows: Linear) -> tuple[tuple[Floats, int], ...]:
        """What each of the C cohorts adds to the covariance, and its groups; empty where a group holds several cohorts."""
        ...

    def influence(self, rows: Linear) -> Iterator[Floats]:
        """Blocks (b, R) of influence functions, one row a group."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class FromMeans:
    """From cohort means. ``y, w, cohort`` are what the means are of, for bootstraps; None without units."""

    means: CohortMeans
    maps: Maps
    y: Floats | None = None
    w: Floats | None = None
    cohort: Ints | None = None

    @property
    def n_groups(self) -> int:
        """Independent units, or clusters."""
        return self.means.n_groups

    def _maps(self, rows: Linear) -> Maps:
        from causal_eval.inference.cohort_means import Maps

        m = self.maps.then(rows.effects)
        return Maps(m.p + rows.means.transpose(1, 0, 2), m.q, m.s + rows.sizes.T)

    def covariance(self, rows: Linear) -> Floats:
        """See :class:`Joint`."""
        return self.means.covariance(self._maps(rows))

    def parts(self, rows: Linear) -> tuple[tuple[Floats, int], ...]:
        """See :class:`Joint`."""
        import numpy as np

        maps = self._maps(rows)
        if self.means.second is None:
            assert self.means.sum_cluster is not None and self.means.sum_cohort is not None
            psi = self.means.influence(maps)
            assert psi is not None
            return by_cohort(psi, self.means.sum_cluster, self.means.sum_cohort, len(self.means.size))
        h = self.means.rows(maps)
        return tuple(
            (np.asarray(h[c] @ self.means.second[c] @ h[c].T), int(self.means.n[c].max())) for c in range(len(h))
        )

    def influence(self, rows: Linear) -> Iterator[Floats]:
        """See :class:`Joint`."""
        import numpy as np

        maps = self._maps(rows)
        whole = self.means.influence(maps)
        if whole is not None:
            yield whole
            return
        if self.y is None or self.cohort is None:
            raise ValueError("rows without units have no influence functions at hand")
        h = self.means.rows(maps)
        T = self.y.shape[1]
        inverse = np.where(self.means.weight > 0, 1 / np.where(self.means.weight > 0, self.means.weight, 1.0), 0.0)
        for i in range(0, len(self.y), BLOCK):
            y, c = self.y[i : i + BLOCK], self.cohort[i : i + BLOCK]
            seen = np.isfinite(y)
            w = np.where(seen, 1.0 if self.w is None else self.w[i : i + BLOCK], 0.0)
            u = w * np.where(seen, y - self.means.mean[c], 0.0) * inverse[c]
            s = (w.sum(axis=1) / np.maximum((w > 0).sum(axis=1), 1))[:, None]
            z = np.hstack([u, s] if self.means.short else [u, w * inverse[c], s])
            assert z.shape[1] == (T + 1 if self.means.short else 2 * T + 1)
            out = np.empty((len(y), h.shape[1]))
            for g in np.unique(c):
                out[c == g] = z[c == g] @ h[g].T
            yield out


@dataclass(frozen=True, slots=True, eq=False)
class FromUnits:
    """From cluster sums of influence functions.

    Attributes:
        psi: (G, K).
        y, w: (n, T) outcomes, NaN where missing, and weights, 0 there.
        cohort, cluster: (n,) codes.
        n_cohorts: C.
        size: (n,) what a unit counts in its cohort's size.
    """

    psi: Floats
    y: Floats
    w: Floats
    cohort: Ints
    cluster: Ints
    n_cohorts: int
    size: Floats

    @property
    def n_groups(self) -> int:
        """Clusters."""
        return len(self.psi)

    def _all(self, rows: Linear) -> Floats:
        import numpy as np

        out: Floats = self.psi @ rows.effects.T
        seen = self.w > 0
        sizes = np.zeros((self.n_groups, self.n_cohorts))
        np.add.at(sizes, (self.cluster, self.cohort), self.size)
        out = out + sizes @ rows.sizes.T
        used = np.flatnonzero(np.abs(rows.means).sum(axis=(1, 2)) > 0)
        if used.size:
            for c in range(self.n_cohorts):
                at = np.flatnonzero(self.cohort == c)
                if not at.size:
                    continue
                total = self.w[at].sum(axis=0)
                y = np.where(seen[at], self.y[at], 0.0)
                mean = (self.w[at] * y).sum(axis=0) / np.where(total > 0, total, 1.0)
                u = self.w[at] * (y - mean) / np.where(total > 0, total, 1.0)
                part = np.zeros((self.n_groups, used.size))
                np.add.at(part, self.cluster[at], u @ rows.means[used, c].T)
                out[:, used] += part
        return out

    def covariance(self, rows: Linear) -> Floats:
        """See :class:`Joint`."""
        psi = self._all(rows)
        return psi.T @ psi

    def parts(self, rows: Linear) -> tuple[tuple[Floats, int], ...]:
        """See :class:`Joint`."""
        return by_cohort(self._all(rows), self.cluster, self.cohort, self.n_cohorts)

    def influence(self, rows: Linear) -> Iterator[Floats]:
        """See :class:`Joint`."""
        yield self._all(rows)


def by_cohort(psi: Floats, group: Ints, cohort: Ints, n_cohorts: int) -> tuple[tuple[Floats, int], ...]:
    """The covariance (G, R) influences make, cohort by cohort; empty where a group holds several cohorts.

    Args:
        group, cohort: (B,) which groups have members in which cohorts.
    """
    import numpy as np

    pairs = np.unique(np.column_stack([group, cohort]), axis=0)
    if len(pairs) > len(np.unique(group)):
        return ()
    out = []
    for c in range(n_cohorts):
        part = psi[pairs[pairs[:, 1] == c, 0]]
        out.append((part.T @ part, len(part)))
    return tuple(out)
