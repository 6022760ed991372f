"""`causal-eval report` and `causal-eval figures`: from a saved result alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from causal_eval.cli.atomic import write_file
from causal_eval.cli.outcome import seldom_collected, silent_libraries
from causal_eval.cli.words import formats_of
from causal_eval.errors import UsageError
from causal_eval.formats import FORMATS
from causal_eval.results.io import read_result


def report(run: Path, *, formats: str, audience: str | None, template: Sequence[Path], out: Path | None) -> int:
    """Write the report of a run again; prints the files."""
    wanted = formats_of(formats)
    styles = _templates(template)
    result = read_result(run)
    from causal_eval.report.files import TEXTS, write_reports

    said = result.spec.get("report")
    default = said.get("formats") if isinstance(said, dict) else None
    chosen = wanted or tuple(default or TEXTS)
    return _replace(
        out or _folder(run),
        lambda into: write_reports(result, into, formats=chosen, audience=audience, templates=styles),
    )


def _templates(files: Sequence[Path]) -> dict[str, Path]:
    """Template files by the format that their ending names. Raises UsageError E607."""
    out: dict[str, Path] = {}
    for file in files:
        name = file.suffix.removeprefix(".").lower()
        if name not in FORMATS or not FORMATS[name].template:
            raise UsageError("E607", "a template is a .docx or a .pptx", where=f"--template {file}")
        if not file.is_file():
            raise UsageError("E607", "there is no such file", where=f"--template {file}")
        out[name] = file
    return out


def figures(run: Path, *, which: str, size: Any, out: Path | None) -> int:
    """Draw the figures of a run again; prints the files."""
    result = read_result(run)
    names = [n.strip() for n in which.split(",") if n.strip()] or None
    from causal_eval.plots.files import write_figures

    return _replace(out or _folder(run) / "figures", lambda into: write_figures(result, into, which=names, size=size))


def _replace(folder: Path, write: Callable[[Path], object]) -> int:
    """Let ``write`` fill a temporary folder, then put each file of it into ``folder``, each in one step."""
    with TemporaryDirectory() as scratch, silent_libraries(), seldom_collected():
        write(Path(scratch))
        try:
            for made in sorted(p for p in Path(scratch).rglob("*") if p.is_file()):
                place = folder / made.relative_to(scratch)
                place.parent.mkdir(parents=True, exist_ok=True)
                write_file(place, made.read_bytes())
                print(place)
        except OSError as e:
            raise UsageError("E604", f"cannot write there: {e.strerror or e}", where=str(folder)) from e
    return 0


def _folder(run: Path) -> Path:
    return run if run.is_dir() else run.parent
