"""A share between 0 and 1, by row a 0/1 answer or a share."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from causal_eval.metrics._base import Kind, Measure, Refusal, column_of, number, one_column

if TYPE_CHECKING:
    from causal_eval.spec.models import MetricSpec


def measure(table: Any, metric: MetricSpec, as_of: date | None) -> Measure:
    """The column, refused (E328) where it lies outside [0, 1]."""
    column = column_of(metric)
    value, refused = number(table, column)
    outside = Refusal(
        "E328",
        f"proportion column `{column}` lies outside [0, 1] in {{n}} rows",
        column,
        'Divide percentages by 100, or use kind = "mean".',
        (value < 0) | (value > 1),
    )
    return Measure(value, dropped=((f"outcome `{column}` is missing", value.isnull()),), refused=(*refused, outside))


kind = Kind("proportion", one_column, measure)
