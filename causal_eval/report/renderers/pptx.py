"""Slides: one idea each, its message as the title, native tables, alternative texts, and notes for the speaker.

Everything is measured before it is set: texts shrink to their box down to a readable size, tables go on over as many
slides as they need. With a template, its size, theme and title layout stand, and its own slides are left out.
"""

from __future__ import annotations

import io
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from causal_eval.errors import UsageError
from causal_eval.report.blocks import (
    Bullets,
    Callout,
    Cell,
    Code,
    Column,
    FigureRef,
    Form,
    Line,
    Mark,
    Section,
    Strong,
    Table,
    Text,
)
from causal_eval.report.renderers._measure import column_widths, line_count, row_height, said, width, words
from causal_eval.report.renderers._office import LANGUAGE, TONES, clean, properties, same_bytes
from causal_eval.report.renderers._writeup import WriteUp
from causal_eval.report.typeset import bound, typeset

EMU = 12700
"""English metric units in a point."""
_WIDE, _HIGH = 960.0, 540.0
_LEADING = 1.25
_PAD = 12.0
_CELL = 5.0
_TABLE = (18.0, 16.0, 14.5, 13.0)
"""Sizes of a table's text: the largest at which it fits one slide, else the last."""
_LEAST = 10.5
"""No text on a slide is smaller."""
_TABLES = frozenset({"scorecard", "risk", "assumptions", "segments", "robustness", "sensitivity"})
"""Sections whose tables are worth a slide for every audience; for ``technical`` every table is."""
_MANY = 6
"""A table with more rows shows only those that did not come out well, but for ``technical``."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the slide, in points."""

    left: float
    top: float
    width: float
    height: float


def render(writeup: WriteUp) -> bytes:
    """The whole deck."""
    return _Deck(writeup).package()


