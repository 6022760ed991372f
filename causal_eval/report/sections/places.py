"""Where the figures stand: each in the section whose argument it carries."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from causal_eval.report.blocks import Block, FigureRef, Section, Sub

PLACES: dict[str, tuple[str, ...]] = {
    "guardrails": ("risk", "scorecard"),
    "sensitivity": ("sensitivity", "over-time"),
    "survival": ("over-time", "results"),
    "timeline": ("design",),
    "calendar": ("design",),
    "attrition": ("design",),
    "causal_graph": ("design",),
    "segments": ("segments", "results"),
    "targeting": ("exploratory", "results"),
    "triangulation": ("robustness", "results"),
    "specification_curve": ("robustness", "results"),
    "weights": ("results",),
    "contributions": ("results",),
    "placebos": ("results",),
    "placebo_ranks": ("results",),
    "placebo_groups": ("results",),
    "overlap": ("assumptions",),
    "balance": ("assumptions",),
    "calibration": ("assumptions",),
    "contour": ("sensitivity", "assumptions"),
}
"""Figure -> anchors of sections, the first that the write-up has; figures that sections refer to themselves are not here."""


def placed(sections: list[Section], figures: Collection[str]) -> list[Section]:
    """The sections with the figures at hand put before any part with a heading of its own; none twice."""
    anchors = [s.anchor for s in sections]
    shown = {name for s in sections for name in _refs(s.blocks)}
    out = list(sections)
    for name, homes in PLACES.items():
        home = next((a for a in homes if a in anchors), None)
        if name in figures and name not in shown and home is not None:
            k = anchors.index(home)
            blocks = out[k].blocks
            end = next((i for i, b in enumerate(blocks) if isinstance(b, Sub)), len(blocks))
            out[k] = replace(out[k], blocks=(*blocks[:end], FigureRef(name), *blocks[end:]))
    return out


def _refs(blocks: Collection[Block]) -> Iterator[str]:
    for b in blocks:
        if isinstance(b, FigureRef):
            yield b.name
        elif isinstance(b, Section):
            yield from _refs(b.blocks)
