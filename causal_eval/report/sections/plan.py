"""How the run stands to its locked plan: when it was locked, what was amended, what differs."""

from __future__ import annotations

from causal_eval.plots.style import pretty
from causal_eval.report.blocks import Block, Code, Column, Line, Mark, Table, cell
from causal_eval.report.wording import sentence
from causal_eval.results.types import Change, PlanLock, StudyResult


def words(result: StudyResult) -> str:
    """In a sentence or three; the same in the report and on the command line."""
    p = result.plan_lock
    if p is None:
        return "Not locked. Nothing here shows that it was fixed before the results were seen."
    said = [f"Locked on {_day(p.at)}, when the data {'were there already' if p.after_data else 'were not there yet'}."]
    if p.amendments:
        times = "once" if len(p.amendments) == 1 else f"{len(p.amendments)} times"
        said.append(f"Amended {times} since.")
    n = len(p.deviations)
    said.append(
        "This run keeps to it." if n == 0 else f"{n} {'setting differs' if n == 1 else 'settings differ'} from it here."
    )
    if not p.same_data and p.after_data:
        said.append("The data are not the ones it was locked with.")
    return " ".join(said)


def mark(result: StudyResult) -> Mark | None:
    """The badge of the banner; None where the plan was never locked."""
    p = result.plan_lock
    if p is None:
        return None
    n = len(p.deviations)
    if n:
        return Mark("!", f"{n} deviation{'s' * (n > 1)} from the locked plan", "warn")
    return Mark("✓", "Amended plan kept" if p.amendments else "Locked plan kept", "good")


def row(result: StudyResult) -> tuple[str, Line]:
    """The line among the facts of the question."""
    return "Plan", (words(result),)


def tables(p: PlanLock | None) -> list[Block]:
    """What differs from the plan, and what its amendments changed; empty where nothing did."""
    if p is None:
        return []
    out: list[Block] = []
    if p.deviations:
        out.append(_table("Deviations: what differs from the locked plan", p.deviations, "Locked", "This run"))
    for a in p.amendments:
        when = "after the data were there" if a.after_data else "before the data were there"
        out.append(_table(f"Amended {_day(a.at)}, {when}: {sentence(a.note)}", a.changes, "Before", "Since"))
    return out


def _table(caption: str, changes: tuple[Change, ...], before: str, after: str) -> Table:
    body = tuple((cell(Code(c.key)), cell(Code(c.before)), cell(Code(c.after))) for c in changes)
    return Table(caption, (Column("Setting"), Column(before), Column(after)), body, cards=True)


def _day(at: str) -> str:
    return pretty(at[:10])
