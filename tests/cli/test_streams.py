"""Data to stdout, everything else to stderr, and no noise from libraries."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from causal_eval.results.types import StudyResult

Command = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("undrawn")
RUN = [sys.executable, "-m", "causal_eval.cli.app"]


def test_the_summary_goes_to_stdout_and_progress_to_stderr(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path
) -> None:
    finished(good)
    called = command("run", study, "--out", tmp_path / "out")
    assert good.question.title in called.out
    assert "reading the data" in called.err and "reading the data" not in called.out
    assert "\x1b" not in called.out + called.err and "\r" not in called.err


def test_the_summary_ends_with_what_to_open_and_what_to_ask_next(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    finished(good)
    report, following = command("run", study, "--out", "out").out.rstrip("\n").splitlines()[-2:]
    assert Path(report.removeprefix("report:").strip()).is_file()
    assert following.startswith("next:    causal-eval explain ")
    assert following.split()[-1] in {d.check for d in good.diagnostics}


def test_json_prints_one_object_with_folder_decision_headline_and_verdicts(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path
) -> None:
    finished(good)
    said = json.loads(command("run", study, "--out", tmp_path / "out", "--json").out)
    estimate = good.headline.estimate
    assert estimate is not None
    assert said["run"] == str(tmp_path / "out")
    assert said["recommendation"] == "ship" and said["exit_code"] == 0
    assert said["headline"]["value"] == estimate.headline.value
    assert said["headline"]["p_value"] == estimate.headline.p_value
    assert said["verdicts"] == {"pass": len(good.diagnostics), "warn": 0, "fail": 0, "not_run": 0}


def test_quiet_prints_the_folder_alone(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path
) -> None:
    finished(good)
    called = command("run", study, "--out", tmp_path / "out", "--quiet")
    assert (called.out, called.err) == (f"{tmp_path / 'out'}\n", "")


def test_warnings_of_libraries_reach_the_log_and_not_the_user(
    command: Command, study: Path, good: StudyResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a library turns the warning filters back on, as some do while they are imported."""
    import logging

    import causal_eval.study

    def run(spec: Any, **arguments: Any) -> StudyResult:
        warnings.simplefilter("always")
        warnings.warn("pandas will change: 'ada@example.org'", FutureWarning, stacklevel=1)
        logging.getLogger("sklearn").warning("did not converge")
        return good

    monkeypatch.setattr(causal_eval.study, "run", run)
    with warnings.catch_warnings():
        called = command("run", study, "--out", tmp_path / "out")
    assert called.code == 0
    assert "pandas will change" not in called.err + called.out and "converge" not in called.err
    log = (tmp_path / "out" / "log.jsonl").read_text()
    assert '"warning"' in log and "FutureWarning" in log and "ada@example.org" not in log


def _on_a_terminal(arguments: list[str], env: dict[str, str]) -> str:
    """What a process writes to a terminal on stderr."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=theirs, env={**os.environ, **env})
    os.close(theirs)
    said = b""
    while True:
        try:
            chunk = os.read(ours, 4096)
        except OSError:  # Linux says EIO when the last writer has closed the terminal
            break
        if not chunk:
            break
        said += chunk
    process.wait()
    os.close(ours)
    return said.decode()


def test_a_terminal_gets_one_live_line_and_no_color_keeps_colour_out_of_it(study: Path) -> None:
    """The study's data is missing, so the run ends after its first steps."""
    arguments = [*RUN, "run", str(study)]
    coloured = _on_a_terminal(arguments, {"TERM": "xterm", "NO_COLOR": ""})
    assert "\r" in coloured and "\x1b[1m" in coloured
    plain = _on_a_terminal(arguments, {"TERM": "xterm", "NO_COLOR": "1"})
    assert "\x1b[1m" not in plain and "reading" in plain
    assert "\r" not in _on_a_terminal(arguments, {"TERM": "dumb"}).replace("\r\n", "\n")


@pytest.mark.parametrize("moment", [0.05, 0.3, 0.6, 1.0])
def test_ctrl_c_during_a_run_exits_with_130_and_leaves_nothing(root: Path, tmp_path: Path, moment: float) -> None:
    run = subprocess.Popen([*RUN, "run", str(root / "configs" / "smart_routing.toml"), "--out", str(tmp_path / "out")],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert run.stderr is not None
    assert "reading" in run.stderr.readline()
    time.sleep(moment)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    # When the interrupt fell into code run by C, CPython ends itself by the signal: to a shell that is 130 too.
    assert run.returncode in (130, -signal.SIGINT)
    assert "interrupted" in err and "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_that_a_library_swallows_still_ends_the_run(
    command: Command, study: Path, good: StudyResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or turns into an error of its own, as database engines do: 130, not that error, and nothing is written."""
    import causal_eval.study

    for swallowed in (True, False):

        def run(spec: Any, *, swallowed: bool = swallowed, **arguments: Any) -> StudyResult:
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(5)
            except KeyboardInterrupt as e:
                if not swallowed:
                    raise RuntimeError("Query interrupted") from e
            return good

        monkeypatch.setattr(causal_eval.study, "run", run)
        called = command("run", study, "--out", tmp_path / "out")
        assert called.code == 130
        assert called.err.endswith("interrupted\n") and "E900" not in called.err
        assert not called.out and not (tmp_path / "out").exists() and not list(tmp_path.glob(".*"))


def test_a_reader_that_stops_reading_is_no_error_of_ours() -> None:
    done = subprocess.run(f"{sys.executable} -m causal_eval.cli.app schema | head -n 1; echo ${{PIPESTATUS[0]}}",
                          shell=True, executable="/bin/bash", capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.splitlines() == ["{", "0"]
    assert done.stderr == ""
