"""A/A calibration of the synthetic-control family: sizes and coverage without an effect, in simulated and real panels.

Run with ``pytest --slow tests/coverage``; ``python tests/coverage/test_synthetic_coverage.py > tests/coverage/synthetic.md``
makes the kept table anew. Panels that are not beside the checkout are left out of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from shared_data import FOLDER, shared

import causal_eval as ce
from causal_eval.design.donors import Cohort, DonorPool
from causal_eval.diagnostics.base import CHECKS
from causal_eval.diagnostics.thresholds import Thresholds
from causal_eval.inference.conformal import conformal
from causal_eval.inference.counterfactual import Simplex
from causal_eval.inference.debiased_t import debiased_t
from causal_eval.inference.placebo_space import CohortGaps, placebo_fits, placebo_test
from causal_eval.inference.prediction import prediction
from causal_eval.inference.ridge_augmented import RidgeAugmented
from causal_eval.inference.synthetic_did import SyntheticDifference, noise

RUNS = 300
LEVEL = 0.95
KINDS = ("placebo", "placebo, intercept", "ridge, placebo", "SDID, placebo", "conformal", "t-test", "prediction")


@dataclass(frozen=True)
class World:
    """A panel without effects, of which one unit and date at a time is taken as launched.

    Attributes:
        units, before, after: donors and the treated one, and the periods.
        rho: of the AR(1) shocks; 1 is a random walk.
        own: whether the treated unit is drawn as any other (else it is the one that loads most on the factors).
        file, columns: of a real panel, else it is simulated; differences: take first differences of it.
    """

    name: str
    units: int = 39
    before: int = 20
    after: int = 10
    rho: float = 0.0
    own: bool = True
    file: str = ""
    columns: tuple[str, str, str] = ("", "", "")


WORLDS = (
    World("39 units, 20 + 10, independent shocks"),
    World("39 units, 20 + 10, AR(0.5)", rho=0.5),
    World("39 units, 60 + 12, AR(0.5)", before=60, after=12, rho=0.5),
    World("39 units, 20 + 10, random walks", rho=1.0),
    World("16 units, 30 + 10, AR(0.5)", units=16, before=30, rho=0.5),
    World("39 units, 20 + 10, the treated largest", rho=0.5, own=False),
    World("CPS log wages, 50 states", before=20, after=8, file="sc_cps_placebo_panel.csv", columns=("state", "year", "log_wage")),
    World("GeoLift, 40 markets, 90 days", before=45, after=14, file="sc_geolift_pretest.csv", columns=("location", "date", "Y")),
)  # fmt: skip


def outcomes(world: World) -> np.ndarray:
    """(T, n) of a real panel, units with a hole left out."""
    unit, time, outcome = world.columns
    wide = pd.read_csv(FOLDER / world.file).pivot(index=time, columns=unit, values=outcome)
    return wide.dropna(axis=1).to_numpy(float)


def draws(world: World, rng: np.random.Generator, runs: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(T, n) outcomes, the treated path first, and (T,) whether a period is before the launch."""
    T = world.before + world.after
    pre = np.arange(T) < world.before
    if world.file:
        whole = outcomes(world)
        for _ in range(runs):
            first = rng.integers(0, len(whole) - T + 1)
            order = rng.permutation(whole.shape[1])
            yield whole[first : first + T][:, order], pre
        return
    n = world.units
    for _ in range(runs):
        shocks = rng.normal(size=(T + 30, n))
        for t in range(1, T + 30):
            shocks[t] = world.rho * shocks[t - 1] + shocks[t] * (1 if world.rho >= 1 else np.sqrt(1 - world.rho**2))
        factors = np.cumsum(rng.normal(size=(T, 2)), axis=0)
        loadings = rng.uniform(0, 1, size=(2, n))
        if not world.own:
            loadings = loadings[:, np.argsort(-loadings.sum(axis=0))]
        yield 20 + 4 * factors @ loadings + shocks[30:] - (shocks[30] if world.rho >= 1 else 0.0), pre


