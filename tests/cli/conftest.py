"""A study whose analysis is replaced by a finished result, so that the command is tested without estimating."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import sample_result

from causal_eval.results.types import StudyResult

STUDY = """\
schema_version = 1
[study]
id = "smart-routing"
title = "Smart routing"
question = "Did it help?"
[data]
source = "rows.csv"
[roles]
unit = "queue"
time = "week"
treatment = "on"
[[metrics]]
name = "resolved"
better = "higher"
[[estimators]]
method = "did"
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A valid study.toml in a folder of its own."""
    folder = tmp_path / "study"
    folder.mkdir()
    path = folder / "study.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path


@pytest.fixture
def finished(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """``finished(result)``: studies end with that result (an exception: they raise it)."""
    import causal_eval.study

    def become(outcome: StudyResult | BaseException) -> None:
        def run(spec: Any, **arguments: Any) -> StudyResult:
            progress = arguments.get("progress")
            if progress is not None:
                progress("reading the data")
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        monkeypatch.setattr(causal_eval.study, "run", run)

    return become


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs write empty figures and reports: for tests that are not about these."""
    from causal_eval.plots import files as plots
    from causal_eval.report import files as reports

    def write_figures(result: StudyResult, folder: Path) -> None:
        (folder / "headline.svg").touch()

    def write_reports(
        result: StudyResult, folder: Path, *, formats: tuple[str, ...], templates: Mapping[str, Path]
    ) -> None:
        for name in formats:
            (folder / f"report.{name}").touch()

    monkeypatch.setattr(plots, "write_figures", write_figures)
    monkeypatch.setattr(reports, "write_reports", write_reports)


@pytest.fixture
def good() -> StudyResult:
    """A result that says ship, all gates open."""
    from dataclasses import replace

    result = sample_result.launch()
    passed = tuple(replace(d, verdict="pass") for d in result.diagnostics)
    return replace(result, diagnostics=passed, decision=replace(result.decision, recommendation="ship"))
