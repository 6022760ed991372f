"""People who choose whether to open a help page."""

from __future__ import annotations

from causal_eval.worlds.world import World

PERIODS = ("2026-05-04", "2026-06-01")
"""First days of the four weeks before the page went live, and of the four weeks after."""


def optin_help_page(seed: int = 2026, *, people: int = 4000, effect: float = -0.25) -> World:
    """A cross-section of ``people``: who opened a new help page, and contacts to support before and after.

    Person i has been a customer for m_i months (exponential, mean 18), runs a business account with probability
    0.3 (B_i) and has l_i ~ Poisson(1.5) past contacts. The rate of contacts in four weeks is

        before: r_i = 0.8 + 0.25 l_i + 0.4 B_i + 0.3 exp(-m_i / 12) + v_i,     after: r_i + 0.10 + effect D_i

    with v_i uniform on [-0.1, 0.1]; contacts are Poisson. The page is opened (D_i = 1) with probability
    logit^-1(-1.6 + 0.45 l_i + 0.6 B_i - 0.02 m_i): those who contact support more also open it more. So a comparison
    of openers with the others after the launch is biased upwards; adjusting for the three covariates is not, and
    neither is the difference in differences, because choice does not depend on what is transitory in ``before``.
    """
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    months = np.round(-18 * np.log1p(-rng.random(people)), 1)
    business = (rng.random(people) < 0.3).astype(int)
    past = rng.poisson(1.5, people)
    rate = 0.8 + 0.25 * past + 0.4 * business + 0.3 * np.exp(-months / 12) + rng.uniform(-0.1, 0.1, people)
    score = -1.6 + 0.45 * past + 0.6 * business - 0.02 * months
    opened = (rng.random(people) < 1 / (1 + np.exp(-score))).astype(int)
    before = rng.poisson(rate)
    after = rng.poisson(np.maximum(rate + 0.10 + effect * opened, 0.0))

    frame = pd.DataFrame({
        "user": [f"u{i + 1:05d}" for i in range(people)],
        "opened_help": opened,
        "tenure_months": months,
        "business": business,
        "past_contacts": past,
        "contacts_before": before,
        "contacts_after": after,
    })  # fmt: skip
    truth = {"contacts_after": effect, "contacts": effect}
    return World(frame, truth, roles={"unit": "user", "treatment": "opened_help"})


def two_periods(world: World) -> World:
    """:func:`optin_help_page` as a panel of two periods: one row a person and period, the page open only after."""
    import pandas as pd

    people = world.frame
    kept = ["user", "tenure_months", "business", "past_contacts"]
    before = people[kept].assign(period=PERIODS[0], opened_help=0, contacts=people["contacts_before"])
    after = people[kept].assign(period=PERIODS[1], opened_help=people["opened_help"], contacts=people["contacts_after"])
    columns = ["user", "period", "opened_help", "contacts", "tenure_months", "business", "past_contacts"]
    frame = pd.concat([before, after])[columns].sort_values(["user", "period"], ignore_index=True)
    roles = {"unit": "user", "time": "period", "treatment": "opened_help"}
    return World(frame, truth={"contacts": world.truth["contacts"]}, roles=roles)
