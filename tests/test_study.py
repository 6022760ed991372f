"""The walk from a spec to a result: roles, failures, seeds, privacy, and the same result from the same input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.errors import DataError, PrivacyError, SpecError, UsageError
from causal_eval.results.io import from_json, to_json
from causal_eval.results.types import Failure


def rows(seed=0, *, effect=1.0, harm=0.0):
    rng = np.random.default_rng(seed)
    n, t = 40, 10
    on = (np.arange(n) < 16)[:, None] & (np.arange(t) >= 6)[None, :]
    base = rng.normal(size=(n, 1)) + 10
    frame = pd.DataFrame(
        {
            "queue": np.repeat(np.arange(n), t),
            "week": np.tile(pd.date_range("2026-01-05", periods=t, freq="7D"), n),
            "on": on.ravel() * 1,
        }
    )
    frame["resolved"] = (base + rng.normal(size=(n, t)) * 0.5 + effect * on).ravel()
    frame["csat"] = (base / 2 + rng.normal(size=(n, t)) * 0.2 - harm * on).ravel()
    frame["other"] = rng.normal(size=n * t)
    return frame


def spec(**more):
    return {
        "schema_version": 1,
        "study": {"id": "s", "title": "T", "question": "Q?", "seed": 3},
        "roles": {"unit": "queue", "time": "week", "treatment": "on"},
        "metrics": [
            {"name": "resolved", "role": "primary", "better": "higher", "min_effect": {"relative": 0.02}},
            {"name": "csat", "role": "guardrail", "better": "higher", "margin": {"absolute": 0.3}},
            {"name": "other", "role": "negative_control", "better": "higher"},
        ],
        "estimators": [{"method": "did"}, {"method": "naive"}],
        **more,
    }


def test_a_good_launch_ships_and_a_harmful_one_rolls_back():
    """Known effects lead to the recommendation they deserve."""
    assert ce.run(spec(), frame=rows()).decision.recommendation == "ship"
    assert ce.run(spec(), frame=rows(harm=1.0)).decision.recommendation == "roll back"
    assert ce.run(spec(), frame=rows(effect=-1.0)).decision.recommendation == "roll back"
    assert ce.run(spec(), frame=rows(effect=0.0)).decision.recommendation in ("hold", "cannot tell")


def test_every_metric_has_every_analysis_and_roles_are_filled_in():
    """Findings are metrics x analyses; naive is a reference without being told."""
    result = ce.run(spec(), frame=rows())
    assert [(f.metric, f.analysis, f.role) for f in result.findings] == [
        (m, a, r) for m in ("resolved", "csat", "other") for a, r in (("did", "primary"), ("naive", "reference"))
    ]
    assert {d.metric for d in result.diagnostics} == {"resolved", "csat", "other"}
    assert any(d.check == "negative_control" and d.verdict == "pass" for d in result.diagnostics)
    assert result.design.launch == "2026-02-16" and result.design.adoption == "block"


def test_same_input_same_result_whatever_the_row_order():
    """Equal to the byte; the seed is in the provenance."""
    frame = rows()
    one = ce.run(spec(), frame=frame)
    two = ce.run(spec(), frame=frame.sample(frac=1, random_state=1)[list(frame.columns[::-1])])
    assert to_json(one) == to_json(two)
    assert one.provenance.seed == 3 and ce.run(spec(), frame=frame, seed=5).provenance.seed == 5
    assert from_json(to_json(one)) == one


def test_metric_order_does_not_move_random_draws():
    """A bootstrap draws from the seed and its own name, not from what ran before it."""
    wild = [{"method": "did", "vcov": "wild"}]
    frame = rows()
    frame = frame[frame.queue.isin([*range(9), *range(20, 31)])]
    whole = ce.run(spec(estimators=wild), frame=frame)
    alone = ce.run(spec(estimators=wild, metrics=[spec()["metrics"][0]]), frame=frame)
    assert whole.find("resolved") == alone.find("resolved")


def test_only_runs_one_analysis():
    """--only NAME; an unknown name lists the right ones."""
    result = ce.run(spec(), frame=rows(), only="did")
    assert {f.analysis for f in result.findings} == {"did"}
    with pytest.raises(UsageError, match="no analysis is called"):
        ce.run(spec(), frame=rows(), only="dod")


def test_a_refused_analysis_is_a_finding_with_its_reason():
    """The study goes on; the row has no numbers."""
    design = {"washout": 50}
    result = ce.run(spec(design=design), frame=rows())
    said = result.find("resolved").said
    assert isinstance(said, Failure) and said.status == "refused" and "no post-period" in said.message
    assert result.decision.recommendation == "cannot tell"
    row = result.tidy().query("analysis == 'did' and metric == 'resolved'").iloc[0]
    assert row.status == "refused" and pd.isna(row.value)


def test_staggered_two_way_is_demoted_to_a_reference():
    """Two-way effects under staggered adoption are shown and never decided on."""
    frame = rows()
    frame.loc[(frame.queue < 6) & (frame.week >= "2026-02-02"), "on"] = 1
    result = ce.run(spec(), frame=frame)
    assert result.findings[0].role == "reference" and result.findings[0].estimate.estimand == "twfe"
    assert result.decision.recommendation == "cannot tell" and result.design.adoption == "staggered"
    assert "reference" in result.summary()


def test_events_are_placed_on_the_axis():
    """An event inside the data gets its period, one outside does not."""
    events = [{"name": "Outage", "start": "2026-02-20"}, {"name": "Later", "start": "2027-01-01"}]
    result = ce.run(spec(events=events), frame=rows())
    assert [e.period for e in result.events] == ["2026-02-16", None]


def test_too_few_people_is_refused_for_privacy():
    """privacy.unit_is_person with a small group: PrivacyError, exit code 7."""
    with pytest.raises(PrivacyError) as caught:
        ce.run(spec(privacy={"unit_is_person": True, "min_cell": 20}), frame=rows())
    assert caught.value.exit_code == 7


def test_errors_are_the_packages_own():
    """A spec error and a data error keep their kind from a notebook too."""
    with pytest.raises(SpecError):
        ce.run(spec(estimators=[{"method": "did", "varant": 1}]), frame=rows())
    with pytest.raises(DataError, match="resolved"):
        ce.run(spec(), frame=rows().drop(columns="resolved"))


def test_naive_cannot_be_the_headline():
    """Asking for it is a spec error; alone it leaves the study without a decision."""
    with pytest.raises(SpecError, match="cannot be the headline"):
        ce.run(spec(estimators=[{"method": "naive", "role": "primary"}]), frame=rows())
    assert ce.run(spec(estimators=[{"method": "naive"}]), frame=rows()).decision.recommendation == "cannot tell"


def test_progress_is_told_step_by_step():
    """A line before each long step."""
    lines = []
    ce.run(spec(), frame=rows(), progress=lines.append)
    assert lines[0] == "reading the data" and any("checking pre trends" in line for line in lines)


@pytest.mark.parametrize(
    ("column", "said"),
    [("queue_id", "queue"), ("State", "State"), ("site-week", "site week"), ("id", "unit"), (None, "row")],
)
def test_a_unit_is_called_what_a_reader_would_call_it(column, said):
    from causal_eval.describe import noun

    assert noun(column) == said
