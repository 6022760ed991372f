"""Were the covariates of a cross-section measured before the treatment? Their declared times against the treatment's, row by row.

A snapshot that is taken after people chose holds what the choice did to them: adjusting for it takes part of the effect away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from causal_eval.data import engine
from causal_eval.errors import DataError, columns
from causal_eval.metrics._base import is_blank

if TYPE_CHECKING:
    from causal_eval.data.connect import Source
    from causal_eval.spec.models import Roles

DAY = 86400.0


def stamp_columns(roles: Roles) -> dict[str, tuple[str, ...]]:
    """The column of each declared time, with the covariates that it dates; empty where none is declared."""
    said = roles.covariates_as_of
    if said is None:
        return {}
    if isinstance(said, str):
        return {said: roles.covariates}
    found: dict[str, tuple[str, ...]] = {}
    for covariate, column in said.items():
        found[column] = (*found.get(column, ()), covariate)
    return found


def refuse_late(source: Source, roles: Roles) -> tuple[str, ...]:
    """Refuse covariates that are stamped after ``roles.treated_at``; a note on rows whose times could not be compared.

    Times are compared by the second, or by the day where one of them is a date: a snapshot of the day of the treatment passes. Every
    row that has both times is compared; treated rows that lack one are counted.

    Raises:
        DataError: E331 covariates stamped after the treatment, with the number of rows of each, or no treated row has both times;
            E310 a column is not in the data; E319 a column that holds no times.
    """
    stamps = stamp_columns(roles)
    if not stamps or roles.treated_at is None:
        return ()
    group = roles.treatment or roles.group or ""
    raw = source.take([*stamps, roles.treated_at, group])
    at = _moment(source.con, raw, roles.treated_at)
    treated = raw[group].cast("string").strip().lower().isin(["1", "1.0", "true", "yes", "t", "y"])
    late: dict[str, int] = {}
    notes: list[str] = []
    for column, covariates in stamps.items():
        stamp = _moment(source.con, raw, column)
        if (stamp.number) != (at.number):
            raise DataError(
                "E319",
                f"`{column}` and `{roles.treated_at}` cannot be compared: one holds numbers, the other dates",
                where=column,
                hint="Give both as dates, or both as numbers such as years.",
            )
        by_day = not at.number and (stamp.daily or at.daily)
        a, b = (stamp.value, at.value) if not by_day else ((stamp.value / DAY).floor(), (at.value / DAY).floor())
        both = a.notnull() & b.notnull()
        found = engine.values(
            source.con,
            raw.aggregate(
                late=(both & (a > b)).cast("int64").sum(),
                lacking=(treated & ~both).fill_null(False).cast("int64").sum(),
                compared=(treated & both).fill_null(False).cast("int64").sum(),
            ),
        )
        if not found["compared"]:
            raise DataError(
                "E331",
                f"no treated row has both `{column}` and `{roles.treated_at}`, so nothing shows that the covariates came before",
                where="roles.covariates_as_of",
                hint="Fill both columns for the treated; the untreated may have none.",
            )
        if found["late"]:
            late |= {c: int(found["late"]) for c in covariates}
        if found["lacking"]:
            notes.append(
                f"in {int(found['lacking']):,} treated rows `{column}` or `{roles.treated_at}` is empty: nothing shows there that "
                f"{columns(covariates)} came before the treatment"
            )
    if late:
        counted: Mapping[int, list[str]] = {n: [c for c, k in late.items() if k == n] for n in late.values()}
        said = "; ".join(f"{columns(names)} in {n:,} row{'s' if n > 1 else ''}" for n, names in counted.items())
        raise DataError(
            "E331",
            f"covariates are stamped after the treatment (`{roles.treated_at}`): {said}",
            where="roles.covariates_as_of",
            hint="Take the last values before the treatment, or leave these covariates out of roles.covariates.",
        )
    return tuple(notes)


class _Moment:
    """A column of times: seconds since 1970 (or plain numbers), and whether it says days only."""

    def __init__(self, value: Any, *, daily: bool = False, number: bool = False) -> None:
        self.value, self.daily, self.number = value, daily, number


def _moment(con: Any, raw: Any, column: str) -> _Moment:
    import ibis

    values = raw[column]
    kind = values.type()
    if kind.is_numeric():
        number = values.cast("float64")
        return _Moment(ibis.ifelse(number.isnan(), ibis.null("float64"), number), number=True)
    if kind.is_date():
        return _Moment(values.cast("timestamp").epoch_seconds().cast("float64"), daily=True)
    if kind.is_null():
        return _Moment(ibis.null("float64"), daily=True)
    if kind.is_timestamp():
        seconds = values.cast("timestamp").epoch_seconds().cast("float64")
    elif kind.is_string():
        moment = values.strip().try_cast("timestamp")
        unread = engine.values(con, raw.aggregate(n=(~is_blank(values) & moment.isnull()).cast("int64").sum()))["n"]
        if unread:
            raise DataError(
                "E319",
                f"column `{column}` holds no date or time in {int(unread):,} rows",
                where=column,
                hint="Write dates as 2026-07-06 or 2026-07-06 14:30:00.",
            )
        seconds = moment.epoch_seconds().cast("float64")
    else:
        raise DataError(
            "E319",
            f"column `{column}` holds no dates or times",
            where=column,
            hint="Give a column of dates or timestamps.",
        )
    timed = engine.values(con, raw.aggregate(n=(seconds % DAY != 0).cast("int64").sum()))["n"]
    return _Moment(seconds, daily=not timed)
