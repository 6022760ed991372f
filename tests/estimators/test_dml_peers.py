"""Double machine learning against EconML on the same folds, and against numbers of DoubleML 0.11 recorded for the same folds."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from causal_eval.inference.cross_fitting import folds_of
from causal_eval.inference.learners import learner
from causal_eval.inference.orthogonal import Sample, Split, from_folds


def sample(n: int = 600) -> Sample:
    """Two of four covariates drive choice and outcome; effects differ."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=(n, 4))
    d = (rng.random(n) < 1 / (1 + np.exp(-0.8 * x[:, 0] + 0.5 * x[:, 1]))) * 1.0
    y = (1 + 0.5 * x[:, 0]) * d + x @ [1.0, 0.5, 0.3, 0.0] + rng.normal(size=n)
    return Sample(y, d, x, np.ones(n), np.arange(n))


def folds(s: Sample) -> np.ndarray:
    return folds_of(s.d, s.cluster, 5, np.random.default_rng(3))


def ours(s: Sample, score: Any, estimand: str) -> Split:
    kinds = ("regressor", "classifier")
    return from_folds(s, score, estimand, *(partial(learner, "linear", k)(0) for k in kinds), folds(s), trim=0.01)


def test_partially_linear_is_econml_linear_dml() -> None:
    """LinearDML 0.16-0.17 with the same learners on the same folds: point to 1e-8, error to its n - 1."""
    from econml.dml import LinearDML

    s = sample()
    at = folds(s)
    cv = [(np.flatnonzero(at != f), np.flatnonzero(at == f)) for f in range(5)]
    peer = LinearDML(
        model_y=learner("linear", "regressor", 0), model_t=learner("linear", "classifier", 0), discrete_treatment=True,
        cv=cv, random_state=0,
    ).fit(s.y, s.d, X=None, W=s.X)  # fmt: skip
    mine = ours(s, "plr", "ate")
    assert mine.value == pytest.approx(float(peer.intercept_), abs=1e-8)
    error = float(np.sqrt(mine.psi @ mine.psi))
    assert error == pytest.approx(float(peer.intercept__inference().stderr), rel=2e-3)


DOUBLEML = {
    ("plr", "ate"): (0.9900306806808257, 0.09246323828522318),
    ("irm", "ate"): (1.0084670938407718, 0.1034502779994505),
    ("irm", "att"): (1.1872615973588885, 0.13159163890710915),
}
"""DoubleML 0.11.4 (DoubleMLPLR; DoubleMLIRM with score ATE and ATTE) on these folds, with these learners: coef and se."""


@pytest.mark.parametrize(("score", "estimand"), DOUBLEML)
def test_every_score_is_doublemls(score: str, estimand: str) -> None:
    """Partially linear, interactive for all and for the treated: estimate and error to 1e-8."""
    mine = ours(sample(), score, estimand)
    value, error = DOUBLEML[score, estimand]
    assert mine.value == pytest.approx(value, abs=1e-8)
    assert float(np.sqrt(mine.psi @ mine.psi)) == pytest.approx(error, abs=1e-8)
