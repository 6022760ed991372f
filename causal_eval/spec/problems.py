"""What pydantic found wrong with a document, in the words of TOML."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date, datetime, time
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from causal_eval.errors import Problem, suggest
from causal_eval.spec.document import Document
from causal_eval.spec.locate import KeyPath
from causal_eval.spec.models import Contradiction, EstimatorSpec, StudySpec
from causal_eval.spec.secrets import is_secret, shown

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "date_type": "a date such as 2026-10-05",
    "datetime_type": "a date with a time",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


_PASSES = 3
"""How deep tables nest: a size in a metric in the study."""


def check(document: Document) -> tuple[StudySpec | None, list[Problem]]:
    """The study as frozen models, or None and everything that is wrong with it, not yet located.

    Keys that contradict each other can only be compared in a table whose keys are right, so a document with
    wrong keys is checked again with the slips put right, from the inner tables to the whole.
    """
    try:
        return StudySpec.model_validate(document.raw), []
    except ValidationError as e:
        problems = _problems(e, document)
    raw, found = document.raw, problems
    for _ in range(_PASSES):
        raw = _repaired(raw, found)
        try:
            StudySpec.model_validate(raw)
        except ValidationError as e:
            known = {(p.path, p.message) for p in problems}
            found = _problems(e, dataclasses.replace(document, raw=raw))
            problems += [p for p in found if p.code == "E206" and (p.path, p.message) not in known]
        else:
            break
    return None, problems


def table_title(document: Document, path: KeyPath) -> str:
    """A table as the file writes it: ``[data.expect]``, ``[[metrics]] #2 (csat)``, ``margin of [[metrics]] #1``."""
    if not path:
        return "the study"
    many = [i for i, part in enumerate(path) if isinstance(part, int)]
    if not many:
        return f"[{'.'.join(str(p) for p in path)}]"
    own = document.own_path(path[: many[0] + 1])
    names = ".".join(str(p) for p in path[: many[0]])
    table = value_at(document.raw, path[: many[0] + 1])
    name = (table.get("name") or table.get("method")) if isinstance(table, Mapping) else None
    title = f"[[{names}]] #{int(own[-1]) + 1}" + (f" ({name})" if isinstance(name, str) else "")
    inner = ".".join(str(p) for p in path[many[0] + 1 :] if not isinstance(p, int))
    return f"{inner} of {title}" if inner else title


def unknown_key(document: Document, path: KeyPath, allowed: Sequence[str]) -> Problem:
    """E204 for the key at the end of ``path``; also for an estimator's unknown option."""
    key = str(path[-1])
    near = suggest(key, allowed).nearest
    hint = "" if near else _elsewhere(key, path[:-1])
    place = "" if len(path) == 1 else f" in {table_title(document, path[:-1])}"
    what = "table" if not place and isinstance(document.raw.get(key), dict | list) else "key"
    return Problem("E204", f'unknown {what} "{key}"{place}', path, hint, tuple(allowed), near, on_key=True)


def value_at(raw: Any, path: KeyPath) -> Any:
    """The value at a key path; None when there is none."""
    for part in path:
        if not _holds(raw, part):
            return None
        raw = raw[part]
    return raw


def _holds(raw: Any, part: str | int) -> bool:
    if isinstance(raw, Mapping):
        return part in raw
    return isinstance(raw, list | tuple) and isinstance(part, int) and part < len(raw)


# --- one pydantic error at a time ------------------------------------------------------------------------------


def _problems(error: ValidationError, document: Document) -> list[Problem]:
    found: list[Problem] = []
    unions: dict[KeyPath, list[str]] = {}
    for e in error.errors(include_url=False):
        path, in_union = _path(document.raw, e["loc"], e["type"])
        if in_union:
            unions.setdefault(path, []).append(e["type"])
            if len(unions[path]) > 1:
                continue
        found.extend(_translated(document, path, e["type"], e.get("ctx") or {}))
    for path, types in unions.items():
        wanted = _either([_EXPECTED.get(t, "a value") for t in types if t in _EXPECTED] or ["a value"])
        found = [_wrong_type(document, path, wanted) if p.path == path and p.code == "E202" else p for p in found]
    meant = {(*p.path[:-1], p.suggestion) for p in found if p.code == "E204" and p.suggestion}
    return [p for p in found if not (p.code == "E201" and p.path in meant)]


def _path(raw: Any, loc: tuple[str | int, ...], kind: str) -> tuple[KeyPath, bool]:
    """The key path of a pydantic location, which also names the members of unions; and whether it named one."""
    path: KeyPath = ()
    for position, part in enumerate(loc):
        if _holds(raw, part):
            path, raw = (*path, part), raw[part]
        elif kind == "missing" and position == len(loc) - 1:
            return (*path, part), False
        else:
            return path, True
    return path, False


