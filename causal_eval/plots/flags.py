"""What happened besides the launch, on a time axis."""

from __future__ import annotations

from dataclasses import dataclass

from causal_eval.results.types import PathPoint, StudyResult


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that happened, from one position of the time axis to another."""

    text: str
    start: int
    end: int


def event_flags(result: StudyResult, metric: str, points: tuple[PathPoint, ...]) -> tuple[Flag, ...]:
    """The events that touch a metric, at their positions on the path; those outside of it are left out."""
    order = {label: k for k, label in enumerate(result.design.periods or tuple(p.period for p in points))}
    at = [order.get(p.period, -1) for p in points]

    def position(label: str | None, *, last: bool) -> int | None:
        if label is None or label not in order:
            return None
        inside = [k for k, o in enumerate(at) if (o <= order[label] if last else o >= order[label])]
        return (inside[-1] if last else inside[0]) if inside else None

    flags = []
    for event in result.events:
        start = position(event.period, last=False)
        end = position(event.end_period or event.period, last=True)
        if start is None or end is None or (event.affects and metric not in event.affects):
            continue
        flags.append(Flag(event.name, min(start, end), max(start, end)))
    return tuple(flags)
