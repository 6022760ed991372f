"""The naive answers, as a reference: before against after, treated against untreated. Never the headline.

They are what a dashboard shows, so a reader can see what the comparison group bought. In a panel ``overall`` is the
treated group's change; ``overall:treated_untreated`` the difference between the groups after the launch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.errors import EstimatorRefusal
from causal_eval.estimators._base import Estimator, Info, Options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import CrossSection, Panel
    from causal_eval.design.design import Design
    from causal_eval.results.types import Effect, Estimate

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


class Naive(Options):
    """Differences of means, clustered like the study's headline (CR1 with two means' parameters, t with G-1)."""

    info: ClassVar[Info] = Info(
        name="naive",
        title="Naive comparison",
        summary="Before against after for the treated, and treated against untreated: what a dashboard would show.",
        data=frozenset({"panel", "repeated cross-section", "cross-section"}),
        estimands=frozenset({"att", "ate"}),
        adoptions=frozenset({"block", "staggered", "none"}),
        assumptions=("nothing_else_changed", "groups_alike"),
        min_controls=0,
        headline=False,
        reference="Difference of means with cluster-robust errors; Cameron & Miller (2015), section II",
    )

    def estimate(
        self, data: Panel | CrossSection, design: Design | None = None, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """Before/after and treated/untreated differences of means.

        Raises:
            EstimatorRefusal: E401 when there is nothing to compare.
        """
        from causal_eval.data.contract import Panel
        from causal_eval.design.design import Design

        if isinstance(data, Panel):
            return self._panel(data, design or Design())
        return self._cross_section(data)

    def _panel(self, data: Panel, design: Design) -> Estimate:
        import numpy as np

        from causal_eval.results.types import Estimate, Sample

        y, w, treated, after, inside, cluster = _long(data, design)
        groups = {
            "before": treated & ~after & inside,
            "after": treated & after & inside,
            "untreated": ~treated & after & inside,
        }
        if not w[groups["before"]].sum() > 0 or not w[groups["after"]].sum() > 0:
            raise EstimatorRefusal("E401", "naive: the treated group has no rows before or after the launch")
        effects = self._difference(y, w, cluster, groups["after"], groups["before"], "overall", log=data.metric.in_logs)
        if w[groups["untreated"]].sum() > 0:
            effects += self._difference(
                y,
                w,
                cluster,
                groups["after"],
                groups["untreated"],
                "overall:treated_untreated",
                log=data.metric.in_logs,
            )[:1]
        means = {k: float(np.average(y[m], weights=w[m])) for k, m in groups.items() if w[m].sum() > 0}
        used = groups["before"] | groups["after"]
        sample = Sample(
            int((w[used] > 0).sum()),
            len(np.unique(cluster[used])),
            len(np.unique(cluster[used])),
            0,
            n_clusters=len(np.unique(cluster[used])),
        )
        return Estimate(
            method="naive",
            estimand="before_after",
            effects=tuple(effects),
            sample=sample,
            level=self.level,
            estimand_text="The treated group's change from before to after the launch, whatever caused it.",
            inference=_words(len(np.unique(cluster[used]))),
            baseline=means["before"],
            observed=means["after"],
            counterfactual=means["before"],
            notes=("A reference, not an effect: it holds only if nothing else changed.",),
        )

    def _cross_section(self, data: CrossSection) -> Estimate:
        import numpy as np

        from causal_eval.results.types import Estimate, Sample

        a = data.arrays()
        treated = a.treated.astype(bool)
        w = np.ones(len(a.outcome)) if a.weight is None else a.weight
        if not w[treated].sum() > 0 or not w[~treated].sum() > 0:
            raise EstimatorRefusal("E401", "naive: one of the two groups is empty")
        cluster = np.arange(len(w), dtype=np.int64) if a.cluster is None else a.cluster
        effects = self._difference(a.outcome, w, cluster, treated, ~treated, "overall", log=data.metric.in_logs)
        control = float(np.average(a.outcome[~treated], weights=w[~treated]))
        return Estimate(
            method="naive",
            estimand="treated_untreated",
            effects=tuple(effects),
            sample=Sample(
                len(w), len(w), int(treated.sum()), int((~treated).sum()), n_clusters=len(np.unique(cluster))
            ),
            level=self.level,
            inference=_words(len(np.unique(cluster))),
            estimand_text="The difference between treated and untreated, whatever made them different.",
            baseline=control,
            observed=float(np.average(a.outcome[treated], weights=w[treated])),
            counterfactual=control,
            notes=("A reference, not an effect: it holds only if the groups are alike.",),
        )

    def _difference(
        self, y: Floats, w: Floats, cluster: Ints, one: Bools, other: Bools, name: str, *, log: bool
    ) -> list[Effect]:
        """Difference of two weighted means with clustered errors, absolute and relative."""
        import numpy as np

        from causal_eval.inference.effects import effect, relative_effect, t_test
        from causal_eval.inference.regression import cluster_sums, cr1

        used = one | other
        codes = np.unique(cluster[used], return_inverse=True)[1].astype(np.int64)
        n_clusters = int(codes.max()) + 1
        means, psi = [], []
        for mask in (one, other):
            total = float(w[mask].sum())
            mean = float((w[mask] * y[mask]).sum()) / total
            means.append(mean)
            rows = (np.where(mask, w * (np.where(mask, y, 0.0) - mean), 0.0) / total)[used]
            psi.append(cluster_sums(rows[:, None], codes, n_clusters)[:, 0])
        value = means[0] - means[1]
        if n_clusters < FEWEST:
            from causal_eval.inference.effects import Tested

            nothing = Tested(None, None, None, "too few clusters for an error")
            return [effect(name, "absolute", value, None, nothing, level=self.level, method="none")]
        scale = cr1(int((w[used] > 0).sum()), 2, n_clusters)
        influence = np.column_stack([psi[0] - psi[1], psi[0]])
        joint = scale * influence.T @ influence
        method = _words(n_clusters)
        error = float(np.sqrt(joint[0, 0]))
        out = [
            effect(
                name,
                "absolute",
                value,
                error,
                t_test(value, error, n_clusters - 1, self.level),
                level=self.level,
                method=method,
            )
        ]
        tested = t_test(value, error, n_clusters - 1, self.level)
        ratio, tested = relative_effect(value, means[0], joint, tested, df=n_clusters - 1, level=self.level, log=log)
        if ratio.value is not None and ratio.std_error is not None:
            out.append(effect(name, "relative", ratio.value, ratio.std_error, tested, level=self.level, method=method))
        return out


FEWEST = 3
"""Clusters without which there is no error."""


def _words(n_clusters: int) -> str:
    if n_clusters < FEWEST:
        return "none: too few clusters for an error"
    return f"cluster-robust (CR1, {n_clusters:,} clusters), t with {n_clusters - 1:,} degrees of freedom"


def _long(data: Panel, design: Design) -> tuple[Floats, Floats, Bools, Bools, Bools, Ints]:
    """Outcome, weight, ever treated, after the adoption, inside the windows, cluster: one entry a row."""
    import numpy as np

    from causal_eval.design.block import adoption

    starts = adoption(data, design)
    if not starts:
        raise EstimatorRefusal("E401", "naive: no unit adopts inside the data's periods")
    if data.has_units:
        wide = data.wide()
        unit, column = np.nonzero(np.isfinite(wide.outcome))
        y = wide.outcome[unit, column]
        w = np.ones_like(y) if wide.weight is None else wide.weight[unit, column]
        start, cluster = wide.start[unit], wide.cluster[unit]
        time = np.array(data.axis.ordinals)[column]
        first, last = data.axis.ordinals[0], data.axis.ordinals[-1]
        treated = (start > first) & (start <= last)
        kept = ~(start <= first)
        y, w, treated, start, time, cluster = y[kept], w[kept], treated[kept], start[kept], time[kept], cluster[kept]
    else:
        frame = data.frame()
        y = frame["outcome"].to_numpy(dtype=float)
        w = frame["weight"].to_numpy(dtype=float) if data.has_weights else np.ones_like(y)
        treated = frame["group"].to_numpy().astype(bool)
        time = frame["time"].to_numpy()
        start = np.full(len(y), float(starts[0]))
        cluster = np.unique(frame["cluster"], return_inverse=True)[1] if data.has_clusters else np.arange(len(y))
    # Controls are compared over the periods after the first adoption.
    start = np.where(treated, start, float(starts[0])) if design.start is None else np.full(len(y), float(design.start))
    inside = np.array([design.keeps(int(t), int(s)) for t, s in zip(time, start, strict=True)], dtype=bool)
    gap = (time - start) / data.axis.step
    inside &= ~((gap >= 0) & (gap < design.washout)) & ~((gap < 0) & (gap >= -design.anticipation))
    return y, w, treated, time >= start, inside, cluster.astype(np.int64)


plugin: type[Estimator[Panel | CrossSection]] = Naive
