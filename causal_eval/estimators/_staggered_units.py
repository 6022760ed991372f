"""What the regression-based rollout estimators take from a panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causal_eval.errors import EstimatorRefusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import Panel
    from causal_eval.design.staggered import Rollout

    Floats = NDArray[np.float64]


def refuse_ratio(data: Panel, method: str) -> None:
    """Refuse what a unit-level regression cannot take. Raises EstimatorRefusal E401, E403."""
    if not data.has_units:
        raise EstimatorRefusal(
            "E401", f"{method} follows units over time; a repeated cross-section has none", hint="Use `staggered_did`."
        )
    if data.pooled:
        raise EstimatorRefusal(
            "E403",
            f"{method} fits unit by unit, and a ratio of totals is not an average over units",
            hint="Use `staggered_did`, which compares totals, or make the metric a mean.",
        )
    if data.fixed_effects:
        raise EstimatorRefusal("E403", f"{method} absorbs no further fixed effects", hint="Use covariates instead.")


def arrays(data: Panel, r: Rollout) -> tuple[Floats, Floats | None]:
    """(n, T) weights, 0 where anything is missing, and (n, T, P) covariates."""
    import numpy as np

    w = np.where(np.isfinite(r.y), 1.0 if r.w is None else r.w, 0.0)
    if not data.covariates:
        return w, None
    x = np.stack([data.matrix(f"x_{j}")[r.rows] for j in range(len(data.covariates))], axis=2)
    gone = np.asarray(np.isnan(x).any(axis=2))
    return np.where(gone, 0.0, w), np.where(gone[:, :, None], 0.0, x)


def few_note(r: Rollout) -> list[str]:
    """A note where clusters are too few for clustered errors; these estimators have no other procedure."""
    import numpy as np

    from causal_eval.inference.few_clusters import count_clusters

    treated = np.isfinite(r.cohorts.start)[r.cohort]
    control = ~treated if r.cohorts.has_never else r.cohort == len(r.cohorts.start) - 1
    count = count_clusters(~control, r.cluster)
    if not count.few:
        return []
    return [
        f"Only {count.treated} treated and {count.control} control clusters: clustered errors this few are too small; "
        "`staggered_did` permutes adoption dates instead."
    ]
