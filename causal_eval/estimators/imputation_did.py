"""Imputation difference-in-differences: untreated outcomes predicted from unit and period effects, then averaged.

Borusyak, Jaravel & Spiess (2024), Review of Economic Studies 91(6): theorem 2 (the estimator), theorem 3 with eq. 7-8
(conservative clustered variance), proposition 7 (test of parallel trends on untreated observations alone).
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
    from causal_eval.inference.imputation import Imputed
    from causal_eval.inference.imputed_means import ImputedMeans
    from causal_eval.inference.joint import Joint
    from causal_eval.results.types import Estimate

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Found = tuple[GroupTime, list[tuple[int, int, str]]]
    """Effects, and the cells that are lost with the reason."""


LEAVE_OUT_BELOW = 30
"""With fewer clusters than this the leave-out errors are used unless others are asked for."""


class ImputationDiD(Options):
    """Effects as outcomes less what unit and period effects, fitted on untreated rows, predict.

    Errors are the paper's conservative clustered ones, at ``roles.cluster``, else at the unit, without a small-sample
    factor; with fewer than 30 clusters its leave-out ones, for the others then cover 92% (20 units in a simulation) and these 96%.
    Tests use t with G - 1 degrees of freedom. Every treated row weighs the same in an average (or by its weight).
    Missing rows need no policy: each row is used as it is. Leads come from untreated rows alone, against the base period.
    """

    aggregate: Literal["simple", "cohort", "event", "calendar"] = Field("simple", description="The headline's average")
    horizon: int | None = Field(None, ge=0, description="Balance event times: only cohorts seen from 0 to this one")
    event_study: bool = Field(True, description="Also estimate leads and lags against the base period")
    leads: int | None = Field(None, ge=0, description="Leads in the test of parallel trends; all of them unless given")

    errors: Literal["conservative", "leave_out"] | None = Field(
        None,
        description="Whether a cluster's own effects stay in the average they are compared with; left out below 30 clusters "
        "unless given",
    )

    info: ClassVar[Info] = Info(
        name="imputation_did",
        title="Imputation difference-in-differences",
        summary="Each treated outcome less what its unit and period would have had, learnt from untreated rows.",
        data=frozenset({"panel"}),
        estimands=frozenset({"att"}),
        adoptions=frozenset({"block", "staggered"}),
        assumptions=("parallel_trends", "no_anticipation", "no_interference", "stable_composition", "valid_inference"),
        min_pre_periods=1,
        min_controls=1,
        covariates=True,
        reference="Borusyak, Jaravel & Spiess (2024), Review of Economic Studies 91(6), theorems 2 and 3",
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
        leave_out = self._leaves_out(r)
        try:
            g, lost = (None if leave_out else self._by_means(data, r, design)) or self._by_scores(data, r, design)
        except NotIdentified as e:
            raise EstimatorRefusal(
                "E402", f"imputation_did: {e}", hint="Leave out such covariates, or units seen in few periods."
            ) from e
        if not len(g.att):
            why = lost[0][2] if lost else "no treated row is left"
            raise EstimatorRefusal("E401", f"imputation_did: {why}", hint="Some unit must stay untreated for longer.")
        notes = few_note(r) + cell_losses(r.cohorts, lost)
        lonely = int((g.count[g.cohort, g.period] == 1).sum())
        if lonely:
            notes.append(
                f"{lonely:,} of {len(g.att):,} cohort-periods hold one unit, whose own noise the errors cannot see."
            )
        groups = "clusters" if data.has_clusters else "units"
        kind = "leave-out" if leave_out else "conservative"
        name = (
            f"{kind} imputation errors, clustered by {g.joint.n_groups:,} {groups}, t with {g.joint.n_groups - 1:,} df"
        )
        return write(
            data, g, Words(self.info.name, name, tuple(notes), r.dropped),
            kind=self.aggregate, level=self.level, horizon=self.horizon, event_study=self.event_study,
        )  # fmt: skip

    def _leaves_out(self, r: Rollout) -> bool:
        if self.errors is not None:
            return self.errors == "leave_out"
        return int(r.cluster.max()) + 1 < LEAVE_OUT_BELOW

    def _by_means(self, data: Panel, r: Rollout, design: Design) -> Found | None:
        """From cohort means, where every unit is seen in every period with one weight; None elsewhere."""
        from causal_eval.inference.cohort_means import of_units
        from causal_eval.inference.imputed_means import impute_means, tilts
        from causal_eval.inference.joint import FromMeans

        if data.covariates:
            return None
        C = len(r.cohorts.start)
        means = of_units(r.y, r.w, r.cohort, C, None if r.own_cluster else r.cluster)
        if not means.short:
            return None
        found = impute_means(
            means,
            tilts(r.y, r.w, r.cohort, means),
            r.cohorts.event,
            r.cohorts.keep,
            anticipation=design.anticipation,
            leads=self.leads,
        )
        joint = FromMeans(means, found.maps, r.y, r.w, r.cohort)
        return self._group_time(r, design, found, joint, means.size, means.mean, means.weight, means.n)

    def _by_scores(self, data: Panel, r: Rollout, design: Design) -> Found:
        """From every unit's scores."""
        import numpy as np

        from causal_eval.estimators._staggered_units import arrays
        from causal_eval.inference.imputation import impute
        from causal_eval.inference.scores import FromScores, mean_scores

        w, x = arrays(data, r)
        found = impute(
            r.y,
            w,
            x,
            r.cohort,
            r.cohorts.event,
            r.cohorts.keep,
            anticipation=design.anticipation,
            leads=self.leads,
            left_out=r.cluster if self._leaves_out(r) else None,
        )
        C = len(r.cohorts.start)
        u, mean, weight, count = mean_scores(r.y, w, r.cohort, C)
        h = np.concatenate([found.h, found.h_leads], axis=1)
        joint = FromScores.of(found.scores, u, r.cohort, r.cluster, r.own_cluster, h)
        size = np.bincount(r.cohort, w.sum(axis=1) / np.maximum((w > 0).sum(axis=1), 1), minlength=C)
        return self._group_time(r, design, found, joint, size.astype(np.float64), mean, weight, count)

    def _group_time(
        self,
        r: Rollout,
        design: Design,
        found: Imputed | ImputedMeans,
        joint: Joint,
        size: Floats,
        mean: Floats,
        weight: Floats,
        count: Ints,
    ) -> Found:
        import numpy as np

        from causal_eval.estimators._staggered import GroupTime

        g = GroupTime(
            r.cohorts,
            found.att,
            np.array([c for c, _ in found.cells], dtype=np.int64),
            np.array([t for _, t in found.cells], dtype=np.int64),
            joint,
            size,
            np.bincount(r.cohort, minlength=len(size)).astype(np.int64),
            mean,
            weight,
            count,
            -1 - design.anticipation,
            shares_estimated=False,
            by_rows=True,
            leads=(found.leads, found.lead) if found.leads else None,
        )
        return g, list(found.lost)


plugin: type[Estimator[Panel]] = ImputationDiD