class _Deck:
    """The deck while it is written."""

    def __init__(self, writeup: WriteUp) -> None:
        from pptx import Presentation

        self.writeup = writeup
        try:
            self.deck: Any = Presentation(io.BytesIO(writeup.template) if writeup.template is not None else None)
        except Exception as e:  # python-pptx lets through whatever its parsers raise for a file that is none
            raise UsageError("E607", f"the template is not a .pptx file: {e}") from e
        self.own = writeup.template is None
        if self.own:
            self._own_layout()
        else:
            self._drop_slides()
        self.layout = self._title_layout()
        title = next(p for p in self.layout.placeholders if _is_title(p))
        deck: Any = self.deck
        wide, high = deck.slide_width / EMU, deck.slide_height / EMU
        self.title = Box(title.left / EMU, title.top / EMU, title.width / EMU, title.height / EMU)
        top = self.title.top + self.title.height + 8
        left = max(self.title.left, 0.03 * wide)
        self.foot = Box(left, high - 30, wide - 2 * left, 20)
        self.body = Box(left, top, wide - 2 * left, self.foot.top - 6 - top)
        self.slide: Any = None
        self.every = any(x.anchor == "appendix" for x in writeup.sections)

    def package(self) -> bytes:
        """Write every slide and give the package."""
        for s in self.writeup.sections:
            self._section(s)
        q = self.writeup.result.question
        properties(self.deck.core_properties, title=q.title, subject=q.question, author=q.owner)
        out = io.BytesIO()
        self.deck.save(out)
        return same_bytes(out.getvalue())

    # --- layout --------------------------------------------------------------------------------------------------

    def _own_layout(self) -> None:
        """The library's plain template is 4:3: ours is 16:9, with the title on the left."""
        self.deck.slide_width, self.deck.slide_height = int(_WIDE * EMU), int(_HIGH * EMU)
        for holder in (self.deck.slide_master, *self.deck.slide_layouts):
            for p in holder.placeholders:
                if _is_title(p):
                    _place(p, Box(44, 26, _WIDE - 88, 84))
                else:
                    _place(p, Box(44, 124, _WIDE - 88, 370))
        from pptx.enum.text import MSO_ANCHOR, PP_ALIGN

        for p in self.deck.slide_master.placeholders:
            if _is_title(p):
                p.text_frame.vertical_anchor = MSO_ANCHOR.TOP
        styles = self.deck.slide_master.element.find(f".//{_p('titleStyle')}/{_a('lvl1pPr')}")
        if styles is not None:
            styles.set("algn", PP_ALIGN.to_xml(PP_ALIGN.LEFT))

    def _drop_slides(self) -> None:
        ids = self.deck.slides._sldIdLst
        for entry in list(ids):
            self.deck.part.drop_rel(entry.rId)
            ids.remove(entry)

    def _title_layout(self) -> Any:
        """The layout with a title and the fewest other places to fill."""
        found = [
            (sum(not _is_title(p) and p.placeholder_format.idx < 10 for p in layout.placeholders), k, layout)
            for k, layout in enumerate(self.deck.slide_layouts)
            if any(_is_title(p) for p in layout.placeholders)
        ]
        if not found:
            raise UsageError("E607", "the template has no layout with a title", hint="Add a layout `Title Only`.")
        return min(found, key=lambda x: x[:2])[2]

    # --- sections ------------------------------------------------------------------------------------------------

    def _section(self, s: Section) -> None:
        if s.anchor == "bottom-line":
            self._bottom_line(s)
            return
        if s.anchor == "appendix":  # every number there is: for reading, on paper or in estimates.csv
            return
        for b in s.blocks:
            match b:
                case FigureRef(name) if name in self.writeup.figures:
                    self._figure(name)
                case Table() if self.every or (s.anchor in _TABLES and not self._drawn(s)):
                    self._table(s, b)
                case Bullets(items) if s.anchor == "limitations" or self.every:
                    self._bullets(s, items)
                case Form(rows):
                    self._form(s, rows)
                case _:
                    continue

    def _drawn(self, s: Section) -> bool:
        """Whether the section's figure shows the rows of its table."""
        return s.anchor == "segments" and any(
            isinstance(b, FigureRef) and b.name in self.writeup.figures for b in s.blocks
        )

    def _bottom_line(self, s: Section) -> None:
        lead = next((b.line for b in s.blocks if isinstance(b, Text) and b.kind == "lead"), (s.title,))
        banner = self.writeup.banner
        self._new(words(lead), notes=f"{banner.title}. {banner.question}")
        parts: list[tuple[Line, float, bool]] = []
        for b in s.blocks:
            match b:
                case Callout(mark, over, line):
                    parts += [((over,), 14.0, False), ((mark,), 40.0, True)]
                    parts += [(line, 20.0, False)] if line else []
                case Text(line, kind) if kind != "lead":
                    parts.append((line, 18.0, False))
                case _:
                    continue
        self._lines(parts, self.body)

    def _figure(self, name: str) -> None:
        spec = self.writeup.figures[name]
        pieces = self.writeup.pieces(name)
        for k, image in enumerate(pieces, start=1):
            of = f" ({k} of {len(pieces)})" if len(pieces) > 1 else ""
            self._new(f"{spec.title}{of}", notes=f"{spec.alt}\n\n{spec.long_description}")
            self._picture(f"Figure {name}{of}", f"{spec.alt} {spec.long_description}", image)

    def _picture(self, name: str, words: str, image: bytes) -> None:
        wide, high = struct.unpack(">II", image[16:24])  # a PNG says its size there
        scale = min(self.body.width / wide, self.body.height / high)
        box = Box(self.body.left + (self.body.width - wide * scale) / 2, self.body.top, wide * scale, high * scale)
        picture = self.slide.shapes.add_picture(io.BytesIO(image), *_emu(box))
        self._describe(picture, name, words)

    def _bullets(self, s: Section, items: Sequence[Line]) -> None:
        title = (
            f"{s.title}: {len(items)} things to know before relying on this" if s.anchor == "limitations" else s.title
        )
        size = 16.0
        texts = [f"•  {words(x)}" for x in items]
        pages = list(self._pages(texts, size))
        if len(pages) > 1 and not self.every:
            shown = pages[0][:-1] or pages[0]
            pages = [[*shown, f"…  and {len(texts) - len(shown)} more, in the notes and in the full report"]]
        for k, part in enumerate(pages):
            self._new(title if k == 0 else f"{title} (continued)", notes="\n".join(texts))
            self._lines([((x,), size, False) for x in part], self.body)

    def _pages(self, texts: Sequence[str], size: float) -> Iterable[list[str]]:
        room = self.body.width - 2 * _PAD
        page: list[str] = []
        used = 0.0
        for text in texts:
            high = (line_count(text, room, size) * _LEADING + 0.45) * size
            if page and used + high > self.body.height - 2 * _PAD:
                yield page
                page, used = [], 0.0
            page.append(text)
            used += high
        yield page

    def _form(self, s: Section, rows: Sequence[tuple[str, str]]) -> None:
        known = next(((k, v) for k, v in rows if v), None)
        title = f"Next step: decide. {known[0]}: {known[1]}" if known else f"Next step: {s.title}"
        table = Table(s.title, (Column("To be filled in"), Column("Decision")), tuple(
            (Cell(((k,),)), Cell(((v,),))) for k, v in rows
        ))  # fmt: skip
        self._rows(title, table, notes="To be filled in by those who decide.", share=0.35, least=30.0)

    def _table(self, s: Section, table: Table) -> None:
        short = _for_slides(table)
        notes = [f"{table.caption}."]
        for b in s.blocks:
            if isinstance(b, Text):
                notes.append(words(b.line))
        for row in table.rows:
            notes.append(" · ".join(" ".join(words(x) for x in said(c)) for c in row if said(c)))
        if not self.every and len(table.rows) > _MANY:
            short, passed = _worst(short)
            if passed:
                notes.insert(1, f"The slide leaves out the {passed} that came out well.")
        self._rows(_message(s, table), short, notes="\n".join(notes))

    # --- setting -------------------------------------------------------------------------------------------------

    def _new(self, title: str, *, notes: str) -> None:
        """A slide with its message, what stands on every slide, and its notes."""
        from pptx.enum.text import MSO_AUTO_SIZE

        self.slide = self.deck.slides.add_slide(self.layout)
        for p in list(self.slide.placeholders):
            if not _is_title(p):
                p._element.getparent().remove(p._element)
        holder = self.slide.shapes.title
        frame = holder.text_frame
        frame.word_wrap = True
        frame.auto_size = MSO_AUTO_SIZE.NONE
        title, size = self._fit(title, self.title.width - 15, self.title.height - 8)
        self._run(frame.paragraphs[0], title, size=size, bold=True)
        foot = self.slide.shapes.add_textbox(*_emu(self.foot))
        foot.name = "Study and page"
        foot.text_frame.word_wrap = True
        room = self.foot.width - 2 * _PAD
        number = f"{len(self.deck.slides)}"
        self._run(foot.text_frame.paragraphs[0], _cut(f"{number}   {self.writeup.running}", room, _LEAST), size=_LEAST)
        self.slide.notes_slide.notes_text_frame.text = "\n".join(clean(x) for x in notes.splitlines())

    def _fit(self, title: str, room: float, high: float) -> tuple[str, float]:
        """The largest size from 28 down at which the title fits; what does not fit at 17 ends in an ellipsis."""
        title = bound(" ".join(title.split()))
        for size in (28.0, 26.0, 24.0, 22.0, 20.0, 18.0, 17.0):
            if line_count(title, room, size, bold=True) * size * _LEADING <= high:
                return title, size
        parts = title.split(" ")
        while len(parts) > 1 and line_count(" ".join(parts) + "…", room, 17.0, bold=True) * 17 * _LEADING > high:
            parts.pop()
        short = " ".join(parts)
        while len(short) > 8 and line_count(short + "…", room, 17.0, bold=True) * 17 * _LEADING > high:
            short = short[:-8]
        return f"{short}…", 17.0

    def _lines(self, parts: Sequence[tuple[Line, float, bool]], box: Box) -> None:
        """Paragraphs in one box, all a step smaller until they fit."""
        from pptx.enum.text import MSO_AUTO_SIZE
        from pptx.util import Pt

        room = box.width - 2 * _PAD

        def high(scale: float) -> float:
            return sum(
                (line_count(words(x), room, max(_LEAST, s * scale), bold=b) * _LEADING + 0.45) * max(_LEAST, s * scale)
                for x, s, b in parts
            )

        scale = next((k / 20 for k in range(20, 9, -1) if high(k / 20) <= box.height - _PAD), 0.5)
        shape = self.slide.shapes.add_textbox(
            *_emu(Box(box.left, box.top, box.width, min(box.height, high(scale) + _PAD)))
        )
        shape.name = "Text"
        frame = shape.text_frame
        frame.word_wrap = True
        frame.auto_size = MSO_AUTO_SIZE.NONE
        for k, (line, size, bold) in enumerate(parts):
            paragraph = frame.paragraphs[0] if k == 0 else frame.add_paragraph()
            paragraph.space_after = Pt(max(_LEAST, size * scale) * 0.4)
            self._fill(paragraph, line, size=max(_LEAST, size * scale), bold=bold)

    def _rows(self, title: str, table: Table, *, notes: str, share: float = 0.0, least: float = 0.0) -> None:
        """The table over as many slides as its rows need."""
        pad = 2 * _CELL
        for points in _TABLE:
            widths = (
                [self.body.width * share, self.body.width * (1 - share)]
                if share
                else column_widths(table, self.body.width, points, pad=pad)
            )
            titles = [Cell(((c.title,),)) for c in table.columns]
            head = row_height(titles, widths, points, pad=pad, leading=_LEADING) + pad
            heights = [max(least, row_height(r, widths, points, pad=pad, leading=_LEADING) + pad) for r in table.rows]
            if head + sum(heights) <= self.body.height:
                break
        pages = _even(heights, self.body.height - head)
        for k, page in enumerate(pages):
            self._new(title if k == 0 else f"{title} (continued)", notes=notes)
            self._grid(table, page, widths, head, [heights[i] for i in page], points)

    def _grid(
        self,
        table: Table,
        page: Sequence[int],
        widths: Sequence[float],
        head: float,
        heights: Sequence[float],
        points: float,
    ) -> None:
        box = Box(self.body.left, self.body.top, sum(widths), head + sum(heights))
        frame = self.slide.shapes.add_table(1 + len(page), len(widths), *_emu(box))
        self._describe(frame, "Table", table.caption)
        grid = frame.table
        look = grid._tbl.tblPr
        look.find(_a("tableStyleId")).text = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # no style, no grid
        grid.first_row, grid.horz_banding = True, False
        for k, w in enumerate(widths):
            grid.columns[k].width = round(w * EMU)
        for i, h in enumerate((head, *heights)):
            grid.rows[i].height = round(h * EMU)
        for k, column in enumerate(table.columns):
            self._cell(grid.cell(0, k), Cell(((Strong(column.title),),)), points, right=column.number, rule=19050)
        for i, index in enumerate(page, start=1):
            at = 0
            for c in table.rows[index]:
                if c.span > 1:
                    grid.cell(i, at).merge(grid.cell(i, at + c.span - 1))
                right = table.columns[at].number and c.span == 1
                self._cell(grid.cell(i, at), c, points, right=right, rule=6350)
                at += c.span

    def _cell(self, target: Any, c: Cell, points: float, *, right: bool, rule: int) -> None:
        from pptx.enum.text import PP_ALIGN

        target.margin_left = target.margin_right = round(_CELL * EMU)
        target.margin_top = target.margin_bottom = round(_CELL * 0.6 * EMU)
        frame = target.text_frame
        frame.word_wrap = True
        for k, line in enumerate(said(c)):
            p = frame.paragraphs[0] if k == 0 else frame.add_paragraph()
            if right:
                p.alignment = PP_ALIGN.RIGHT
            self._fill(p, line, size=points if k == 0 else points - 1.5)
        _rule(target, rule)

    def _fill(self, paragraph: Any, line: Line, *, size: float, bold: bool = False) -> None:
        for part in typeset(line):
            match part:
                case Strong(text):
                    self._run(paragraph, text, size=size, bold=True)
                case Code(text):
                    self._run(paragraph, text, size=size)
                case Mark(symbol, word, tone):
                    self._run(paragraph, f"{symbol}\u00a0{word}", size=size, bold=True,
                              colour=TONES[tone] if self.own else "")  # fmt: skip
                case str():
                    self._run(paragraph, part, size=size, bold=bold)

    def _run(self, paragraph: Any, text: str, *, size: float, bold: bool = False, colour: str = "") -> None:
        from pptx.dml.color import RGBColor
        from pptx.util import Pt

        run = paragraph.add_run()
        run.text = clean(text)
        run.font.size = Pt(round(size * 2) / 2)
        run.font.bold = bold
        run.font._element.set("lang", LANGUAGE)
        if colour:
            made: Any = RGBColor
            run.font.color.rgb = made(*bytes.fromhex(colour))

    def _describe(self, shape: Any, name: str, words: str) -> None:
        place = shape._element.xpath(".//p:cNvPr")[0]
        place.set("name", clean(name))
        place.set("descr", clean(words))


