"""One self-contained HTML file: inline style, inline SVG, no script, no outside link; every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

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
from causal_eval.report.renderers._css import CSS
from causal_eval.report.renderers._writeup import WriteUp
from causal_eval.report.typeset import bound, typeset, unmarked

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure with its SVG for wide and for narrow screens."""

    spec: FigureSpec
    wide: str
    narrow: str


def render(writeup: WriteUp) -> bytes:
    """The whole page."""
    drawn = {n: Drawn(s, writeup.svg(n), writeup.svg(n, "phone")) for n, s in writeup.figures.items()}
    head = _banner(writeup.banner)
    sections = writeup.sections
    contents = "".join(f'<li><a href="#{escape(s.anchor)}">{escape(s.title)}</a></li>' for s in sections)
    body = "".join(_section(s, drawn) for s in sections)
    made = escape(writeup.made)
    page = (
        "<!doctype html>\n"
        '<html lang="en-GB"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{escape(writeup.banner.title)}</title><style>{CSS}</style></head>\n"
        f'<body><a class="skip" href="#{escape(sections[0].anchor) if sections else ""}">Skip to the bottom line</a>'
        f'<div class="page">{head}'
        f'<nav class="contents" aria-label="Contents" tabindex="0"><h2>Contents</h2><ol>{contents}</ol></nav>\n'
        f"<main>{body}</main><footer>{made}</footer></div></body></html>\n"
    )
    return page.encode()


def fragment(blocks: Iterable[Block]) -> str:
    """Blocks without a page around them, for a notebook; figures are left out."""
    return "".join(_block(b, {}) for b in blocks)


_NOTEBOOK = (
    "<style>.ce-card{--line:#d0d7de;--soft:#57606a;color:inherit;max-width:62rem}"
    "@media (prefers-color-scheme:dark){.ce-card{--line:#444c56;--soft:#adbac7}}"
    ".ce-card table{border-collapse:collapse}.ce-card .scroll{overflow-x:auto}"
    ".ce-card th,.ce-card td{text-align:left;vertical-align:top;padding:.35em .8em .35em 0;border-bottom:1px "
    "solid var(--line)}"
    ".ce-card .num{text-align:right;white-space:nowrap}.ce-card caption{display:none}"
    ".ce-card .l1,.ce-card .l2{display:block}.ce-card .l2,.ce-card .note,.ce-card "
    ".over{color:var(--soft);font-size:.9em}"
    ".ce-card .word{font-size:1.4em;font-weight:700;display:block}.ce-card "
    ".mark{white-space:nowrap;font-weight:600}</style>"
)


def notebook(blocks: Iterable[Block]) -> str:
    """Blocks as a notebook cell shows them, with the little style they need."""
    return f'<div class="ce-card">{_NOTEBOOK}{fragment(blocks)}</div>'


def _inline(part: Inline) -> str:
    if isinstance(part, Strong):
        return f"<strong>{escape(part.text)}</strong>"
    if isinstance(part, Code):
        return f"<code>{escape(part.text)}</code>"
    if isinstance(part, Mark):
        return (
            f'<span class="mark {part.tone}"><span aria-hidden="true">{escape(part.symbol)}</span>'
            f"<span>{escape(part.word)}</span></span>"
        )
    return escape(part)


def _line(line: Line) -> str:
    return "".join(_inline(x) for x in typeset(line))


def _facts(rows: Iterable[tuple[str, Line]]) -> str:
    return "".join(f"<dt>{escape(term)}</dt><dd>{_line(line)}</dd>" for term, line in rows)


def _banner(b: Banner) -> str:
    facts = "".join(f"<div><dt>{escape(t)}</dt><dd>{_line(x)}</dd></div>" for t, x in b.facts)
    return (
        f'<header class="banner"><div class="marks">{"".join(_inline(m) for m in b.marks)}</div>'
        f"<h1>{escape(b.title)}</h1>"
        f'<p class="question">{escape(b.question)}</p><dl class="inline">{facts}</dl></header>\n'
    )


def _section(s: Section, figures: Mapping[str, Drawn]) -> str:
    body = "".join(_block(b, figures) for b in s.blocks)
    anchor = escape(s.anchor)
    head = f'<h2 id="{anchor}-title">{escape(s.title)}</h2>'
    return f'<section id="{anchor}" aria-labelledby="{anchor}-title">{head}{body}</section>\n'


