"""Interaction-weighted event study: a saturated two-way regression, its cohort effects averaged by cohort shares.

Sun & Abraham (2021), J. Econometrics 225(2), eq. 23-27. Never-treated units are the comparison; without any, the last cohort
is, until it adopts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from causal_eval.errors import EstimatorRefusal
from causal_eval.estimators._base import Estimator, Info, Options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design
    from causal_eval.design.staggered import Rollout
    from causal_eval.estimators._staggered import GroupTime
    from causal_eval.inference.joint import Joint
    from causal_eval.inference.rollout import Cell
    from causal_eval.results.types import Estimate

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Found = tuple[GroupTime, list[tuple[int, int, str]]]
    """Effects, and the cells that are lost with the reason."""


class SunAbraham(Options):
    """Cohort by event-time effects of one regression, averaged by their rows.

    Errors are CR1 at ``roles.cluster``, else at the unit (the convention of :mod:`causal_eval.inference.regression`), with
    shares taken as given; tests use t with G - 1 degrees of freedom. Missing rows need no policy.
    """

    aggregate: Literal["simple", "cohort", "event", "calendar"] = Field("simple", description="The headline's average")
    horizon: int | None = Field(None, ge=0, description="Balance event times: only cohorts seen from 0 to this one")
    event_study: bool = Field(True, description="Also estimate leads and lags against the base period")

    info: ClassVar[Info] = Info(
        name="sun_abraham",
        title="Interaction-weighted event study",
        summary="Each cohort's event study against units never treated, averaged over cohorts by their size.",
        data=frozenset({"panel"}),
        estimands=frozenset({"att"}),
        adoptions=frozenset({"block", "staggered"}),
        assumptions=("parallel_trends", "no_anticipation", "no_interference", "stable_composition", "valid_inference"),
        min_pre_periods=1,
        min_controls=1,
        covariates=True,
        reference="Sun & Abraham (2021), J. Econometrics 225(2), eq. 23-27",
    )

    def estimate(
        self, data: Panel, design: Design | None = None, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """Effects by cohort and period, by event time, cohort and calendar period, and four overall averages.

        Raises:
            EstimatorRefusal: E401 nothing to compare, E402 not identified, E403 a ratio metric or further effects.
        """
        from causal_eval.design.design import Design
        from causal_eval.design.staggered import rollout
        from causal_eval.estimators._staggered import Words, cell_losses, write
        from causal_eval.estimators._staggered_units import few_note, refuse_ratio
        from causal_eval.inference.regression import NotIdentified

        design = design or Design()
        refuse_ratio(data, self.info.name)
        r = rollout(data, design)
        cohorts, notes = r.cohorts, []
        inside = cohorts.keep
        control = len(cohorts.start) - 1
        if not cohorts.has_never:
            if control == 0:
                raise EstimatorRefusal("E401", "every unit adopts at the same time: nothing to compare with")
            inside = inside & (cohorts.event[control] < -design.anticipation)
            notes.append(
                f"No unit stays untreated: the last cohort ({cohorts.labels[control]}) is the comparison, until it adopts."
            )
        try:
            g, lost = _by_means(data, r, inside, design) or _by_scores(data, r, inside, design)
        except NotIdentified as e:
            raise EstimatorRefusal(
                "E402", f"sun_abraham: {e}", hint="Leave out such covariates, or units seen in few periods."
            ) from e
        if not g.cohorts.headline[g.cohort, g.period].any():
            why = lost[0][2] if lost else "no treated row is left"
            raise EstimatorRefusal("E401", f"sun_abraham: {why}", hint="Some unit must stay untreated for longer.")
        groups = "clusters" if data.has_clusters else "units"
        name = f"cluster-robust (CR1) by {g.joint.n_groups:,} {groups}, t with {g.joint.n_groups - 1:,} df"
        return write(
            data, g, Words(self.info.name, name, tuple([*few_note(r), *notes, *cell_losses(cohorts, lost)]), r.dropped),
            kind=self.aggregate, level=self.level, horizon=self.horizon, event_study=self.event_study,
        )  # fmt: skip


def _by_means(data: Panel, r: Rollout, inside: Bools, design: Design) -> Found | None:
    """From cohort means, where every unit is seen in every period with one weight; None elsewhere."""
    import numpy as np

    from causal_eval.inference.cohort_means import of_units
    from causal_eval.inference.interaction import cells_of
    from causal_eval.inference.joint import FromMeans
    from causal_eval.inference.rollout import group_time

    if data.covariates:
        return None
    C = len(r.cohorts.start)
    means = of_units(r.y, r.w, r.cohort, C, None if r.own_cluster else r.cluster)
    if not means.short:
        return None
    cells, lost = cells_of(r.cohorts.event, inside, C - 1, -1 - design.anticipation)
    att, maps = group_time(means, cells)
    count = np.where(inside, means.n, 0)
    size = np.where(inside.any(axis=1), means.size, 0.0)
    mean, weight = np.where(inside, means.mean, np.nan), np.where(inside, means.weight, 0.0)
    n_params = len(cells) + int(inside.any(axis=0).sum())
    joint = FromMeans(means, maps, r.y, r.w, r.cohort)
    return _group_time(r, design, (att, cells, joint, n_params), (size, mean, weight, count)), list(lost)


def _by_scores(data: Panel, r: Rollout, inside: Bools, design: Design) -> Found:
    """From every unit's scores."""
    import numpy as np

    from causal_eval.estimators._staggered_units import arrays
    from causal_eval.inference.interaction import interacted
    from causal_eval.inference.scores import FromScores, mean_scores

    w, x = arrays(data, r)
    w = w * inside[r.cohort]
    C = len(r.cohorts.start)
    found = interacted(r.y, w, x, r.cohort, r.cohorts.event, C - 1, -1 - design.anticipation)
    u, mean, weight, count = mean_scores(r.y, w, r.cohort, C)
    joint = FromScores.of(found.scores, u, r.cohort, r.cluster, r.own_cluster, found.h)
    size = np.bincount(r.cohort, w.sum(axis=1) / np.maximum((w > 0).sum(axis=1), 1), minlength=C).astype(np.float64)
    fit = (found.att, found.cells, joint, found.n_params)
    return _group_time(r, design, fit, (size, mean, weight, count)), list(found.lost)


def _group_time(
    r: Rollout,
    design: Design,
    fit: tuple[Floats, tuple[Cell, ...], Joint, int],
    means: tuple[Floats, Floats, Floats, Ints],
) -> GroupTime:
    """The effects with CR1's factor; without never-treated units the last cohort takes their place."""
    from dataclasses import replace

    import numpy as np

    from causal_eval.estimators._staggered import GroupTime
    from causal_eval.inference.regression import cr1

    att, cells, joint, n_params = fit
    size, mean, weight, count = means
    cohorts = r.cohorts
    if not cohorts.has_never:
        start, event = cohorts.start.copy(), cohorts.event.copy()
        start[-1], event[-1] = np.inf, -np.inf
        cohorts = replace(cohorts, start=start, event=event)
    return GroupTime(
        cohorts,
        att,
        np.array([c.cohort for c in cells], dtype=np.int64),
        np.array([c.period for c in cells], dtype=np.int64),
        joint,
        size,
        np.bincount(r.cohort, minlength=len(size)).astype(np.int64),
        mean,
        weight,
        count,
        -1 - design.anticipation,
        scale=cr1(int(count.sum()), n_params, joint.n_groups),
        shares_estimated=False,
        by_rows=True,
    )


plugin: type[Estimator[Panel]] = SunAbraham
