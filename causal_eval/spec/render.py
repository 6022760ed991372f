"""Located problems as a compiler prints them: the line, a caret, what was meant, what is allowed."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Sequence
from unicodedata import combining, east_asian_width

from causal_eval.errors import Problem
from causal_eval.spec.document import Document, Source
from causal_eval.spec.secrets import MASK, spans

CONTEXT = 2
"""Lines shown above the line with the problem."""

WIDTH = 110
"""Columns of text; a longer source line is shown around its problem."""


def rendered(document: Document, problems: Sequence[Problem], command: str = "") -> str:
    """The problems, which are located and sorted, and the command to run next."""
    views = {s.label: _View(s) for s in document.sources}
    blocks = [_block(p, views.get(p.file)) for p in problems]
    if not command and document.label:
        command = f"causal-eval check {shlex.quote(document.label)}"
    many = len(problems) != 1
    count = f"{len(problems)} errors. Fix them" if many else "1 error. Fix it"
    return "\n\n".join([*blocks, f"{count}, then: {command}" if command else f"{count}."])


def _block(problem: Problem, view: _View | None) -> str:
    place = f"{problem.file}:{problem.line}:{problem.col}" if problem.line else problem.file
    head = f"{place} {problem.code} {problem.message}".lstrip()
    meant = f"did you mean `{problem.suggestion}`?" if problem.suggestion else ""
    allowed = f"allowed: {', '.join(problem.allowed)}" if problem.allowed else ""
    if view is None or not problem.line:
        notes = [n for n in (meant, allowed, problem.hint) if n]
        return "\n".join([head, *(f"  {line}" for note in notes for line in _wrapped(note, WIDTH))])
    gutter = len(str(problem.line)) + 3
    stop = problem.col + view.length(problem)
    first = max(1, problem.line - CONTEXT)
    lines = [(n, *view.line(n)) for n in range(first, problem.line + 1)]
    while len(lines) > 1 and not lines[0][1].strip():
        lines = lines[1:]
    shown, columns = lines[-1][1:]
    before = columns(problem.col)
    width = max(1, columns(stop) - before)
    cut = before - WIDTH // 2 if len(shown) > WIDTH and before + width > WIDTH - 3 and before > WIDTH // 2 else 0
    out = [head]
    for n, text, _ in lines:
        out.append(f"{n:>{gutter}} | {_clipped(text, cut if n == problem.line else 0)}".rstrip())
    under = " " * gutter + " | "
    marked = shown[before : min(before + width, cut + WIDTH - 3)]
    caret = " " * _width(shown[cut:before]) + "^" * max(1, _width(marked))
    together = "   ".join(n for n in (meant, allowed) if n)
    fits = [n for n in (together, meant, "") if len(caret) + 1 + len(n) <= WIDTH]
    tail = fits[0] if fits else ""
    notes = [n for n in (meant, allowed) if n not in tail]
    out.append(f"{under}{caret} {tail}".rstrip())
    notes += [problem.hint]
    return "\n".join([*out, *(f"{under}{line}" for note in notes if note for line in _wrapped(note, WIDTH))])


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _width(text: str) -> int:
    """Columns a terminal gives to a text."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _clipped(text: str, cut: int) -> str:
    """At most :data:`WIDTH` characters of a line from offset ``cut`` on, with dots for what is left out."""
    text = f"...{text[cut + 3 :]}" if cut else text
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


class _View:
    """A file's lines with secrets masked, tabs and control characters made plain."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._hidden = spans(source.lines.text, source.spots)

    def length(self, problem: Problem) -> int:
        """Characters of the key or value that stands where the problem does; 1 when none begins there."""
        if problem.line > len(self._source.lines.starts):
            return 1
        start = self._source.lines.offset(problem.line, problem.col)
        spots = self._source.spots.values()
        found = [s.key if problem.on_key else s.value for s in spots]
        return max((b - a for a, b in found if a == start), default=1)

    def line(self, number: int) -> tuple[str, _Columns]:
        """The text to show for a line, and where its columns went."""
        text = self._source.lines.text
        if number > len(self._source.lines.starts):
            return "", _Columns([0])
        start, stop = self._source.lines.span(number)
        shown, columns = "", []
        for at in range(start, stop):
            columns.append(len(shown))
            inside = next(((a, b) for a, b in self._hidden if a <= at < b), None)
            if inside is None:
                c = text[at]
                shown += "    " if c == "\t" else c if c.isprintable() else "\N{REPLACEMENT CHARACTER}"
            elif at == max(inside[0], start):
                shown += MASK
        return shown, _Columns([*columns, len(shown)])


class _Columns:
    """Column of a file's line (from 1) -> offset in the text shown for it."""

    def __init__(self, offsets: list[int]) -> None:
        self._offsets = offsets

    def __call__(self, col: int) -> int:
        return self._offsets[min(max(col - 1, 0), len(self._offsets) - 1)]
