"""Days from a start to an end, at most ``horizon``: the restricted mean, over rows that had time to reach it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from causal_eval.errors import DataError
from causal_eval.metrics._base import Kind, Measure, Refusal, is_blank

if TYPE_CHECKING:
    from causal_eval.spec.models import MetricSpec


def columns(metric: MetricSpec) -> tuple[str, ...]:
    """Start and end."""
    assert metric.start is not None and metric.end is not None
    return metric.start, metric.end


def measure(table: Any, metric: MetricSpec, as_of: date | None) -> Measure:
    """min(end - start, horizon) in days, for rows that started at least ``horizon`` days before the data cut.

    An empty end is not over yet, and counts as the horizon.

    Raises:
        DataError: E201 without ``data.as_of``; E316 when start or end holds no dates.
    """
    import ibis

    if as_of is None:
        raise DataError(
            "E201",
            f"metric `{metric.name}` of kind duration needs data.as_of",
            where="data.as_of",
            hint="Say when the data was cut: data.as_of = 2026-10-05",
        )
    first, last = columns(metric)
    start, bad_start = _moment(table, first)
    end, bad_end = _moment(table, last)
    horizon = float(metric.horizon or 0.0)
    cut = (as_of.toordinal() - date(1970, 1, 1).toordinal()) * 1.0
    days = end - start
    value = ibis.ifelse(end.isnull(), horizon, ibis.least(days, horizon))
    backwards = Refusal(
        "E316",
        f"duration ends before it starts (`{last}` before `{first}`) in {{n}} rows",
        last,
        "Correct those rows.",
        days < 0,
    )
    dropped = (
        (f"start `{first}` is missing", start.isnull()),
        (f"started less than {horizon:g} days before data.as_of", start + horizon > cut),
    )
    return Measure(value, dropped=dropped, refused=(*bad_start, *bad_end, backwards))


def _moment(table: Any, column: str) -> tuple[Any, tuple[Refusal, ...]]:
    """A column of dates or times as days since 1970, with a fraction; NULL where missing."""
    values = table[column]
    kind = values.type()
    refused: tuple[Refusal, ...] = ()
    if kind.is_string():
        moment = values.strip().try_cast("timestamp")
        refused = (
            Refusal(
                "E316",
                f"duration column `{column}` holds no date or time in {{n}} rows",
                column,
                "Write dates as 2026-07-06 or 2026-07-06 14:30:00.",
                ~is_blank(values) & moment.isnull(),
            ),
        )
    elif kind.is_date() or kind.is_timestamp():
        moment = values.cast("timestamp")
    else:
        raise DataError(
            "E316",
            f"duration column `{column}` holds no dates or times",
            where=column,
            hint="Give columns of dates or timestamps.",
        )
    return moment.epoch_seconds().cast("float64") / 86400.0, refused


kind = Kind("duration", columns, measure)
