"""Over time: the event study, and the effect by calendar period, of the primary metric."""

from __future__ import annotations

from collections.abc import Collection

from causal_eval.plots.names import metric_label, plural
from causal_eval.report.blocks import Block, FigureRef, Section, Text
from causal_eval.report.numbers import MINUS, Unit, effect_text, interval_text
from causal_eval.report.sections.results import family
from causal_eval.report.wording import metric_unit
from causal_eval.results.types import Effect, EventPoint, EventStudy, Interval, StudyResult


def section(result: StudyResult, figures: Collection[str]) -> Section | None:
    """Absent where the primary analysis has neither an event study nor effects by period."""
    e = result.headline.estimate
    unit = metric_unit(result, result.primary_metric)
    blocks: list[Block] = []
    if e is not None and e.event_study is not None:
        said = first_and_last(e.event_study, unit, result.design.time_noun)
        blocks += [Text((said,))] if said else []
    if "event_study" in figures:
        blocks.append(FigureRef("event_study"))
    if e is not None:
        table = family(e, "period:", f"{metric_label(result.primary_metric)}: by period", unit)
        blocks += [table] if table is not None else []
    return Section("over-time", "Over time, period by period", tuple(blocks)) if blocks else None


def first_and_last(study: EventStudy, unit: Unit, noun: str) -> str:
    """The effect when it began to count and at the end; empty with fewer than two such periods."""
    after = [p for p in study.points if p.event >= 0 and not (p.excluded or p.thin)]
    if len(after) < 2:
        return ""
    first, last = after[0], after[-1]
    n = len(after)
    thin = sum(1 for p in study.points if p.event >= 0 and p.thin)
    base = f" Measured from event time {study.base}." if study.one_base else ""
    said = (
        f"Over the {n} {plural(noun, n)} that count after the launch the effect starts at {_point(first, unit, study)} and "
        f"ends at {_point(last, unit, study)}.{base.replace('-', MINUS)} Single {plural(noun)} are noisier than their average: "
        "this alone does not show that it grows or fades."
    )
    return said + (f" Left out here because they rest on too few units: {thin} {plural(noun, thin)}." if thin else "")


def _point(p: EventPoint, unit: Unit, study: EventStudy) -> str:
    interval = Interval(p.low, p.high, study.level, "") if p.low is not None and p.high is not None else None
    e = Effect("event", "absolute", p.value, p.std_error, None, interval)
    tail = f" ({interval_text(e, unit, bare=True)})" if interval else ""
    return f"{effect_text(e, unit, words=True)}{tail}"
