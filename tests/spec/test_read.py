"""A study and the files it extends become one document that knows who said what."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from causal_eval.errors import SpecError
from causal_eval.spec.models import StudySpec
from causal_eval.spec.read import Document, check_document, from_mapping, read_document, resolved

STUDY = """\
schema_version = 1
extends = ["org/defaults.toml"]

[study]
id = "smart-routing"
title = "Smart routing"
question = "Did it?"

[data]
query_file = "q.sql"
connection_env = "WAREHOUSE_URL"
params = { start = 2026-02-02, password = "hunter2" }
as_of = 2026-10-05

[roles]
unit = "queue"
time = "week"
treated_units = ["CA", 3]

[design]
launch = 2026-07-06
pre = [2004, "Q32011"]

[[metrics]]
name = "resolved"

[[metrics]]
name = "csat"
margin = { relative = 0.02 }

[[estimators]]
method = "did"
event_study = false

[[events]]
name = "Redesign v. 2"
start = 2026-08-10T10:00:00
"""
DEFAULTS = """\
extends = ["base.toml"]

[[metrics]]
name = "csat"
role = "guardrail"
label = "Satisfaction"

[[metrics]]
name = "contacts"
kind = "count"
role = "guardrail"

[[estimators]]
name = "check"
method = "naive"
role = "reference"

[privacy]
min_cell = 8

[report]
limitations = ["a", "b"]
"""
BASE = """\
[privacy]
min_cell = 20
unit_is_person = true

[design]
graph = "dag.dot"

[report]
limitations = ["c"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A study, the defaults it extends, and the base these extend."""
    (tmp_path / "org").mkdir()
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "org" / "defaults.toml").write_text(DEFAULTS, encoding="utf-8")
    (tmp_path / "org" / "base.toml").write_text(BASE, encoding="utf-8")
    return tmp_path


def checked(document: Document) -> StudySpec:
    """The study of a document without problems."""
    spec, problems = check_document(document)
    assert problems == [] and spec is not None
    return spec


def test_files_merge_and_the_study_wins(folder: Path) -> None:
    """Tables key by key, lists of tables by name with the study's own first, other lists whole."""
    document = read_document(folder / "study.toml")
    spec = checked(document)
    assert [p.name for p in document.files] == ["study.toml", "defaults.toml", "base.toml"]
    assert [m.name for m in spec.metrics] == ["resolved", "csat", "contacts"]
    csat = spec.metrics[1]
    assert (csat.role, csat.label, csat.margin and csat.margin.relative) == ("guardrail", "Satisfaction", 0.02)
    analyses = [(e.method, e.name, e.role) for e in spec.estimators]
    assert analyses == [("did", None, None), ("naive", "check", "reference")]
    assert spec.analysis_role(0) == "primary"
    assert (spec.privacy.min_cell, spec.privacy.unit_is_person) == (8, True)
    assert spec.report.limitations == ("a", "b")
    assert spec.extends == ("org/defaults.toml",)
    assert spec.estimators[0].options == {"event_study": False}


def test_values_keep_the_type_they_were_written_with(folder: Path) -> None:
    """Dates, numbers and text are told apart, in windows and in lists too."""
    spec = checked(read_document(folder / "study.toml"))
    assert spec.design.launch == date(2026, 7, 6) and type(spec.design.launch) is date
    assert spec.design.pre == (2004, "Q32011")
    assert spec.roles.treated_units == ("CA", 3)
    assert spec.events[0].start == datetime(2026, 8, 10, 10)


@pytest.mark.parametrize(
    "wrong", ["log = 1", 'log = "true"', "min_effect.relative = true", 'min_effect.absolute = "7"', "label = 3"]
)
def test_no_value_is_converted(wrong: str, folder: Path) -> None:
    """A value of another type is an error even where Python could convert it."""
    (folder / "study.toml").write_text(STUDY.replace('name = "resolved"', f'name = "resolved"\n{wrong}'))
    _, problems = check_document(read_document(folder / "study.toml"))
    assert [p.code for p in problems] == ["E202"]


def test_each_value_knows_its_file_and_line(folder: Path) -> None:
    """Resolved values carry who said them, and secrets are masked."""
    document = read_document(folder / "study.toml")
    rows = {key: (value, origin) for key, value, origin in resolved(document, checked(document))}
    expected: dict[str, tuple[Any, str]] = {
        "schema_version": (1, "study.toml:1"),
        "data.params.start": ("2026-02-02", "study.toml:12"),
        "data.params.password": ("***", "study.toml:12"),
        "data.expect.min_rows": (0, "default"),
        "design.launch": ("2026-07-06", "study.toml:21"),
        "design.washout": (0, "default"),
        "design.pre": ([2004, "Q32011"], "study.toml:22"),
        "metrics.resolved.role": ("primary", "default"),
        "metrics.resolved.column": ("resolved", "default"),
        "metrics.csat.role": ("guardrail", "org/defaults.toml:5"),
        "metrics.csat.margin.relative": (0.02, "study.toml:29"),
        "metrics.contacts.kind": ("count", "org/defaults.toml:10"),
        "estimators.did.event_study": (False, "study.toml:33"),
        "estimators.did.role": ("primary", "default"),
        "estimators.did.name": ("did", "default"),
        "estimators.check.role": ("reference", "org/defaults.toml:16"),
        'events."Redesign v. 2".start': ("2026-08-10T10:00:00", "study.toml:37"),
        "privacy.min_cell": (8, "org/defaults.toml:19"),
        "privacy.unit_is_person": (True, "org/base.toml:3"),
        "report.limitations": (["a", "b"], "org/defaults.toml:22"),
        "report.formats": (["html", "md"], "default"),
    }
    assert {k: rows[k] for k in expected} == expected
    assert len(rows) == len(resolved(document, checked(document)))


def test_every_key_of_the_merged_document_has_a_place_that_shows_it(folder: Path) -> None:
    """Wherever a key came from, its place in that file is its text."""
    document = read_document(folder / "study.toml")
    names = ("study.toml", "org/defaults.toml", "org/base.toml")
    texts = {(folder / name).as_posix(): (folder / name).read_text() for name in names}
    for path in document.origins:
        if isinstance(path[-1], str):
            place = document.place(path, on_key=True)
            line = texts[place.file].splitlines()[place.line - 1]
            assert line[place.col - 1 : place.col_end - 1] == path[-1]


def test_relative_paths_start_at_the_file_that_says_them(folder: Path) -> None:
    """A graph, source, query or DuckDB file named in another folder's file is found there."""
    org = '[data]\nsource = "rows/*.parquet"\n[design]\ngraph = "/abs/dag.dot"\n'
    (folder / "org" / "defaults.toml").write_text(org)
    (folder / "study.toml").write_text(STUDY.replace('query_file = "q.sql"\nconnection_env = "WAREHOUSE_URL"\n', ""))
    raw = read_document(folder / "study.toml").raw
    assert (raw["data"]["source"], raw["design"]["graph"]) == ("org/rows/*.parquet", "/abs/dag.dot")
    (folder / "org" / "defaults.toml").write_text(
        '[data]\nsource = "queues"\nconnection = "duckdb:///support.duckdb"\n'
    )
    raw = read_document(folder / "study.toml").raw
    assert (raw["data"]["source"], raw["data"]["connection"]) == ("queues", "duckdb:///org/support.duckdb")
    (folder / "org" / "defaults.toml").write_text('[data]\nsource = "causaldata:castle"\n')
    assert read_document(folder / "study.toml").raw["data"]["source"] == "causaldata:castle"


def test_later_files_of_extends_win_over_earlier_ones_and_one_file_may_come_twice(folder: Path) -> None:
    """Reaching the same defaults along two ways is no circle."""
    (folder / "org" / "late.toml").write_text('extends = ["base.toml"]\n[privacy]\nmin_cell = 5\n')
    (folder / "study.toml").write_text(STUDY.replace('["org/defaults.toml"]', '["org/defaults.toml", "org/late.toml"]'))
    spec = checked(read_document(folder / "study.toml"))
    assert (spec.privacy.min_cell, spec.privacy.unit_is_person) == (5, True)


def test_a_file_that_extends_itself_is_a_circle(folder: Path) -> None:
    """Also under another spelling of its path."""
    (folder / "study.toml").write_text('extends = ["org/../study.toml"]\n')
    with pytest.raises(SpecError) as caught:
        read_document(folder / "study.toml")
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.col) == ("E102", 1, 12)
    assert problem.message == "extends goes in a circle: study.toml -> study.toml"