def _even(heights: Sequence[float], room: float) -> list[list[int]]:
    """Rows in as few pages of that room as they need, and the pages as even as they can be."""

    def filled(most: float) -> list[list[int]]:
        pages: list[list[int]] = [[]]
        used = 0.0
        for i, h in enumerate(heights):
            if pages[-1] and used + h > most:
                pages.append([])
                used = 0.0
            pages[-1].append(i)
            used += h
        return pages

    fewest = len(filled(room))
    return next(pages for k in range(1, 41) if len(pages := filled(room * k / 40)) == fewest)


def _for_slides(table: Table) -> Table:
    """The columns that are no detail; of their cells the first two lines."""
    keep = [k for k, c in enumerate(table.columns) if not c.detail]
    if len(keep) == len(table.columns) or any(c.span > 1 for row in table.rows for c in row):
        return table
    return replace(
        table,
        columns=tuple(table.columns[k] for k in keep),
        rows=tuple(tuple(Cell(tuple(said(row[k])[:2])) for k in keep) for row in table.rows),
    )


def _worst(table: Table) -> tuple[Table, int]:
    """The rows that carry no good mark, and how many do; the whole table when that would leave nothing."""
    rest = tuple(row for row in table.rows if not any(_good(line) for c in row for line in c.lines))
    left = len(table.rows) - len(rest)
    if not rest or not left:
        return table, 0
    last = (Cell(((f"{left} more came out well: in the notes and in the full report.",),), span=len(table.columns)),)
    return replace(table, rows=(*rest, last)), left


