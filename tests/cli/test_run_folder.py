"""A run's folder: what lies in it, when it may be replaced, and that it is there whole or not at all."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sample_result

from causal_eval.cli import atomic
from causal_eval.results import tables
from causal_eval.results.io import read_result
from causal_eval.results.types import StudyResult

Command = Callable[..., Any]

FILES = {
    "run.json", "study.toml", "study.resolved.json", "results.json", "estimates.csv", "weights.csv", "balance.csv",
    "diagnostics.csv", "decision.json", "disclosure.json", "log.jsonl", "figures", "report.html", "report.md",
}  # fmt: skip


def test_a_run_holds_exactly_the_files_of_the_contract(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path
) -> None:
    finished(good)
    out = tmp_path / "new" / "out"
    assert command("run", study, "--out", out).code == 0
    assert {p.name for p in out.iterdir()} == FILES
    assert (out / "study.toml").read_bytes() == study.read_bytes()
    assert read_result(out) == good
    assert json.loads((out / "decision.json").read_text())["recommendation"] == "ship"
    values = json.loads((out / "study.resolved.json").read_text())["values"]
    assert values["study.id"] == {"value": "smart-routing", "origin": "study.toml:3"}
    assert values["design.washout"] == {"value": 0, "origin": "default"}
    for line in (out / "log.jsonl").read_text().splitlines():
        assert {"at", "event", "message"} == set(json.loads(line))
    endings = {"".join(p.suffixes) for p in (out / "figures").iterdir()}
    assert endings == {".svg", ".png", ".alt.txt", ".csv"}


def test_each_table_has_the_columns_of_the_contract_and_a_header_where_it_has_no_rows(
    command: Command, study: Path, finished: Any, tmp_path: Path
) -> None:
    finished(sample_result.broken())
    command("run", study, "--out", tmp_path / "out")
    for name, columns in (
        ("estimates", tables.ESTIMATES), ("weights", tables.WEIGHTS), ("balance", tables.BALANCE),
        ("diagnostics", tables.DIAGNOSTICS),
    ):  # fmt: skip
        with open(tmp_path / "out" / f"{name}.csv", encoding="utf-8", newline="") as file:
            assert tuple(next(csv.reader(file))) == columns
    assert (tmp_path / "out" / "weights.csv").read_text() == "metric,analysis,kind,unit,weight\n"


@pytest.mark.usefixtures("undrawn")
def test_run_json_tells_versions_seed_call_timings_and_hashes(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path
) -> None:
    finished(good)
    command("run", study, "--out", tmp_path / "out")
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert run["causal_eval"] == good.provenance.package
    assert run["seed"] == good.provenance.seed
    assert run["spec_sha256"] == good.provenance.spec_sha256
    assert run["data_sha256"] == good.provenance.data_sha256
    assert run["libraries"] == good.provenance.libraries
    assert isinstance(run["argv"], list)
    assert run["exit_code"] == 0
    assert {t["step"] for t in run["timings"]} >= {"reading the data", "writing the report"}


def test_two_runs_differ_in_nothing_but_run_json_and_the_log(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path
) -> None:
    finished(good)
    for name in ("one", "two"):
        command("run", study, "--out", tmp_path / name)
    one, two = ({p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()}
                for f in (tmp_path / "one", tmp_path / "two"))  # fmt: skip
    assert one.keys() == two.keys()
    assert {str(k) for k in one if one[k] != two[k]} <= {"run.json", "log.jsonl"}


@pytest.mark.usefixtures("undrawn")
def test_disclosure_names_effects_of_fewer_people_than_the_study_allows(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path
) -> None:
    estimate = good.headline.estimate
    assert estimate is not None
    cohort = replace(estimate.headline, aggregation="cohort:2026-05-04", n_treated=3)
    finding = replace(good.headline, said=replace(estimate, effects=(*estimate.effects, cohort)))
    for people in (True, False):
        finished(replace(good, findings=(finding,), spec={"privacy": {"unit_is_person": people, "min_cell": 11}}))
        command("run", study, "--out", tmp_path / "out")
        said = json.loads((tmp_path / "out" / "disclosure.json").read_text())
        assert [e["aggregation"] for e in said["below_min_cell"]] == (["cohort:2026-05-04"] if people else [])
        assert said["min_cell"] == 11 and said["row_level_data"] is False


@pytest.mark.usefixtures("undrawn")
def test_without_out_the_run_goes_to_runs_and_latest_names_it(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    finished(good)
    folders = []
    for _ in range(2):
        called = command("run", study, "-q")
        assert called.code == 0 and not called.err
        latest = (tmp_path / "runs" / "smart-routing" / "latest.txt").read_text()
        assert called.out == f"runs/smart-routing/{latest}"
        folders.append(latest.strip())
    assert len(set(folders)) == 2, "two runs within a second get two folders"
    stamp, _, spec = folders[0].partition("-")
    assert len(stamp) == 16 and stamp.endswith("Z") and len(spec) == 7
    assert {p.name for p in (tmp_path / "runs" / "smart-routing").iterdir()} == {*folders, "latest.txt"}


@pytest.mark.usefixtures("undrawn")
def test_an_empty_folder_and_an_earlier_run_are_replaced(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    finished(good)
    assert command("run", study, "--out", out).code == 0
    finished(replace(good, question=replace(good.question, title="Another title")))
    assert command("run", study, "--out", out, "--formats", "md").code == 0
    assert read_result(out).question.title == "Another title"
    assert not (out / "report.html").exists(), "nothing of the earlier run is left"
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    "held", ["a stranger's file", "a run and a stranger's file", "another tool's run.json", "a file"]
)
def test_anything_else_in_the_place_of_the_run_is_refused_and_left_untouched(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path, held: str
) -> None:
    finished(good)
    out = tmp_path / "out"
    if held == "a file":
        out.write_text("mine")
    else:
        if held == "a run and a stranger's file":
            command("run", study, "--out", out)
        out.mkdir(exist_ok=True)
        name = "run.json" if held == "another tool's run.json" else "notes.txt"
        (out / name).write_text('{"tool": "other"}')
    before = {p: p.read_bytes() for p in [out, *out.rglob("*")] if p.is_file()}
    called = command("run", study, "--out", out)
    assert called.code == 2 and "E604" in called.err
    assert {p: p.read_bytes() for p in [out, *out.rglob("*")] if p.is_file()} == before


@pytest.mark.usefixtures("undrawn")
def test_a_folder_that_cannot_be_written_is_a_usage_error(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path
) -> None:
    finished(good)
    (tmp_path / "file").write_text("")
    called = command("run", study, "--out", tmp_path / "file" / "out")
    assert called.code == 2 and "E604" in called.err


def test_a_failure_while_writing_leaves_the_earlier_run_and_no_leftover(tmp_path: Path) -> None:
    with atomic.new_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("1")
    with pytest.raises(RuntimeError), atomic.new_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("2")
        raise RuntimeError
    assert (tmp_path / "out" / "a").read_text() == "1"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_run_that_is_being_written_is_not_taken_for_a_leftover(tmp_path: Path) -> None:
    with atomic.new_folder(tmp_path / "one") as one:
        with atomic.new_folder(tmp_path / "two"):
            assert one.is_dir()
        assert one.is_dir()
    assert {p.name for p in tmp_path.iterdir()} == {"one", "two"}


def test_replacing_works_where_two_folders_cannot_be_swapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "_swap", lambda one, other: False)
    for text in ("1", "2"):
        with atomic.new_folder(tmp_path / "out") as folder:
            (folder / "a").write_text(text)
    assert (tmp_path / "out" / "a").read_text() == "2"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_run_moved_aside_by_a_process_that_was_killed_is_put_back(tmp_path: Path) -> None:
    aside = tmp_path / f".out{atomic.PREVIOUS}"
    aside.mkdir()
    (aside / "a").write_text("1")
    atomic.tidy(tmp_path / "out")
    assert (tmp_path / "out" / "a").read_text() == "1" and not aside.exists()


WRITER = """
import sys
from pathlib import Path
from causal_eval.cli.atomic import new_folder
target = Path(sys.argv[1])
print("ready", flush=True)
n = 0
while True:
    n += 1
    with new_folder(target) as folder:
        for i in range(25):
            (folder / f"{i}.txt").write_text(str(n) * 2000)
