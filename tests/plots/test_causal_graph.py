"""The causal graph is drawn from the result alone: who stands where, what shares a box, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

from sample_evidence import crowded_graph, drawn, evidence
from sample_result import launch

from causal_eval.design.graph import assumed
from causal_eval.plots.dag_layout import Layout, layout
from causal_eval.plots.families.causal_graph import graph_figure, kinds, on_the_way, specs
from causal_eval.plots.identification import statement
from causal_eval.report.blocks import Facts, FigureRef, Section
from causal_eval.report.build import build
from causal_eval.results.types import Identification


def laid(said: Identification, width: float = 7.3) -> Layout:
    return layout(said.nodes, said.edges, said.treatment, said.outcome, kinds(said), width, 9.0)


def test_causes_stand_above_and_consequences_below() -> None:
    """Treatment left of the outcome on one line; the instrument on the treatment's side."""
    at = {m: b for b in laid(drawn()).boxes for m in b.members}
    assert at["routed"].y == at["resolved"].y and at["routed"].x < at["resolved"].x
    assert at["site"].y > at["tenure"].y > at["routed"].y > at["replies"].y > at["survey"].y
    assert at["lottery"].x < at["tenure"].x


def test_boxes_neither_meet_nor_leave_the_panel() -> None:
    for said in (drawn(), crowded_graph(), assumed("t", "y", [f"x{i}" for i in range(40)])):
        for width in (3.45, 7.3, 13.0):
            made = laid(said, width)
            for k, a in enumerate(made.boxes):
                assert a.w / 2 - 0.01 <= a.x <= width - a.w / 2 + 0.01 and a.h / 2 <= a.y <= made.height - a.h / 2
                for b in made.boxes[k + 1 :]:
                    assert abs(a.x - b.x) >= (a.w + b.w) / 2 or abs(a.y - b.y) >= (a.h + b.h) / 2


def test_many_covariates_with_the_same_arrows_share_a_box() -> None:
    """Four do; three do not; those that are drawn differently never do; the box says how many it does not name."""
    assert len(laid(assumed("t", "y", list("abc"))).boxes) == 5
    four = laid(assumed("t", "y", list("abcd")))
    assert [b.members for b in four.boxes if len(b.members) > 1] == [("a", "b", "c", "d")] and len(four.arrows) == 3
    mixed = replace(assumed("t", "y", list("abcdefgh")), adjusted=tuple("abcd"))
    assert sorted(len(b.members) for b in laid(mixed).boxes) == [1, 1, 4, 4]
    (box,) = (b for b in laid(assumed("t", "y", [f"covariate {i}" for i in range(40)])).boxes if len(b.members) > 1)
    shown = box.text.replace("\n", " ").count("covariate")
    assert f"and {40 - shown} more" in box.text.replace("\n", " ")


def test_the_effect_is_every_directed_path_from_treatment_to_outcome() -> None:
    assert on_the_way(drawn()) == {("routed", "resolved"), ("routed", "replies"), ("replies", "resolved")}


def test_the_statement_says_what_is_assumed() -> None:
    """Open, closed, assumed, and not to be closed."""
    said = drawn()
    assert statement(said) == (
        "By the study's own graph a back-door path stays open: routed <- language -> resolved. Adjusting for language too would "
        "close it."
    )
    closed = statement(replace(said, sufficient=True, adjusted=("language", "tenure")))
    assert "adjusting for language and tenure blocks every back-door path from routed to resolved" in closed
    assert "the graph is an assumption" in closed and "Only routed is moved by lottery" in closed
    spare = statement(replace(said, sufficient=True, adjusted=("language", "site", "tenure")))
    assert "adjusting for language, site and tenure (language and tenure would do) blocks" in spare
    assert "No set of measured columns closes it" in statement(replace(said, missing=()))
    assert "nothing unmeasured causes both" in statement(assumed("t", "y", ["a"]))


def test_figure_words_and_series() -> None:
    """The alt text carries the statement, the long description every arrow, the series its edges."""
    spec = graph_figure(drawn())
    assert statement(drawn()) in spec.alt and "9 nodes and 13 arrows" in spec.alt
    assert "site to tenure" in spec.long_description and "Not measured: mood." in spec.long_description
    assert ("tenure", "routed") in spec.rows and spec.columns == ("cause", "effect")
    assert specs(launch()) == []


def test_the_report_states_the_identification_and_shows_the_graph_in_its_design_section() -> None:
    (design,) = (b for b in build(evidence()) if isinstance(b, Section) and b.anchor == "design")
    (facts,) = (b for b in design.blocks if isinstance(b, Facts))
    assert (statement(drawn()),) in [line for name, line in facts.rows if name == "Identification"]
    assert FigureRef("causal_graph") in design.blocks
