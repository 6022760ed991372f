"""Data files: found by name or glob, checked against what their ending says, read by DuckDB."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from causal_eval.data import engine
from causal_eval.errors import DataError, suggest

Format = Literal["csv", "parquet", "json"]
ENDINGS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
}
_WHOLE_SNIFF = 256 * 1024 * 1024
"""Below this size a text file's types are decided on all of its rows."""


def read(con: Any, source: str, base: Path) -> tuple[Format, tuple[Path, ...], Any]:
    """The format, the files and the Ibis table of a file or glob. Text formats are parsed once and kept.

    Raises:
        DataError: E300 nothing there; E301 cannot be read, or not what its ending says; E302 no rows; E306 an
            ending that is not supported.
    """
    paths = find(source, base)
    formats = {p: format_of(p) for p in paths}
    if len(set(formats.values())) > 1:
        raise DataError("E306", "the files have different formats", where=source, hint="Use a glob with one ending.")
    for path in paths:
        check(path, formats[path])
    form = formats[paths[0]]
    names = [str(p) for p in paths]
    try:
        table = _reader(con, form, names, paths)
        if form != "parquet":
            table = engine.keep(con, table, form)
        empty = table.limit(1).count().execute() == 0
    except Exception as e:
        raise _unreadable(e, source, form) from e
    if empty:
        raise DataError("E302", f"{source} has no rows", where=source, hint="Check the export that made it.")
    return form, paths, table


def _reader(con: Any, form: Format, names: list[str], paths: Sequence[Path]) -> Any:
    several = len(names) > 1
    if form == "parquet":
        return con.read_parquet(names, union_by_name=several)
    if form == "json":
        return con.read_json(names, union_by_name=several, sample_size=-1)
    whole = sum(p.stat().st_size for p in paths) < _WHOLE_SNIFF
    options: dict[str, Any] = {
        "header": True,
        "union_by_name": several,
        "comment": "",
        # No row is skipped by guess: a header whose rows disagree with it would be lost in silence.
        "skip": _blank_lines(paths[0]),
        # Dates stay text: a reader that guesses between 07/06 and 06/07 would guess in silence.
        "auto_type_candidates": ["BOOLEAN", "BIGINT", "DOUBLE", "VARCHAR"],
    }
    if whole:
        options["sample_size"] = -1
    if paths[0].name.lower().removesuffix(".gz").endswith(".tsv"):
        options["delim"] = "\t"
    table = con.read_csv(names, **options)
    only = table.columns[0] if len(table.columns) == 1 else ""
    split = next((d for d in ",;\t|" if d in only), "")
    # Several names in one column: the rows do not agree with the header. Read it that way, to fail where they differ.
    return con.read_csv(names, **options, delim=split) if split and "delim" not in options else table


def _blank_lines(path: Path) -> int:
    """How many empty lines stand above the header."""
    lines = _head(path).removeprefix(b"\xef\xbb\xbf").splitlines()
    return next((i for i, line in enumerate(lines) if line.strip()), 0)


def find(source: str, base: Path) -> tuple[Path, ...]:
    """The files of a path or glob, sorted.

    Raises:
        DataError: E300 when there is none, E306 for an address on the network.
    """
    import glob

    if re.match(r"[a-z][a-z0-9+]+://", source):
        raise DataError(
            "E306",
            f"{source.partition('://')[0]}:// addresses are not read",
            where="data.source",
            hint="Copy the file next to the study, or use data.connection.",
        )
    path = base / source
    if path.is_file():
        return (path,)
    if any(c in source for c in "*?["):
        found = sorted(Path(p) for p in glob.glob(str(path), recursive=True) if Path(p).is_file())
        if found:
            return tuple(found)
        raise DataError(
            "E300",
            f"no file matches {source}",
            where="data.source",
            hint=f"Paths are relative to the study file; looked in {path.parent}.",
        )
    exists(path, base)
    return (path,)


def exists(path: Path, base: Path) -> None:
    """Refuse a path that is not a file.

    Raises:
        DataError: E300 with the nearest file name.
    """
    if path.is_file():
        return
    if path.is_dir():
        raise DataError(
            "E300",
            f"{path.name} is a folder, not a file",
            where=str(path),
            hint=f"Read its files with a glob, such as {path.name}/*.parquet.",
        )
    folder = path.parent
    if not folder.is_dir():
        raise DataError(
            "E300",
            f"file {path.name} not found: its folder does not exist",
            where=str(path),
            hint=f"Paths are relative to the study file, in {base}.",
        )
    near = suggest(path.name, sorted(p.name for p in folder.iterdir() if p.is_file())).nearest
    hint = f"Did you mean `{near}`? " if near else ""
    raise DataError(
        "E300",
        f"file {path.name} not found",
        where=str(path),
        hint=f"{hint}Paths are relative to the study file, in {base}.",
    )


