"""Bias, coverage and size of difference-in-differences in simulated launches with known truth; the table is kept beside.

Run with ``pytest --slow tests/coverage``; ``python tests/coverage/test_did_coverage.py > tests/coverage/did.md`` makes the
kept table anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from causal_eval.inference.difference import Windows, from_units
from causal_eval.inference.effects import fieller, t_test
from causal_eval.inference.few_clusters import count_clusters, permute

RUNS = 1000
T, START = 12, 8
WINDOWS = Windows(np.arange(T) < START, np.arange(T) >= START, START - 1)


@dataclass(frozen=True)
class Row:
    """One simulated world: clusters treated and control, units a cluster, missing share, spread of unit effects."""

    name: str
    treated: int
    control: int
    units: int = 1
    missing: float = 0.0
    heterogeneous: float = 0.0
    weighted: bool = False


ROWS = (
    Row("80 units, balanced", 30, 50),
    Row("80 units, effects differ by unit", 30, 50, heterogeneous=1.0),
    Row("80 units, 20% of cells missing", 30, 50, missing=0.2),
    Row("80 units, weighted", 30, 50, weighted=True),
    Row("24 clusters of 5 units", 12, 12, units=5),
    Row("20 clusters, 8 treated", 8, 12),
    Row("70 clusters, 15 treated", 15, 55),
    Row("65 clusters, 5 treated", 5, 60),
    Row("40 clusters, 1 treated", 1, 39),
)


def simulate(row: Row, rng: np.random.Generator, effect: float):
    """Outcomes (n, T) with unit levels, a common season and AR(0.6) noise shared within clusters."""
    g = row.treated + row.control
    n = g * row.units
    cluster = np.repeat(np.arange(g), row.units)
    treated = cluster < row.treated

    def ar(size: int) -> np.ndarray:
        e = rng.normal(size=(size, T))
        for t in range(1, T):
            e[:, t] += 0.6 * e[:, t - 1]
        return e

    own = effect * (1 + row.heterogeneous * rng.normal(size=n))
    y = 20 + rng.normal(size=(n, 1)) * 2 + rng.normal(size=(1, T)) + ar(g)[cluster] + ar(n) * 0.5
    y = y + own[:, None] * (treated[:, None] & WINDOWS.post[None, :])
    w = rng.uniform(0.5, 2, size=(n, 1)) * np.ones((1, T)) if row.weighted else np.ones((n, T))
    gone = rng.random((n, T)) < row.missing
    gone[:, [0, T - 1]] = False
    return np.where(gone, np.nan, y), np.where(gone, 0.0, w), treated, cluster


@dataclass(frozen=True)
class Found:
    """What a row gave: mean error, coverage of the absolute and relative interval, rejections under the null."""

    bias: float
    bias_error: float
    coverage: float
    relative: float | None
    size: float
    procedure: str


def study(row: Row, runs: int = RUNS) -> Found:
    rng = np.random.default_rng([7, row.treated, row.control, row.units])
    errors, covered, relative, rejected, how = [], 0, 0, 0, ""
    for effect in (1.0, 0.0):
        for _ in range(runs):
            y, w, treated, cluster = simulate(row, rng, effect)
            fit = from_units(y, w, treated, cluster, WINDOWS, vcov="cluster", nested=True, events=False)
            value = float(fit.static.coef[0])
            if count_clusters(treated, cluster).few:
                how = "permutation"
                # The events are not looked at: the windows of the headline alone.
                test = permute(y, w, treated, cluster, WINDOWS, level=0.95, rng=rng).static
            else:
                how = "CR1, t(G-1)"
                test = t_test(value, float(fit.static.std_error[0]), fit.static.df, 0.95)
            if effect:
                errors.append(value - effect)
                covered += test.low is not None and test.low <= effect <= test.high
                if how != "permutation":
                    ratio = fieller(value, fit.observed, fit.joint, fit.static.df, 0.95, None)
                    relative += ratio.low <= effect / (fit.observed - effect) <= ratio.high
            else:
                rejected += test.p_value < 0.05
    bias = float(np.mean(errors))
    return Found(
        bias, float(np.std(errors) / np.sqrt(runs)), covered / runs, None if how == "permutation" else relative / runs,
        rejected / runs, how,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.name)
def test_intervals_cover(row: Row) -> None:
    """No bias; 95% intervals cover 93 to 97% (permutation with one treated may cover more); size near 5%, within error."""
    found = study(row)
    error = np.sqrt(0.95 * 0.05 / RUNS)
    assert abs(found.bias) < 3.5 * found.bias_error
    assert 0.93 - 3 * error < found.coverage < (1.0 if found.procedure == "permutation" else 0.97 + 3 * error)
    assert found.size < 0.07 + 3 * error


def main() -> None:
    """Print the table."""
    from datetime import date

    print(
        f"# Difference-in-differences in simulated launches ({RUNS:,} a row, effect 1 for bias and coverage, 0 for size)\n"
    )
    print(
        f"Made {date.today().isoformat()} by `python tests/coverage/test_did_coverage.py`. Noise: AR(0.6), shared within"
    )
    print(
        "clusters; 12 periods, launch in the ninth. Monte Carlo error of a coverage near 95% or a size near 5%: 0.7 points.\n"
    )
    print("| world | errors by | bias (error) | coverage | coverage, relative | size of the 5% test |")
    print("|---|---|---|---|---|---|")
    for row in ROWS:
        f = study(row)
        relative = "" if f.relative is None else f"{f.relative:.1%}"
        print(
            f"| {row.name} | {f.procedure} | {f.bias:+.4f} ({f.bias_error:.4f}) | {f.coverage:.1%} | {relative} | {f.size:.1%} |"
        )


if __name__ == "__main__":
    main()
