"""The mean of a column, weighted by ``roles.weights`` where given."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from causal_eval.metrics._base import Kind, Measure, column_of, number, one_column

if TYPE_CHECKING:
    from causal_eval.spec.models import MetricSpec


def measure(table: Any, metric: MetricSpec, as_of: date | None) -> Measure:
    """The column; rows where it is missing are left out."""
    column = column_of(metric)
    value, refused = number(table, column)
    return Measure(value, dropped=((f"outcome `{column}` is missing", value.isnull()),), refused=refused)


kind = Kind("mean", one_column, measure)
