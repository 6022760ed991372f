"""When clusters are too few for clustered errors, and what is used instead.

With few clusters, or few treated ones, CR1 errors are far too small (MacKinnon & Webb 2017; Conley & Taber 2011: with
one treated cluster its own noise does not enter at all). Then who was treated is permuted instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.inference.difference import Windows
from causal_eval.inference.effects import Tested
from causal_eval.inference.randomization import Randomization, assignments, randomization_test

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

FEW_CLUSTERS = 10
"""Fewer clusters than this in all, and clustered errors are not used for tests."""
FEW_PER_GROUP = 5
"""Fewer treated, or fewer control clusters than this, likewise (MacKinnon & Webb 2018)."""
FEW_IN_A_SMALL_GROUP = 10
"""Fewer than this in a group that is under a quarter of all clusters, likewise: CR1 intervals of normal data then cover
88% (5 of 65) to 91% (8 of 68); 8 of 20 cover 95%."""


@dataclass(frozen=True, slots=True)
class ClusterCount:
    """Clusters in all, with a treated unit, with a control unit; ``assigned`` when none has both."""

    n: int
    treated: int
    control: int
    assigned: bool

    @property
    def few(self) -> bool:
        """Whether clustered errors should not be trusted."""
        smaller = min(self.treated, self.control)
        lopsided = smaller < FEW_IN_A_SMALL_GROUP and 4 * smaller < self.n
        return self.n < FEW_CLUSTERS or smaller < FEW_PER_GROUP or lopsided


def count_clusters(treated: Bools, cluster: Ints) -> ClusterCount:
    """Count clusters of (n,) units with (n,) codes 0..G-1."""
    import numpy as np

    t, c = np.unique(cluster[treated]), np.unique(cluster[~treated])
    both = np.intersect1d(t, c)
    return ClusterCount(len(np.union1d(t, c)), len(t), len(c), len(both) == 0)


@dataclass(frozen=True, slots=True)
class Permuted:
    """Randomisation inference of a whole difference-in-differences.

    Attributes:
        static: test of the overall effect.
        events, gaps: tests of the event-study coefficients (T-1) and of the gaps by period (T).
        placebo_events: (B, T-1) event-study coefficients under the other assignments.
        sentence: the procedure in words.
        note: what the reader must know, smallest p-value included.
    """

    static: Tested
    events: tuple[Tested, ...]
    gaps: tuple[Tested, ...]
    placebo_events: Floats
    sentence: str
    note: str


def permute(
    y: Floats,
    w: Floats,
    treated: Bools,
    cluster: Ints,
    windows: Windows,
    *,
    level: float,
    rng: np.random.Generator,
    pooled: bool = False,
) -> Permuted:
    """Permute which clusters are treated and refit. Arguments as in ``difference.from_units``.

    ``pooled``: group effects instead of unit effects, as for ratios of totals.

    Raises:
        ValueError: a cluster has both treated and control units.
    """
    import numpy as np

    n_clusters = int(cluster.max()) + 1
    by_cluster = np.zeros(n_clusters, dtype=bool)
    by_cluster[cluster[treated]] = True
    if by_cluster[cluster[~treated]].any():
        raise ValueError("a cluster has both treated and control units")
    # With every weight the same, unit effects and group effects give the same coefficients.
    grouped = pooled or (bool((w > 0).all()) and bool(np.ptp(w) == 0))
    drawn = assignments(by_cluster, rng, at_most=4999 if grouped else 999)
    every = np.vstack([treated, drawn.treated[:, cluster]])
    refit = _by_group if grouped else _by_unit
    values = refit(y, w, every, windows)
    # An assignment that leaves a group without a row in some period is none that could have been analysed.
    every, values = every[np.isfinite(values).all(axis=1)], values[np.isfinite(values).all(axis=1)]
    overlap = refit(np.repeat(treated[:, None].astype(float), y.shape[1], axis=1) * windows.post, w, every[1:], windows)
    overlap = overlap[:, 0]
    gaps = values[:, 1:] @ gap_map(windows).T

    def tests(columns: Floats) -> list[Randomization]:
        return [randomization_test(float(c[0]), c[1:], overlap, level=level, exact=drawn.exact) for c in columns.T]

    overall = tests(values[:, :1])[0]
    missing = (
        ""
        if overall.low is not None
        else (
            f"no {level:.0%} interval exists: with {overall.n_assignments} assignments the smallest p-value is "
            f"{overall.smallest_p:.3g}"
        )
    )

    def tested(r: Randomization) -> Tested:
        return Tested(r.p_value, r.low, r.high, missing if r.low is None else "")

    how = (
        f"all {overall.n_assignments:,} assignments" if drawn.exact else f"{overall.n_assignments:,} random assignments"
    )
    error = "" if drawn.exact else f" (Monte Carlo error of p about {max(overall.mc_error, 0.0005):.4f})"
    k = int(by_cluster.sum())
    note = (
        f"Only {k} of {n_clusters} clusters {'is' if k == 1 else 'are'} treated: clustered errors would be far too small, "
        f"so p-values and intervals come from permuting which {'one is' if k == 1 else f'{k} are'} treated over {how}"
        f"{error}. The smallest p-value possible is {overall.smallest_p:.2g}."
        if k < n_clusters - k
        else f"There are only {n_clusters} clusters ({k} treated), so p-values and intervals come from permuting which are "
        f"treated over {how}{error}. The smallest p-value possible is {overall.smallest_p:.2g}."
    )
    return Permuted(
        tested(overall),
        tuple(tested(r) for r in tests(values[:, 1:])),
        tuple(tested(r) for r in tests(gaps)),
        values[1:, 1:],
        f"randomisation inference over {how}",
        note,
    )


def _by_group(y: Floats, w: Floats, every: Bools, windows: Windows) -> Floats:
    """(B, 1 + T-1) static and event-study coefficients with group and period effects, for each row of ``every`` (B, n).

    With two groups the period effects leave the gap d_t between the groups' means, with weight
    h_t = w_1t w_0t / (w_1t + w_0t); the static coefficient is the h-weighted mean gap after less that before.
    """
    import numpy as np

    wy = w * np.where(w > 0, y, 0.0)
    chosen = every.astype(float)
    w1, wy1 = chosen @ w, chosen @ wy
    w0, wy0 = w.sum(axis=0) - w1, wy.sum(axis=0) - wy1
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = wy1 / w1 - wy0 / w0
        h = w1 * w0 / (w1 + w0)
    means = [(h * gap)[:, m].sum(axis=1) / h[:, m].sum(axis=1) for m in (windows.post, windows.pre)]
    return np.column_stack([means[0] - means[1], gap[:, windows.others] - gap[:, [windows.base]]])


def _by_unit(y: Floats, w: Floats, every: Bools, windows: Windows) -> Floats:
    """The same with unit effects: each assignment is refitted."""
    import numpy as np

    from causal_eval.inference.two_way import two_way_coefficients

    used = windows.used
    some = w[:, used].sum(axis=1) > 0
    post = windows.post.astype(float)[used][:, None]
    patterns = windows.dummies()
    return np.array(
        [
            np.concatenate(
                [
                    two_way_coefficients(y[some][:, used], w[some][:, used], chosen[some], post),
                    two_way_coefficients(y, w, chosen, patterns),
                ]
            )
            for chosen in every
        ]
    )


def gap_map(windows: Windows) -> Floats:
    """(T, T-1) map from event-study coefficients to gaps by period: each less the mean of the headline's pre-periods."""
    import numpy as np

    full = np.zeros((len(windows.pre), len(windows.others)))
    full[windows.others, np.arange(len(windows.others))] = 1.0
    centred: Floats = full - full[windows.pre].mean(axis=0)[None, :]
    return centred
