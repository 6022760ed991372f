"""Simulated launches whose true effect is known: for templates, for self-tests, for coverage studies.

Each function states its data-generating process and returns a :class:`World`. Equal arguments give equal rows.
"""

from causal_eval.worlds.people import optin_help_page, two_periods
from causal_eval.worlds.queues import null_launch, pilot_queues, support_queues
from causal_eval.worlds.sites import staggered_sites
from causal_eval.worlds.teams import assistant_teams
from causal_eval.worlds.world import World

__all__ = [
    "World",
    "assistant_teams",
    "null_launch",
    "optin_help_page",
    "pilot_queues",
    "staggered_sites",
    "support_queues",
    "two_periods",
]
