"""The two-way coefficient of a treatment that switches on and off: a reference with its negative weights, never a headline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from causal_eval.errors import EstimatorRefusal

if TYPE_CHECKING:
    from causal_eval.data.contract import Panel
    from causal_eval.inference.regression import Fit, Vcov
    from causal_eval.results.types import Estimate


def on_off_reference(
    data: Panel, *, method: str, vcov: Vcov, level: float, procedure: Callable[[Fit], str]
) -> Estimate:
    """The coefficient of the treatment by row beside unit and period effects.

    By de Chaisemartin & D'Haultfoeuille (2020, AER 110, theorem 1) it is a weighted sum of the effects in the treated cells,
    with weights that can be negative, for any binary treatment; nothing is said of effects that last after a switch-off.

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
            "of a treatment that switches off `did` is a plain two-way reference: no covariates, further effects or ratio metrics",
            hint="Leave those out of this analysis.",
        )
    y, d = data.matrix("outcome"), data.matrix("treated")
    seen = np.isfinite(y)
    w = seen.astype(float) if not data.has_weights else np.where(seen, data.matrix("weight"), 0.0)
    codes, varies = data.clusters()
    keep = w.sum(axis=1) > 0
    y, d, w, seen = y[keep], d[keep], w[keep], seen[keep]
    cluster = np.unique(codes[keep], return_inverse=True)[1].astype(np.int64)
    found = two_way_treatment(y, w, np.where(seen, d, 0.0), cluster, vcov=vcov, nested=not varies)
    fit = found.fit
    name = procedure(fit)
    value, error = float(fit.coef[0]), float(fit.std_error[0])
    on = np.where(seen, d, 0.0).astype(bool)
    treated = on.any(axis=1)
    last_on = on.shape[1] - 1 - np.argmax(on[:, ::-1], axis=1)
    after = np.arange(on.shape[1])[None, :] > last_on[:, None]
    off = int((treated & (seen & ~on & after).any(axis=1)).sum())
    n = len(y)
    return Estimate(
        method=method,
        estimand="twfe",
        estimand_text="Two-way fixed-effects coefficient: a weighted sum of effects in treated cells, not an average effect.",
        effects=(
            effect("overall", "absolute", value, error, t_test(value, error, fit.df, level), level=level, method=name),
        ),
        sample=Sample(
            fit.n_rows, n, int(treated.sum()), n - int(treated.sum()), len(data.axis), n_clusters=fit.n_clusters
        ),
        level=level,
        inference=name,
        notes=(
            f"A reference, never the headline: the treatment is off again in {off:,} of {int(treated.sum()):,} units that had it, and "
            f"the coefficient takes effects to end with it. {found.n_negative:,} of {found.n_treated:,} treated cells enter with a "
            f"negative weight ({found.negative_share:.1%} of the weight).",
        ),
        details={
            "negative_weight_share": found.negative_share,
            "negative_cells": found.n_negative,
            "treated_cells": found.n_treated,
        },
    )
