"""study.toml in: the document with its places, the checked study, and every error of the file at once.

>>> document = read_document(Path("study.toml"))            # doctest: +SKIP
>>> spec, problems = check_document(document)                # doctest: +SKIP
>>> print(render(document, problems))                        # doctest: +SKIP
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel

from causal_eval.errors import CausalEvalError, Problem, SpecError, suggest
from causal_eval.spec.document import Document, Place, Reader
from causal_eval.spec.locate import KeyPath
from causal_eval.spec.models import StudySpec
from causal_eval.spec.problems import check, table_title, unknown_key, value_at
from causal_eval.spec.render import rendered
from causal_eval.spec.secrets import mask_text, masked

__all__ = [
    "Document", "Place", "check_document", "fail", "from_mapping", "locate", "placed", "read_document", "render", "resolved",
    "table_title", "unknown_key",
]  # fmt: skip


def read_document(path: Path | str) -> Document:
    """The study file, merged with the files it extends.

    Tables merge key by key, later files win and the study wins over all. ``metrics``, ``estimators`` and ``events``
    merge by name (an estimator's is its ``name`` or else its ``method``): the study's own come first, in their order.
    Relative paths of an extended file start at that file's folder.

    Raises:
        SpecError: E100 there is no such file, E101 not valid TOML, E102 a file of ``extends`` is missing or leads
            back to itself, E103 not UTF-8, E202 and E205 where an extended file has a wrong ``extends`` or
            ``schema_version``.
    """
    path = Path(path)
    reader = Reader()
    document = reader.read(path)
    if document is None:
        fail(Document(path, {}, (), tuple(reader.sources), {}), reader.problems)
    return document


def from_mapping(raw: Mapping[str, Any] | StudySpec, *, base: Path | None = None) -> Document:
    """A study that did not come from a file: the same document, without places.

    Args:
        raw: what the file would hold, or a study already checked.
        base: folder that relative paths and ``extends`` start at; default: the current one.

    Raises:
        SpecError: as :func:`read_document`, for the files it extends.
    """
    tables = raw.model_dump(exclude_unset=True) if isinstance(raw, StudySpec) else dict(raw)
    reader = Reader()
    document = reader.read_mapping(tables, base or Path())
    if document is None:
        fail(Document(Path(), {}, (), tuple(reader.sources), {}), reader.problems)
    return document


def check_document(document: Document) -> tuple[StudySpec | None, list[Problem]]:
    """The study as frozen models and no problems, or None and all its problems, located and in the file's order."""
    spec, problems = check(document)
    return spec, _ordered(document, problems)


def locate(document: Document, problem: Problem) -> Problem:
    """The problem with its file, line and column, and the nearest allowed word where it has none.

    A problem that already has a line keeps it.
    """
    suggestion = problem.suggestion
    if not suggestion and problem.allowed and problem.path:
        value = problem.path[-1] if problem.on_key else value_at(document.raw, problem.path)
        suggestion = suggest(value, problem.allowed).nearest if isinstance(value, str) else ""
    place = Place(problem.file, problem.line, problem.col, problem.col)
    if not problem.line:
        place = document.place(problem.path, on_key=problem.on_key)
    return dataclasses.replace(
        problem, suggestion=suggestion, file=place.file, line=place.line, col=place.col,
        message=mask_text(problem.message), hint=mask_text(problem.hint),
    )  # fmt: skip


def render(document: Document, problems: Sequence[Problem], *, command: str = "") -> str:
    """All problems as a compiler would print them, and what to run next.

    Args:
        command: the command to run next; default: ``causal-eval check`` with the study's name, or nothing for a
            study that came as a mapping.
    """
    return rendered(document, _ordered(document, problems), command)


def fail(document: Document, problems: Sequence[Problem], *, command: str = "") -> NoReturn:
    """Raise the problems, located and rendered.

    Raises:
        SpecError: always.
    """
    located = _ordered(document, problems)
    raise SpecError(located, rendered=rendered(document, located, command))


def resolved(document: Document, spec: StudySpec) -> list[tuple[str, Any, str]]:
    """Every value of the study, defaults filled in: ``(dotted key path, JSON value, who said it)``.

    A table of a list is named by its name: ``metrics.csat.kind``. The origin is ``"study.toml:12"``,
    ``"support-defaults.toml:3"``, ``"default"``, or ``"given"`` for a study that came as a mapping. Secrets are masked.
    """
    return [(".".join(map(_bare, names)), masked(value, path), document.origin(path))
            for names, path, value in _leaves(spec, (), (), spec)]  # fmt: skip


def _leaves(
    value: Any, names: tuple[str, ...], path: KeyPath, spec: StudySpec
) -> Iterator[tuple[tuple[str, ...], KeyPath, Any]]:
    if isinstance(value, BaseModel):
        for key in [*type(value).model_fields, *(value.model_extra or {})]:
            yield from _leaves(_effective(spec, path, key, getattr(value, key)), (*names, key), (*path, key), spec)
    elif isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*names, str(key)), (*path, str(key)), spec)
    elif isinstance(value, tuple) and value and all(isinstance(v, BaseModel) for v in value):
        for i, inner in enumerate(value):
            name = getattr(inner, "name", None) or getattr(inner, "method", None) or str(i)
            yield from _leaves(inner, (*names, name), (*path, i), spec)
    else:
        yield names, path, value


def _effective(spec: StudySpec, path: KeyPath, key: str, value: Any) -> Any:
    """A value whose default depends on the others, filled in."""
    if value is None and len(path) == 2 and isinstance(path[1], int):
        if path[0] == "metrics":
            metric = spec.metrics[path[1]]
            if key == "column" and metric.kind not in ("ratio", "duration"):
                return metric.name
            return spec.metric_role(metric) if key == "role" else None
        if path[0] == "estimators" and key in ("role", "name"):
            return spec.analysis_role(path[1]) if key == "role" else spec.estimators[path[1]].method
    return value


def _bare(name: str) -> str:
    """A key as TOML writes it."""
    import json

    plain = bool(name) and all(c.isascii() and (c.isalnum() or c in "-_") for c in name)
    return name if plain else json.dumps(name, ensure_ascii=False)


@contextmanager
def placed(document: Document) -> Iterator[None]:
    """An error about a key of the study, such as ``roles.covariates_as_of``, gets the place of that key."""
    try:
        yield
    except CausalEvalError as e:
        path = tuple(e.where.split("."))
        if document.holds(path) and (at := document.place(path)).line:
            e.where = f"{at.file}:{at.line}:{at.col}"
        raise


def _ordered(document: Document, problems: Sequence[Problem]) -> list[Problem]:
    """The problems located, without repetitions, in the order of the files and of their lines."""
    files = [s.label for s in document.sources]
    located = dict.fromkeys(locate(document, p) for p in problems)
    order = {file: i for i, file in enumerate(files)}
    return sorted(located, key=lambda p: (order.get(p.file, len(order)), p.line, p.col, p.code))
