"""What the effects add up to: incremental units over the treated and the time after the launch."""

from __future__ import annotations

from causal_eval.plots.names import METRIC_ROLES, metric_label, plural
from causal_eval.report.blocks import Cell, Column, Section, Strong, Table, Text, cell
from causal_eval.report.numbers import Unit, change, count, effect_text, error_of, interval_text, share
from causal_eval.report.totals import total_unit
from causal_eval.results.types import Effect, Estimate, MetricInfo, StudyResult


def section(result: StudyResult) -> Section | None:
    """One row a metric whose effects can be summed; absent where there is none."""
    found: list[tuple[MetricInfo, Estimate, Effect, Unit]] = []
    for metric in result.metrics:
        finding = result.find(metric.name)
        estimate = finding.estimate if finding is not None else None
        total = estimate.effect("overall", "cumulative") if estimate is not None else None
        unit = total_unit(result, metric)
        if estimate is not None and total is not None and unit is not None and metric.role != "negative_control":
            found.append((metric, estimate, total, unit))
    if not found:
        return None
    levels = {t.interval.level for _, _, t, _ in found if t.interval}
    interval = f", {share(next(iter(levels)))} interval" if len(levels) == 1 else ""
    noun = result.design.time_noun
    columns = (
        Column("Metric"), Column(f"In all{interval}", True), Column(f"Per {noun}", True), Column("Over", wide=True),
    )  # fmt: skip
    rows = tuple(_row(result, *x) for x in found)
    keep = [k for k in range(len(columns)) if any(row[k].lines for row in rows)]
    note = (
        "Each sum is the average effect times the volume of the treated after the launch, as observed. With other units or "
        "a longer time it would be another sum; it is not a forecast."
    )
    return Section(
        "totals",
        "What it adds up to",
        (
            Table(
                "Incremental units", tuple(columns[k] for k in keep),
                tuple(tuple(row[k] for k in keep) for row in rows), cards=True, quiet=True,
            ),
            Text((note,), "note"),
        ),
    )  # fmt: skip


def _row(result: StudyResult, metric: MetricInfo, e: Estimate, total: Effect, unit: Unit) -> tuple[Cell, ...]:
    d = result.design
    periods = e.sample.n_post if d.adoption == "block" and d.data_kind == "panel" else 0
    error = error_of(total)
    rate = change(total.value / periods, unit, error / periods if error else None) if periods > 1 else ""
    over = f"{count(e.sample.n_treated)} treated {plural(d.unit_noun, e.sample.n_treated)}" + (
        f", {periods} {plural(d.time_noun, periods)} after the launch" if periods else ""
    )
    interval = interval_text(total, unit, bare=True) or "no interval"
    return (
        cell(Strong(metric_label(metric)), METRIC_ROLES[metric.role]),
        cell(Strong(effect_text(total, unit)), interval),
        cell(rate),
        cell(over),
    )
