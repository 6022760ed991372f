"""Words of the command line: comma-separated lists, wrapped text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from causal_eval.errors import UsageError, suggest
from causal_eval.formats import FORMATS, absent


def listed(option: str, text: str, allowed: Sequence[str]) -> tuple[str, ...]:
    """The items of ``a,b``, each one of ``allowed``; empty for an empty text. Raises UsageError E605."""
    items = tuple(dict.fromkeys(i.strip() for i in text.split(",") if i.strip()))
    for item in items:
        if item not in allowed:
            raise UsageError("E605", f"unknown `{item}`", where=option, hint=str(suggest(item, allowed)))
    return items


def formats_of(text: str) -> tuple[str, ...]:
    """The formats of ``--formats``, each installed. Raises UsageError E605, or E606 for one whose extra is missing."""
    items = listed("--formats", text, list(FORMATS))
    for name in items:
        install = absent(name)
        if install:
            raise UsageError("E606", f"the format {name} needs more than is installed", where="--formats", hint=install)
    return items


def wrapped(text: str, *, indent: str = "  ", width: int = 96) -> str:
    """Paragraphs of ``text``, wrapped and indented."""
    paragraphs = (" ".join(p.split()) for p in text.strip().split("\n\n"))
    return "\n\n".join(textwrap.fill(p, width, initial_indent=indent, subsequent_indent=indent) for p in paragraphs)
