"""What a write-up is made of: small frozen blocks that know no HTML and no markdown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Tone = Literal["good", "warn", "bad", "neutral"]


@dataclass(frozen=True, slots=True)
class Strong:
    """Words that stand out."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """A name, a hash, a command: letter by letter."""

    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A verdict: a symbol and a word, so that the colour is never alone."""

    symbol: str
    word: str
    tone: Tone


Inline = str | Strong | Code | Mark
Line = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    line: Line
    kind: Literal["body", "lead", "note"] = "body"


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of lines."""

    items: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Terms and what they are."""

    rows: tuple[tuple[str, Line], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; numbers align right. ``detail``: left out where there is room for the message only."""

    title: str
    number: bool = False
    wide: bool = False
    detail: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its lines, the first of them the main one. ``span``: how many columns it fills."""

    lines: tuple[Line, ...]
    span: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """A table. ``cards``: on a narrow screen each row becomes a card; else the table scrolls in its own box."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    cards: bool = False
    quiet: bool = False
    """The caption only repeats the section's title and is for screen readers."""


@dataclass(frozen=True, slots=True)
class Callout:
    """The recommendation."""

    mark: Mark
    over: str
    line: Line


@dataclass(frozen=True, slots=True)
class FigureRef:
    """A figure by its name, drawn by the renderer's caller."""

    name: str


@dataclass(frozen=True, slots=True)
class Command:
    """What to type."""

    text: str


@dataclass(frozen=True, slots=True)
class Form:
    """Lines to be filled in by hand: label and what is known already."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sub:
    """A heading inside a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Banner:
    """The head of the write-up."""

    title: str
    question: str
    marks: tuple[Mark, ...]
    facts: tuple[tuple[str, Line], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the write-up with its anchor."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


Block = Text | Bullets | Facts | Table | Callout | FigureRef | Command | Form | Sub | Banner | Section


def cell(*lines: Inline | Line) -> Cell:
    """A cell of plain lines."""
    return Cell(tuple(x if isinstance(x, tuple) else (x,) for x in lines if x != ""))


def filled(table: Table) -> Table:
    """The table without the columns in which no row says anything; the first stays."""
    keep = [k for k in range(len(table.columns)) if k == 0 or any(row[k].lines for row in table.rows)]
    return replace(
        table,
        columns=tuple(table.columns[k] for k in keep),
        rows=tuple(tuple(row[k] for k in keep) for row in table.rows),
    )
