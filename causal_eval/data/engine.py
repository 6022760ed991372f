"""The DuckDB engine behind Ibis: opening it, registering Arrow tables, keeping results, fetching them as Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

_MEMORY = "800MB"
_numbers = count()


def connect() -> Any:
    """A fresh in-memory DuckDB backend of Ibis.

    It spills to a temporary folder above 800 MB, so that a table larger than that can still be shaped, and
    installs no extension by itself.
    """
    import atexit
    import shutil
    import tempfile

    import ibis

    con = ibis.duckdb.connect()
    spill = tempfile.mkdtemp(prefix="causal-eval-")
    atexit.register(shutil.rmtree, spill, ignore_errors=True)
    for key, value in {
        "temp_directory": spill,
        "memory_limit": _MEMORY,
        "TimeZone": "UTC",
        "autoinstall_known_extensions": "false",
    }.items():
        execute(con, f"SET {key} = '{quote_text(value)}'")
    return con


def quote_text(text: str) -> str:
    """Text to stand between single quotes in SQL."""
    return text.replace("'", "''")


def fresh_name(stem: str) -> str:
    """A table name not used before in this process."""
    return f"ce_{stem}_{next(_numbers)}"


def execute(con: Any, sql: str, parameters: Any = None) -> Any:
    """Run a statement on the DuckDB connection of an Ibis backend."""
    return con.con.execute(sql, parameters) if parameters is not None else con.con.execute(sql)


def register(con: Any, table: Any, stem: str = "frame") -> Any:
    """An Arrow table as an Ibis table, not copied."""
    name = fresh_name(stem)
    con.con.register(name, table)
    return con.table(name)


def keep(con: Any, expr: Any, stem: str) -> Any:
    """The rows of an Ibis expression in a temporary table, in the expression's order."""
    name = fresh_name(stem)
    execute(con, f'CREATE TEMP TABLE "{name}" AS {con.compile(expr)}')
    return con.table(name, database=("temp", "main"))


def drop(con: Any, table: Any) -> None:
    """Give back what :func:`keep` holds; nothing that reads ``table`` may run afterwards."""
    execute(con, f'DROP TABLE "{table.op().name}"')


def arrow(con: Any, expr: Any) -> Any:
    """The rows of an Ibis expression as one Arrow table."""
    relation = con.con.sql(str(con.compile(expr)))
    return relation.to_arrow_table() if hasattr(relation, "to_arrow_table") else relation.fetch_arrow_table()


def batches(con: Any, expr: Any, rows: int = 500_000) -> Iterator[Any]:
    """The rows of an Ibis expression as Arrow record batches, never all at once."""
    relation = con.con.sql(str(con.compile(expr)))
    for name in ("to_arrow_reader", "fetch_arrow_reader", "fetch_record_batch"):
        if hasattr(relation, name):
            yield from getattr(relation, name)(rows)
            return
    yield from arrow(con, expr).to_batches(rows)


def values(con: Any, expr: Any) -> dict[str, Any]:
    """The single row of an aggregation, by column name."""
    row: dict[str, Any] = arrow(con, expr).to_pylist()[0]
    return row


@contextmanager
def one_thread(con: Any) -> Iterator[None]:
    """Sums inside are taken in the order of the rows, whatever the machine."""
    threads = execute(con, "SELECT current_setting('threads')").fetchall()[0][0]
    execute(con, "SET threads = 1")
    try:
        yield
    finally:
        execute(con, f"SET threads = {int(threads)}")
