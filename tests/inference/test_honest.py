"""Sets under departures from parallel trends: published numbers, brute force, and coverage of a known truth."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import optimize, stats

from causal_eval.inference.honest import breakdown, relative_magnitudes, smoothness

# The Medicaid expansion's event study in the README of R's HonestDiD (0.2.8): 2008 to 2012, then 2014 and 2015, base 2013.
BETA = np.array([-0.00528535, -0.01129732, -0.00267599, -0.00141931, 0.00033966, 0.04644685, 0.06920618])
SIGMA = 1e-5 * np.array(
    [
        [7.48848364, 6.03987410, 4.44461982, 3.38576471, 4.32801125, 4.76588048, 2.42512870],
        [6.03987410, 7.26650062, 3.78933022, 2.86657803, 4.54332063, 4.42885012, 2.82465504],
        [4.44461982, 3.78933022, 5.05205194, 2.67367943, 2.77819357, 3.06064411, 0.963753388],
        [3.38576471, 2.86657803, 2.67367943, 4.00322203, 2.41285998, 2.38086821, 0.292387814],
        [4.32801125, 4.54332063, 2.77819357, 2.41285998, 5.46266221, 3.68253105, 0.972294750],
        [4.76588048, 4.42885012, 3.06064411, 2.38086821, 3.68253105, 8.37566882, 6.32139796],
        [2.42512870, 2.82465504, 0.963753388, 0.292387814, 0.972294750, 6.32139796, 10.7123523],
    ]
)
FIRST = [1.0, 0.0]
GRID_STEP = 40 * SIGMA[5, 5] ** 0.5 / 999
"""R inverts its test on 1000 points over 20 standard errors to both sides, and reports the outermost points inside."""


def rm(mbar, l_vec=FIRST, beta=BETA, sigma=SIGMA, n_post=2, level=0.95):
    return relative_magnitudes(beta, sigma, len(beta) - n_post, n_post, l_vec, mbar, level=level)


def flci(m, l_vec=FIRST, beta=BETA, sigma=SIGMA, n_post=2, level=0.95):
    return smoothness(beta, sigma, len(beta) - n_post, n_post, l_vec, m, level=level)


@pytest.mark.parametrize(
    ("mbar", "low", "high"),
    [(0.5, 0.0241, 0.0673), (1.0, 0.0171, 0.0720), (1.5, 0.00859, 0.0796), (2.0, -0.00107, 0.0883)],
)
def test_relative_magnitudes_published(mbar, low, high):
    """R's C-LF sets up to its grid and its critical value from 1000 draws (worth another third of a grid step)."""
    assert rm(mbar) == (pytest.approx(low, abs=1.3 * GRID_STEP), pytest.approx(high, abs=1.3 * GRID_STEP))


@pytest.mark.parametrize(
    ("m", "low", "high"),
    [
        (0.00, 0.0259, 0.0607),
        (0.01, 0.0132, 0.0787),
        (0.02, 0.00286, 0.0907),
        (0.03, -0.00714, 0.101),
        (0.04, -0.0171, 0.111),
        (0.05, -0.0271, 0.121),
    ],
)
def test_smoothness_published(m, low, high):
    """R's fixed-length intervals to the digits printed (its quantiles are of a million draws)."""
    assert flci(m) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=6e-4 if m > 0.02 else 1e-4))


def vertices(sd, x):
    """Every basic feasible point of lambda'x = 0, lambda'sd = 1, lambda >= 0."""
    w, out = np.column_stack([sd, x]), []
    for rows in combinations(range(len(sd)), w.shape[1]):
        try:
            part = np.linalg.solve(w[list(rows)].T, np.eye(w.shape[1])[0])
        except np.linalg.LinAlgError:
            continue
        if part.min() > -1e-9:
            point = np.zeros(len(sd))
            point[list(rows)] = np.maximum(part, 0)
            if not any(np.allclose(point, o) for o in out):
                out.append(point)
    return np.array(out)


