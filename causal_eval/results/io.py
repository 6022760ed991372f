"""StudyResult to JSON and back. The reader refuses a schema version it does not know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from causal_eval.errors import UsageError
from causal_eval.results.types import SCHEMA_VERSION, StudyResult


def to_json(result: StudyResult) -> str:
    """The result as JSON text; equal results give equal bytes. Raises ValueError on NaN."""
    from dataclasses import asdict

    return json.dumps(asdict(result), indent=1, ensure_ascii=False, allow_nan=False, sort_keys=False) + "\n"


def from_json(text: str, *, where: str = "results.json") -> StudyResult:
    """The result in ``text``. Raises UsageError when it is not one, or of a newer schema."""
    from pydantic import TypeAdapter, ValidationError

    try:
        raw: Any = json.loads(text)
    except json.JSONDecodeError as e:
        raise UsageError(
            "E601",
            f"not JSON (line {e.lineno}): {e.msg}",
            where=where,
            hint="Give the folder or results.json of a finished run.",
        ) from e
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if version != SCHEMA_VERSION:
        raise UsageError(
            "E602",
            f"schema_version {version!r} is not {SCHEMA_VERSION}",
            where=where,
            hint="Use the version of causal-eval that wrote it, or run the study again.",
        )
    try:
        return TypeAdapter(StudyResult).validate_python(raw)
    except ValidationError as e:
        first = e.errors()[0]
        place = ".".join(str(p) for p in first["loc"])
        raise UsageError(
            "E603",
            f"not a study result: {place}: {first['msg']}",
            where=where,
            hint="Run the study again to write it anew.",
        ) from e


def read_result(run: str | Path) -> StudyResult:
    """The result of a run: its folder, or its results.json."""
    path = Path(run)
    if path.is_dir():
        path = path / "results.json"
    if not path.is_file():
        raise UsageError(
            "E600",
            "no results.json there",
            where=str(run),
            hint="Give the folder of a run; runs/<study id>/latest.txt names the newest.",
        )
    return from_json(path.read_text(encoding="utf-8"), where=str(path))


def json_schema() -> dict[str, Any]:
    """JSON Schema of results.json."""
    from pydantic import TypeAdapter

    return TypeAdapter(StudyResult).json_schema()
