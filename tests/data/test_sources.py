"""Every source gives the same rows, and a source that cannot be read says why without quoting a row."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from panels import ROLES, bytes_of, opened, panel, small

from causal_eval.data import Panel, shape
from causal_eval.errors import DataError
from causal_eval.spec.models import MetricSpec, Roles

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small panel in every format."""
    f, frame = tmp_path_factory.mktemp("sources"), small()
    frame.to_csv(f / "a.csv", index=False)
    frame.to_csv(f / "a.csv.gz", index=False)
    frame.to_csv(f / "a.tsv", index=False, sep="\t")
    frame.to_csv(f / "semicolon.csv", index=False, sep=";")
    frame.to_parquet(f / "a.parquet")
    for name, lines in (("a.json", False), ("a.json.gz", False), ("a.jsonl", True), ("a.ndjson.gz", True)):
        frame.to_json(f / name, orient="records", lines=lines, double_precision=15)
    for name, rows in (("part1.csv", frame[:20]), ("part2.csv", frame[20:])):
        rows.to_csv(f / name, index=False)
    con = duckdb.connect(str(f / "support.duckdb"))
    con.execute(f"CREATE TABLE queue_day AS SELECT * FROM '{f / 'a.parquet'}'")
    con.close()
    (f / "one.sql").write_text("SELECT 1 AS a", encoding="utf-8")
    return f


FILES = [
    "a.csv",
    "a.csv.gz",
    "a.tsv",
    "semicolon.csv",
    "a.parquet",
    "a.json",
    "a.json.gz",
    "a.jsonl",
    "a.ndjson.gz",
    "part*.csv",
]


@pytest.mark.parametrize("name", FILES)
def test_every_file_format_gives_the_same_panel(folder: Path, name: str) -> None:
    found = Panel.from_file(folder / name, **ROLES).wide()
    want = panel(small()).wide()
    assert found.units == want.units
    np.testing.assert_array_equal(found.start, want.start)
    np.testing.assert_allclose(found.outcome, want.outcome, rtol=1e-13 if "json" in name else 0)


@pytest.mark.parametrize("as_other", [lambda f: pa.Table.from_pandas(f), lambda f: f.set_index(["queue", "year"])])
def test_an_arrow_table_and_a_named_index_are_read_as_the_frame_is(as_other: Any) -> None:
    assert bytes_of(panel(as_other(small()))) == bytes_of(panel(small()))


def shaped(source: Any) -> Panel:
    found = shape(source, Roles(unit="queue", time="year", first_treated="begun"), MetricSpec(name="y"))
    assert isinstance(found, Panel)
    return found


def test_a_table_of_a_duckdb_file_is_read_and_the_file_stays_as_it_was(folder: Path) -> None:
    path = folder / "support.duckdb"
    before = path.read_bytes()
    source = opened(folder, source="queue_day", connection="duckdb:///support.duckdb")
    assert bytes_of(shaped(source)) == bytes_of(panel(small()))
    assert path.read_bytes() == before
    assert source.sha256 == hashlib.sha256(before).hexdigest()


def test_a_query_binds_its_parameters(folder: Path) -> None:
    (folder / "q.sql").write_text("-- the launch\nSELECT * FROM queue_day WHERE year >= $start; -- end\n")
    params = {"start": 2001}
    source = opened(folder, query_file="q.sql", connection="duckdb:///support.duckdb", params=params)
    assert shaped(source).axis.labels == ("2001", "2002", "2003", "2004")
    assert source.query_sha256 == hashlib.sha256((folder / "q.sql").read_bytes()).hexdigest()


@pytest.mark.parametrize("sql", ["DROP TABLE queue_day", "SELECT 1; SELECT 2", "COPY queue_day TO 'out.csv'", ""])
def test_a_query_file_that_does_more_than_select_is_refused(folder: Path, sql: str) -> None:
    (folder / "bad.sql").write_text(sql)
    with pytest.raises(DataError) as e:
        opened(folder, query_file="bad.sql", connection="duckdb:///support.duckdb")
    assert e.value.code == "E304"
    assert not (folder / "out.csv").exists()


def test_a_parameter_is_a_value_and_never_sql(folder: Path) -> None:
    (folder / "p.sql").write_text("SELECT * FROM queue_day WHERE site::VARCHAR = $site")
    params = {"site": "1' OR 1=1 --"}
    source = opened(folder, query_file="p.sql", connection="duckdb:///support.duckdb", params=params)
    assert source.rows_read == 0


