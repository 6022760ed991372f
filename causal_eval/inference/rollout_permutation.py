r"""Randomisation inference for a rollout: which cluster adopts when is permuted, the cohorts' sizes kept.

The headline is a fixed linear combination of group-time effects of cohort means, so another assignment is another sum of the
same cluster totals. Under a constant effect tau0 it takes the value T_b - tau0 a_b (:mod:`causal_eval.inference.randomization`),
where a_b is the combination of the real assignment's treatment indicator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.inference.effects import Tested

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.rollout import Cell

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

DRAWS = 1999


@dataclass(frozen=True, slots=True)
class PermutedRollout:
    """The headline's test; the procedure as a name and in words."""

    tested: Tested
    sentence: str
    said: str
    smallest_p: float


def permute_rollout(
    y: Floats,
    w: Floats | None,
    cohort: Ints,
    cluster: Ints,
    post: Bools,
    cells: tuple[Cell, ...],
    weight: Floats,
    *,
    level: float,
    rng: np.random.Generator,
) -> PermutedRollout:
    """Permute cohorts among clusters, each of which lies in one.

    Args:
        y: (n, T), NaN where missing; w: (n, T) or None; cohort, cluster: (n,) codes.
        post: (C, T) whether a cohort is treated.
        cells, weight: the K group-time effects and what each weighs in the headline.
    """
    import numpy as np

    from causal_eval.inference.randomization import randomization_test

    n_clusters, C = int(cluster.max()) + 1, len(post)
    of_cluster = np.zeros(n_clusters, dtype=np.int64)
    of_cluster[cluster] = cohort
    seen = np.isfinite(y)
    ww = seen.astype(float) if w is None else np.where(seen, w, 0.0)
    totals = np.zeros((3, n_clusters, y.shape[1]))
    for layer, values in enumerate((ww, ww * np.where(seen, y, 0.0), ww * post[cohort])):
        np.add.at(totals[layer], cluster, values)
    every, exact = _assignments(of_cluster, C, rng)
    others: list[float] = []
    overlap: list[float] = []
    for codes in every:
        sums = np.zeros((3, C, y.shape[1]))
        for layer in range(3):
            np.add.at(sums[layer], codes, totals[layer])
        if any((sums[0][[c.cohort, *c.controls]][:, [c.period, c.base]].sum(axis=1) <= 0).any() for c in cells):
            continue  # a cohort without a row is no assignment that could have been analysed
        others.append(_headline(sums[1], sums[0], cells, weight))
        overlap.append(_headline(sums[2], sums[0], cells, weight))
    real = _real(totals, of_cluster, C, cells, weight)
    found = randomization_test(real, np.array(others), np.clip(np.array(overlap), -1.0, 1.0), level=level, exact=exact)
    how = f"all {found.n_assignments:,}" if found.exact else f"{found.n_assignments:,} random"
    note = (
        "" if found.low is not None else f"too few assignments ({found.n_assignments:,}) for an interval at this level"
    )
    return PermutedRollout(
        Tested(found.p_value, found.low, found.high, note),
        f"randomisation inference ({how} assignments of adoption dates)",
        f"permuting which cluster adopts when ({how} assignments"
        + (f", Monte Carlo error of p {found.mc_error:.2g})" if found.mc_error else ")"),
        found.smallest_p,
    )


def _real(totals: Floats, of_cluster: Ints, C: int, cells: tuple[Cell, ...], weight: Floats) -> float:
    import numpy as np

    sums = np.zeros((2, C, totals.shape[2]))
    for layer in range(2):
        np.add.at(sums[layer], of_cluster, totals[layer])
    return _headline(sums[1], sums[0], cells, weight)


def _headline(total: Floats, w: Floats, cells: tuple[Cell, ...], weight: Floats) -> float:
    """The weighted sum of group-time effects of cohort totals (C, T) with weights ``w`` (C, T)."""
    import numpy as np

    value = 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / w
    for cell, share in zip(cells, weight, strict=True):
        if share == 0:
            continue
        c, t, b = list(cell.controls), cell.period, cell.base
        change = mean[cell.cohort, t] - mean[cell.cohort, b]
        value += share * (change - total[c, t].sum() / w[c, t].sum() + total[c, b].sum() / w[c, b].sum())
    return float(value)


def _assignments(codes: Ints, n_cohorts: int, rng: np.random.Generator) -> tuple[list[Ints], bool]:
    """Other assignments of cohorts to clusters: all of them where they are few, else random ones."""
    from math import factorial, prod

    import numpy as np

    sizes = np.bincount(codes, minlength=n_cohorts)
    n = factorial(len(codes)) // prod(factorial(int(s)) for s in sizes) if len(codes) <= 40 else DRAWS + 2
    if n - 1 > DRAWS:
        return [rng.permutation(codes) for _ in range(DRAWS)], False
    found: list[Ints] = []

    def fill(prefix: list[int], left: Ints) -> None:
        if len(prefix) == len(codes):
            found.append(np.array(prefix, dtype=np.int64))
            return
        for c in np.flatnonzero(left):
            rest = left.copy()
            rest[c] -= 1
            fill([*prefix, int(c)], rest)

    fill([], sizes.astype(np.int64))
    return [f for f in found if not np.array_equal(f, codes)], True
