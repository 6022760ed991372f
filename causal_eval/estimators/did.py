"""Difference-in-differences with one adoption date: two-way effects, and the event study beside them.

Estimates, in a panel, y_it = alpha_i + gamma_t + beta D_it + x_it' delta + e_it (Angrist & Pischke 2009, eq. 5.2.3), in
a repeated cross-section the same with group effects for alpha. With several adoption dates beta compares late adopters
with early ones (Goodman-Bacon 2021), so staggered adoption is refused unless this is a reference.
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
    from causal_eval.design.block import Block, Periods
    from causal_eval.design.design import Design
    from causal_eval.estimators._arrays import Rows
    from causal_eval.inference.difference import Difference, Windows
    from causal_eval.inference.effects import Tested
    from causal_eval.inference.few_clusters import Permuted
    from causal_eval.inference.regression import Fit, Vcov
    from causal_eval.results.types import Drop, Effect, Estimate, EventStudy, PathPoint, Sample

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


class DifferenceInDifferences(Options):
    """Two-way fixed effects difference-in-differences.

    Errors: CR1 clustered at ``roles.cluster``, else at the unit, else (repeated cross-sections without a cluster) HC1;
    the small-sample convention is in :mod:`causal_eval.inference.regression`. With few clusters, or few treated ones,
    p-values and intervals come from permuting who was treated, and the estimate says so.
    """

    event_study: bool = Field(True, description="Also estimate leads and lags against the base period")
    base_period: int = Field(-1, le=-1, description="Base period of the event study, in periods from the launch")
    vcov: Literal["cluster", "hc1", "hc2", "iid", "wild"] = Field("cluster", description="Covariance of the estimate")
    fixed_effects: tuple[str, ...] = Field((), strict=False, description="Columns absorbed beside unit and time")

    info: ClassVar[Info] = Info(
        name="did",
        title="Difference-in-differences",
        summary="The change of the treated group less the change of the control group.",
        data=frozenset({"panel", "repeated cross-section"}),
        estimands=frozenset({"att"}),
        adoptions=frozenset({"block"}),
        assumptions=("parallel_trends", "no_anticipation", "no_interference", "stable_composition", "valid_inference"),
        min_pre_periods=1,
        min_controls=1,
        covariates=True,
        reference="Angrist & Pischke (2009), Mostly Harmless Econometrics, eq. 5.2.3; errors: Cameron & Miller (2015)",
    )

    def estimate(
        self, data: Panel, design: Design | None = None, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """Effect on the treated: overall, by event time and by period.

        Under staggered adoption there is only the two-way coefficient, with estimand ``twfe`` and the share of its
        negative weights: a reference, which a study never takes for its headline.

        Raises:
            EstimatorRefusal: E404 staggered adoption in a repeated cross-section, E401 nothing to compare, E402 not identified.
        """
        from causal_eval.design.block import adoption, block
        from causal_eval.design.design import Design
        from causal_eval.inference.regression import NotIdentified

        design = design or Design()
        try:
            if data.has_units and len(adoption(data, design)) > 1 and design.treated is None:
                return self._staggered(data)
            if data.has_units:
                arrays = block(data, design, method="did", base_period=self.base_period)
                return self._units(data, arrays, self.generator(rng))
            return self._cross_sections(data, design, self.generator(rng))
        except NotIdentified as e:
            raise EstimatorRefusal(
                "E402",
                f"did: the effect is not identified: {e}",
                hint="Drop the covariate or fixed effect that repeats the treatment.",
            ) from e

    def _units(self, data: Panel, b: Block, rng: np.random.Generator) -> Estimate:
        import numpy as np

        from causal_eval.estimators._arrays import unit_cells, unit_rows
        from causal_eval.inference.difference import Windows, from_cells, from_rows, from_units
        from causal_eval.inference.few_clusters import count_clusters, permute

        windows = Windows(b.periods.headline_pre, b.periods.headline_post, b.periods.base)
        vcov: Vcov = "cluster" if self.vcov == "wild" else self.vcov
        rows = None
        if data.covariates or data.fixed_effects:
            rows = unit_rows(data, b)
            fit = from_rows(
                rows.y,
                rows.w,
                rows.treated,
                rows.period,
                rows.effects,
                rows.x,
                rows.cluster,
                windows,
                vcov=vcov,
                events=self.event_study,
            )
        elif data.pooled:
            sums, treated, period = unit_cells(b)
            fit = from_cells(sums, treated, period, windows, vcov=vcov, events=self.event_study)
        else:
            fit = from_units(
                b.y,
                b.w,
                b.treated,
                b.cluster,
                windows,
                vcov=vcov,
                nested=not data.wide().cluster_varies,
                events=self.event_study,
            )
        clusters = count_clusters(b.treated, b.cluster)
        permuted = None
        notes = _notes(data, fit)
        if self.vcov == "cluster" and clusters.few:
            if rows is None and not data.pooled and clusters.assigned:
                permuted = permute(b.y, b.w, b.treated, b.cluster, windows, level=self.level, rng=rng)
                notes.append(permuted.note)
            else:
                notes.append(
                    f"Only {clusters.treated} treated and {clusters.control} control clusters: clustered errors this few "
                    "are too small; read the interval as a lower bound on the uncertainty."
                )
        wild = None
        if self.vcov == "wild":
            wild = self._wild(rows or unit_rows(data, b), windows, rng)
            notes.append(wild.note)
        treated_units = int(b.treated.sum())
        sample = _sample(
            data,
            b.periods,
            b.dropped,
            n_rows=b.n_rows,
            n_units=len(b.treated),
            n_treated=treated_units,
            n_clusters=clusters.n,
            n_treated_clusters=clusters.treated,
        )
        seen = (b.w > 0).sum(axis=0)
        return self._write(
            data,
            b.periods,
            windows,
            fit,
            sample,
            permuted or wild,
            notes,
            who=f"{treated_units} treated {'unit' if treated_units == 1 else 'units'}",
            units_by_period=[int(n) for n in np.asarray(seen)],
            group=_group_of_clusters(b) if clusters.assigned else None,
        )

    def _cross_sections(self, data: Panel, design: Design, rng: np.random.Generator) -> Estimate:
        import numpy as np

        from causal_eval.design.block import only_start, periods
        from causal_eval.estimators._arrays import cross_section_cells, cross_section_rows
        from causal_eval.inference.difference import Windows, from_cells, from_rows

        if design.treated is not None:
            raise EstimatorRefusal("E401", "a repeated cross-section has no units to treat as placebos")
        p = periods(data.axis, only_start(data, design, method="did"), design, base_period=self.base_period)
        windows = Windows(p.headline_pre, p.headline_post, p.base)
        vcov: Vcov = "cluster" if self.vcov == "wild" else self.vcov
        notes: list[str] = []
        by_rows = data.covariates or data.fixed_effects or self.vcov == "wild"
        # Cell sums hold the squares of weighted outcomes, which these two covariances cannot use under weights.
        if by_rows or (data.has_weights and self.vcov in ("iid", "hc2")):
            rows = cross_section_rows(data, p)
            fit = from_rows(
                rows.y,
                rows.w,
                rows.treated,
                rows.period,
                rows.effects,
                rows.x,
                rows.cluster,
                windows,
                vcov=vcov,
                events=self.event_study,
            )
            n_rows, n_treated = len(rows.y), int(rows.treated.sum())
        else:
            sums, treated, period = cross_section_cells(data, p)
            fit = from_cells(sums, treated, period, windows, vcov=vcov, events=self.event_study)
            n_rows, n_treated = int(sums.n.sum()), int(sums.n[treated].sum())
        notes += _notes(data, fit)
        wild = None
        if self.vcov == "wild":
            wild = self._wild(rows, windows, rng)
            notes.append(wild.note)
        elif self.vcov == "cluster" and fit.static.n_clusters is not None and fit.static.n_clusters < 10:
            notes.append(
                f"Only {fit.static.n_clusters} clusters: clustered errors this few are too small; "
                'use vcov = "wild", or read the interval as a lower bound on the uncertainty.'
            )
        sample = _sample(
            data,
            p,
            (),
            n_rows=n_rows,
            n_units=n_rows,
            n_treated=n_treated,
            n_clusters=fit.static.n_clusters,
            n_treated_clusters=None,
        )
        return self._write(
            data,
            p,
            windows,
            fit,
            sample,
            wild,
            notes,
            who=f"treated group ({n_treated:,} rows)",
            units_by_period=[None] * len(np.asarray(p.post)),
        )

    def _staggered(self, data: Panel) -> Estimate:
        import numpy as np

        from causal_eval.inference.effects import effect, t_test
        from causal_eval.inference.two_way import two_way_treatment
        from causal_eval.results.types import Estimate, Sample

        if data.covariates or data.fixed_effects or data.pooled or self.vcov == "wild":
            raise EstimatorRefusal(
                "E404",
                "under staggered adoption `did` is a plain two-way reference: no covariates, further effects, "
                "ratio metrics or wild bootstrap",
                hint="Leave those out of this analysis, or use a staggered estimator.",
            )
        wide = data.wide()
        seen = np.isfinite(wide.outcome)
        w = seen.astype(float) if wide.weight is None else np.where(seen, wide.weight, 0.0)
        keep = w.sum(axis=1) > 0
        y, w, start = wide.outcome[keep], w[keep], wide.start[keep]
        cluster = np.unique(wide.cluster[keep], return_inverse=True)[1].astype(np.int64)
        d = (np.array(data.axis.ordinals)[None, :] >= start[:, None]).astype(float)
        found = two_way_treatment(y, w, d, cluster, vcov=self.vcov, nested=not wide.cluster_varies)
        fit, last = found.fit, data.axis.ordinals[-1]
        value, error = float(fit.coef[0]), float(fit.std_error[0])
        name = _procedure(self.vcov, fit.n_clusters, fit.df, data)
        tested = t_test(value, error, fit.df, self.level)
        ever = start <= last
        return Estimate(
            method=self.info.name,
            estimand="twfe",
            estimand_text="Two-way fixed-effects coefficient: a weighted sum of effects by cohort and period, not an average effect.",
            effects=(effect("overall", "absolute", value, error, tested, level=self.level, method=name),),
            sample=Sample(
                fit.n_rows,
                len(y),
                int(ever.sum()),
                int((~ever).sum()),
                len(data.axis.ordinals),
                n_clusters=fit.n_clusters,
            ),
            level=self.level,
            inference=name,
            notes=(
                f"A reference, never the headline: under staggered adoption late adopters are compared with early ones. "
                f"{found.n_negative:,} of {found.n_treated:,} treated cells enter with a negative weight "
                f"({found.negative_share:.1%} of the weight).",
            ),
            details={
                "negative_weight_share": found.negative_share,
                "negative_cells": found.n_negative,
                "treated_cells": found.n_treated,
            },
        )

    def _wild(self, rows: Rows, windows: Windows, rng: np.random.Generator) -> Permuted:
        from causal_eval.inference.wild_difference import TooLarge, wild_difference

        if rows.cluster is None:
            raise EstimatorRefusal(
                "E403", 'vcov = "wild" needs clusters', hint='Set roles.cluster, or use vcov = "hc1".'
            )
        try:
            return wild_difference(
                rows.y,
                rows.w,
                rows.treated,
                rows.period,
                rows.effects,
                rows.x,
                rows.cluster,
                windows,
                events=self.event_study,
                level=self.level,
                rng=rng,
            )
        except TooLarge as e:
            raise EstimatorRefusal(
                "E403",
                'vcov = "wild" would need a dummy matrix too large for memory',
                hint='With this many clusters use vcov = "cluster".',
            ) from e

    def _write(
        self,
        data: Panel,
        p: Periods,
        windows: Windows,
        fit: Difference,
        sample: Sample,
        other: Permuted | None,
        notes: list[str],
        *,
        who: str,
        units_by_period: list[int] | list[None],
        group: Bools | None = None,
    ) -> Estimate:
        """The estimate, with every p-value and interval from one procedure: clustered t, or ``other``."""
        import numpy as np

        from causal_eval.inference.effects import effect, fieller, relative, relative_of, t_test
        from causal_eval.results.types import Estimate

        s = fit.static
        value, error = float(s.coef[0]), float(s.std_error[0])
        name = other.sentence if other else _procedure(self.vcov, s.n_clusters, s.df, data)
        overall = other.static if other else t_test(value, error, s.df, self.level)
        effects: list[Effect] = [effect("overall", "absolute", value, error, overall, level=self.level, method=name)]
        ratio = relative(value, fit.observed, fit.joint)
        if ratio.value is None:
            notes.append(ratio.note[0].upper() + ratio.note[1:] + ".")
        else:
            tested = (
                relative_of(overall, fit.observed)
                if other
                else fieller(value, fit.observed, fit.joint, s.df, self.level, overall.p_value)
            )
            effects.append(
                effect("overall", "relative", ratio.value, ratio.std_error, tested, level=self.level, method=name)
            )
        if data.additive:
            total = fit.weight_treated_post
            times = _times(overall, total)
            effects.append(
                effect("overall", "cumulative", value * total, error * total, times, level=self.level, method=name)
            )
        events: EventStudy | None = None
        path: list[PathPoint] = []
        if fit.events is not None:
            events, path, more = self._events(p, windows, fit, other, name, units_by_period, group)
            effects += more
        return Estimate(
            method=self.info.name,
            estimand="att",
            estimand_text=_estimand(data, p, who),
            effects=tuple(effects),
            sample=sample,
            level=self.level,
            inference=name,
            path=tuple(path),
            event_study=events,
            baseline=fit.baseline,
            observed=fit.observed,
            counterfactual=fit.observed - value,
            notes=tuple(notes),
            details={
                "base_period": int(p.event[p.base]),
                "small_sample_factor": float(np.float64(s.scale)),
                "df": s.df,
            },
        )

    def _events(
        self,
        p: Periods,
        windows: Windows,
        fit: Difference,
        other: Permuted | None,
        name: str,
        units_by_period: list[int] | list[None],
        group: Bools | None,
    ) -> tuple[EventStudy, list[PathPoint], list[Effect]]:
        import numpy as np

        from causal_eval.inference.effects import effect, t_test
        from causal_eval.inference.few_clusters import gap_map
        from causal_eval.results.types import EventPoint, EventStudy, PathPoint

        fitted = fit.events
        assert fitted is not None
        others = [int(t) for t in windows.others]
        tests: list[Tested] = (
            list(other.events)
            if other
            else [
                t_test(float(c), float(e), fitted.df, self.level)
                for c, e in zip(fitted.coef, fitted.std_error, strict=True)
            ]
        )
        points = [
            EventPoint(
                int(p.event[p.base]),
                0.0,
                reference=True,
                excluded=bool(p.excluded[p.base]),
                n_units=units_by_period[p.base],
            )
        ]
        effects = []
        for j, t in enumerate(others):
            test, coef, error = tests[j], float(fitted.coef[j]), float(fitted.std_error[j])
            points.append(
                EventPoint(
                    int(p.event[t]),
                    coef,
                    error,
                    test.low,
                    test.high,
                    test.p_value,
                    units_by_period[t],
                    excluded=bool(p.excluded[t]),
                )
            )
            effects.append(
                effect(
                    f"event:{int(p.event[t])}",
                    "absolute",
                    coef,
                    error,
                    test,
                    level=self.level,
                    method=name,
                    n_units=units_by_period[t],
                )
            )
        points.sort(key=lambda q: q.event)
        to_gap = gap_map(windows)
        gaps, cov = to_gap @ fitted.coef, to_gap @ fitted.cov @ to_gap.T
        errors = np.sqrt(np.maximum(np.diag(cov), 0.0))
        path = []
        for t, label in enumerate(p.labels):
            test = other.gaps[t] if other else t_test(float(gaps[t]), float(errors[t]), fitted.df, self.level)
            path.append(
                PathPoint(
                    label,
                    float(fit.treated_path[t]),
                    float(fit.treated_path[t] - gaps[t]),
                    float(gaps[t]),
                    test.low,
                    test.high,
                    bool(p.post[t]),
                    bool(p.excluded[t]),
                )
            )
            if p.post[t]:
                effects.append(
                    effect(
                        f"period:{label}",
                        "absolute",
                        float(gaps[t]),
                        float(errors[t]),
                        test,
                        level=self.level,
                        method=name,
                        n_units=units_by_period[t],
                    )
                )
        study = EventStudy(
            int(p.event[p.base]),
            tuple(points),
            tuple(tuple(float(v) for v in row) for row in fitted.cov),
            fitted.df if fitted.n_clusters is not None else None,
            self.level,
            *_split(fitted, group),
            () if other is None else tuple(tuple(float(v) for v in row) for row in other.placebo_events[:999]),
        )
        return study, path, effects


def _group_of_clusters(b: Block) -> Bools:
    """(G,) whether each cluster is treated."""
    import numpy as np

    group = np.zeros(int(b.cluster.max()) + 1, dtype=bool)
    group[b.cluster[b.treated]] = True
    return group


def _split(fit: Fit, group: Bools | None) -> tuple[tuple[tuple[float, ...], ...], tuple[int, int]]:
    """The treated clusters' part of a clustered covariance, and the clusters of each group."""
    if fit.influence is None or group is None or len(group) != len(fit.influence):
        return (), (0, 0)
    psi = fit.influence[group]
    part = fit.scale * psi.T @ psi
    return tuple(tuple(float(v) for v in row) for row in part), (int(group.sum()), int((~group).sum()))