def _good(line: Line) -> bool:
    return any(isinstance(part, Mark) and part.tone == "good" for part in line)


def _message(s: Section, table: Table) -> str:
    """What the table says: how often each of its verdicts occurs, in the order of the rows."""
    found = Counter(
        part.word for row in table.rows for c in row for line in c.lines for part in line if isinstance(part, Mark)
    )
    if not found:
        return s.title if table.quiet else f"{s.title}: {table.caption}"
    head = s.title if table.quiet else table.caption
    return f"{head}: " + ", ".join(f"{n} {word.lower()}" for word, n in found.items())


def _is_title(placeholder: Any) -> bool:
    from pptx.enum.shapes import PP_PLACEHOLDER

    return placeholder.placeholder_format.type in (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE)


def _cut(text: str, room: float, points: float) -> str:
    while len(text) > 1 and width(text, points) > room:
        text = text[:-2].rstrip() + "…"
    return text


def _emu(box: Box) -> tuple[int, int, int, int]:
    return round(box.left * EMU), round(box.top * EMU), round(box.width * EMU), round(box.height * EMU)


def _place(shape: Any, box: Box) -> None:
    shape.left, shape.top, shape.width, shape.height = _emu(box)


def _rule(cell: Any, emu: int) -> None:
    """A line under the cell in the text's own colour."""
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls

    xml = f'<a:lnB {nsdecls("a")} w="{emu}"><a:solidFill><a:schemeClr val="tx1"/></a:solidFill></a:lnB>'
    cell._tc.get_or_add_tcPr().insert(0, parse_xml(xml))


def _a(tag: str) -> str:
    from pptx.oxml.ns import qn

    return str(qn(f"a:{tag}"))


def _p(tag: str) -> str:
    from pptx.oxml.ns import qn

    return str(qn(f"p:{tag}"))


plugin = render
