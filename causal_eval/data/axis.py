"""The periods of a panel: whole numbers to compute with, labels to show."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from datetime import date
from math import gcd
from typing import Literal

from causal_eval.data.times import Calendar, Raw, Reading, to_ordinal, write
from causal_eval.errors import DataError

_NOUNS = ("day", "week", "month", "quarter", "year")


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """The distinct periods in the data, ascending.

    Attributes:
        ordinals: whole numbers that order the periods (years, day numbers, quarter numbers, ...).
        labels: the same periods as their author writes them.
        noun: what one step is called: year, quarter, month, week, day or period.
        step: greatest common divisor of the gaps between ordinals, at least 1.
        calendar: what the ordinals count; ``int`` are the author's own numbers.
        style, time_format: how :meth:`label` writes a period and :meth:`ordinal_of` reads one.
    """

    ordinals: tuple[int, ...]
    labels: tuple[str, ...]
    noun: str = "period"
    step: int = 1
    calendar: Calendar = "int"
    style: str = "{n}"
    time_format: str = field(default="", repr=False)

    def __len__(self) -> int:
        return len(self.ordinals)

    @property
    def first(self) -> int:
        """Ordinal of the first period."""
        return self.ordinals[0]

    @property
    def last(self) -> int:
        """Ordinal of the last period."""
        return self.ordinals[-1]

    @property
    def reading(self) -> Reading:
        """How times of this axis are read."""
        return Reading(self.calendar, self.style, self.time_format)

    def label(self, ordinal: float) -> str:
        """A period as the author writes it, whether or not the data has it."""
        number = int(ordinal)
        at = bisect_left(self.ordinals, number)
        if at < len(self.ordinals) and self.ordinals[at] == number:
            return self.labels[at]
        return write(self.calendar, self.style, number)

    def index(self, ordinal: float) -> int:
        """Position of a period among :attr:`ordinals`.

        Raises:
            DataError: E321 when the data has no such period.
        """
        at = bisect_left(self.ordinals, ordinal)
        if at == len(self.ordinals) or self.ordinals[at] != ordinal:
            raise DataError(
                "E321",
                f"{self.label(ordinal)} is not a period of the data",
                hint=f"The data has {self.labels[0]} to {self.labels[-1]}.",
            )
        return at

    def event(self, ordinal: float, start: float) -> int:
        """Periods since adoption: 0 in the first treated period."""
        return int((ordinal - start) // self.step)

    def ordinal_of(
        self, moment: Raw, *, clip: bool = False, side: Literal["start", "end"] = "start", what: str = "launch"
    ) -> int:
        """Ordinal of the period that holds a moment.

        Between two periods of the data it is the later one (``side="start"``: launches and beginnings of windows) or
        the earlier one (``side="end"``: ends of windows). ``clip`` moves a moment outside the data to its edge.

        Raises:
            DataError: E319 when the moment cannot be read, E321 when it lies outside the data and ``clip`` is off.
        """
        number = to_ordinal(moment, self.reading, column=what, years=self.noun == "year")
        if not clip and not self.first <= number <= self.last:
            raise DataError(
                "E321",
                f"{what} {self._written(moment, number)} lies outside the data, which has "
                f"{self.labels[0]} to {self.labels[-1]}",
                where=what,
                hint="Correct the date, or give data that covers it.",
            )
        if side == "start":
            return self.at_or_after(number)
        return self.ordinals[max(bisect_right(self.ordinals, number) - 1, 0)]

    def at_or_after(self, number: float) -> int:
        """Ordinal of the first period at or after a number; of the last period, where there is none."""
        return self.ordinals[min(bisect_left(self.ordinals, number), len(self.ordinals) - 1)]

    def _written(self, moment: Raw, number: int) -> str:
        return moment.isoformat() if isinstance(moment, date) else self.label(number)

    def before(self, ordinal: float) -> TimeAxis:
        """The periods strictly before one; same noun and step."""
        n = bisect_left(self.ordinals, ordinal)
        return replace(self, ordinals=self.ordinals[:n], labels=self.labels[:n])


def make_axis(ordinals: tuple[int, ...], reading: Reading, *, column: str = "") -> TimeAxis:
    """The axis of ascending distinct ordinals."""
    step = 1
    if len(ordinals) > 1:
        step = gcd(*(b - a for a, b in itertools.pairwise(ordinals)))
    labels = tuple(write(reading.calendar, reading.style, o) for o in ordinals)
    return TimeAxis(
        ordinals,
        labels,
        _noun(ordinals, reading, step, column),
        step,
        reading.calendar,
        reading.style,
        reading.time_format,
    )


def _noun(ordinals: tuple[int, ...], reading: Reading, step: int, column: str) -> str:
    if reading.calendar == "day":
        return {1: "day", 7: "week"}.get(step, "period")
    if reading.calendar != "int":
        return reading.calendar if step == 1 else "period"
    if ordinals and all(1800 <= o <= 2200 for o in ordinals):
        return "year" if step == 1 else "period"
    word = column.strip().lower()
    return word if word in _NOUNS and step == 1 else "period"
