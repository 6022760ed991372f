"""Difference-in-differences with one adoption date: two-way effects, and the event study beside them.

Estimates, in a panel, y_it = alpha_i + gamma_t + beta D_it + x_it' delta + e_it (Angrist & Pischke 2009, eq. 5.2.3), in
a repeated cross-section the same with group effects for alpha; with ``family = "poisson"`` the same in the mean's
logarithm (:mod:`causal_eval.inference.poisson`). With several adoption dates beta compares late adopters
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
    from causal_eval.design.block import Block
    from causal_eval.design.design import Design
    from causal_eval.estimators._arrays import Rows
    from causal_eval.inference.difference import Difference, Windows
    from causal_eval.inference.few_clusters import Permuted
    from causal_eval.inference.regression import Vcov
    from causal_eval.results.types import Estimate

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


BY_ROWS = ("wild", "cr2", "two_way")
"""Covariances that need the rows."""


class DifferenceInDifferences(Options):
    """Two-way fixed effects difference-in-differences.

    Errors: CR1 clustered at ``roles.cluster``, else at the unit, else (repeated cross-sections without a cluster) HC1;
    the small-sample convention is in :mod:`causal_eval.inference.regression`. With few clusters, or few treated ones,
    p-values and intervals come from permuting who was treated, and the estimate says so.
    """

    event_study: bool = Field(True, description="Also estimate leads and lags against the base period")
    base_period: int = Field(-1, le=-1, description="Base period of the event study, in periods from the launch")
    vcov: Literal["cluster", "cr2", "two_way", "hc1", "hc2", "iid", "wild"] = Field(
        "cluster", description="Covariance: CR1, CR2, clusters by unit and period, robust, classical, or wild bootstrap"
    )
    family: Literal["linear", "poisson"] = Field(
        "linear", description="Parallel trends in differences, or in ratios (counts and amounts; zeros allowed)"
    )
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
        """Effect on the treated: overall, by event time, by period and by declared segment.

        Under staggered adoption there is only the two-way coefficient, with estimand ``twfe`` and the share of its
        negative weights: a reference, which a study never takes for its headline.

        Raises:
            EstimatorRefusal: E404 staggered adoption in a repeated cross-section, E401 nothing to compare, E402 not identified.
        """
        from causal_eval.design.design import Design
        from causal_eval.estimators._segments import with_segments

        draws = self.generator(rng)
        return with_segments(self, self._overall(data, design or Design(), draws), data, design, draws)

    def _overall(self, data: Panel, design: Design, rng: np.random.Generator) -> Estimate:
        from causal_eval.design.block import adoption, block
        from causal_eval.estimators._on_off_reference import on_off_reference
        from causal_eval.estimators._two_way_reference import two_way_reference
        from causal_eval.inference.regression import NotIdentified

        self._fits(data)
        try:
            if data.on_off:
                return on_off_reference(
                    data,
                    method=self.info.name,
                    vcov=self._reference_vcov("a treatment that switches off"),
                    level=self.level,
                    procedure=lambda fit: _procedure(self.vcov, fit.n_clusters, fit.df, data),
                )
            if data.has_units and len(adoption(data, design)) > 1 and design.treated is None:
                return two_way_reference(
                    data,
                    method=self.info.name,
                    vcov=self._reference_vcov("staggered adoption"),
                    level=self.level,
                    procedure=lambda fit: _procedure(self.vcov, fit.n_clusters, fit.df, data),
                )
            if data.has_units:
                arrays = block(data, design, method="did", base_period=self.base_period)
                return self._units(data, arrays, rng)
            return self._cross_sections(data, design, rng)
        except NotIdentified as e:
            raise EstimatorRefusal(
                "E402",
                f"did: the effect is not identified: {e}",
                hint="Drop the covariate or fixed effect that repeats the treatment.",
            ) from e

    def _reference_vcov(self, under: str) -> Vcov:
        """The errors of the two-way reference; options that it does not have are refused."""
        if self.family == "poisson":
            raise EstimatorRefusal(
                "E404",
                'family = "poisson" needs one adoption date',
                hint="Use a staggered estimator, with log = true for the metric where it has no zeros.",
            )
        if self.vcov == "wild" or self.vcov in BY_ROWS:
            raise EstimatorRefusal(
                "E404",
                f'under {under} `did` is a two-way reference without vcov = "{self.vcov}"',
                hint='Use vcov = "cluster", or a staggered estimator.',
            )
        return self.vcov

    def _units(self, data: Panel, b: Block, rng: np.random.Generator) -> Estimate:
        import numpy as np

        from causal_eval.estimators._arrays import unit_cells, unit_rows
        from causal_eval.estimators._difference import sample_of, write_difference
        from causal_eval.inference.difference import Windows, from_cells, from_units
        from causal_eval.inference.few_clusters import count_clusters, permute

        windows = Windows(b.periods.headline_pre, b.periods.headline_post, b.periods.base)
        vcov: Vcov = "cluster" if self.vcov == "wild" else self.vcov
        rows = None
        if self.family == "poisson":
            rows = unit_rows(data, b)
            fit = self._counts(rows, windows)
        elif data.covariates or data.fixed_effects or self.vcov in ("cr2", "two_way"):
            rows = unit_rows(data, b)
            self._check(rows, data)
            fit = rows.difference(windows, vcov=vcov, events=self.event_study)
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
            if rows is None and clusters.assigned:
                permuted = permute(
                    b.y, b.w, b.treated, b.cluster, windows, level=self.level, rng=rng, pooled=data.pooled
                )
                notes.append(permuted.note)
            else:
                notes.append(
                    f"Only {clusters.treated} treated and {clusters.control} control clusters: clustered errors this few "
                    "are too small; "
                    + (
                        'put family = "linear" beside it.'
                        if self.family == "poisson"
                        else 'leave the covariates out, or use vcov = "wild".'
                    )
                )
        wild = None
        if self.vcov == "wild":
            wild = self._wild(rows or unit_rows(data, b), windows, rng)
            notes.append(wild.note)
        treated_units = int(b.treated.sum())
        sample = sample_of(
            data,
            b.periods,
            b.dropped,
            n_rows=b.n_rows,
            n_units=len(b.treated),
            n_treated=treated_units,
            n_clusters=clusters.n,
            n_treated_clusters=clusters.treated,
            n_control_clusters=clusters.control,
        )
        seen = (b.w > 0).sum(axis=0)
        return write_difference(
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
            method=self.info.name,
            level=self.level,
            procedure=self._named(fit, data),
        )

    def _cross_sections(self, data: Panel, design: Design, rng: np.random.Generator) -> Estimate:

        from causal_eval.design.block import only_start, periods
        from causal_eval.estimators._arrays import cross_section_cells, cross_section_rows
        from causal_eval.estimators._difference import sample_of, write_difference
        from causal_eval.inference.difference import Windows, from_cells

        if design.treated is not None:
            raise EstimatorRefusal("E401", "a repeated cross-section has no units to treat as placebos")
        p = periods(data.axis, only_start(data, design, method="did"), design, base_period=self.base_period)
        windows = Windows(p.headline_pre, p.headline_post, p.base)
        vcov: Vcov = "cluster" if self.vcov == "wild" else self.vcov
        notes: list[str] = []
        by_rows = data.covariates or data.fixed_effects or self.vcov in BY_ROWS
        # Cell sums hold the squares of weighted outcomes, which these two covariances cannot use under weights.
        if self.family == "poisson" or by_rows or (data.has_weights and self.vcov in ("iid", "hc2")):
            rows = cross_section_rows(data, p)
            self._check(rows, data)
            fit = (
                self._counts(rows, windows)
                if self.family == "poisson"
                else rows.difference(windows, vcov=vcov, events=self.event_study)
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
        sample = sample_of(
            data,
            p,
            (),
            n_rows=n_rows,
            n_units=n_rows,
            n_treated=n_treated,
            n_clusters=fit.static.n_clusters,
            n_treated_clusters=None,
            n_control_clusters=None,
        )
        return write_difference(
            data,
            p,
            windows,
            fit,
            sample,
            wild,
            notes,
            who=f"treated group ({n_treated:,} rows)",
            units_by_period=[None] * len(p.labels),
            method=self.info.name,
            level=self.level,
            procedure=self._named(fit, data),
        )

    def _fits(self, data: Panel) -> None:
        """Refuse what a Poisson mean cannot be."""
        if self.family == "linear":
            return
        if self.vcov not in ("cluster", "hc1"):
            raise EstimatorRefusal(
                "E403", f'family = "poisson" has no vcov = "{self.vcov}"', hint='Use vcov = "cluster" or "hc1".'
            )
        if data.metric.in_logs:
            raise EstimatorRefusal(
                "E403",
                'family = "poisson" models the mean\'s logarithm; this metric is in logarithms already',
                hint="Take log = true from the metric, or leave family out.",
            )
        if data.pooled or data.fixed_effects:
            what = "a ratio of totals" if data.pooled else "fixed_effects"
            raise EstimatorRefusal(
                "E403",
                f'family = "poisson" does not take {what}',
                hint="Use it on a count or an amount, without fixed_effects.",
            )

    def _counts(self, rows: Rows, windows: Windows) -> Difference:
        from causal_eval.inference.poisson import from_counts

        if bool((rows.y < 0).any()):
            raise EstimatorRefusal(
                "E403", 'family = "poisson" needs outcomes of zero or more', hint="Leave family out for this metric."
            )
        cluster = None if self.vcov == "hc1" else rows.cluster
        return from_counts(
            rows.y,
            rows.w,
            rows.treated,
            rows.period,
            rows.effects[0],
            rows.x,
            cluster,
            windows,
            events=self.event_study,
        )

    def _named(self, fit: Difference, data: Panel) -> str:
        said = _procedure(self.vcov, fit.static.n_clusters, fit.static.df, data)
        return said if self.family == "linear" else f"Poisson pseudo-likelihood by the delta method, {said}"

    def _check(self, rows: Rows, data: Panel) -> None:
        """Refuse what CR2 and two-way clusters cannot do."""
        if self.vcov not in ("cr2", "two_way"):
            return
        if rows.cluster is None:
            raise EstimatorRefusal(
                "E403", f'vcov = "{self.vcov}" needs clusters', hint='Set roles.cluster, or use vcov = "hc1".'
            )
        if self.vcov == "cr2" and (data.has_weights or data.pooled):
            raise EstimatorRefusal(
                "E403", 'vcov = "cr2" takes every row alike; this metric has weights', hint='Use vcov = "cluster".'
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


def _group_of_clusters(b: Block) -> Bools:
    """(G,) whether each cluster is treated."""
    import numpy as np

    group = np.zeros(int(b.cluster.max()) + 1, dtype=bool)
    group[b.cluster[b.treated]] = True
    return group


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
    if vcov == "two_way":
        at = data.names.get("cluster") or data.names.get("unit") or "cluster"
        return (
            f"clustered by {at} and by period (CR1, {n_clusters} in the smaller), t with {df:,.0f} degrees of freedom"
        )
    if vcov == "cr2":
        at = data.names.get("cluster") or data.names.get("unit") or "cluster"
        return f"cluster-robust (CR2, {n_clusters} clusters: {at}), t with {df:.1f} Satterthwaite degrees of freedom"
    words = {"iid": "homoskedastic errors", "hc2": "heteroskedasticity-robust (HC2)"}
    return f"{words.get(vcov, 'heteroskedasticity-robust (HC1)')}, t with {df:,.0f} degrees of freedom"


plugin: type[Estimator[Panel]] = DifferenceInDifferences
