"""A ratio of totals: resolved over opened, summed before they are divided."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from causal_eval.metrics._base import Kind, Measure, Refusal, number

if TYPE_CHECKING:
    from causal_eval.spec.models import MetricSpec


def columns(metric: MetricSpec) -> tuple[str, ...]:
    """Numerator and denominator."""
    assert metric.numerator is not None and metric.denominator is not None
    return metric.numerator, metric.denominator


def measure(table: Any, metric: MetricSpec, as_of: date | None) -> Measure:
    """Numerator and denominator. Rows with denominator 0 carry no weight and are left out; below 0 they stop (E329)."""
    top, bottom = columns(metric)
    numerator, refused = number(table, top, what="numerator")
    denominator, also = number(table, bottom, what="denominator")
    negative = Refusal(
        "E329",
        f"denominator column `{bottom}` is negative in {{n}} rows",
        bottom,
        "A denominator counts something: correct those rows.",
        denominator < 0,
    )
    # A numerator that is there while nothing was counted is a broken row, not an empty one.
    broken = Refusal(
        "E329",
        f"denominator column `{bottom}` is 0 in {{n}} rows where numerator `{top}` is not",
        bottom,
        "Correct those rows: nothing was counted, yet something came of it.",
        (denominator == 0) & (numerator != 0),
    )
    dropped = (
        (f"numerator `{top}` is missing", numerator.isnull()),
        (f"denominator `{bottom}` is missing", denominator.isnull()),
        (f"denominator `{bottom}` is 0", denominator == 0),
    )
    return Measure(numerator, denominator, dropped, (*refused, *also, negative, broken))


kind = Kind("ratio", columns, measure, additive=True, pooled=True, aggregate="ratio")
