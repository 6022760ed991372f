"""From ``[data]`` to an Ibis table of raw rows: files, a database, a frame, or a data set of ``causaldata``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from causal_eval.data import engine, files, shipped
from causal_eval.errors import DataError, suggest

if TYPE_CHECKING:
    from causal_eval.spec.models import Data

Kind = Literal["csv", "parquet", "json", "duckdb", "query", "frame", "causaldata", "remote"]


@dataclass(frozen=True, eq=False)
class Source:
    """Raw rows, and where they came from.

    Attributes:
        con: the Ibis DuckDB backend in which shaping happens.
        table: Ibis table of the raw rows, with the author's column names.
        kind: what was opened.
        text: the source as the author wrote it, without credentials.
        files: the files read, sorted.
        query_sha256: of the query's text, where a query was run.
        remote: whether ``table`` lives in another engine than ``con``.
    """

    con: Any
    table: Any
    kind: Kind
    text: str
    files: tuple[Path, ...] = ()
    query_sha256: str = ""
    remote: bool = False

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The author's column names."""
        return tuple(self.table.columns)

    @cached_property
    def rows_read(self) -> int:
        """How many raw rows there are."""
        return int(self.table.count().execute())

    @cached_property
    def sha256(self) -> str:
        """Of the file's bytes (of the sorted list of files, for several), else of the rows in canonical order."""
        return files.digest(self.files) if self.files else _digest_rows(self)

    def take(self, columns: Sequence[str]) -> Any:
        """The raw rows in :attr:`con`, with these columns; a remote table is fetched at every call.

        Raises:
            DataError: E310 when a column is not in the data; E304 when the other engine fails.
        """
        require(self.columns, columns)
        chosen = self.table.select(*dict.fromkeys(columns))
        if not self.remote:
            return chosen
        try:
            rows = chosen.to_pyarrow()
        except Exception as e:
            raise _query_failed(e, self.text) from e
        return engine.register(self.con, rows, "remote")


def require(present: Sequence[str], wanted: Sequence[str]) -> None:
    """Refuse columns that are not there, all at once.

    Raises:
        DataError: E310 with the nearest name of each.
    """
    missing = [c for c in dict.fromkeys(wanted) if c not in present]
    if not missing:
        return
    near = {c: suggest(c, list(present)).nearest for c in missing}
    means = [
        f"for `{c}`, did you mean `{n}`?" if len(missing) > 1 else f"Did you mean `{n}`?" for c, n in near.items() if n
    ]
    shown = ", ".join(f"`{c}`" for c in present[:30]) + (", ..." if len(present) > 30 else "")
    said = ", ".join(f"`{c}`" for c in missing)
    raise DataError(
        "E310",
        f"column{'s' * (len(missing) > 1)} {said} not in the data",
        where=missing[0],
        hint=" ".join([*means, f"The data has {shown}."]),
    )


def open_source(data: Data, *, base: Path, frame: Any = None) -> Source:
    """Open what ``[data]`` names; ``frame``, when given, is used instead of it and never written to.

    Nothing is written: database files are opened read-only. Paths are relative to ``base``.

    Raises:
        DataError: E300-E306, see :mod:`causal_eval.codes`.
    """
    if frame is not None:
        return _open_frame(frame)
    address = _address(data)
    if data.query_file:
        return _open_query(data, address, base)
    if data.source.startswith("causaldata:"):
        return _open_causaldata(data.source.removeprefix("causaldata:").strip(), data.source)
    if address == "causaldata":
        return _open_causaldata(data.source, f"causaldata:{data.source}")
    if not address:
        con = engine.connect()
        kind, paths, table = files.read(con, data.source, base)
        return Source(con, table, kind, data.source, paths)
    if address.startswith("duckdb://"):
        con, path = _attach(address, base)
        return Source(con, _database_table(con, data.source), "duckdb", data.source, (path,))
    backend = _connect_remote(address)
    try:
        table = backend.table(data.source)
    except Exception as e:
        raise _query_failed(e, f"table `{data.source}`") from e
    return Source(engine.connect(), table, "remote", data.source, remote=True)


def _address(data: Data) -> str:
    """The connection address, from the file or the environment."""
    import os

    if not data.connection_env:
        return data.connection
    address = os.environ.get(data.connection_env, "")
    if not address:
        raise DataError(
            "E303",
            f"environment variable `{data.connection_env}` is not set",
            where="data.connection_env",
            hint=f"Set {data.connection_env} to the connection address before running.",
        )
    return address


