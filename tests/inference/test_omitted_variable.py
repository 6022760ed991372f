"""Bounds under something left out: DoubleML's numbers on the same nuisances, a jackknife, and worlds whose omitted cause is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from causal_eval.inference import omitted_variable as ov
from causal_eval.inference.cross_fitting import folds_of, out_of_fold
from causal_eval.inference.learners import learner
from causal_eval.inference.omitted_variable import Short, Strength
from causal_eval.inference.orthogonal import Sample, Split, from_folds

SCORES = [("plr", "ate"), ("irm", "ate"), ("irm", "att")]


def sample(n: int = 600, pull: float = 1.0) -> Sample:
    """Two of four covariates drive choice (as hard as ``pull``) and outcome; effects differ."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=(n, 4))
    d = (rng.random(n) < 1 / (1 + np.exp(pull * (-0.8 * x[:, 0] + 0.5 * x[:, 1])))) * 1.0
    y = (1 + 0.5 * x[:, 0]) * d + x @ [1.0, 0.5, 0.3, 0.0] + rng.normal(size=n)
    return Sample(y, d, x, np.ones(n), np.arange(n))


def split(s: Sample, score, estimand) -> Split:
    kinds = (learner("linear", k, 0) for k in ("regressor", "classifier"))
    return from_folds(s, score, estimand, *kinds, folds_of(s.d, s.cluster, 5, np.random.default_rng(3)), trim=0.01)


def short(s: Sample, f: Split, score, estimand, *, their_share: bool = False, their_sign: bool = False) -> Short:
    """One split's summary. ``their_share``: the share treated taken as known; ``their_sign``: the score's sign as DoubleML has it."""
    sigma2, nu2, psi = ov.elements(s, f, score, estimand, trim=0.01)
    if their_share and estimand == "att":
        share = s.d.mean()
        psi[:, 1] += 2 * nu2 * (s.d - share) / share / len(s.d)
    rows = np.column_stack([-f.psi if their_sign else f.psi, psi])
    return Short(f.value, sigma2, nu2, tuple(map(tuple, rows.T @ rows)))


DOUBLEML = {
    ("plr", "ate"): (1.0391434454010546, 4.710423435881593, 0.8616259830988136, 1.1184353782628378,
                     0.709098640173751, 1.2704154881712066, 0.4243828343038029, 0.37153383748707464),
    ("irm", "ate"): (0.9632389186087013, 4.155898701640212, 0.8923455840336613, 1.1245886036478823,
                     0.728272200393395, 1.3038083440500297, 0.4620903694446458, 0.3948432327279549),
    ("irm", "att"): (0.4736719324065357, 2.74260812821295, 1.1211109815431735, 1.2534122131746035,
                     0.9339438611719204, 1.5201330046637924, 0.7060034664465143, 0.4653629159709213),
}  # fmt: skip
"""DoubleML 0.11.4 with these nuisances (ATTE: the treated's outcome known), cf_y 0.1, cf_d 0.05, rho 0.8, level 0.95: sigma2, nu2,
bounds, confidence limits, and RV and RVa where its bound and limit cross zero, solved to 1e-14 (its own search stops at 1e-6)."""


@pytest.mark.parametrize(("score", "estimand"), SCORES)
def test_variances_bounds_and_robustness_value_are_doublemls(score, estimand) -> None:
    """To 1e-10, for every score."""
    s = sample()
    found = short(s, split(s, score, estimand), score, estimand)
    b = ov.at([found], Strength(0.1, 0.05, 0.8).factor, level=0.95, df=np.inf)
    rv, _ = ov.robustness_values([found], rho=0.8, level=0.95, df=np.inf)
    sigma2, nu2, low, high, *_, their_rv, _ = DOUBLEML[score, estimand]
    assert (found.sigma2, found.nu2, b.low, b.high, rv) == pytest.approx((sigma2, nu2, low, high, their_rv), abs=1e-10)


@pytest.mark.parametrize(("score", "estimand"), SCORES)
def test_confidence_limits_are_doublemls_with_its_scores_sign_and_known_share(score, estimand) -> None:
    """DoubleML 0.11.4 divides the score by its derivative, -1, and so gives each bound the other one's error: with that sign, and with
    the share treated taken as known, limits and RVa agree to 1e-8. The jackknife below says which sign is right."""
    s = sample()
    found = short(s, split(s, score, estimand), score, estimand, their_share=True, their_sign=True)
    b = ov.at([found], Strength(0.1, 0.05, 0.8).factor, level=0.95, df=np.inf)
    _, rva = ov.robustness_values([found], rho=0.8, level=0.95, df=np.inf)
    *_, low, high, _, their_rva = DOUBLEML[score, estimand]
    assert (b.limit_low, b.limit_high, rva) == pytest.approx((low, high, their_rva), abs=1e-8)


