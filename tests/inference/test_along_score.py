"""Shortcuts of matching at scale give what the plain computation gives."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy import stats

from causal_eval.inference.abadie_imbens import LIKE, AlongScore
from causal_eval.inference.balance import balance
from causal_eval.inference.greedy import greedy
from causal_eval.inference.kolmogorov import Binned
from causal_eval.inference.order import rank_above, stable_order
from causal_eval.inference.overlap import overlap


@pytest.fixture(params=[1e-3, 0.1], ids=["few ties", "many ties"])
def score(request: pytest.FixtureRequest) -> np.ndarray:
    return np.round(np.random.default_rng(1).random(300) / request.param) * request.param


def test_the_order_keeps_ties_in_place(score: np.ndarray) -> None:
    stable = np.argsort(score, kind="stable")
    assert (stable_order(score) == stable).all()
    unstable = np.lexsort((-np.arange(300), score))
    for near in (stable, unstable, unstable[::-1]):
        assert (stable_order(score, near=near) == stable).all()


def test_auc_is_scipys_with_ties(score: np.ndarray) -> None:
    """The Mann-Whitney statistic over the pairs."""
    for cut in (60, 220):
        a, b = score[:cut], score[cut:] ** 1.2
        assert rank_above(a, b) == pytest.approx(stats.mannwhitneyu(a, b).statistic / (len(a) * len(b)))


SHAPES = {
    "smooth": lambda rng, n: rng.normal(size=n),
    "whole numbers": lambda rng, n: rng.poisson(3.0, n).astype(float),
    "heavy tails": lambda rng, n: rng.pareto(0.3, n),
    "mostly zero": lambda rng, n: np.where(rng.random(n) < 0.995, 0.0, rng.normal(size=n)),
    "rounded": lambda rng, n: np.round(rng.normal(size=n), 1),
    "constant": lambda rng, n: np.full(n, 1e-320),
    "an outlier": lambda rng, n: np.append(rng.normal(size=n - 1), 1e300),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_distance_of_two_groups_is_that_of_sorting_all_of_them(shape: str) -> None:
    """Kolmogorov and Smirnov's: scipy's without weights, the weighted distribution functions written out with them."""
    rng = np.random.default_rng(3)
    x, t = SHAPES[shape](rng, 40_000), rng.random(40_000) < 0.2
    binned = Binned(x)
    assert binned.distance(t * 1.0, ~t * 1.0) == pytest.approx(stats.ks_2samp(x[t], x[~t]).statistic, abs=1e-15)
    w = rng.random(40_000) * (rng.random(40_000) < 0.1)
    points, at = np.unique(x, return_inverse=True)
    one, other = (np.cumsum(np.bincount(at, m, len(points))) / m.sum() for m in (w * t, w * ~t))
    rows = np.flatnonzero(w)
    assert binned.distance((w * t)[rows], (w * ~t)[rows], rows) == pytest.approx(np.abs(one - other).max(), abs=1e-13)


def test_balance_is_that_of_each_column_on_its_own() -> None:
    """Means, weighted variances and their ratio to eleven digits, far from zero too, and none made up where nothing varies."""
    rng = np.random.default_rng(4)
    n, t = 9000, rng.random(9000) < 0.3
    X = np.column_stack(
        [rng.normal(size=n) + t, 1e6 + rng.normal(size=n), np.full(n, 0.1), t + 0.3, rng.random(n) < 0.5]
    )
    before, after = rng.random(n), rng.random(n) * (t | (rng.random(n) < 0.5))
    rows = balance(X, tuple("abcde"), t, before, after, treated_scale=True)

    def moments(x: np.ndarray, w: np.ndarray) -> tuple[float, float]:
        mean = np.average(x, weights=w)
        return mean, w @ (x - mean) ** 2 / (w.sum() - w @ w / w.sum())

    for k in (0, 1, 4):
        scale = moments(X[t, k], before[t])[1] ** 0.5
        for row, w in zip(rows[2 * k : 2 * k + 2], (before, after), strict=True):
            (m1, a1), (m0, a0) = moments(X[t, k], w[t]), moments(X[~t, k], w[~t])
            assert row.smd == pytest.approx((m1 - m0) / scale, abs=1e-9 if k == 1 else 1e-12)
            assert row.variance_ratio == (None if k == 4 else pytest.approx(a1 / a0, rel=1e-11))
    assert [r.smd for r in rows[4:8]] == [0.0, 0.0, None, None]


def test_overlap_is_that_of_its_definitions(score: np.ndarray) -> None:
    """Preference scores row by row, counts by numpy's histogram, whichever order is given."""
    rng = np.random.default_rng(5)
    score = np.clip(score, 0.001, 0.999)
    d, w = (rng.random(300) < score).astype(float), rng.random(300)
    found = overlap(score, d, w, "att")
    odds = score / (1 - score) / (w @ d / (w @ (1 - d)))
    preference = odds / (1 + odds)
    assert found.equipoise == pytest.approx(w[(preference >= 0.3) & (preference <= 0.7)].sum() / w.sum())
    for counts, rows in ((found.treated, d > 0), (found.untreated, d == 0)):
        assert counts == tuple(np.histogram(score[rows], np.linspace(0, 1, 21))[0])
    assert overlap(score, d, w, "att", stable_order(score)) == found


def test_pairs_are_the_same_compiled_or_not(score: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """And those of looking at every free row, with the earlier of two as near."""
    t = np.random.default_rng(6).random(300) < 0.3
    focal, pool = np.flatnonzero(t), np.flatnonzero(~t)
    free, expected = list(pool), {}
    for _ in range(2):
        for i in focal[np.argsort(-score[focal], kind="stable")]:
            gap, row = min((round(abs(score[i] - score[j]), 12), j) for j in free)
            if gap <= 0.05:
                expected.setdefault(i, set()).add(row)
                free.remove(row)
    at = score[:, None]
    with monkeypatch.context() as patch:
        patch.setattr("causal_eval.inference.greedy.WORTH_COMPILING", 0)
        compiled = greedy(at, score, focal, pool, 2, caliper=0.05 + 1e-9)
    assert "numba" in sys.modules
    monkeypatch.delitem(sys.modules, "numba")
    plain = greedy(at, score, focal, pool, 2, caliper=0.05 + 1e-9)
    for found in (compiled, plain):
        pairs = {i: set(found.row[found.edge == k]) for k, i in enumerate(found.focal)}
        assert pairs == expected
    assert "numba" not in sys.modules


def test_means_and_covariances_along_the_score_are_those_of_windows(score: np.ndarray) -> None:
    """Each row's window of a group written out; the transposed product equals the sum of covariances."""
    rng = np.random.default_rng(2)
    t, y, Z, a = rng.random(300) < 0.4, rng.normal(size=300), rng.normal(size=(300, 3)), rng.random(300)
    along = AlongScore(score, t)
    order = np.argsort(score, kind="stable")
    for key, group in ((True, t), (False, ~t)):
        rows = order[group[order]]
        place = np.searchsorted(score[rows], score)
        first = np.clip(place - LIKE // 2, 0, len(rows) - LIKE)
        windows = rows[first[:, None] + np.arange(LIKE)]
        assert along.back(along.mean(key, y[along.order])) == pytest.approx(y[windows].mean(axis=1))
        each = [np.cov(Z[r].T, y[r])[:3, 3] for r in windows]
        ranked = y[along.order]
        found = along.back(along.covariances(key, a[along.order], ranked, along.mean(key, ranked))) @ Z
        assert found == pytest.approx(a @ np.array(each))
