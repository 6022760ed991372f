"""Shortcuts of matching at scale give what the plain computation gives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from causal_eval.inference.abadie_imbens import LIKE, AlongScore
from causal_eval.inference.order import ks_distance, rank_above, stable_order


@pytest.fixture(params=[1e-3, 0.1], ids=["few ties", "many ties"])
def score(request: pytest.FixtureRequest) -> np.ndarray:
    return np.round(np.random.default_rng(1).random(300) / request.param) * request.param


def test_the_order_keeps_ties_in_place(score: np.ndarray) -> None:
    assert (stable_order(score) == np.argsort(score, kind="stable")).all()


def test_auc_and_distance_are_scipys_with_ties(score: np.ndarray) -> None:
    """The Mann-Whitney statistic over the pairs, and Kolmogorov and Smirnov's distance, either group the larger."""
    for cut in (60, 220):
        a, b = score[:cut], score[cut:] ** 1.2
        assert rank_above(a, b) == pytest.approx(stats.mannwhitneyu(a, b).statistic / (len(a) * len(b)))
        assert ks_distance(a, b) == pytest.approx(stats.ks_2samp(a, b).statistic)


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
        found = along.back(along.covariances(key, a[along.order], y[along.order])) @ Z
        assert found == pytest.approx(a @ np.array(each))