def _block(b: Block, figures: Mapping[str, Drawn]) -> str:
    match b:
        case Text(line, kind):
            return f"<p>{_line(line)}</p>" if kind == "body" else f'<p class="{kind}">{_line(line)}</p>'
        case Bullets(items):
            return "<ul>" + "".join(f"<li>{_line(x)}</li>" for x in items) + "</ul>"
        case Facts(rows):
            return f'<dl class="facts">{_facts(rows)}</dl>'
        case Table():
            return _table(b)
        case Callout(mark, over, line):
            why = f"<p>{_line(line)}</p>" if line else ""
            return (
                f'<div class="callout {mark.tone}"><div><span class="over">{escape(over)}</span><span class="word">'
                f'<span aria-hidden="true">{escape(mark.symbol)}</span> {escape(mark.word)}</span></div>{why}</div>'
            )
        case FigureRef(name):
            return _figure(figures[name]) if name in figures else ""
        case Command(text):
            return f'<pre tabindex="0"><code>{escape(text)}</code></pre>'
        case Form(rows):
            return (
                '<dl class="form">'
                + "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in rows)
                + "</dl>"
            )
        case Sub(text):
            return f"<h3>{escape(text)}</h3>"
        case Section():
            return _section(b, figures)
        case Banner():
            return _banner(b)


SHORT_LINE = 26
"""A line of a number column up to this length, such as an interval, is never broken."""


def _cell(c: Cell, *, number: bool = False) -> str:
    out = []
    for k, line in enumerate(x for x in c.lines if any(_plain(part) for part in x)):
        short = number and sum(len(_plain(part)) for part in line) <= SHORT_LINE
        out.append(f'<span class="l{1 if k == 0 else 2}{" nb" if short else ""}">{_line(line)}</span>')
    return "".join(out)


def _plain(part: Inline) -> str:
    return part if isinstance(part, str) else part.word if isinstance(part, Mark) else part.text


def _table(t: Table) -> str:
    numeric = [" ".join(k for k, on in (("num", c.number), ("wide", c.wide)) if on) for c in t.columns]

    def attribute(k: int) -> str:
        return f' class="{numeric[k]}"' if numeric[k] else ""

    head = "".join(
        f'<th role="columnheader" scope="col"{attribute(k)}>{escape(c.title)}</th>' for k, c in enumerate(t.columns)
    )
    rows = []
    for row in t.rows:
        cells = []
        for k, c in enumerate(row):
            if k == 0:
                cells.append(f'<th role="rowheader" scope="row"{attribute(k)}>{_cell(c)}</th>')
            else:
                label = escape(t.columns[k].title)
                if c.span > 1:
                    cells.append(f'<td role="cell" class="spanning" colspan="{c.span}">{_cell(c)}</td>')
                else:
                    cells.append(
                        f'<td role="cell" data-label="{label}"{attribute(k)}>'
                        f"{_cell(c, number=t.columns[k].number)}</td>"
                    )
        rows.append(f'<tr role="row">{"".join(cells)}</tr>')
    quiet = ' class="quiet"' if t.quiet else ""
    kind = ' class="cards"' if t.cards else ' class="narrowtable"' if len(t.columns) <= 3 else ""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(t.caption)}"><table role="table"{kind}>'
        f"<caption{quiet}>{escape(t.caption)}</caption>"
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{"".join(rows)}</tbody></table></div>'
    )


def _figure(d: Drawn) -> str:
    spec = d.spec
    head = "".join(f'<th scope="col">{escape(c.replace("_", " "))}</th>' for c in spec.columns)
    rows = "".join("<tr>" + "".join(f"<td>{escape(v)}</td>" for v in row) + "</tr>" for row in spec.table())
    title = escape(spec.title)
    return (
        f'<figure><div class="plot"><div class="wide-figure">{d.wide}</div><div class="phone">{d.narrow}</div></div>'
        f"<figcaption>{escape(bound(unmarked(spec.alt)))}</figcaption>"
        f'<details><summary>What the figure shows, in words<span class="sr">: {title}</span></summary>'
        f"<p>{_line((spec.long_description,))}</p></details>"
        f'<details><summary>Data of the figure, as stored<span class="sr">: {title}</span></summary>'
        f'<div class="scroll" role="region" tabindex="0" aria-label="Data of the figure: {title}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details></figure>"
    )


plugin = render