def test_a_connection_comes_from_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPORT_DB", "duckdb:///support.duckdb")
    assert opened(folder, source="queue_day", connection_env="SUPPORT_DB").rows_read == len(small())


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        ({"source": "a.cvs"}, "E300", "did you mean `a.csv`"),
        ({"source": "nowhere/a.csv"}, "E300", "folder does not exist"),
        ({"source": "*.pq"}, "E300", "no file matches"),
        ({"source": "s3://bucket/a.csv"}, "E306", "not read"),
        ({"source": "support.duckdb"}, "E306", ".csv, .tsv"),
        ({"source": "t", "connection_env": "NO_SUCH_VARIABLE"}, "E303", "NO_SUCH_VARIABLE"),
        ({"source": "t", "connection": "duckdb:///nothing.duckdb"}, "E300", "nothing.duckdb"),
        ({"source": "t", "connection": "duckdb:///a.csv"}, "E303", "not a DuckDB file"),
        ({"source": "queue_dya", "connection": "duckdb:///support.duckdb"}, "E304", "did you mean `queue_day`"),
        ({"query_file": "nothing.sql"}, "E300", "nothing.sql"),
        ({"source": "causaldata:organ_donation"}, "E305", "did you mean `organ_donations`"),
        ({"source": "organ_donation", "connection": "causaldata"}, "E305", "did you mean `organ_donations`"),
        ({"query_file": "one.sql", "connection": "causaldata"}, "E305", "names no data set of causaldata"),
    ],
)
def test_a_source_that_is_not_there_names_what_is(folder: Path, data: dict[str, Any], code: str, said: str) -> None:
    with pytest.raises(DataError) as e:
        opened(folder, **data)
    assert e.value.code == code
    assert said.lower() in str(e.value).lower()


