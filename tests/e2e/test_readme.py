"""README says what is true: its commands work, its numbers are those of the study, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Process = Callable[..., Any]


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / "README.md").read_text(encoding="utf-8")


def commands(readme: str) -> list[str]:
    """The lines of README's shell blocks."""
    blocks = re.findall(r"```(?:sh|bash)\n(.*?)```", readme, flags=re.S)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def without_pip(command: str) -> list[list[str]]:
    """The steps of `a && b` that are not an installation."""
    steps = [shlex.split(step) for step in command.split("&&")]
    return [s for s in steps if s[:2] != ["pip", "install"]]


def test_the_first_two_commands_install_and_run_the_study_and_the_tests(readme: str) -> None:
    first, second = commands(readme)[:2]
    assert first == "pip install . && causal-eval run configs/organ_donations.toml"
    assert second == "pip install '.[test]' && pytest"


def test_every_command_of_readme_works(root: Path, readme: str, tmp_path: Path, process: Process) -> None:
    """In one folder, one after the other, as a reader would type them (but for pip and pytest themselves)."""
    for name in ("configs", "README.md", "tests"):
        (tmp_path / name).symlink_to(root / name)
    ran = 0
    for line in commands(readme):
        for step in without_pip(line):
            if step[0] == "pytest":
                continue
            assert step[0] == "causal-eval", line
            done = process(*step[1:], cwd=tmp_path)
            assert done.returncode == 0, f"{line}\n{done.stderr}"
            ran += 1
    assert ran >= 4


def test_the_study_shown_in_readme_is_valid(readme: str, tmp_path: Path, process: Process) -> None:
    shown = re.search(r"```toml\n(.*?)```", readme, flags=re.S)
    assert shown is not None
    (tmp_path / "study.toml").write_text(shown[1], encoding="utf-8")
    done = process("check", tmp_path / "study.toml", "--no-data")
    assert done.returncode == 0, done.stderr


def test_the_notebook_lines_of_readme_run(root: Path, readme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = re.search(r"```python\n(.*?)```", readme, flags=re.S)
    assert shown is not None
    monkeypatch.chdir(root)
    names: dict[str, Any] = {}
    exec(shown[1], names)
    assert names["result"].headline.metric == "Rate"


def test_the_screen_shown_in_readme_is_what_the_first_command_prints(
    root: Path, readme: str, tmp_path: Path, process: Process
) -> None:
    shown = re.search(r"```text\n(.*?)```", readme, flags=re.S)
    assert shown is not None
    (tmp_path / "configs").symlink_to(root / "configs")
    printed = process("run", "configs/organ_donations.toml", cwd=tmp_path).stdout
    clock = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{7}")
    assert clock.sub("STAMP", shown[1]).strip() == clock.sub("STAMP", printed).strip()


def test_every_link_and_picture_of_readme_is_there(root: Path, readme: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", readme)
    local = [t for t in targets if not t.startswith("http")]
    assert any(t.endswith(".png") for t in local), "README opens with a figure"
    for target in local:
        assert (root / target).exists(), target


def test_the_figure_of_readme_is_the_one_the_study_draws(root: Path, tmp_path: Path, process: Process) -> None:
    """Compared pixel by pixel, with room for another version of the font engine."""
    import numpy as np
    from matplotlib.image import imread

    process("run", root / "configs" / "organ_donations.toml", "--out", tmp_path / "out")
    ours = imread(root / "configs" / "figures" / "organ_donations.png")
    drawn = imread(tmp_path / "out" / "figures" / "headline.png")
    assert ours.shape == drawn.shape
    assert float(np.abs(ours - drawn).mean()) < 0.01


def test_the_tables_of_readme_are_those_of_the_registry_and_of_the_benchmarks(root: Path, readme: str) -> None:
    """`python -m causal_eval.cli.readme` changes nothing: every estimator is there, and every time was measured."""
    from causal_eval.cli.readme import written
    from causal_eval.estimators._base import ESTIMATORS

    benchmarks = (root / "benchmarks" / "README.md").read_text(encoding="utf-8")
    assert written(readme, benchmarks) == readme, "python -m causal_eval.cli.readme README.md"
    own = [name for name, plugin in ESTIMATORS.plugins().items() if plugin.origin == "causal-eval"]
    assert [name for name in own if f"| `{name}` |" not in readme] == []


def test_a_peer_counts_only_where_its_answer_is_the_same(root: Path) -> None:
    """The fastest of those with equal digits; a bare computation or another answer is no peer."""
    from causal_eval.cli.readme import peer_table

    head = "| rows | contender | estimand | wall s | CPU s | CPU s after imports | peak MB | estimate | std. error |"
    rows = [
        f"| 2,000,000 | {who} | two-way | 9 | 9 | {cpu} | 10 | {answer} | 1 |"
        for who, cpu, answer in (
            ("did", "3.0", "0.5"), ("numpy_within", "0.1", "0.5"), ("pyfixest_two_way", "2.0", "0.4"),
            ("linearmodels_panel", "5.0", "0.5"), ("linearmodels_absorbing", "4.0", "0.5"), ("duckreg", "", "fails"),
        )
    ]  # fmt: skip
    weights = (root / "benchmarks" / "README.md").read_text(encoding="utf-8").partition("## Synthetic")[2]
    made = peer_table("\n".join([head, "| ---: |", *rows, "", weights]))
    assert "| two-way reference, 2 million rows | 3.0 s, 10 MB | linearmodels: 4.0 s, 10 MB |" in made


def test_readme_stays_short_and_in_plain_words(readme: str) -> None:
    assert len(readme.splitlines()) < 180
    assert not re.search(r"\b(proves?|proven|no effect)\b", readme)


@pytest.mark.slow
@pytest.mark.parametrize("extra", ["", "[test]"])
def test_the_commands_of_readme_work_in_a_fresh_environment(
    root: Path, readme: str, tmp_path: Path, extra: str
) -> None:
    """A copy of the repository, a new virtual environment, and the line as README has it (the tests: collected)."""
    shutil.copytree(root, tmp_path / "copy", ignore=shutil.ignore_patterns(".git", ".*cache", "__pycache__", "runs"))
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    line = commands(readme)[1 if extra else 0]
    if extra:
        line += " --collect-only -q"
    script = f". {tmp_path / 'venv' / 'bin' / 'activate'} && {line}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path / "copy", capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    if not extra:
        assert "Active choice for organ donors in California" in done.stdout
        assert list((tmp_path / "copy" / "runs" / "organ-donations").glob("*/report.html"))
