"""The causal graph against the covariates and against the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.results.io import from_json, to_json
from causal_eval.results.types import Diagnostic, StudyResult

DAG = """digraph {
  tenure -> {opened solved}; channel -> {opened solved}; lottery -> opened; opened -> replies; replies -> solved;
}"""


def people(n: int = 800, *, seed: int = 1, leak: float = 0.0, hidden: float = 0.0) -> pd.DataFrame:
    """Who opened a feature. ``leak``: the lottery also moves the outcome; ``hidden``: a common cause of tenure and replies."""
    rng = np.random.default_rng(seed)
    u = rng.normal(size=n)
    tenure, lottery = rng.normal(size=n) + hidden * u, rng.integers(0, 2, n)
    channel = rng.choice(["app", "mail", "web"], n)
    web = channel == "web"
    opened = (rng.random(n) < 1 / (1 + np.exp(-(0.5 * tenure + lottery + web - 0.8)))).astype(int)
    replies = opened + rng.normal(size=n) + hidden * u
    solved = replies + tenure + web + leak * lottery + rng.normal(size=n)
    day = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 90, n), unit="D")
    return pd.DataFrame(
        {
            "tenure": tenure,
            "lottery": lottery,
            "channel": channel,
            "opened": opened,
            "replies": replies,
            "solved": solved,
            "day": day,
        }
    )


def run(
    folder: Path, frame: pd.DataFrame, dag: str = DAG, covariates: tuple[str, ...] = ("tenure", "channel"), **more: Any
) -> StudyResult:
    (folder / "dag.dot").write_text(dag)
    spec: dict[str, Any] = {
        "schema_version": 1,
        "study": {"id": "s", "title": "S", "question": "?"},
        "roles": {"treatment": "opened", "covariates": list(covariates)},
        "design": {"graph": str(folder / "dag.dot")} if dag else {},
        "metrics": [{"name": "solved", "better": "higher"}],
        "estimators": [{"method": "outcome_regression"}],
        **more,
    }
    return ce.run(spec, frame=frame)


def check(result: StudyResult, name: str) -> Diagnostic:
    (found,) = [d for d in result.diagnostics if d.check == name]
    return found


def test_a_right_graph_passes_both_checks_and_lands_in_the_result(tmp_path: Path) -> None:
    """Every implied independence is tested, among them that of a text covariate; the frame given is not written to."""
    frame = people()
    before = frame.copy(deep=True)
    result = run(tmp_path, frame)
    pd.testing.assert_frame_equal(frame, before)
    enough, independent = check(result, "graph_adjustment"), check(result, "graph_independences")
    assert enough.verdict == "pass" and enough.gate
    assert "adjusting for `channel` and `tenure` blocks every back-door path" in enough.reading
    assert "`lottery` only moves the treatment (an instrument)" in enough.reading
    assert independent.verdict == "pass" and not independent.gate
    assert (
        "The graph implies 8 independences among the columns at hand, and 8 were tested. None fails"
        in independent.reading
    )
    assert "would have been seen with a probability of 80%" in independent.reading
    tests = {(t["a"], t["b"]): t["given"] for t in independent.details["tests"]}  # type: ignore[union-attr, index, call-overload]
    assert tests["channel", "tenure"] == [] and tests["opened", "solved"] == ["channel", "replies", "tenure"]
    found = result.identification
    assert (
        found is not None
        and found.given
        and found.adjusted == ("channel", "tenure")
        and found.instruments == ("lottery",)
    )
    assert from_json(to_json(result)) == result


def test_a_missing_confounder_closes_the_gate_and_is_named(tmp_path: Path) -> None:
    """What the graph draws and the study leaves out is a failing gate, with the path and the remedy."""
    found = check(run(tmp_path, people(), covariates=("tenure",)), "graph_adjustment")
    assert (found.verdict, found.gate) == ("fail", True)
    assert "opened <- channel -> solved" in found.reading and "Add `channel` to roles.covariates" in found.reading


def test_something_unobserved_that_cannot_be_closed_is_said(tmp_path: Path) -> None:
    dag = DAG.replace("}\n", "").rstrip("}") + " mood [observed=no]; mood -> {opened solved}; }"
    found = check(run(tmp_path, people(), dag), "graph_adjustment")
    assert found.verdict == "fail"
    assert "opened <- mood -> solved" in found.reading and "No set of measured columns closes it" in found.reading


def test_an_instrument_among_the_covariates_is_a_warning(tmp_path: Path) -> None:
    found = check(run(tmp_path, people(), covariates=("tenure", "channel", "lottery")), "graph_adjustment")
    assert found.verdict == "warn" and "`lottery` only moves the treatment" in found.reading


def test_an_edge_that_the_graph_lacks_is_found_in_the_data(tmp_path: Path) -> None:
    """The lottery moves the outcome on another way: by name, with the partial correlation."""
    found = check(run(tmp_path, people(2000, leak=1.0)), "graph_independences")
    assert found.verdict == "fail" and found.statistic == 2
    assert "2 fail: `lottery` and `solved` given" in found.reading and "adjusted p < 0.001" in found.reading
    assert "`opened` and `solved` given `channel`, `replies` and `tenure`" in found.reading


def test_a_departure_that_is_small_in_a_large_table_is_a_warning(tmp_path: Path) -> None:
    found = check(run(tmp_path, people(20000, leak=0.15)), "graph_independences")
    assert found.verdict == "warn" and "All are below 0.1 in size" in found.reading


def test_a_column_that_is_nothing_to_test_is_left_out_of_the_tests(tmp_path: Path) -> None:
    """A date is drawn and required to be in the data, and no independence of it is claimed to be tested."""
    dag = DAG.rstrip("}") + " day -> lottery; }"
    found = check(run(tmp_path, people(), dag), "graph_independences")
    assert found.verdict == "pass" and "`day`" not in str(found.details)


def test_missing_values_of_a_drawn_column_cost_only_its_own_tests(tmp_path: Path) -> None:
    frame = people()
    frame.loc[::4, "lottery"] = np.nan
    result = run(tmp_path, frame)
    rows = {(t["a"], t["b"]): t["n_rows"] for t in check(result, "graph_independences").details["tests"]}  # type: ignore[union-attr, index, call-overload]
    assert rows["lottery", "solved"] == 600 and rows["channel", "tenure"] == 800
    assert result.headline.estimate is not None and result.headline.estimate.sample.n_rows == 800


def test_a_node_that_is_no_column_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ce.CausalEvalError, match=r"dag\.dot:2: E310 `lotery` .*\n.*Did you mean `lottery`"):
        run(tmp_path, people(), DAG.replace("lottery", "lotery"))


def test_without_a_graph_both_are_not_run_and_the_assumed_graph_is_kept(tmp_path: Path) -> None:
    result = run(tmp_path, people(), "")
    for name in ("graph_adjustment", "graph_independences"):
        found = check(result, name)
        assert found.verdict == "not_run" and "names no causal graph" in found.reading
    assert not any("graph" in t for t in result.decision.threats) and "graph" not in result.decision.reason
    drawn = result.identification
    assert drawn is not None and not drawn.given
    assert ("channel", "opened") in drawn.edges and ("opened", "solved") in drawn.edges


def test_a_graph_that_implies_nothing_is_not_run(tmp_path: Path) -> None:
    found = check(
        run(tmp_path, people(), "digraph { tenure -> {opened solved}; opened -> solved }", ("tenure",)),
        "graph_independences",
    )
    assert found.verdict == "not_run" and "implies no independence" in found.reading


def test_neither_the_order_of_rows_nor_of_columns_changes_the_tests(tmp_path: Path) -> None:
    frame = people()
    first = check(run(tmp_path, frame), "graph_independences")
    other = frame.sample(frac=1, random_state=3)[sorted(frame.columns, reverse=True)]
    assert check(run(tmp_path, other), "graph_independences") == first


def test_a_metric_without_a_node_is_not_run(tmp_path: Path) -> None:
    metrics = [
        {"name": "solved", "role": "primary"},
        {"name": "lottery", "role": "negative_control"},
        {"name": "age", "column": "tenure2"},
    ]
    frame = people().assign(tenure2=lambda f: f.tenure + 1)
    result = run(tmp_path, frame, metrics=metrics)
    found = {d.metric: d for d in result.diagnostics if d.check == "graph_adjustment"}
    assert found["age"].verdict == "not_run" and "no node for the metric `age`" in found["age"].reading
    assert found["solved"].verdict == "pass" and found["solved"].gate
    assert (
        found["lottery"].verdict == "fail"
        and "opened <- lottery" in found["lottery"].reading
        and not found["lottery"].gate
    )


def test_on_a_panel_units_are_rows_and_the_outcome_is_the_change(tmp_path: Path) -> None:
    """Covariates are means before the launch; columns that are no covariates are not tested there."""
    rng = np.random.default_rng(4)
    n = 300
    x, z = rng.normal(size=(2, n))
    treated = rng.random(n) < 1 / (1 + np.exp(-x - z))
    rows = [
        {
            "unit": i,
            "week": t,
            "on": int(treated[i] and t >= 3),
            "x": x[i],
            "z": z[i],
            "y": x[i] * t + 2 * (treated[i] and t >= 3) + e,
        }
        for t in range(6)
        for i, e in enumerate(rng.normal(size=n))
    ]
    spec: dict[str, Any] = {
        "schema_version": 1,
        "study": {"id": "s", "title": "S", "question": "?"},
        "roles": {"unit": "unit", "time": "week", "treatment": "on", "covariates": ["x", "z"]},
        "design": {"graph": str(tmp_path / "dag.dot")},
        "metrics": [{"name": "y"}],
        "estimators": [{"method": "outcome_regression"}],
    }
    (tmp_path / "dag.dot").write_text("digraph { x -> {on y}; z -> on; on -> y }")
    found = check(ce.run(spec, frame=pd.DataFrame(rows)), "graph_independences")
    assert found.verdict == "pass" and found.details["implied"] == 2
    (tmp_path / "dag.dot").write_text("digraph { z -> {on y}; x -> on; on -> y }")
    assert check(ce.run(spec, frame=pd.DataFrame(rows)), "graph_independences").verdict == "fail"


@pytest.mark.slow
def test_a_right_graph_is_rejected_in_one_study_of_twenty() -> None:
    """Two hundred studies of a right graph with eight implied independences: at most 5% are rejected, within simulation error."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        said = [check(run(Path(folder), people(600, seed=s)), "graph_independences").p_value for s in range(200)]
    assert sum(p is not None and p < 0.05 for p in said) / 200 <= 0.09
