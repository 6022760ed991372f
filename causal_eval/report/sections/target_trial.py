"""The target trial: the randomised trial that a study of a choice stands in for, and how it differs from it."""

from __future__ import annotations

from causal_eval.plots.names import analysis_name, estimand_name, metric_label, plural
from causal_eval.report.blocks import Cell, Column, Line, Section, Strong, Table, Text, cell
from causal_eval.report.numbers import count
from causal_eval.report.wording import sentence
from causal_eval.results.types import StudyResult

NOT_STATED = "Not stated"


def section(result: StudyResult) -> Section | None:
    """Only for cross-sections of people or units who chose (TARGET statement, 2025: its seven elements)."""
    if result.design.data_kind != "cross-section":
        return None
    rows = tuple((cell(Strong(what)), cell(trial), Cell(tuple(here))) for what, trial, here in _elements(result))
    missing = sum(1 for _, _, here in _elements(result) if any(NOT_STATED in str(x) for line in here for x in line))
    note = "Covariates must date from before the choice: the data has no times, so this table cannot show it."
    if missing:
        note += f" Rows that say “{NOT_STATED.lower()}” are for the author to state, in study.toml or in the review."
    return Section(
        "target-trial",
        "The trial this study stands in for",
        (
            Table(
                "Target trial and its emulation",
                (Column("Element"), Column("In the trial", wide=True), Column("In this study", wide=True)),
                rows,
                cards=True,
                quiet=True,
            ),
            Text((note,), "note"),
        ),
    )


def _elements(result: StudyResult) -> list[tuple[str, str, list[Line]]]:
    q, d, metric = result.question, result.design, result.primary_metric
    e = result.headline.estimate
    many = plural(d.unit_noun)
    column = next((name for role, name in result.lineage.columns if role == "treatment"), "")
    named = f" (column {column})" if column else ""
    eligible: list[Line] = (
        [(q.population,)] if q.population else [(f"{NOT_STATED}: every row of the data that has the columns used.",)]
    )
    if e is not None:
        eligible.append((f"{count(e.sample.n_units)} {many} analysed.",))
        eligible += [(f"{count(x.count)} {x.what} left out: {x.reason}.",) for x in e.sample.dropped]
    covariates = ", ".join(d.covariates)
    assigned = "By choice or by others, not by lot. "
    assigned += (
        f"Taken as good as random among those alike in: {covariates}." if covariates else "No covariates adjust for it."
    )
    follow = _follow_up(result)
    outcome: list[Line] = [(f"{metric_label(metric)}{f', {metric.units}' if metric.units else ''}.",)]
    if metric.description:
        outcome.append((sentence(metric.description),))
    others = [
        analysis_name(f) for f in result.findings
        if f.metric == metric.name and f is not result.headline and f.role != "reference"
    ]  # fmt: skip
    analysis: list[Line] = [
        (f"{sentence(analysis_name(result.headline)).rstrip('.')}" + (f"; {e.inference}." if e else "."),)
    ]
    if others:
        analysis.append((f"Beside it: {', '.join(others)}.",))
    effect: list[Line] = (
        [(f"{sentence(estimand_name(e))} {sentence(e.estimand_text)}",)] if e else [(d.estimand.upper(),)]
    )
    return [
        ("Eligibility", "The same population, before anybody knows who will be treated", eligible),
        ("Strategies", "Treated, against not treated, told to each participant",
         [(sentence(q.contrast),)] if q.contrast else [(f"{NOT_STATED}, beyond treated against not treated{named}.",)]),
        ("Assignment", "By lot", [(assigned,)]),
        ("Time zero", "The day of the draw, when eligibility is checked and follow-up starts",
         [(f"{NOT_STATED}: the data has one row each and no dates.",)]),
        ("Follow-up", "The same length for everybody", [(follow,)]),
        ("Outcome", "The same, measured alike in both groups", outcome),
        ("Effect", "Average effect of being assigned", effect),
        ("Analysis", "Difference in means", analysis),
    ]  # fmt: skip


def _follow_up(result: StudyResult) -> str:
    said = result.spec.get("metrics")
    rows = said if isinstance(said, list) else []
    name = result.primary_metric.name
    row = next((r for r in rows if isinstance(r, dict) and r.get("name") == name), {})
    horizon = row.get("horizon")
    if isinstance(horizon, (int, float)):
        return f"{horizon:g} days; those whose follow-up is not over are left out and counted."
    return f"{NOT_STATED}: the outcome is taken as the data has it."
