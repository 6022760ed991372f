"""`causal-eval compare`: what runs estimated and decided, and what differs between them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import sample_result

from causal_eval.report.comparison import ABSENT, compare
from causal_eval.results import io
from causal_eval.results.types import StudyResult

Command = Callable[..., Any]


def saved(folder: Path, result: StudyResult) -> Path:
    folder.mkdir()
    (folder / "results.json").write_text(io.to_json(result), encoding="utf-8")
    return folder


def moved(result: StudyResult, by: float) -> StudyResult:
    """The same study with another headline, a check that warns and another window."""
    first = result.findings[0]
    assert first.estimate is not None
    e = first.estimate.headline
    assert e.interval is not None
    interval = replace(e.interval, low=e.interval.low + by, high=e.interval.high + by)
    estimate = replace(
        first.estimate, effects=(replace(e, value=e.value + by, interval=interval), *first.estimate.effects[1:])
    )
    checks = (replace(result.diagnostics[0], verdict="not_run"), *result.diagnostics[1:])
    design = result.spec.get("design")
    spec = {**result.spec, "design": {**(design if isinstance(design, dict) else {}), "washout": 3}}
    return replace(
        result, findings=(replace(first, said=estimate), *result.findings[1:]), diagnostics=checks, spec=spec
    )


def test_two_runs_are_compared_number_by_number() -> None:
    a = sample_result.launch()
    found = compare([a, moved(a, 0.01)], ["first", "second"])
    row = next(e for e in found.effects if e.headline)
    assert row.change == "+1.00 pp" and all("pp" in v for v in row.values)
    assert {e.change for e in found.effects if not e.headline} <= {"none", ""}
    assert [d.what for d in found.plan] == ["design.washout"] and found.plan[0].values[1] == "3"
    assert [d.values[1] for d in found.checks] == ["not run"]
    assert found.versions == ()


def test_equal_runs_differ_in_nothing(tmp_path: Path, command: Command) -> None:
    run = saved(tmp_path / "a", sample_result.launch())
    called = command("compare", run, run)
    assert called.code == 0
    assert "The settings are the same." in called.out and "Every check says the same." in called.out
    assert "Versions" not in called.out


def test_what_one_run_lacks_is_a_dash_and_no_change_is_told() -> None:
    a = sample_result.launch()
    b = replace(a, findings=a.findings[:1])
    found = compare([a, b], ["a", "b"])
    gone = [e for e in found.effects if e.values[1] == ABSENT]
    assert gone and all(e.change == "" for e in gone)


def test_no_number_is_cut_however_many_runs_there_are(tmp_path: Path, command: Command) -> None:
    a = sample_result.launch()
    runs = [saved(tmp_path / f"run{i}", moved(a, i / 100)) for i in range(5)]
    out = command("compare", *runs).out
    effects = out.split("Effects, with intervals")[1].split("\n\n")[0]
    assert "\u2026" not in effects
    for i in range(5):
        estimate = io.read_result(runs[i]).headline.estimate
        assert estimate is not None
        assert f"{estimate.headline.value * 100:+.1f}"[:4] in effects


def test_json_holds_the_full_numbers(tmp_path: Path, command: Command) -> None:
    a = sample_result.launch()
    runs = [saved(tmp_path / "a", a), saved(tmp_path / "b", moved(a, 0.01))]
    said = json.loads(command("compare", *runs, "--json").out)
    one, two = (e["value"] for e in next(e for e in said["effects"] if e["headline"])["numbers"])
    assert two - one == 0.01 or abs(two - one - 0.01) < 1e-15
    assert [r["letter"] for r in said["runs"]] == ["A", "B"]


def test_one_run_or_a_folder_without_results_is_refused(tmp_path: Path, command: Command) -> None:
    run = saved(tmp_path / "a", sample_result.launch())
    assert command("compare", run).code == 2
    called = command("compare", run, tmp_path / "nowhere")
    assert called.code == 2 and "E600" in called.err and "nowhere" in called.err
