"""Markdown for GitHub and wikis: figures by relative link, everything user-supplied escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

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
from causal_eval.report.renderers._writeup import WriteUp
from causal_eval.report.typeset import named

_SPECIAL = re.compile(r"([\\`*_\[\]{}|~$#])")


FOLDER = "figures"
"""Where the figures lie, seen from the file."""


def render(writeup: WriteUp) -> bytes:
    """The whole document."""
    sections = writeup.sections
    out: list[str] = []
    for b in writeup.blocks:
        if isinstance(b, Banner):
            out.append(_banner(b))
            out.append("**Contents:** " + " · ".join(f"[{_text(s.title)}](#{s.anchor})" for s in sections))
        elif isinstance(b, Section):
            out.append(f'<a id="{b.anchor}"></a>\n\n## {_text(b.title)}')
            out += [x for x in (_block(c, writeup.figures, FOLDER) for c in b.blocks) if x]
    out.append(f"---\n\nMade by causal-eval {_text(writeup.result.provenance.package)} from {_code(writeup.source)}.")
    return ("\n\n".join(out) + "\n").encode()


def fragment(blocks: Iterable[Block]) -> str:
    """Blocks alone, without figures, for a notebook."""
    return "\n\n".join(x for x in (_block(b, {}, "") for b in blocks) if x) + "\n"


def _text(text: str) -> str:
    """Plain words that no markdown reader takes for markup."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _SPECIAL.sub(r"\\\1", text)
    text = text.replace("://", ":&#47;&#47;").replace("www.", "www&#46;")
    return re.sub(r"^([-+=]|\d+[.)])(?=\s|$|=|-)", lambda m: m[1][:-1] + "\\" + m[1][-1], text)


def _code(text: str) -> str:
    text = " ".join(text.split())
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _inline(part: Inline, *, table: bool = False) -> str:
    match part:
        case Strong(text):
            stripped = text.strip()
            return f"**{_text(stripped)}**" + (" " if text != text.rstrip() else "")
        case Code(text):
            return _code(text).replace("|", r"\|") if table else _code(text)
        case Mark(symbol, word, _):
            return f"{_text(symbol)} **{_text(word)}**"
        case str():
            lead = " " if part[:1] == " " else ""
            return lead + _text(part) + (" " if part[-1:] == " " and part.strip() else "")


def _line(line: Line, *, table: bool = False) -> str:
    return "".join(_inline(x, table=table) for x in named(line))


def _banner(b: Banner) -> str:
    marks = " · ".join(_inline(m) for m in b.marks)
    facts = " · ".join(f"{_text(k)}: {_line(v)}" for k, v in b.facts)
    return f"# {_text(b.title)}\n\n> {marks}\n>\n> {facts}\n\n{_text(b.question)}"


def _block(b: Block, figures: Mapping[str, FigureSpec], folder: str) -> str:
    match b:
        case Text(line, _):
            return _line(line)
        case Bullets(items):
            return "\n".join(f"- {_line(x)}" for x in items)
        case Facts(rows):
            return "\n".join(f"- **{_text(k)}:** {_line(v)}" for k, v in rows)
        case Table():
            return _table(b)
        case Callout(mark, over, line):
            return f"> **{_text(over)}:** {_inline(mark)}" + (f"\n>\n> {_line(line)}" if line else "")
        case FigureRef(name):
            return _figure(figures[name], folder) if name in figures else ""
        case Command(text):
            longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
            fence = "`" * max(3, longest + 1)
            return f"{fence}sh\n{text}\n{fence}"
        case Form(rows):
            head = "| | |\n| --- | --- |\n"
            return head + "\n".join(f"| {_text(k)} | {_text(v)} |" for k, v in rows)
        case Sub(text):
            return f"### {_text(text)}"
        case Section(_, title, inner):
            return "\n\n".join([f"## {_text(title)}", *(x for x in (_block(c, figures, folder) for c in inner) if x)])
        case Banner():
            return _banner(b)


def _cell(c: Cell) -> str:
    return "<br>".join(x for x in (_line(line, table=True) for line in c.lines) if x)


def _table(t: Table) -> str:
    head = "| " + " | ".join(_text(c.title) for c in t.columns) + " |"
    rule = "| " + " | ".join("---:" if c.number else "---" for c in t.columns) + " |"
    rows = ["| " + " | ".join(_cell(c) + " |" * (c.span - 1) for c in row) + " |" for row in t.rows]
    caption = [] if t.quiet else [f"**{_text(t.caption)}**", ""]
    return "\n".join([*caption, head, rule, *rows])


def _figure(spec: FigureSpec, folder: str) -> str:
    alt = _text(spec.alt)
    head = "| " + " | ".join(_text(c.replace("_", " ")) for c in spec.columns) + " |"
    rule = "| " + " | ".join("---" for _ in spec.columns) + " |"
    rows = ["| " + " | ".join(_text(v) for v in row) + " |" for row in spec.table()]
    return (
        f"![{alt}]({folder}/{spec.name}.svg)\n\n"
        f"<details><summary>What the figure shows, in words, and its "
        f"data</summary>\n\n{_text(spec.long_description)}\n\n" + "\n".join([head, rule, *rows]) + "\n\n</details>"
    )


plugin = render