def _attach(address: str, base: Path) -> tuple[Any, Path]:
    """A DuckDB file, attached read-only as ``src``: ``duckdb:///file`` is relative to the study file."""
    text = address.removeprefix("duckdb://").partition("?")[0]
    path = Path(text)
    if text.startswith("/") and not (path.is_file() and text.startswith("//")):
        relative = base / text.lstrip("/")
        path = relative if relative.is_file() or not path.is_file() else path
    elif not path.is_absolute():
        path = base / text
    files.exists(path, base)
    con = engine.connect()
    try:
        engine.execute(con, f"ATTACH '{engine.quote_text(str(path))}' AS src (READ_ONLY)")
    except Exception as e:
        what = "the DuckDB file is locked by another process" if "lock" in str(e).lower() else "it is not a DuckDB file"
        raise DataError(
            "E303",
            f"cannot open {path.name}: {what}",
            where=str(path),
            hint="Close the program that has it open, or check that the file is a DuckDB database.",
        ) from e
    return con, path


def _database_table(con: Any, name: str) -> Any:
    schema, _, table = name.rpartition(".")
    schema = schema or "main"
    listed = engine.execute(
        con,
        "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'src' AND table_schema = ?",
        [schema],
    )
    names = sorted(str(row[0]) for row in listed.fetchall())
    if table not in names:
        raise DataError(
            "E304",
            f"the database has no table `{name}`",
            where="data.source",
            hint=str(suggest(table, names)) if names else "The database has no tables.",
        )
    return con.table(table, database=("src", schema))


def _open_query(data: Data, address: str, base: Path) -> Source:
    """Run ``query_file`` with its parameters bound, once."""
    import hashlib

    path = base / data.query_file
    files.exists(path, base)
    sql = path.read_text(encoding="utf-8")
    digest = hashlib.sha256(sql.encode()).hexdigest()
    if address and address != "causaldata" and not address.startswith("duckdb://"):
        backend = _connect_remote(address)
        table = _remote_query(backend, sql, data.params, data.query_file)
        return Source(engine.connect(), table, "remote", data.query_file, query_sha256=digest, remote=True)
    read: tuple[Path, ...] = ()
    con, database = _attach(address, base) if address.startswith("duckdb://") else (engine.connect(), None)
    if database is not None:
        read = (database,)
    if address == "causaldata":
        named = shipped.named_in(sql, data.query_file)
        read = tuple(named.values())
        for known, file in named.items():
            rows = _read_shipped(con, file).get_name()
            engine.execute(con, f'CREATE TEMP VIEW "{known}" AS SELECT * FROM "{rows}"')
    name = engine.fresh_name("query")
    try:
        _one_select(con, sql, data.query_file)
        engine.execute(con, f"SET file_search_path = '{engine.quote_text(str(base))}'")
        if database is not None:
            engine.execute(con, "USE src")
        engine.execute(con, f'CREATE TEMP TABLE "{name}" AS\n{sql}', data.params or None)
        engine.execute(con, "USE memory")
    except DataError:
        raise
    except Exception as e:
        raise _query_failed(e, data.query_file) from e
    table = con.table(name, database=("temp", "main"))
    return Source(con, table, "query", data.query_file, read, digest)


def _one_select(con: Any, sql: str, where: str) -> None:
    """A query file reads: one SELECT, no statement that could write."""
    statements = con.con.extract_statements(sql)
    if len(statements) != 1 or not str(statements[0].type).endswith("SELECT"):
        raise DataError(
            "E304",
            "the query file must hold one SELECT statement and nothing else",
            where=where,
            hint="Put preparations into a WITH clause of the SELECT.",
        )


def _query_failed(error: Exception, where: str) -> DataError:
    """The first line of an engine's complaint; the rest may quote rows."""
    said = str(error).strip().splitlines()
    return DataError(
        "E304",
        f"the query failed: {said[0][:200] if said else type(error).__name__}",
        where=where,
        hint="Run the query in your database client to see it whole.",
    )


def _connect_remote(address: str) -> Any:
    """Any other engine that Ibis opens: ``spark`` (the current or a local session), ``postgres://...``."""
    scheme = address.partition(":")[0]
    extra = {"spark": "spark", "pyspark": "spark", "postgres": "postgres", "postgresql": "postgres"}.get(scheme)
    try:
        import ibis

        if extra == "spark":
            from pyspark.sql import SparkSession

            return ibis.pyspark.connect(SparkSession.builder.getOrCreate())
        return ibis.connect(address)
    except ImportError as e:
        install = f"pip install 'causal-eval[{extra}]'" if extra else f"pip install 'ibis-framework[{scheme}]'"
        raise DataError(
            "E303",
            f"a {scheme} connection needs a package that is not installed{f' ({e.name})' if e.name else ''}",
            where="data.connection",
            hint=f"Install it: {install}",
        ) from e
    except Exception as e:
        raise DataError(
            "E303",
            f"the {scheme} connection failed ({type(e).__name__})",
            where="data.connection",
            hint="Check the address, the network and the credentials in the environment.",
        ) from e