def test_a_mapping_is_a_study_without_places(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dict says the same as a file; lists may be tuples, and `extends` starts at the working folder."""
    monkeypatch.chdir(folder)
    raw = {
        "schema_version": 1,
        "extends": ("org/defaults.toml",),
        "study": {"id": "a", "title": "A", "question": "?"},
        "data": {"source": "q.csv"},
        "roles": {"treatment": "on", "covariates": ("x",)},
        "metrics": [{"name": "y"}],
        "estimators": [{"method": "naive"}],
    }
    document = from_mapping(raw)
    spec = checked(document)
    assert spec.roles.covariates == ("x",) and spec.privacy.min_cell == 8
    assert document.place(("roles",)) == ("", 0, 0, 0)
    rows = {key: origin for key, _, origin in resolved(document, spec)}
    assert (rows["roles.treatment"], rows["design.washout"]) == ("given", "default")
    assert document.path.parent == Path()


def test_a_checked_study_can_be_checked_again(folder: Path) -> None:
    """`ce.run(spec)` and `ce.run(path)` are the same study."""
    spec = checked(read_document(folder / "study.toml"))
    again = checked(from_mapping(spec, base=folder))
    assert again.model_dump(exclude={"design": {"graph"}}) == spec.model_dump(exclude={"design": {"graph"}})


def test_a_document_shows_no_values_when_printed(folder: Path) -> None:
    """A traceback or notebook that shows a document shows no secret."""
    assert "hunter2" not in repr(read_document(folder / "study.toml"))


def test_reading_a_study_loads_no_numerical_library() -> None:
    """`causal-eval check` must not pay for what it does not use."""
    script = "import sys, causal_eval.spec.read, causal_eval.spec.schema; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "pydantic" in loaded
    assert {"numpy", "pandas", "scipy", "ibis", "matplotlib", "pyarrow"} & set(loaded) == set()


def test_an_estimator_may_have_any_further_key_and_no_table_may(folder: Path) -> None:
    """Options are the estimator's own matter; everything else is closed."""
    (folder / "study.toml").write_text(STUDY.replace("[study]", "[study]\nevent_study = true"))
    _, problems = check_document(read_document(folder / "study.toml"))
    assert [(p.code, p.path) for p in problems] == [("E204", ("study", "event_study"))]
