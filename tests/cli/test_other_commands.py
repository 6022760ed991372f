"""check, init, schema, estimators, report, figures, explain, doctor."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import sample_result

from causal_eval.cli.commands import doctor
from causal_eval.diagnostics.base import CHECKS
from causal_eval.estimators._base import ESTIMATORS
from causal_eval.results import io
from causal_eval.results.types import StudyResult

Command = Callable[..., Any]
TEMPLATES = ("panel", "optin", "staggered")


# --- check ---------------------------------------------------------------------------------------------------------


def test_check_prints_ok_the_plan_and_what_the_data_holds(command: Command, root: Path) -> None:
    called = command("check", root / "configs" / "organ_donations.toml")
    assert called.code == 0
    assert called.out.startswith("OK  organ-donations")
    assert "did (primary)" in called.out and "162 rows" in called.out and "Q42010 to Q12012" in called.out


def test_check_without_data_reads_none(command: Command, study: Path) -> None:
    assert command("check", study, "--no-data").code == 0
    assert command("check", study).code == 4, "the file of rows is not there"


def test_check_resolved_prints_every_value_with_its_origin(command: Command, root: Path, tmp_path: Path) -> None:
    called = command("check", root / "configs" / "smart_routing.toml", "--no-data", "--resolved")
    lines = {line.split(" = ")[0].strip(): line for line in called.out.splitlines() if " = " in line}
    assert (
        lines["metrics.csat.margin.absolute"]
        .partition("#")[2]
        .strip()
        .startswith(("support-defaults.toml:", "configs/"))
    )
    assert "support-defaults.toml" in lines["metrics.csat.margin.absolute"]
    assert "smart_routing.toml" in lines["study.id"]
    assert lines["design.washout"].endswith("# default")


def test_check_json_is_one_object(command: Command, root: Path) -> None:
    said = json.loads(command("check", root / "configs" / "organ_donations.toml", "--json", "--resolved").out)
    assert said["ok"] is True
    assert said["data"][0]["rows"] == 162
    assert said["resolved"]["study.id"]["value"] == "organ-donations"


# --- init ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("template", TEMPLATES)
def test_init_writes_a_study_that_checks_with_its_data(command: Command, tmp_path: Path, template: str) -> None:
    called = command("init", tmp_path / "my study", "--template", template)
    assert called.code == 0
    study = tmp_path / "my study" / "study.toml"
    assert tomllib.loads(study.read_text(encoding="utf-8"))["schema_version"] == 1
    assert len(list(study.parent.iterdir())) == 2
    assert "causal-eval run " in called.out
    assert command("check", study).code == 0


def test_init_overwrites_nothing(command: Command, tmp_path: Path) -> None:
    for present in ("study.toml", "queue_week.csv"):
        folder = tmp_path / present
        folder.mkdir()
        (folder / present).write_text("mine")
        called = command("init", folder)
        assert called.code == 2 and "E604" in called.err
        assert [p.name for p in folder.iterdir()] == [present] and (folder / present).read_text() == "mine"


# --- schema, estimators, explain -----------------------------------------------------------------------------------


def test_schema_prints_the_file_that_configs_holds(command: Command, root: Path) -> None:
    printed = command("schema").out
    assert json.loads(printed)["$schema"].startswith("https://json-schema.org/")
    assert printed == (root / "configs" / "study.schema.json").read_text(encoding="utf-8")


def test_estimators_lists_every_registry_name_with_its_title(command: Command) -> None:
    lines = command("estimators").out.splitlines()
    for name in ESTIMATORS.plugins():
        line = next(x for x in lines if x.startswith(name))
        assert ESTIMATORS.get(name).info.title in line


@pytest.mark.parametrize("name", sorted(ESTIMATORS.plugins()))
def test_an_estimator_tells_what_it_assumes_needs_takes_and_rests_on(command: Command, name: str) -> None:
    out = command("estimators", name).out
    plugin = ESTIMATORS.get(name)
    assert plugin.info.title in out and "Assumes" in out and "Needs" in out and "Reference" in out
    for option in plugin.model_fields:
        assert f"\n  {option} = " in out
    assert command("explain", name).out == out


def test_an_unknown_estimator_is_answered_with_the_nearest(command: Command) -> None:
    called = command("estimators", "naiv")
    assert called.code == 3 and "E207" in called.err and "did you mean `naive`" in called.err


@pytest.mark.parametrize("name", sorted(CHECKS.plugins()))
def test_explain_knows_every_check(command: Command, name: str) -> None:
    info = CHECKS.get(name).info
    for spelling in (name, name.replace("_", "-"), name.upper()):
        out = command("explain", spelling).out
        assert info.question in out
        assert " ".join(info.breaks.split())[:40] in " ".join(out.split())


def test_explain_knows_every_code_that_the_package_raises(command: Command, root: Path) -> None:
    import re

    import causal_eval

    source = "".join(p.read_text(encoding="utf-8") for p in Path(causal_eval.__file__).parent.rglob("*.py"))
    for code in sorted(set(re.findall(r'"(E\d{3})"', source))):
        called = command("explain", code.lower())
        assert called.code == 0, code
        assert called.out.startswith(f"{code}: ") and "What to do" in called.out


def test_explain_answers_a_misspelling_with_the_nearest_topic(command: Command) -> None:
    called = command("explain", "pre_trend")
    assert called.code == 2 and "did you mean `pre_trends`" in called.err


# --- report, figures -----------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder with nothing but a saved result."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "results.json").write_text(io.to_json(sample_result.launch()), encoding="utf-8")
    return folder


def test_report_is_made_from_the_saved_result_alone(command: Command, run: Path, tmp_path: Path) -> None:
    called = command("report", run)
    assert called.code == 0
    assert sorted(called.out.split()) == [str(run / "report.html"), str(run / "report.md")]
    first = (run / "report.html").read_bytes()
    assert command("report", run / "results.json", "--formats", "html", "--out", tmp_path / "else").code == 0
    assert [p.name for p in (tmp_path / "else").iterdir()] == ["report.html"]
    assert (tmp_path / "else" / "report.html").read_bytes() == first


def test_report_takes_an_audience(command: Command, run: Path) -> None:
    command("report", run, "--formats", "md")
    launch = (run / "report.md").read_text(encoding="utf-8")
    assert command("report", run, "--formats", "md", "--audience", "exec").code == 0
    assert (run / "report.md").read_text(encoding="utf-8") != launch


def test_figures_draws_those_named_in_the_size_asked_for(command: Command, run: Path, tmp_path: Path) -> None:
    called = command("figures", run, "--which", "headline,event_study", "--size", "slide", "--out", tmp_path / "f")
    assert called.code == 0
    made = {p.name for p in (tmp_path / "f").iterdir()}
    assert made == {f"{n}.{e}" for n in ("headline", "event_study") for e in ("svg", "png", "alt.txt", "csv")}
    assert command("figures", run).code == 0
    assert (run / "figures" / "headline.csv").read_bytes() == (tmp_path / "f" / "headline.csv").read_bytes()
    assert (run / "figures" / "headline.svg").read_bytes() != (tmp_path / "f" / "headline.svg").read_bytes()


def test_an_unknown_figure_is_answered_with_the_nearest_and_nothing_is_written(command: Command, run: Path) -> None:
    called = command("figures", run, "--which", "headlin")
    assert called.code == 2 and "E605" in called.err and "did you mean `headline`" in called.err
    assert [p.name for p in run.iterdir()] == ["results.json"]


def test_a_result_that_is_not_one_is_refused(command: Command, run: Path) -> None:
    for text, code in (("{", "E601"), ('{"schema_version": 99}', "E602"), ('{"schema_version": 1}', "E603")):
        (run / "results.json").write_text(text)
        called = command("report", run)
        assert called.code == 2 and code in called.err


def test_report_of_a_run_equals_the_report_the_run_wrote(
    command: Command, study: Path, finished: Any, good: StudyResult, tmp_path: Path
) -> None:
    finished(good)
    command("run", study, "--out", tmp_path / "out")
    before = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert command("report", tmp_path / "out", "--formats", "html,md").code == 0
    assert command("figures", tmp_path / "out").code == 0
    assert {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()} == before


# --- doctor --------------------------------------------------------------------------------------------------------


def test_doctor_finds_this_installation_in_order(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    called = command("doctor")
    assert called.code == 0, called.out
    for name in ("python", "dowhy", "pandas", "chromium", "current folder"):
        assert name in called.out


def test_doctor_exits_with_1_when_a_pinned_library_is_out_of_range(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.15.1" if name == "dowhy" else real(name))
    called = command("doctor")
    assert called.code == 1
    assert any(line.startswith("BAD") and "dowhy" in line for line in called.out.splitlines())


def test_doctor_exits_with_1_when_a_library_is_missing(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name == "duckdb":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    called = command("doctor")
    assert called.code == 1 and "duckdb" in called.out and "not installed" in called.out


@pytest.mark.parametrize(
    ("version", "wanted", "inside"),
    [
        ("0.14", ">=0.14,<0.15", True),
        ("0.14.2", ">=0.14,<0.15", True),
        ("0.15", ">=0.14,<0.15", False),
        ("3.0.0", ">=3.0,<4", True),
        ("2.3.9", ">=3.0,<4", False),
        ("10.0", ">=9,<13", True),
        ("3.1.0rc1", ">=3.0,<4", True),
    ],
)
def test_a_version_is_compared_by_its_numbers(version: str, wanted: str, inside: bool) -> None:
    assert doctor._inside(version, wanted) is inside
