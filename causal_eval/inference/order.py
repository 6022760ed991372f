"""The order of numbers, ties by position: by the faster sort that keeps no ties in place where there are none to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


def stable_order(x: Floats) -> Ints:
    """(n,) what ``np.argsort(x, kind="stable")`` gives."""
    import numpy as np

    order = np.argsort(x)
    ranked = x[order]
    if (ranked[1:] == ranked[:-1]).any():
        order = np.argsort(x, kind="stable")
    return order


def rank_above(first: Floats, second: Floats) -> float:
    """Share of pairs in which ``first`` is the larger, ties counted half: the Mann-Whitney statistic, an AUC."""
    import numpy as np

    a, b = np.sort(first), np.sort(second)
    below = np.searchsorted(b, a, side="left").sum() + np.searchsorted(b, a, side="right").sum()
    return float(below) / 2 / (len(a) * len(b))


def ks_distance(first: Floats, second: Floats) -> float:
    """Largest difference of two empirical distribution functions: looked for at, and just before, the fewer points."""
    import numpy as np

    a, b = np.sort(first), np.sort(second)
    if len(a) > len(b):
        a, b = b, a
    out = 0.0
    for side in ("left", "right"):
        mine = np.searchsorted(a, a, side=side)
        theirs = np.searchsorted(b, a, side=side)
        out = max(out, float(np.abs(mine / len(a) - theirs / len(b)).max()))
    return out
