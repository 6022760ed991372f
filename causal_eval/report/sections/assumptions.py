"""Assumptions and evidence: what was checked, what came out, and what would break it. The worst stands first."""

from __future__ import annotations

from causal_eval.plots.names import assumption_title
from causal_eval.report.blocks import Block, Column, Section, Strong, Table, Text, cell
from causal_eval.report.checks import open_checks
from causal_eval.report.numbers import fixed, p_text, plain
from causal_eval.report.wording import (
    VERDICT_ORDER,
    check_title,
    checks_sentence,
    gate_closed,
    scale_note,
    sentence,
    verdict_mark,
)
from causal_eval.results.types import Diagnostic, StudyResult


def _result(d: Diagnostic) -> str:
    said = []
    if d.statistic is not None:
        name = d.statistic_name
        said.append(f"{name} = {plain(d.statistic)}" if name else plain(d.statistic))
    if d.p_value is not None:
        said.append(p_text(d.p_value))
    return ", ".join(said)


def section(result: StudyResult, *, every: bool = False) -> Section | None:
    """One row a check of the primary metric, and of the others what did not pass; ``every``: all checks, with numbers.

    Absent when no check was asked for.
    """
    if not result.diagnostics:
        return None
    columns = (
        Column("Assumption and check", wide=True), Column("Verdict"), Column("Result", detail=True),
        Column("Threshold", True, detail=True),
        Column("Reading", wide=True), Column("What would break it", wide=True, detail=True),
    )  # fmt: skip
    rows, left = [], 0
    primary = result.primary_metric.name
    own = {d.check for d in result.diagnostics if d.metric == primary}
    open_ = {id(c.first): c for c in open_checks(result)}
    for verdict in VERDICT_ORDER:
        for d in result.diagnostics:
            if d.verdict != verdict:
                continue
            if not every and d.details.get("applies") is False:
                left += 1
                continue
            if not every and d.metric != primary and (d.check in own or d.verdict == "not_run") and id(d) not in open_:
                left += 1
                continue
            also = open_[id(d)].also if id(d) in open_ and not every else ""
            rows.append((
                cell(
                    Strong(assumption_title(d.assumption)), sentence(d.question) if d.question else "",
                    check_title(result, d),
                ),
                cell(verdict_mark(d.verdict), "gate" if d.gate else ""),
                cell(_result(d)),
                cell(plain(d.threshold) if d.threshold is not None else ""),
                cell(sentence(d.reading), also),
                cell(sentence(d.breaks) if d.breaks else ""),
            ))  # fmt: skip
    head = checks_sentence(result)
    if gate_closed(result):
        head += " A gating check failed: no decision may rest on the estimate."
    blocks: list[Block] = [
        Text((head,)),
        Table("Assumptions, checks and readings", columns, tuple(rows), cards=True, quiet=True),
    ]
    if left:
        where = "are in diagnostics.csv and in the report for a technical audience"
        blocks.append(Text((f"{left} more, of other metrics or not made for this kind of data, {where}.",), "note"))
    if said := scale_note(result):
        blocks.append(Text((said,), "note"))
    balance = _balance(result)
    if balance:
        blocks.append(balance)
    blocks.append(
        Text(("A check that passes is evidence, not certainty: each can only see what its data can show.",), "note")
    )
    return Section("assumptions", "Assumptions and evidence", tuple(blocks))


def _balance(result: StudyResult) -> Table | None:
    e = result.headline.estimate
    if e is None or not e.balance:
        return None
    names = list(dict.fromkeys(b.covariate for b in e.balance))
    by = {(b.covariate, b.stage): b.smd for b in e.balance}

    def text(name: str, stage: str) -> str:
        value = next((v for (n, s), v in by.items() if n == name and s == stage), None)
        return "" if value is None else fixed(value, 2, signed=True)

    rows = tuple((cell(n), cell(text(n, "before")), cell(text(n, "after"))) for n in names)
    return Table("Balance: standardised mean differences, treated minus comparison",
                 (Column("Covariate"), Column("Before", True), Column("After", True)), rows)  # fmt: skip
