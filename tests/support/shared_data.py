"""Where further real data may lie beside the checkout; tests that read it are extra and say so when they skip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("CAUSAL_EVAL_EXTRA_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
"""Named by ``CAUSAL_EVAL_EXTRA_DATA``, or ``shared/data`` beside the checkout."""


def shared(name: str) -> Path:
    """The file ``name``, or a skip that says what is missing."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"extra data {name} is not beside this checkout")
    return path
