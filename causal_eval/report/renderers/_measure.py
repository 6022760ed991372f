"""How wide texts are and how many lines they take, measured before they are set.

DejaVu Sans, which matplotlib brings, is wider than the usual fonts of slides and letters (Calibri, Arial, Liberation):
what fits by this measure fits in those.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from causal_eval.report.blocks import Cell, Inline, Line, Mark, Strong, Table
from causal_eval.report.typeset import bound, spoken, unmarked

SHORT_LINE = 26
"""A line of a number column up to this length, such as an interval, is never broken."""


def plain(part: Inline) -> str:
    """The words of a part of a line."""
    return (
        unmarked(part)
        if isinstance(part, str)
        else f"{part.symbol} {part.word}"
        if isinstance(part, Mark)
        else spoken(part.text)
        if isinstance(part, Strong)
        else part.text
    )


def words(line: Line) -> str:
    """The words of a line."""
    return "".join(plain(x) for x in line)


def said(c: Cell) -> list[Line]:
    """The lines of a cell that say something."""
    return [line for line in c.lines if words(line).strip()]


@cache
def _font(bold: bool) -> Any:
    from pathlib import Path

    import matplotlib
    from matplotlib.ft2font import FT2Font

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    font = FT2Font(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name))
    font.set_size(100, 72)
    return font


@cache
def _advance(character: str, bold: bool) -> float:
    """Width of a character in ems; what the font lacks counts as a full em."""
    font = _font(bold)
    if not font.get_char_index(ord(character)):
        return 1.0
    return float(font.load_char(ord(character)).linearHoriAdvance) / 65536 / 100


def width(text: str, points: float, *, bold: bool = False) -> float:
    """Width of one line, in points."""
    return sum(_advance(c, bold) for c in text) * points


def line_count(text: str, room: float, points: float, *, bold: bool = False) -> int:
    """Lines that ``text`` takes in ``room`` points, broken between words, and inside those that are longer."""
    lines, at = 1, 0.0
    space = width(" ", points, bold=bold)
    for word in bound(" ".join(text.split())).split(" "):
        w = width(word, points, bold=bold)
        if at and at + space + w <= room:
            at += space + w
            continue
        if at:
            lines += 1
        more = int(w // room) if w > room else 0
        lines += more
        at = w - more * room
    return lines


def column_widths(table: Table, room: float, points: float, *, pad: float, spread: float = float("inf")) -> list[float]:
    """Widths in points that together are at most ``room``: no word is broken where that can be, long texts get what is left.

    ``pad``: what each cell loses to its margins. ``spread``: the most that a column gets beyond what it can use.
    """
    least, wished, volume = [], [], []
    for k, column in enumerate(table.columns):
        texts: list[tuple[str, bool]] = []
        cells = [row[k] for row in table.rows if k < len(row) and all(c.span == 1 for c in row[: k + 1])]
        for c in cells:
            for line in said(c):
                text = words(line)
                whole = (column.number and len(text) <= SHORT_LINE) or any(isinstance(x, Mark) for x in line)
                texts.append((text, whole))
        longest = [width(t, points, bold=True) if whole else _longest(t, points) for t, whole in texts]
        least.append(max([*longest, _longest(column.title, points)]) + pad)
        full = [width(t, points) for t, _ in texts] + [width(column.title, points, bold=True)]
        wished.append(max(max(full) + pad, least[-1]))
        stacks = [sum(width(words(line), points) for line in said(c)) for c in cells]
        volume.append(max([*stacks, 1.0]))
    spare = room - sum(least)
    if spare <= 0:
        return [x * room / sum(least) for x in least]
    wanted = [w - x for w, x in zip(wished, least, strict=True)]
    if sum(wanted) <= spare:
        rest = min(spread, (spare - sum(wanted)) / len(least))
        return [w + rest for w in wished]
    got = [0.0] * len(least)
    open_ = {k for k, w in enumerate(wanted) if w > 0}
    while open_ and spare > 1e-6:  # in proportion to the text, but to none more than its longest line
        total = sum(volume[k] for k in open_)
        given = {k: min(wanted[k] - got[k], spare * volume[k] / total) for k in open_}
        for k, g in given.items():
            got[k] += g
        spare -= sum(given.values())
        open_ = {k for k in open_ if wanted[k] - got[k] > 1e-6}
    return [x + g for x, g in zip(least, got, strict=True)]


def _longest(text: str, points: float) -> float:
    """The widest part that no renderer breaks; a hyphen may end a line."""
    return max((width(w, points, bold=True) for w in text.replace("-", "- ").split()), default=0.0)


def _bold(line: Line) -> bool:
    return any(isinstance(part, Mark | Strong) for part in line)


def row_height(row: Sequence[Cell], widths: Sequence[float], points: float, *, pad: float, leading: float) -> float:
    """Height of a row in points, without its own margins. ``leading``: distance of lines in ems."""
    most, k = 1, 0
    for c in row:
        room = sum(widths[k : k + c.span]) - pad
        most = max(most, sum(line_count(words(x), room, points, bold=_bold(x)) for x in said(c)))
        k += c.span
    return most * points * leading
