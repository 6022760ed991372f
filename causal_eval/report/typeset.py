"""How the words of a line are set: a name in backticks as code, dates and minus signs as elsewhere, no number torn off."""

from __future__ import annotations

import re

from causal_eval.plots.numbers import MINUS, bound
from causal_eval.plots.style import pretty
from causal_eval.report.blocks import Code, Inline, Line, Strong

__all__ = ["bound", "named", "spoken", "typeset", "unmarked"]

_NAME = re.compile(r"`([^`]+)`")
_DATE = re.compile(r"(?<![\w./:\-\u2212])\d{4}-\d\d-\d\d(?![\w:/\-])")
_NEGATIVE = re.compile(r"(?<![\w)\].\-\u2212])-(?=\.?\d)")


def typeset(line: Line) -> Line:
    """The line as renderers with a layout show it; markdown, which keeps its own marks, takes :func:`named` alone."""
    return tuple(_bound(part) for part in named(line))


def named(line: Line) -> Line:
    """The line with what its author put in backticks as :class:`Code`, and the rest :func:`spoken`."""
    out: list[Inline] = []
    for part in line:
        if not isinstance(part, str):
            out.append(Strong(spoken(part.text)) if isinstance(part, Strong) else part)
            continue
        pieces = _NAME.split(part)
        out += [Code(text) if k % 2 else spoken(text) for k, text in enumerate(pieces) if text]
    return tuple(out)


def spoken(text: str) -> str:
    """Dates and negative numbers as figures and tables write them: ``2026-07-06`` is ``6 Jul 2026``, ``-3`` is ``\u22123``.

    Readings and notes come from estimators and checks, which write periods as the data have them.
    """
    return _NEGATIVE.sub(MINUS, _DATE.sub(lambda found: pretty(found[0]), text))


def unmarked(text: str) -> str:
    """The words without backticks, where there is no type to set a name in."""
    return "".join(part if k % 2 else spoken(part) for k, part in enumerate(_NAME.split(text)))


def _bound(part: Inline) -> Inline:
    if isinstance(part, str):
        return bound(part)
    return Strong(bound(part.text)) if isinstance(part, Strong) else part