def _remote_query(backend: Any, sql: str, params: Mapping[str, Any], where: str) -> Any:
    """A query on another engine as an Ibis table; parameters are bound by that engine's own driver."""
    try:
        if not params:
            return backend.sql(sql.strip().rstrip(";"))
        if backend.name == "pyspark":
            frame = backend._session.sql(sql, args=dict(params))
            name = engine.fresh_name("query")
            frame.createOrReplaceTempView(name)
            return backend.table(name)
        if backend.name == "postgres":
            import ibis
            import pyarrow as pa

            with backend.con.cursor() as cursor:
                cursor.execute(sql, dict(params))
                names = [d.name for d in cursor.description]
                rows = cursor.fetchall()
            return ibis.memtable(pa.Table.from_pylist([dict(zip(names, r, strict=True)) for r in rows]))
    except Exception as e:
        raise _query_failed(e, where) from e
    raise DataError(
        "E304",
        f"a {backend.name} connection takes no bound parameters",
        where=where,
        hint="Leave data.params out and write the values into a view of the database.",
    )


def _open_causaldata(name: str, text: str) -> Source:
    """One data set that the package ``causaldata`` ships."""
    path = shipped.file_of(name, text)
    con = engine.connect()
    return Source(con, _read_shipped(con, path), "causaldata", text, (path,))


def _read_shipped(con: Any, path: Path) -> Any:
    if path.suffix == ".dta":
        import pandas as pd

        return engine.register(con, to_arrow(pd.read_stata(path)))
    return files.read(con, path.name, path.parent)[2]


def _open_frame(frame: Any) -> Source:
    con = engine.connect()
    table = to_arrow(frame)
    if table.num_rows == 0:
        raise DataError("E302", "the frame has no rows", where="frame", hint="Check the filter that made it.")
    return Source(con, engine.register(con, table), "frame", "frame")


def to_arrow(frame: Any) -> Any:
    """A pandas frame, or anything with Arrow's C stream interface, as an Arrow table; the frame is not changed.

    NaN and NaT become missing, periods and categories become the values they stand for, and a named index
    becomes columns.

    Raises:
        DataError: E301 when it is no frame, or two of its columns have one name.
    """
    import pyarrow as pa

    if isinstance(frame, pa.Table):
        return frame
    if type(frame).__module__.split(".")[0] != "pandas":
        if not hasattr(frame, "__arrow_c_stream__"):
            raise DataError(
                "E301",
                f"a {type(frame).__name__} is not a data frame",
                where="frame",
                hint="Give a pandas frame, a polars frame or an Arrow table.",
            )
        return pa.table(frame)
    named = [n for n in frame.index.names if n is not None and n not in frame.columns]
    series: list[tuple[str, Any]] = [(str(n), frame.index.get_level_values(n).to_series()) for n in named]
    series += [(str(c), frame.iloc[:, i]) for i, c in enumerate(frame.columns)]
    names = [n for n, _ in series]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise DataError(
            "E301", f"the frame has two columns called `{twice[0]}`", where="frame", hint="Rename one of them."
        )
    return pa.table({n: _column(s) for n, s in series})


def _column(series: Any) -> Any:
    """One pandas column as an Arrow array."""
    import pandas as pd
    import pyarrow as pa

    if isinstance(series.dtype, pd.CategoricalDtype):
        codes = series.cat.codes.to_numpy()
        categories = _column(pd.Series(series.cat.categories))
        return categories.take(pa.array(codes, mask=codes < 0))
    if isinstance(series.dtype, pd.PeriodDtype):
        quarterly = str(series.dtype).startswith(("period[Q", "period[Y", "period[A", "period[M]"))
        text = series.astype(str).where(series.notna(), None) if quarterly else series.dt.start_time
        return pa.array(text, from_pandas=True)
    if isinstance(series.dtype, pd.SparseDtype):
        series = series.sparse.to_dense()
    try:
        array = pa.array(series, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        array = pa.array([None if _missing(v) else str(v) for v in series.tolist()], type=pa.string())
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


def _missing(value: object) -> bool:
    return value is None or value != value or type(value).__name__ in ("NAType", "NaTType")


def _digest_rows(source: Source) -> str:
    """Of the rows as text, columns by name and rows sorted, so that their order does not matter."""
    import hashlib

    import ibis

    names = sorted(source.columns)
    table = source.take(names)
    parts = [table[c].cast("string").fill_null("\0") for c in names]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + ibis.literal("\x1f") + part
    row = table.select(row=joined)
    total = hashlib.sha256("\x1f".join(names).encode())
    for batch in engine.batches(source.con, row.order_by("row")):
        total.update("\x1e".join(batch.column(0).to_pylist()).encode())
    return total.hexdigest()
