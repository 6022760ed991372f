"""Segments: the effect on parts of the population, fenced off where nobody named them beforehand."""

from __future__ import annotations

from typing import Any

from causal_eval.plots.families import segments
from causal_eval.plots.names import analysis_name, metric_label
from causal_eval.report.blocks import Block, Mark, Section, Table, Text
from causal_eval.report.numbers import count, fixed, p_text, plain
from causal_eval.report.sections.results import family
from causal_eval.report.wording import metric_unit
from causal_eval.results.types import Effect, Estimate, StudyResult

PREFIX = "segment:"


def section(result: StudyResult) -> Section | None:
    """Segments of the primary metric, from the primary analysis or the first other that has any; else absent."""
    mine = [f for f in result.findings if f.metric == result.primary_metric.name and f.estimate is not None]
    found = [f for f in mine if f.estimate is not None and _segments(f.estimate)]
    if not found:
        said = {said: None for f in mine if f.estimate is not None for said in left_out(f.estimate)}
        return Section("segments", "Segments", tuple(Text((x,)) for x in said)) if said else None
    first = next((f for f in found if f.role == "primary"), found[0])
    assert first.estimate is not None
    e = first.estimate
    effects = _segments(e)
    unit = metric_unit(result, result.primary_metric)
    roles = result.spec.get("roles")
    declared = roles.get("segments") if isinstance(roles, dict) else None
    named = set(declared) if isinstance(declared, list) else set()
    blocks: list[Block] = [
        Text((chance(effects, tested=bool(differences(e))),)),
        *(Text((said,)) for said in differences(e)),
    ]
    for known in (True, False):
        shown = [x for x in effects if (_column(x) in named) == known]
        if not shown:
            continue
        if not known:
            fence = (
                ": not named in the study file, found by looking. Good for the next question, not for this decision."
            )
            blocks.append(Text((Mark("!", "Exploratory", "warn"), fence)))
        by = "" if first.role == "primary" else f" ({analysis_name(first)})"
        caption = f"{metric_label(result.primary_metric)}: {'declared' if known else 'exploratory'} segments{by}"
        table: Table | None = family(e, PREFIX, caption, unit, only=shown)
        if table is not None:
            blocks.append(table)
    blocks += [Text((said,), "note") for said in left_out(e)]
    title = "Segments" if all(_column(x) in named for x in effects) else "Segments (exploratory)"
    return Section("segments", title, tuple(blocks))


def chance(effects: list[Effect], *, tested: bool = False) -> str:
    """How many intervals exclude zero, beside how many would by chance alone. ``tested``: another sentence says if they differ."""
    judged = [x for x in effects if x.interval is not None]
    n = len(effects)
    if not judged:
        return f"{n} segments, none with an interval."
    out = sum(1 for x in judged if x.interval and not x.interval.low <= 0 <= x.interval.high)
    said = f"{out} of {n} segments have an interval that excludes zero."
    joint = all("all segments" in x.note for x in judged)
    if joint:
        said += " The intervals hold for all segments at once."
        return said if tested else f"{said} Segments differ only where their intervals lie apart."
    expected = sum(1 - x.interval.level for x in judged if x.interval)
    return (
        f"{said} By chance alone about {fixed(expected, 1)} would, if the launch changed none of them. A segment whose "
        "interval excludes zero beside one whose interval includes it is no evidence that they differ."
    )


def differences(e: Estimate) -> list[str]:
    """A sentence a column: whether its segments differ by a test, or why none was made."""
    out = []
    for column, told in _told(e).items():
        test = told.get("test")
        if isinstance(test, dict):
            p = float(test["p_value"])
            word = "There is evidence" if p < 1 - e.level else "There is no clear evidence"
            df = f"{fixed(test['df1'], 0)} and {fixed(test['df2'], 1)} degrees of freedom"
            out.append(
                f"{word} that the effect differs by {column} (Welch test of one effect for all, F = {plain(test['statistic'])}, "
                f"{df}, {p_text(p)})."
            )
        elif told.get("untested"):
            out.append(f"Whether the effect differs by {column} was not tested: {told['untested']}.")
    return out


def left_out(e: Estimate) -> list[str]:
    """What has no effect of its own, with the reason."""
    out = [f"{column}: no effect for {', '.join(labels)}: {reason}." for column, reason, labels in segments.left_out(e)]
    for column, told in _told(e).items():
        noun = told.get("noun", "units")
        if told.get("changes"):
            out.append(f"{column}: {count(told['changes'])} {noun} whose label changes over time are in no segment.")
        if told.get("missing"):
            out.append(f"{column}: {count(told['missing'])} {noun} without a label are in no segment.")
    return out


def _told(e: Estimate) -> dict[str, dict[str, Any]]:
    said = e.details.get("segments")
    return {c: v for c, v in said.items() if isinstance(v, dict)} if isinstance(said, dict) else {}


def _segments(e: Estimate) -> list[Effect]:
    return [x for x in e.effects if x.aggregation.startswith(PREFIX) and x.scale == "absolute"]


def _column(e: Effect) -> str:
    return e.aggregation.removeprefix(PREFIX).partition("=")[0]
