"""A tagged PDF (PDF/UA-1), typeset by Typst, which refuses to write one that lacks an alternative text or a title.

Fonts are those that Typst and matplotlib bring, so that the same write-up has the same bytes on every machine; only a
letter that they lack is looked for among the machine's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from causal_eval.plots.spec import FigureSpec
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
    Inline,
    Line,
    Mark,
    Section,
    Strong,
    Sub,
    Table,
    Text,
)
from causal_eval.report.renderers._measure import SHORT_LINE, column_widths, said, words
from causal_eval.report.renderers._writeup import WriteUp
from causal_eval.report.typeset import typeset

_HEAD = """
#set page(paper: {paper}, margin: (x: 17mm, top: 20mm, bottom: 18mm),
  header: context {{ set text(size: 8pt, fill: soft); {running} }},
  footer: context {{ set text(size: 8pt, fill: soft)
    {made}; h(1fr); counter(page).display("1 of 1", both: true) }})
#set text(font: ("Libertinus Serif", "DejaVu Sans"), size: 10.5pt, lang: "en", region: "GB", number-width: "tabular")
#set par(leading: 0.58em, spacing: 0.85em)
#set heading(numbering: none)
#set list(spacing: 0.65em)
#set table.cell(breakable: false)
#set table(stroke: (x, y) => (bottom: if y == 0 {{ 0.8pt + ink }} else {{ 0.4pt + line }}), inset: (x: 3pt, y: 3.5pt))
#show heading.where(level: 1): it => block(above: 1.5em, below: 0.75em, sticky: true,
  text(size: 14pt, weight: "bold", it.body))
#show heading.where(level: 2): it => block(above: 1.2em, below: 0.6em, sticky: true,
  text(size: 11pt, weight: "bold", it.body))
