"""The attrition flow: from the rows that were read to the rows that were analysed, with the reasons in between."""

from __future__ import annotations

from dataclasses import dataclass

from causal_eval.plots.names import plural
from causal_eval.plots.rows import Group, Line, Mark, Panel, chart
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import BLUE, INK, VERMILLION
from causal_eval.results.types import Drop, StudyResult


@dataclass(frozen=True, slots=True)
class Flow:
    """Counts as they were recorded: rows in, what was left out on the way, rows out."""

    read: int
    dropped: tuple[Drop, ...]
    analysed: int
    units: int
    noun: str


def flow(result: StudyResult) -> Flow | None:
    """The flow into the primary analysis; None where nothing was left out, or there is no analysis."""
    estimate = result.headline.estimate
    if estimate is None:
        return None
    dropped = tuple(dict.fromkeys((*result.lineage.dropped, *estimate.sample.dropped)))
    s = estimate.sample
    if not dropped:
        return None
    return Flow(result.lineage.rows_read, dropped, s.n_rows, s.n_units, result.design.unit_noun)


def _count(n: int, what: str) -> str:
    return f"{n:,} {plural(what.removesuffix('s'), n)}"


def flow_figure(series: Flow) -> FigureSpec:
    """Rows as bars; what was left out in other counts than rows has its words alone."""
    lines = [Line("Read from the source", _count(series.read, "row"), (Mark(float(series.read), colour=INK),))]
    for d in series.dropped:
        marks = (Mark(float(d.count), colour=VERMILLION, shape="X"),) if d.what == "rows" else ()
        lines.append(Line(f"Left out: {d.reason}", _count(d.count, d.what), marks))
    units = f" of {_count(series.units, series.noun)}" if series.units != series.analysed else ""
    lines.append(Line("Analysed", _count(series.analysed, "row") + units, (Mark(float(series.analysed), colour=BLUE),)))
    panel = Panel("Rows", (Group(tuple(lines)),), signed=False, bars=True)
    title = f"From {_count(series.read, 'row')} read to {series.analysed:,} analysed"
    note = "Counts as recorded at each step. Units, periods and cohorts left out hold rows of their own, and shaping may pool rows."
    rows: tuple[tuple[Value, ...], ...] = (
        ("read", "rows", series.read, ""),
        *(("left out", d.what, d.count, d.reason) for d in series.dropped),
        ("analysed", "rows", series.analysed, ""),
    )
    return FigureSpec(
        "attrition",
        title,
        f"Flow from {_count(series.read, 'row')} read to {_count(series.analysed, 'row')}{units} analysed, with "
        f"{len(series.dropped)} {plural('reason', len(series.dropped))} for what was left out.",
        "; ".join(f"{x.name}: {x.words}" for x in lines) + ".",
        ("step", "what", "count", "reason"),
        rows,
        0,
        *chart(title, (panel,), note),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where something was left out on the way to the primary analysis."""
    series = flow(result) if result.findings else None
    return [flow_figure(series)] if series is not None else []


FAMILY = Family("attrition", "From the rows read to the rows analysed, with what was left out and why.", specs)
