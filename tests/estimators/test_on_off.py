"""Treatments that switch on and off: refused with what to do, or the two-way coefficient as a reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import shared_data

import causal_eval as ce
from causal_eval.errors import DataError, EstimatorRefusal, SpecError


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """40 units, 8 periods, a fifth of the rows missing; half of the units are treated now and then."""
    rng = np.random.default_rng(11)
    unit, time = (a.ravel() for a in np.meshgrid(np.arange(40), np.arange(8), indexing="ij"))
    on = ((unit < 20) & (rng.random(320) < 0.4) & (time > 0)).astype(int)
    y = 0.3 * (unit % 7) + 0.2 * time + 0.5 * on + rng.normal(size=320)
    keep = (rng.random(320) < 0.8) | (time < 2)
    return pd.DataFrame({"unit": unit, "time": time, "on": on, "y": y, "site": unit // 2})[keep]


def panel(frame: pd.DataFrame, **more: Any) -> ce.Panel:
    return ce.Panel.from_frame(frame, unit="unit", time="time", outcome="y", treatment="on", **more)


def test_without_being_told_so_a_treatment_that_switches_off_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="switches off in") as e:
        panel(frame)
    assert e.value.code == "E313" and "on_off = true" in e.value.hint


@pytest.mark.parametrize("cluster", [None, "site"])
def test_the_reference_is_the_regression_on_dummies(frame: pd.DataFrame, cluster: str | None) -> None:
    """Coefficient and CR1 error, fixed effects nested in the cluster not counted, by plain least squares."""
    found = ce.DifferenceInDifferences().estimate(panel(frame, on_off=True, cluster=cluster))
    X = np.column_stack([frame.on, pd.get_dummies(frame.unit), pd.get_dummies(frame.time, drop_first=True)]).astype(
        float
    )
    b, *_ = np.linalg.lstsq(X, frame.y.to_numpy(), rcond=None)
    e = frame.y.to_numpy() - X @ b
    g = frame[cluster or "unit"].to_numpy()
    bread = np.linalg.inv(X.T @ X)
    scores = np.array([X[g == k].T @ e[g == k] for k in np.unique(g)])
    n, G, k = len(e), len(np.unique(g)), 1 + 8
    cov = bread @ scores.T @ scores @ bread * G / (G - 1) * (n - 1) / (n - k)
    assert found.headline.value == pytest.approx(b[0], rel=1e-9)
    assert found.headline.std_error == pytest.approx(cov[0, 0] ** 0.5, rel=1e-6)
    assert found.estimand == "twfe" and "off again in" in found.notes[0]


def test_every_other_estimator_refuses(frame: pd.DataFrame) -> None:
    data = panel(frame, on_off=True)
    for one in (ce.StaggeredDiD(), ce.ImputationDiD(), ce.SunAbraham(), ce.SyntheticControl(), ce.SyntheticDiD(),
                ce.MatrixCompletion(), ce.AugmentedSyntheticControl(), ce.Naive(), ce.PropensityMatching()):  # fmt: skip
        with pytest.raises((EstimatorRefusal, DataError)) as e:
            one.estimate(data)
        assert e.value.code in ("E404", "E401"), one
    with pytest.raises(EstimatorRefusal):
        ce.DifferenceInDifferences(vcov="wild").estimate(data)


def study(**design: Any) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "study": {"id": "s", "title": "t", "question": "q"},
        "roles": {"unit": "unit", "time": "time", "treatment": "on"},
        "design": {"on_off": True, **design},
        "metrics": [{"name": "y", "better": "higher"}],
        "estimators": [{"method": "did"}, {"method": "staggered_did"}],
    }


def test_a_study_of_it_cannot_tell_and_says_why(frame: pd.DataFrame) -> None:
    result = ce.run(study(), frame=frame)
    assert result.decision.recommendation == "cannot tell"
    assert [f.role for f in result.findings] == ["reference", "robustness"]
    assert [f.estimate is None for f in result.findings] == [False, True]
    assert result.find("y", "staggered_did").said.code == "E404"  # type: ignore[union-attr]


@pytest.mark.parametrize("extra", [{"washout": 1}, {"anticipation": 1}, {"pre": [0, 1]}])
def test_windows_contradict_it(frame: pd.DataFrame, extra: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="on_off"):
        ce.run(study(**extra), frame=frame)


def test_coethnic_candidates_two_way() -> None:
    """Grumbach & Sahn (2020) as in the fect book, chapter 9: TWFE .128 (.025)."""
    data = pd.read_csv(shared_data.shared("did_coethnic_gs2020.csv"))
    data = data.dropna(subset=["general_sharetotal_A_all"])
    found = ce.DifferenceInDifferences().estimate(
        ce.Panel.from_frame(data, unit="district_final", time="cycle", outcome="general_sharetotal_A_all",
                            treatment="cand_A_all", on_off=True)
    )  # fmt: skip
    assert round(found.headline.value, 3) == 0.128
    assert found.headline.std_error is not None and round(found.headline.std_error, 3) == 0.025
