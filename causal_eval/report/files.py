"""The write-up as files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from causal_eval.errors import UsageError, suggest
from causal_eval.plots.figures import figures
from causal_eval.plots.files import svg_text
from causal_eval.report.blocks import Block, FigureRef, Section
from causal_eval.report.build import build
from causal_eval.report.renderers import html, markdown
from causal_eval.report.renderers.html import Drawn
from causal_eval.report.wording import report_setting
from causal_eval.results.types import StudyResult

FORMATS = ("html", "md")


def write_reports(
    result: StudyResult, folder: Path, *, formats: Iterable[str] = FORMATS, audience: str | None = None
) -> list[Path]:
    """Write report.html and report.md, or those of ``formats``, into ``folder`` and give their paths.

    report.md links to ``figures/NAME.svg`` beside it, which :func:`causal_eval.plots.files.write_figures` writes.
    ``audience`` defaults to the one in the study. Raises UsageError (E605) for an unknown format or audience.
    """
    wanted = list(formats)
    for name in wanted:
        if name not in FORMATS:
            raise UsageError("E605", f"no report format {name!r}", hint=str(suggest(name, FORMATS)))
    texts = render(result, formats=wanted, audience=audience)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in texts.items():
        path = folder / f"report.{name}"
        path.write_bytes(text.encode("utf-8"))
        written.append(path)
    return written


def render(result: StudyResult, *, formats: Iterable[str] = FORMATS, audience: str | None = None) -> dict[str, str]:
    """The write-up as text by format."""
    specs = {f.name: f for f in figures(result)}
    said = report_setting(result, "audience")
    blocks = build(
        result, audience=audience or (said if isinstance(said, str) else "launch-review"), figures=list(specs)
    )
    shown = [name for name in specs if name in _shown(blocks)]
    out = {}
    for name in dict.fromkeys(formats):
        if name == "html":
            drawn = {n: Drawn(specs[n], svg_text(specs[n]), svg_text(specs[n], "phone")) for n in shown}
            out[name] = html.render(blocks, result, drawn)
        else:
            out[name] = markdown.render(blocks, result, {n: specs[n] for n in shown})
    return out


def _shown(blocks: Iterable[Block]) -> set[str]:
    names: set[str] = set()
    for b in blocks:
        if isinstance(b, FigureRef):
            names.add(b.name)
        elif isinstance(b, Section):
            names |= _shown(b.blocks)
    return names
