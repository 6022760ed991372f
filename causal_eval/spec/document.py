"""A study file as written: parsed, merged with the files it extends, every key with its place."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from causal_eval.errors import Problem
from causal_eval.spec.locate import KeyPath, Lines, Spot, normalise, scan

MERGED_BY_NAME = ("metrics", "estimators", "events")


class Place(NamedTuple):
    """A stretch of one line of a file; line and columns from 1, ``col_end`` past the last character."""

    file: str
    line: int
    col: int
    col_end: int


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its text, what it says, and where each key stands."""

    path: Path
    label: str
    """The file's name as the author would type it here."""
    lines: Lines = field(repr=False)
    raw: dict[str, Any] = field(default_factory=dict, repr=False)
    spots: Mapping[KeyPath, Spot] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Document:
    """A study with its files merged; nothing of it is checked yet.

    Attributes:
        path: the study file; ``Path()`` when the study came as a mapping.
        raw: the merged tables.
        files: the study file first, then the files it extends in the order they were read.
    """

    path: Path
    raw: dict[str, Any] = field(repr=False)
    files: tuple[Path, ...] = ()
    sources: tuple[Source, ...] = field(default=(), repr=False)
    origins: Mapping[KeyPath, tuple[int, KeyPath]] = field(default_factory=dict, repr=False)
    """Merged key path -> (index into ``sources``, key path in that file)."""
    base: Path = Path()
    """Folder that the study's relative paths start at."""

    @property
    def label(self) -> str:
        """The study file's name as the author would type it here; empty for a mapping."""
        return "" if self.path == Path() else self.path.as_posix()

    def holds(self, path: KeyPath) -> bool:
        """Whether some file says something at this key path."""
        return path in self.origins

    def place(self, path: KeyPath, *, on_key: bool = False) -> Place:
        """Where a key path stands: its value (a table's header), or with ``on_key`` the key itself.

        A path that no file holds stands where the nearest table around it does, and in the study's first line when
        there is none. ``Place("", 0, 0, 0)`` for a study that came as a mapping.
        """
        if not self.sources:
            return Place("", 0, 0, 0)
        nearest = path
        while nearest and nearest not in self.origins:
            nearest = nearest[:-1]
        if not nearest:
            return Place(self.sources[0].label, 1, 1, 1)
        index, own = self.origins[nearest]
        source = self.sources[index]
        spot = source.spots[own]
        start, stop = spot.key if on_key and nearest == path else spot.value
        line, col = source.lines.place(start)
        stop = min(stop, source.lines.span(line)[1])
        return Place(source.label, line, col, col + stop - start)

    def own_path(self, path: KeyPath) -> KeyPath:
        """The path in its own file, where lists of tables may be numbered differently; itself when unknown."""
        return self.origins[path][1] if path in self.origins else path

    def origin(self, path: KeyPath) -> str:
        """Who said the value: ``"study.toml:12"`` (relative to the study's folder), or ``"default"``."""
        if path not in self.origins:
            return "default"
        if not self.sources:
            return "given"
        source = self.sources[self.origins[path][0]]
        name = Path(os.path.relpath(source.path, self.sources[0].path.parent)).as_posix()
        return f"{name}:{self.place(path, on_key=True).line}"