def brute(beta, sigma, n_post, l_vec, mbar, grid, *, draws=200_000, alpha=0.05):
    """Which of ``grid`` the C-LF sets keep: moments written out, all vertices, simulated critical values."""
    q, l_vec = len(beta), np.asarray(l_vec, dtype=float)
    n_pre, kappa = q - n_post, alpha / 10
    size = (alpha - kappa) / (1 - kappa)
    step = np.delete(np.eye(q + 1)[1:] - np.eye(q + 1)[:-1], n_pre, axis=1)
    nuisance = np.linalg.svd(l_vec[None])[2][1:].T
    z = np.random.default_rng(0).normal(size=(draws, q)) @ np.linalg.cholesky(sigma).T
    kept = np.zeros(len(grid), dtype=bool)
    for s in range(n_pre):
        for w in (mbar * step[s], -mbar * step[s]):
            a = np.vstack([step[n_pre:] - w, -step[n_pre:] - w])
            cov = a @ sigma @ a.T
            v = vertices(np.sqrt(np.diag(cov)), a[:, n_pre:] @ nuisance)
            critical = np.quantile((z @ (v @ a).T).max(axis=1), 1 - kappa)
            for i, theta in enumerate(grid):
                m = v @ (a @ beta - a[:, n_pre:] @ l_vec / (l_vec @ l_vec) * theta)
                best = int(m.argmax())
                if kept[i] or m[best] > critical:
                    continue
                variance = v[best] @ cov @ v[best]
                slope = v @ cov @ v[best] / variance
                rest = m - slope * m[best]
                lo = max((r / (1 - b) for r, b in zip(rest, slope, strict=True) if 1 - b > 1e-9), default=-np.inf)
                up = min((r / (1 - b) for r, b in zip(rest, slope, strict=True) if 1 - b < -1e-9), default=np.inf)
                lo, up, at = lo / variance**0.5, min(up, critical) / variance**0.5, m[best] / variance**0.5
                sf = stats.norm.sf
                kept[i] = at <= 0 or not lo <= at <= up or (sf(at) - sf(up)) / (sf(lo) - sf(up)) >= size
    return kept


def made_up(seed, n_pre, n_post):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n_pre + n_post, 12))
    sigma = root @ root.T / 12
    return rng.multivariate_normal(np.zeros(n_pre + n_post), sigma), sigma


@pytest.mark.parametrize(
    ("beta", "sigma", "n_post", "l_vec", "mbar"),
    [
        (BETA, SIGMA, 2, FIRST, 1.0),
        (BETA, SIGMA, 2, [0.5, 0.5], 2.0),
        (*made_up(1, 3, 3), 3, [0.5, 0.0, 0.5], 0.7),
        (*made_up(2, 2, 3), 3, [1.0, -0.4, 0.2], 1.3),
        (*made_up(3, 4, 1), 1, [1.0], 1.0),
        (*made_up(4, 1, 2), 2, [0.5, 0.5], 0.5),
    ],
)
def test_relative_magnitudes_against_a_grid(beta, sigma, n_post, l_vec, mbar):
    """The ends are the outermost points a slow grid keeps, and the union of the sets has no hole in between."""
    low, high = rm(mbar, l_vec, beta, sigma, n_post)
    width = high - low
    grid = np.linspace(low - width / 4, high + width / 4, 301)
    kept = np.flatnonzero(brute(beta, sigma, n_post, l_vec, mbar, grid))
    step = grid[1] - grid[0]
    assert (grid[kept[0]], grid[kept[-1]]) == (pytest.approx(low, abs=1.5 * step), pytest.approx(high, abs=1.5 * step))
    assert (np.diff(kept) == 1).all()


def test_without_a_departure_the_sets_are_the_usual_interval():
    """Mbar = 0 is parallel trends: the normal interval. The set depends on neither scale nor sign."""
    l_vec = np.array([0.3, 0.7])
    half = stats.norm.ppf(0.975) * np.sqrt(l_vec @ SIGMA[5:, 5:] @ l_vec)
    assert rm(0.0, l_vec) == pytest.approx((l_vec @ BETA[5:] - half, l_vec @ BETA[5:] + half), rel=1e-6)
    low, high = rm(1.0, l_vec)
    assert rm(1.0, l_vec, -1e6 * BETA, 1e12 * SIGMA) == pytest.approx((-1e6 * high, -1e6 * low), rel=1e-6)
    low, high = flci(0.01, l_vec)
    assert flci(1e4, l_vec, -1e6 * BETA, 1e12 * SIGMA) == pytest.approx((-1e6 * high, -1e6 * low), rel=1e-5)


