"""Sites of support agents that get an assistant at different dates."""

from __future__ import annotations

from causal_eval.worlds.world import World


def staggered_sites(
    seed: int = 2026,
    *,
    sites: int = 48,
    weeks: int = 32,
    cohorts: tuple[int, ...] = (12, 18, 24),
    never: int = 12,
    effect: float = 0.30,
    ramp: float = 4.0,
) -> World:
    """A panel of ``sites`` x ``weeks``; sites adopt in the weeks ``cohorts`` (from 0), ``never`` of them never do.

    Issues resolved per agent hour in site i and week t, k weeks after its adoption (k = 0 in the first):

        y_it = 2.5 + a_i + 0.05 sin(2 pi t / 26) + 0.004 t + e_it + effect * s_g * (1 - exp(-(k + 1) / ramp)) [k >= 0]

    a_i ~ N(0, 0.25) and e_it an AR(1) with coefficient 0.4 and standard deviation 0.10. The early cohorts gain more:
    s_g falls from 1.2 to 0.8 from the first to the last. Effects that grow and differ by cohort bias a two-way fixed
    effects regression, whose comparisons use earlier adopters as controls. ``truth`` holds the average over the
    treated site-weeks (``issues_per_hour``) and by weeks since adoption (``issues_per_hour@event:<k>``, averaged over
    the cohorts seen that long, each weighted by its sites).
    """
    import numpy as np
    import pandas as pd

    from causal_eval.worlds.queues import _ar1

    rng = np.random.default_rng(seed)
    adopting = sites - never
    start = np.full(sites, -1)
    order = rng.permutation(sites)
    for position, site in enumerate(order[:adopting]):
        start[site] = cohorts[position % len(cohorts)]
    level = 0.25 * rng.standard_normal(sites)
    noise = _ar1(rng, sites, weeks, rho=0.4, sd=0.10)

    t = np.arange(weeks)
    since = np.where(start[:, None] >= 0, t - start[:, None], -1)
    strength = {g: s for g, s in zip(sorted(cohorts), np.linspace(1.2, 0.8, len(cohorts)), strict=True)}
    scale = np.array([strength.get(int(g), 0.0) for g in start])
    gain = np.where(since >= 0, effect * scale[:, None] * (1 - np.exp(-(since + 1) / ramp)), 0.0)
    outcome = 2.5 + level[:, None] + 0.05 * np.sin(2 * np.pi * t / 26) + 0.004 * t + noise + gain

    mondays = pd.date_range("2026-01-05", periods=weeks, freq="7D").strftime("%Y-%m-%d")
    frame = pd.DataFrame({
        "site": np.repeat([f"site-{i + 1:02d}" for i in range(sites)], weeks),
        "week": np.tile(mondays, sites),
        "assistant_since": np.repeat([mondays[g] if g >= 0 else "" for g in start], weeks),
        "issues_per_hour": np.round(outcome, 4).ravel(),
    })  # fmt: skip
    truth = {"issues_per_hour": float(gain[since >= 0].mean())}
    truth |= {f"issues_per_hour@event:{k}": float(gain[since == k].mean()) for k in range(int(since.max()) + 1)}
    return World(frame, truth, roles={"unit": "site", "time": "week", "first_treated": "assistant_since"})
