"""Every exit code of the command, and what stderr says with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sample_result

from causal_eval.errors import DataError, PrivacyError
from causal_eval.results.types import StudyResult

Command = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("undrawn")


def test_a_finished_study_exits_with_0_even_when_it_says_hold(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path
) -> None:
    finished(replace(good, decision=replace(good.decision, recommendation="hold")))
    assert command("run", study, "--out", tmp_path / "out").code == 0


def test_an_unexpected_exception_exits_with_1_and_quotes_neither_its_message_nor_the_data(
    command: Command, study: Path, finished: Any, tmp_path: Path
) -> None:
    finished(RuntimeError("could not convert 'ada@example.org'"))
    called = command("run", study, "--out", tmp_path / "out")
    assert called.code == 1
    assert "E900 internal error: RuntimeError at " in called.err
    assert "--traceback" in called.err and "report" in called.err
    assert "ada@example.org" not in called.err + called.out
    assert "Traceback" not in called.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("how", ["option", "variable"])
def test_the_trace_of_an_unexpected_exception_is_shown_when_asked_for(
    command: Command, study: Path, finished: Any, tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSAL_EVAL_TRACEBACK", "" if how == "option" else "1")
    finished(RuntimeError("the reason"))
    extra = ["--traceback"] if how == "option" else []
    called = command("run", study, "--out", tmp_path / "out", *extra)
    assert called.code == 1
    assert "Traceback" in called.err and "the reason" in called.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("run", "{study}", "--format", "html"),
        ("run", "{study}", "--formats", "pdfx"),
        ("run", "{study}", "--only", "nobody"),
        ("run", "{study}", "--fail-on", "maybe"),
        ("nonsense",),
        ("init", "--template", "nonsense"),
        ("report", "{study}"),
        ("figures", "/nowhere"),
        ("explain", "nonsense"),
    ],
)
def test_a_wrong_call_exits_with_2_and_says_so_on_stderr_alone(
    command: Command, study: Path, arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    called = command(*(a.format(study=study) for a in arguments))
    assert called.code == 2
    assert called.err.strip() and not called.out


def test_a_misspelt_format_is_answered_with_the_right_one(command: Command, study: Path, tmp_path: Path) -> None:
    called = command("run", study, "--formats", "html,mdd", "--out", tmp_path / "out")
    assert called.code == 2
    assert "--formats: E605" in called.err and "did you mean `md`" in called.err
    assert not (tmp_path / "out").exists()


def test_an_invalid_study_exits_with_3_and_shows_every_error_with_its_line(command: Command, study: Path) -> None:
    text = study.read_text(encoding="utf-8")
    study.write_text(
        text.replace('method = "did"', 'method = "did"\nvarant = 1').replace("schema_version = 1", "schema_version = 9")
    )
    for arguments in (("run", study), ("check", study)):
        called = command(*arguments)
        assert called.code == 3
        assert "E204" in called.err and "varant" in called.err and "E205" in called.err
        assert f"study.toml:{len(text.splitlines()) + 1}" in called.err
        assert not called.out


def test_a_study_that_is_not_there_exits_with_3(command: Command, tmp_path: Path) -> None:
    called = command("run", tmp_path / "absent.toml")
    assert called.code == 3 and "E100" in called.err


def test_missing_data_exits_with_4_and_names_the_command_that_explains_it(
    command: Command, study: Path, tmp_path: Path
) -> None:
    called = command("run", study, "--out", tmp_path / "out")
    assert called.code == 4
    assert "E300" in called.err and "causal-eval explain E300" in called.err
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".*"))


def test_a_failed_gate_exits_with_5_and_the_report_is_still_written(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path
) -> None:
    first, *others = good.diagnostics
    failed = replace(first, verdict="fail", gate=True)
    finished(replace(good, diagnostics=(failed, *others)))
    called = command("run", study, "--out", tmp_path / "out")
    assert called.code == 5
    assert f"gate failed: {failed.check}" in called.err
    assert (tmp_path / "out" / "report.html").is_file()


def test_a_check_that_fails_without_being_a_gate_leaves_the_exit_code_alone(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path
) -> None:
    first, *others = good.diagnostics
    finished(replace(good, diagnostics=(replace(first, verdict="fail", gate=False), *others)))
    assert command("run", study, "--out", tmp_path / "out").code == 0


def test_a_headline_that_could_not_be_computed_exits_with_5_and_the_report_is_still_written(
    command: Command, study: Path, finished: Any, tmp_path: Path
) -> None:
    finished(sample_result.broken())
    called = command("run", study, "--out", tmp_path / "out")
    assert called.code == 5
    assert "no headline estimate" in called.err
    assert (tmp_path / "out" / "report.html").is_file()


@pytest.mark.parametrize(
    ("recommendation", "verdict", "fail_on", "code"),
    [
        ("ship", "pass", "hold", 0),
        ("ship", "warn", "hold", 0),
        ("hold", "pass", "hold", 6),
        ("roll back", "pass", "hold", 6),
        ("cannot tell", "pass", "hold", 6),
        ("ship", "pass", "warn", 0),
        ("ship", "warn", "warn", 6),
        ("hold", "pass", "warn", 6),
    ],
)
def test_fail_on_turns_the_decision_into_exit_code_6(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path,
    recommendation: Any, verdict: Any, fail_on: str, code: int,
) -> None:  # fmt: skip
    first, *others = good.diagnostics
    # Without clauses, which would contradict a recommendation made up here.
    decision = replace(good.decision, recommendation=recommendation, clauses=())
    finished(replace(good, diagnostics=(replace(first, verdict=verdict), *others), decision=decision))
    called = command("run", study, "--out", tmp_path / "out", "--fail-on", fail_on)
    assert called.code == code
    assert ("is not met" in called.err) == (code == 6)


def test_a_privacy_refusal_exits_with_7_and_writes_nothing(
    command: Command, study: Path, finished: Any, tmp_path: Path
) -> None:
    finished(PrivacyError("E701", "one of the groups has fewer than 11 people"))
    called = command("run", study, "--out", tmp_path / "out")
    assert called.code == 7 and "E701" in called.err
    assert not (tmp_path / "out").exists()


def test_an_interrupt_exits_with_130_and_writes_nothing(
    command: Command, study: Path, finished: Any, tmp_path: Path
) -> None:
    finished(KeyboardInterrupt())
    called = command("run", study, "--out", tmp_path / "out")
    assert called.code == 130
    assert "Traceback" not in called.err
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".*"))


def test_an_error_at_the_data_stage_leaves_an_earlier_run_as_it_was(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path
) -> None:
    finished(good)
    assert command("run", study, "--out", tmp_path / "out").code == 0
    before = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    finished(DataError("E310", "column `week` is not in the data"))
    assert command("run", study, "--out", tmp_path / "out").code == 4
    assert {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()} == before
