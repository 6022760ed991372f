"""The risk view: how bad each harm could plausibly be, what would break the conclusion, and what to do about either."""

from __future__ import annotations

from causal_eval.plots.names import METRIC_ROLES, assumption_title, metric_label
from causal_eval.plots.style import pretty
from causal_eval.report.blocks import Block, Cell, Column, Line, Section, Strong, Table, Text, cell, filled
from causal_eval.report.checks import open_checks
from causal_eval.report.harm import Harm, harm_of
from causal_eval.report.limits import unchecked
from causal_eval.report.numbers import beside, fixed, share
from causal_eval.report.sections.events import overlaps
from causal_eval.report.wording import (
    gate_closed,
    metric_unit,
    outcome_mark,
    scale_note,
    sentence,
    threshold_phrase,
    verdict_mark,
)
from causal_eval.results.types import Clause, StudyResult

_TODO = {
    ("primary", "met"): "Keep measuring after the launch.",
    ("primary", "not met"): "Weigh whether an effect of this size is worth its cost.",
    ("primary", "breached"): "Undo the launch, unless something else explains the change.",
    ("primary", "inconclusive"): "Wait for more data, or decide on other grounds; this study does not settle it.",
    ("primary", "missing"): "Settle first why there is no estimate.",
    ("guardrail", "cleared"): "Keep measuring it.",
    ("guardrail", "breached"): "Find what harms it before any wider launch.",
    ("guardrail", "missing"): "Measure it before any wider launch.",
}
_LIKELY = {"fail": "Seen in the data.", "warn": "Not ruled out by the data.", "not_run": "Not known: not checked."}


def section(result: StudyResult) -> Section | None:
    """Absent where no metric could be harmed, every check passed and nothing else happened."""
    blocks: list[Block] = []
    worst = _harms(result)
    if worst is not None:
        if gate_closed(result):
            blocks.append(
                Text(("A gating check failed: these bounds hold only if that check's concern can be answered.",))
            )
        blocks.append(worst)
    broken = _breakers(result)
    if broken is not None:
        blocks.append(broken)
        if said := scale_note(result):
            blocks.append(Text((said,), "note"))
    return Section("risk", "Risks: how bad, how likely, what to do", tuple(blocks)) if blocks else None


def _harms(result: StudyResult) -> Table | None:
    rows = []
    levels = set()
    for clause in result.decision.clauses:
        if clause.role not in ("primary", "guardrail"):
            continue
        harm = harm_of(result, clause.metric)
        if harm is None:
            continue
        levels.add(harm.effect.interval.level if harm.effect.interval else None)
        rows.append(_harm_row(result, clause, harm))
    if not rows:
        return None
    level = levels.pop() if len(levels) == 1 else None
    end = f"{share(level)} interval" if level else "interval"
    columns = (
        Column("Metric"), Column(f"Worst plausible (bad end of the {end})", True), Column("Held against", True),
        Column("How likely"), Column("Smallest harm seen four times in five", True, detail=True),
        Column("What to do", wide=True),
    )  # fmt: skip
    return filled(Table("Harm that the data leave open", columns, tuple(rows), cards=True))


def _harm_row(result: StudyResult, clause: Clause, harm: Harm) -> tuple[Cell, ...]:
    metric = result.metric(clause.metric)
    unit = metric_unit(result, metric)
    bad: list[Line] = []
    if harm.worst is None:
        bad.append(("no interval, so no bound",))
    else:
        bad.append((Strong(beside(harm.worst, harm.effect, unit)),))
        if harm.relative is not None:
            bad.append((f"{harm.relative} relative",))
        if harm.total is not None:
            bad.append((f"{harm.total} in all",))
    seen = "" if harm.smallest is None else f"about {beside(harm.smallest, harm.effect, unit)}"
    return (
        cell(Strong(metric_label(metric)), METRIC_ROLES[metric.role]),
        Cell(tuple(bad)),
        cell(threshold_phrase(result, metric)),
        Cell(((outcome_mark(clause),), (_likely(clause, harm),))),
        cell(seen),
        cell(_todo(clause, harm, result.decision.recommendation)),
    )


def _likely(clause: Clause, harm: Harm) -> str:
    """A guardrail in the decision's own words; for the primary metric, on which side of zero the bad end lies."""
    i = harm.effect.interval
    if clause.role != "primary" or i is None or harm.worst is None:
        return sentence(clause.reason)
    good = i.low if harm.worst == i.high else i.high
    if harm.worst * good > 0:
        harmful = clause.outcome == "breached"
        return "Harm is what was found." if harmful else "Harm is ruled out by the interval."
    return "Harm is not ruled out: zero lies inside the interval."


def _todo(clause: Clause, harm: Harm, recommendation: str) -> str:
    said = _TODO.get((clause.role, clause.outcome))
    if clause.outcome in ("met", "cleared") and recommendation != "ship":
        return "Nothing for its own sake: the recommendation rests on something else."
    if said is not None:
        return said
    if harm.narrower is None:
        return "Settle what harm would be acceptable, and whether this study can show less."
    if harm.narrower == 0:
        return "More data alone would not clear it at this estimate: look for the cause."
    return (
        f"Keep measuring: at this estimate the interval clears the margin once it is {fixed(harm.narrower, 1)} times "
        "narrower."
    )


def _breakers(result: StudyResult) -> Table | None:
    """Checks that did not pass, one row each, the metrics together; then what else happened after the launch."""
    rows: list[tuple[Cell, ...]] = []
    for c in open_checks(result, verdicts=("fail", "warn")):
        rows.append((
            cell(Strong(assumption_title(c.first.assumption)), c.first.check.replace("_", " ")),
            Cell(((verdict_mark(c.first.verdict),), (_LIKELY[c.first.verdict],))),
            Cell(((c.reading,), *(((c.also,),) if c.also else ()))),
            cell(sentence(c.first.breaks)),
        ))  # fmt: skip
    unknown = open_checks(result, verdicts=("not_run",))
    if unknown:
        rows.append((
            cell(Strong("What could not be checked")),
            Cell(((verdict_mark("not_run"),), (_LIKELY["not_run"],))),
            Cell(tuple((f"{c.title}: {c.reading}",) for c in unknown)),
            cell("Judge it from knowledge of the launch; more periods or more units often help."),
        ))  # fmt: skip
    for threat in unchecked(result):
        rows.append((
            cell(Strong("What no check can see")),
            cell(_LIKELY["not_run"]),
            cell(sentence(threat)),
            cell("Judge it from knowledge of the launch."),
        ))  # fmt: skip
    for event in result.events:
        if overlaps(result, event):
            when = pretty(event.start) + (f" to {pretty(event.end)}" if event.end else "")
            rows.append((
                cell(Strong(event.name), f"other change, {when}"),
                cell("Happened while the launch was on."),
                cell("If it reached the treated and the others unequally, its effect is in the estimate."),
                cell("Find out whom it reached; compare the periods without it."),
            ))  # fmt: skip
    if not rows:
        return None
    columns = (Column("What could break the conclusion", wide=True), Column("How likely"), Column("How bad", wide=True),
               Column("What to do", wide=True))  # fmt: skip
    return Table("What would break the conclusion", columns, tuple(rows), cards=True)
