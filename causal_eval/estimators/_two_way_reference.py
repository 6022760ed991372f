"""Two-way effects under staggered adoption: a reference with its negative weights, never a headline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from causal_eval.errors import EstimatorRefusal

if TYPE_CHECKING:
    from causal_eval.data.contract import Panel
    from causal_eval.inference.regression import Fit, Vcov
    from causal_eval.results.types import Estimate


def two_way_reference(
    data: Panel, *, method: str, vcov: Vcov, level: float, procedure: Callable[[Fit], str]
) -> Estimate:
    """The two-way coefficient of a staggered rollout with the share of its negative weights.

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
            f"({found.negative_share:.1%} of the weight).",
        ),
        details={
            "negative_weight_share": found.negative_share,
            "negative_cells": found.n_negative,
            "treated_cells": found.n_treated,
        },
    )
