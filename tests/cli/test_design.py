"""`causal-eval design` writes its folder whole, the same whatever the jobs, and refuses what it cannot answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from causal_eval.cli.commands.design import durations, effects
from causal_eval.errors import UsageError
from causal_eval.results.power import from_json

STUDY = """\
schema_version = 1
[study]
id = "markets"
title = "Markets"
question = "Will it show?"
[data]
source = "rows.csv"
[roles]
unit = "market"
time = "week"
treated_units = ["m03"]
[design]
launch = 40
[[metrics]]
name = "sales"
better = "higher"
min_effect = { relative = 0.05 }
[[estimators]]
method = "synthetic_control"
intercept = true
"""


@pytest.fixture
def markets(tmp_path: Path) -> Path:
    """A study of 22 markets over 24 weeks, to be launched in week 40."""
    rng = np.random.default_rng(0)
    y = 100 + rng.normal(0, 5, (22, 1)) + rng.normal(0, 2, 24) + rng.normal(0, 1, (22, 24))
    lines = [f"m{i:02d},{t},{y[i, t]:.6f}" for i in range(22) for t in range(24)]
    (tmp_path / "rows.csv").write_text("\n".join(["market,week,sales", *lines]) + "\n")
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


def test_the_folder_is_whole_and_does_not_depend_on_the_jobs(command: Callable[..., Any], markets: Path) -> None:
    """Every file, byte for byte; a second run replaces the first."""
    out = markets.parent / "out"
    seen = []
    for jobs in ("1", "2"):
        done = command("design", str(markets), "--duration", "2,4", "--out", str(out), "--jobs", jobs)
        assert done.code == 0, done.err
        assert "m03" in done.out and "5.0%" in done.out and str(out / "design.html") in done.out
        assert "placebo date" in done.err and "placebo date" not in done.out
        seen.append({p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()})
    assert seen[0] == seen[1]
    assert set(seen[0]) == {
        "design.json", "design.md", "design.html", "design.csv", "power.csv", "study.toml",
        "figures/power.svg", "figures/power.png", "figures/power.alt.txt", "figures/power.csv",
    }  # fmt: skip
    result = from_json(seen[0]["design.json"].decode())
    best = result.best
    assert best is not None and best.units == ("m03",) and best.planned
    assert [d.duration for d in best.by_duration] == [2, 4]
    assert b"m03" in seen[0]["design.md"] and b"<svg" in seen[0]["design.html"]


def test_json_goes_to_stdout_alone(command: Callable[..., Any], markets: Path) -> None:
    done = command("design", str(markets), "--duration", "4", "--out", str(markets.parent / "o"), "--json", "-q")
    assert done.code == 0 and from_json(done.out).metric.name == "sales" and done.err == ""


def test_wrong_options_and_foreign_folders_are_refused(command: Callable[..., Any], markets: Path) -> None:
    """Exit code 2, before anything is estimated; the folder stays as it was."""
    folder = markets.parent / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("keep")
    for arguments in (("--duration", "four"), ("--effect", "5%,2"), ("--treat", "m99"), ("--out", str(folder))):
        assert command("design", str(markets), *arguments).code == 2
    assert [p.name for p in folder.iterdir()] == ["letter.txt"]


def test_options_are_read_as_they_are_written() -> None:
    assert durations("8, 4,4") == (4, 8) and durations("") == ()
    assert effects("5%,10%") == ((0.05, True), (0.1, True)) and effects("2.5") == ((2.5, False),)
    for wrong in ("0", "-4", "x"):
        with pytest.raises(UsageError):
            durations(wrong)
        with pytest.raises(UsageError):
            effects(wrong)
