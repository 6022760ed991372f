"""What a figure is before it is drawn, and what a family of figures is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from causal_eval.plots.numbers import fixed
from causal_eval.plots.style import SIZES, Size, SizeName
from causal_eval.results.types import Finding, StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Value = str | int | float | None
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class FigureSpec:
    """One figure: what it is called, what it shows in words, its series, and how to draw it."""

    name: str
    title: str
    alt: str
    """One or two sentences that stand in for the figure."""
    long_description: str
    """What a reader would take from looking closely."""
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    """The plotted series at full precision, in stored units."""
    places: int
    """Decimals that a table of the series shows."""
    drawing: Callable[[Size], Figure] = field(repr=False)
    parts: tuple[Callable[[Size], Figure], ...] = field(default=(), repr=False)
    """The same in pieces, where it is too tall to be read whole below the title of a slide; else empty."""

    def draw(self, size: SizeName = "page") -> Figure:
        """A new matplotlib Figure, tied to no window and to no global state."""
        return self.drawing(SIZES[size])

    def table(self) -> tuple[tuple[str, ...], ...]:
        """The series as text for a reader, rounded; empty where there is no value."""
        return tuple(
            tuple("" if v is None else fixed(v, self.places) if isinstance(v, float) else str(v) for v in row)
            for row in self.rows
        )


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of evidence: ``specs`` gives its figures, none where the result does not hold the numbers.

    ``by_metric``: it draws one figure a metric; the primary metric's is called ``name``, another's ``name-METRIC``.
    """

    name: str
    about: str
    """What it shows, in one sentence: the help of ``result.plot.NAME``."""
    specs: Callable[[StudyResult], list[FigureSpec]]
    by_metric: bool = False


def each_metric(
    result: StudyResult,
    name: str,
    series: Callable[[StudyResult, str], S | None],
    figure: Callable[[S, str], FigureSpec],
) -> list[FigureSpec]:
    """A figure for each metric that has the series, in :func:`metric_order`."""
    out = []
    for metric, suffix in metric_order(result):
        found = series(result, metric)
        if found is not None:
            out.append(figure(found, f"{name}{suffix}"))
    return out


def of_primary(series: Callable[[StudyResult, Finding], S | None]) -> Callable[[StudyResult, str], S | None]:
    """A series of a finding as one of a metric: that of its primary analysis, where it has one."""
    return lambda result, metric: series(result, found) if (found := result.find(metric)) is not None else None


def metric_order(result: StudyResult) -> list[tuple[str, str]]:
    """(metric, suffix of its figures' names), the primary metric first and without a suffix."""
    primary = result.primary_metric.name
    names = sorted((m.name for m in result.metrics), key=lambda n: n != primary)
    return [(n, "" if n == primary else f"-{n}") for n in names]
