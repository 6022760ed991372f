"""Exploratory: whether effects differ and who gains more, fenced off from what the study set out to test."""

from __future__ import annotations

from typing import Any

from causal_eval.plots.names import analysis_name, metric_label
from causal_eval.report.blocks import Block, Column, Section, Strong, Table, Text, cell
from causal_eval.report.numbers import change, error_of, p_text, share
from causal_eval.report.wording import metric_unit
from causal_eval.results.types import Estimate, Finding, StudyResult

FENCE = (
    "What follows was looked for in the data and not asked beforehand. It suggests questions for the next launch; no decision "
    "should rest on it."
)


def section(result: StudyResult) -> Section | None:
    """The forest's evidence on the primary metric, the primary analysis first; absent where no analysis has any."""
    found = next(
        (
            f
            for f in result.of(result.primary_metric.name)
            if f.estimate is not None and "calibration_differential" in f.estimate.details
        ),
        None,
    )
    if found is None or found.estimate is None:
        return None
    blocks: list[Block] = [Text((Strong("Exploratory. "), FENCE)), Text((_differ(found.estimate),))]
    targeting = _targeting(result, found.estimate)
    if targeting:
        blocks.append(Text((targeting,)))
    blocks += _projection(result, found, found.estimate)
    return Section("exploratory", "Exploratory: do effects differ, and for whom?", tuple(blocks))


def _differ(e: Estimate) -> str:
    p, slope = e.details["calibration_p"], e.details["calibration_differential"]
    assert isinstance(p, float) and isinstance(slope, float)
    word = "There is evidence" if p < 1 - e.level else "There is no clear evidence"
    return (
        f"{word} that effects differ between people: where the forest predicts a difference of 1, one of {slope:.2f} is found".replace(
            "-", "\N{MINUS SIGN}"
        )
        + f" (calibration test, {p_text(p)}, one-sided)."
    )


def _targeting(result: StudyResult, e: Estimate) -> str:
    said: Any = e.details.get("targeting")
    if not isinstance(said, dict):
        return ""
    unit, error = metric_unit(result, result.primary_metric), error_of(e.headline)
    low, high = (change(said[k], unit, error) for k in ("low", "high"))
    finds = "Predictions find" if said["low"] > 0 else "Predictions do not clearly find"
    return (
        f"{finds} those who gain more: with the largest predicted effects first, the effect on those reached exceeds that on all by "
        f"{change(said['autoc'], unit, error, words=True)} on average over all shares (AUTOC, {share(said['level'])} interval "
        f"{low} to {high}, {p_text(said['p_value'])}; each fold is predicted from the folds before it)."
    )


def _projection(result: StudyResult, f: Finding, e: Estimate) -> list[Block]:
    rows: Any = e.details.get("projection")
    if not isinstance(rows, list):
        return []
    unit, error = metric_unit(result, result.primary_metric), error_of(e.headline)
    body = tuple(
        (
            cell(r["covariate"]),
            cell(change(r["change"], unit, error)),
            cell(f"{change(r['low'], unit, error)} to {change(r['high'], unit, error)}"),
            cell(_p(r["p_value"])),
        )
        for r in sorted(rows, key=lambda r: r["p_value"])
    )
    joint = e.details.get("projection_p")
    note = (
        f"Change of the effect by one standard deviation of the covariate, the others held still. Intervals ({share(e.level)}) and "
        f"p-values hold for all {len(rows)} covariates at once"
        + (f"; that none matters: {p_text(joint)}" if isinstance(joint, float) else "")
        + ". A covariate that goes with larger effects need not be their cause."
    )
    columns = (Column("Covariate"), Column("Change of the effect", True), Column("Interval", True), Column("p", True))
    label = metric_label(result.primary_metric)
    return [
        Table(f"{label}: what goes with larger effects ({analysis_name(f)})", columns, body),
        Text((note,), "note"),
    ]


def _p(p: float | None) -> str:
    return "" if p is None else p_text(p).removeprefix("p = ").removeprefix("p ")
