"""Fitting group-time effects: which engine serves which data, and the estimate under the other policies of imbalance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from causal_eval.errors import EstimatorRefusal
from causal_eval.results.types import Drop

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design
    from causal_eval.design.staggered import Cohorts, Rollout
    from causal_eval.estimators._staggered import GroupTime
    from causal_eval.inference.aggregation import Average
    from causal_eval.inference.cohort_means import CohortMeans
    from causal_eval.inference.effects import Tested
    from causal_eval.inference.joint import Joint, Linear
    from causal_eval.inference.rollout import Cell, ControlGroup, Plan
    from causal_eval.inference.two_by_two import Adjustment
    from causal_eval.results.types import Estimate

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

Balance = Literal["strict", "pairwise", "cross_section"]


@dataclass(frozen=True, slots=True)
class FitOptions:
    """The options of `staggered_did` that a fit reads; see there."""

    level: float
    control_group: Literal["never_treated", "not_yet_treated"] | None
    base_period: Literal["universal", "varying"]
    balance: Balance
    aggregate: Literal["simple", "cohort", "event", "calendar"]
    inference: Literal["analytic", "bootstrap"]
    draws: int
    horizon: int | None
    event_study: bool
    method: str


@dataclass(frozen=True, slots=True)
class StaggeredFit:
    """One fit of `staggered_did`."""

    options: FitOptions
    data: Panel
    design: Design
    how: Adjustment
    rng: np.random.Generator

    def estimate(self) -> Estimate:
        """The estimate, with the other policies' headlines in its notes where units miss periods."""
        if not self.data.has_units:
            if self.design.treated is not None:
                raise EstimatorRefusal("E401", "a repeated cross-section has no units to treat as placebos")
            g, lost, notes = self._rows()
            return self._write(g, lost, notes, (), None)
        from causal_eval.design.staggered import rollout

        whole = rollout(self.data, self.design)
        g, lost, r = self._units(whole, self.options.balance)
        notes = self._imbalance(whole, g)
        if not self.data.pooled and self.options.balance != "cross_section":
            notes += _varying(r)
        return self._write(g, lost, notes, r.dropped, r)

    def _write(
        self,
        g: GroupTime,
        lost: list[tuple[int, int, str]],
        notes: list[str],
        dropped: tuple[Drop, ...],
        r: Rollout | None,
    ) -> Estimate:
        from causal_eval.estimators._staggered import Words, cell_losses, write

        control = self._control(g.cohorts)
        said = [f"Compared with the {control.replace('_', ' ')}."]
        if control == "not_yet_treated" and self.options.control_group is None:
            said = ["No unit stays untreated, so cohorts are compared with those not treated yet."]
        said += notes + cell_losses(g.cohorts, lost)
        groups = "clusters" if self.data.has_clusters else "units" if self.data.has_units else "rows"
        name = f"influence functions, clustered by {g.joint.n_groups:,} {groups}, t with {g.joint.n_groups - 1:,} df"
        bootstrap = None
        if self.options.inference == "bootstrap":
            bootstrap = self._bootstrap(g)
            name = (
                f"multiplier bootstrap of {g.joint.n_groups:,} {groups} ({self.options.draws:,} draws), "
                f"t with {g.joint.n_groups - 1:,} df"
            )
        test, special = None, ""
        if r is not None:
            few = self._permutation(g, r)
            if isinstance(few, str):
                said.append(few)
            elif few is not None:
                test, special, note = few
                said.append(note)
        return write(
            self.data,
            g,
            Words(
                self.options.method,
                name,
                tuple(said),
                dropped,
                details={
                    "control_group": control,
                    "base_period": self.options.base_period,
                    "balance": self.options.balance,
                    "adjustment": self.how,
                },
                headline=special,
            ),
            kind=self.options.aggregate,
            level=self.options.level,
            horizon=self.options.horizon,
            event_study=self.options.event_study,
            bootstrap=bootstrap,
            headline_test=test,
        )  # fmt: skip

    def _control(self, cohorts: Cohorts) -> ControlGroup:
        if self.options.control_group == "never_treated" and not cohorts.has_never:
            raise EstimatorRefusal(
                "E401",
                "no unit is never treated in the data",
                hint='Use control_group = "not_yet_treated".',
            )
        return self.options.control_group or ("never_treated" if cohorts.has_never else "not_yet_treated")

    def _plan(self, cohorts: Cohorts, seen: NDArray[np.bool_]) -> Plan:
        from causal_eval.inference.rollout import plan_cells

        plan = plan_cells(
            cohorts.event,
            seen,
            cohorts.keep,
            control=self._control(cohorts),
            base=self.options.base_period,
            anticipation=self.design.anticipation,
        )
        if not any(cohorts.headline[c.cohort, c.period] for c in plan.cells):
            raise EstimatorRefusal(
                "E401",
                "no effect after an adoption can be estimated: "
                + (plan.lost[0][2] if plan.lost else "no period is left"),
                hint="Widen the windows, or add units that are untreated for longer.",
            )
        return plan

    def _units(self, r: Rollout, balance: Balance) -> tuple[GroupTime, list[tuple[int, int, str]], Rollout]:
        """Group-time effects of a unit panel under a policy of imbalance."""
        from dataclasses import replace

        import numpy as np

        from causal_eval.inference.cohort_means import of_units
        from causal_eval.inference.joint import FromMeans, FromUnits
        from causal_eval.inference.rollout import group_time
        from causal_eval.inference.unit_effects import unit_effects

        x = self._covariates(r) if self.how != "none" else None
        missing = np.isnan(r.y) if x is None else np.isnan(r.y) | np.isnan(x).any(axis=2)
        if balance == "strict" and missing.any():
            used = r.cohorts.keep[r.cohort] if self.design.pre or self.design.post else np.ones_like(missing)
            gone: Bools = np.asarray((missing & used).any(axis=1))
            if gone.all():
                raise EstimatorRefusal(
                    "E401", "no unit is seen in every period", hint='Use balance = "pairwise" or "cross_section".'
                )
            if gone.any():
                r = r.only(~gone, Drop("units", int(gone.sum()), 'missing in some period (balance = "strict")'))
                x = None if x is None else x[~gone]
        C = len(r.cohorts.start)
        cluster = None if r.own_cluster else r.cluster
        means = of_units(r.y, r.w, r.cohort, C, cluster)
        plan = self._plan(r.cohorts, means.n > 0)
        lost = list(plan.lost)
        constant = r.w is None or bool(
            (np.where(r.w > 0, r.w, r.w.max(axis=1, keepdims=True)) == r.w.max(axis=1, keepdims=True)).all()
        )
        by_means = x is None and (
            self.data.pooled or balance == "cross_section" or (constant and bool(np.isfinite(r.y).all()))
        )
        joint: FromMeans | FromUnits
        if by_means:
            att, maps = group_time(means, plan.cells)
            cells = plan.cells
            joint = FromMeans(means, maps, r.y, r.w, r.cohort)
        else:
            found = unit_effects(
                r.y, r.w, x, r.cohort, r.cluster, plan.cells, self.how, pairwise=balance != "cross_section"
            )
            cells = tuple(plan.cells[i] for i in found.kept)
            lost += [(plan.cells[i].cohort, plan.cells[i].period, why) for i, why in found.lost]
            if not any(r.cohorts.headline[c.cohort, c.period] for c in cells):
                raise EstimatorRefusal(
                    "E402",
                    f"no effect could be adjusted for the covariates: {found.lost[0][1] if found.lost else 'nothing is left'}",
                    hint="Leave out covariates that repeat each other or the treatment.",
                )
            att = found.att
            w = np.where(np.isfinite(r.y), 1.0 if r.w is None else r.w, 0.0)
            # Followed units count by the weight they start with, as in R's did; rows of cross-sections by their own.
            s = w[np.arange(len(w)), (w > 0).argmax(axis=1)]
            if balance == "cross_section":
                s = w.sum(axis=1) / np.maximum((w > 0).sum(axis=1), 1)
            joint = FromUnits(found.psi, r.y, w, r.cohort, r.cluster, C, s)
            means = replace(means, size=np.bincount(r.cohort, s, minlength=C).astype(np.float64))
        return self._group_time(r.cohorts, att, cells, joint, means, np.bincount(r.cohort, minlength=C)), lost, r

    def _group_time(
        self, cohorts: Cohorts, att: Floats, cells: tuple[Cell, ...], joint: Joint, means: CohortMeans, units: Ints
    ) -> GroupTime:
        import numpy as np

        from causal_eval.estimators._staggered import GroupTime

        return GroupTime(
            cohorts,
            att,
            np.array([c.cohort for c in cells], dtype=np.int64),
            np.array([c.period for c in cells], dtype=np.int64),
            joint,
            means.size,
            units.astype(np.int64),
            means.mean,
            means.weight,
            means.n,
            -1 - self.design.anticipation if self.options.base_period == "universal" else None,
            followed=self.data.has_units,
        )

    def _covariates(self, r: Rollout) -> Floats:
        import numpy as np

        return np.stack([self.data.matrix(f"x_{j}")[r.rows] for j in range(len(self.data.covariates))], axis=2)

    def _imbalance(self, whole: Rollout, g: GroupTime) -> list[str]:
        """The headline under the other policies, where units miss periods."""
        import numpy as np

        from causal_eval.estimators._staggered import cells_of
        from causal_eval.inference.aggregation import averages

        missing = int(np.isnan(whole.y).sum())
        if not missing:
            return []
        units = int(np.isnan(whole.y).any(axis=1).sum())
        said = [
            f"{missing:,} of {whole.y.size:,} unit-periods are missing, in {units:,} units"
            f' (balance = "{self.options.balance}").'
        ]
        others = []
        for other in ("strict", "pairwise", "cross_section"):
            if other == self.options.balance:
                continue
            try:
                found, _, _ = self._units(whole, other)
                value = (
                    averages(cells_of(found), found.size, horizon=self.options.horizon)
                    .overall(self.options.aggregate)
                    .value
                )
                others.append(f'{value:.6g} under "{other}"')
            except (EstimatorRefusal, ValueError) as e:
                reason = e.message if isinstance(e, EstimatorRefusal) else str(e)
                others.append(f'not estimable under "{other}" ({reason})')
        return [said[0] + " The headline would be " + " and ".join(others) + "."]

    def _bootstrap(self, g: GroupTime) -> Callable[[Linear], Floats]:
        import numpy as np

        from causal_eval.inference.bands import multiplier

        def draw(rows: Linear) -> Floats:
            total = np.zeros((self.options.draws, len(rows.effects)))
            try:
                for part in g.joint.influence(rows):
                    total += multiplier(part, self.rng, draws=self.options.draws)
            except ValueError as e:
                raise EstimatorRefusal(
                    "E403",
                    f"the bootstrap cannot be used here: {e}",
                    hint='Use inference = "analytic": its errors and bands are the same in large samples.',
                ) from e
            return total

        return draw

    def _rows(self) -> tuple[GroupTime, list[tuple[int, int, str]], list[str]]:
        """Group-time effects of rows that are not followed over time."""
        import numpy as np

        from causal_eval.design.staggered import cohorts, effective_starts
        from causal_eval.inference.cohort_means import of_rows
        from causal_eval.inference.joint import FromMeans, FromUnits
        from causal_eval.inference.rollout import group_time
        from causal_eval.inference.unit_effects import row_effects

        data = self.data
        frame = data.frame()
        start = effective_starts(frame["first_treated"].to_numpy(dtype=float, na_value=np.inf), data.axis, self.design)
        keep = start > data.axis.ordinals[0]
        w = frame["weight"].to_numpy(dtype=float) if data.has_weights else np.ones(len(frame))
        keep &= w > 0
        if not np.isfinite(start[keep]).any():
            raise EstimatorRefusal("E401", "no group adopts inside the data's periods", hint="Check roles.treatment.")
        frame, start, w = frame[keep], start[keep], w[keep]
        values, cohort = np.unique(start, return_inverse=True)
        cohort = cohort.astype(np.int64)
        rolled = cohorts(data.axis, values, self.design)
        period = np.searchsorted(np.array(data.axis.ordinals), frame["time"].to_numpy()).astype(np.int64)
        y = frame["outcome"].to_numpy(dtype=float)
        cluster = None
        if data.has_clusters:
            cluster = np.unique(np.asarray(frame["cluster"]), return_inverse=True)[1].astype(np.int64)
        C, T = rolled.event.shape
        means = of_rows(y, w, cohort, period, C, T, cluster)
        plan = self._plan(rolled, means.n > 0)
        lost = list(plan.lost)
        notes: list[str] = []
        units = np.bincount(cohort, minlength=C)
        if self.how == "none":
            att, maps = group_time(means, plan.cells)
            return self._group_time(rolled, att, plan.cells, FromMeans(means, maps), means, units), lost, notes
        x = frame[[f"x_{j}" for j in range(len(data.covariates))]].to_numpy(dtype=float)
        groups = np.arange(len(y)) if cluster is None else cluster
        found = row_effects(y, w, x, cohort, period, groups, plan.cells, self.how)
        lost += [(plan.cells[i].cohort, plan.cells[i].period, why) for i, why in found.lost]
        cells = tuple(plan.cells[i] for i in found.kept)
        if not any(rolled.headline[c.cohort, c.period] for c in cells):
            raise EstimatorRefusal(
                "E402",
                f"no effect could be adjusted for the covariates: {found.lost[0][1]}",
                hint="Leave out covariates that repeat each other or the treatment.",
            )
        # Each row is seen once: a one-column panel per row would be T times as large as the rows.
        yy, ww = np.full((len(y), T), np.nan), np.zeros((len(y), T))
        yy[np.arange(len(y)), period], ww[np.arange(len(y)), period] = y, w
        joint = FromUnits(found.psi, yy, ww, cohort, groups, C, w)
        return self._group_time(rolled, found.att, cells, joint, means, units), lost, notes

    def _permutation(self, g: GroupTime, r: Rollout) -> tuple[Callable[[Average], Tested], str, str] | str | None:
        """With few treated clusters: the headline's test by permuting adoption dates among clusters."""
        import numpy as np

        from causal_eval.inference.aggregation import averages
        from causal_eval.inference.few_clusters import ClusterCount
        from causal_eval.inference.joint import FromMeans
        from causal_eval.inference.rollout_permutation import permute_rollout

        treated = np.isfinite(r.cohorts.start)[r.cohort]
        # Without never treated units the last cohort is what the others are compared with at the end.
        control = ~treated if r.cohorts.has_never else r.cohort == len(r.cohorts.start) - 1
        n = int(r.cluster.max()) + 1
        by_cluster = [np.unique(r.cluster[m]) for m in (treated & ~control, control)]
        mixed = len(np.unique(r.cohort * n + r.cluster)) > n
        count = ClusterCount(n, len(by_cluster[0]), len(by_cluster[1]), not mixed)
        if not count.few:
            return None
        if mixed or not isinstance(g.joint, FromMeans):
            why = "adoption differs within clusters" if mixed else "with covariates or unbalanced units"
            return (
                f"Only {count.treated} treated and {count.control} control clusters: clustered errors this few are too small, "
                f"and {why} dates cannot be permuted. Read the interval as a lower bound on the uncertainty."
            )
        from causal_eval.estimators._staggered import cells_of

        weight = averages(cells_of(g), g.size, horizon=self.options.horizon).overall(self.options.aggregate).weight
        plan = self._plan(r.cohorts, g.count > 0)
        found = permute_rollout(
            r.y, r.w, r.cohort, r.cluster, r.cohorts.event >= 0, plan.cells, weight, level=self.options.level, rng=self.rng
        )  # fmt: skip
        return (
            lambda _: found.tested,
            found.sentence,
            (
                f"Only {count.treated} treated and {count.control} control clusters, too few for clustered errors: the headline's "
                f"p-value and interval come from {found.said}; the smallest p-value possible is {found.smallest_p:.3g}. "
                "The other rows keep clustered errors and are too sure of themselves."
            ),
        )


def _varying(r: Rollout) -> list[str]:
    """What is done with weights that change within units, said where they do."""
    import numpy as np

    if r.w is None:
        return []
    seen = r.w > 0
    low = np.where(seen, r.w, np.inf).min(axis=1, initial=np.inf)
    n = int(((low < r.w.max(axis=1)) & seen.any(axis=1)).sum())
    if not n:
        return []
    return [
        f"Weights change over time in {n:,} units: an effect takes those of the earlier of its two periods, and in averages "
        "cohorts count by the weights their units start with."
    ]
