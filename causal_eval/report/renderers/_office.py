"""What .docx and .pptx share: a package with the same bytes on every run."""

from __future__ import annotations

import io
import zipfile
from typing import Any

LANGUAGE = "en-GB"
TONES = {"good": "11643F", "warn": "7A4A00", "bad": "A3201D", "neutral": "3F4854"}
_EPOCH = (1980, 1, 1, 0, 0, 0)


def clean(text: str) -> str:
    """Text that XML can hold: control characters become spaces."""
    return "".join(c if c.isprintable() or c == "\u00a0" else " " for c in text)


def properties(core: Any, *, title: str, subject: str, author: str) -> None:
    """Core properties: what it is and who answers for it; no clock, since the same study gives the same file."""
    core.title, core.subject, core.author = clean(title)[:255], clean(subject)[:255], clean(author)[:255]
    core.last_modified_by, core.comments, core.keywords, core.category = "", "", "causal-eval", ""
    core.language = LANGUAGE
    core.revision = 1
    for child in list(core._element):
        if child.tag.rpartition("}")[2] in ("created", "modified", "lastPrinted"):
            core._element.remove(child)


def same_bytes(package: bytes) -> bytes:
    """The same zip with every entry's date fixed and without a thumbnail of something else."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            target.writestr(entry, source.read(name), compresslevel=6)
    return out.getvalue()
