"""The declared segments of a study's rows: how many units each holds, and its rows alone.

A segment is a property of a unit. Units whose label changes over time, or is missing in some of their rows, belong to none:
cutting their rows would compare other periods of other units.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from causal_eval.data import engine

if TYPE_CHECKING:
    from causal_eval.data.contract import CrossSection, Panel


@dataclass(frozen=True, slots=True)
class Segment:
    """One label of a column, with its ever treated and never treated units; rows where there are no units."""

    label: str
    treated: int
    untreated: int


@dataclass(frozen=True, slots=True)
class Column:
    """A declared column: its segments by label, and units whose label ``changes``, or is ``missing`` throughout."""

    name: str
    segments: tuple[Segment, ...]
    changes: int = 0
    missing: int = 0


def columns(data: Panel | CrossSection) -> tuple[Column, ...]:
    """Every declared column, in the order of the study."""
    from causal_eval.data.contract import Panel

    if isinstance(data, Panel):
        return tuple(_column(data, i) for i in range(len(data.segments)))
    return tuple(_of_labels(data, name) for name in data.segments)


def only(panel: Panel, column: str, label: str) -> Panel:
    """The rows of the units whose label in ``column`` is ``label`` throughout, with no segments of their own."""
    i = panel.segments.index(column)
    rows = panel.table
    if panel.has_units:
        by_unit = _by_unit(rows, i)
        keep = by_unit.filter((by_unit.kinds == 1) & (by_unit.empty == 0) & (by_unit.label == label))
        rows = rows.semi_join(keep, "unit_code")
    else:
        rows = rows.filter(rows[f"seg_{i}"] == label)
    return replace(panel, table=engine.keep(panel.con, rows, "segment"), segments=())


def apart(panel: Panel, column: str) -> bool:
    """Whether no cluster has rows in two segments of the column, so that their estimates are independent."""
    if not panel.has_clusters:
        return True
    t, i = panel.table, panel.segments.index(column)
    kinds = t.group_by("cluster").aggregate(n=t[f"seg_{i}"].nunique())
    return int(engine.values(panel.con, kinds.aggregate(most=kinds.n.max()))["most"] or 0) <= 1


def below(data: Panel | CrossSection, least: int) -> tuple[str, ...]:
    """Columns with a segment of fewer than ``least`` treated or untreated units: counts of the others would give it away."""
    out = []
    for c in columns(data):
        cells = [n for s in c.segments for n in (s.treated, s.untreated)] + [c.changes, c.missing]
        if any(0 < n < least for n in cells):
            out.append(c.name)
    return tuple(out)


def _by_unit(rows: Any, i: int) -> Any:
    seg = rows[f"seg_{i}"]
    return rows.group_by("unit_code").aggregate(
        label=seg.min(),
        kinds=seg.nunique(),
        empty=seg.isnull().cast("int64").sum(),
        rows=rows.count(),
        treated=rows.first_treated.notnull().cast("int64").max(),
    )


def _column(panel: Panel, i: int) -> Column:
    t, name = panel.table, panel.segments[i]
    if not panel.has_units:
        return _collect(name, _rows(panel.con, t, t[f"seg_{i}"], t.first_treated.notnull()))
    u = _by_unit(t, i)
    state = ((u.kinds == 1) & (u.empty == 0)).cast("int64") + 2 * (u.kinds == 0).cast("int64")
    stated = u.mutate(state=state)
    counted = stated.group_by("state", "label", "treated").aggregate(n=stated.count())
    found = engine.arrow(panel.con, counted).to_pylist()
    changes = sum(int(r["n"]) for r in found if r["state"] == 0)
    kept = [(r["label"] if r["state"] == 1 else None, r["treated"], r["n"]) for r in found if r["state"] != 0]
    return replace(_collect(name, kept), changes=changes)


def _of_labels(data: CrossSection, name: str) -> Column:
    t, i = data.table, data.segments.index(name)
    return _collect(name, _rows(data.con, t, t[f"seg_{i}"], t.treated))


def _rows(con: Any, table: Any, label: Any, treated: Any) -> list[tuple[str | None, int, int]]:
    """(label, treated, rows) of each pair that there is."""
    pairs = table.select(label=label, treated=treated.cast("int64"))
    found = engine.arrow(con, pairs.group_by("label", "treated").aggregate(n=pairs.count())).to_pylist()
    return [(r["label"], r["treated"], r["n"]) for r in found]


def _collect(name: str, found: list[tuple[str | None, int, int]]) -> Column:
    sizes: dict[str, list[int]] = {}
    missing = 0
    for label, treated, n in found:
        if label is None:
            missing += int(n)
        else:
            sizes.setdefault(label, [0, 0])[0 if treated else 1] += int(n)
    return Column(name, tuple(Segment(k, *sizes[k]) for k in sorted(sizes)), missing=missing)
