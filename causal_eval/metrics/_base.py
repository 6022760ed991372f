"""What a metric kind is, and how a column becomes a number. Expressions are Ibis; nothing runs here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from causal_eval.errors import DataError

if TYPE_CHECKING:
    from causal_eval.spec.models import MetricSpec

MISSING_WORDS = ("", "na", "n/a", "nan", "nat", "none", "null", ".")
"""Texts that stand for a missing value, in lower case."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Rows that stop the study. ``message`` has ``{n}``, the number of such rows."""

    code: str
    message: str
    column: str
    hint: str
    rows: Any
    """Boolean Ibis expression: true where a row is refused."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric by row.

    Attributes:
        numerator: Ibis float64, NULL where missing. The outcome itself, unless the kind is pooled.
        denominator: Ibis float64 of a pooled kind, else None.
        dropped: (reason, boolean Ibis expression) of rows left out, in order.
        refused: rows that stop the study.
    """

    numerator: Any
    denominator: Any = None
    dropped: tuple[tuple[str, Any], ...] = ()
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of metric.

    Attributes:
        additive: whether the effect summed over treated rows has a meaning (a number of contacts, of minutes).
        pooled: outcome = numerator / denominator and weight = denominator: group means are ratios of totals.
        aggregate: how rows of one unit and period become one under ``roles.time_grain``.
        needs_weights: whether ``roles.weights`` is required.
    """

    name: str
    columns: Callable[[MetricSpec], tuple[str, ...]]
    measure: Callable[[Any, MetricSpec, date | None], Measure]
    additive: bool = False
    pooled: bool = False
    aggregate: Literal["mean", "sum", "ratio"] = "mean"
    needs_weights: bool = False


def column_of(metric: MetricSpec) -> str:
    """The column of a mean, proportion or count: its ``column``, else its name."""
    return metric.column or metric.name


def one_column(metric: MetricSpec) -> tuple[str, ...]:
    """The columns of a kind that reads one."""
    return (column_of(metric),)


def is_blank(text: Any) -> Any:
    """Where a text says that a value is missing. Ibis boolean, never NULL for text."""
    return text.isnull() | text.strip().lower().isin(MISSING_WORDS)


def number(table: Any, column: str, *, code: str = "E316", what: str = "outcome") -> tuple[Any, tuple[Refusal, ...]]:
    """A column as float64 (NULL and NaN missing), and what stops the study: text, infinities.

    Booleans are 0 and 1; text is read as a number where all of it is.

    Raises:
        DataError: ``code`` when the column's type has no numbers (dates, lists).
    """
    import ibis

    values = table[column]
    kind = values.type()
    hint = "Give a numeric column."
    if kind.is_boolean():
        return values.cast("int8").cast("float64"), ()
    if kind.is_numeric():
        value = values.cast("float64")
        bad: tuple[Refusal, ...] = ()
    elif kind.is_string():
        value = values.strip().try_cast("float64")
        bad = (
            Refusal(
                code,
                f"{what} column `{column}` is not numeric in {{n}} rows",
                column,
                hint,
                ~is_blank(values) & value.isnull(),
            ),
        )
    elif kind.is_null():
        return ibis.null("float64"), ()
    else:
        raise DataError(
            code, f"{what} column `{column}` is not numeric: it holds {_type_word(kind)}", where=column, hint=hint
        )
    value = ibis.ifelse(value.isnan(), ibis.null("float64"), value)
    infinite = Refusal(
        "E318",
        f"{what} column `{column}` is infinite in {{n}} rows",
        column,
        "Find the division by zero that made them, or leave those rows empty.",
        value.isinf(),
    )
    return value, () if kind.is_integer() else (*bad, infinite)


def _type_word(kind: Any) -> str:
    return "dates" if kind.is_temporal() else f"values of type {kind}"
