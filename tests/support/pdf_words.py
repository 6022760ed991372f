"""Where the words of a PDF stand, as poppler finds them."""

from __future__ import annotations

import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import NamedTuple

import pytest


class Word(NamedTuple):
    """A word and its box in points, from the top left."""

    left: float
    top: float
    right: float
    bottom: float
    text: str


class Page(NamedTuple):
    """A page's size and its words."""

    width: float
    height: float
    words: list[Word]


def pages(pdf: bytes, folder: Path) -> list[Page]:
    """Every page; skips where poppler is missing."""
    tool = shutil.which("pdftotext")
    if tool is None:
        pytest.skip("pdftotext is not on this machine (apt: poppler-utils)")
    file = folder / "looked-at.pdf"
    file.write_bytes(pdf)
    said = subprocess.run([tool, "-bbox", str(file), "-"], check=True, capture_output=True, text=True).stdout
    found = []
    for page in said.split("<page ")[1:]:
        wide, high = re.findall(r'(?:width|height)="([\d.]+)"', page)[:2]
        words = re.findall(r'<word xMin="(\S+)" yMin="(\S+)" xMax="(\S+)" yMax="(\S+)">(.*?)</word>', page)
        found.append(Page(float(wide), float(high), [Word(*map(float, w[:4]), unescape(w[4])) for w in words]))
    return found
