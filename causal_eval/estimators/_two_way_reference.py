"""Two-way effects under staggered adoption: a reference with its negative weights, never a headline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from causal_eval.errors import EstimatorRefusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.axis import TimeAxis
    from causal_eval.data.contract import Panel
    from causal_eval.inference.regression import Fit, Vcov
    from causal_eval.inference.two_way import StaggeredTwoWay
    from causal_eval.results.types import Estimate, Json

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    Fitted = tuple[StaggeredTwoWay, Ints, Floats, Floats, str]
    """The coefficient; cohorts by place of adoption (C,), their units (C,) and means (C, T); why it is not taken apart."""

WEIGHTED = "its rows are weighted"

SAID = {
    "treated_vs_never": "adopters with the never treated",
    "earlier_vs_later": "earlier with later adopters",
    "later_vs_earlier": "later with earlier ones (already treated controls)",
    "later_vs_always": "later ones with those treated all along (already treated controls)",
}


def two_way_reference(
    data: Panel, *, method: str, vcov: Vcov, level: float, procedure: Callable[[Fit], str]
) -> Estimate:
    """The two-way coefficient of a staggered rollout with its negative weights and the comparisons it is made of.

    Raises:
        EstimatorRefusal: E404 with covariates, further effects or a ratio metric.
    """
    import numpy as np

    from causal_eval.inference.effects import effect, t_test
    from causal_eval.results.types import Estimate, Sample

    if data.covariates or data.fixed_effects or data.pooled:
        raise EstimatorRefusal(
            "E404",
            "under staggered adoption `did` is a plain two-way reference: no covariates, further effects, "
            "ratio metrics or wild bootstrap",
            hint="Leave those out of this analysis, or use a staggered estimator.",
        )
    place = np.searchsorted(np.array(data.axis.ordinals), data.wide().start)
    found, starts, size, mean, why_not = _by_means(data, place, vcov) or _by_units(data, place, vcov)
    fit, T = found.fit, len(data.axis)
    value, error = float(fit.coef[0]), float(fit.std_error[0])
    name = procedure(fit)
    tested = t_test(value, error, fit.df, level)
    n, treated = int(size.sum()), int(size[starts < T].sum())
    rows: list[Json] = []
    said = f"It is not taken apart into comparisons: {why_not}."
    if not why_not:
        rows, said = _comparisons(size, mean, starts, data.axis)
    return Estimate(
        method=method,
        estimand="twfe",
        estimand_text="Two-way fixed-effects coefficient: a weighted sum of effects by cohort and period, not an average effect.",
        effects=(effect("overall", "absolute", value, error, tested, level=level, method=name),),
        sample=Sample(
            fit.n_rows,
            n,
            treated,
            n - treated,
            T,
            n_clusters=fit.n_clusters,
        ),
        level=level,
        inference=name,
        notes=(
            f"A reference, never the headline: under staggered adoption late adopters are compared with early ones. "
            f"{found.n_negative:,} of {found.n_treated:,} treated cells enter with a negative weight "
            f"({found.negative_share:.1%} of the weight). {said}",
        ),
        details={
            "negative_weight_share": found.negative_share,
            "negative_cells": found.n_negative,
            "treated_cells": found.n_treated,
            **({"bacon": rows} if rows else {}),
        },
    )


def _by_means(data: Panel, place: Ints, vcov: Vcov) -> Fitted | None:
    """From cohort means, where every unit is seen in every period with one weight; None elsewhere.

    Args:
        place: (n,) position of the adoption in the axis, T for never.
    """
    import numpy as np

    from causal_eval.inference.cohort_means import of_units
    from causal_eval.inference.two_way import two_way_of_means

    wide = data.wide()
    if vcov != "cluster" or wide.cluster_varies or not wide.balanced:
        return None
    starts, cohort = np.unique(place, return_inverse=True)
    cluster = wide.cluster if data.has_clusters else None
    means = of_units(wide.outcome, wide.weight, cohort.astype(np.int64), len(starts), cluster)
    if not means.short:
        return None
    d: Bools = np.arange(len(data.axis))[None, :] >= starts[:, None]
    why_not = "" if wide.weight is None else WEIGHTED
    return two_way_of_means(means, d), starts, means.n[:, 0].astype(float), means.mean, why_not


def _by_units(data: Panel, place: Ints, vcov: Vcov) -> Fitted:
    """From every row. Units without one count nowhere."""
    import numpy as np

    from causal_eval.inference.two_way import two_way_treatment

    wide = data.wide()
    seen = np.isfinite(wide.outcome)
    w = seen.astype(float) if wide.weight is None else np.where(seen, wide.weight, 0.0)
    keep = w.sum(axis=1) > 0
    y, w, seen = wide.outcome[keep], w[keep], seen[keep]
    starts, cohort = np.unique(place[keep], return_inverse=True)
    cluster = np.unique(wide.cluster[keep], return_inverse=True)[1].astype(np.int64)
    d = (np.arange(len(data.axis))[None, :] >= place[keep, None]).astype(float)
    found = two_way_treatment(y, w, d, cluster, vcov=vcov, nested=not wide.cluster_varies)
    size = np.bincount(cohort).astype(float)
    why_not = WEIGHTED if wide.weight is not None else "" if seen.all() else "some units miss periods"
    if why_not:
        return found, starts, size, np.zeros((0, 0)), why_not
    return found, starts, size, np.array([y[cohort == c].mean(axis=0) for c in range(len(starts))]), ""


def _comparisons(size: Floats, mean: Floats, starts: Ints, axis: TimeAxis) -> tuple[list[Json], str]:
    """The 2x2 comparisons of a balanced, unweighted panel, one row each, and a sentence on their kinds.

    Args:
        size: (C,) units; mean: (C, T) outcomes; starts: (C,) positions of adoption, T for never.
    """
    from causal_eval.inference.bacon import bacon, by_kind

    parts = bacon(size, mean, starts.astype(float))
    names = ["always" if s == 0 else "never" if s == len(axis) else axis.labels[s] for s in starts]
    rows: list[Json] = [
        {
            "kind": p.kind,
            "treated": names[p.treated],
            "control": names[p.control],
            "weight": p.weight,
            "estimate": p.estimate,
        }
        for p in parts
    ]
    sums = by_kind(parts)
    shares = [
        f"{sums[kind][0]:.0%}{' of it compares' if not i else ''} {SAID[kind]}"
        for i, kind in enumerate(k for k in SAID if k in sums)
    ]
    return rows, f"{', '.join(shares)}."
