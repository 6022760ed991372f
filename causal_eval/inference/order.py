"""The order of numbers, ties by position: by the faster sort that keeps no ties in place, with the few ties put right after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


def stable_order(x: Floats, near: Ints | None = None) -> Ints:
    """(n,) what ``np.argsort(x, kind="stable")`` gives.

    Args:
        near: an order along which ``x`` probably ascends already, such as that of what it is a function of.
    """
    import numpy as np

    order, ranked = near, x if near is None else x[near]
    if order is None or (ranked[1:] < ranked[:-1]).any():
        order = np.argsort(x)
        ranked = x[order]
    tied = ranked[1:] == ranked[:-1]
    if not tied.any():
        return order
    places = np.flatnonzero(np.append(tied, False) | np.append(False, tied))
    if len(places) > len(x) // 8:
        return np.argsort(x, kind="stable")
    rows = order[places]
    out = order.copy()
    out[places] = rows[np.lexsort((rows, x[rows]))]
    return out


def among(rows: Ints, order: Ints) -> Ints:
    """``rows``, each once, in the order of ``order`` (n,), which holds every row."""
    import numpy as np

    some = np.zeros(len(order), dtype=bool)
    some[rows] = True
    found: Ints = order[some[order]]
    return found


def rank_above(first: Floats, second: Floats) -> float:
    """Share of pairs in which ``first`` is the larger, ties counted half: the Mann-Whitney statistic, an AUC."""
    import numpy as np

    return above_in_order(np.sort(first), np.sort(second))


def above_in_order(first: Floats, second: Floats) -> float:
    """The same of two ascending groups."""
    import numpy as np

    below = sum(int(np.searchsorted(second, first, side=side).sum()) for side in ("left", "right"))
    return below / 2 / (len(first) * len(second))
