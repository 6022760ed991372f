"""The JSON Schema that editors use says what the models say."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from causal_eval.spec.models import StudySpec
from causal_eval.spec.schema import json_schema, schema_text

CONFIGS = Path(__file__).parents[2] / "configs"
TOMBI = shutil.which("tombi", path=str(Path(sys.executable).parent)) or shutil.which("tombi")
VALID = """\
#:schema ./study.schema.json
schema_version = 1

[study]
id = "smart-routing"
title = "Smart routing"
question = "Did it?"

[data]
source = "q.csv"
as_of = 2026-10-05
params = { start = 2026-02-02, rate = 0.5 }
expect = { unique = ["queue"], max_missing = { csat = 0.05 } }

[roles]
unit = "queue"
time = "week"
treated_units = ["CA", 3]

[design]
launch = 2026-07-06
pre = [2004, "Q32011"]
post = [2026-07-06, 2026-09-01]

[[events]]
name = "Redesign"
start = 2026-08-10T10:00:00
end = 2026-08-11T10:00:00Z

[[metrics]]
name = "resolved"
kind = "ratio"
numerator = "resolved"
denominator = "opened"
min_effect = { relative = 0.02 }

[[estimators]]
method = "synthetic_control"
predictors = [{ column = "income", from = 1980, to = 1988 }]
"""


def tombi(folder: Path, text: str) -> tuple[int, str]:
    """The exit code of `tombi lint` on a study beside the schema, and what it says."""
    if TOMBI is None:
        pytest.skip("tombi is not installed")
    (folder / "study.schema.json").write_text(schema_text(), encoding="utf-8")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    done = subprocess.run([TOMBI, "lint", "--offline", "study.toml"], cwd=folder, capture_output=True, text=True,
                          env={"NO_COLOR": "1", "HOME": str(folder)})  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_the_schema_in_configs_is_the_one_the_models_make() -> None:
    """After a change of the models: `causal-eval schema > configs/study.schema.json`."""
    assert (CONFIGS / "study.schema.json").read_text(encoding="utf-8") == schema_text()


def test_the_schema_says_what_it_is_and_describes_every_table() -> None:
    """Draft 2020-12, a title, no null (TOML has none), and every table closed but the estimators'."""
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"] and schema["description"]
    assert set(schema["properties"]) == set(StudySpec.model_fields)
    assert schema["additionalProperties"] is False
    open_tables = [name for name, table in schema["$defs"].items() if table["additionalProperties"] is not False]
    assert open_tables == ["EstimatorSpec"]
    assert [name for name, table in schema["$defs"].items() if not table.get("description")] == []
    assert all(node != {"type": "null"} for node in nodes(schema))
    assert json.loads(schema_text()) == schema


def nodes(schema: Any) -> Iterator[Any]:
    """Every part of a schema."""
    yield schema
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for part in inner:
        yield from nodes(part)


def test_an_editor_accepts_a_study_with_native_dates(tmp_path: Path) -> None:
    """Dates, date-times with and without offset, numbers and text are all moments."""
    code, said = tombi(tmp_path, VALID)
    assert (code, "Error" in said, "Warning" in said) == (0, False, False), said


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ('title = "Smart', 'tilte = "Smart', '"tilte" is not allowed'),
        ('title = "Smart', 'tilte = "Smart', '"title" is required'),
        ('kind = "ratio"', 'kind = "ratioo"', "must be one of"),
        ("launch = 2026-07-06", "launch = true", "but found Boolean"),
        ('id = "smart-routing"', "id = 1", "but found Integer"),
        ("[roles]", "[rols]", '"rols" is not allowed'),
        ("[[estimators]]", "[estimators]", "expected a value of type Array, but found Table"),
    ],
)
def test_an_editor_marks_a_mistake(right: str, wrong: str, complaint: str, tmp_path: Path) -> None:
    """Unknown keys, missing keys, wrong values and wrong types are found without running anything."""
    assert VALID.count(right) == 1
    code, said = tombi(tmp_path, VALID.replace(right, wrong))
    assert code != 0 and complaint in said, said


def test_an_editor_asks_only_a_whole_study_for_its_tables(tmp_path: Path) -> None:
    """A file that others extend lacks most tables, and a study that extends one may."""
    defaults = '#:schema ./study.schema.json\n[privacy]\nmin_cell = 11\n\n[[metrics]]\nname = "csat"\nlog = true\n'
    extending = VALID.replace("schema_version = 1\n", 'schema_version = 1\nextends = ["defaults.toml"]\n')
    start, stop = extending.index("[roles]"), extending.index("[design]")
    assert tombi(tmp_path, defaults)[0] == 0
    assert tombi(tmp_path, extending[:start] + extending[stop:])[0] == 0
    code, said = tombi(tmp_path, VALID[: VALID.index("[roles]")] + VALID[VALID.index("[design]") :])
    assert code != 0 and '"roles" is required' in said
