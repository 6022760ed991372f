"""Who is measured in a repeated cross-section: how many rows each cohort has before and after, and what their covariates do.

Nobody can be followed there, but a launch that changes who is sampled moves the cohorts' shares of the rows or the level
of covariates that the launch itself does not touch. So each covariate takes the outcome's place in the study's own estimator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design
    from causal_eval.diagnostics.base import Fitted

PLAIN = {"adjustment": None, "family": "linear", "event_study": False, "inference": "analytic"}
"""Options with which an estimator takes a covariate for its outcome."""


@dataclass(frozen=True, slots=True)
class Share:
    """A cohort's share of its and the never treated rows (of all, without any), before and after its adoption."""

    cohort: str
    before: float
    after: float
    error: float

    @property
    def moved(self) -> float:
        """After less before."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Moved:
    """A covariate's own effect; ``p_value`` None where it has no error."""

    covariate: str
    value: float
    p_value: float | None


def shares(data: Panel, design: Design) -> list[Share]:
    """The share of each cohort that has rows on both sides of its adoption; its error is that of independent rows."""
    import numpy as np

    from causal_eval.design.block import adoption

    cells = data.cells()
    start = np.where(cells.start > data.axis.last, np.inf, cells.start)
    dates = adoption(data, design)
    out = []
    for date in dates:
        mine = np.isfinite(start) if design.start is not None else start == date
        others = np.isinf(start) if np.isinf(start).any() else ~mine
        keep = np.array([design.keeps(int(t), date) for t in cells.time])

        def rows(who: np.ndarray, post: bool, date: int = date, keep: np.ndarray = keep) -> float:
            return float(cells.n[who & keep & ((cells.time >= date) == post)].sum())

        n = {post: rows(mine | others, post) for post in (False, True)}
        part = {post: rows(mine, post) for post in (False, True)}
        if not (n[False] and n[True] and part[False] + part[True]):
            continue
        p, q = part[False] / n[False], part[True] / n[True]
        error = float(np.sqrt(p * (1 - p) / n[False] + q * (1 - q) / n[True]))
        out.append(Share(data.axis.label(date), p, q, error))
    return out


def covariate_effects(
    fitted: Fitted, data: Panel, *, rng: np.random.Generator, only: Sequence[int] | None = None
) -> tuple[list[Moved], list[str]]:
    """The effect on each covariate (of ``only``), and the covariates on which none can be estimated."""
    from causal_eval.errors import EstimatorRefusal

    model = fitted.having(**PLAIN)
    found, refused = [], []
    for j, name in enumerate(data.covariates):
        if only is not None and j not in only:
            continue
        try:
            head = model.again(data.with_covariate_as_outcome(j), fitted.design, rng=rng).headline
        except EstimatorRefusal:
            refused.append(name)
            continue
        found.append(Moved(name, head.value, head.p_value))
    return found, refused
