"""What every renderer is given: the blocks, the result they were built from, and the figures to draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from causal_eval.plots.files import figure_png, png_bytes, svg_text
from causal_eval.plots.spec import FigureSpec
from causal_eval.plots.style import SIZES, SizeName
from causal_eval.report.blocks import Banner, Block, FigureRef, Section
from causal_eval.results.power import DesignResult
from causal_eval.results.types import StudyResult


@dataclass(frozen=True, slots=True)
class WriteUp:
    """A write-up before it has a format. ``template``: the bytes of a company's own .docx or .pptx."""

    blocks: tuple[Block, ...]
    result: StudyResult | DesignResult
    figures: Mapping[str, FigureSpec]
    paper: str = "a4"
    template: bytes | None = None
    source: str = "results.json"
    """The file that it is made from."""
    _drawn: dict[tuple[str, str], str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def banner(self) -> Banner:
        """The head of the write-up."""
        return next(b for b in self.blocks if isinstance(b, Banner))

    @property
    def sections(self) -> list[Section]:
        """The sections in order."""
        return [b for b in self.blocks if isinstance(b, Section)]

    @property
    def made(self) -> str:
        """The last line: which program, from what."""
        return f"Made by causal-eval {self.result.provenance.package} from {self.source}."

    @property
    def running(self) -> str:
        """What stands on every page: the study, how final it is, and that it is observational."""
        return " · ".join([self.result.question.id, *(m.word for m in reversed(self.banner.marks))])

    def svg(self, name: str, size: SizeName = "page") -> str:
        """A figure as one ``<svg>`` element; drawn once for all formats."""
        key = (name, size)
        if key not in self._drawn:
            self._drawn[key] = svg_text(self.figures[name], size)
        return self._drawn[key]

    def png(self, name: str) -> bytes:
        """A figure as PNG, at page size."""
        return png_bytes(self.figures[name])

    def pieces(self, name: str) -> list[bytes]:
        """A figure as the PNGs that go below a slide's title: more than one where it is too tall to be read whole."""
        spec = self.figures[name]
        size = SIZES["under-title"]
        return [figure_png(draw(size), size) for draw in spec.parts or (spec.drawing,)]


Render = Callable[[WriteUp], bytes]


def named_figures(blocks: tuple[Block, ...]) -> Iterator[str]:
    """The names of the figures that the blocks show, in order."""
    for b in blocks:
        if isinstance(b, FigureRef):
            yield b.name
        elif isinstance(b, Section):
            yield from named_figures(b.blocks)
