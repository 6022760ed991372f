"""What a panel hands out agrees with the slow way, and does not depend on the order of rows or columns."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from panels import ROLES, bytes_of, panel, small

from causal_eval.data import Panel
from causal_eval.errors import DataError

INF = float("inf")


@pytest.mark.parametrize("weights", [None, "w"])
def test_moments_are_those_of_the_slow_way(weights: str | None) -> None:
    frame = small().assign(w=lambda f: f.queue * 0.5)
    moments = panel(frame, weights=weights).moments()
    assert moments.start.tolist() == [2002, 2003, INF] and moments.n.tolist() == [2, 1, 4]
    for c, begun in enumerate([2002, 2003, 0]):
        paths, ws = [], []
        for _, unit in frame[frame.begun == begun].groupby("queue"):
            paths.append(unit.sort_values("year").y.tolist())
            ws.append(unit.w.iloc[0] if weights else 1.0)
        T = len(paths[0])
        mean = [sum(w * p[t] for w, p in zip(ws, paths, strict=True)) / sum(ws) for t in range(T)]
        second = [
            [sum(w * w * (p[s] - mean[s]) * (p[t] - mean[t]) for w, p in zip(ws, paths, strict=True)) for t in range(T)]
            for s in range(T)
        ]
        np.testing.assert_allclose(moments.mean[c], mean, rtol=1e-12)
        np.testing.assert_allclose(moments.second[c], second, rtol=1e-10, atol=1e-10)
        assert moments.w[c] == pytest.approx(sum(ws))


ONE_ROW_A_UNIT = {"unit": None, "first_treated": None, "group": "new", "launch": 2002}


@pytest.mark.parametrize(
    "roles", [{}, {"cluster": "site"}, {"cluster": "moves"}, ONE_ROW_A_UNIT, {**ONE_ROW_A_UNIT, "cluster": "site"}],
    ids=["units", "clusters of units", "units that change cluster", "rows", "clusters of rows"],
)  # fmt: skip
@pytest.mark.parametrize("weights", [None, "opened"])
def test_cells_are_the_sums_of_the_slow_way(roles: dict[str, Any], weights: str | None) -> None:
    frame = small().assign(moves=lambda f: (f.queue + f.year) % 2, new=lambda f: (f.queue < 4).astype(int))
    cells = panel(frame, weights=weights, **roles).cells()
    w = frame.opened if weights else pd.Series(1.0, index=frame.index)
    assert cells.center == pytest.approx((w * frame.y).sum() / w.sum())
    start = frame.begun if "group" not in roles else frame.new * 2002
    column = roles.get("cluster")
    values = frame[column] if column else frame.queue if "group" not in roles else pd.Series(0, index=frame.index)
    codes = {v: i for i, v in enumerate(sorted(values.unique()))}
    cluster = values.map(codes) if column or "group" not in roles else values - 1
    gap = frame.y - cells.center
    table = pd.DataFrame({"start": start.replace(0, INF), "time": frame.year, "cluster": cluster, "n": 1, "w": w,
                          "wy": w * gap,
                          "w2": w**2, "w2y": w**2 * gap, "w2y2": w**2 * gap**2})  # fmt: skip
    want = table.groupby(["start", "time", "cluster"]).sum().reset_index()
    for name in want.columns:
        np.testing.assert_allclose(getattr(cells, name), want[name], rtol=1e-9, atol=1e-9, err_msg=name)
    np.testing.assert_array_equal(cells.group, np.isfinite(cells.start))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False), st.sampled_from([{}, {"weights": "opened"}, {"cluster": "site"}]))
def test_the_order_of_rows_and_columns_does_not_change_a_byte(random: Any, roles: dict[str, str]) -> None:
    frame = small()
    rows, columns = list(frame.index), list(frame.columns)
    random.shuffle(rows)
    random.shuffle(columns)
    assert bytes_of(panel(frame.loc[rows, columns], **roles)) == bytes_of(panel(frame, **roles))


def test_the_order_of_rows_does_not_change_a_byte_of_a_repeated_cross_section() -> None:
    frame = small(units=40).assign(new=lambda f: (f.queue < 9).astype(int), w=lambda f: f.y / 7)
    roles = {"unit": None, "first_treated": None, "group": "new", "launch": 2002, "weights": "w", "cluster": "site"}

    def found(f: pd.DataFrame) -> bytes:
        cells = panel(f, **roles).cells()
        return b"|".join(
            a.tobytes() for a in (cells.w, cells.wy, cells.w2, cells.w2y, cells.w2y2, np.array(cells.center))
        )

    assert {found(frame.sample(frac=1, random_state=s)) for s in range(4)} == {found(frame)}


def test_the_order_of_rows_does_not_change_a_byte_where_units_change_cluster() -> None:
    """These cells are summed in the engine over many units each, from rows that come in any order."""
    frame = small(units=300).assign(moves=lambda f: (f.queue + f.year) % 2, w=lambda f: f.y / 7)

    def found(f: pd.DataFrame) -> bytes:
        cells = panel(f, cluster="moves", weights="w").cells()
        return b"|".join(
            a.tobytes() for a in (cells.w, cells.wy, cells.w2, cells.w2y, cells.w2y2, np.array(cells.center))
        )

    assert {found(frame.sample(frac=1, random_state=s)) for s in range(4)} == {found(frame)}


def test_the_number_of_threads_does_not_change_a_byte() -> None:
    """Enough rows that the engine would share the sums out among its threads."""
    from causal_eval.data import engine

    n = 600_000
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"year": rng.integers(2000, 2004, n), "new": rng.integers(0, 2, n), "y": rng.normal(size=n)})
    found = set()
    for threads in (1, 4):
        rows = Panel.from_frame(frame, time="year", outcome="y", group="new", launch=2002)
        engine.execute(rows.con, f"SET threads = {threads}")
        cells = rows.cells()
        found.add(b"|".join(a.tobytes() for a in (cells.wy, cells.w2y2, np.array(cells.center))))
        assert engine.execute(rows.con, "SELECT current_setting('threads')").fetchall() == [(threads,)]
    assert len(found) == 1


def test_the_hash_seed_does_not_change_a_byte(tmp_path: Path) -> None:
    small().to_parquet(tmp_path / "a.parquet")
    code = (
        "import hashlib; from causal_eval.data import Panel; from panels import bytes_of, ROLES; "
        f"p = Panel.from_file({str(tmp_path / 'a.parquet')!r}, cluster='site', weights='opened', **ROLES); "
        "print(hashlib.sha256(bytes_of(p)).hexdigest())"
    )
    root = Path(__file__).resolve().parents[2]
    found = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root,
                       env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{root}:{root}/tests/support"}).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1


def test_a_unit_that_changes_cluster_is_flagged_and_keeps_its_first() -> None:
    frame = small()
    steady = panel(frame, cluster="site").wide()
    assert not steady.cluster_varies and steady.cluster.tolist() == [1, 2, 0, 1, 2, 0, 1]
    moved = panel(frame.assign(site=frame.site.where(frame.year < 2004, 9)), cluster="site").wide()
    assert moved.cluster_varies and moved.cluster.tolist() == [1, 2, 0, 1, 2, 0, 1]


def test_without_a_cluster_role_each_unit_is_its_own_cluster() -> None:
    assert panel(small()).wide().cluster.tolist() == list(range(7))


def test_a_ratio_is_a_mean_weighted_by_its_denominator() -> None:
    frame = small()
    found = panel(frame, outcome=None, numerator="y", denominator="opened")
    wide = found.wide()
    assert found.pooled and found.additive and wide.weight is not None
    np.testing.assert_allclose(wide.outcome * wide.weight, panel(frame).wide().outcome)
    assert float((wide.outcome * wide.weight).sum() / wide.weight.sum()) == pytest.approx(
        frame.y.sum() / frame.opened.sum()
    )


def test_moments_of_an_unbalanced_panel_are_refused() -> None:
    found = panel(small()[1:])
    assert not found.has_moments
    with pytest.raises(DataError) as e:
        found.moments()
    assert e.value.code == "E401" and "without a row" in e.value.message


def test_moments_with_weights_that_change_within_units_are_refused() -> None:
    with pytest.raises(DataError, match="weights that change"):
        panel(small(), weights="opened").moments()


def test_the_rows_before_a_period_are_a_panel_of_their_own() -> None:
    frame = small()
    frame = frame[(frame.queue != 5) | (frame.year >= 2003)]
    before = panel(frame, cluster="site").before(2003)
    assert before.axis.labels == ("2000", "2001", "2002")
    wide = before.wide()
    assert wide.units == [1, 2, 3, 4, 6, 7] and wide.start[:3].tolist() == [2002, 2002, 2003]
    assert wide.outcome.tobytes() == panel(frame[frame.year < 2003], cluster="site").wide().outcome.tobytes()
    with pytest.raises(DataError) as e:
        before.before(2000)
    assert e.value.code == "E315"


def test_the_periods_between_two_include_both() -> None:
    assert panel(small()).between(2001, 2003).wide().axis.ordinals == (2001, 2002, 2003)


def test_cohorts_and_group_sizes_count_units() -> None:
    found = panel(small())
    assert (
        found.cohorts() == ((2002, 2), (2003, 1)) and found.starts() == (2002, 2003) and found.group_sizes() == (3, 4)
    )


def test_the_frame_is_sorted_by_unit_and_time_with_role_names_only() -> None:
    frame = panel(
        small().sample(frac=1, random_state=3), covariates=["opened"], segments=["site"], fixed_effects=["site"]
    ).frame()
    assert frame.columns.tolist() == ["unit", "time", "outcome", "first_treated", "group", "x_0", "fe_0", "seg_0"]
    assert frame[["unit", "time"]].equals(frame[["unit", "time"]].sort_values(["unit", "time"], ignore_index=True))


def test_arrays_handed_out_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        panel(small()).wide().outcome[0, 0] = 1.0


def test_two_hundred_thousand_rows_are_shaped_from_a_file(tmp_path: Path) -> None:
    units, periods = 10_000, 20
    unit, time = np.divmod(np.arange(units * periods), periods)
    frame = pd.DataFrame(
        {"queue": unit, "year": 2000 + time, "y": np.sin(unit) + time, "begun": np.where(unit % 3 == 0, 2010, 0)}
    )
    frame.to_parquet(tmp_path / "big.parquet")
    wide = Panel.from_file(tmp_path / "big.parquet", **ROLES).wide()
    assert wide.outcome.shape == (units, periods)
    np.testing.assert_array_equal(wide.outcome, (np.sin(unit) + time).reshape(units, periods))
