"""The scorecard: one row a metric, its effect against what was asked of it, and the decision's verdict."""

from __future__ import annotations

from causal_eval.plots.names import METRIC_ROLES, metric_label, on_the_treated
from causal_eval.report.blocks import Block, Cell, Column, Line, Section, Strong, Table, Text, cell
from causal_eval.report.numbers import LOGS, RELATIVE, Unit, effect_text, error_of, interval_text, level, p_text, share
from causal_eval.report.wording import (
    clause_of,
    metric_unit,
    outcome_mark,
    robustness_sentence,
    sentence,
    threshold_phrase,
)
from causal_eval.results.types import Estimate, Failure, MetricInfo, StudyResult


def table(result: StudyResult) -> Table:
    """The scorecard alone, also what a notebook shows."""
    levels = {f.estimate.level for f in result.findings if f.estimate}
    interval = f"{share(next(iter(levels)))} interval" if len(levels) == 1 else "interval"
    columns = (
        Column("Metric"),
        Column("Before", True),
        Column("Without launch (est.)", True),
        Column(f"Effect, {interval}", True),
        Column(f"Relative, {interval}", True),
        Column("Held against", True),
        Column("Verdict"),
    )
    rows = [_row(result, m) for m in result.metrics]
    keep = [k for k in range(len(columns)) if any(row[k].lines for row in rows)]
    return Table(
        "Scorecard: every metric against the decision rule",
        tuple(columns[k] for k in keep),
        tuple(tuple(row[k] for k in keep) for row in rows),
        cards=True,
        quiet=True,
    )


def _row(result: StudyResult, metric: MetricInfo) -> tuple[Cell, ...]:
    finding = result.find(metric.name)
    name = cell(Strong(metric_label(metric)), METRIC_ROLES[metric.role])
    held = cell(threshold_phrase(result, metric))
    verdict = cell(outcome_mark(clause_of(result, metric.name)))
    if finding is None or isinstance(finding.said, Failure):
        why = (
            f"no estimate ({finding.said.status})" if finding and isinstance(finding.said, Failure) else "not analysed"
        )
        return (name, Cell(()), Cell(()), cell(why), Cell(()), held, verdict)
    e: Estimate = finding.said
    unit = metric_unit(result, metric)
    effect, error = e.headline, error_of(e.headline)
    relative = e.effect("overall", "relative")
    p: Line = (p_text(effect.p_value),) if effect.p_value is not None else ("",)
    interval: Line = (interval_text(effect, unit, bare=True) or sentence(effect.note or "no interval"),)
    return (
        name,
        cell(_level(e.baseline, unit, error) if e.baseline is not None else ""),
        cell(_level(e.counterfactual, unit, error) if e.counterfactual is not None else ""),
        cell(Strong(effect_text(effect, unit)), interval, p),
        cell(effect_text(relative, RELATIVE), interval_text(relative, RELATIVE)) if relative else Cell(()),
        held,
        verdict,
    )


def _level(value: float, unit: Unit, error: float | None) -> str:
    """A level; in a narrow column a unit follows it only where it is not the one that stands with the effect."""
    return level(value, unit if unit.level != unit.change else Unit(unit.factor, unit.before), error)


def section(result: StudyResult) -> Section:
    """The scorecard and how to read it."""
    units = {metric_unit(result, m).change for m in result.metrics}
    found = [result.find(m.name) for m in result.metrics]
    told = [f.estimate for f in found if f is not None and f.estimate is not None]
    whose = "the treated group" if all(map(on_the_treated, told)) else "those the effect is about"
    notes = [
        f"“Without launch” is the level {whose} would have had by the estimate; relative effects are shares of it."
    ]
    if " pp" in units:
        notes.append("pp: percentage points.")
    if LOGS.change in units:
        notes.append("In logs: means of the natural logarithm; the relative effect is exp(effect) \u2212 1.")
    if any(clause_of(result, m.name) is None for m in result.metrics):
        notes.append("“Reported only”: the decision rule does not use this metric.")
    blocks: list[Block] = [table(result)]
    leant = robustness_sentence(result)
    if leant:
        blocks.append(Text((leant,)))
    return Section("scorecard", "Scorecard", (*blocks, Text((" ".join(notes),), "note")))
