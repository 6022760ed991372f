"""A rollout as arrays: cohorts by adoption date, event times, windows, and the units that can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.errors import EstimatorRefusal
from causal_eval.results.types import Drop

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.axis import TimeAxis
    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Cohorts:
    """C cohorts over T periods; the never treated, if any, are the last one.

    Attributes:
        start: (C,) ordinal of adoption, inf for the never treated.
        event: (C, T) periods since the adoption; -inf for the never treated.
        keep: (C, T) whether the period lies in the declared windows.
        excluded: (C, T) in the washout or the anticipation: shown, not in the headline.
        labels: adoption periods as their author writes them; ``never``.
        periods: labels of the T periods.
    """

    start: Floats
    event: Floats
    keep: Bools
    excluded: Bools
    labels: tuple[str, ...]
    periods: tuple[str, ...]

    @property
    def headline(self) -> Bools:
        """(C, T) the cells of the headline: after the adoption, in the windows, not excluded."""
        out: Bools = (self.event >= 0) & self.keep & ~self.excluded
        return out

    @property
    def has_never(self) -> bool:
        """Whether some units are never treated in the data."""
        return bool(self.event[-1, 0] == float("-inf"))


@dataclass(frozen=True, slots=True, eq=False)
class Rollout:
    """A unit panel of a rollout.

    Attributes:
        y: (n, T) outcomes, NaN where missing.
        w: (n, T) weights, 0 where missing; None where every row counts the same.
        cohort: (n,) codes into ``cohorts``.
        cluster: (n,) codes 0..G-1; equal to ``arange(n)`` when the unit is the cluster.
        own_cluster: whether each unit is its own cluster.
        rows: (n,) positions of the units in ``panel.wide()``.
        dropped: what was left out here, with the reason.
    """

    y: Floats
    w: Floats | None
    cohort: Ints
    cohorts: Cohorts
    cluster: Ints
    own_cluster: bool
    rows: Ints
    dropped: tuple[Drop, ...]

    def only(self, keep: Bools, drop: Drop) -> Rollout:
        """The units ``keep`` (n,); cohorts without units stay, empty."""
        from dataclasses import replace

        import numpy as np

        return replace(
            self,
            y=self.y[keep],
            w=None if self.w is None else self.w[keep],
            cohort=self.cohort[keep],
            cluster=np.unique(self.cluster[keep], return_inverse=True)[1].astype(np.int64),
            rows=self.rows[keep],
            dropped=(*self.dropped, drop),
        )


def cohorts(axis: TimeAxis, starts: Floats, design: Design) -> Cohorts:
    """The cohorts that adopt at ``starts`` (C,), ascending, inf for never."""
    import numpy as np

    C, T = len(starts), len(axis)
    event = np.full((C, T), -np.inf)
    keep = np.ones((C, T), dtype=bool)
    labels = []
    for c, start in enumerate(starts):
        if not np.isfinite(start):
            labels.append("never")
            continue
        event[c] = [axis.event(t, int(start)) for t in axis.ordinals]
        keep[c] = [design.keeps(t, int(start)) for t in axis.ordinals]
        labels.append(axis.label(int(start)))
    excluded = ((event >= 0) & (event < design.washout)) | ((event < 0) & (event >= -design.anticipation))
    return Cohorts(starts, event, keep, excluded, tuple(labels), axis.labels)


def effective_starts(start: Floats, axis: TimeAxis, design: Design) -> Floats:
    """(n,) adoption ordinals under ``design``: a made-up launch put on, adoption after the data taken as never."""
    import numpy as np

    out = np.array(start, dtype=float)
    ever = np.isfinite(out)
    if design.start is not None:
        out[ever & (out > axis.ordinals[0])] = float(design.start)
    # A unit that adopts after the data is untreated all through it, unless it may already react to its launch.
    far = np.array(
        [np.isfinite(s) and axis.event(axis.ordinals[-1], int(s)) < -design.anticipation for s in np.unique(out)]
    )
    return np.where(np.isin(out, np.unique(out)[far]), np.inf, out)


def rollout(panel: Panel, design: Design) -> Rollout:
    """The arrays of a unit panel under ``design``; units treated from the start are left out and counted.

    Raises:
        EstimatorRefusal: E401 nothing left to compare.
    """
    import numpy as np

    wide = panel.wide()
    axis = panel.axis
    start = effective_starts(wide.start, axis, design)
    always = np.isfinite(start) & (start <= axis.ordinals[0])
    keep = ~always
    dropped = []
    if always.any():
        dropped.append(Drop("units", int(always.sum()), "treated from the first period on: no pre-period"))
    if design.treated is not None:
        placebo = np.array([str(u) in design.treated for u in wide.units], dtype=bool)
        real = np.isfinite(start)
        if not real.any():
            raise EstimatorRefusal("E401", "no unit adopts inside the data's periods", hint="Check roles.treatment.")
        keep &= placebo | ~real
        start = np.where(placebo, start[real].min(), np.inf)
    seen = np.isfinite(wide.outcome)
    if wide.weight is not None:
        seen &= wide.weight > 0
    empty = keep & ~seen.any(axis=1)
    if empty.any():
        dropped.append(Drop("units", int(empty.sum()), "no outcome in any period"))
        keep &= ~empty
    rows = np.flatnonzero(keep)
    if not np.isfinite(start[rows]).any():
        raise EstimatorRefusal(
            "E401",
            "no unit adopts inside the data's periods",
            hint="Check design.launch, roles.treatment and design.pre.",
        )
    values, cohort = np.unique(start[rows], return_inverse=True)
    every = len(rows) == len(start)
    y = wide.outcome if every else wide.outcome[rows]
    w = None if wide.weight is None else (wide.weight if every else wide.weight[rows])
    if w is not None and bool((np.isfinite(y) & (w <= 0)).any()):
        y = np.where(w > 0, y, np.nan)
    cluster = np.unique(wide.cluster[rows], return_inverse=True)[1].astype(np.int64)
    return Rollout(
        y,
        w,
        cohort.astype(np.int64),
        cohorts(axis, values, design),
        cluster,
        not panel.has_clusters or len(np.unique(cluster)) == len(rows),
        rows,
        tuple(dropped),
    )
