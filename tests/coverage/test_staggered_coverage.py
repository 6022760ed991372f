"""Bias, coverage and size of the rollout estimators in simulated rollouts with known truth; the table is kept beside.

Run with ``pytest --slow tests/coverage``; ``python tests/coverage/test_staggered_coverage.py > tests/coverage/staggered.md``
makes the kept table anew.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from panels import redrawn

import causal_eval as ce

RUNS = 500
T, STARTS = 10, (4, 6, 8)
SHARES = (0.2, 0.2, 0.2, 0.4)
NAMES = ("staggered, never", "staggered, not yet", "imputation", "Sun-Abraham")


@dataclass(frozen=True)
class World:
    """One simulated world.

    Attributes:
        groups: independent clusters; ``units`` in each.
        drawn: cohorts are drawn (anew if one has fewer than three clusters); else their sizes are fixed.
        missing: share of rows missing; ``own``: spread of the units' own effects; ``never``: whether some stay untreated.
    """

    name: str
    groups: int
    units: int = 1
    drawn: bool = True
    missing: float = 0.0
    own: float = 0.0
    never: bool = True

    def estimators(self) -> dict[str, object]:
        balance = "pairwise" if self.missing else "strict"
        every = {
            NAMES[0]: ce.StaggeredDiD(control_group="never_treated", balance=balance),
            NAMES[1]: ce.StaggeredDiD(control_group="not_yet_treated", balance=balance),
            NAMES[2]: ce.ImputationDiD(),
            NAMES[3]: ce.SunAbraham(),
        }
        return {k: v for k, v in every.items() if self.never or k != NAMES[0]}


WORLDS = (
    World("200 units", 200),
    World("200 units, own effects differ too", 200, own=1.0),
    World("200 units, 15% of rows missing", 200, missing=0.15),
    World("40 units", 40),
    World("40 units, none never treated", 40, never=False),
    World("40 clusters of 5 units", 40, units=5),
    World("20 units", 20, drawn=False),
)


def simulate(world: World, rng: np.random.Generator, effect: bool):
    """Outcomes (n, T) with unit levels, a season and AR(0.6) noise shared within clusters; starts, clusters and effects."""
    while True:
        g = np.repeat(range(4), np.round(np.array(SHARES) * world.groups).astype(int))
        if world.drawn:
            g = rng.choice(4, size=world.groups, p=SHARES)
        if np.bincount(g, minlength=4).min() >= 3:
            break
    cluster = np.repeat(np.arange(world.groups), world.units)
    cohort = g[cluster]
    n = len(cohort)

    def ar(size: int) -> np.ndarray:
        e = rng.normal(size=(size, T))
        e[:, 0] /= 0.8
        for t in range(1, T):
            e[:, t] += 0.6 * e[:, t - 1]
        return e

    y = 20 + 2 * rng.normal(size=(n, 1)) + rng.normal(size=(1, T)) + ar(world.groups)[cluster]
    if world.units > 1:
        y = y + ar(n)
    starts = np.array([*STARTS, np.inf if world.never else 9.0])
    event = np.arange(T)[None, :] - starts[:, None]
    tau = np.where(event >= 0, 1 + 0.5 * np.arange(4)[:, None] + 0.25 * event, 0.0) * effect
    own = effect * world.own * rng.normal(size=(n, 1)) * (event[cohort] >= 0)
    y = y + tau[cohort] + own
    gone = rng.random((n, T)) < world.missing
    gone[:, [0, T - 1]] = False
    return np.where(gone, np.nan, y), starts, cohort, cluster, tau


def truth(world: World, name: str, y, starts, cohort, tau) -> float:
    """The average of the effects that the method promises: by the cohorts' true shares, or over the rows that were seen."""
    post = np.arange(T)[None, :] >= starts[:, None]
    if not world.never:
        post[:, 9:] = False
        post[3] = False
    if name.startswith("staggered"):
        share = np.array(SHARES) if world.drawn else np.bincount(cohort, minlength=4).astype(float)
        return float((share[:, None] * tau * post).sum() / (share[:, None] * post).sum())
    rows = post[cohort] & np.isfinite(y)
    return float(tau[cohort][rows].mean())


def panel(world: World, y, starts, cohort, cluster, base: ce.Panel | None = None) -> ce.Panel:
    """The data as a panel; where ``base`` has the same shape, only its arrays are new."""
    n = len(y)
    if base is None:
        frame = pd.DataFrame(
            {"unit": np.repeat(np.arange(n), T), "time": np.tile(np.arange(T), n), "y": y.ravel(),
             "start": np.repeat(starts[cohort], T), "cluster": np.repeat(cluster, T)}
        ).dropna(subset="y")  # fmt: skip
        roles = {"cluster": "cluster"} if world.units > 1 else {}
        return ce.Panel.from_frame(frame, unit="unit", time="time", outcome="y", first_treated="start", **roles)
    return redrawn(base, outcome=y, start=starts[cohort], cluster=cluster, balanced=bool(np.isfinite(y).all()))


@dataclass(frozen=True)
class Found:
    """Mean error, its error, coverage, size of the headline's test and of the joint test of the leads; studies warned, a share."""

    bias: float
    bias_error: float
    coverage: float
    size: float
    pre: float | None
    warned: float = 0.0


def warns(estimate) -> bool:
    """Whether the `clusters` check says that the intervals may be too narrow."""
    from types import SimpleNamespace

    from causal_eval.diagnostics.checks.clusters import Clusters
    from causal_eval.diagnostics.thresholds import Thresholds

    fitted = SimpleNamespace(estimate=estimate, data=None)
    return Clusters().check(fitted, Thresholds(), rng=np.random.default_rng(0)).verdict != "pass"