def look(kind: str, Y: np.ndarray, pre: np.ndarray, rng: np.random.Generator) -> tuple[float | None, bool | None]:
    """The p-value of no effect, and whether the interval holds it: the functions that the estimators call."""
    post = ~pre
    if kind in KINDS[:4]:
        method = {
            KINDS[0]: Simplex(),
            KINDS[1]: Simplex(intercept=True),
            KINDS[2]: RidgeAugmented(1e-2 * float(Y[pre].var()) * int(pre.sum())),
        }.get(kind)
        if method is None:
            sigma = noise(Y[:, 1:], np.arange(Y.shape[1] - 1), pre)
            method = SyntheticDifference(float(post.sum()) ** 0.25 * sigma, sigma)
        gaps = Y.T - placebo_fits(Y, method, pre, post).paths
        if kind == KINDS[3]:
            from causal_eval.inference.placebo_space import studentised

            effects = gaps[:, post].mean(axis=1)
            t = studentised(effects, np.ones(len(effects)), LEVEL)
        else:
            t = placebo_test([CohortGaps(gaps, pre, post, 1)]).tested(LEVEL)
    elif kind == "conformal":
        # The interval holds zero exactly where the p-value is above 1 - level: the search for its ends is left out.
        found = conformal(Y, Simplex(), pre, post)
        p = found.p_of(0.0)
        return p, None if found.smallest_p > 1 - LEVEL else p > 1 - LEVEL
    elif kind == "t-test":
        t = debiased_t(Y, Simplex(), pre, post).tested(LEVEL)
    else:
        w = Simplex().fit(Y, [0], [np.arange(1, Y.shape[1])], pre, post).weights[0][1:]
        try:
            # Draws of single periods take most of the time and are not looked at.
            with patch.multiple("causal_eval.inference.prediction", DRAWS=400, PERIOD_DRAWS=1, PERIOD_WORK=1):
                t = prediction(Y, w, pre, post, rng).tested(0, LEVEL)
        except ValueError:
            return None, None
    held = None if t.low is None or t.high is None else t.low <= 0 <= t.high
    return t.p_value, held


DETAILS: dict[str, dict[str, object]] = {
    "SDID, placebo": {"inference": "placebo", "zeta": 1.0},
    "conformal": {"inference": "conformal"},
    "t-test": {"inference": "t_test"},
    "prediction": {"inference": "prediction"},
}
"""What an estimate of that kind tells the checks; the others rank RMSPE ratios."""


def warned(kind: str, Y: np.ndarray, pre: np.ndarray) -> bool:
    """Whether `movements` or `effective_periods` warns in that study: the checks themselves, on the arrays."""
    n, T = Y.shape[1] - 1, len(pre)
    names = tuple(str(i) for i in range(n))
    labels = tuple(str(t) for t in range(T))
    cohort = Cohort(
        int(pre.sum()),
        "launch",
        1,
        Y[:, 0],
        np.ones(T),
        np.arange(T) - int(pre.sum()),
        pre,
        ~pre,
        ~pre,
        Y[:, :1],
        ("0",),
    )
    pool = DonorPool(labels, tuple(range(T)), (cohort,), Y[:, 1:], names, Y.size, ())
    value = float((Y[:, 0] - Simplex().fit(Y, [0], [np.arange(1, n + 1)], pre, ~pre).paths[0])[~pre].mean())
    details = DETAILS.get(kind, {"inference": "placebo"})
    fitted = SimpleNamespace(
        data=object.__new__(ce.Panel), design=None, estimator=SimpleNamespace(pool=lambda data, design: pool),
        estimate=SimpleNamespace(details=details, headline=SimpleNamespace(value=value)),
    )  # fmt: skip
    checks = (CHECKS.get(name)() for name in ("movements", "effective_periods"))
    return any(c.check(fitted, Thresholds(), rng=np.random.default_rng(0)).verdict == "warn" for c in checks)


@dataclass(frozen=True)
class Found:
    """Sizes of the 5% and 10% tests, coverage of the intervals there are, the shares of studies with an interval and warned of."""

    five: float
    ten: float
    coverage: float
    intervals: float
    warned: float


def study(world: World, runs: int = RUNS) -> dict[str, Found]:
    rng = np.random.default_rng([17, world.units, world.before, world.after, int(10 * world.rho), len(world.file)])
    p: dict[str, list[float]] = {k: [] for k in KINDS}
    held: dict[str, list[bool]] = {k: [] for k in KINDS}
    told: dict[str, list[bool]] = {k: [] for k in KINDS}
    for i, (Y, pre) in enumerate(draws(world, rng, runs)):
        for kind in KINDS:
            if kind == "prediction" and i % 4:
                continue
            value, inside = look(kind, Y, pre, rng)
            told[kind].append(warned(kind, Y, pre))
            if value is not None:
                p[kind].append(value)
            if inside is not None:
                held[kind].append(inside)
    out = {}
    for kind in KINDS:
        a = np.array(p[kind])
        h = held[kind]
        out[kind] = Found(
            float((a <= 0.05 + 1e-12).mean()), float((a <= 0.10 + 1e-12).mean()),
            float(np.mean(h)) if h else float("nan"), len(h) / max(len(a), 1), float(np.mean(told[kind])),
        )  # fmt: skip
    return out