@pytest.mark.parametrize(("score", "estimand"), SCORES)
def test_errors_of_both_bounds_are_the_jackknifes(score, estimand) -> None:
    """Nuisances held, each row left out in turn: within 2% for both bounds, and the right one the larger."""
    s = sample(1000, pull=0.4)
    kinds = [learner("linear", k, 0) for k in ("regressor", "classifier")]
    at = folds_of(s.d, s.cluster, 5, np.random.default_rng(3))
    m, mean, g0, g1 = (
        out_of_fold(kinds[1], s.X, s.d, s.w, at),
        out_of_fold(kinds[0], s.X, s.y, s.w, at),
        *(out_of_fold(kinds[0], s.X, s.y, s.w, at, s.d == k) for k in (0, 1)),
    )
    factor = 0.5

    def ends(keep):
        y, d, e = s.y[keep], s.d[keep], m[keep]
        if score == "plr":
            u, v = y - mean[keep], d - e
            theta = (u @ v) / (v @ v)
            size = np.mean((u - theta * v) ** 2) / np.mean(v**2)
        elif estimand == "ate":
            r = np.where(d > 0, y - g1[keep], y - g0[keep])
            a = d / e - (1 - d) / (1 - e)
            theta = np.mean(g1[keep] - g0[keep] + a * r)
            size = np.mean(r**2) * np.mean(2 * (1 / e + 1 / (1 - e)) - a**2)
        else:
            share, odds = d.mean(), e / (1 - e)
            r = y - g0[keep]
            a = (d - (1 - d) * odds) / share
            theta = np.mean(a * r)
            size = np.mean((1 - d) * r**2) * np.mean(2 * d / (1 - e) / share**2 - a**2)
        return theta + np.array([-factor, factor]) * size**0.5

    n = len(s.y)
    each = np.array([ends(np.delete(np.arange(n), i)) for i in range(n)])
    jackknife = (n - 1) * each.var(axis=0)
    found = short(s, split(s, score, estimand), score, estimand)
    mine = [found.variance(-factor), found.variance(factor)]
    assert ends(np.arange(n)) == pytest.approx([found.theta - factor * found.most, found.theta + factor * found.most])
    assert mine == pytest.approx(list(jackknife), rel=0.02)
    assert mine[1] - mine[0] == pytest.approx(jackknife[1] - jackknife[0], rel=0.25)


@dataclass(frozen=True)
class World:
    """Three kinds of people, a hidden yes-or-no cause of choice and outcome, and what it does in the population, all by hand."""

    estimand: str
    at_x = (0.3, 0.4, 0.3)
    chosen = np.array([[0.15, 0.45], [0.3, 0.6], [0.4, 0.8]])
    """P(d = 1 | x, u), u in the columns; u is 1 for half of the people."""
    mean = np.array([[[0.0, 1.2], [1.0, 2.0], [1.5, 3.5]], [[1.0, 2.6], [2.5, 3.5], [3.0, 5.4]]])
    """E(y | d, x, u)."""

    def truth(self) -> tuple[float, float, Strength]:
        """The effect, what is estimated without u, and the strength of u, by sums over the twelve cells."""
        p = np.array(self.at_x)[None, :, None] * 0.5 * np.stack([1 - self.chosen, self.chosen])
        d = np.array([0.0, 1.0])[:, None, None]
        g_short = ((p * self.mean).sum(axis=2) / p.sum(axis=2))[:, :, None] + 0 * p
        e_short = (p[1].sum(axis=1) / p.sum(axis=(0, 2)))[None, :, None] + 0 * p
        e_full = self.chosen[None] + 0 * p
        share = p[1].sum()

        def alpha(e):
            return (d - (1 - d) * e / (1 - e)) / share if self.estimand == "att" else d / e - (1 - d) / (1 - e)

        def effect(g):
            over = p / p[1].sum() * d if self.estimand == "att" else p
            return float((over * (g[1] - g[0])[None]).sum())

        counts = (1 - d) if self.estimand == "att" else 1.0
        gap_y = (p * counts * (self.mean - g_short) ** 2).sum()
        sigma2 = gap_y + (p * counts).sum()
        nu_full, nu_short = (p * alpha(e_full) ** 2).sum(), (p * alpha(e_short) ** 2).sum()
        together = (p * (self.mean - g_short) * (alpha(e_full) - alpha(e_short))).sum()
        rho = together / (gap_y * (nu_full - nu_short)) ** 0.5
        strength = Strength(float(gap_y / sigma2), float(1 - nu_short / nu_full), float(rho))
        assert effect(g_short) - effect(self.mean) == pytest.approx(-together)
        return effect(self.mean), effect(g_short), strength

    def draw(self, n: int, rng: np.random.Generator) -> tuple[Sample, Split]:
        """A sample without u, with the nuisances that the cells of x have."""
        x = rng.choice(3, size=n, p=self.at_x)
        u = rng.integers(0, 2, size=n)
        d = (rng.random(n) < self.chosen[x, u]) * 1.0
        y = self.mean[d.astype(int), x, u] + rng.normal(size=n)
        s = Sample(y, d, np.eye(3)[x], np.ones(n), np.arange(n))
        by_cell = np.array([[y[(x == k) & (d == a)].mean() for k in range(3)] for a in (0, 1)])
        e = np.array([d[x == k].mean() for k in range(3)])[x]
        g0, g1 = by_cell[0][x], by_cell[1][x]
        if self.estimand == "att":
            part = (d - (1 - d) * e / (1 - e)) * (y - g0)
            value = part.sum() / d.sum()
            return s, Split(value, (part - d * value) / d.sum(), None, e, g0, 0)
        scores = g1 - g0 + d * (y - g1) / e - (1 - d) * (y - g0) / (1 - e)
        return s, Split(scores.mean(), (scores - scores.mean()) / n, scores, e, np.where(d > 0, g1, g0), 0)


