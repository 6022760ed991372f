"""No figure, at any size, has texts that meet or that leave the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, get_args

import pytest
from sample_evidence import CASES as EVIDENCE
from sample_result import hostile, launch, opt_in, organ_donations

from causal_eval.plots.figures import figures
from causal_eval.plots.style import SizeName
from causal_eval.results.types import Event, StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def crowded() -> StudyResult:
    """Many events on the same days, a metric with a very long label, a percent metric with large numbers."""
    result = launch()
    events = tuple(
        Event(f"Incident number {k} with a name that goes on and on for the sake of it", w, period=w)
        for k, w in enumerate(result.design.periods[10:18])
    )
    label = (
        "Share of tickets about account access that were resolved within seven days of their opening, reopened excluded"
    )
    metrics = (replace(result.metrics[0], label=label), *result.metrics[1:])
    return replace(result, events=events, metrics=metrics)


def yearly() -> StudyResult:
    """Periods that are plain years."""
    result = launch()
    finding = result.headline
    assert finding.estimate is not None
    path = tuple(replace(p, period=str(1970 + k)) for k, p in enumerate(finding.estimate.path))
    estimate = replace(finding.estimate, path=path)
    return replace(
        result,
        findings=(replace(finding, said=estimate), *result.findings[1:]),
        design=replace(result.design, periods=tuple(p.period for p in path), launch="1984"),
        events=(),
    )


CASES: dict[str, Callable[[], StudyResult]] = {
    "launch": launch,
    "organ": organ_donations,
    "opt_in": opt_in,
    "hostile": hostile,
    "crowded": crowded,
    "yearly": yearly,
    **EVIDENCE,
}


def boxes(figure: Figure) -> list[tuple[str, float, float, float, float]]:
    """The texts of a figure that are seen, with their extents in pixels."""
    from matplotlib.text import Text

    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    out = []
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_visible() and text.get_text().strip() and _axes_shown(text):
            b = text.get_window_extent(renderer)
            out.append((text.get_text(), b.x0, b.y0, b.x1, b.y1))
    return out


def _axes_shown(text: object) -> bool:
    axes = getattr(text, "axes", None)
    if axes is None or axes.axison:
        return True
    return text in axes.texts


@pytest.mark.parametrize(
    ("case", "size"), [(c, s) for c in CASES for s in get_args(SizeName) if c != "large_numbers" or s == "page"]
)
def test_texts_neither_meet_nor_leave_the_figure(case: str, size: SizeName) -> None:
    """Every pair of texts is apart, and every text lies inside the figure, by half a pixel at least."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from causal_eval.plots.style import SIZES, style

    seen = 0
    for spec in figures(CASES[case]()):
        figure = spec.draw(size)
        FigureCanvasAgg(figure)
        with style(SIZES[size]):
            texts = boxes(figure)
        width, height = figure.get_size_inches() * figure.dpi
        for words, x0, y0, x1, y1 in texts:
            seen += 1
            assert x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height, f"{spec.name}: {words!r} leaves the figure"
        for (a, ax0, ay0, ax1, ay1), (b, bx0, by0, bx1, by1) in combinations(texts, 2):
            apart = ax1 <= bx0 + 0.5 or bx1 <= ax0 + 0.5 or ay1 <= by0 + 0.5 or by1 <= ay0 + 0.5
            assert apart, f"{spec.name}: {a!r} meets {b!r}"
    assert seen > 10
