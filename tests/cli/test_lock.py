"""`causal-eval lock`, and what a run says of the plan that was locked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]


@pytest.fixture
def launch(tmp_path: Path, command: Command) -> Path:
    """A template study with its data, in a folder of its own."""
    assert command("init", tmp_path / "s", "--template", "optin").code == 0
    return tmp_path / "s" / "study.toml"


def edit(study: Path, old: str, new: str) -> None:
    text = study.read_text(encoding="utf-8")
    assert old in text
    study.write_text(text.replace(old, new), encoding="utf-8")


def lockings(study: Path) -> list[dict[str, Any]]:
    return json.loads(study.with_suffix(".lock").read_text(encoding="utf-8"))["locks"]  # type: ignore[no-any-return]


def test_a_lock_holds_every_setting_and_the_fingerprint_of_the_data(launch: Path, command: Command) -> None:
    called = command("lock", launch, "--note", "before the review")
    assert called.code == 0 and "does not show that nobody had looked" in called.out
    (one,) = lockings(launch)
    assert one["note"] == "before the review" and len(one["data_sha256"]) == 64
    assert one["values"]["study.seed"] == "0" and "roles.covariates" in one["values"]
    assert not [k for k in one["values"] if k.startswith(("report.", "study.title"))]


def test_without_data_the_lock_says_so(launch: Path, command: Command) -> None:
    for file in launch.parent.glob("*.csv"):
        file.unlink()
    called = command("lock", launch)
    assert called.code == 0 and "not there yet" in called.err and "no data yet" in called.out
    assert lockings(launch)[0]["data_sha256"] == ""


def test_locking_again_changes_nothing_until_the_plan_changes(launch: Path, command: Command) -> None:
    command("lock", launch)
    before = launch.with_suffix(".lock").read_bytes()
    edit(launch, "title = ", "title = 'Other words' # ")
    called = command("lock", launch)
    assert called.code == 0 and "nothing of the plan has changed" in called.out
    assert launch.with_suffix(".lock").read_bytes() == before


def test_an_amendment_needs_a_reason_and_keeps_the_first_plan(launch: Path, command: Command) -> None:
    command("lock", launch)
    edit(launch, "[study]", "[study]\nseed = 5")
    refused = command("lock", launch)
    assert refused.code == 2 and "E613" in refused.err and "`study.seed`" in refused.err
    assert len(lockings(launch)) == 1
    amended = command("lock", launch, "--note", "the seed of the organisation", "--json")
    said = json.loads(amended.out)
    assert said["status"] == "amended"
    assert said["changes"] == [{"key": "study.seed", "before": "0", "after": "5"}]
    assert [k["values"]["study.seed"] for k in lockings(launch)] == ["0", "5"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": 1, "locks": []}', '{"schema_version": 9, "locks": []}',
                                  '{"schema_version": 1, "locks": [{"at": "x"}]}', "\ufffe"])  # fmt: skip
def test_a_damaged_lock_stops_the_run(launch: Path, command: Command, text: str) -> None:
    """It is not passed over, as the report would then say that the plan was never locked."""
    launch.with_suffix(".lock").write_text(text, encoding="utf-8")
    called = command("run", launch, "--out", launch.parent / "out")
    assert called.code == 3 and "E104" in called.err and "study.lock" in called.err
    assert not (launch.parent / "out").exists()


def test_a_run_tells_what_differs_from_the_locked_plan(launch: Path) -> None:
    """Settings, the seed of this run, analyses left out, other data; a run that keeps to the plan says that."""
    import causal_eval as ce
    from causal_eval.cli.commands.lock import lock

    assert ce.run(launch).plan_lock is None
    lock(launch, note="", data=True, as_json=True)
    kept = ce.run(launch).plan_lock
    assert kept is not None and kept.after_data and kept.same_data and kept.deviations == () == kept.amendments
    edit(launch, "[study]", "[study]\nseed = 5")
    data = next(launch.parent.glob("*.csv"))
    data.write_text(data.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    result = ce.run(launch, seed=7)
    assert result.plan_lock is not None and not result.plan_lock.same_data
    assert [(c.key, c.before, c.after) for c in result.plan_lock.deviations] == [("study.seed", "0", "7")]
    assert "Not as locked: study.seed." in result.summary()


def test_an_edge_that_is_added_to_the_causal_graph_is_a_change_of_the_plan(launch: Path, command: Command) -> None:
    """The graph lies in a file of its own, which the lock knows by its content."""
    from causal_eval.spec.plan_lock import changes, plan_values
    from causal_eval.spec.read import check_document, read_document

    dag = launch.parent / "dag.dot"
    dag.write_text("digraph { a -> b }")
    edit(launch, "[design]", '[design]\ngraph = "dag.dot"')
    document = read_document(launch)
    spec, _ = check_document(document)
    assert spec is not None
    before = plan_values(document, spec)
    dag.write_text("digraph { a -> b; c -> b }")
    (change,) = changes(before, plan_values(document, spec))
    assert change.key == "design.graph, the file's SHA-256" and len(change.after) == 64
