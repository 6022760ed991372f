"""The wild cluster bootstrap of a whole difference-in-differences: headline, event study and gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.difference import Windows
    from causal_eval.inference.few_clusters import Permuted

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


class TooLarge(Exception):
    """The bootstrap's dummy matrix would not fit in memory."""


def wild_difference(
    y: Floats,
    w: Floats,
    treated: Bools,
    period: Ints,
    effects: Sequence[Ints],
    x: Floats,
    cluster: Ints,
    windows: Windows,
    *,
    events: bool,
    level: float,
    rng: np.random.Generator,
) -> Permuted:
    """Wild cluster bootstrap of the static coefficient, the event-study coefficients and the gaps.

    Arguments as in :func:`causal_eval.inference.difference.from_rows`.

    Raises:
        TooLarge: the dummy matrix would not fit in memory.
    """
    import numpy as np

    from causal_eval.inference.effects import Tested
    from causal_eval.inference.few_clusters import Permuted, gap_map
    from causal_eval.inference.wild import WildBootstrap, wild_cluster

    size = len(y) * (sum(int(e.max()) + 1 for e in effects) + x.shape[1] + int(cluster.max()) + 1)
    if size > 30_000_000:
        raise TooLarge
    dummies = [np.eye(int(e.max()) + 1)[e] for e in effects]
    others = np.hstack([*dummies, x])

    def run(mask: NDArray[np.bool_], d: Floats, z: Floats) -> WildBootstrap:
        codes = np.unique(cluster[mask], return_inverse=True)[1].astype(np.int64)
        return wild_cluster(y[mask], d[mask], z[mask], w[mask], codes, level=level, rng=rng)

    def tested(w: WildBootstrap) -> Tested:
        note = "" if w.low is not None and w.high is not None else f"no {level:.0%} interval: the test never rejects"
        return Tested(w.p_value, w.low, w.high, note)

    used = windows.used[period]
    static = run(used, treated * windows.post[period].astype(float), others)
    event_tests: list[Tested] = []
    gap_tests: list[Tested] = []
    if events:
        d = treated[:, None] * windows.dummies()[period]
        every = np.ones(len(y), dtype=bool)
        for j in range(d.shape[1]):
            event_tests.append(tested(run(every, d[:, j], np.hstack([np.delete(d, j, axis=1), others]))))
        # A gap is c' beta: in the basis [c, the rest of an orthogonal completion] it is the first coefficient.
        for c in gap_map(windows):
            if not np.abs(c).max() > 0:
                gap_tests.append(Tested(None, None, None, "the only pre-period: zero by construction"))
                continue
            q, _ = np.linalg.qr(np.column_stack([c, np.eye(len(c))]))
            turned = d @ q[:, : len(c)]
            scale = float(c @ q[:, 0])
            gap_tests.append(tested(run(every, turned[:, 0] / scale, np.hstack([turned[:, 1:], others]))))
    how = f"all {static.n_draws:,} sign vectors" if static.exact else f"{static.n_draws:,} draws"
    n = int(cluster.max()) + 1
    note = (
        f"p-values and intervals come from a wild cluster bootstrap with the null imposed ({how}, {n} clusters); "
        f"the smallest p-value possible is {static.smallest_p:.2g}."
    )
    return Permuted(
        tested(static),
        tuple(event_tests),
        tuple(gap_tests),
        np.zeros((0, len(windows.others))),
        f"wild cluster bootstrap, null imposed, {how}",
        note,
    )
