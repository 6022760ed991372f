"""Charts of rows below the title of a slide: cut where they are too tall to be read, spread where they are few."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from matplotlib.figure import Figure

from causal_eval.plots.rows import LOOSEST, TALLEST, Group, Line, Mark, Panel, draw_rows, in_parts
from causal_eval.plots.style import SIZES

SLIDE = SIZES["under-title"]


def panel(*sizes: int, axis: str = "Effect", scale: float = 1.0) -> Panel:
    """A panel with a group of each size; rows are named g-k and lie at k times the scale."""
    groups = tuple(
        Group(tuple(Line(f"{axis}-{g}-{k}", "+1", (Mark(k * scale),)) for k in range(n)), f"Group {g}")
        for g, n in enumerate(sizes)
    )
    return Panel(axis, groups)


def names(figure: Figure) -> list[str]:
    return [t.get_text() for ax in figure.axes for t in ax.texts if t.get_text().count("-") == 2]


def headings(figure: Figure) -> list[str]:
    return [t.get_text() for ax in figure.axes for t in ax.texts if t.get_text().startswith("Group")]


@pytest.mark.parametrize("panels", [(panel(3, 4),), (panel(10),), (panel(3), panel(2, axis="Other"))])
def test_a_chart_that_fits_is_not_cut(panels: tuple[Panel, ...]) -> None:
    """Up to a little more than the room, which is set a little smaller."""
    assert in_parts("Title", panels, "A note") == ()
    assert draw_rows("Title", panels, SLIDE, "A note").get_figheight() <= TALLEST * SLIDE.height


@pytest.mark.parametrize(
    "panels",
    [
        (panel(5, 5, 5, 5, 5),),
        (panel(9, 30),),
        (panel(8), panel(8, axis="Other"), panel(1, axis="Third")),
        (panel(40),),
    ],
)
def test_a_tall_chart_is_cut_into_charts_that_fit_with_every_row_once(panels: tuple[Panel, ...]) -> None:
    """In the order of the whole, each row below the heading of its group."""
    parts = [draw(SLIDE) for draw in in_parts("Title", panels, "A note that stands on each")]
    assert len(parts) > 1
    assert [x for p in parts for x in names(p)] == names(draw_rows("Title", panels, SLIDE))
    for p in parts:
        assert p.get_figheight() <= TALLEST * SLIDE.height
        assert {h.removeprefix("Group ") for h in headings(p)} == {x.split("-")[1] for x in names(p)} or len(p.axes) > 1
        assert any(t.get_text().startswith("A note") for t in p.texts)


def test_the_pieces_of_one_group_share_a_scale_and_groups_have_their_own() -> None:
    """A group that is cut can be compared across slides; a small group is not squeezed by a wide one."""
    cut = [draw(SLIDE).axes[0].get_xlim() for draw in in_parts("Title", (panel(40),))]
    assert len(set(cut)) == 1 and cut[0][1] > 39
    wide = replace(panel(9), groups=(*panel(9).groups, *panel(9, scale=100.0).groups))
    first, second = (draw(SLIDE).axes[0].get_xlim() for draw in in_parts("Title", (wide,)))
    assert first[1] < 10 < 800 < second[1]


def test_a_phone_shows_the_short_names_where_there_are_any() -> None:
    """Of rows and of headings; the others keep their names whole at every size."""
    line = Line("synthetic difference-in-differences", "+1", (Mark(1.0),), "synthetic DiD")
    chart = (Panel("Effect", (Group((line,), "Synthetic difference-in-differences", short="Synthetic DiD"),)),)

    def said(size: Any) -> set[str]:
        return {t.get_text() for t in draw_rows("Title", chart, size).axes[0].texts}

    assert {"synthetic DiD", "Synthetic DiD"} <= said(SIZES["phone"])
    assert {"synthetic difference-in-differences", "Synthetic difference-in-differences"} <= said(SIZES["page"])


def test_few_rows_are_spread_below_a_slides_title_and_nowhere_else() -> None:
    """The distance of two rows grows by at most LOOSEST, and the chart stays inside the room."""

    def apart(size: Any) -> float:
        figure = draw_rows("Title", (panel(3),), size)
        ax = figure.axes[0]
        return float(ax.get_position().height * figure.get_figheight() / abs(ax.get_ylim()[0]) / size.font)

    assert apart(SLIDE) == pytest.approx(apart(SIZES["page"]) * LOOSEST, rel=1e-6)
    assert draw_rows("Title", (panel(3),), SLIDE).get_figheight() < SLIDE.height
    assert apart(SIZES["slide"]) == pytest.approx(apart(SIZES["page"]), rel=1e-6)
