"""Where each key of a TOML text stands.

:mod:`tomllib` parses but forgets places. This scanner goes over a text that tomllib has already accepted, so it
checks nothing: it only notes, for every key path, where the key and its value stand.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one key path stands, as offsets into the text; ``start:stop`` as in a slice.

    ``key`` is the key's own text (an element of a list has its value's). ``value`` is the value's text, and for a
    table written under a header the header: ``[study]``.
    """

    key: tuple[int, int]
    value: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Lines:
    """Offsets of a text as lines and columns, both from 1."""

    text: str
    starts: list[int]

    @classmethod
    def of(cls, text: str) -> Lines:
        """The lines of ``text``; only a line feed ends a line, as in TOML."""
        starts = [0]
        while (end := text.find("\n", starts[-1])) >= 0:
            starts.append(end + 1)
        return cls(text, starts)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def offset(self, line: int, col: int) -> int:
        """Offset of a line and column."""
        return self.starts[line - 1] + col - 1

    def span(self, line: int) -> tuple[int, int]:
        """Where a line starts and stops, without its line feed."""
        stop = self.starts[line] - 1 if line < len(self.starts) else len(self.text)
        return self.starts[line - 1], stop


def normalise(text: str) -> str:
    """The text as tomllib sees it: line feeds only."""
    return text.replace("\r\n", "\n")


def scan(text: str) -> dict[KeyPath, Spot]:
    """Every key path of a valid TOML text and its spot.

    Args:
        text: TOML that :func:`tomllib.loads` accepts, after :func:`normalise`.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.spots


@dataclass(slots=True)
class _Scanner:
    text: str
    at: int = 0
    spots: dict[KeyPath, Spot] = field(default_factory=dict)
    counts: dict[KeyPath, int] = field(default_factory=dict)
    """How many tables each [[array]] has so far."""

    def document(self) -> None:
        table: KeyPath = ()
        while self.skip():
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)

    def skip(self, more: str = "") -> bool:
        """Go past space, line feeds and comments (and the characters of ``more``); false at the end of the text."""
        while self.at < len(self.text):
            c = self.text[self.at]
            if c == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif c in " \t\r\n" or c in more:
                self.at += 1
            else:
                return True
        return False

    def blank(self) -> None:
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1

    def header(self) -> KeyPath:
        start = self.at
        many = self.text.startswith("[[", start)
        self.at += 2 if many else 1
        parts = self.key()
        self.at = self.text.index("]", self.at) + (2 if many else 1)
        whole = (start, self.at)
        path: KeyPath = ()
        for name, span in parts[:-1]:
            path = (*path, name)
            self.spots.setdefault(path, Spot(span, whole))
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
        name, span = parts[-1]
        path = (*path, name)
        if not many:
            self.spots[path] = Spot(span, whole)  # an explicit [a] wins over the [a.b] before it
            return path
        self.spots.setdefault(path, Spot(span, whole))
        self.counts[path] = self.counts.get(path, 0) + 1
        path = (*path, self.counts[path] - 1)
        self.spots[path] = Spot(span, whole)
        return path

    def pair(self, table: KeyPath) -> None:
        """``a.b = value`` under ``table``."""
        parts = self.key()
        path = table
        for name, span in parts[:-1]:
            path = (*path, name)
            self.spots.setdefault(path, Spot(span, span))
        name, span = parts[-1]
        self.blank()
        self.at += 1  # the equals sign
        self.blank()
        path = (*path, name)
        self.spots[path] = Spot(span, self.value(path))

    def key(self) -> list[tuple[str, tuple[int, int]]]:
        """The parts of a dotted key with their spans; quotes belong to the span."""
        parts = []
        while True:
            self.blank()
            start = self.at
            quote = self.text[start]
            if quote in "\"'":
                self.string(quote)
                written = self.text[start : self.at]
                name = next(iter(tomllib.loads(f"{written} = 0"))) if "\\" in written else written[1:-1]
            else:
                while self.text[self.at : self.at + 1].isalnum() or self.text[self.at : self.at + 1] in ("-", "_"):
                    self.at += 1
                name = self.text[start : self.at]
            parts.append((name, (start, self.at)))
            self.blank()
            if self.text[self.at : self.at + 1] != ".":
                return parts
            self.at += 1

    def value(self, path: KeyPath) -> tuple[int, int]:
        start = self.at
        c = self.text[start]
        if c in "\"'":
            if self.text.startswith(c * 3, start):
                self.long_string(c)
            else:
                self.string(c)
        elif c == "[":
            self.at += 1
            count = 0
            while self.skip(more=",") and self.text[self.at] != "]":
                element = (*path, count)
                span = self.value(element)
                self.spots[element] = Spot(span, span)
                count += 1
            self.at += 1
        elif c == "{":
            self.at += 1
            while self.skip(more=",") and self.text[self.at] != "}":
                self.pair(path)
            self.at += 1
        else:
            while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
                self.at += 1
            self.at = start + len(self.text[start : self.at].rstrip())
        return start, self.at

    def string(self, quote: str) -> None:
        self.at += 1
        while self.text[self.at] != quote:
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += 1

    def long_string(self, quote: str) -> None:
        self.at += 3
        while not self.text.startswith(quote * 3, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += 3
        while self.text[self.at : self.at + 1] == quote:  # up to two quotes may stand before the closing three
            self.at += 1
