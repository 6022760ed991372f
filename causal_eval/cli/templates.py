"""What `causal-eval init` writes: a commented study and simulated data it runs on as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Name = Literal["panel", "optin", "staggered"]


@dataclass(frozen=True, slots=True)
class Template:
    """A starting point: the study's text, the name of its data file, and how to make that file."""

    title: str
    study: str
    data_name: str
    data: Callable[[], str]


def _queues() -> str:
    from causal_eval.worlds import support_queues

    return support_queues().csv()


def _people() -> str:
    from causal_eval.worlds import optin_help_page, two_periods

    return two_periods(optin_help_page()).csv()


def _sites() -> str:
    from causal_eval.worlds import staggered_sites

    return staggered_sites().csv()


_HEAD = """\
schema_version = 1

# `causal-eval check study.toml` checks this file and the data; `causal-eval check study.toml --resolved` also prints
# every default that was filled in. `causal-eval run study.toml` does the study. For an editor that completes keys:
# `causal-eval schema > study.schema.json`, and `#:schema ./study.schema.json` as the first line of this file.
"""

_PANEL = (
    _HEAD
    + """
[study]
id = "smart-routing"
title = "Smart routing for account-access tickets"
question = "Did smart routing raise 7-day resolution without hurting satisfaction or handling time?"
context = "Operations switched the queues that were struggling most, all in one week. Not randomised. Simulated data."

[data]
source = "queue_week.csv"              # csv, parquet, json (also .gz); or a table, with `connection`

[data.expect]                          # checked before anything is estimated
unique = ["queue_id", "week"]
min_rows = 1000

[roles]                                # which column plays which part
unit = "queue_id"
time = "week"
treatment = "routing_on"               # 0/1 by row; the first 1 of a queue dates its switch

[design]
population = "Account-access queues that were switched"
contrast = "Smart routing on, against the old routing kept on"

[[metrics]]
name = "resolved_7d"
label = "Resolved within 7 days"
role = "primary"
kind = "ratio"                         # total resolved / total tickets, with the error of a ratio
units = "%"                            # a share: told in percentage points, stored and declared as 0 to 1
numerator = "resolved_7d"
denominator = "tickets"
better = "higher"
min_effect = { relative = 0.02 }       # the smallest change worth having

[[metrics]]
name = "csat"
label = "Satisfaction (1 to 5)"
role = "guardrail"
kind = "ratio"
numerator = "csat_sum"
denominator = "csat_responses"
better = "higher"
margin = { absolute = 0.05 }           # the largest harm that is acceptable

[[metrics]]
name = "handle_time"
label = "Handling time"
units = "minutes"
role = "guardrail"
kind = "ratio"
numerator = "handle_minutes"
denominator = "tickets"
better = "lower"
margin = { relative = 0.03 }

[[metrics]]
name = "opened_on_phone"
label = "Tickets opened on a phone"
role = "negative_control"              # routing cannot move it; an effect here is a warning
kind = "ratio"
units = "%"
numerator = "opened_on_phone"
denominator = "tickets"

[[estimators]]
method = "did"                         # `causal-eval estimators did` lists its options

[[estimators]]
method = "naive"                       # what before/after alone would have said
role = "reference"
"""
)

_OPTIN = (
    _HEAD
    + """
[study]
id = "help-page"
title = "A help page that users choose to open"
question = "Did opening the help page save contacts to support?"
context = "Those who contact support often also open the page more often. Not randomised. Simulated data."

[data]
source = "user_period.csv"

[data.expect]
unique = ["user", "period"]

[roles]
unit = "user"
time = "period"                        # the four weeks before the page went live, and the four after
treatment = "opened_help"              # 0 for everybody before; 1 after for those who opened the page

[design]
population = "Users who opened the help page"
contrast = "Page opened, against page live but not opened"

[[metrics]]
name = "contacts"
label = "Contacts in four weeks"
role = "primary"
kind = "mean"
better = "lower"
min_effect = { absolute = 0.05 }

[[estimators]]
method = "did"                         # each user against themselves, and against the users who did not open it

[[estimators]]
method = "naive"                       # who opened against who did not: biased by who chooses to open
role = "reference"

[privacy]
unit_is_person = true                  # no user is ever named in an output
min_cell = 11
"""
)

_STAGGERED = (
    _HEAD
    + """
[study]
id = "agent-assistant"
title = "An assistant for support agents, site by site"
question = "Did the assistant raise the issues an agent resolves in an hour?"
context = "Sites adopted in three waves; some have not yet. Not randomised. Simulated data."

[data]
source = "site_week.csv"

[data.expect]
unique = ["site", "week"]

[roles]
unit = "site"
time = "week"
first_treated = "assistant_since"      # the week of adoption; empty: never

[design]
population = "Sites that adopted the assistant"
contrast = "Assistant on, against not yet or never on"

[[metrics]]
name = "issues_per_hour"
label = "Issues resolved per agent hour"
role = "primary"
kind = "mean"
better = "higher"
min_effect = { absolute = 0.05 }

[[estimators]]
method = "staggered_did"               # each wave against the sites that have not adopted by then

[[estimators]]
method = "imputation_did"              # the same question by another route: do they agree?

[[estimators]]
method = "did"                         # two-way effects: a reference only, they compare late with early adopters
role = "reference"
"""
)

TEMPLATES: dict[Name, Template] = {
    "panel": Template("units switched on one date, others not", _PANEL, "queue_week.csv", _queues),
    "optin": Template("people who choose", _OPTIN, "user_period.csv", _people),
    "staggered": Template("units adopting at different dates", _STAGGERED, "site_week.csv", _sites),
}
