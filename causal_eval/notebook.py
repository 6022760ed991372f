"""What results can do in a notebook: figures, a scorecard, a summary in words.

:func:`attach` puts these on :class:`~causal_eval.results.types.StudyResult` and ``Estimate``, which themselves know
neither figures nor words. Importing this module loads nothing heavy: matplotlib comes with the first figure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from causal_eval.results.types import Estimate, StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from causal_eval.plots.spec import Family
    from causal_eval.report.blocks import Block

Size = Literal["page", "slide", "phone"]

PIXELS_PER_INCH = 110
"""Of a figure displayed in a notebook."""


@dataclass(frozen=True, slots=True)
class Plots:
    """The figures of a study, each a new matplotlib Figure: a method a family, found in the figures' registry."""

    result: StudyResult

    def names(self) -> list[str]:
        """Every figure the result has."""
        from causal_eval.plots.figures import figures

        return [f.name for f in figures(self.result)]

    def __getattr__(self, family: str) -> Callable[..., Figure]:
        from causal_eval.plots.figures import families

        known = {f.name: f for f in families()}
        if family not in known:
            raise AttributeError(f"no figure {family!r}; there are: {', '.join(known)}")
        return _method(self.result, known[family])

    def __dir__(self) -> list[str]:
        from causal_eval.plots.figures import families

        return sorted({*object.__dir__(self), *(f.name for f in families())})


def _method(result: StudyResult, family: Family) -> Callable[..., Figure]:
    """The method of one family, with its help; one that draws by metric takes the metric's name first."""

    def of_metric(metric: str | None = None, *, size: Size = "page") -> Figure:
        primary = metric is None or metric == result.primary_metric.name
        return _drawn(result, family, family.name if primary else f"{family.name}-{metric}", size)

    def of_study(*, size: Size = "page") -> Figure:
        return _drawn(result, family, family.name, size)

    method: Callable[..., Figure] = of_metric if family.by_metric else of_study
    method.__name__ = method.__qualname__ = family.name
    method.__doc__ = family.about + (" ``metric`` defaults to the primary one." if family.by_metric else "")
    return method


def _drawn(result: StudyResult, family: Family, name: str, size: Size) -> Figure:
    from causal_eval.errors import UsageError

    found = {f.name: f for f in family.specs(result)}
    if name not in found:
        has = ", ".join(Plots(result).names()) or "none"
        raise UsageError("E605", f"this result has no figure {name!r}", hint=f"It has: {has}")
    return shown(found[name].draw(size))


def shown(figure: Figure) -> Figure:
    """``figure``, which a notebook displays as a picture whether or not pyplot, which we do not load, was imported there."""

    def png() -> bytes:
        from io import BytesIO

        into = BytesIO()
        figure.savefig(into, format="png", dpi=PIXELS_PER_INCH)
        return into.getvalue()

    figure._repr_png_ = png  # type: ignore[attr-defined]
    return figure


@dataclass(frozen=True, slots=True)
class EstimatePlots:
    """The figures of a lone estimate."""

    estimate: Estimate

    def path(self, *, size: Size = "page") -> Figure:
        """Observed against the estimate without the launch. Raises UsageError (E605) where there is no path."""
        from causal_eval.errors import UsageError
        from causal_eval.plots.families.headline import lone_path, path_figure

        series = lone_path(self.estimate)
        if series is None:
            raise UsageError("E605", f"{self.estimate.method} gives no path over time")
        return shown(path_figure(series, "path").draw(size))

    def event_study(self, *, size: Size = "page") -> Figure:
        """Leads and lags. Raises UsageError (E605) where the estimator gives none."""
        from causal_eval.errors import UsageError
        from causal_eval.plots.families.event_study import event_figure, lone_events

        series = lone_events(self.estimate)
        if series is None:
            raise UsageError("E605", f"{self.estimate.method} gives no event study")
        return shown(event_figure(series, "event_study").draw(size))


def attach() -> None:
    """Put ``plot``, ``summary``, ``explain`` and the notebook's displays on StudyResult and Estimate.

    Doing it twice is as good as once.
    """
    on_result: dict[str, Any] = {
        "plot": property(Plots),
        "summary": _words("summary"),
        "explain": _words("explain"),
        "_repr_pretty_": lambda self, printer, cycle: printer.text(self.summary()),
        "_repr_html_": lambda self: _html(_study_blocks(self)),
        "_repr_markdown_": lambda self: _markdown(_study_blocks(self)),
    }
    on_estimate: dict[str, Any] = {
        "plot": property(EstimatePlots),
        "summary": _words("estimate_summary"),
        "_repr_pretty_": lambda self, printer, cycle: printer.text(self.summary()),
        "_repr_html_": lambda self: _html(_estimate_blocks(self)),
        "_repr_markdown_": lambda self: _markdown(_estimate_blocks(self)),
    }
    for owner, members in ((StudyResult, on_result), (Estimate, on_estimate)):
        for name, member in members.items():
            setattr(owner, name, member)


def _words(name: str) -> Callable[[Any], str]:
    def said(self: Any) -> str:
        from causal_eval.report import explain, wording

        text: str = getattr(explain if name == "explain" else wording, name)(self)
        return text

    said.__name__ = name.removeprefix("estimate_")
    said.__doc__ = "The result in plain words, without any row of data."
    return said


def _study_blocks(result: StudyResult) -> list[Block]:
    from causal_eval.report.blocks import Strong, Text
    from causal_eval.report.sections import bottom_line, scorecard
    from causal_eval.report.wording import OBSERVATIONAL

    head = Text((Strong(result.question.title), f" · {OBSERVATIONAL}"))
    return [head, *bottom_line.section(result).blocks, *scorecard.section(result).blocks]


def _estimate_blocks(estimate: Estimate) -> list[Block]:
    from causal_eval.report.sections.estimate import blocks

    return blocks(estimate)


def _html(blocks: list[Block]) -> str:
    from causal_eval.report.renderers.html import notebook

    return notebook(blocks)


def _markdown(blocks: list[Block]) -> str:
    from causal_eval.report.renderers.md import fragment

    return fragment(blocks)
