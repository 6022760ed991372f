"""The people of an opt-in estimate, and the same estimate on other people, outcomes, treatments or covariates.

A panel's people are its units with their changes (:mod:`causal_eval.design.people`), so one way serves both kinds of data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.design.design import Design
    from causal_eval.design.people import People
    from causal_eval.diagnostics.base import Fitted
    from causal_eval.results.types import Estimate

MOST_ROWS = 10_000
"""People a check that refits looks at; of more it draws as many, clusters whole."""


def adjusts(fitted: Fitted) -> bool:
    """Whether the estimate rests on measured covariates alone."""
    return "no_confounding" in fitted.estimator.info.assumptions


def people_of(fitted: Fitted, rng: np.random.Generator, most: int | None = None) -> People:
    """The people of the estimate: all, or ``most`` of them by lot, clusters whole.

    They stand in an order that the outcomes had no part in, so that ties of a refit are broken by lot too.

    Raises:
        EstimatorRefusal: a panel without one adoption date.
    """
    import numpy as np

    from causal_eval.design.people import people

    p = people(fitted.data, fitted.design, method=fitted.estimator.info.name)
    n = int(p.cluster.max()) + 1
    place = rng.permutation(n)
    order = np.lexsort((rng.permutation(len(p.d)), place[p.cluster]))
    if most is not None and len(order) > most:
        last = p.cluster[order[most - 1]]
        whole = most + int((p.cluster[order[most:]] == last).sum())
        order = order[:whole]
    return p.only(order)


def again_on(fitted: Fitted, p: People, *, rng: np.random.Generator) -> Estimate:
    """The same estimator on the people ``p``, whatever was changed about them."""
    from causal_eval.data.contract import Arrays
    from causal_eval.data.held import HeldRows

    rows = Arrays(p.d, p.y, p.X, p.w if p.weighted else None, p.cluster if p.clustered else None)
    return fitted.again(HeldRows.of(fitted.data, rows, p.names, p.segments), _flat(fitted), rng=rng)


def _flat(fitted: Fitted) -> Design:
    """The design without time: a panel's people are changes already."""
    from causal_eval.design.design import Design

    return Design(estimand=fitted.design.estimand)
