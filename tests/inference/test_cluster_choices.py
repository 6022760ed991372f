"""CR2 and two-way clustered errors against closed forms and fixest's convention."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causal_eval as ce
from causal_eval.errors import EstimatorRefusal
from causal_eval.inference.bias_reduced import bias_reduced


def panel(covariates=(), **roles):
    rng = np.random.default_rng(8)
    n, t = 24, 7
    d = (np.arange(n) < 9)[:, None] & (np.arange(t) >= 4)[None, :]
    y = (
        rng.normal(size=(n, 1))
        + rng.normal(size=(1, t))
        + rng.normal(size=(n, t)) * (1 + 0.5 * (np.arange(n) < 9))[:, None]
    )
    frame = pd.DataFrame(
        {"u": np.repeat(range(n), t), "t": np.tile(range(t), n), "y": (y + d).ravel(), "d": d.ravel() * 1,
         "x": rng.normal(size=n * t), "c": np.repeat(np.arange(n) // 2, t)}
    )  # fmt: skip
    return ce.Panel.from_frame(
        frame, unit="u", time="t", outcome="y", treatment="d", covariates=list(covariates), **roles
    )


def test_with_rows_as_clusters_cr2_is_hc2_with_bell_and_mccaffreys_degrees_of_freedom():
    """A difference of two means: s1^2/n1 + s2^2/n2, and the closed form of Imbens & Kolesar (2016), section 3."""
    rng = np.random.default_rng(1)
    a, b = 5, 14
    y, d = rng.normal(size=a + b), np.repeat([1.0, 0.0], [a, b])
    found = bias_reduced(y, d[:, None], [np.zeros(a + b, dtype=int)], np.zeros((a + b, 0)), np.arange(a + b))
    assert found.coef[0] == pytest.approx(y[:a].mean() - y[a:].mean())
    assert found.cov[0, 0] == pytest.approx(y[:a].var(ddof=1) / a + y[a:].var(ddof=1) / b)
    df = (a + b) ** 2 * (a - 1) * (b - 1) / (a**2 * (a - 1) + b**2 * (b - 1))
    assert found.df(np.array([1.0])) == pytest.approx(df)


def test_cr2_is_unbiased_where_errors_are_alike():
    """Its expectation under y ~ N(0, I) is the classical variance: the sum over unit vectors of its quadratic form."""
    rng = np.random.default_rng(2)
    n = 30
    d = rng.normal(size=(n, 2))
    cluster = np.repeat(range(6), 5)
    group = np.arange(n) % 3
    mean = np.zeros((2, 2))
    for i in range(n):  # E[y y'] = I, and the estimate is quadratic in y
        mean += bias_reduced(np.eye(n)[i], d, [group], np.zeros((n, 0)), cluster).cov
    x = np.hstack([d, np.eye(3)[group]])
    assert mean == pytest.approx(np.linalg.inv(x.T @ x)[:2, :2], rel=1e-9)


@pytest.mark.parametrize(
    ("covariates", "cluster", "error", "p"),
    [
        ((), None, 0.4557436580903228, 0.16162532073655256),
        ((), "c", 0.3947082091365903, 0.11495193622985855),
        (("x",), None, 0.4492886041745799, 0.14399362153836837),
        (("x",), "c", 0.39120285841567176, 0.10195123123031413),
    ],
)
def test_two_way_clusters_are_fixests(covariates, cluster, error, p):
    """Numbers of pyfixest 0.60, feols("y ~ d [+ x] | u + t", vcov={"CRV1": "u + t"}) on the same rows."""
    data = panel(covariates, **({"cluster": cluster} if cluster else {}))
    h = ce.DifferenceInDifferences(vcov="two_way").estimate(data).headline
    assert h.std_error == pytest.approx(error, rel=1e-10) and h.p_value == pytest.approx(p, rel=1e-9)


def test_cr2_is_larger_than_cr1_with_few_treated_clusters_and_has_fewer_degrees_of_freedom():
    one, two = (ce.DifferenceInDifferences(vcov=v).estimate(panel(cluster="c")) for v in ("cluster", "cr2"))
    assert two.headline.std_error > one.headline.std_error
    assert two.details["df"] < one.details["df"] and "CR2" in two.inference


def test_cr2_refuses_weights():
    frame = panel().frame().assign(w=2.0)
    data = ce.Panel.from_frame(
        frame.rename(columns={"first_treated": "g"}),
        unit="unit",
        time="time",
        outcome="outcome",
        first_treated="g",
        weights="w",
    )
    with pytest.raises(EstimatorRefusal) as e:
        ce.DifferenceInDifferences(vcov="cr2").estimate(data)
    assert e.value.code == "E403"
