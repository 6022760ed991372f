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

    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design
    from causal_eval.results.types import Estimate


class SunAbraham(Options):
    """Cohort by event-time effects of one regression, averaged by their rows.

    Errors are CR1 at ``roles.cluster``, else at the unit (the convention of :mod:`causal_eval.inference.regression`), with
    shares taken as given; tests use t with G - 1 degrees of freedom. Missing rows need no policy.
    """

    aggregate: Literal["simple", "cohort", "event", "calendar"] = Field("simple", description="The headline's average")
    horizon: int | None = Field(None, ge=0, description="Balance event times: only cohorts seen from 0 to this one")

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
        import numpy as np

        from causal_eval.design.design import Design
        from causal_eval.design.staggered import rollout
        from causal_eval.estimators._staggered import GroupTime, Words, cell_losses, write
        from causal_eval.estimators._staggered_units import arrays, few_note, refuse_ratio
        from causal_eval.inference.interaction import interacted
        from causal_eval.inference.regression import NotIdentified, cr1
        from causal_eval.inference.scores import FromScores, mean_scores

        design = design or Design()
        refuse_ratio(data, self.info.name)
        r = rollout(data, design)
        w, x = arrays(data, r)
        w = w * r.cohorts.keep[r.cohort]
        cohorts, notes = r.cohorts, []
        control = len(cohorts.start) - 1
        if not cohorts.has_never:
            if control == 0:
                raise EstimatorRefusal("E401", "every unit adopts at the same time: nothing to compare with")
            w = w * (cohorts.event[control] < -design.anticipation)
            notes.append(
                f"No unit stays untreated: the last cohort ({cohorts.labels[control]}) is the comparison, until it adopts."
            )
        try:
            found = interacted(r.y, w, x, r.cohort, cohorts.event, control, -1 - design.anticipation)
            n_rows = int((w > 0).sum())
            G = int(r.cluster.max()) + 1
            scale = cr1(n_rows, found.n_params, G)
        except NotIdentified as e:
            raise EstimatorRefusal(
                "E402", f"sun_abraham: {e}", hint="Leave out such covariates, or units seen in few periods."
            ) from e
        C = len(cohorts.start)
        u, mean, weight, count = mean_scores(r.y, w, r.cohort, C)
        joint = FromScores.of(found.scores, u, r.cohort, r.cluster, r.own_cluster, found.h)
        if not any(cohorts.headline[c, t] for c, t in found.cells):
            why = found.lost[0][2] if found.lost else "no treated row is left"
            raise EstimatorRefusal("E401", f"sun_abraham: {why}", hint="Some unit must stay untreated for longer.")
        units = np.bincount(r.cohort, minlength=C).astype(np.int64)
        if not cohorts.has_never:
            from dataclasses import replace

            start, event = cohorts.start.copy(), cohorts.event.copy()
            start[control], event[control] = np.inf, -np.inf
            cohorts = replace(cohorts, start=start, event=event)
        g = GroupTime(
            cohorts,
            found.att,
            np.array([c for c, _ in found.cells], dtype=np.int64),
            np.array([t for _, t in found.cells], dtype=np.int64),
            joint,
            np.bincount(r.cohort, w.sum(axis=1) / np.maximum((w > 0).sum(axis=1), 1), minlength=C).astype(np.float64),
            units,
            mean,
            weight,
            count,
            -1 - design.anticipation,
            scale=scale,
            shares_estimated=False,
            by_rows=True,
        )
        groups = "clusters" if data.has_clusters else "units"
        name = f"cluster-robust (CR1) by {G:,} {groups}, t with {G - 1:,} df"
        return write(
            data, g, Words(self.info.name, name, tuple([*few_note(r), *notes, *cell_losses(cohorts, list(found.lost))]), r.dropped),
            kind=self.aggregate, level=self.level, horizon=self.horizon,
        )  # fmt: skip


plugin: type[Estimator[Panel]] = SunAbraham
