"""A study's graph is held against its roles and metrics before anything is estimated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

STUDY = """\
schema_version = 1

[study]
id = "opt-in"
title = "Opt-in"
question = "Did it help?"

[data]
source = "rows.csv"

[roles]
treatment = "opened"
covariates = ["tenure",
  "channel"]

[design]
graph = "dag.dot"

[[metrics]]
name = "solved"
better = "higher"

[[estimators]]
method = "outcome_regression"
"""
DAG = """\
digraph {
  tenure -> opened; tenure -> solved;
  channel -> {opened solved};
  opened -> solved;
  lottery -> opened;
  opened -> replies -> solved;
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four hundred people, with a text covariate, an instrument and a mediator."""
    rng = np.random.default_rng(3)
    n = 400
    tenure, lottery = rng.normal(size=n), rng.integers(0, 2, n)
    channel = rng.choice(["app", "mail", "web"], n)
    opened = (tenure + lottery + (channel == "web") + rng.normal(size=n) > 0.8).astype(int)
    replies = opened + rng.normal(size=n)
    solved = replies + tenure + (channel == "web") + rng.normal(size=n)
    pd.DataFrame(
        {
            "tenure": tenure,
            "lottery": lottery,
            "channel": channel,
            "opened": opened,
            "replies": replies,
            "solved": solved,
        }
    ).to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "dag.dot").write_text(DAG)
    return tmp_path


def test_a_graph_with_its_covariates_passes(folder: Path, command: Callable[..., Any]) -> None:
    """Text covariates are found by the column's name."""
    done = command("check", folder / "study.toml")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("covariate", "says"),
    [("replies", "is a mediator: the effect passes through it (opened -> replies -> solved)")],
)
def test_a_covariate_that_may_not_be_adjusted_for_is_refused_at_its_line(
    folder: Path, command: Callable[..., Any], covariate: str, says: str
) -> None:
    """Exit code 3, with the line of the entry in roles.covariates."""
    (folder / "study.toml").write_text(STUDY.replace('"channel"]', f'"channel", "{covariate}"]'))
    done = command("check", folder / "study.toml")
    assert done.code == 3
    assert f"study.toml:14:14 E216 covariate `{covariate}` {says}" in done.err
    assert f"Take `{covariate}` out of roles.covariates" in done.err


def test_names_that_are_not_in_the_graph_are_refused_all_at_once(folder: Path, command: Callable[..., Any]) -> None:
    """Treatment, outcome and covariate; with the nearest node."""
    (folder / "dag.dot").write_text("digraph { tenur -> open; open -> solvd; chanel -> open; channel [observed=no]; }")
    done = command("check", folder / "study.toml")
    assert done.code == 3 and done.err.count("E215") == 4
    assert "the treatment is not in the causal graph" in done.err
    assert "did you mean `tenur`?" in done.err and "the primary metric `solved`" in done.err
    assert "`channel` is a covariate, and the causal graph calls it unobserved" in done.err


def test_a_broken_graph_is_refused_with_its_own_line(folder: Path, command: Callable[..., Any]) -> None:
    (folder / "dag.dot").write_text("digraph {\n tenure -> opened\n opened ->\n}")
    done = command("check", folder / "study.toml")
    assert done.code == 3
    assert f"{folder / 'dag.dot'}:3:" in done.err and "E214" in done.err
    (folder / "dag.dot").unlink()
    done = command("run", folder / "study.toml")
    assert done.code == 3 and "study.toml:17:" in done.err and "there is no file" in done.err


def test_check_warns_of_a_missing_confounder_at_the_covariates_and_run_closes_the_gate(
    folder: Path, command: Callable[..., Any]
) -> None:
    """`check` still succeeds: the study can be run, and says in its report that no decision may rest on it."""
    (folder / "study.toml").write_text(STUDY.replace(',\n  "channel"', ""))
    done = command("check", folder / "study.toml")
    assert done.code == 0
    assert (
        "study.toml:13:14 warning: By the graph, a back-door path stays open: opened <- channel -> solved" in done.err
    )
    assert "Add `channel` to roles.covariates" in done.err
    done = command("run", folder / "study.toml", "--out", folder / "out", "--formats", "md")
    assert done.code == 5
    assert "to roles.covariates" in (folder / "out" / "report.md").read_text()


def test_a_node_that_is_no_column_is_refused_when_the_data_are_read(folder: Path, command: Callable[..., Any]) -> None:
    (folder / "dag.dot").write_text(DAG.replace("lottery", "raffle"))
    done = command("check", folder / "study.toml")
    assert done.code == 4 and f"{folder / 'dag.dot'}:5: E310 `raffle` of the causal graph" in done.err


def test_the_new_checks_are_explained(command: Callable[..., Any]) -> None:
    for name in ("graph_independences", "graph_adjustment", "E214", "E215", "E216"):
        done = command("explain", name)
        assert done.code == 0 and "graph" in done.out