# --- reading files ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Reader:
    """Reads a study file and what it extends, and gathers every problem on the way instead of stopping."""

    sources: list[Source] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def read(self, path: Path) -> Document | None:
        """The merged document, or None when there are ``problems``."""
        first = self._source(path, path.as_posix(), missing="E100", asked_at=None)
        merged = self._with_bases(0, (path.resolve(),)) if first is not None else None
        return None if merged is None or self.problems else self._document(path, merged, path.parent)

    def read_mapping(self, raw: dict[str, Any], base: Path) -> Document | None:
        """The same for a study that came as a mapping; its ``extends`` start at ``base``."""
        merged = self._merged(_tree(raw, -1, ()), raw.get("extends", []), base, "", (), None)
        return None if self.problems else self._document(Path(), merged, base)

    def _document(self, path: Path, merged: _Node, base: Path) -> Document:
        origins: dict[KeyPath, tuple[int, KeyPath]] = {}
        raw = _flatten(merged, (), origins)
        if -1 in {index for index, _ in origins.values()}:  # a mapping: places are not known
            return Document(Path(), raw, tuple(s.path for s in self.sources), (), origins, base)
        _rebase(raw, origins, self.sources)
        return Document(path, raw, tuple(s.path for s in self.sources), tuple(self.sources), origins, base)

    def _source(self, path: Path, label: str, *, missing: str, asked_at: Place | None) -> Source | None:
        """Read and parse one file; on failure note the problem and return None."""
        at = asked_at or Place(label, 0, 0, 0)
        try:
            data = path.read_bytes()
        except OSError as e:
            what = "study file" if missing == "E100" else "extends: file"
            reason = "not found" if isinstance(e, FileNotFoundError) else _reason(e)
            hint = "`causal-eval init` writes a first study.toml." if missing == "E100" else ""
            self._note(missing, f"{what} {label} {reason}", at, hint=hint)
            return None
        try:
            text = normalise(data.decode("utf-8-sig"))
        except UnicodeDecodeError as e:
            before = data[: e.start].decode("utf-8", "replace")
            line, col = before.count("\n") + 1, len(before) - before.rfind("\n")
            utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
            self._note("E103", f"not UTF-8: {'this is UTF-16' if utf16 else f'byte 0x{data[e.start]:02x}'}",
                       Place(label, line, col, col), hint="Save the file as UTF-8.")  # fmt: skip
            return None
        lines = Lines.of(text)
        source = Source(path, label, lines)
        self.sources.append(source)
        try:
            raw = tomllib.loads(text)
            self.sources[-1] = Source(path, label, lines, raw, scan(text))
        except RecursionError:
            self._note("E101", "not valid TOML: nested too deeply", Place(label, 1, 1, 1))
            return None
        except ValueError as e:
            message, line, col = _syntax(str(e), lines)
            hint = _syntax_hint(message, lines, line)
            self._note("E101", f"not valid TOML: {message}", Place(label, line, col, col), hint=hint)
            return None
        return self.sources[-1]

    def _with_bases(self, index: int, chain: tuple[Path, ...]) -> _Node:
        source = self.sources[index]
        node = _tree(source.raw, index, ())
        return self._merged(node, source.raw.get("extends", []), source.path.parent, source.label, chain, source)

    def _merged(self, node: _Node, extends: Any, folder: Path, label: str, chain: tuple[Path, ...],
                source: Source | None) -> _Node:  # fmt: skip
        """``node`` over the files it extends; the files are read depth first, in the order named."""
        if not isinstance(extends, list | tuple) or not all(isinstance(e, str) for e in extends):
            if len(chain) > 1:  # the study's own mistake is reported with all the others by its models
                self._note("E202", '"extends": expected a list of file names', self._at(source, ("extends",)))
            return node
        below = _Node({}, node.source)
        for position, name in enumerate(extends):
            at = self._at(source, ("extends", position))
            path = folder / name
            shown = Path(os.path.normpath(Path(label).parent / name)).as_posix()
            if path.resolve() in chain:
                circle = [*chain[chain.index(path.resolve()) :], path.resolve()]
                said = " -> ".join(p.name for p in circle)
                self._note("E102", f"extends goes in a circle: {said}", at, hint="Remove one of these from `extends`.")
                continue
            index = len(self.sources)
            base = self._source(path, shown, missing="E102", asked_at=at)
            if base is None:
                continue
            version = base.raw.get("schema_version", 1)
            if version != 1:
                self._note("E205", f"schema_version {version} is not supported: this version reads 1",
                           self._at(base, ("schema_version",)))  # fmt: skip
            below = _merge(below, self._with_bases(index, (*chain, path.resolve())))
        if isinstance(below.value, dict):
            below.value.pop("extends", None)  # each file's own; not inherited
        return _merge(below, node)

    def _at(self, source: Source | None, path: KeyPath) -> Place:
        if source is None or path not in source.spots:
            return Place(source.label if source else "", 1 if source else 0, 1 if source else 0, 1 if source else 0)
        start, stop = source.spots[path].value
        line, col = source.lines.place(start)
        return Place(source.label, line, col, col + stop - start)

    def _note(self, code: str, message: str, at: Place, *, hint: str = "") -> None:
        self.problems.append(Problem(code, message, hint=hint, file=at.file, line=at.line, col=at.col))


def _reason(e: OSError) -> str:
    if isinstance(e, IsADirectoryError):
        return "is a folder"
    return f"cannot be read: {e.strerror or type(e).__name__}"


def _syntax(said: str, lines: Lines) -> tuple[str, int, int]:
    """tomllib's message without its place, and the place."""
    found = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$", said)
    message = said[: found.start()] if found else said.partition(";")[0]
    message = message[:1].lower() + message[1:]
    if found and found[1]:
        line, col = int(found[1]), int(found[2])
        if "overwrite a value" in message:  # found at the end of the value; the key is what is wrong
            start, stop = lines.span(line)
            col = 1 + stop - start - len(lines.text[start:stop].lstrip())
        return message, line, col
    line, col = lines.place(len(lines.text.rstrip())) if found else (1, 1)
    return message, line, col


