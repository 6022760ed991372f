"""Support teams that get a reply assistant on one date, those with many new agents first."""

from __future__ import annotations

from causal_eval.worlds.world import World

CHANNELS = ("chat", "email")


def assistant_teams(
    seed: int = 2026,
    *,
    teams: int = 120,
    weeks: int = 16,
    switched: int = 44,
    launch: int = 10,
    chat: float = 0.06,
    email: float = 0.02,
    reopened: float = 0.025,
    learning: float = 0.20,
) -> World:
    """A panel of ``teams`` x ``weeks``; ``switched`` teams get the assistant in week ``launch`` (from 0).

    Team i answers chats or e-mails (half each), and a share n_i ~ Beta(2, 3) of its agents was hired in the last year.
    With D = 1 from the launch on in the switched teams:

    - tickets ~ Poisson(size_i (1 + 0.10 sin(2 pi t / 13))), size_i log-normal around 160;
    - resolved within 24 hours ~ Binomial(tickets, 0.62 + a_i - 0.10 n_i + 0.015 sin(2 pi t / 13) + 0.002 t + u_it + tau_i D),
      a_i ~ N(0, 0.04), u_it an AR(1) with coefficient 0.4 and standard deviation 0.015, tau_i = ``chat`` or ``email``;
    - handling minutes: tickets times a mean of 15 + c_i + 3 n_i - ``learning`` n_i t, c_i ~ N(0, 0.8), each ticket with a
      standard deviation of 5. The assistant does not touch them: agents who are new get faster by themselves;
    - reopened ~ Binomial(tickets, 0.08 + r_i + ``reopened`` D), r_i ~ N(0, 0.01): the harm of this launch;
    - CSAT answers ~ Binomial(tickets, 0.3), each with mean 4.2 + b_i and standard deviation 0.9, b_i ~ N(0, 0.08); the sum is kept;
    - tickets opened on a phone ~ Binomial(tickets, 0.5 + 0.001 t): nothing the assistant could move.

    Not randomised: the teams with the largest 4 n_i + logistic noise get the assistant. So resolution moves in parallel in both
    groups but for the launch, and every family of methods is right about it. Handling time is not parallel:
    difference-in-differences, and to a lesser degree its synthetic kind, take the learning of new agents for an effect; what
    adjusts for n_i does not.

    ``truth``: averages over the treated team-weeks, weighted by tickets (a change in a ratio of totals), the resolution also
    by channel, as ``resolved_24h@channel=chat``.
    """
    import numpy as np
    import pandas as pd

    from causal_eval.worlds.queues import _ar1

    rng = np.random.default_rng(seed)
    size = 160 * np.exp(0.3 * rng.standard_normal(teams))
    is_chat = rng.permutation(np.arange(teams) % 2 == 0)
    new = np.round(rng.beta(2, 3, teams), 2)
    noise = rng.random(teams)
    score = 4 * new + np.log(noise / (1 - noise))
    chosen = np.sort(np.argsort(-score, kind="stable")[:switched])
    level = 0.04 * rng.standard_normal(teams)
    minutes_level = 0.8 * rng.standard_normal(teams)
    reopened_level = 0.01 * rng.standard_normal(teams)
    csat_level = 0.08 * rng.standard_normal(teams)

    t = np.arange(weeks)
    season = np.sin(2 * np.pi * t / 13)
    on = np.zeros((teams, weeks), dtype=int)
    on[chosen, launch:] = 1
    effect = np.where(is_chat, chat, email)[:, None]
    shock = _ar1(rng, teams, weeks, rho=0.4, sd=0.015)

    tickets = np.maximum(rng.poisson(size[:, None] * (1 + 0.10 * season)), 1)
    rate = 0.62 + level[:, None] - 0.10 * new[:, None] + 0.015 * season + 0.002 * t + shock + effect * on
    resolved = rng.binomial(tickets, np.clip(rate, 0.01, 0.99))
    mean_minutes = 15 + minutes_level[:, None] + 3 * new[:, None] - learning * new[:, None] * t
    minutes = tickets * mean_minutes + 5 * np.sqrt(tickets) * rng.standard_normal(on.shape)
    again = rng.binomial(tickets, np.clip(0.08 + reopened_level[:, None] + reopened * on, 0.005, 0.99))
    answers = rng.binomial(tickets, 0.3)
    score_sum = answers * (4.2 + csat_level[:, None]) + 0.9 * np.sqrt(answers) * rng.standard_normal(on.shape)
    phone = rng.binomial(tickets, np.broadcast_to(0.5 + 0.001 * t, on.shape))

    mondays = pd.date_range("2026-03-02", periods=weeks, freq="7D").strftime("%Y-%m-%d")
    frame = pd.DataFrame({
        "team": np.repeat([f"team-{i + 1:03d}" for i in range(teams)], weeks),
        "week": np.tile(mondays, teams),
        "assistant_on": on.ravel(),
        "channel": np.repeat(np.where(is_chat, *CHANNELS), weeks),
        "new_agents": np.repeat(new, weeks),
        "tickets": tickets.ravel(),
        "resolved_24h": resolved.ravel(),
        "handle_minutes": np.rint(minutes).astype(int).ravel(),
        "reopened": again.ravel(),
        "csat_responses": answers.ravel(),
        "csat_sum": np.rint(score_sum).astype(int).ravel(),
        "opened_on_phone": phone.ravel(),
    })  # fmt: skip
    weight = tickets * on
    truth = {
        "resolved_24h": float((weight * effect).sum() / weight.sum()),
        "resolved_24h@channel=chat": chat,
        "resolved_24h@channel=email": email,
        "handle_minutes": 0.0,
        "reopened": reopened,
        "csat": 0.0,
        "opened_on_phone": 0.0,
    }
    return World(frame, truth, roles={"unit": "team", "time": "week", "treatment": "assistant_on"})
