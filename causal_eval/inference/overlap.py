"""Where the two groups overlap, and when an estimand asks for comparisons that the data does not hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.errors import EstimatorRefusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

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


def overlap(score: Floats, d: Floats, w: Floats, estimand: str) -> Overlap:
    """The overlap of (n,) scores under ``estimand``."""
    import numpy as np
    from scipy.special import expit, logit

    from causal_eval.inference.order import rank_above

    t = d > 0
    beyond = score > 1 - EDGE
    about = t if estimand == "att" else np.ones(len(d), dtype=bool)
    if estimand != "att":
        beyond = beyond | (score < EDGE)
    auc = rank_above(score[t], score[~t])
    share = w @ d / w.sum()
    preference = expit(logit(np.clip(score, 1e-12, 1 - 1e-12)) - logit(share))
    equipoise = float(w @ ((preference >= 0.3) & (preference <= 0.7)) / w.sum())
    edges = np.linspace(0, 1, 21)
    return Overlap(
        outside=float(w[about] @ beyond[about] / w[about].sum()),
        auc=auc,
        low=float(np.quantile(score[t], 0.01)),
        high=float(np.quantile(score[t], 0.99)),
        equipoise=equipoise,
        treated=tuple(int(c) for c in np.histogram(score[t], edges)[0]),
        untreated=tuple(int(c) for c in np.histogram(score[~t], edges)[0]),
    )


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