def _translated(document: Document, path: KeyPath, kind: str, ctx: Mapping[str, Any]) -> Iterator[Problem]:
    value = value_at(document.raw, path)
    where = f'"{_key(path)}"' + _in(document, path)
    if kind == "extra_forbidden":
        yield unknown_key(document, path, allowed_keys(path[:-1]))
    elif kind == "missing":
        yield _missing(document, path)
    elif kind == "literal_error" and path == ("schema_version",):
        yield Problem("E205", f"schema_version {shown(value, path)} is not supported", path,
                      "This version of causal-eval reads schema_version = 1.", ("1",))  # fmt: skip
    elif kind == "literal_error":
        allowed = tuple(str(a) for a in _literals(path))
        near = suggest(value, allowed).nearest if isinstance(value, str) else ""
        yield Problem("E203", f"{where} cannot be {shown(value, path)}", path, "", allowed, near)
    elif kind == "value_error" and isinstance(ctx.get("error"), Contradiction):
        for message, inner in ctx["error"].parts:
            title = f"{table_title(document, path)}: " if path else ""
            yield Problem("E206", f"{title}{message}", (*path, *inner))
    elif kind == "value_error" and isinstance(value, Mapping):
        yield Problem("E206", f"{table_title(document, path)}: {ctx['error']}", path)
    elif kind == "value_error":
        yield Problem("E203", f"{where} cannot be {shown(value, path)}: {ctx['error']}", path)
    elif kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        yield Problem("E203", f"{where} must be {words} {ctx[bound]:g}, not {shown(value, path)}", path)
    elif kind == "too_short" and value:
        return  # its entries are wrong, and reported
    elif kind == "too_short":
        yield Problem("E203", f"{where} is empty: at least {ctx['min_length']} is needed", path)
    elif kind == "too_long":
        yield Problem("E203", f"{where} has {len(value)} entries instead of {ctx['max_length']}", path)
    else:
        yield _wrong_type(document, path, _EXPECTED.get(kind, "another value"))


def _wrong_type(document: Document, path: KeyPath, wanted: str) -> Problem:
    value = value_at(document.raw, path)
    where = f'"{_key(path)}"' + _in(document, path)
    hint = ""
    if wanted == "a table" and isinstance(value, list) and len(path) == 1:
        hint = f"There is one {path[0]}: write [{path[0]}], with single brackets."
    elif wanted == "a table" and len(path) > 1 and isinstance(value, int | float):
        hint = f"Say what the number means: {path[-1]} = {{ relative = {value} }} or {{ absolute = {value} }}." \
            if path[-1] in ("min_effect", "margin") else ""  # fmt: skip
    elif wanted == "a list" and isinstance(value, dict) and len(path) == 1:
        hint = f"There can be several {path[0]}: write [[{path[0]}]], with double brackets."
    elif wanted == "a list" and isinstance(value, str):
        hint = f"Write {path[-1]} = [{shown(value, path)}]."
    elif wanted in ("a number", "a whole number", "true or false") and isinstance(value, str):
        hint = "Leave out the quotes." if _is_bare(value, wanted) else ""
    elif wanted.startswith("a date") and isinstance(value, str):
        hint = "Write dates without quotes."
    elif wanted == "text" and not isinstance(value, dict | list):
        key = "" if isinstance(path[-1], int) else f"{path[-1]} = "
        hint = f'Put it in quotes: {key}"{_toml(value)}".' if not is_secret(path) else ""
    fraction = wanted == "a whole number" and isinstance(value, float)
    found = "a number with decimals" if fraction else _found(value)
    return Problem("E202", f"{where}: expected {wanted}, found {found}", path, hint)


def _missing(document: Document, path: KeyPath) -> Problem:
    key = str(path[-1])
    if isinstance(path[-1], int):
        where = f'"{_key(path[:-1])}"' + _in(document, path[:-1])
        return Problem("E203", f"{where} has {path[-1]} of its 2 entries: first and last", path[:-1])
    if len(path) > 1:
        return Problem("E201", f'missing key "{key}" in {table_title(document, path[:-1])}', path)
    if key == "schema_version":
        hint = "Write schema_version = 1 above the first [table]."
        return Problem("E201", 'missing key "schema_version"', path, hint)
    field = StudySpec.model_fields[key]
    inner = _model_of(field.annotation)
    wanted = [k for k, f in inner.model_fields.items() if f.is_required()] if inner else []
    brackets = f"[[{key}]]" if _is_many(field.annotation) else f"[{key}]"
    wanted = wanted or {"data": ["source"], "roles": ["unit", "time", "treatment"]}.get(key, [])
    with_keys = f" with {', '.join(wanted)}" if wanted else ""
    return Problem("E201", f"missing table {brackets}", path, f"Add {brackets}{with_keys}.")


def _key(path: KeyPath) -> str:
    """The last key of a path, with the number of an entry of its list: ``formats #2``."""
    if len(path) > 1 and isinstance(path[-1], int):
        return f"{path[-2]} #{path[-1] + 1}"
    return str(path[-1]) if path else "the study"


def _in(document: Document, path: KeyPath) -> str:
    table = path[:-1]
    while table and not isinstance(value_at(document.raw, table), Mapping):
        table = table[:-1]
    return f" in {table_title(document, table)}" if table else ""