def look(estimate) -> tuple[float, float, float, float, float | None]:
    """Headline, its p-value and interval, and the p-value of the joint test of the leads as the check makes it."""
    from causal_eval.diagnostics.leads import errors_of
    from causal_eval.inference.wald import wald

    h, study = estimate.headline, estimate.event_study
    points = [q for q in study.points if not q.reference]
    leads = [i for i in study.tested() if points[i].event < study.base]
    pre = wald(np.array([points[i].value for i in leads]), errors_of(study, leads)).p_value if leads else None
    return h.value, h.p_value, h.interval.low, h.interval.high, pre


def study(world: World, runs: int = RUNS) -> dict[str, Found]:
    rng = np.random.default_rng([11, world.groups, world.units, int(10 * world.missing), int(world.never)])
    base = panel(world, *simulate(replace(world, missing=0.0), rng, True)[:4])
    errors: dict[str, list[float]] = {}
    hit: dict[str, list[bool]] = {}
    size: dict[str, list[bool]] = {}
    pre: dict[str, list[bool]] = {}
    warned: dict[str, list[bool]] = {}
    # The band's critical value takes most of the time and is not looked at.
    with patch("causal_eval.inference.bands.sup_t", lambda *_, **__: 0.0):
        for effect in (True, False):
            for _ in range(runs):
                y, starts, cohort, cluster, tau = simulate(world, rng, effect)
                data = panel(world, y, starts, cohort, cluster, base)
                for name, method in world.estimators().items():
                    estimate = method.estimate(data)
                    value, p, low, high, leads = look(estimate)
                    if effect:
                        warned.setdefault(name, []).append(warns(estimate))
                        want = truth(world, name, y, starts, cohort, tau)
                        errors.setdefault(name, []).append(value - want)
                        hit.setdefault(name, []).append(low <= want <= high)
                    else:
                        size.setdefault(name, []).append(p < 0.05)
                        if leads is not None:
                            pre.setdefault(name, []).append(leads < 0.05)
    return {
        name: Found(
            float(np.mean(e)), float(np.std(e) / np.sqrt(runs)), float(np.mean(hit[name])), float(np.mean(size[name])),
            float(np.mean(pre[name])) if name in pre else None, float(np.mean(warned[name])),
        )
        for name, e in errors.items()
    }  # fmt: skip


def test_the_shortcut_gives_the_estimate_of_the_whole_way():
    """New arrays in an old panel are what a panel made of the same rows has."""
    for world in WORLDS:
        rng = np.random.default_rng(5)
        base = panel(world, *simulate(replace(world, missing=0.0), rng, True)[:4])
        drawn = simulate(world, rng, True)[:4]
        short, whole = panel(world, *drawn, base), panel(world, *drawn)
        for method in world.estimators().values():
            assert look(method.estimate(short)) == pytest.approx(look(method.estimate(whole)), rel=1e-9, nan_ok=True)


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS, ids=lambda w: w.name)
def test_intervals_cover(world: World) -> None:
    """No bias; 95% intervals cover 93 to 97%, size near 5%, within Monte Carlo error; what falls short is warned of."""
    error = np.sqrt(0.95 * 0.05 / RUNS)
    outside = []
    for name, found in study(world).items():
        if not 0.93 <= found.coverage <= 0.97 and found.warned < 1:
            outside.append((name, "no warning", found))
        # Drawn cohorts can leave few controls, which is warned of too.
        if found.warned > 0.05 and world.groups >= 40:
            outside.append((name, "warned without need", found))
        if abs(found.bias) > 3.5 * found.bias_error:
            outside.append((name, "bias", found))
        if not 0.93 - 3 * error < found.coverage < 0.97 + 3 * error:
            outside.append((name, "coverage", found))
        if found.size > 0.07 + 3 * error or (found.pre or 0.0) > 0.07 + 3 * error:
            outside.append((name, "size", found))
    assert not outside


def main() -> None:
    """Print the table."""
    from datetime import date

    print(
        f"# Staggered rollouts, simulated ({RUNS:,} with effects for bias and coverage, {RUNS:,} without for sizes)\n"
    )
    print(
        f"Made {date.today().isoformat()} by `python tests/coverage/test_staggered_coverage.py`. Noise: AR(0.6), shared"
    )
    print(
        "within clusters; 10 periods, cohorts adopting in the fifth, seventh and ninth (a fifth of the clusters each), the"
    )
    print(
        "rest never (or in the tenth); effects grow with time and differ by cohort. Cohorts are drawn, but for 20 units."
    )
    print("Monte Carlo error of a coverage near 95% or a size near 5%: 1.0 points. Rows outside 93-97% are marked.")
    print('"Warned": the share of the studies in which the `clusters` check says that intervals may be too narrow.\n')
    print(
        "| world | method | bias (error) | coverage | size of the 5% test | size of the joint test of the leads | warned |"
    )
    print("|---|---|---|---|---|---|---|")
    with ProcessPoolExecutor(2) as pool:
        for world, found in zip(WORLDS, pool.map(study, WORLDS), strict=True):
            for name, f in found.items():
                mark = "" if 0.93 <= f.coverage <= 0.97 else " *"
                pre = "" if f.pre is None else f"{f.pre:.1%}"
                bias, rest = f"{f.bias:+.4f} ({f.bias_error:.4f})", f"{f.size:.1%} | {pre} | {f.warned:.0%}"
                print(f"| {world.name} | {name} | {bias} | {f.coverage:.1%}{mark} | {rest} |", flush=True)


if __name__ == "__main__":
    main()
