"""Appendix of the technical write-up: every effect of every analysis, and the figures of the other metrics."""

from __future__ import annotations

from collections.abc import Collection

from causal_eval.plots.names import analysis_name, metric_label
from causal_eval.report.blocks import Block, Column, FigureRef, Section, Table, cell
from causal_eval.report.numbers import RELATIVE, Unit, effect_text, interval_text, p_text, share
from causal_eval.report.wording import metric_unit
from causal_eval.results.types import StudyResult


def section(result: StudyResult, figures: Collection[str]) -> Section | None:
    """Absent when there is nothing beyond the headline effects."""
    blocks: list[Block] = [FigureRef(name) for name in figures if "-" in name]
    for f in result.findings:
        if f.estimate is None or len(f.estimate.effects) < 2:
            continue
        metric = result.metric(f.metric)
        rows = []
        for e in f.estimate.effects:
            unit = {"relative": RELATIVE, "cumulative": Unit()}.get(e.scale) or metric_unit(result, metric)
            interval = f"{share(e.interval.level)}: {interval_text(e, unit)}" if e.interval else e.note
            rows.append(
                (
                    cell(e.aggregation),
                    cell(e.scale),
                    cell(effect_text(e, unit)),
                    cell(interval),
                    cell(p_text(e.p_value).removeprefix("p = ").removeprefix("p ") if e.p_value is not None else ""),
                )
            )
        columns = (
            Column("Aggregation"),
            Column("Scale"),
            Column("Effect", True),
            Column("Interval", True),
            Column("p", True),
        )
        blocks.append(Table(f"{metric_label(metric)}, {analysis_name(f)}: every effect", columns, tuple(rows)))
    return Section("appendix", "Appendix", tuple(blocks)) if blocks else None
