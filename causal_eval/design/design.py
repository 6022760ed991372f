"""The design of a study: estimand, windows and, for placebos, another launch or other treated units.

A design does not hold the data. It says how to look at it, so that a placebo is the same estimate under
``design.starting(t)`` or ``design.treating(units)``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from causal_eval.data.axis import TimeAxis
    from causal_eval.spec.models import DesignSpec

Window = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Design:
    """How to look at the data. Periods are ordinals of the panel's :class:`~causal_eval.data.axis.TimeAxis`.

    Attributes:
        estimand: the average effect on the treated (``att``) or on everybody (``ate``).
        pre, post: first and last period used before and after the adoption; None for all.
        washout: periods from the adoption on that are left out of the headline.
        anticipation: periods before the adoption that may already react; left out of the headline.
        start: if given, every treated unit adopts here instead (placebo in time).
        treated: if given, these units, by their text, are the treated ones, and the units that were really
            treated are left out (placebo in space).
    """

    estimand: Literal["att", "ate"] = "att"
    pre: Window | None = None
    post: Window | None = None
    washout: int = 0
    anticipation: int = 0
    start: int | None = None
    treated: frozenset[str] | None = None

    @classmethod
    def of(cls, spec: DesignSpec, axis: TimeAxis | None) -> Design:
        """The design a study declares. Raises DataError E321 when a window lies outside the data."""

        def window(said: tuple[object, object] | None) -> Window | None:
            if said is None or axis is None:
                return None
            return axis.ordinal_of(said[0], clip=True), axis.ordinal_of(said[1], clip=True, side="end")  # type: ignore[arg-type]

        return cls(
            estimand=spec.estimand,
            pre=window(spec.pre),
            post=window(spec.post),
            washout=spec.washout,
            anticipation=spec.anticipation,
        )

    def starting(self, start: int) -> Design:
        """The same design with every treated unit adopting at ``start``."""
        return replace(self, start=start, pre=None, post=None, washout=0)

    def treating(self, units: Iterable[str]) -> Design:
        """The same design with ``units`` treated and the really treated left out."""
        return replace(self, treated=frozenset(units))

    def keeps(self, period: int, start: int) -> bool:
        """Whether ``period`` lies in the declared windows, for a unit that adopts at ``start``."""
        window = self.post if period >= start else self.pre
        return window is None or window[0] <= period <= window[1]
