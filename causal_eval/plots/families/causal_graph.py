"""The causal graph: what causes what, what is adjusted for, and what that leaves open."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from causal_eval.plots.dag_layout import layout
from causal_eval.plots.identification import statement
from causal_eval.plots.layout import frame
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import BLUE, INK, MUTED, PAPER, SHADE, VERMILLION, Size, style
from causal_eval.results.types import Identification, StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ADJUSTED = "#cfe5f3"
"""Fill of what is adjusted for: light enough for black text."""


def kinds(said: Identification) -> dict[str, str]:
    """Each node as it is drawn: treatment, outcome, adjusted, unobserved, or other."""
    found = {n: "other" for n in said.nodes}
    found |= {n: "unobserved" for n in said.unobserved} | {n: "adjusted" for n in said.adjusted}
    return found | {said.treatment: "treatment", said.outcome: "outcome"}


def on_the_way(said: Identification) -> set[tuple[str, str]]:
    """The edges of the paths that carry the effect, from treatment to outcome."""
    after, before = {said.treatment}, {said.outcome}
    for _ in said.nodes:
        after |= {b for a, b in said.edges if a in after}
        before |= {a for a, b in said.edges if b in before}
    return {(a, b) for a, b in said.edges if a in after and b in before}


def draw_graph(said: Identification, size: Size, title: str, note: str) -> Figure:
    """Boxes and arrows: the effect's own in blue, an open back-door path in red."""
    with style(size):
        from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

        points = size.font * 0.95
        drawn = kinds(said)
        width = size.width - 0.3
        made = layout(said.nodes, said.edges, said.treatment, said.outcome, drawn, width, points)
        f = frame(title, size, left=0.15, right=0.15, note=note, axis_lines=0.4, height=made.height)
        ax = f.ax
        ax.set_axis_off()
        ax.set_xlim(0, width)
        ax.set_ylim(0, made.height)
        effect = on_the_way(said)
        open_edges = {e for a, b in pairwise(said.open_path) for e in ((a, b), (b, a))}
        patches = []
        for box in made.boxes:
            kind = drawn[box.members[0]]
            ends = kind in ("treatment", "outcome")
            patch = FancyBboxPatch(
                (box.x - box.w / 2, box.y - box.h / 2), box.w, box.h,
                boxstyle=f"round,pad=0,rounding_size={0.09 if not ends else 0.02}",
                facecolor=ADJUSTED if kind == "adjusted" else SHADE if ends else PAPER,
                edgecolor=INK if ends else MUTED, linewidth=size.line * (0.9 if ends else 0.5),
                linestyle=(0, (3, 2)) if kind == "unobserved" else "solid", zorder=3,
            )  # fmt: skip
            ax.add_patch(patch)
            patches.append(patch)
            ax.text(
                box.x, box.y, box.text, ha="center", va="center", fontsize=points, linespacing=1.2, zorder=4,
                color=MUTED if kind == "unobserved" else INK, fontweight="bold" if ends else "normal",
            )  # fmt: skip
        for a, b, bend in made.arrows:
            pairs = {(x, y) for x in made.boxes[a].members for y in made.boxes[b].members}
            colour = BLUE if pairs & effect else VERMILLION if pairs & open_edges else MUTED
            hidden = drawn[made.boxes[a].members[0]] == "unobserved"
            ax.add_patch(
                FancyArrowPatch(
                    (made.boxes[a].x, made.boxes[a].y), (made.boxes[b].x, made.boxes[b].y),
                    patchA=patches[a], patchB=patches[b], shrinkA=0, shrinkB=1, arrowstyle="-|>",
                    mutation_scale=size.font * 1.15, connectionstyle=f"arc3,rad={bend}", color=colour, zorder=2,
                    linewidth=size.line * (0.55 if colour == MUTED else 1.0),
                    linestyle=(0, (3, 2)) if hidden else "solid",
                )
            )  # fmt: skip
        return f.figure


def graph_figure(said: Identification) -> FigureSpec:
    """The graph in words: who is adjusted for, and every arrow."""
    title = "Causal graph of the study" if said.given else "Causal graph that is assumed"
    legend = ["Blue arrows: the effect."]
    if said.adjusted:
        legend.append("Filled: adjusted for.")
    if said.unobserved:
        legend.append("Dashed: not measured.")
    if said.open_path:
        legend.append("Red: a path left open.")
    words = statement(said)
    rows: tuple[tuple[Value, ...], ...] = tuple((a, b) for a, b in said.edges)
    drawn = kinds(said)
    listed = "; ".join(f"{a} to {b}" for a, b in said.edges)
    others = [n for n in said.nodes if drawn[n] == "other"]
    return FigureSpec(
        "causal_graph",
        title,
        f"A causal graph of {len(said.nodes)} nodes and {len(said.edges)} arrows, from {said.treatment} to {said.outcome}. {words}",
        f"Arrows: {listed}."
        + (f" Not measured: {', '.join(said.unobserved)}." if said.unobserved else "")
        + (f" Drawn and not adjusted for: {', '.join(others)}." if others else ""),
        ("cause", "effect"),
        rows,
        0,
        lambda size: draw_graph(said, size, title, f"{words} {' '.join(legend)}"),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure: the study's graph, or the assumed one of an opt-in launch."""
    said = result.identification
    return [graph_figure(said)] if said is not None and said.edges else []


FAMILY = Family("causal_graph", "What causes what, what is adjusted for, and what that leaves open.", specs)
