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
    from causal_eval.results.types import Estimate, Json

    Floats = NDArray[np.float64]

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
    from causal_eval.inference.two_way import two_way_treatment
    from causal_eval.results.types import Estimate, Sample

    if data.covariates or data.fixed_effects or data.pooled:
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
    found = two_way_treatment(y, w, d, cluster, vcov=vcov, nested=not wide.cluster_varies)
    fit, last = found.fit, data.axis.ordinals[-1]
    value, error = float(fit.coef[0]), float(fit.std_error[0])
    name = procedure(fit)
    tested = t_test(value, error, fit.df, level)
    ever = start <= last
    why_not = (
        "its rows are weighted" if wide.weight is not None else "" if seen[keep].all() else "some units miss periods"
    )
    rows: list[Json] = []
    said = f"It is not taken apart into comparisons: {why_not}."
    if not why_not:
        rows, said = _comparisons(y, start, data.axis)
    return Estimate(
        method=method,
        estimand="twfe",
        estimand_text="Two-way fixed-effects coefficient: a weighted sum of effects by cohort and period, not an average effect.",
        effects=(effect("overall", "absolute", value, error, tested, level=level, method=name),),
        sample=Sample(
            fit.n_rows,
            len(y),
            int(ever.sum()),
            int((~ever).sum()),
            len(data.axis.ordinals),
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


def _comparisons(y: Floats, start: Floats, axis: TimeAxis) -> tuple[list[Json], str]:
    """The 2x2 comparisons of a balanced, unweighted panel, one row each, and a sentence on their kinds.

    Args:
        y: (n, T) outcomes.
        start: (n,) ordinals of adoption, inf for never.
    """
    import numpy as np

    from causal_eval.inference.bacon import bacon, by_kind

    place = np.searchsorted(np.array(axis.ordinals), start)
    starts, at = np.unique(place, return_inverse=True)
    size = np.bincount(at).astype(float)
    mean = np.array([y[at == c].mean(axis=0) for c in range(len(starts))])
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