@pytest.mark.parametrize("estimand", ["ate", "att"])
def test_the_bound_at_the_hidden_causes_own_strength_ends_at_the_truth(estimand) -> None:
    """In a large sample the nearer bound is the truth, which is a long way from the estimate; at a weaker strength it is outside."""
    world = World(estimand)
    truth, biased, strength = world.truth()
    s, f = world.draw(400_000, np.random.default_rng(1))
    found = [short(s, f, "irm", estimand)]
    assert f.value == pytest.approx(biased, abs=0.02) and biased - truth > 0.2
    b = ov.at(found, strength.factor, level=0.95, df=np.inf)
    assert b.low == pytest.approx(truth, abs=0.02)
    worst = ov.at(found, Strength(strength.cf_y, strength.cf_d).factor, level=0.95, df=np.inf)
    assert worst.low < truth < worst.high
    assert ov.at(found, 0.5 * strength.factor, level=0.95, df=np.inf).limit_low > truth


@pytest.mark.parametrize("estimand", ["ate", "att"])
def test_the_confidence_limit_at_that_strength_holds_the_truth_as_often_as_it_says(estimand) -> None:
    """The bound is the truth itself, so a 90% limit covers in 90 of 100 samples: 500 samples of 1,000 people, within 4 points."""
    world = World(estimand)
    truth, _, strength = world.truth()
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(500):
        s, f = world.draw(1000, rng)
        b = ov.at([short(s, f, "irm", estimand)], strength.factor, level=0.9, df=999)
        held += b.limit_low <= truth
    assert 0.86 <= held / 500 <= 0.94


def test_gains_and_bounds_over_splits_are_medians() -> None:
    """By hand: three splits, with and without a covariate; the limits hold the noise of the split."""
    zero = ((0.04, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    full = [Short(t, 4.0, 2.0, zero) for t in (1.0, 2.0, 4.0)]
    without = [Short(t, 5.0, 1.6, zero) for t in (1.5, 2.5, 4.5)]
    g = ov.gain(full, without)
    assert (g.cf_y, g.cf_d, g.shift) == pytest.approx((0.25, 0.25, 0.5))
    assert g.rho == pytest.approx(0.5 / (1.0 * 0.4) ** 0.5)
    b = ov.at(full, 0.1, level=0.975, df=np.inf)
    assert (b.low, b.high) == pytest.approx((2 - 0.1 * 8**0.5, 2 + 0.1 * 8**0.5))
    error = (0.04 + 1.0) ** 0.5
    assert (b.limit_low, b.limit_high) == pytest.approx((b.low - 1.959964 * error, b.high + 1.959964 * error), abs=1e-5)
    assert ov.adjusted(full, 0.1) == b.low
    assert ov.adjusted([Short(-s.theta, s.sigma2, s.nu2, zero) for s in full], 0.1) == -b.low


def test_nothing_is_needed_where_the_limit_is_beyond_zero_already() -> None:
    """RVa is 0 then, RV is not; of a negative estimate it is the upper bound that counts."""
    flat = ((1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    rv, rva = ov.robustness_values([Short(-1.0, 4.0, 2.0, flat)], rho=1.0, level=0.95, df=np.inf)
    assert rva == 0.0 and rv / (1 - rv) ** 0.5 == pytest.approx(1 / 8**0.5)