def _either(words: Sequence[str]) -> str:
    short = {"a date with a time": "", "a date such as 2026-10-05": "a date"} if len(words) > 1 else {}
    said = list(dict.fromkeys(w for w in (short.get(w, w) for w in words) if w))
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} or {said[-1]}"


def _is_bare(text: str, wanted: str) -> bool:
    if wanted == "true or false":
        return text in ("true", "false")
    try:
        float(text)
    except ValueError:
        return False
    return True


def _found(value: Any) -> str:
    if isinstance(value, bool):
        return _toml(value)
    kinds: list[tuple[type | tuple[type, ...], str]] = [
        (str, "text"), (int, "a whole number"), (datetime, "a date with a time"), (date, "a date"),
        (time, "a time of day"), (Mapping, "a table"), ((list, tuple), "a list"),
    ]  # fmt: skip
    if isinstance(value, float):
        return "a number" if value == value and abs(value) != float("inf") else _toml(value)
    if isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
        return "several tables"
    return next((words for kind, words in kinds if isinstance(value, kind)), type(value).__name__)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


# --- what the models allow -------------------------------------------------------------------------------------


def allowed_keys(path: KeyPath) -> tuple[str, ...]:
    """The keys of the table at a key path, as the models declare them."""
    model = _model_at(path)
    return tuple(model.model_fields) if model else ()


def _model_at(path: KeyPath) -> type[BaseModel] | None:
    model: type[BaseModel] | None = StudySpec
    for part in path:
        if isinstance(part, int) or model is None:
            continue
        field = model.model_fields.get(part)
        model = _model_of(field.annotation) if field else None
    return model


def _parts(annotation: Any) -> Iterator[Any]:
    """An annotation and everything inside it."""
    yield annotation
    if get_origin(annotation) in (Union, UnionType, tuple, list, Annotated):
        for inner in get_args(annotation):
            yield from _parts(inner)


def _model_of(annotation: Any) -> type[BaseModel] | None:
    return next((a for a in _parts(annotation) if isinstance(a, type) and issubclass(a, BaseModel)), None)


def _is_many(annotation: Any) -> bool:
    return any(get_origin(a) is tuple for a in _parts(annotation))


def _literals(path: KeyPath) -> tuple[Any, ...]:
    names = [p for p in path if isinstance(p, str)]
    model = _model_at(tuple(path[: path.index(names[-1])]))
    annotation = model.model_fields[names[-1]].annotation if model else None
    return next((get_args(a) for a in _parts(annotation) if get_origin(a) is Literal), ())


def _elsewhere(key: str, table: KeyPath) -> str:
    """Where a key that is unknown in ``table`` would belong."""
    if table and key in StudySpec.model_fields:
        if _model_of(StudySpec.model_fields[key].annotation) is None:
            return f"`{key}` stands above the first [table]."
        return ""
    homes = []
    for name, field in StudySpec.model_fields.items():
        model = _model_of(field.annotation)
        if model is not None and model is not EstimatorSpec and key in model.model_fields and (name,) != table[:1]:
            homes.append(f"[[{name}]]" if _is_many(field.annotation) else f"[{name}]")
    return f"`{key}` is a key of {' and '.join(homes)}." if homes else ""


# --- putting slips right, to see what else is wrong --------------------------------------------------------------

_FILLERS: tuple[Any, ...] = (1, 0.5, "x", False, date(2026, 1, 1), ["x"], [1, 1], {"relative": 0.5})
"""Values of every type a key of the spec can have; none of them is empty, so "given" stays given."""


def _repaired(raw: dict[str, Any], problems: Sequence[Problem]) -> dict[str, Any]:
    """A copy with the evident slips put right and a right-typed filler where a value is wrong or missing.

    What cannot be put right is left: pydantic then does not compare the keys of that table, and nothing is reported
    that may be a mere consequence.
    """
    fixed = deepcopy(raw)
    for number, p in enumerate(problems):
        if not p.path or p.code not in ("E201", "E202", "E203", "E204", "E205", "E206"):
            continue
        table: Any = value_at(fixed, p.path[:-1])
        key: Any = p.path[-1]
        if isinstance(table, dict) and p.code == "E204":
            value = table.pop(key)
            if p.suggestion:
                table.setdefault(p.suggestion, value)
        elif not isinstance(table, dict | list):
            continue
        elif p.suggestion or p.code == "E205":
            table[key] = p.suggestion or 1
        elif not p.allowed:
            _fill(fixed, p.path, table, key, number)
    return fixed


def _fill(raw: dict[str, Any], path: KeyPath, table: Any, key: Any, number: int) -> None:
    """Set ``table[key]``, at ``path`` of ``raw``, to the first filler that its model accepts; leave it when none is."""
    absent = object()
    written = table.get(key, absent) if isinstance(table, dict) else table[key]
    for filler in _FILLERS:
        table[key] = f"x{number}" if filler == "x" else filler
        try:
            StudySpec.model_validate(raw)
        except ValidationError as e:
            wrong = {_path(raw, x["loc"], x["type"])[0] for x in e.errors(include_url=False)}
            if not any(w[: len(path)] == path for w in wrong):
                return
        else:
            return
    if written is absent:
        del table[key]
    else:
        table[key] = written