"""


def test_a_writer_killed_at_random_moments_leaves_a_whole_folder_or_none(tmp_path: Path) -> None:
    """Twenty processes that replace the same folder over and over, each killed (SIGKILL) after a random while.

    A while is up to a few of this machine's own writes, measured on the first process, for it may be busy.
    """
    import random

    rng = random.Random(20)
    target = tmp_path / "out"
    partial, took = 0, 0.0
    for k in range(21):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(target)], stdout=subprocess.PIPE)
        assert writer.stdout is not None and writer.stdout.readline() == b"ready\n"
        begun = time.perf_counter()
        while k == 0 and not target.exists() and time.perf_counter() - begun < 60:
            time.sleep(0.001)
        took = took or time.perf_counter() - begun
        time.sleep(rng.uniform(0.0, max(0.12, 4 * took)))
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        if target.exists():
            texts = {p.read_text() for p in target.iterdir()}
            assert len(list(target.iterdir())) == 25 and len(texts) == 1, "all files are of one generation"
        partial += any(p.name.endswith(atomic.PARTIAL) for p in tmp_path.iterdir())
    assert target.exists()
    assert partial, "no kill fell into the middle of a write: the test has not tested anything"
    with atomic.new_folder(target):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["out"], "the next run removes what killed runs left"


@pytest.mark.slow
def test_a_study_killed_at_random_moments_leaves_a_whole_run_or_none(
    root: Path, tmp_path: Path, process: Callable[..., Any]
) -> None:
    """The same with the command itself: kill -9 at 20 moments spread over a run."""
    import random

    study = root / "configs" / "organ_donations.toml"
    begun = time.perf_counter()
    assert process("run", study, "--out", tmp_path / "first").returncode in (0, 5)
    whole = time.perf_counter() - begun
    expected = {p.relative_to(tmp_path / "first") for p in (tmp_path / "first").rglob("*")}
    rng, out = random.Random(9), tmp_path / "out"
    for i in range(20):
        # Most kills in the last third, where files are written.
        moment = whole * (rng.uniform(0.6, 1.05) if i % 4 else rng.uniform(0.0, 0.6))
        arguments = [sys.executable, "-m", "causal_eval.cli.app", "run", str(study), "--out", str(out), "-q"]
        run = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        run.kill()
        run.wait()
        if out.exists():
            assert {p.relative_to(out) for p in out.rglob("*")} == expected
    assert process("run", study, "--out", out).returncode in (0, 5)
    assert {p.name for p in tmp_path.iterdir()} == {"first", "out"}
