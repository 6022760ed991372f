"""Figures as files: SVG, PNG, alt text and the series as CSV, with the same bytes on every run."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from causal_eval.errors import UsageError, suggest
from causal_eval.plots.figures import figures
from causal_eval.plots.spec import FigureSpec
from causal_eval.plots.style import DPI, SIZES, Size, SizeName, style
from causal_eval.results.tables import csv_text
from causal_eval.results.types import StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BACKEND = "module://causal_eval.plots.svg_backend"
_NO_METADATA = {"Date": None, "Creator": None, "Type": None, "Format": None}


def svg_text(spec: FigureSpec, size: SizeName = "page") -> str:
    """The figure as one accessible ``<svg>`` element, without XML prologue, its ids unique to name and size."""
    return _svg(spec.draw(size), spec, size)


def _svg(figure: Figure, spec: FigureSpec, size: SizeName) -> str:
    out = io.StringIO()
    with style(SIZES[size]):
        figure.savefig(out, format="svg", backend=_BACKEND, metadata=_NO_METADATA)
    return _accessible(out.getvalue(), spec, f"{spec.name}-{size}")


def _accessible(raw: str, spec: FigureSpec, prefix: str) -> str:
    body = raw[raw.index("<svg") :]
    body = re.sub(r"\s*<metadata>.*?</metadata>", "", body, flags=re.S)
    body = re.sub(r"<!--.*?-->\s*", "", body, flags=re.S)
    prefix = re.sub(r"[^A-Za-z0-9_-]", "_", prefix)
    for mark in (' id="', 'href="#', "url(#"):
        body = body.replace(mark, f"{mark}{prefix}-")
    head, _, rest = body.partition(">")
    words = f'<title id="{prefix}-title">{escape(spec.title)}</title><desc id="{prefix}-desc">{escape(spec.alt)}</desc>'
    return f'{head} role="img" aria-labelledby="{prefix}-title {prefix}-desc">{words}{rest}'.rstrip() + "\n"


def png_bytes(spec: FigureSpec, size: SizeName = "page") -> bytes:
    """The figure as a PNG at twice the screen's resolution."""
    return figure_png(spec.draw(size), SIZES[size])


def figure_png(figure: Figure, size: Size) -> bytes:
    """Any of our figures as PNG."""
    out = io.BytesIO()
    with style(size):
        figure.savefig(out, format="png", dpi=2 * DPI, metadata={"Software": "causal-eval"})
    return out.getvalue()


def series_csv(spec: FigureSpec) -> str:
    """The plotted series at full precision."""
    return csv_text((dict(zip(spec.columns, row, strict=True)) for row in spec.rows), spec.columns)


def write_figures(
    result: StudyResult, folder: Path, *, which: Iterable[str] | None = None, size: SizeName = "page"
) -> list[Path]:
    """Write NAME.svg, NAME.png, NAME.alt.txt and NAME.csv of every figure, or of those named, and give their paths.

    Raises UsageError (E605) for a name the result has no figure of, or a size that does not exist.
    """
    specs = figures(result)
    if size not in SIZES:
        raise UsageError("E605", f"no figure size {size!r}", hint=str(suggest(str(size), list(SIZES))))
    wanted = None if which is None else list(which)
    names = [s.name for s in specs]
    for name in wanted or ():
        if name not in names:
            raise UsageError("E605", f"this result has no figure {name!r}", hint=str(suggest(name, names)))
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for spec in specs:
        if wanted is not None and spec.name not in wanted:
            continue
        written += write_figure(spec, folder, size=size)
    return written


def write_figure(spec: FigureSpec, folder: Path, *, size: SizeName = "page") -> list[Path]:
    """Write the four files of one figure, drawn once, and give their paths."""
    figure = spec.draw(size)
    files: dict[str, bytes] = {
        ".svg": ('<?xml version="1.0" encoding="utf-8"?>\n' + _svg(figure, spec, size)).encode(),
        ".png": figure_png(figure, SIZES[size]),
        ".alt.txt": f"{spec.alt}\n\n{spec.long_description}\n".encode(),
        ".csv": series_csv(spec).encode(),
    }
    for ending, content in files.items():
        (folder / f"{spec.name}{ending}").write_bytes(content)
    return [folder / f"{spec.name}{ending}" for ending in files]