def format_of(path: Path) -> Format:
    """What a file's ending says.

    Raises:
        DataError: E306 for an ending that is not supported.
    """
    inner = path.name.lower().removesuffix(".gz")
    ending = Path(inner).suffix
    form = ENDINGS.get(ending)
    if form is None or (form == "parquet" and path.name.lower().endswith(".gz")):
        ending = "".join(path.suffixes[-2:]) if path.suffix.lower() == ".gz" else path.suffix
        raise DataError(
            "E306",
            f"file ending `{ending}` is not supported",
            where=str(path),
            hint=f"Supported: {', '.join(ENDINGS)}; text files also with .gz.",
        )
    return form


def check(path: Path, form: Format) -> None:
    """Refuse a file that is not what its ending says.

    Raises:
        DataError: E301 with what the file looks like; E302 when it is empty.
    """
    head = _head(path)
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise DataError("E302", f"{path.name} is empty", where=str(path), hint="Check the export that made it.")
    looks = looks_like(head)
    if form == "parquet" and looks == "Parquet":
        with path.open("rb") as f:
            f.seek(-4, 2)
            if f.read(4) != b"PAR1":
                raise DataError(
                    "E301",
                    f"{path.name} is a Parquet file that was cut off",
                    where=str(path),
                    hint="Copy or export it again.",
                )
        return
    text = {"csv": "CSV", "json": "JSON", "parquet": "Parquet"}[form]
    right = looks == "JSON" if form == "json" else form == "csv" and looks in ("text", "JSON")
    if not right:
        looks = "CSV or other text" if looks == "text" else looks
        raise DataError(
            "E301",
            f"{path.name} is not {text}, whatever its ending says: it looks like {looks}",
            where=str(path),
            hint="Rename it to what it is, or export it again.",
        )


def looks_like(head: bytes) -> str:
    """What the first bytes of a file look like."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:512]
    for magic, name in (
        (b"PAR1", "Parquet"),
        (b"PK\x03\x04", "a zip or Excel file"),
        (b"\x1f\x8b", "gzip"),
        (b"\xff\xfe", "UTF-16 text"),
        (b"\xfe\xff", "UTF-16 text"),
        (b"\xd0\xcf\x11\xe0", "an old Excel file"),
        (b"%PDF", "PDF"),
    ):
        if start.startswith(magic):
            return name
    if re.match(rb"<(!doctype|html|\?xml|head|body|script)", start.lower()):
        return "a web page (HTML or XML)"
    if b"\0" in head:
        return "binary data"
    return "JSON" if start[:1] in (b"{", b"[") else "text"


def _head(path: Path) -> bytes:
    """The first bytes of a file's content; a gzip file is read to its end to see that it is whole."""
    if path.suffix.lower() != ".gz":
        with path.open("rb") as f:
            return f.read(4096)
    import gzip

    try:
        with gzip.open(path, "rb") as z:
            head = z.read(4096)
            while z.read(1 << 20):
                pass
    except gzip.BadGzipFile as e:
        raise DataError(
            "E301",
            f"{path.name} is not a gzip file, whatever its ending says",
            where=str(path),
            hint="Remove the .gz from its name, or compress it.",
        ) from e
    except (EOFError, zlib.error) as e:
        raise DataError(
            "E301",
            f"{path.name} is a gzip file that was cut off or damaged",
            where=str(path),
            hint="Copy or export it again.",
        ) from e
    return head


def _unreadable(error: Exception, source: str, form: str) -> DataError:
    """A reader's complaint without the row it quotes."""
    said = str(error)
    line = re.search(r"\bLine:? (\d+)", said)
    place = f" at line {line[1]}" if line else ""
    if re.search(r"invalid unicode|not utf-?8 encoded", said, re.IGNORECASE):
        why, hint = "is not UTF-8 text", "Save the file as UTF-8."
    elif "error when sniffing" in said.lower():
        why, hint = (
            "has rows that do not fit its header",
            "Check the delimiter, and the quotes around text with commas.",
        )
    else:
        why, hint = (
            f"cannot be read as {form.upper() if form != 'parquet' else 'Parquet'}",
            "Check that the file is whole.",
        )
    return DataError("E301", f"{source} {why}{place}", where=source, hint=hint)


def digest(paths: Sequence[Path]) -> str:
    """sha256 of one file's bytes; of the sorted list of names and digests for several."""
    import hashlib

    sums = []
    for path in paths:
        with path.open("rb") as f:
            sums.append((path.name, hashlib.file_digest(f, "sha256").hexdigest()))
    if len(sums) == 1:
        return sums[0][1]
    return hashlib.sha256("\n".join(f"{digest}  {name}" for name, digest in sorted(sums)).encode()).hexdigest()
