"""`--formats`, `[report] formats` and templates: what is missing is told before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from causal_eval.formats import FORMATS


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without extras."""
    from importlib import util

    real = util.find_spec
    gone = {f.module for f in FORMATS.values() if f.module}
    monkeypatch.setattr(util, "find_spec", lambda name, *a: None if name in gone else real(name, *a))


def test_a_format_asked_for_on_the_command_line_without_its_extra_stops_before_the_study(
    bare: None, study: Path, command: Callable[..., Any], tmp_path: Path
) -> None:
    """Exit 2, with the command that installs it; no folder."""
    called = command("run", study, "--out", tmp_path / "out", "--formats", "html,pdf")
    assert called.code == 2 and "E606" in called.err and "pip install 'causal-eval[pdf]'" in called.err
    assert not (tmp_path / "out").exists()


def test_a_format_of_the_study_without_its_extra_is_located_in_the_file(
    bare: None, study: Path, command: Callable[..., Any], tmp_path: Path
) -> None:
    """Exit 3 at its line, from `check` as from `run`; formats of the command line stand in for it."""
    text = study.read_text() + '\n[report]\nformats = ["md", "pptx"]\n'
    study.write_text(text)
    line = text.splitlines().index('formats = ["md", "pptx"]') + 1
    for call in (("check", study, "--no-data"), ("run", study, "--out", tmp_path / "out")):
        called = command(*call)
        assert called.code == 3 and f":{line}:" in called.err and "E606" in called.err
        assert "causal-eval[slides]" in called.err
    assert not (tmp_path / "out").exists()


def test_a_template_that_is_not_there_is_located_in_the_file(
    study: Path, command: Callable[..., Any], tmp_path: Path
) -> None:
    """E607 when its format is asked for; a study that does not write Word does not look for it."""
    text = study.read_text() + '\n[report]\ntemplate_docx = "house.docx"\n'
    study.write_text(text)
    assert command("check", study, "--no-data").code == 0
    called = command("run", study, "--out", tmp_path / "out", "--formats", "docx")
    assert called.code == 3 and "E607" in called.err and "house.docx" in called.err


def test_a_template_on_the_command_line_must_be_one(study: Path, command: Callable[..., Any], tmp_path: Path) -> None:
    """Its ending says what it is for."""
    (tmp_path / "x.txt").touch()
    for name in ("x.txt", "gone.docx"):
        called = command("report", tmp_path, "--template", tmp_path / name)
        assert called.code == 2 and "E607" in called.err