def test_the_observed_step_with_a_normal_interval_around_it_is_something_else():
    """Bounds at the largest observed step, plus and minus z standard errors, ignore that the step is estimated."""
    step = np.abs(np.diff(np.append(BETA[:5], 0.0))).max()
    z = stats.norm.ppf(0.975) * SIGMA[5, 5] ** 0.5
    naive = (BETA[5] - 2 * step - z, BETA[5] + 2 * step + z)
    assert naive == (pytest.approx(0.0113, abs=1e-4), pytest.approx(0.0816, abs=1e-4))
    low, high = rm(2.0)
    assert low < 0 < naive[0] and high > naive[1] + 0.005


@pytest.mark.parametrize(
    ("mbar", "delta"), [(1.5, [-1.0, -1.0, 0.0, 1.5, 3.0]), (2.0, [-1.0, 2.0, 4.0])], ids=["three leads", "one lead"]
)
def test_relative_magnitudes_cover_the_truth(mbar, delta):
    """With delta on the edge of Delta^RM (largest step before: 1) no effect is found as rarely as stated.

    The observed step with a normal interval around it misses the truth in about a quarter of the samples.
    """
    rng = np.random.default_rng(7)
    q, reps, covered, naive = len(delta), 400, 0, 0
    sigma = 0.09 * (0.5 * np.eye(q) + 0.5)
    for beta in rng.multivariate_normal(delta, sigma, size=reps):
        low, high = rm(mbar, [0.5, 0.5], beta, sigma, 2)
        covered += low <= 0 <= high
        step = np.abs(np.diff(np.append(beta[:-2], 0.0))).max()
        naive += abs(beta[-2:].mean()) <= 1.5 * mbar * step + stats.norm.ppf(0.975) * np.sqrt(0.09 * 0.75)
    assert covered / reps >= 0.95 - 2.5 * np.sqrt(0.05 * 0.95 / reps)
    assert naive / reps < 0.85


def test_smoothness_covers_the_truth_where_its_bias_is_largest():
    """A slope, and after the base a bend of M a period in either direction: exact coverage is the stated one or a little more."""
    sigma = 0.04 * (0.5 * np.eye(5) + 0.5)
    t = np.array([-3.0, -2.0, -1.0, 1.0, 2.0])
    rates = []
    for bend in (0.1, -0.1):
        delta = 0.7 * t + np.where(t > 0, bend * t * (t + 1) / 2, 0.0) - np.where(t < 0, bend * -t * (-t - 1) / 2, 0.0)
        low, high = flci(0.1, FIRST, delta, sigma, 2)
        # The weights and the length depend on sigma alone: read them off unit vectors.
        weights = np.array([np.mean(flci(0.1, FIRST, e, sigma, 2)) for e in np.eye(5)])
        assert weights @ delta == pytest.approx((low + high) / 2, abs=1e-8)
        assert weights @ t == pytest.approx(0.0, abs=1e-8)
        ends = (np.array([-1.0, 1.0]) * (high - low) / 2 - weights @ delta) / np.sqrt(weights @ sigma @ weights)
        rates.append(np.diff(stats.norm.cdf(ends))[0])
    assert 0.95 - 1e-9 <= min(rates) <= max(rates) <= 0.985


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("m", [0.0, 0.05, 0.5])
def test_no_other_affine_estimator_has_a_shorter_interval(seed, m):
    """Against a general-purpose minimiser over the weights before the base, with absolute values as slack variables."""
    beta, sigma = made_up(10 + seed, 5, 2)
    low, high = flci(m, [0.5, 0.5], beta, sigma, 2)
    before, after, weights = np.arange(-5.0, 0.0), np.arange(1.0, 3.0), np.full(2, 0.5)
    loads = np.array([np.maximum(j - before, 0.0) for j in range(-1, -5, -1)])
    least = sum(abs(weights @ np.maximum(after - j, 0.0)) for j in range(2))

    def half(z):
        v = np.concatenate([z[:5], weights])
        sd = np.sqrt(v @ sigma @ v)
        return sd * np.sqrt(stats.ncx2.ppf(0.95, 1, max((m * (least + z[5:].sum()) / sd) ** 2, 1e-12)))

    limits = [
        {"type": "eq", "fun": lambda z: z[:5] @ before + weights @ after},
        {"type": "ineq", "fun": lambda z: z[5:] - loads @ z[:5]},
        {"type": "ineq", "fun": lambda z: z[5:] + loads @ z[:5]},
    ]
    start = np.concatenate([[0, 0, 0, 0, weights @ after], np.zeros(4)])
    found = optimize.minimize(half, start, method="SLSQP", constraints=limits, options={"maxiter": 2000, "ftol": 1e-12})
    assert (high - low) / 2 == pytest.approx(found.fun, rel=2e-5)


