"""Where the two groups overlap, and when an estimand asks for comparisons that the data does not hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.errors import EstimatorRefusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

EDGE = 0.01
"""A propensity closer than this to the end where nobody comparable exists."""
MOST_OUTSIDE = 0.05
"""Share of the people the estimand is about who may lie beyond the edge before the ATE is refused."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Propensities in figures.

    Attributes:
        outside: share of the people the estimand is about who have hardly a counterpart.
        auc: how well the score tells the groups apart: .5 not at all, 1 perfectly.
        low, high: 1st and 99th percentile of the treated's scores.
        equipoise: share of all with a preference score in [.3, .7] (Walker et al. 2013).
        treated, untreated: counts by twentieth of the score.
    """

    outside: float
    auc: float
    low: float
    high: float
    equipoise: float
    treated: tuple[int, ...]
    untreated: tuple[int, ...]


def overlap(score: Floats, d: Floats, w: Floats, estimand: str, order: Ints | None = None) -> Overlap:
    """The overlap of (n,) scores under ``estimand``. ``order``: (n,) that of the scores, where it is known."""
    import numpy as np
    from scipy.special import expit, logit

    from causal_eval.inference.order import above_in_order

    t = d > 0
    beyond = score > 1 - EDGE
    about = t if estimand == "att" else np.ones(len(d), dtype=bool)
    if estimand != "att":
        beyond = beyond | (score < EDGE)
    order = np.argsort(score) if order is None else order
    chosen = t[order]
    one, other = score[order[chosen]], score[order[~chosen]]
    share = w @ d / w.sum()
    # A preference score is the score with the odds of the share taken out: its bounds are moved, not the rows.
    least, most = expit(logit(np.array([0.3, 0.7])) + logit(share))
    equipoise = float(w @ ((score >= least) & (score <= most)) / w.sum())
    return Overlap(
        outside=float(w[about] @ beyond[about] / w[about].sum()),
        auc=above_in_order(one, other),
        low=float(np.quantile(one, 0.01)),
        high=float(np.quantile(one, 0.99)),
        equipoise=equipoise,
        treated=_by_twentieth(one),
        untreated=_by_twentieth(other),
    )


def _by_twentieth(ranked: Floats) -> tuple[int, ...]:
    """Counts of ascending scores in twenty equal parts of [0, 1], the last one closed."""
    import numpy as np

    edges = np.linspace(0, 1, 21)
    at = np.append(np.searchsorted(ranked, edges[:-1]), np.searchsorted(ranked, 1.0, side="right"))
    return tuple(int(c) for c in np.diff(at))


def need_overlap(found: Overlap, estimand: str, method: str) -> None:
    """Refuse the ATE where many have no counterpart: their effect would be made up by the model.

    Raises:
        EstimatorRefusal: E402.
    """
    if estimand == "ate" and found.outside > MOST_OUTSIDE:
        raise EstimatorRefusal(
            "E402",
            f"`{method}`: {found.outside:.0%} of the rows have a propensity below {EDGE:.0%} or above {1 - EDGE:.0%}, so hardly "
            "anybody in the other group is like them; the average effect on everybody would be made up by the model",
            hint='Set design.estimand = "att", trim, or use weighting with kind = "overlap".',
        )