@pytest.mark.parametrize(
    ("connection", "module", "extra"), [("spark", "pyspark", "spark"), ("postgres://h/db", "psycopg", "postgres")]
)
def test_an_engine_whose_package_is_missing_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connection: str, module: str, extra: str
) -> None:
    for name in (module, f"{module}.sql", f"ibis.backends.{extra}"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(DataError) as e:
        opened(tmp_path, source="t", connection=connection)
    assert e.value.code == "E303"
    assert f"causal-eval[{extra}]" in e.value.hint


def csv_bytes() -> bytes:
    return b"queue,year,y\nAlice,2000,1.5\nBob,2001,2.5\n"


@pytest.mark.parametrize(
    ("name", "content", "code", "said"),
    [
        ("x.parquet", csv_bytes(), "E301", "looks like CSV"),
        ("x.csv", b"<!DOCTYPE html><html><body>Alice</body></html>", "E301", "web page"),
        ("x.csv", b"PAR1....", "E301", "looks like Parquet"),
        ("x.csv", b"PK\x03\x04abc", "E301", "Excel"),
        ("x.csv", "a,b\n1,2\n".encode("utf-16"), "E301", "UTF-16"),
        ("x.csv", b"queue,y\ncaf\xe9,1\n", "E301", "not UTF-8"),
        ("x.csv", b"queue,year,y\nAlice,1,2\nBob,1,2,3,4,5\n", "E301", "x.csv"),
        ("x.csv.gz", gzip.compress(csv_bytes(), mtime=0)[:-10], "E301", "cut off"),
        ("x.csv.gz", csv_bytes(), "E301", "not a gzip file"),
        ("x.json", csv_bytes(), "E301", "not JSON"),
        ("x.json", b'[{"queue": "Alice", "y": 1}, {"qu', "E301", "x.json"),
        ("x.parquet", b"PAR1" + b"\0" * 40, "E301", "cut off"),
        ("x.parquet", b"PAR1" + b"\0" * 40 + b"PAR1", "E301", "cannot be read"),
        ("x.csv", b"", "E302", "empty"),
        ("x.csv", b"\xef\xbb\xbf\n", "E302", "empty"),
        ("x.csv", b"queue,year,y\n", "E302", "no rows"),
        ("x.json", b"[]", "E302", "no rows"),
    ],
)
def test_a_file_that_is_not_what_its_ending_says_is_refused_without_quoting_it(
    tmp_path: Path, name: str, content: bytes, code: str, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as e:
        opened(tmp_path, source=name)
    assert e.value.code == code
    assert said in str(e.value)
    assert "Alice" not in str(e.value) and "Bob" not in str(e.value)
    assert e.value.hint


def test_a_value_that_begins_with_a_hash_is_a_row_not_a_comment(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("queue,y\n#1,1\n2,2\n#3,3\n")
    assert opened(tmp_path, source="x.csv").rows_read == 3


def test_a_header_whose_rows_disagree_with_it_is_never_skipped(tmp_path: Path) -> None:
    """A reader that looks for the header itself would take Bob's row for it, and name him in an error."""
    (tmp_path / "x.csv").write_text("queue,year,y\nAlice,1,2\n" + "Bob,1,2,3,4,5\n" * 30)
    with pytest.raises(DataError) as e:
        Panel.from_file(tmp_path / "x.csv", **ROLES)
    assert e.value.code == "E301" and "Bob" not in str(e.value)


def test_empty_lines_above_the_header_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("\n\nqueue,y\n1,2\n")
    assert opened(tmp_path, source="x.csv").columns == ("queue", "y")


def test_dates_of_a_csv_are_never_guessed(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(
        "queue,day,y,on\n1,07/06/2026,1,0\n1,08/06/2026,2,1\n2,07/06/2026,1,0\n2,08/06/2026,2,0\n"
    )
    roles = {"unit": "queue", "time": "day", "outcome": "y", "treatment": "on"}
    with pytest.raises(DataError) as e:
        Panel.from_file(tmp_path / "x.csv", **roles)
    assert e.value.code == "E319"
    assert Panel.from_file(tmp_path / "x.csv", **roles, time_format="%d/%m/%Y").axis.noun == "day"


def test_the_digest_of_a_file_is_of_its_bytes_and_of_a_glob_of_its_list(folder: Path) -> None:
    assert opened(folder, source="a.csv").sha256 == hashlib.sha256((folder / "a.csv").read_bytes()).hexdigest()
    lines = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}" for n in ("part1.csv", "part2.csv")]
    assert opened(folder, source="part*.csv").sha256 == hashlib.sha256("\n".join(lines).encode()).hexdigest()


def test_the_digest_of_a_frame_is_of_its_rows_whatever_their_order(tmp_path: Path) -> None:
    frame = small()
    other = frame.sample(frac=1, random_state=2)[sorted(frame.columns)]
    changed = frame.assign(y=frame.y.where(frame.index != 3, 0.0))
    a, b, c = (opened(tmp_path, frame=f).sha256 for f in (frame, other, changed))
    assert a == b != c


def test_the_callers_frame_is_not_written_to() -> None:
    frame = small().assign(queue=lambda f: f.queue.astype("category"))
    before = frame.copy(deep=True)
    bytes_of(panel(frame))
    pd.testing.assert_frame_equal(frame, before)


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    frame = small()
    frame.columns = ["queue", "year", "begun", "y", "y", "opened"]
    with pytest.raises(DataError, match="two columns called `y`"):
        opened(tmp_path, frame=frame)


def test_something_that_is_no_frame_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a data frame"):
        opened(tmp_path, frame={"a": [1]})


def test_organ_donations_come_out_of_causaldata_in_quarter_order(tmp_path: Path) -> None:
    """Kessler and Roth (2014): quarters are written Q42010, which as text would sort last."""
    source = opened(tmp_path, source="causaldata:organ_donations")
    found = Panel.from_frame(
        source.table.to_pyarrow(),
        unit="State",
        time="Quarter",
        outcome="Rate",
        treated_units=["California"],
        launch="Q32011",
    )
    assert found.axis.labels == ("Q42010", "Q12011", "Q22011", "Q32011", "Q42011", "Q12012")
    wide = found.wide()
    assert wide.outcome.shape == (27, 6) and wide.balanced
    assert [u for u, s in zip(wide.units, wide.start, strict=True) if np.isfinite(s)] == ["California"]


def test_a_stata_file_of_causaldata_is_read(tmp_path: Path) -> None:
    assert opened(tmp_path, source="causaldata:castle").rows_read == 550


def test_a_query_joins_data_sets_of_causaldata_whatever_their_format(tmp_path: Path) -> None:
    """The trained of one, the survey of another, as LaLonde put them together; the files are what the digest is of."""
    sql = "SELECT treat, re78 FROM nsw_mixtape WHERE treat = $treat UNION ALL SELECT treat, re78 FROM cps_mixtape"
    (tmp_path / "both.sql").write_text(sql, encoding="utf-8")
    source = opened(tmp_path, query_file="both.sql", connection="causaldata", params={"treat": 1})
    assert source.rows_read == 185 + 15_992
    assert [f.stem for f in source.files] == ["cps_mixtape", "nsw_mixtape"]
    assert opened(tmp_path, source="nsw_mixtape", connection="causaldata").rows_read == 445


@pytest.mark.skipif(
    not (SHARED / "did_mpdta.csv").is_file(), reason="the shared data folder is not beside the repository"
)
def test_the_minimum_wage_panel_has_its_published_cohorts() -> None:
    """Callaway and Sant'Anna: 500 counties, of which 20, 40 and 131 raise the minimum wage in 2004, 2006 and 2007."""
    found = Panel.from_file(
        SHARED / "did_mpdta.csv",
        unit="countyreal",
        time="year",
        outcome="lemp",
        first_treated="first.treat",
        covariates=["lpop"],
    )
    assert found.cohorts() == ((2004, 20), (2006, 40), (2007, 131))
    assert found.moments().n.tolist() == [20, 40, 131, 309]


def test_importing_the_data_layer_loads_no_heavy_library() -> None:
    code = (
        "import sys, causal_eval.data; "
        "print([m for m in ('pandas','ibis','pyarrow','duckdb','numpy','scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_shaping_a_frame_loads_no_estimation_library(tmp_path: Path) -> None:
    small().to_csv(tmp_path / "a.csv", index=False)
    code = (
        "import sys; from causal_eval.data import Panel; "
        f"p = Panel.from_file({str(tmp_path / 'a.csv')!r}, unit='queue', time='year', outcome='y', "
        "first_treated='begun'); "
        "p.moments(); p.cells(); "
        "print([m for m in ('dowhy','econml','linearmodels','statsmodels','sklearn','matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
