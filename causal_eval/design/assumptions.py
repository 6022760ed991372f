"""The assumptions by name: what each says in plain words, what speaks for it and what would break it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assumption:
    """An assumption an estimate rests on."""

    name: str
    title: str
    meaning: str
    breaks: str
    testable: str


ASSUMPTIONS: dict[str, Assumption] = {
    a.name: a
    for a in (
        Assumption(
            "parallel_trends",
            "Parallel trends",
            "Without the launch, the treated group would have moved as the control group did.",
            "Something else that hit one group only, or groups that were already drifting apart.",
            "In part: before the launch, by pre-trends and placebo launches; never after it.",
        ),
        Assumption(
            "no_anticipation",
            "No anticipation",
            "Nobody reacted to the launch before it happened.",
            "Training, announcements or early access before the launch date.",
            "In part: a jump in the last periods before the launch would show it.",
        ),
        Assumption(
            "no_interference",
            "No spillover",
            "The launch changed nothing for the control group.",
            "Work that moves between treated and control units, shared agents or shared queues.",
            "Not by this design: it takes knowledge of how units share work.",
        ),
        Assumption(
            "stable_composition",
            "Stable composition",
            "The same kind of units, users or tickets is measured before and after.",
            "Units that enter or leave because of the launch; a changed mix of tickets.",
            "Yes: presence and mix can be compared by group and period.",
        ),
        Assumption(
            "valid_inference",
            "Valid errors",
            "There are enough independent clusters, treated and control, for the errors to be trusted.",
            "Few clusters, one treated cluster, or clusters that share shocks.",
            "In part: clusters can be counted, and assignments permuted.",
        ),
        Assumption(
            "donors_span",
            "Donors span the treated",
            "A fixed mix of donors would have gone on to move as the treated did, as it does before the launch.",
            "Treated units outside of what donors can mix to, too few pre-periods, a shock that hits only some donors.",
            "In part: by the fit before the launch, by backtests on held-back periods, and by placebos.",
        ),
        Assumption(
            "no_confounding",
            "No unmeasured confounding",
            "Given the covariates, who was treated has nothing to do with how they would have fared.",
            "A reason to opt in that also drives the outcome and is not among the covariates.",
            "Not from the data: only its strength can be bounded.",
        ),
        Assumption(
            "overlap",
            "Overlap",
            "For everybody the estimand is about there are comparable people in the other group.",
            "Covariates that nearly decide who is treated; a group that only one side contains.",
            "Yes: by the propensities, and by how few people carry the comparison.",
        ),
        Assumption(
            "nothing_else_changed",
            "Nothing else changed",
            "The treated group would have stayed as it was.",
            "Season, trend, or any other change at the time: why before/after is only a reference.",
            "No.",
        ),
        Assumption(
            "groups_alike",
            "Groups alike",
            "Treated and untreated would have fared the same without the launch.",
            "Any reason for being treated that also drives the outcome.",
            "In part: by the difference before the launch.",
        ),
    )
}

IDENTIFYING = frozenset(
    {"parallel_trends", "donors_span", "no_confounding", "overlap", "nothing_else_changed", "groups_alike"}
)
"""Those that stand in for randomisation, which tell estimators apart: each rests on some of them."""
