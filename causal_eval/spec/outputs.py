"""What the write-up needs of this machine, looked for before anything runs: extras and templates."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from causal_eval.errors import Problem
from causal_eval.formats import FORMATS, absent

if TYPE_CHECKING:
    from causal_eval.spec.document import Document
    from causal_eval.spec.models import StudySpec


def templates(document: Document, spec: StudySpec) -> dict[str, Path]:
    """The template files that the study names, by format; relative paths start at the study's folder."""
    named = {name: getattr(spec.report, f"template_{name}") for name, f in FORMATS.items() if f.template}
    return {name: document.base / path for name, path in named.items() if path}


def output_problems(document: Document, spec: StudySpec, asked: Collection[str] = ()) -> list[Problem]:
    """Formats whose extra is not installed and templates that are not there.

    ``asked``: the formats of the command line, which stand in for those of the study and are checked there.
    """
    found: list[Problem] = []
    for i, said in enumerate(() if asked else spec.report.formats):
        install = absent(said)
        if install:
            found.append(
                Problem(
                    "E606", f"the format {said} needs more than is installed", ("report", "formats", i), hint=install
                )
            )
    for name, path in templates(document, spec).items():
        if name in (asked or spec.report.formats) and not path.is_file():
            key = f"template_{name}"
            found.append(Problem("E607", f"there is no file {getattr(spec.report, key)}", ("report", key),
                                 hint="The path starts at the study's folder."))  # fmt: skip
    return found
