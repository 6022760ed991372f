"""Support queues of which some switch to smart routing on one date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causal_eval.worlds.world import World

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def support_queues(
    seed: int = 2026,
    *,
    queues: int = 40,
    weeks: int = 30,
    switched: int = 12,
    launch: int = 18,
    resolution: float = 0.03,
    csat: float = 0.0,
    handle_minutes: float = -0.6,
) -> World:
    """A panel of ``queues`` x ``weeks``; ``switched`` queues turn smart routing on in week ``launch`` (from 0).

    In queue i and week t, with D = 1 from the launch on in the switched queues:

    - tickets ~ Poisson(size_i * season_t), size_i log-normal around 220, season_t = 1 + 0.15 sin(2 pi t / 26);
    - resolved within 7 days ~ Binomial(tickets, 0.70 + a_i + 0.02 sin(2 pi t / 26) + 0.001 t + u_it + resolution D),
      a_i ~ N(0, 0.04), and u_it an AR(1) with coefficient 0.5 and standard deviation 0.012;
    - CSAT answers ~ Binomial(tickets, 0.25), each with mean 4.1 + b_i + csat D, b_i ~ N(0, 0.10), and standard
      deviation 0.9; the week's sum is kept, rounded;
    - handling minutes: tickets times a mean of 14 + c_i + 0.3 sin(2 pi t / 26) + handle_minutes D, c_i ~ N(0, 1.2),
      each ticket with a standard deviation of 6;
    - tickets opened on a phone ~ Binomial(tickets, 0.45 + 0.002 t): routing cannot move it (a negative control).

    Not randomised: the queues that switch have the *lowest* a_i plus noise (operations picked the struggling ones), so
    treated and untreated queues differ in level but follow the same trend. Every effect is constant and additive,
    so the ratio of totals moves by exactly ``resolution``, ``csat`` and ``handle_minutes``.
    """
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    size = 220 * np.exp(0.35 * rng.standard_normal(queues))
    level = 0.04 * rng.standard_normal(queues)
    csat_level = 0.10 * rng.standard_normal(queues)
    minutes_level = 1.2 * rng.standard_normal(queues)
    chosen = np.argsort(level + 0.03 * rng.standard_normal(queues), kind="stable")[:switched]

    t = np.arange(weeks)
    season = np.sin(2 * np.pi * t / 26)
    on = np.zeros((queues, weeks), dtype=int)
    on[np.sort(chosen), launch:] = 1

    shock = _ar1(rng, queues, weeks, rho=0.5, sd=0.012)
    tickets = np.maximum(rng.poisson(size[:, None] * (1 + 0.15 * season)), 1)
    rate = 0.70 + level[:, None] + 0.02 * season + 0.001 * t + shock + resolution * on
    resolved = rng.binomial(tickets, np.clip(rate, 0.01, 0.99))
    answers = rng.binomial(tickets, 0.25)
    score = answers * (4.1 + csat_level[:, None] + csat * on) + 0.9 * np.sqrt(answers) * rng.standard_normal(on.shape)
    mean_minutes = 14 + minutes_level[:, None] + 0.3 * season + handle_minutes * on
    minutes = tickets * mean_minutes + 6 * np.sqrt(tickets) * rng.standard_normal(on.shape)
    mobile = rng.binomial(tickets, np.broadcast_to(0.45 + 0.002 * t, on.shape))

    mondays = pd.date_range("2026-01-05", periods=weeks, freq="7D").strftime("%Y-%m-%d")
    frame = pd.DataFrame({
        "queue_id": np.repeat([f"queue-{i + 1:02d}" for i in range(queues)], weeks),
        "week": np.tile(mondays, queues),
        "routing_on": on.ravel(),
        "tickets": tickets.ravel(),
        "resolved_7d": resolved.ravel(),
        "csat_responses": answers.ravel(),
        "csat_sum": np.rint(score).astype(int).ravel(),
        "handle_minutes": np.rint(minutes).astype(int).ravel(),
        "opened_on_phone": mobile.ravel(),
    })  # fmt: skip
    return World(
        frame,
        truth={
            "resolved_7d": resolution,
            "csat": csat,
            "handle_minutes": handle_minutes,
            "opened_on_phone": 0.0,
        },
        roles={"unit": "queue_id", "time": "week", "treatment": "routing_on"},
    )


def null_launch(seed: int = 7, *, queues: int = 40, weeks: int = 30, switched: int = 12, launch: int = 18) -> World:
    """:func:`support_queues` whose launch changed nothing: every true effect is 0, all else is as there."""
    return support_queues(
        seed, queues=queues, weeks=weeks, switched=switched, launch=launch, resolution=0.0, csat=0.0, handle_minutes=0.0
    )


def pilot_queues(seed: int = 11, *, queues: int = 10, weeks: int = 12, switched: int = 3, launch: int = 8) -> World:
    """A pilot too small to tell: :func:`support_queues` with few queues, few weeks and a true effect of 0.01 on resolution.

    Only the columns of that metric are kept.
    """
    world = support_queues(
        seed,
        queues=queues,
        weeks=weeks,
        switched=switched,
        launch=launch,
        resolution=0.01,
        csat=0.0,
        handle_minutes=0.0,
    )
    frame = world.frame[["queue_id", "week", "routing_on", "tickets", "resolved_7d"]]
    return World(frame, {"resolved_7d": world.truth["resolved_7d"]}, world.roles)


def _ar1(rng: np.random.Generator, n: int, periods: int, *, rho: float, sd: float) -> NDArray[np.float64]:
    """(n, periods) stationary AR(1) series of standard deviation ``sd``."""
    import numpy as np

    noise = rng.standard_normal((n, periods))
    out = np.empty((n, periods))
    out[:, 0] = sd * noise[:, 0]
    for t in range(1, periods):
        out[:, t] = rho * out[:, t - 1] + sd * np.sqrt(1 - rho**2) * noise[:, t]
    return out
