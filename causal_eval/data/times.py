"""Times as authors write them, and the whole numbers they become.

A *calendar* says what one step of the numbers is: ``int`` (the author's own whole numbers), ``day``
(``date.toordinal``), ``week`` (ISO weeks), ``month``, ``quarter`` or ``year``. Only distinct values pass through
here, never rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from causal_eval.errors import DataError

Calendar = Literal["int", "day", "week", "month", "quarter", "year"]
Raw = date | int | float | str

ISO = "{y:04d}-{m:02d}-{d:02d}"
END = "end:" + ISO
"""A style that labels a period with its last day instead of its first."""

_CANONICAL: dict[Calendar, str] = {
    "int": "{n}",
    "day": ISO,
    "week": ISO,
    "month": "{y:04d}-{m:02d}",
    "quarter": "{y:04d}-Q{q}",
    "year": "{y:04d}",
}
_COARSE: tuple[Calendar, ...] = ("day", "week", "month", "quarter", "year")
_NEVER = frozenset(
    {"", "0", "0.0", "inf", "+inf", "-inf", "infinity", "never", "na", "n/a", "nan", "nat", "none", "null"}
)
_FORMATS = (
    (re.compile(r"[Qq]([1-4])([ _/-]?)(\d{4})"), "quarter", (3, 1), "Q{{q}}{0}{{y:04d}}", 2),
    (re.compile(r"(\d{4})([ _/-]?)[Qq]([1-4])"), "quarter", (1, 3), "{{y:04d}}{0}Q{{q}}", 2),
    (re.compile(r"(\d{4})([ _/-]?)[Ww](\d{1,2})"), "week", (1, 3), "{{y:04d}}{0}W{{w:02d}}", 2),
    (re.compile(r"(\d{4})([-_/])(\d{2})"), "month", (1, 3), "{{y:04d}}{0}{{m:02d}}", 2),
    (re.compile(r"(\d{4})([ _/-]?)[Mm](\d{1,2})"), "month", (1, 3), "{{y:04d}}{0}M{{m:02d}}", 2),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How the times of one column are read and written."""

    calendar: Calendar
    style: str
    time_format: str = ""
    grain: bool = False
    """Whether ``roles.time_grain`` asked for this calendar."""


def ordinal_of_date(calendar: Calendar, day: date) -> int:
    """The number of the period that holds a day."""
    match calendar:
        case "day":
            return day.toordinal()
        case "week":
            return (day.toordinal() - 1) // 7
        case "month":
            return day.year * 12 + day.month - 1
        case "quarter":
            return day.year * 4 + (day.month - 1) // 3
    return day.year


def first_day(calendar: Calendar, ordinal: int) -> date:
    """The first day of a period."""
    match calendar:
        case "day":
            return date.fromordinal(ordinal)
        case "week":
            return date.fromordinal(ordinal * 7 + 1)
        case "month":
            return date(ordinal // 12, ordinal % 12 + 1, 1)
        case "quarter":
            return date(ordinal // 4, ordinal % 4 * 3 + 1, 1)
    return date(ordinal, 1, 1)


def write(calendar: Calendar, style: str, ordinal: int) -> str:
    """A period as the author writes it; a number outside the calendar is written as a number."""
    if calendar == "int" and style == "{n}":
        return str(ordinal)
    try:
        if style.startswith("end:"):
            day = first_day(calendar, ordinal + 1) - timedelta(days=1)
            style = style.removeprefix("end:")
        else:
            day = first_day(calendar, ordinal)
    except (ValueError, OverflowError):
        return str(ordinal)
    if "%" in style:
        return day.strftime(style)
    year, week, _ = day.isocalendar()
    if "{w" not in style:
        year = day.year
    return style.format(y=year, w=week, q=(day.month - 1) // 3 + 1, m=day.month, d=day.day, n=ordinal)


def never(value: Raw | None) -> bool:
    """Whether a first_treated value says that the unit never started: empty, 0, NaN, infinity or the word."""
    if value is None:
        return True
    if isinstance(value, str):
        return value.strip().lower() in _NEVER
    if isinstance(value, float) and not math.isfinite(value):
        return True
    return not isinstance(value, date) and value == 0


def shape_of(value: object) -> str:
    """A value with its letters and digits masked, fit for a message: ``07/06/2026`` becomes ``00/00/0000``."""
    masked = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "0", str(value)))
    return masked if len(masked) <= 24 else masked[:24] + "..."


@dataclass(frozen=True, slots=True)
class _Stamp:
    calendar: Calendar
    ordinal: int
    style: str


def _stamp(value: Raw, time_format: str) -> _Stamp | None:
    """What a single value says, or None if it says no time."""
    if isinstance(value, datetime):
        value = (value.astimezone(UTC) if value.tzinfo else value).date()
    if isinstance(value, date):
        return _Stamp("day", value.toordinal(), ISO)
    if isinstance(value, float):
        if not math.isfinite(value) or value != int(value):
            return None
        value = int(value)
    text = str(value).strip()
    if time_format:
        try:
            day = datetime.strptime(text, time_format).date()
        except ValueError:
            return None
        return _Stamp("day", day.toordinal(), time_format)
    if isinstance(value, int):
        return _Stamp("int", value, "{n}")
    return _stamp_text(text)


def _stamp_text(text: str) -> _Stamp | None:
    if re.fullmatch(r"[+-]?\d+(\.0*)?", text):
        return _Stamp("int", int(float(text)), "{n}")
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}([T ].*)?", text):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        return _stamp(moment, "")
    if m := re.fullmatch(r"(\d{4})/(\d{1,2})/(\d{1,2})", text):
        try:
            return _Stamp("day", date(int(m[1]), int(m[2]), int(m[3])).toordinal(), "{y:04d}/{m:02d}/{d:02d}")
        except ValueError:
            return None
    for pattern, calendar, (year, part), style, separator in _FORMATS:
        if m := pattern.fullmatch(text):
            ordinal = _part(calendar, int(m[year]), int(m[part]))
            return None if ordinal is None else _Stamp(calendar, ordinal, style.format(m[separator]))  # type: ignore[arg-type]
    return None


