"""The data sets that the package ``causaldata`` ships, found without importing it."""

from __future__ import annotations

import re
from pathlib import Path

from causal_eval.errors import DataError, suggest

ENDINGS = (".csv", ".dta", ".parquet")


def shipped(where: str) -> dict[str, Path]:
    """The file of every data set, by name, sorted.

    Raises:
        DataError: E305, at ``where``, when the package is not installed.
    """
    from importlib.util import find_spec

    spec = find_spec("causaldata")
    if spec is None or not spec.submodule_search_locations:
        raise DataError("E305", "the package causaldata is not installed", where=where, hint="pip install causaldata")
    home = Path(spec.submodule_search_locations[0])
    folders = (f for f in sorted(home.iterdir()) if f.is_dir())
    return {f.name: found[0] for f in folders if (found := sorted(p for p in f.iterdir() if p.suffix in ENDINGS))}


def file_of(name: str, where: str) -> Path:
    """The file of one data set.

    Raises:
        DataError: E305, at ``where``, when there is none of this name, or the package is not installed.
    """
    found = shipped(where)
    if name not in found:
        raise DataError(
            "E305", f"causaldata has no data set `{name}`", where=where, hint=str(suggest(name, list(found)))
        )
    return found[name]


def named_in(sql: str, where: str) -> dict[str, Path]:
    """Those data sets whose names a query holds.

    Raises:
        DataError: E305, at ``where``, when it holds none, or the package is not installed.
    """
    found = shipped(where)
    words = set(re.findall(r"\w+", sql))
    named = {name: path for name, path in found.items() if name in words}
    if not named:
        hint = f"Its tables are the data sets of the package: {', '.join(found)}."
        raise DataError("E305", "the query names no data set of causaldata", where=where, hint=hint)
    return named
