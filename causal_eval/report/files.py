"""The write-up as files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from causal_eval.errors import UsageError, suggest
from causal_eval.formats import FORMATS, absent
from causal_eval.plots.figures import figures
from causal_eval.plugins import Registry
from causal_eval.report.build import build
from causal_eval.report.renderers._writeup import WriteUp, named_figures
from causal_eval.report.wording import report_setting
from causal_eval.results.types import StudyResult

RENDERERS = Registry("causal_eval.report.renderers")
TEXTS = ("html", "md")


def write_reports(
    result: StudyResult,
    folder: Path,
    *,
    formats: Iterable[str] = TEXTS,
    audience: str | None = None,
    templates: Mapping[str, Path] | None = None,
) -> list[Path]:
    """Write report.html and report.md, or those of ``formats``, into ``folder`` and give their paths.

    report.md links to ``figures/NAME.svg`` beside it, which :func:`causal_eval.plots.files.write_figures` writes.
    ``audience`` defaults to the one in the study. ``templates``: by format, the .docx or .pptx to start from.

    Raises:
        UsageError: E605 for an unknown format or audience, E606 when a format's extra is not installed, E607 when a
            template cannot be used or the study names one that was not handed over.
    """
    made = documents(result, formats=formats, audience=audience, templates=templates)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in made.items():
        path = folder / f"report.{name}"
        path.write_bytes(content)
        written.append(path)
    return written


def documents(
    result: StudyResult,
    *,
    formats: Iterable[str] = TEXTS,
    audience: str | None = None,
    templates: Mapping[str, Path] | None = None,
) -> dict[str, bytes]:
    """The write-up as the bytes of a file, by format; all of them from the same blocks and figures."""
    wanted = list(dict.fromkeys(formats))
    for name in wanted:
        _require(name)
    styles = {name: _template(result, name, templates or {}) for name in wanted}
    specs = {f.name: f for f in figures(result)}
    said = report_setting(result, "audience")
    blocks = tuple(
        build(result, audience=audience or (said if isinstance(said, str) else "launch-review"), figures=list(specs))
    )
    paper = report_setting(result, "paper")
    shown = {n: specs[n] for n in named_figures(blocks) if n in specs}
    writeup = WriteUp(blocks, result, shown, paper if isinstance(paper, str) else "a4")
    return {name: RENDERERS.get(name)(replace(writeup, template=styles[name])) for name in wanted}


def render(result: StudyResult, *, formats: Iterable[str] = TEXTS, audience: str | None = None) -> dict[str, str]:
    """The write-up as text, for the formats that are text."""
    return {name: made.decode() for name, made in documents(result, formats=formats, audience=audience).items()}


def _require(name: str) -> None:
    """Raises UsageError: E605 for a format that does not exist, E606 for one whose extra is not installed."""
    if name not in FORMATS:
        raise UsageError("E605", f"no report format {name!r}", hint=str(suggest(name, list(FORMATS))))
    install = absent(name)
    if install:
        raise UsageError("E606", f"the format {name} needs more than is installed", hint=install)


def _template(result: StudyResult, name: str, given: Mapping[str, Path]) -> bytes | None:
    if not FORMATS[name].template:
        return None
    said = report_setting(result, f"template_{name}")
    if name not in given:
        if said:
            raise UsageError("E607", f"the study wants {name} in the template {said}, which a saved run does not hold",
                             hint=f"Give it again: --template {said}")  # fmt: skip
        return None
    try:
        return Path(given[name]).read_bytes()
    except OSError as e:
        raise UsageError("E607", f"cannot read the template: {e.strerror or e}", where=str(given[name])) from e