#show title: it => block(above: 0.7em, below: 0.5em, text(size: 20pt, weight: "bold", it))
#show raw: set text(font: ("DejaVu Sans Mono", "DejaVu Sans"), size: 0.84em)
#show figure.where(kind: table): set block(breakable: true)
#show figure.where(kind: table): set figure.caption(position: top)
#show figure.where(kind: image): set block(above: 0.9em, below: 0.9em)
#show figure.caption: it => align(left, text(size: 9.5pt, fill: soft, it.body))
#show figure.caption.where(kind: table): it => block(sticky: true, width: 100%, it)
#show figure.where(kind: table): it => align(left, it)
"""
_COLOURS = """
#let ink = rgb("#16191d")
#let soft = rgb("#4d5560")
#let line = rgb("#b9c1cb")
#let good = rgb("#11643f")
#let warn = rgb("#7a4a00")
#let bad = rgb("#a3201d")
#let neutral = rgb("#3f4854")
#let mark(tone, symbol, word) = box(text(fill: tone, weight: "bold", symbol + sym.space.nobreak + word))
"""
_PAPER = {"a4": 210 / 25.4 * 72, "letter": 612.0}
_MARGIN = 17 / 25.4 * 72
_TABLE = 8.5
_NARROWER = 0.88
"""Libertinus against the font that is measured, with some air."""
_LONG_WORD = 34


def render(writeup: WriteUp) -> bytes:
    """The whole document."""
    import typst

    source = "".join(_source(writeup))
    files = {"main.typ": source.encode()}
    files |= {f"{k}.svg": writeup.svg(name).encode() for k, name in enumerate(writeup.figures)}
    typeset: Any = typst.compile  # its types do not know that files may lie in memory
    made = typeset(files, format="pdf", pdf_standards=["ua-1"], font_paths=[_fonts()],
                         ignore_system_fonts=not _foreign(source))  # fmt: skip
    if not isinstance(made, bytes):
        raise TypeError("Typst gave no PDF")
    return made


def _fonts() -> str:
    import matplotlib

    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")


@cache
def _known() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(f"{_fonts()}/DejaVuSans.ttf").get_charmap())


def _foreign(source: str) -> bool:
    return any(ord(c) not in _known() for c in set(source) - set("\n"))


def _source(writeup: WriteUp) -> Iterable[str]:
    banner = writeup.banner
    q = writeup.result.question
    yield f"#set document(title: {_s(banner.title)}, description: {_s(banner.question)}, date: none"
    yield f", author: {_s(q.owner)})\n" if q.owner else ")\n"
    yield _COLOURS
    paper = {"a4": '"a4"', "letter": '"us-letter"'}[writeup.paper]
    yield _HEAD.format(paper=paper, running=_s(writeup.running), made=_s(writeup.made))
    room = _PAPER[writeup.paper] - 2 * _MARGIN
    index = {name: k for k, name in enumerate(writeup.figures)}
    for b in writeup.blocks:
        yield _block(b, writeup, index, room)


def _s(text: str) -> str:
    """A Typst string: control characters gone, very long words breakable."""
    text = "".join(c if c.isprintable() or c == "\u00a0" else " " for c in text)
    text = re.sub(rf"\S{{{_LONG_WORD},}}", lambda m: "\u200b".join(re.findall(r".{1,16}", m[0])), text)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _inline(part: Inline) -> str:
    match part:
        case Strong(text):
            return f"strong({_s(text)})"
        case Code(text):
            return f"raw({_s(text)})"
        case Mark(symbol, word, tone):
            return f"mark({tone}, {_s(symbol)}, {_s(word)})"
        case str():
            return f"text({_s(part)})"


def _line(line: Line) -> str:
    return "{" + "; ".join(_inline(x) for x in typeset(line)) + "}" if line else "[]"


def _block(b: Block, writeup: WriteUp, index: dict[str, int], room: float) -> str:
    match b:
        case Text(line, kind):
            size = {"body": "", "lead": "size: 11.5pt, ", "note": "size: 9pt, fill: soft, "}[kind]
            return f"#par(text({size}{_line(line)}))\n"
        case Bullets(items):
            return "#list(" + ", ".join(_line(x) for x in items) + ")\n" if items else ""
        case Facts(rows):
            return _pairs((_s(k), _line(v)) for k, v in rows)
        case Form(rows):
            return _pairs(((_s(k), f"text({_s(v or ' ')})") for k, v in rows), lines=True)
        case Table():
            return _table(b, room)
        case Callout(mark, over, line):
            why = f"; parbreak(); {_line(line)}" if line else ""
            return (
                f"#block(breakable: false, width: 100%, inset: 9pt, stroke: (left: 4pt + {mark.tone}, rest: 0.6pt + {mark.tone}), "
                f"{{ text(size: 9pt, fill: soft, {_s(over)}); linebreak(); "
                f"text(size: 17pt, mark({mark.tone}, {_s(mark.symbol)}, {_s(mark.word)})){why} }})\n"
            )
        case FigureRef(name):
            return _figure(writeup.figures[name], index[name]) if name in index else ""
        case Command(text):
            lines = " + linebreak() + ".join(f"raw({_s(x)})" for x in text.splitlines())
            return f"#block(width: 100%, inset: 7pt, fill: luma(244), {{ {lines} }})\n"
        case Sub(text):
            return f"#heading(level: 2, {_s(text)})\n"
        case Section(_, title, inner):
            texts = [_block(x, writeup, index, room) for x in inner]
            for k, (x, after) in enumerate(pairwise(inner)):
                if isinstance(x, Text) and isinstance(after, Table | FigureRef):
                    texts[k] = f"#block(sticky: true)[{texts[k]}]\n"
            body = "".join(texts)
            return f"#heading(level: 1, {_s(title)})\n{body}"
        case Banner():
            return _banner(b)


def _banner(b: Banner) -> str:
    marks = "; h(1.2em); ".join(_inline(m) for m in b.marks)
    facts = "; h(1.6em); ".join(f"text(fill: soft, {_s(k)}); sym.space.nobreak; {_line(v)}" for k, v in b.facts)
    return (
        f"#par({{ {marks} }})\n#title({_s(b.title)})\n#par(text(size: 12pt, fill: soft, {_s(b.question)}))\n"
        f"#par(text(size: 9pt, {{ {facts} }}))\n"
    )


def _pairs(rows: Iterable[tuple[str, str]], *, lines: bool = False) -> str:
    """Terms and what they are, side by side: no table to assistive technology, which reads them in order."""
    stroke = "(x, y) => if x == 1 { (bottom: 0.5pt + soft) }" if lines else "none"
    inset = "(x: 3pt, y: 7pt)" if lines else "(x: 3pt, y: 3pt)"
    first = "30%" if lines else "22%"
    cells = ", ".join(
        f"grid.cell(breakable: false, text(fill: soft, {k})), grid.cell(breakable: false, {v})" for k, v in rows
    )
    return f"#grid(columns: ({first}, 1fr), stroke: {stroke}, inset: {inset}, {cells})\n" if cells else ""


def _table(t: Table, room: float) -> str:
    widths = column_widths(t, room, _TABLE * _NARROWER, pad=7, spread=36)
    columns = ", ".join(f"{w:.2f}pt" for w in widths)
    align = ", ".join("right" if c.number else "left" for c in t.columns)
    head = ", ".join(f"table.cell(align: bottom, strong({_s(c.title)}))" for c in t.columns)
    body = ", ".join(_cell(c, t.columns[k].number) for row in t.rows for k, c in enumerate(row))
    table = f"table(columns: ({columns},), align: ({align},), table.header({head}), {body})"
    text = f"text(size: {_TABLE}pt, {table})"
    if t.quiet:
        return f"#block({text})\n"
    return f"#figure(kind: table, supplement: none, caption: {_s(t.caption)}, {text})\n"


def _cell(c: Cell, number: bool) -> str:
    out = []
    for k, line in enumerate(said(c)):
        text = _line(line)
        if number and len(words(line)) <= SHORT_LINE:
            text = f"box({text})"
        out.append(text if k == 0 else f"text(size: 0.94em, fill: soft, {text})")
    body = " + linebreak() + ".join(f"[#{x}]" for x in out) or "[]"
    return f"table.cell(colspan: {c.span}, align: left, {body})" if c.span > 1 else f"table.cell({body})"


def _figure(spec: FigureSpec, k: int) -> str:
    return (
        f"#figure(kind: image, supplement: none, caption: {_s(spec.alt)}, "
        f'image("{k}.svg", width: 100%, alt: {_s(spec.alt + " " + spec.long_description)}))\n'
    )


plugin = render
