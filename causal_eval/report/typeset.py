"""How the words of a line are set: a name in backticks as code, a number kept on the line of its symbol."""

from __future__ import annotations

import re

from causal_eval.plots.numbers import bound
from causal_eval.report.blocks import Code, Inline, Line, Strong

__all__ = ["bound", "named", "typeset", "unmarked"]

_NAME = re.compile(r"`([^`]+)`")


def typeset(line: Line) -> Line:
    """The line as renderers with a layout show it; markdown, which keeps its own marks, takes :func:`named` alone."""
    return tuple(_bound(part) for part in named(line))


def named(line: Line) -> Line:
    """The line with what its author put in backticks as :class:`Code`."""
    out: list[Inline] = []
    for part in line:
        if not isinstance(part, str):
            out.append(part)
            continue
        pieces = _NAME.split(part)
        out += [Code(text) if k % 2 else text for k, text in enumerate(pieces) if text]
    return tuple(out)


def unmarked(text: str) -> str:
    """The words without backticks, where there is no type to set a name in."""
    return _NAME.sub(r"\1", text)


def _bound(part: Inline) -> Inline:
    if isinstance(part, str):
        return bound(part)
    return Strong(bound(part.text)) if isinstance(part, Strong) else part