def _part(calendar: str, year: int, part: int) -> int | None:
    """The ordinal of the ``part``-th quarter, week or month of a year; None if there is none."""
    if calendar == "quarter":
        return year * 4 + part - 1
    if calendar == "month":
        return year * 12 + part - 1 if 1 <= part <= 12 else None
    try:
        return ordinal_of_date("week", date.fromisocalendar(year, part, 1))
    except ValueError:
        return None


def read_times(
    values: Sequence[Raw], *, column: str, grain: str | None = None, time_format: str | None = None
) -> tuple[Reading, dict[Raw, int]]:
    """How a column's distinct values are to be read, and the ordinal of each.

    Raises:
        DataError: E319 when a value cannot be ordered in time, or is coarser than ``grain``.
    """
    form = time_format or ""
    stamps: dict[Raw, _Stamp] = {}
    unread: list[Raw] = []
    for value in values:
        stamp = _stamp(value, form)
        if stamp is None:
            unread.append(value)
        else:
            stamps[value] = stamp
    if unread:
        looks = min(shape_of(v) for v in unread)
        how = f"do not follow roles.time_format = {form!r}" if form else "cannot be ordered in time"
        raise DataError(
            "E319",
            f"{len(unread)} of {len(values)} distinct values of column `{column}` {how} (they look like `{looks}`)",
            where=column,
            hint="Write times as 2026-07-06, 2026-07, 2026-W28, 2026Q3 or whole numbers, or say "
            'roles.time_format, such as "%d.%m.%Y".',
        )
    stamps = _numbers_as_dates(stamps)
    calendars = sorted({s.calendar for s in stamps.values()})
    if len(calendars) > 1:
        raise DataError(
            "E319",
            f"column `{column}` mixes {' and '.join(calendars)} times, which cannot be ordered",
            where=column,
            hint="Write every time of the column the same way.",
        )
    style = min(s.style for s in stamps.values())
    calendar = calendars[0]
    ordinals = {v: s.ordinal for v, s in stamps.items()}
    if calendar == "int":
        return _whole_numbers(column, ordinals, grain)
    if grain is not None and grain != calendar:
        return _coarser(column, calendar, grain, ordinals, form)
    if grain is not None:
        return Reading(calendar, style, form, grain=True), ordinals
    if calendar == "day":
        calendar, style = _infer(set(ordinals.values()), style)
        ordinals = {v: ordinal_of_date(calendar, date.fromordinal(o)) for v, o in ordinals.items()}
    return Reading(calendar, style, form), ordinals


