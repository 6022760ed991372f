"""The people of an opt-in estimate, and the same estimate on other people, outcomes, treatments or covariates.

A panel's people are its units with their changes (:mod:`causal_eval.design.people`), so one way serves both kinds of data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from causal_eval.data.held import HeldRows
    from causal_eval.design.design import Design
    from causal_eval.design.people import People
    from causal_eval.diagnostics.base import Fitted
    from causal_eval.results.types import Effect, Estimate

MOST_ROWS = 10_000
"""People a check that refits looks at; of more it draws as many, clusters whole."""
MOST_LEARNT = 3_000
"""The same where every refit trains a learner."""
FLEXIBLE = ("lightgbm", "random_forest", "lasso")
"""Learners whose training takes the time."""


def learns(fitted: Fitted) -> bool:
    """Whether every refit trains a learner."""
    return getattr(fitted.estimator, "learner", "linear") in FLEXIBLE


def room(fitted: Fitted) -> int:
    """How many people a check that refits many times looks at."""
    return MOST_LEARNT if learns(fitted) else MOST_ROWS


def refits(fitted: Fitted, many: int) -> int:
    """How many refits are made: ``many``, half of it where each trains a learner."""
    return many // 2 if learns(fitted) else many


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
    return fitted.again(_held(fitted, p), _flat(fitted), rng=rng)


def each(fitted: Fitted, changed: Sequence[People], seeds: Sequence[int], what: str) -> list[Effect]:
    """The headline on each of ``changed``, as far as it could be estimated; ``what`` is said as it goes.

    Each refit has its own seed, so that the estimator's ``jobs`` change nothing but the time.
    """
    jobs = int(getattr(fitted.estimator, "jobs", 1))
    if jobs > 1:
        from joblib import Parallel, delayed

        flat = _flat(fitted)
        held = [_held(fitted, p) for p in changed]
        fitted.say(f"{what}, {len(held)} refits in {jobs} processes")
        found = Parallel(n_jobs=jobs)(
            delayed(_one)(fitted.estimator, d, flat, s) for d, s in zip(held, seeds, strict=True)
        )
        return [e for e in found if e is not None]
    out = []
    for k, (p, seed) in enumerate(zip(changed, seeds, strict=True)):
        if k and k % 5 == 0:
            fitted.say(f"{what}, {k} of {len(changed)}")
        effect = _one(fitted.estimator, _held(fitted, p), _flat(fitted), seed)
        out += [effect] if effect is not None else []
    return out


def _one(estimator: Any, data: HeldRows, design: Design, seed: int) -> Effect | None:
    import numpy as np

    from causal_eval.errors import EstimatorRefusal

    try:
        effect: Effect = estimator.estimate(data, design, rng=np.random.default_rng(seed)).headline
    except EstimatorRefusal:
        return None
    return effect


def seeds_of(rng: np.random.Generator, n: int) -> list[int]:
    """``n`` seeds of refits."""
    return [int(s) for s in rng.integers(2**31, size=n)]


def quick(fitted: Fitted) -> Fitted:
    """The same estimator with one split of the sample, where it makes several: their noise is not the question."""
    return fitted.having(repeats=1)


def false_alarm(effects: Sequence[Effect], alpha: float) -> tuple[int, float]:
    """How many estimates of a true zero are told from zero at ``alpha``, and the chance of as many by chance alone."""
    from scipy import stats

    wrong = sum(1 for e in effects if e.p_value is not None and e.p_value < alpha)
    return wrong, float(stats.binom.sf(wrong - 1, len(effects), alpha))


def _held(fitted: Fitted, p: People) -> HeldRows:
    from causal_eval.data.contract import Arrays
    from causal_eval.data.held import HeldRows

    rows = Arrays(p.d, p.y, p.X, p.w if p.weighted else None, p.cluster if p.clustered else None)
    return HeldRows.of(fitted.data, rows, p.names, p.segments)


def _flat(fitted: Fitted) -> Design:
    """The design without time: a panel's people are changes already."""
    from causal_eval.design.design import Design

    return Design(estimand=fitted.design.estimand)
