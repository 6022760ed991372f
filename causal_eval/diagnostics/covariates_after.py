"""Covariates of a panel that move with the launch: a consequence of it, which an estimate must not adjust away.

Methods that take a covariate's value in each row compare units that the launch made alike; the others use its values before the
launch only, and a covariate that moves is worth a sentence there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from causal_eval.diagnostics.rows_composition import Moved, covariate_effects
from causal_eval.diagnostics.words import num, p_text
from causal_eval.errors import columns

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import Panel
    from causal_eval.diagnostics.base import Fitted

BY_ROW = frozenset({"did", "imputation_did", "sun_abraham", "synthetic_did"})
"""Methods that adjust for a covariate's value in each row, also after the launch."""
OWN = frozenset({"did", "staggered_did", "imputation_did", "sun_abraham"})
"""Methods that can take a covariate for their outcome; for the others difference-in-differences does."""


@dataclass(frozen=True, slots=True)
class AfterLaunch:
    """What the covariates that change over time do at the launch.

    Attributes:
        said: a sentence; empty where no covariate changes over time.
        harm: whether the estimate adjusts for one that moves.
        tested: each with its own effect.
    """

    said: str
    harm: bool
    tested: tuple[Moved, ...] = ()


def covariates_after(fitted: Fitted, data: Panel, alpha: float, *, rng: np.random.Generator) -> AfterLaunch:
    """Each covariate that changes within units takes the outcome's place; p-values are multiplied by their number."""
    import numpy as np

    def changes(j: int) -> bool:
        x = data.matrix(f"x_{j}")
        first = x[np.arange(len(x)), np.argmax(np.isfinite(x), axis=1)][:, None]
        return bool(np.any(np.isfinite(x) & (x != first)))

    varying = [j for j in range(len(data.covariates)) if changes(j)]
    if not varying:
        return AfterLaunch("", False)
    name = fitted.estimator.info.name
    model = fitted
    if name not in OWN:
        from causal_eval.estimators.did import DifferenceInDifferences

        model = replace(fitted, estimator=DifferenceInDifferences(event_study=False))
    effects, refused = covariate_effects(model, data, rng=rng, only=varying)
    tested = [e for e in effects if e.p_value is not None]
    moved = [e for e in tested if e.p_value is not None and e.p_value * len(tested) < alpha]
    by_row = name in BY_ROW
    after = f" Not tested: {columns(refused)}." if refused else ""
    if not moved:
        least = min((e.p_value for e in tested if e.p_value is not None), default=None)
        if least is None:
            return AfterLaunch(
                f" Covariates that change over time could not be tested for a change with the launch.{after}", False
            )
        p = min(1.0, least * len(tested))
        said = f" Covariates that change over time show no change with the launch (smallest {p_text(p)} of {len(tested)}, adjusted)."
        return AfterLaunch(said + after, False, tuple(effects))
    named = "; ".join(
        f"`{e.covariate}` by {num(e.value)} ({p_text(min(1.0, (e.p_value or 0.0) * len(tested)))})" for e in moved
    )
    said = f" Covariates moved with the launch: {named}."
    if by_row:
        said += " The estimate adjusts for their values after it, and so takes away what passes through them: give their values "
        said += "before the launch instead."
    else:
        said += " Only their values before the launch are adjusted for."
    return AfterLaunch(said + after, by_row, tuple(effects))
