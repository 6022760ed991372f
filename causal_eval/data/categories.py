"""Which covariates are categories, and the 0/1 columns that stand for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from causal_eval.data import engine
from causal_eval.errors import DataError
from causal_eval.metrics._base import is_blank, number

MOST = 20
"""More categories than this are refused: each costs a column, and most would rest on a handful of rows."""


@dataclass(frozen=True, slots=True)
class Covariate:
    """One column of the covariates: a numeric column, or whether a text column holds ``category``.

    Attributes:
        name: as reports show it: the column, or ``channel = Web``.
    """

    column: str
    category: str | None = None

    @property
    def name(self) -> str:
        return self.column if self.category is None else f"{self.column} = {self.category}"

    def value(self, raw: Any) -> tuple[Any, Any]:
        """The Ibis float64 of the column, NULL where missing, and the rows that stop the study."""
        import ibis

        if self.category is None:
            return number(raw, self.column, code="E325", what="covariate")
        text = raw[self.column]
        flag = (text.strip() == self.category).cast("int8").cast("float64")
        return ibis.ifelse(is_blank(text), ibis.null("float64"), flag), ()


def coded(con: Any, raw: Any, columns: Sequence[str]) -> tuple[tuple[Covariate, ...], tuple[str, ...]]:
    """The covariates of the named columns in order, and a note on each column of categories.

    A text column none of whose values reads as a number holds categories: it becomes one 0/1 column for each but the
    first in alphabetical order, which the others are compared with. A column that mixes numbers and text is left as it
    is, so that a typing error among numbers is refused and not taken for a category.

    Raises:
        DataError: E325 for more than ``MOST`` categories, or only one.
    """
    found: list[Covariate] = []
    notes = []
    for column in columns:
        names = _categories(con, raw, column)
        if names is None:
            found.append(Covariate(column))
            continue
        found += [Covariate(column, c) for c in names[1:]]
        notes.append(
            f"covariate `{column}` holds {len(names)} categories: {len(names) - 1} columns of 0 and 1 stand for it, "
            f"beside `{names[0]}`"
        )
    return tuple(found), tuple(notes)


def drawable(con: Any, raw: Any, columns: Sequence[str]) -> tuple[Covariate, ...]:
    """As :func:`coded`, for columns that nothing rests on: those that are neither numbers nor a few categories are left out."""
    found: list[Covariate] = []
    for column in columns:
        kind = raw[column].type()
        if not (kind.is_boolean() or kind.is_numeric() or kind.is_string()):
            continue
        try:
            found += coded(con, raw, [column])[0]
        except DataError:
            continue  # text that names rows, or says the same in all of them
    return tuple(found)


def _categories(con: Any, raw: Any, column: str) -> list[str] | None:
    """The categories of a text column, sorted; None where it is one of numbers."""
    text = raw[column]
    if not text.type().is_string():
        return None
    some = raw.filter(~is_blank(text)).select(value=text.strip())
    counts = engine.values(
        con, some.aggregate(names=some.value.nunique(), numbers=some.value.try_cast("float64").count())
    )
    n = int(counts["names"])
    if counts["numbers"] or not n:
        return None
    if n == 1:
        raise DataError(
            "E325",
            f"covariate column `{column}` holds the same text in every row",
            where=column,
            hint="Leave it out of roles.covariates: it tells nobody apart.",
        )
    if n > MOST:
        raise DataError(
            "E325",
            f"covariate column `{column}` is text with {n} different values, more than the {MOST} that become 0/1 columns",
            where=column,
            hint="Group its values into fewer categories, or leave it out of roles.covariates.",
        )
    return sorted(engine.arrow(con, some.distinct())["value"].to_pylist())
