"""Results: every analysis side by side, those without an estimate too, and what adjustment changed."""

from __future__ import annotations

from collections.abc import Collection

from causal_eval.plots.names import analysis_name, estimand_tag, metric_label
from causal_eval.plots.style import pretty
from causal_eval.report.blocks import (
    Block,
    Bullets,
    Cell,
    Column,
    FigureRef,
    Line,
    Section,
    Strong,
    Sub,
    Table,
    Text,
    cell,
)
from causal_eval.report.numbers import (
    MINUS,
    RELATIVE,
    Unit,
    change,
    count,
    effect_text,
    error_of,
    fixed,
    interval_text,
    p_text,
    share,
)
from causal_eval.report.wording import merged_notes, metric_unit, sentence
from causal_eval.results.types import Effect, Estimate, Failure, Finding, MetricInfo, StudyResult

_FAMILIES = (
    ("overall:", "overall, aggregated in other ways"),
    ("cohort:", "by cohort"),
)
_AVERAGES = {
    "simple": "every treated unit and period alike",
    "cohort": "every cohort by its size, whenever it started",
    "event": "every time since the launch alike",
    "calendar": "every calendar period alike",
}
"""What each of the overall averages weighs alike."""
MOST_ROWS = 30
_COMPARED = {
    "treated_vs_never": "Adopters with the never treated",
    "earlier_vs_later": "Earlier adopters with later ones, before those adopt",
    "later_vs_earlier": "Later adopters with earlier ones, which are treated already",
    "later_vs_always": "Later adopters with those treated all along",
}
"""What a two-way coefficient compares, by the kind of comparison (Goodman-Bacon 2021); the last two are the bad ones."""


def analyses(result: StudyResult, metrics: list[MetricInfo], caption: str) -> Table:
    """One row an analysis; one without an estimate shows its reason where the numbers would be."""
    several = len(metrics) > 1
    levels = {f.estimate.level for f in result.findings if f.estimate}
    interval = _interval(levels)
    head = [Column("Metric")] if several else []
    columns = (
        *head,
        Column("Analysis"),
        Column(f"Effect, {interval}", True),
        Column(f"Relative, {interval}", True),
        Column("p", True),
        Column("Units (treated)", True),
        Column("Inference", wide=True),
    )
    rows = []
    for m in metrics:
        for f in result.findings:
            if f.metric == m.name:
                rows.append((*([cell(metric_label(m))] if several else []), *_row(result, m, f)))
    return Table(caption, columns, tuple(rows), cards=True)


def _row(result: StudyResult, metric: MetricInfo, finding: Finding) -> tuple[Cell, ...]:
    tag = f" · {estimand_tag(finding.said)}" if isinstance(finding.said, Estimate) else ""
    name = cell(Strong(sentence(analysis_name(finding)).rstrip(".")), finding.role + tag)
    if isinstance(finding.said, Failure):
        f = finding.said
        why: Line = (Strong(f"No estimate: {f.status} ({f.code}). "), sentence(f.message))
        return (name, Cell((why, (sentence(f.hint),)) if f.hint else (why,), span=5))
    e: Estimate = finding.said
    unit = metric_unit(result, metric)
    effect = e.headline
    relative = e.effect("overall", "relative")
    interval = interval_text(effect, unit, bare=True) or sentence(effect.note or "no interval")
    return (
        name,
        cell(Strong(effect_text(effect, unit)), interval),
        cell(effect_text(relative, RELATIVE), interval_text(relative, RELATIVE)) if relative else Cell(()),
        cell(p_text(effect.p_value).removeprefix("p = ").removeprefix("p "))
        if effect.p_value is not None
        else Cell(()),
        cell(f"{count(e.sample.n_units)} ({count(e.sample.n_treated)})"),
        cell(e.inference),
    )


def adjustment(result: StudyResult) -> str:
    """What adjusting changed against the naive reference; empty where one of them gave no estimate."""
    main = result.headline.estimate
    metric = result.primary_metric
    naive = next((f for f in result.findings if f.metric == metric.name and f.role == "reference" and f.estimate), None)
    if main is None or naive is None or naive.estimate is None:
        return ""
    unit = metric_unit(result, metric)
    error = error_of(main.headline)
    difference = change(main.headline.value - naive.estimate.headline.value, unit, error, words=True)
    said = (
        f"The reference ({analysis_name(naive)}) gives {effect_text(naive.estimate.headline, unit, words=True)}, "
        f"the primary analysis {effect_text(main.headline, unit, words=True)}."
    )
    if not any(c in "123456789" for c in difference):
        return f"{said} They do not differ by as much as the errors can tell."
    if naive.method != "naive":
        return f"{said} They differ by {difference.lstrip(f'+{MINUS}')}."
    return f"What adjustment changed: {said[0].lower()}{said[1:]} The comparison moves it by {difference}."


