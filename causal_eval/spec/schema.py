"""The JSON Schema of study.toml, for editors: names, types, descriptions and what a value may be."""

from __future__ import annotations

import json
from typing import Any

from causal_eval.spec.models import StudySpec

_DATE_TIME = {"format": "date-time", "type": "string"}
_LOCAL_DATE_TIME = {"format": "date-time-local", "type": "string"}
"""TOML's date-time without an offset: JSON Schema's own format demands one."""


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of a study, from its models.

    A native TOML date is a string of format ``date`` or ``date-time``, which is how TOML editors see one.
    """
    made: dict[str, Any] = _plain(StudySpec.model_json_schema(mode="validation"))
    needed = made.pop("required")
    wide = {"additionalProperties": True}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "causal-eval study",
        "description": "A study.toml of causal-eval (schema_version = 1): what changed, for whom, measured how.",
        "x-tombi-toml-version": "v1.0.0",
        **{k: v for k, v in made.items() if k not in ("title", "description")},
        # A file that others extend has no [study], and a study that extends one may have its tables from there.
        # `additionalProperties` is said again because tombi takes each part for a schema of its own.
        "if": {**wide, "required": ["study"], "not": {**wide, "required": ["extends"]}},
        "then": {**wide, "required": needed},
    }


def schema_text() -> str:
    """The schema as a file: what ``causal-eval schema`` prints and configs/study.schema.json holds."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _plain(node: Any, *, names: bool = False) -> Any:
    """A schema as TOML needs it: without null, and without the titles that pydantic derives from names.

    Args:
        node: any part of the schema.
        names: the keys of ``node`` are names that the schema defines, not keywords.
    """
    if isinstance(node, list):
        return [_plain(v) for v in node]
    if not isinstance(node, dict):
        return node
    if names:
        return {k: _plain(v) for k, v in node.items()}
    kept = {k: v for k, v in node.items() if k != "title" and (k != "default" or not isinstance(v, dict | None))}
    choices = [c for c in kept.get("anyOf", ()) if c != {"type": "null"}]
    if _DATE_TIME in choices:
        choices.insert(choices.index(_DATE_TIME) + 1, _LOCAL_DATE_TIME)
    if choices:
        del kept["anyOf"]
        kept = {**kept, **(choices[0] if len(choices) == 1 else {"anyOf": choices})}
    return {k: _plain(v, names=k in ("properties", "$defs")) for k, v in kept.items()}
