"""Texts from letters: each letter of a font is read once a process, and a line is put together from them by arithmetic.

matplotlib shapes a line anew each time it is measured and drawn. For Latin letters, digits and signs, the shaping is known:
advances, the pair kerning of the font, its ligatures; the sums here are those of matplotlib to the last bit (a test
compares them). Whatever else a line may hold is left to matplotlib.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from unicodedata import category

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import FT2Font, Kerning, LoadFlags
from matplotlib.textpath import TextToPath

if TYPE_CHECKING:
    from matplotlib.ft2font import GlyphIndexType

SUB = 64
"""FreeType's units to a pixel."""
LIGATURES = {"ffi": "ﬃ", "ffl": "ﬄ", "ff": "ﬀ", "fi": "ﬁ", "fl": "ﬂ"}
PROBE = "AVo Té \u2212ffi 1.5%"
"""A line with kerning, a ligature, an accent and a sign."""

Placed = tuple[str, float, float, float]
"""A glyph on a line: its name, x, y and size."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A glyph in FreeType's units; ``low`` and ``high`` are where its outline ends."""

    index: GlyphIndexType
    name: str
    advance: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text in pixels, at the size that fonts are read in."""

    placed: tuple[Placed, ...]
    width: float
    height: float
    descent: float


class Face:
    """The letters of one font and the lines made of them."""

    def __init__(self, font: FT2Font, scale: float, name: Callable[[GlyphIndexType], str]) -> None:
        self.paths: dict[str, Any] = {}
        self._font, self._name, self._scale = font, name, scale
        self._per_unit = scale * SUB / font.units_per_EM
        self._letters: dict[str, Letter] = {}
        self._kerning: dict[tuple[GlyphIndexType, GlyphIndexType], int] = {}
        self._lines: dict[str, Line | None] = {}

    def line(self, text: str) -> Line | None:
        """The text set in one line, all of it :func:`plain`; None where the font lacks a character."""
        if text not in self._lines:
            self._lines[text] = self._set(text)
        return self._lines[text]

    def _set(self, text: str) -> Line | None:
        for letters, ligature in LIGATURES.items() if "f" in text else ():
            text = text.replace(letters, ligature)
        placed = []
        at, low, high = 0, 0, 0
        before: Letter | None = None
        for k, character in enumerate(text):
            letter = self._letters.get(character) or self._read(character)
            if letter is None:
                return None
            at += self._kern(before, letter) if before else 0
            placed.append((letter.name, at / SUB, 0.0, 1.0))
            at += letter.advance
            low, high = (min(low, letter.low), max(high, letter.high)) if k else (letter.low, letter.high)
            before = letter
        return Line(tuple(placed), at / SUB, (high - low) / SUB, -low / SUB)

    def _read(self, character: str) -> Letter | None:
        index = self._font.get_char_index(ord(character))
        if not index:
            return None
        self._font.set_size(self._scale, TextToPath.DPI)  # the font is shared with whoever draws a PNG
        glyph = self._font.load_glyph(index, flags=LoadFlags.NO_HINTING)
        _, low, _, high = glyph.bbox
        letter = Letter(index, self._name(index), glyph.horiAdvance, low, high)
        self.paths[letter.name] = self._font.get_path()
        self._letters[character] = letter
        return letter

    def _kern(self, left: Letter, right: Letter) -> int:
        pair = left.index, right.index
        if pair not in self._kerning:
            units = self._font.get_kerning(left.index, right.index, Kerning.UNSCALED)
            self._kerning[pair] = math.floor(units * self._per_unit + 0.5)
        return self._kerning[pair]


class Lettering(TextToPath):
    """matplotlib's maker of texts, faster where it can be."""

    def __init__(self) -> None:
        super().__init__()
        self._by_style: dict[tuple[object, ...], Face | None] = {}
        self._by_font: dict[Any, Face | None] = {}

    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: Any) -> tuple[float, float, float]:
        """As matplotlib's, in the units of ``prop``'s size."""
        face = None if ismath or not plain(s) else self._face_of(prop)
        line = face.line(s) if face else None
        if line is None:
            slow: tuple[float, float, float] = super().get_text_width_height_descent(s, prop, ismath)
            return slow
        scale = prop.get_size_in_points() / self.FONT_SCALE
        return line.width * scale, line.height * scale, line.descent * scale

    def get_glyphs_with_font(
        self, font: FT2Font, s: str, glyph_map: Any = None, return_new_glyphs_only: bool = False, **more: Any
    ) -> tuple[Any, Any, Any]:
        """As matplotlib's: the glyphs of a line with their places, and the paths of those not in ``glyph_map``."""
        face = None if any(more.values()) or not plain(s) else self._face(font)
        line = face.line(s) if face else None
        if face is None or line is None:
            slow: tuple[Any, Any, Any] = super().get_glyphs_with_font(
                font, s, glyph_map, return_new_glyphs_only, **more
            )
            return slow
        known = {} if glyph_map is None else glyph_map
        placed = line.placed
        new = {name: face.paths[name] for name, *_ in placed if name not in known}
        if not return_new_glyphs_only:
            known.update(new)
        return list(placed), new if return_new_glyphs_only else known, []

    def _face_of(self, prop: FontProperties) -> Face | None:
        style = prop.get_style(), prop.get_variant(), prop.get_weight(), prop.get_stretch(), prop.get_file()
        key = (*prop.get_family(), *style)
        if key not in self._by_style:
            self._by_style[key] = self._face(get_font(findfont(prop)))
        return self._by_style[key]

    def _face(self, font: FT2Font) -> Face | None:
        """The letters of a font; None where the font, or this matplotlib, sets lines in another way."""
        if font.fname not in self._by_font:
            self._by_font[font.fname] = self._tried(font)
        return self._by_font[font.fname]

    def _tried(self, font: FT2Font) -> Face | None:
        named = getattr(self, "_get_glyph_repr", None)
        if named is None:
            return None
        face = Face(font, self.FONT_SCALE, lambda index: named(font, index))
        line = face.line(PROBE)
        font.set_text(PROBE, 0.0, flags=LoadFlags.NO_HINTING)
        sizes = [x / SUB for x in (*font.get_width_height(), font.get_descent())]
        placed, paths, _ = super().get_glyphs_with_font(font, PROBE)
        theirs = Line(tuple(placed), *sizes)
        return face if line == theirs and list(paths) == list(face.paths) else None


@cache
def plain(text: str) -> bool:
    """Whether every character is a Latin letter, a digit or a sign of those that :class:`Face` sets as matplotlib does."""
    return all(
        (character < "\u0180" or "\u2009" <= character <= "\u22ff")
        and category(character) not in ("Cc", "Cf", "Mn", "Me")
        for character in text
    )


@cache
def lettering() -> Lettering:
    """The letters of this process."""
    return Lettering()