def _syntax_hint(message: str, lines: Lines, line: int) -> str:
    start, stop = lines.span(min(line, len(lines.starts)))
    written = lines.text[start:stop]
    if "invalid value" in message:
        after = written.partition("=")[2].strip().lower()
        if after in ("true", "false", "yes", "no", "on", "off"):
            return "Write true or false, in small letters and without quotes."
        return "Leave the key out to take its default." if after in ("", "none", "null") else "Text stands in quotes."
    if "after a statement" in message:
        return "One key = value stands on a line; text stands in quotes, and a date is written 2026-07-06."
    if "overwrite a value" in message or "twice" in message or "already" in message:
        return "A key or [table] may stand only once; tables of a list are written [[name]]."
    if "after a key" in message or "expected '='" in message:
        return "Write key = value; a table is [name], and a key with spaces stands in quotes."
    if any(word in message for word in ("unclosed", "illegal character", "unterminated", "expected '", 'expected "')):
        return "A bracket or a quote is not closed."
    return ""


# --- merging ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Node:
    """A value with the file and key path it comes from; tables and lists hold nodes."""

    value: Any
    source: tuple[int, KeyPath]


def _tree(value: Any, index: int, path: KeyPath) -> _Node:
    if isinstance(value, Mapping):
        return _Node({k: _tree(v, index, (*path, k)) for k, v in value.items()}, (index, path))
    if isinstance(value, list | tuple):
        return _Node([_tree(v, index, (*path, i)) for i, v in enumerate(value)], (index, path))
    return _Node(value, (index, path))


def _merge(below: _Node, above: _Node, path: KeyPath = ()) -> _Node:
    """``above`` over ``below``: tables key by key, the lists of :data:`MERGED_BY_NAME` by name, all else replaced."""
    if isinstance(below.value, dict) and isinstance(above.value, dict):
        keys = dict.fromkeys([*above.value, *below.value])
        both = {
            k: _merge(below.value[k], above.value[k], (*path, k))
            if k in below.value and k in above.value
            else above.value.get(k) or below.value[k]
            for k in keys
        }
        return _Node(both, above.source)
    by_name = len(path) == 1 and path[0] in MERGED_BY_NAME
    if by_name and isinstance(below.value, list) and isinstance(above.value, list):
        return _merge_by_name(below, above, path)
    return above


def _merge_by_name(below: _Node, above: _Node, path: KeyPath) -> _Node:
    """The tables of ``above`` in their order, each over its namesake below; then the others from below."""
    left = list(below.value)
    tables = []
    for table in above.value:
        name = _name(table)
        namesake = next((t for t in left if name is not None and _name(t) == name), None)
        if namesake is None:
            tables.append(table)
        else:
            left = [t for t in left if t is not namesake]
            tables.append(_merge(namesake, table, (*path, name or "")))
    return _Node([*tables, *left], above.source)


def _name(table: _Node) -> str | None:
    if not isinstance(table.value, dict):
        return None
    said = table.value.get("name") or table.value.get("method")
    return said.value if said is not None and isinstance(said.value, str) else None


def _flatten(node: _Node, path: KeyPath, origins: dict[KeyPath, tuple[int, KeyPath]]) -> Any:
    """The plain value of a node; notes every key path's origin on the way."""
    if path:
        origins[path] = node.source
    if isinstance(node.value, dict):
        return {k: _flatten(v, (*path, k), origins) for k, v in node.value.items()}
    if isinstance(node.value, list):
        return [_flatten(v, (*path, i), origins) for i, v in enumerate(node.value)]
    return node.value


def _rebase(raw: dict[str, Any], origins: Mapping[KeyPath, tuple[int, KeyPath]], sources: list[Source]) -> None:
    """Rewrite relative paths of an extended file, which start at that file's folder, to start at the study's."""
    home = sources[0].path.parent
    data = raw.get("data")
    is_table = isinstance(data, dict) and ("connection" in data or "connection_env" in data)
    for path in (("data", "source"), ("data", "query_file"), ("data", "connection"), ("design", "graph"),
                 ("report", "template_docx"), ("report", "template_pptx")):  # fmt: skip
        table, key = raw.get(path[0]), str(path[1])
        index = origins.get(path, (0, ()))[0]
        folder = sources[index].path.parent
        if index == 0 or not isinstance(table, dict) or folder.resolve() == home.resolve():
            continue
        said = table.get(key)
        if not isinstance(said, str) or not said or (key == "source" and is_table):
            continue
        prefix, local = "", said
        if key == "connection":
            prefix, local = "duckdb:///", said.removeprefix("duckdb:///")
        if (prefix and local == said) or Path(local).is_absolute() or re.match(r"[A-Za-z][\w+.-]*:", local):
            continue
        table[key] = prefix + Path(os.path.relpath(folder / local, home)).as_posix()