def test_breakdown_is_where_the_set_reaches_zero():
    """The set excludes zero just below it and includes it just above, for both departures."""
    found = breakdown(BETA, SIGMA, 5, 2, FIRST, level=0.95)
    assert found.value is not None and 1.5 < found.value < 2.0
    assert rm(found.value - 1e-3)[0] > 0 > rm(found.value + 1e-3)[0]
    assert (found.low, found.high) == pytest.approx(rm(0.0))
    bend = breakdown(BETA, SIGMA, 5, 2, FIRST, level=0.95, departure="smoothness")
    assert bend.value is not None and 0.02 < bend.value < 0.03
    assert flci(bend.value - 1e-4)[0] > 0 > flci(bend.value + 1e-4)[0]


def test_breakdown_of_nothing_and_of_what_does_not_break():
    """Zero where the plain interval includes zero; None beyond the largest departure looked at; the sign is no matter."""
    quiet = np.append(BETA[:5], [0.001, 0.001])
    assert breakdown(quiet, SIGMA, 5, 2, FIRST, level=0.95).value == 0.0
    loud = np.append(BETA[:5], [1.0, 1.0])
    assert breakdown(loud, SIGMA, 5, 2, FIRST, level=0.95, most=5.0).value is None
    ahead = breakdown(BETA, SIGMA, 5, 2, FIRST, level=0.95)
    behind = breakdown(-BETA, SIGMA, 5, 2, FIRST, level=0.95)
    assert behind.value == pytest.approx(ahead.value, abs=1e-3) and behind.high < 0


def test_one_lead_is_enough():
    """One step before the base measures departures; a linear trend is extrapolated from it."""
    beta, sigma = BETA[4:], SIGMA[4:, 4:]
    low, high = rm(1.0, FIRST, beta, sigma, 2)
    assert low < BETA[5] < high
    low, high = flci(0.0, FIRST, beta, sigma, 2)
    v = np.array([1.0, 1.0, 0.0])
    assert (low + high) / 2 == pytest.approx(v @ beta)
    assert (high - low) / 2 == pytest.approx(stats.norm.ppf(0.975) * np.sqrt(v @ sigma @ v), rel=1e-6)


def test_what_cannot_be_answered_is_refused():
    """Shapes that do not fit, no lead, no error, a rank-deficient covariance, a negative departure."""
    for broken in (
        lambda: relative_magnitudes(BETA, SIGMA, 4, 2, FIRST, 1.0, level=0.95),
        lambda: relative_magnitudes(BETA[5:], SIGMA[5:, 5:], 0, 2, FIRST, 1.0, level=0.95),
        lambda: relative_magnitudes(BETA, 0 * SIGMA, 5, 2, FIRST, 1.0, level=0.95),
        lambda: relative_magnitudes(BETA, SIGMA * np.nan, 5, 2, FIRST, 1.0, level=0.95),
        lambda: relative_magnitudes(BETA, np.ones((7, 7)), 5, 2, FIRST, 1.0, level=0.95),
        lambda: smoothness(BETA, np.ones((7, 7)), 5, 2, FIRST, 1.0, level=0.95),
        lambda: rm(-1.0),
        lambda: flci(-1.0),
    ):
        with pytest.raises(ValueError):
            broken()
