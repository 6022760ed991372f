"""Kolmogorov and Smirnov's distance of two weighted groups, without sorting more rows than may hold it.

Rows are counted in bins along the values. At the end of a bin both distribution functions are known; inside of it their difference
rises by the first group's mass at most and falls by the second's. Only the rows of bins where that could exceed the largest difference
at the ends are sorted, so the answer is that of sorting them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causal_eval.inference.order import stable_order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

BINS = 8192
SAMPLE = 1000
"""Rows that say where most values lie."""


class Binned:
    """(n,) values, each with its bin; a larger value is in no earlier bin.

    Attributes:
        whole: whether a bin holds one value only.
    """

    def __init__(self, x: Floats) -> None:
        import numpy as np

        self.x = x
        self.whole = self._integers()
        if self.whole:
            self.bin: Ints = (x - x.min()).astype(np.int64)
            return
        some = np.sort(x[:: max(len(x) // SAMPLE, 1)])
        low, high = some[len(some) // 100], some[-1 - len(some) // 100]
        width = float(high - low)
        if not (width > 0 and np.isfinite(BINS / width)):
            low, width = x.min(), float(np.ptp(x))
        if not (width > 0 and np.isfinite(width) and np.isfinite(BINS / width)):
            self.bin = np.zeros(len(x), dtype=np.int64)
            return
        self.bin = np.clip((x - low) * (BINS / width), 0, BINS).astype(np.int64)

    def _integers(self) -> bool:
        import numpy as np

        some = self.x[:SAMPLE]
        return bool((some == np.rint(some)).all() and np.ptp(self.x) < BINS and (self.x == np.rint(self.x)).all())

    def distance(self, first: Floats, second: Floats, rows: Ints | None = None) -> float:
        """Largest difference of the distribution functions of masses ``first`` and ``second``.

        Args:
            first, second: (m,) of ``rows``, which are all unless given.
        """
        import numpy as np

        x, bins = (self.x, self.bin) if rows is None else (self.x[rows], self.bin[rows])
        a, b = np.bincount(bins, weights=first), np.bincount(bins, weights=second)
        A, B = first.sum(), second.sum()
        at_end = np.cumsum(a) / A - np.cumsum(b) / B
        best = float(np.abs(at_end).max())
        if self.whole:
            return best
        at_start = np.append(0.0, at_end[:-1])
        seek = (at_start + a / A > best) | (b / B - at_start > best)
        inside = np.flatnonzero(seek[bins])
        if not len(inside):
            return best
        inside = inside[stable_order(x[inside])]
        here = bins[inside]
        before_a, before_b = (np.cumsum(np.where(seek, 0.0, m))[here] for m in (a, b))
        gap = (before_a + np.cumsum(first[inside])) / A - (before_b + np.cumsum(second[inside])) / B
        last = np.append(x[inside][1:] != x[inside][:-1], True)
        return max(best, float(np.abs(gap)[last].max()))