SAID = {"conformal": "95% intervals covered", "t-test": "too narrow", "prediction": "95% to 100% of studies"}
"""Words of the note an estimate with that inference carries: that it covers too little somewhere, or too much."""
SHORT = ("conformal", "t-test")
"""Those of them that cover less than 93% somewhere."""


def test_inference_that_misses_its_level_somewhere_says_so_in_every_estimate() -> None:
    """The table outside 93 to 97%: conformal, t-test and prediction, each with a sentence in the estimate."""
    Y, pre = next(draws(WORLDS[1], np.random.default_rng(0), 1))
    T, n = Y.shape
    start = np.where(np.arange(n) == 0, float(pre.sum()), np.inf)
    frame = pd.DataFrame(
        {"u": np.repeat(np.arange(n), T), "t": np.tile(np.arange(T), n), "y": Y.T.ravel(), "g": np.repeat(start, T)}
    )
    data = ce.Panel.from_frame(frame, unit="u", time="t", outcome="y", first_treated="g")
    for kind, words in SAID.items():
        e = ce.SyntheticControl(inference=kind.replace("-", "_")).estimate(data)
        assert words in " ".join(e.notes)
        # The functions looked at are those of the estimator.
        if kind != "prediction":
            assert look(kind, Y, pre, np.random.default_rng(0))[0] == pytest.approx(e.headline.p_value, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS, ids=lambda w: w.name)
def test_sizes_and_coverage_without_an_effect(world: World) -> None:
    """Ranks reject no more often than they say where the treated are drawn as any other; what covers less than 93% is warned of."""
    if world.file:
        shared(world.file)
    # A panel's windows overlap, and a few of its units are hard to match: 100 draws hit them too unevenly.
    runs = RUNS if world.file else 100
    error = 3.5 * np.sqrt(0.05 * 0.95 / runs)
    outside = []
    for kind, found in study(world, runs).items():
        if "placebo" in kind and world.own and (found.five > 0.05 + error or found.ten > 0.10 + 1.4 * error):
            outside.append((kind, "size", found))
        if found.intervals and found.coverage < 0.93 - error and kind not in SHORT and world.own:
            outside.append((kind, "coverage", found))
    assert not outside


@pytest.mark.slow
def test_every_market_in_turn_is_ranked_first_as_often_as_ranks_allow() -> None:
    """GeoLift's markets, all 40 in 16 windows, nothing drawn: 5.6% of p-values are at most 2/40, 9.8% at most 4/40."""
    world = WORLDS[-1]
    shared(world.file)
    whole = outcomes(world)
    T = world.before + world.after
    pre = np.arange(T) < world.before
    found = []
    for first in range(0, len(whole) - T + 1, 2):
        window = whole[first : first + T]
        for i in range(window.shape[1]):
            Y = np.column_stack([window[:, i], np.delete(window, i, axis=1)])
            fits = placebo_fits(Y, Simplex(), pre, ~pre)
            found.append(placebo_test([CohortGaps(Y.T - fits.paths, pre, ~pre, 1)]).p_value)
    p = np.array(found)
    assert len(p) == 640 and (p <= 0.05).mean() < 0.065 and (p <= 0.10).mean() < 0.115


def main() -> None:
    """Print the table."""
    from datetime import date

    worlds = [w for w in WORLDS if not w.file or (FOLDER / w.file).is_file()]
    print(f"# Synthetic controls without an effect ({RUNS} studies a world, {RUNS // 4} for prediction intervals)\n")
    print(
        f"Made {date.today().isoformat()} by `python tests/coverage/test_synthetic_coverage.py`. Two random-walk factors, loadings"
    )
    print(
        "between 0 and 1, unit variance of the shocks; one unit taken as treated. Real panels: a window and a unit, drawn."
    )
    print(
        "Ranks can only reject at whole multiples of 1 / units, so a 5% test of 39 units has size 2.6%. Monte Carlo error of a"
    )
    print("size near 5%: 1.3 points; of one near 10%: 1.7; of a coverage near 95%: 1.3 (prediction: 2.5).")
    print("`warned`: by the check `movements` or `effective_periods`; ranks of RMSPE ratios need neither.\n")
    print("| world | inference | size of the 5% test | of the 10% test | coverage | with an interval | warned |")
    print("|---|---|---|---|---|---|---|")
    with ProcessPoolExecutor(2) as pool:
        for world, found in zip(worlds, pool.map(study, worlds), strict=True):
            for kind, f in found.items():
                mark = "" if 0.93 <= f.coverage <= 0.97 else " *"
                cover = f"{f.coverage:.1%}{mark}" if f.intervals else "none"
                print(
                    f"| {world.name} | {kind} | {f.five:.1%} | {f.ten:.1%} | {cover} | {f.intervals:.0%} | {f.warned:.0%} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