def _numbers_as_dates(stamps: dict[Raw, _Stamp]) -> dict[Raw, _Stamp]:
    """Numbers that are all YYYYMMDD or all YYYYMM are days or months: 202612 and 202701 are neighbours."""
    if not stamps or any(s.calendar != "int" for s in stamps.values()):
        return stamps
    if all(19000101 <= s.ordinal <= 21001231 for s in stamps.values()):
        try:
            return {
                v: _Stamp("day", datetime.strptime(str(s.ordinal), "%Y%m%d").toordinal(), "{y:04d}{m:02d}{d:02d}")
                for v, s in stamps.items()
            }
        except ValueError:
            return stamps
    if all(190001 <= s.ordinal <= 210012 and 1 <= s.ordinal % 100 <= 12 for s in stamps.values()):
        return {
            v: _Stamp("month", s.ordinal // 100 * 12 + s.ordinal % 100 - 1, "{y:04d}{m:02d}") for v, s in stamps.items()
        }
    return stamps


def _whole_numbers(column: str, ordinals: dict[Raw, int], grain: str | None) -> tuple[Reading, dict[Raw, int]]:
    years = all(1800 <= o <= 2200 for o in ordinals.values())
    if grain is not None and not (grain == "year" and years):
        raise DataError(
            "E319",
            f'column `{column}` holds whole numbers, which roles.time_grain = "{grain}" cannot group',
            where=column,
            hint="Leave roles.time_grain out, or use a column of dates.",
        )
    return Reading("int", "{n}", grain=grain is not None), ordinals


def _coarser(
    column: str, calendar: Calendar, grain: str, ordinals: dict[Raw, int], form: str
) -> tuple[Reading, dict[Raw, int]]:
    """Periods of a finer calendar as periods of the grain. A week belongs where its Thursday lies, as in ISO 8601."""
    target: Calendar = next(c for c in _COARSE if c == grain)
    if _COARSE.index(target) < _COARSE.index(calendar):
        raise DataError(
            "E319",
            f'column `{column}` holds {calendar}s, which roles.time_grain = "{grain}" would have to split',
            where=column,
            hint=f'Use roles.time_grain = "{calendar}" or a coarser one.',
        )
    shift = timedelta(days=3 if calendar == "week" else 0)
    new = {v: ordinal_of_date(target, first_day(calendar, o) + shift) for v, o in ordinals.items()}
    return Reading(target, _CANONICAL[target], form, grain=True), new


def _infer(days: set[int], style: str) -> tuple[Calendar, str]:
    """Days that are all first (or last) days of months, quarters or years are those periods."""
    dates = [date.fromordinal(o) for o in days]
    if len(dates) < 2:
        return "day", style
    shift, ends = 0, False
    if any(d.day != 1 for d in dates):
        if any((d + timedelta(days=1)).day != 1 for d in dates):
            return "day", style
        shift, ends = 1, True
    months = {(d + timedelta(days=shift)).month for d in dates}
    calendar: Calendar = "year" if months == {1} else "quarter" if months <= {1, 4, 7, 10} else "month"
    return calendar, ("end:" + style if ends and "%" not in style else style)


def to_ordinal(value: Raw, reading: Reading, *, column: str, years: bool = False) -> int:
    """The ordinal, in the calendar of ``reading``, of one value: a launch, or an adoption period.

    ``years`` says that the whole numbers of an ``int`` calendar are years, so that a date has one.

    Raises:
        DataError: E319 when the value says no time, or one of another kind.
    """
    if isinstance(value, bool):
        value = int(value)
    stamp = _stamp(value, reading.time_format if isinstance(value, str | int) else "")
    if stamp is None and reading.time_format:
        stamp = _stamp(value, "")
    if stamp is not None and reading.calendar != "int" and stamp.calendar == "int":
        stamp = next(iter(_numbers_as_dates({0: stamp}).values()))
    if stamp is not None:
        if stamp.calendar == reading.calendar:
            return stamp.ordinal
        if stamp.calendar == "int":
            if 1000 <= stamp.ordinal <= 9999:
                return ordinal_of_date(reading.calendar, date(stamp.ordinal, 1, 1))
        elif reading.calendar == "int":
            if years:
                return first_day(stamp.calendar, stamp.ordinal).year
        else:
            shift = timedelta(days=3 if stamp.calendar == "week" and reading.calendar != "day" else 0)
            return ordinal_of_date(reading.calendar, first_day(stamp.calendar, stamp.ordinal) + shift)
    looks = shape_of(value)
    raise DataError(
        "E319",
        f"`{column}` has a value that is no time of the data's kind (it looks like `{looks}`; "
        f"the data's times look like `{shape_of(write(reading.calendar, reading.style, _example(reading)))}`)",
        where=column,
        hint="Write it the way the time column is written.",
    )


_PLACEHOLDERS = frozenset({date(1, 1, 1), date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(1970, 1, 1)})
"""Dates that stand for "no date" in spreadsheets and databases."""


def refuse_placeholders(
    adopted: Iterable[int | None], first: int, reading: Reading, *, column: str, years: bool
) -> None:
    """Refuse an adoption that is no period but a code for "never", such as -1 or 1900-01-01.

    Read as a date it would lie before the data, and units that never adopt would be left out as treated all along.

    Args:
        adopted: ordinals; ``first``: the first of the data. ``years``: as in :func:`to_ordinal`.

    Raises:
        DataError: E319.
    """
    found = sorted({a for a in adopted if a is not None and a < first})
    begins = first_day(reading.calendar, first).year if reading.calendar != "int" else first
    codes = {ordinal_of_date(reading.calendar, d) for d in _PLACEHOLDERS} if reading.calendar != "int" else set()
    for a in found:
        negative = reading.calendar == "int" and a < 0 <= first
        no_year = years and (a < 1800 or (a == 1900 and begins > 1950))
        if negative or no_year or (a in codes and begins > 1980):
            said = write(reading.calendar, reading.style, a)
            raise DataError(
                "E319",
                f"`{column}` holds {said}, which cannot be an adoption: the data begins in "
                f"{write(reading.calendar, reading.style, first)}",
                where=column,
                hint="If it stands for never, leave those cells empty (or 0, inf, or a period after the data). If those units "
                "were treated all along, give them a period shortly before the data.",
            )


def _example(reading: Reading) -> int:
    return 2026 if reading.calendar == "int" else ordinal_of_date(reading.calendar, date(2026, 7, 6))
