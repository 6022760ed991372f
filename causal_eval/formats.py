"""The formats of the write-up: what each needs installed beside the core, and the extra that brings it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """A format by its ending. ``module``: what must be importable; empty for those that need nothing more."""

    name: str
    module: str = ""
    extra: str = ""
    template: bool = False
    """Whether a file of the company's own style may be given."""


FORMATS = {
    f.name: f
    for f in (
        Format("html"),
        Format("md"),
        Format("pdf", "typst", "pdf"),
        Format("docx", "docx", "docs", template=True),
        Format("pptx", "pptx", "slides", template=True),
    )
}


def absent(name: str) -> str:
    """How to install what the format needs; empty when it is there. Imports nothing."""
    from importlib.util import find_spec

    wanted = FORMATS[name]
    if not wanted.module or find_spec(wanted.module) is not None:
        return ""
    return f"pip install 'causal-eval[{wanted.extra}]'"
