"""A/A calibration of synthetic controls with three treated units, on one date and on three.

Run with ``pytest --slow tests/coverage``; the kept table, ``synthetic_groups.md``, is what this file prints when run.
"""

from __future__ import annotations

from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.design.donors import donor_pool
from causal_eval.diagnostics.base import CHECKS, Fitted
from causal_eval.diagnostics.thresholds import Thresholds
from causal_eval.estimators._synthetic_options import PathOptions
from causal_eval.inference import placebo_groups as module

RUNS = 500
TREATED = 3
METHODS = (ce.SyntheticControl(), ce.AugmentedSyntheticControl(), ce.SyntheticDiD())
GROUPS = 99
"""Groups drawn a study: 5% of the assignments is a whole number. Estimates draw more."""


@dataclass(frozen=True)
class World:
    """A panel without effects of which three units are taken as launched.

    Attributes:
        dates: their adoptions. units: treated and donors. largest: whether the treated are those that load most on the factors.
    """

    name: str
    dates: tuple[int, ...] = (20, 20, 20)
    units: int = 39
    periods: int = 30
    largest: bool = False


WORLDS = (
    World("39 units, one date"),
    World("39 units, three dates", dates=(18, 20, 22)),
    World("39 units, one date, the treated largest", largest=True),
    World("39 units, three dates, the treated largest", dates=(18, 20, 22), largest=True),
)


def template(world: World) -> ce.Panel:
    """Units, periods and launches; :func:`look` puts outcomes in."""
    n, T = world.units, world.periods
    start = np.repeat([*world.dates, *[np.inf] * (n - TREATED)], T)
    frame = pd.DataFrame({"u": np.repeat(range(n), T), "t": np.tile(range(T), n), "y": 0.0, "g": start})
    return ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", first_treated="g")


def outcomes(world: World, rng: np.random.Generator) -> np.ndarray:
    """(n, T): two random-walk factors, loadings between 0 and 1, AR(0.5) shocks, as in test_synthetic_coverage.py."""
    n, T, burn = world.units, world.periods, 30
    shocks = rng.normal(size=(T + burn, n))
    for t in range(1, T + burn):
        shocks[t] = 0.5 * shocks[t - 1] + shocks[t] * np.sqrt(0.75)
    factors = np.cumsum(rng.normal(size=(T, 2)), axis=0)
    loadings = rng.uniform(0, 1, size=(2, n))
    if world.largest:
        loadings = loadings[:, np.argsort(-loadings.sum(axis=0))]
    return (20 + 4 * factors @ loadings + shocks[burn:]).T


@dataclass(frozen=True)
class Looked:
    """One study by one method: p-values of the headline and of the last time since adoption, zero in the interval, warned of."""

    p: float
    last: float
    held: bool
    warned: bool


def look(model: PathOptions, data: ce.Panel, y: np.ndarray, seed: int) -> Looked:
    """The estimate as a user gets it, with fewer placebo groups, and the check that speaks to its interval."""
    real = module.placebo_groups

    def fewer(donors, places, rng, **limits):
        return real(donors, places, rng, **(limits | {"most": GROUPS, "draws": GROUPS}))

    def pool(self, panel, design, *, outcome=None, complete=True):
        return donor_pool(panel, design or ce.Design(), outcome=y, complete=complete)

    # Reading a panel takes longer than all the rest.
    with patch.object(module, "placebo_groups", fewer), patch.object(PathOptions, "pool", pool):
        e = model.estimate(data, rng=np.random.default_rng(seed))
        fitted = Fitted(data, ce.Design(), model, e)
        check = CHECKS.get("movements")().check(fitted, Thresholds(), rng=np.random.default_rng(0))
    h = e.headline
    last = [x for x in e.effects if x.aggregation.startswith("event:")][-1]
    return Looked(h.p_value, last.p_value, h.interval.low <= 0 <= h.interval.high, check.verdict == "warn")


def study(world: World, runs: int = RUNS) -> dict[str, list[Looked]]:
    rng = np.random.default_rng([23, world.units, len(set(world.dates)), world.largest])
    data = template(world)
    out: dict[str, list[Looked]] = {m.info.name: [] for m in METHODS}
    for i in range(runs):
        y = outcomes(world, rng)
        for m in METHODS:
            out[m.info.name].append(look(m, data, y, i))
    return out


@pytest.mark.slow
@pytest.mark.parametrize("world", [w for w in WORLDS if not w.largest], ids=lambda w: w.name)
def test_a_mean_of_three_units_holds_its_size_among_groups(world: World) -> None:
    """Headline and last row reject as often as they say, within 3.5 Monte Carlo errors; too seldom counts as wrong, too."""
    runs = 100
    error = 3.5 * np.sqrt(0.05 * 0.95 / runs)
    for name, found in study(world, runs).items():
        for p in ([x.p for x in found], [x.last for x in found]):
            assert abs(np.mean(np.array(p) <= 0.05 + 1e-12) - 0.05) <= error, name


def main() -> None:
    """Print the table."""
    from datetime import date

    print(f"# Synthetic controls of three treated units, without an effect ({RUNS} studies a world)\n")
    made = date.today().isoformat()
    print(
        f"Made {made} by `python tests/coverage/test_synthetic_groups_coverage.py`. 30 periods, adoption in period 20,"
    )
    print(
        "or in 18, 20 and 22; two random-walk factors, loadings between 0 and 1, AR(0.5) shocks of unit variance. p-value and"
    )
    print(
        "interval by 99 placebo groups of three donors that adopt on the same dates. Monte Carlo error of a size or coverage near"
    )
    print(
        "5% or 95%: 1.0 points. `last row`: the last time since adoption, with three dates that of one unit. `warned`: by the"
    )
    print(
        "`movements` check. Rows outside 93-97% are marked. matrix_completion takes a second a study and is not among them.\n"
    )
    print("| world | estimator | size of the 5% test | of the 10% test | coverage | size of the last row | warned |")
    print("|---|---|---|---|---|---|---|")
    for world in WORLDS:
        for name, found in study(world).items():
            p, last = np.array([x.p for x in found]), np.array([x.last for x in found])
            held = float(np.mean([x.held for x in found]))
            mark = "" if 0.93 <= held <= 0.97 else " *"
            print(
                f"| {world.name} | {name} | {np.mean(p <= 0.05 + 1e-12):.1%} | {np.mean(p <= 0.1 + 1e-12):.1%} | {held:.1%}{mark} "
                f"| {np.mean(last <= 0.05 + 1e-12):.1%} | {np.mean([x.warned for x in found]):.0%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