def _times(tested: Tested, factor: float) -> Tested:
    from causal_eval.inference.effects import Tested as T

    if tested.low is None or tested.high is None:
        return tested
    return T(tested.p_value, tested.low * factor, tested.high * factor, tested.note)


def _notes(data: Panel, fit: Difference) -> list[str]:
    gone = [data.covariates[j] for j in fit.dropped_covariates]
    if not gone:
        return []
    return [
        f"Left out because the fixed effects explain them whole (they do not change within a unit): {', '.join(gone)}."
    ]


def _procedure(vcov: str, n_clusters: int | None, df: float, data: Panel) -> str:
    if vcov == "cluster" and n_clusters is not None:
        at = data.names.get("cluster") or data.names.get("unit") or "cluster"
        return f"cluster-robust (CR1, {n_clusters:,} clusters: {at}), t with {df:,.0f} degrees of freedom"
    words = {"iid": "homoskedastic errors", "hc2": "heteroskedasticity-robust (HC2)"}
    return f"{words.get(vcov, 'heteroskedasticity-robust (HC1)')}, t with {df:,.0f} degrees of freedom"


def _estimand(data: Panel, p: Periods, who: str) -> str:
    post = [label for label, q in zip(p.labels, p.headline_post, strict=True) if q]
    when = f"from {post[0]} to {post[-1]}" if len(post) > 1 else f"in {post[0]}"
    how = ", as a ratio of totals" if data.pooled else ", weighted" if data.has_weights else ""
    return f"Average effect on the {who}, {when}{how} (average treatment effect on the treated)."


def _sample(
    data: Panel,
    p: Periods,
    dropped: tuple[Drop, ...],
    *,
    n_rows: int,
    n_units: int,
    n_treated: int,
    n_clusters: int | None,
    n_treated_clusters: int | None,
) -> Sample:
    from causal_eval.results.types import Drop as D
    from causal_eval.results.types import Sample as S

    outside = len(data.axis.ordinals) - len(p.ordinals) - sum(d.count for d in dropped if d.what == "periods")
    windows = (D("periods", outside, "outside the declared windows"),) if outside > 0 else ()
    aside = int(p.excluded.sum())
    washout = (D("periods", aside, "washout or anticipation: shown, not in the headline"),) if aside else ()
    return S(
        n_rows,
        n_units,
        n_treated,
        n_units - n_treated,
        len(p.ordinals),
        int(p.headline_pre.sum()),
        int(p.headline_post.sum()),
        n_clusters,
        n_treated_clusters,
        (*dropped, *windows, *washout),
    )


plugin: type[Estimator[Panel]] = DifferenceInDifferences
