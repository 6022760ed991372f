"""A lone estimate, as a notebook shows it: no study around it, so no metric, no decision, no unit."""

from __future__ import annotations

from causal_eval.plots.names import estimand_name, method_name
from causal_eval.report.blocks import Block, Bullets, Column, Strong, Table, Text, cell
from causal_eval.report.numbers import RELATIVE, Unit, count, effect_text, interval_phrase, interval_text, p_text, share
from causal_eval.report.wording import sentence
from causal_eval.results.types import Estimate

MOST_ROWS = 12


def blocks(estimate: Estimate) -> list[Block]:
    """Headline, first effects, inference, notes."""
    s = estimate.sample
    rows = []
    for e in estimate.effects[:MOST_ROWS]:
        unit = RELATIVE if e.scale == "relative" else Unit()
        interval = f"{share(e.interval.level)}: {interval_text(e, unit)}" if e.interval else interval_phrase(e, unit)
        p = p_text(e.p_value).removeprefix("p = ").removeprefix("p ") if e.p_value is not None else ""
        rows.append((cell(e.aggregation), cell(e.scale), cell(Strong(effect_text(e, unit))), cell(interval), cell(p)))
    columns = (Column("Effect"), Column("Scale"), Column("Value", True), Column("Interval", True), Column("p", True))
    out: list[Block] = [
        Text((Strong(f"{method_name(estimate.method)}: {estimand_name(estimate)}"),)),
        Text((sentence(estimate.estimand_text),)),
        Table("Effects", columns, tuple(rows), quiet=True),
    ]
    more = len(estimate.effects) - len(rows)
    tail = f" {more} more effects in tidy()." if more > 0 else ""
    out.append(
        Text(
            (
                f"{sentence(estimate.inference)} {count(s.n_rows)} rows, {count(s.n_units)} units, "
                f"{count(s.n_treated)} treated.{tail}",
            ),
            "note",
        )
    )
    if estimate.notes:
        out.append(Bullets(tuple((sentence(n),) for n in estimate.notes)))
    return out
