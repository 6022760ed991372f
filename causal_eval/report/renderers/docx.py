"""A Word document: headings as styles, native tables whose head repeats, figures with alternative text.

With a template, its styles, paper, header and footer stand, and its text is left out.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from causal_eval.errors import UsageError
from causal_eval.report.blocks import (
    Banner,
    Block,
    Bullets,
    Callout,
    Cell,
    Code,
    Command,
    Facts,
    FigureRef,
    Form,
    Line,
    Mark,
    Section,
    Strong,
    Sub,
    Table,
    Text,
)
from causal_eval.report.renderers._measure import column_widths, said
from causal_eval.report.renderers._office import LANGUAGE, TONES, clean, properties, same_bytes
from causal_eval.report.renderers._writeup import WriteUp
from causal_eval.report.typeset import typeset

_PAPER = {"a4": (595.3, 841.9), "letter": (612.0, 792.0)}
_SMALL = 8.0


def render(writeup: WriteUp) -> bytes:
    """The whole document."""
    return _Document(writeup).bytes()


class _Document:
    """The document while it is written."""

    def __init__(self, writeup: WriteUp) -> None:
        from docx import Document

        self.writeup = writeup
        try:
            self.doc: Any = Document(io.BytesIO(writeup.template) if writeup.template is not None else None)
        except Exception as e:  # python-docx lets through whatever its parsers raise for a file that is none
            raise UsageError("E607", f"the template is not a .docx file: {e}") from e
        self.drawings = 0
        if writeup.template is None:
            self._own_style()
        else:
            body = self.doc.element.body
            for child in list(body):
                if not child.tag.endswith("}sectPr"):
                    body.remove(child)
        self._language()
        page: Any = self.doc.sections[-1]
        self.room = (page.page_width - page.left_margin - page.right_margin) / 12700

    def bytes(self) -> bytes:
        """Write everything and give the package."""
        for b in self.writeup.blocks:
            self._block(b)
        self._paragraph(self.writeup.made, size=_SMALL)
        q = self.writeup.result.question
        properties(self.doc.core_properties, title=q.title, subject=q.question, author=q.owner)
        out = io.BytesIO()
        self.doc.save(out)
        return same_bytes(out.getvalue())

    # --- style ---------------------------------------------------------------------------------------------------

    def _own_style(self) -> None:
        from docx.shared import Pt, RGBColor

        page = self.doc.sections[0]
        wide, high = _PAPER[self.writeup.paper]
        page.page_width, page.page_height = Pt(wide), Pt(high)
        page.left_margin = page.right_margin = Pt(51)
        page.top_margin = page.bottom_margin = Pt(57)
        for name, size, before, after in (
            ("Normal", 10, 0, 5), ("Title", 20, 4, 4), ("Heading 1", 14, 16, 6), ("Heading 2", 11.5, 10, 4),
            ("Caption", 9, 4, 4), ("List Bullet", 10, 0, 4),
        ):  # fmt: skip
            style = self.doc.styles[name]
            style.font.size, style.font.name = Pt(size), "Calibri"
            style.element.get_or_add_rPr().get_or_add_rFonts().set(_w("eastAsia"), "Calibri")
            for attribute in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
                style.element.rPr.rFonts.attrib.pop(_w(attribute), None)
            style.font.color.rgb = RGBColor.from_string("4D5560" if name == "Caption" else "16191D")
            style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        title = self.doc.styles["Title"].element
        for border in title.findall(f".//{_w('pBdr')}"):
            border.getparent().remove(border)
        head = page.header.paragraphs[0]
        self._run(head, self.writeup.running, size=_SMALL)
        foot = page.footer.paragraphs[0]
        self._run(foot, "Page ", size=_SMALL)
        self._field(foot, "PAGE")
        self._run(foot, " of ", size=_SMALL)
        self._field(foot, "NUMPAGES")

    def _field(self, paragraph: Any, code: str) -> None:
        from docx.oxml import OxmlElement

        field = OxmlElement("w:fldSimple")
        field.set(_w("instr"), code)
        run = self._run(paragraph, "1", size=_SMALL)
        field.append(run._r)
        paragraph._p.append(field)

    def _language(self) -> None:
        """What assistive technology reads it in, also where the template says another."""
        from docx.oxml import OxmlElement

        styles = self.doc.styles.element
        defaults = styles.find(f".//{_w('rPrDefault')}/{_w('rPr')}")
        holder = defaults if defaults is not None else self._style("Normal").element.get_or_add_rPr()
        for old in holder.findall(_w("lang")):
            holder.remove(old)
        lang = OxmlElement("w:lang")
        lang.set(_w("val"), LANGUAGE)
        holder.append(lang)

    def _style(self, name: str) -> Any:
        """A style of Word's own by its name, made where a template lacks it; a heading keeps its level."""
        from docx.enum.style import WD_STYLE_TYPE
        from docx.oxml import OxmlElement

        if name not in self.doc.styles:
            style = self.doc.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, builtin=True)
            if name.startswith("Heading"):
                style.font.bold = True
                level = OxmlElement("w:outlineLvl")
                level.set(_w("val"), str(int(name[-1]) - 1))
                style.element.get_or_add_pPr().append(level)
        return self.doc.styles[name]

    # --- blocks --------------------------------------------------------------------------------------------------

    def _block(self, b: Block) -> None:
        match b:
            case Text(line, kind):
                self._paragraph(line, size=_SMALL + 0.5 if kind == "note" else 11.5 if kind == "lead" else None)
            case Bullets(items):
                for line in items:
                    self._paragraph(line, style="List Bullet")
            case Facts(rows):
                self._pairs(rows)
            case Form(rows):
                self._pairs([(k, (v,)) for k, v in rows], ruled=True)
            case Table():
                self._table(b)
            case Callout(mark, over, line):
                self._callout(mark, over, line)
            case FigureRef(name):
                if name in self.writeup.figures:
                    self._figure(name)
            case Command(text):
                for said_ in text.splitlines():
                    self._paragraph((Code(said_),))
            case Sub(text):
                self._paragraph(text, style="Heading 2")
            case Section(_, title, inner):
                self._paragraph(title, style="Heading 1")
                for x in inner:
                    self._block(x)
            case Banner():
                self._banner(b)

    def _banner(self, b: Banner) -> None:
        marks: list[Any] = []
        for m in b.marks:
            marks += [m, "   "]
        self._paragraph(tuple(marks[:-1]))
        self._paragraph(b.title, style="Title")
        self._paragraph(b.question, size=12)
        line: list[Any] = []
        for k, v in b.facts:
            line += [f"{k}: ", *v, "   "]
        self._paragraph(tuple(line[:-1]), size=_SMALL + 0.5)

    def _callout(self, mark: Mark, over: str, line: Line) -> None:
        table = self._grid(1, 1, over)
        inside = table.cell(0, 0)
        self._borders(table, all_round=TONES[mark.tone])
        first = inside.paragraphs[0]
        self._run(first, over, size=9)
        self._fill(inside.add_paragraph(), (mark,), size=17)
        if line:
            self._fill(inside.add_paragraph(), line)
        self._row(table.rows[0])
        self._paragraph("", size=4)

    def _paragraph(self, line: Line | str, *, style: str = "Normal", size: float | None = None) -> Any:
        p = self.doc.add_paragraph(style=self._style(style))
        self._fill(p, (line,) if isinstance(line, str) else line, size=size)
        return p

    def _fill(self, paragraph: Any, line: Line, *, size: float | None = None) -> None:
        for part in typeset(line):
            match part:
                case Strong(text):
                    self._run(paragraph, text, size=size, bold=True)
                case Code(text):
                    self._run(paragraph, text, size=(size or 10) * 0.92, font="Consolas")
                case Mark(symbol, word, tone):
                    self._run(paragraph, f"{symbol}\u00a0{word}", size=size, bold=True, colour=TONES[tone])
                case str():
                    self._run(paragraph, part, size=size)

    def _run(
        self,
        paragraph: Any,
        text: str,
        *,
        size: float | None = None,
        bold: bool = False,
        font: str = "",
        colour: str = "",
    ) -> Any:
        from docx.shared import Pt, RGBColor

        run = paragraph.add_run(clean(text))
        if size is not None:
            run.font.size = Pt(round(size * 2) / 2)
        if bold:
            run.font.bold = True
        if font:
            run.font.name = font
        if colour:
            run.font.color.rgb = RGBColor.from_string(colour)
        return run

    def _figure(self, name: str) -> None:
        from docx.shared import Pt

        spec = self.writeup.figures[name]
        p = self.doc.add_paragraph(style=self._style("Normal"))
        p.paragraph_format.keep_with_next = True
        picture = p.add_run().add_picture(io.BytesIO(self.writeup.png(name)), width=Pt(min(self.room, 500)))
        self.drawings += 1
        place = picture._inline.docPr
        place.set("id", str(self.drawings))
        place.set("name", clean(f"Figure {name}"))
        place.set("title", clean(spec.title))
        place.set("descr", clean(f"{spec.alt} {spec.long_description}"))
        self._paragraph(spec.alt, style="Caption")

    # --- tables --------------------------------------------------------------------------------------------------

    def _grid(self, rows: int, columns: int, caption: str) -> Any:
        from docx.oxml import OxmlElement

        table = self.doc.add_table(rows, columns)
        table.autofit = False
        for tag in ("w:tblCaption", "w:tblDescription"):
            said = OxmlElement(tag)
            said.set(_w("val"), clean(caption))
            table._tbl.tblPr.append(said)
        return table

    def _widths(self, table: Any, widths: Iterable[float]) -> None:
        from docx.shared import Pt

        for k, w in enumerate(widths):
            table.columns[k].width = Pt(w)
            for c in table.columns[k].cells:
                c.width = Pt(w)

    def _row(self, row: Any, *, head: bool = False) -> None:
        """A row that is not split over pages; a head is repeated on each."""
        from docx.oxml import OxmlElement

        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if head:
            properties.append(OxmlElement("w:tblHeader"))

    def _borders(self, table: Any, *, all_round: str = "") -> None:
        from docx.oxml import OxmlElement

        borders = OxmlElement("w:tblBorders")
        sides = ("top", "left", "bottom", "right") if all_round else ("top", "bottom", "insideH")
        for side in sides:
            line = OxmlElement(f"w:{side}")
            line.set(_w("val"), "single")
            line.set(_w("sz"), "24" if side == "left" else "4")
            line.set(_w("color"), all_round or "B9C1CB")
            borders.append(line)
        look = table._tbl.tblPr
        before = next(
            (x for x in look if x.tag in (_w("tblLayout"), _w("tblCellMar"), _w("tblLook"), _w("tblCaption"))), None
        )
        if before is None:
            look.append(borders)
        else:
            before.addprevious(borders)

    def _table(self, t: Table) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Pt

        if not t.quiet:
            self._paragraph(t.caption, style="Caption").paragraph_format.keep_with_next = True
        table = self._grid(1 + len(t.rows), len(t.columns), t.caption)
        self._borders(table)
        self._widths(table, column_widths(t, self.room, _SMALL, pad=11, spread=36))
        cells = [list(row.cells) for row in table.rows]
        for k, column in enumerate(t.columns):
            self._cell(cells[0][k], Cell(((Strong(column.title),),)))
        self._row(table.rows[0], head=True)
        for i, row in enumerate(t.rows, start=1):
            at = 0
            for c in row:
                target = cells[i][at]
                if c.span > 1:
                    target = target.merge(cells[i][at + c.span - 1])
                self._cell(target, c)
                at += c.span
            self._row(table.rows[i])
        for k, column in enumerate(t.columns):
            for i in range(len(cells)):
                for p in cells[i][k].paragraphs:
                    p.paragraph_format.space_after = p.paragraph_format.space_before = Pt(1)
                    if column.number:
                        p.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        for i, row in enumerate(t.rows, start=1):
            at = 0
            for c in row:
                if c.span > 1:
                    for p in cells[i][at].paragraphs:
                        p.alignment = WD_ALIGN_PARAGRAPH.LEFT
                at += c.span
        self._paragraph("", size=4)

    def _cell(self, target: Any, c: Cell) -> None:
        lines = said(c)
        for k, line in enumerate(lines):
            p = target.paragraphs[0] if k == 0 else target.add_paragraph()
            self._fill(p, line, size=_SMALL)

    def _pairs(self, rows: Iterable[tuple[str, Line]], *, ruled: bool = False) -> None:
        rows = list(rows)
        if not rows:
            return
        table = self._grid(len(rows), 2, "To be filled in" if ruled else "Terms and what they are")
        first = self.room * (0.3 if ruled else 0.22)
        self._widths(table, (first, self.room - first))
        if ruled:
            self._borders(table)
        for row, (k, v) in zip(table.rows, rows, strict=True):
            self._cell(row.cells[0], Cell(((k,),)))
            self._cell(row.cells[1], Cell((v,)))
            self._row(row)
            for c in row.cells:
                for p in c.paragraphs:
                    from docx.shared import Pt

                    p.paragraph_format.space_after = Pt(8 if ruled else 1)
        self._paragraph("", size=4)


def _w(tag: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(f"w:{tag}"))


plugin = render