def section(result: StudyResult, figures: Collection[str]) -> Section | None:
    """Tables for the primary metric and for the others, the forest, averages by cohort, and every note."""
    if not result.findings:
        return None
    primary = result.primary_metric
    others = [m for m in result.metrics if m.name != primary.name and any(f.metric == m.name for f in result.findings)]
    blocks: list[Block] = [analyses(result, [primary], f"{metric_label(primary)}: all analyses")]
    said = adjustment(result)
    if said:
        blocks.append(Text((said,)))
    if "effects" in figures and len(result.findings) > 1:
        blocks.append(FigureRef("effects"))
    if others and sum(f.metric != primary.name for f in result.findings) == len(others):
        blocks.append(analyses(result, others, "Other metrics"))
    else:  # several analyses each: a metric's stand beside each other under its name
        blocks += [analyses(result, [m], f"{metric_label(m)}: all analyses") for m in others]
    blocks += finer(result)
    blocks += compared(result)
    notes = merged_notes(result)
    if notes:
        blocks += [
            Sub("Notes of the analyses"),
            Bullets(tuple((Strong(f"{sentence(who).rstrip('.')}: "), note) for who, note in notes)),
        ]
    return Section("results", "Results, all analyses side by side", tuple(blocks))


def compared(result: StudyResult) -> list[Block]:
    """What each two-way reference of the primary metric is made of, by kind of comparison."""
    metric = result.primary_metric
    unit = metric_unit(result, metric)
    out: list[Block] = []
    for f in result.findings:
        e = f.estimate
        parts = e.details.get("bacon") if e is not None and f.metric == metric.name else None
        if e is None or not isinstance(parts, list):
            continue
        error = error_of(e.headline)
        rows, already = [], 0.0
        for kind, words in _COMPARED.items():
            mine = [p for p in parts if p["kind"] == kind]
            weight = sum(p["weight"] for p in mine)
            if not weight > 0:
                continue
            already += weight if kind.startswith("later") else 0.0
            average = sum(p["weight"] * p["estimate"] for p in mine) / weight
            rows.append((cell(words), cell(f"{fixed(weight * 100, 0)}%"), cell(change(average, unit, error))))
        columns = (Column("Compared", wide=True), Column("Weight", True), Column("Average estimate", True))
        name = analysis_name(f)
        out += [
            Table(f"{metric_label(metric)}: what the reference ({name}) is made of", columns, tuple(rows)),
            Text(
                (
                    f"{fixed(already * 100, 0)}% of the weight rests on controls that are treated already: where effects grow or fade "
                    "with time, those comparisons are off by that change.",
                ),
                "note",
            ),
        ]
    return out


def finer(result: StudyResult) -> list[Block]:
    """Effects of the primary analysis aggregated in other ways and by cohort, as far as they are there."""
    e = result.headline.estimate
    if e is None:
        return []
    unit, label = metric_unit(result, result.primary_metric), metric_label(result.primary_metric)
    tables = (family(e, prefix, f"{label}: {caption}", unit) for prefix, caption in _FAMILIES)
    return [t for t in tables if t is not None]


def family(
    e: Estimate, prefix: str, caption: str, unit: Unit, *, only: Collection[Effect] | None = None
) -> Table | None:
    """The effects whose aggregation starts with ``prefix``, one row each; None for none, or too many to read."""
    rows = [x for x in e.effects if x.aggregation.startswith(prefix) and x.scale == "absolute"]
    rows = [x for x in rows if only is None or x in only]
    if not rows or len(rows) > MOST_ROWS:
        return None
    counted = any(x.n_units is not None for x in rows)
    levels = {x.interval.level for x in rows if x.interval}
    columns = [Column("What"), Column(f"Effect, {_interval(levels)}", True), Column("p", True)]
    columns += [Column("Units", True)] if counted else []
    body = []
    for x in rows:
        units = [cell(count(x.n_units) if x.n_units is not None else "")] if counted else []
        body.append((cell(_what(x, prefix)), *_numbers(x, unit, mixed=len(levels) > 1), *units))
    return Table(caption, tuple(columns), tuple(body))


def _what(effect: Effect, prefix: str) -> str:
    name = effect.aggregation.removeprefix(prefix)
    if prefix == "overall:" and name in _AVERAGES:
        return f"{name}: {_AVERAGES[name]}"
    return name.replace("=", ": ", 1) if prefix == "segment:" else pretty(name)


def _interval(levels: set[float]) -> str:
    return f"{share(next(iter(levels)))} interval" if len(levels) == 1 else "interval"


def _numbers(effect: Effect, unit: Unit, *, mixed: bool) -> tuple[Cell, Cell]:
    """Effect with its interval, and p; ``mixed``: intervals of several levels, so that each says its own."""
    p = p_text(effect.p_value).removeprefix("p = ").removeprefix("p ") if effect.p_value is not None else ""
    said = interval_text(effect, unit, bare=True) or sentence(effect.note or "no interval")
    if mixed and effect.interval:
        said = f"{share(effect.interval.level)}: {said}"
    return cell(Strong(effect_text(effect, unit)), said), cell(p)
