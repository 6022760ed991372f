"""A package of somebody else's, installed by pip, brings an estimator and a check that studies use by name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

STUDY = """\
schema_version = 1
[study]
id = "foreign"
title = "Foreign plug-ins"
question = "Do they run?"
[data]
source = "site_week.csv"
[roles]
unit = "site"
time = "week"
treatment = "on"
[[metrics]]
name = "y"
better = "higher"
[[estimators]]
method = "two_means"
factor = 2.0
"""

Process = Callable[..., Any]


@pytest.fixture(scope="module")
def installed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which the package is installed, beside this one's packages."""
    pytest.importorskip("hatchling")
    target = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
         "--target", str(target), str(root / "tests" / "foreign_plugin")],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return {"PYTHONPATH": str(target)}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Ten sites and eight weeks, five sites treated from the fifth week on, by 1."""
    rows = ["site,week,on,y"]
    for i in range(10):
        for t in range(8):
            on = int(i < 5 and t >= 4)
            rows.append(f"s{i},{2020 + t},{on},{(7 * i * i + 3 * t * t + i * t) % 11 / 10 + on}")
    (tmp_path / "site_week.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    path = tmp_path / "study.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path


def test_the_command_lists_and_describes_them(process: Process, installed: dict[str, str]) -> None:
    listed = process("estimators", env=installed).stdout
    line = next(x for x in listed.splitlines() if x.startswith("two_means"))
    assert "Two means before and after" in line and "(from causal-eval-foreign)" in line
    described = process("estimators", "two_means", env=installed).stdout
    assert "factor = 1.0" in described and "Snow (1855)" in described
    assert "the_moon_is_full" in described, "an assumption that is not in the catalogue is named as it is"
    assert "Are there a hundred rows?" in process("explain", "enough_rows", env=installed).stdout


def test_a_study_runs_them(process: Process, installed: dict[str, str], study: Path, tmp_path: Path) -> None:
    done = process("run", study, "--out", tmp_path / "out", env=installed)
    assert done.returncode in (0, 5), done.stderr
    result = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    finding = result["findings"][0]
    assert finding["method"] == "two_means"
    assert "two_means" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    checks = {d["check"]: d["verdict"] for d in result["diagnostics"]}
    assert checks["enough_rows"] == "warn"

    rows = [line.split(",") for line in (tmp_path / "site_week.csv").read_text().splitlines()[1:]]
    mean = {(g, p): [float(y) for s, t, _, y in rows if (s < "s5") == g and (t >= "2024") == p] for g in (True, False)
            for p in (True, False)}  # fmt: skip
    m = {k: sum(v) / len(v) for k, v in mean.items()}
    expected = 2.0 * (m[True, True] - m[True, False] - m[False, True] + m[False, False])
    assert finding["said"]["effects"][0]["value"] == pytest.approx(expected)


def test_its_options_are_checked_like_our_own(process: Process, installed: dict[str, str], study: Path) -> None:
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace("factor = 2.0", "factr = 2.0"), encoding="utf-8")
    done = process("check", study, env=installed)
    assert done.returncode == 3
    assert "E204" in done.stderr and "did you mean `factor`" in done.stderr
    study.write_text(text.replace("factor = 2.0", "factor = -1"), encoding="utf-8")
    done = process("check", study, env=installed)
    assert done.returncode == 3 and "E210" in done.stderr


def test_without_it_the_name_is_unknown(process: Process, study: Path) -> None:
    done = process("check", study, "--no-data")
    assert done.returncode == 3 and "E207" in done.stderr


def test_two_plug_ins_of_one_name_are_an_error_that_names_both(
    process: Process, installed: dict[str, str], study: Path, tmp_path: Path
) -> None:
    rival = tmp_path / "site" / "rival-1.0.dist-info"
    rival.mkdir(parents=True)
    (rival / "METADATA").write_text("Metadata-Version: 2.1\nName: rival\nVersion: 1.0\n")
    (rival / "entry_points.txt").write_text("[causal_eval.estimators]\ntwo_means = rival:Rival\n")
    both = {"PYTHONPATH": f"{installed['PYTHONPATH']}:{rival.parent}"}
    done = process("check", study, "--no-data", env=both)
    assert done.returncode == 3
    assert "E208" in done.stderr and "causal-eval-foreign" in done.stderr and "rival" in done.stderr
    assert process("estimators", env=both).returncode == 0, "the list still prints"


def test_one_that_cannot_be_loaded_is_told_and_harms_no_other(process: Process, study: Path, tmp_path: Path) -> None:
    broken = tmp_path / "site" / "broken-1.0.dist-info"
    broken.mkdir(parents=True)
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (broken / "entry_points.txt").write_text("[causal_eval.estimators]\ntwo_means = no_such_module:X\n")
    env = {"PYTHONPATH": str(broken.parent)}
    done = process("check", study, "--no-data", env=env)
    assert done.returncode == 3 and "E209" in done.stderr and "broken" in done.stderr
    listed = process("estimators", env=env)
    assert listed.returncode == 0 and "cannot be used" in listed.stdout and "did " in listed.stdout
