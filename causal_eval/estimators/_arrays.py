"""A panel as the arrays that a regression takes: rows with their effects, or group x period x cluster sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import Panel
    from causal_eval.design.block import Block, Periods
    from causal_eval.inference.cell_regression import CellSums
    from causal_eval.inference.difference import Difference, Windows
    from causal_eval.inference.regression import Vcov

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Row arrays: what :func:`causal_eval.inference.difference.from_rows` takes. All (N,), ``x`` (N, P)."""

    y: Floats
    w: Floats
    treated: Bools
    period: Ints
    effects: list[Ints]
    x: Floats
    cluster: Ints | None

    def difference(self, windows: Windows, *, vcov: Vcov, events: bool) -> Difference:
        """The two-way regression of these rows."""
        from causal_eval.inference.difference import from_rows

        return from_rows(
            self.y,
            self.w,
            self.treated,
            self.period,
            self.effects,
            self.x,
            self.cluster,
            windows,
            vcov=vcov,
            events=events,
        )


def _codes(values: object) -> Ints:
    import numpy as np

    return np.asarray(np.unique(np.asarray(values), return_inverse=True)[1], dtype=np.int64)


def unit_rows(data: Panel, b: Block) -> Rows:
    """The rows of a unit panel that ``b`` keeps; group effects for unit effects where group means are ratios of totals."""
    import numpy as np

    frame = data.frame()
    unit_of = {u: i for i, u in enumerate(b.units)}
    at = {t: i for i, t in enumerate(b.periods.ordinals)}
    units = frame["unit"].astype(str).map(unit_of)
    times = frame["time"].map(at)
    frame = frame[units.notna() & times.notna()]
    unit = np.asarray(units[frame.index], dtype=np.int64)
    period = np.asarray(times[frame.index], dtype=np.int64)
    keep = b.w[unit, period] > 0
    frame, unit, period = frame[keep], unit[keep], period[keep]
    treated = b.treated[unit]
    first: Ints = treated.astype(np.int64) if data.pooled else unit
    effects = [first, period, *(_codes(frame[f"fe_{i}"]) for i in range(len(data.fixed_effects)))]
    x = frame[[f"x_{i}" for i in range(len(data.covariates))]].to_numpy(dtype=float)
    cluster = _codes(frame["cluster"]) if data.has_clusters else unit
    return Rows(frame["outcome"].to_numpy(dtype=float), b.w[unit, period], treated, period, effects, x, cluster)


def cross_section_rows(data: Panel, p: Periods) -> Rows:
    """The rows of a repeated cross-section in the periods of ``p``."""
    import numpy as np

    frame = data.frame()
    times = frame["time"].map({t: i for i, t in enumerate(p.ordinals)})
    frame = frame[times.notna()]
    period = np.asarray(times[frame.index], dtype=np.int64)
    treated = frame["group"].to_numpy().astype(bool)
    effects = [treated.astype(np.int64), period, *(_codes(frame[f"fe_{i}"]) for i in range(len(data.fixed_effects)))]
    x = frame[[f"x_{i}" for i in range(len(data.covariates))]].to_numpy(dtype=float)
    w = frame["weight"].to_numpy(dtype=float) if data.has_weights else np.ones(len(frame))
    cluster = _codes(frame["cluster"]) if data.has_clusters else None
    y = frame["outcome"].to_numpy(dtype=float)
    some = w > 0
    return Rows(
        y[some],
        w[some],
        treated[some],
        period[some],
        [e[some] for e in effects],
        x[some],
        None if cluster is None else cluster[some],
    )


def unit_cells(b: Block) -> tuple[CellSums, Bools, Ints]:
    """Group x period x cluster sums of a unit panel whose group means are ratios of totals."""
    import numpy as np

    from causal_eval.inference.cell_regression import CellSums

    unit, period = np.nonzero(b.w > 0)
    y, w = b.y[unit, period], b.w[unit, period]
    sums = CellSums(
        n=np.ones(len(y), dtype=np.int64),
        w=w,
        wy=w * y,
        w2=w * w,
        w2y=w * w * y,
        w2y2=(w * y) ** 2,
        wy2=w * y * y,
        cluster=b.cluster[unit],
    )
    return sums, b.treated[unit], period.astype(np.int64)


def cross_section_cells(data: Panel, p: Periods) -> tuple[CellSums, Bools, Ints]:
    """The engine's group x period x cluster sums, measured from zero, in the periods of ``p``."""
    import numpy as np

    from causal_eval.inference.cell_regression import CellSums

    c = data.cells()
    at = {t: i for i, t in enumerate(p.ordinals)}
    keep = np.array([t in at for t in c.time], dtype=bool)
    m = c.center
    sums = CellSums(
        n=c.n[keep],
        w=c.w[keep],
        wy=(c.wy + m * c.w)[keep],
        w2=c.w2[keep],
        w2y=(c.w2y + m * c.w2)[keep],
        w2y2=(c.w2y2 + 2 * m * c.w2y + m * m * c.w2)[keep],
        wy2=(c.w2y2 + 2 * m * c.w2y + m * m * c.w2)[keep],
        cluster=c.cluster[keep],
    )
    return sums, c.group[keep].astype(bool), np.array([at[t] for t in c.time[keep]], dtype=np.int64)
