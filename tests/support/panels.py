"""A small panel that the tests of the data layer share, and how to call what they test."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from causal_eval.data import Panel, Source, open_source
from causal_eval.spec.models import Data

ROLES: dict[str, Any] = {"unit": "queue", "time": "year", "outcome": "y", "first_treated": "begun"}


def small(units: int = 7, periods: int = 5) -> pd.DataFrame:
    """Queues 1.. over 2000..: 1 and 2 begin in 2002, 3 in 2003, the others never (0)."""
    rng = np.random.default_rng(4)
    begun = {1: 2002, 2: 2002, 3: 2003}
    rows = [(u, 2000 + t, begun.get(u, 0)) for u in range(1, units + 1) for t in range(periods)]
    frame = pd.DataFrame(rows, columns=["queue", "year", "begun"])
    return frame.assign(
        y=rng.normal(100.0, 3.0, len(frame)), site=frame.queue % 3, opened=rng.integers(1, 9, len(frame))
    )


def panel(frame: Any, **changes: Any) -> Panel:
    """A panel of ``frame``; a keyword that is None is left out."""
    return Panel.from_frame(frame, **{k: v for k, v in {**ROLES, **changes}.items() if v is not None})


def redrawn(base: Panel, **arrays: Any) -> Panel:
    """``base`` with new arrays of the same shape (`outcome`, `weight`, ...): a tenth of the time of a panel made from rows."""
    new = copy.copy(base)
    new.__dict__["_wide"] = replace(base.wide(), **arrays)
    return new


def opened(base: Path, frame: Any = None, **data: Any) -> Source:
    """The source of a ``[data]`` table."""
    if frame is not None:
        data["source"] = "frame"
    return open_source(Data(**data), base=base, frame=frame)


def bytes_of(found: Panel) -> bytes:
    """Everything a panel hands out, as bytes."""
    wide, cells = found.wide(), found.cells()
    parts = [
        wide.outcome,
        wide.start,
        wide.cluster,
        cells.time,
        cells.cluster,
        cells.n,
        cells.w,
        cells.wy,
        cells.w2,
        cells.w2y,
    ]
    parts += [cells.w2y2, np.array([cells.center])]
    if found.has_moments:
        moments = found.moments()
        parts += [moments.mean, moments.second, moments.w, moments.n]
    return b"|".join(np.ascontiguousarray(p).tobytes() for p in parts) + repr(wide.units).encode()
