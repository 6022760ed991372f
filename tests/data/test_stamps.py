"""Covariates that were measured after the treatment are refused, by name and with the number of rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.errors import DataError, SpecError

N = 60


def people(stamp: str = "2026-03-01", treated_at: str = "2026-03-02 14:00:00") -> pd.DataFrame:
    rng = np.random.default_rng(2)
    opened = np.arange(N) % 2
    return pd.DataFrame(
        {
            "age": rng.normal(size=N), "calls": rng.normal(size=N), "opened": opened, "y": rng.normal(size=N) + opened,
            "snapshot": pd.to_datetime(stamp), "opened_at": pd.to_datetime(pd.Series(np.where(opened == 1, treated_at, None))),
        }
    )  # fmt: skip


def run(frame: pd.DataFrame, as_of: Any = "snapshot", **roles: Any) -> ce.StudyResult:
    return ce.run(
        {
            "schema_version": 1,
            "study": {"id": "s", "title": "S", "question": "?"},
            "roles": {
                "treatment": "opened",
                "covariates": ["age", "calls"],
                "covariates_as_of": as_of,
                "treated_at": "opened_at",
            }
            | roles,
            "metrics": [{"name": "y"}],
            "estimators": [{"method": "outcome_regression"}],
        },
        frame=frame,
    )


@pytest.mark.parametrize("stamp", ["2026-03-01", "2026-03-02", "2026-03-02 13:59:59"])
def test_covariates_from_before_the_treatment_pass(stamp: str) -> None:
    """A snapshot that is a date and the day of the treatment passes; the untreated need no time of treatment."""
    assert run(people(stamp)).headline.estimate is not None


def test_covariates_from_after_the_treatment_are_refused_and_counted() -> None:
    """By the second where both are times: an hour is enough."""
    with pytest.raises(DataError) as caught:
        run(people("2026-03-02 15:00:00"))
    assert caught.value.code == "E331"
    assert "after the treatment (`opened_at`): `age` and `calls` in 30 rows" in caught.value.message
    frame = people()
    frame.loc[[1, 3], "snapshot"] = pd.Timestamp("2026-03-03")
    with pytest.raises(DataError, match="`age` and `calls` in 2 rows"):
        run(frame)


def test_each_covariate_may_have_a_stamp_of_its_own() -> None:
    """Only the late one is named, and those without a stamp are not looked at."""
    frame = people().assign(calls_at=pd.Timestamp("2026-04-01"))
    with pytest.raises(DataError, match=r": `calls` in 30 rows") as caught:
        run(frame, {"age": "snapshot", "calls": "calls_at"})
    assert "`age`" not in caught.value.message
    assert run(frame, {"age": "snapshot"}).headline.estimate is not None


@pytest.mark.parametrize("kind", ["text", "date", "number"])
def test_times_may_be_text_dates_or_numbers(kind: str) -> None:
    def written(times: pd.Series) -> pd.Series:
        if kind == "number":
            return times.dt.year + times.dt.dayofyear / 1000
        return times.dt.strftime("%Y-%m-%d") if kind == "text" else times.dt.date

    frame = people().assign(snapshot=lambda f: written(f.snapshot), opened_at=lambda f: written(f.opened_at))
    assert run(frame).headline.estimate is not None
    late = people("2026-03-05").assign(snapshot=lambda f: written(f.snapshot), opened_at=lambda f: written(f.opened_at))
    with pytest.raises(DataError, match="in 30 rows"):
        run(late)


def test_rows_whose_times_cannot_be_compared_are_counted() -> None:
    """Some: a note in the lineage. All: refused, since nothing shows that the covariates came first."""
    frame = people()
    frame.loc[[1, 3, 5], "opened_at"] = pd.NaT
    assert any("in 3 treated rows `snapshot` or `opened_at` is empty" in n for n in run(frame).lineage.notes)
    frame["opened_at"] = pd.NaT
    with pytest.raises(DataError, match="no treated row has both"):
        run(frame)


def test_columns_that_hold_no_times_are_refused() -> None:
    with pytest.raises(DataError, match="`snapshot` holds no date or time in 60 rows"):
        run(people().assign(snapshot="soon"))
    with pytest.raises(DataError, match="cannot be compared: one holds numbers"):
        run(people().assign(snapshot=2026))
    with pytest.raises(DataError) as caught:
        run(people(), "snapshoot")
    assert caught.value.code == "E310"


def test_keys_that_do_not_go_together_are_refused() -> None:
    for as_of, roles, says in (
        ("snapshot", {"treated_at": None}, "needs `treated_at`"),
        (None, {}, "which is missing"),
        ({"tenure": "snapshot"}, {}, "`tenure` is dated and is not among the covariates"),
        ("snapshot", {"covariates": []}, "no covariates that"),
        ("snapshot", {"unit": "id", "time": "week"}, "in a panel the period dates the covariates"),
    ):
        with pytest.raises(SpecError, match=says):
            run(people(), as_of, **roles)


def test_the_error_has_the_line_of_the_key(tmp_path: Path, command: Callable[..., Any]) -> None:
    """`check` and `run` alike, with exit code 4."""
    people("2026-03-09").to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "study.toml").write_text(
        """schema_version = 1
study = { id = "s", title = "S", question = "?" }
data = { source = "rows.csv" }
metrics = [{ name = "y" }]
estimators = [{ method = "outcome_regression" }]
[roles]
treatment = "opened"
covariates = ["age"]
covariates_as_of = "snapshot"
treated_at = "opened_at"
"""
    )
    for verb in ("check", "run"):
        done = command(verb, tmp_path / "study.toml")
        assert done.code == 4
        assert f"{tmp_path / 'study.toml'}:9:20: E331 covariates are stamped after the treatment" in done.err
        assert "`age` in 30 rows" in done.err
    done = command("explain", "E331")
    assert done.code == 0 and "measured after the treatment" in done.out
