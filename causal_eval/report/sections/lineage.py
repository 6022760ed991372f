"""Data and lineage: where the numbers came from, and what was left out on the way."""

from __future__ import annotations

from causal_eval.plots.style import pretty
from causal_eval.report.blocks import Block, Bullets, Code, Column, Facts, Line, Section, Table, cell
from causal_eval.report.numbers import count
from causal_eval.report.sections.design import drops
from causal_eval.report.wording import sentence
from causal_eval.results.types import StudyResult


def _role(role: str) -> str:
    """A role as the study file calls it: several columns can be covariates, or segments."""
    kind = role.rstrip("0123456789")
    return {"x_": "covariate", "seg_": "segment"}.get(kind, role.replace("_", " "))


def section(result: StudyResult) -> Section:
    """Source, hashes, counts, roles."""
    d = result.lineage
    rows: list[tuple[str, Line]] = [("Source", (Code(d.source), f" ({d.kind})")), ("SHA-256", (Code(d.sha256),)),
                                    ("Rows read", (count(d.rows_read),))]  # fmt: skip
    if d.as_of:
        rows.append(("Data as of", (pretty(d.as_of),)))
    if d.query_sha256:
        rows.append(("Query SHA-256", (Code(d.query_sha256),)))
    blocks: list[Block] = [Facts(tuple(rows))]
    if d.dropped:
        blocks.append(drops("Left out while reading and shaping", d.dropped))
    if d.columns:
        body = tuple((cell(_role(role)), cell(Code(name))) for role, name in d.columns)
        blocks.append(Table("Which column plays which part", (Column("Role"), Column("Column")), body))
    if d.notes:
        blocks.append(Bullets(tuple((sentence(n),) for n in d.notes)))
    return Section("data", "Data and lineage", tuple(blocks))
