"""Words of the command line: comma-separated lists, wrapped text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from causal_eval.errors import UsageError, suggest


def listed(option: str, text: str, allowed: Sequence[str]) -> tuple[str, ...]:
    """The items of ``a,b``, each one of ``allowed``; empty for an empty text. Raises UsageError E605."""
    items = tuple(dict.fromkeys(i.strip() for i in text.split(",") if i.strip()))
    for item in items:
        if item not in allowed:
            raise UsageError("E605", f"unknown `{item}`", where=option, hint=str(suggest(item, allowed)))
    return items


def wrapped(text: str, *, indent: str = "  ", width: int = 96) -> str:
    """Paragraphs of ``text``, wrapped and indented."""
    paragraphs = (" ".join(p.split()) for p in text.strip().split("\n\n"))
    return "\n\n".join(textwrap.fill(p, width, initial_indent=indent, subsequent_indent=indent) for p in paragraphs)
