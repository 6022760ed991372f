"""What the estimators for opt-in launches have in common: errors from influence functions, and the way to an Estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causal_eval.errors import EstimatorRefusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.design.design import Design
    from causal_eval.design.people import People
    from causal_eval.inference.effects import Tested
    from causal_eval.inference.logit import Logit
    from causal_eval.inference.overlap import Overlap
    from causal_eval.results.types import BalanceRow, Effect, Estimate, Json, Scale

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

FEW_CLUSTERS = 20
"""Fewer clusters than this, or a fifth of it treated, and t intervals are known to be too short: the estimate says so."""

FEW_IN_SEGMENT = 20
"""Rows of each group a segment needs to be shown."""

TEXT = {
    "att": "The average effect on those who were treated, compared with untreated people with the same covariates.",
    "ate": "The average effect on everybody, treated or not, given the covariates.",
    "ato": "The average effect on the people who might have gone either way (overlap weights), given the covariates.",
}


def estimand_of(design: Design | None) -> str:
    """``att`` unless the design says ``ate``."""
    return "att" if design is None else design.estimand


def propensity(p: People, method: str) -> Logit:
    """The logit of the treatment.

    Raises:
        EstimatorRefusal: E402 when the groups can be told apart perfectly.
    """
    from causal_eval.inference.logit import SeparatedError, logit

    try:
        return logit(p.X, p.d, p.w)
    except SeparatedError as e:
        raise EstimatorRefusal(
            "E402",
            f"`{method}`: {e}, so nobody treated has a counterpart",
            hint="Drop covariates that are consequences of the treatment or decide it, or compare another population.",
        ) from e


def covariance(p: People, psi: Floats, n_params: int = 1) -> tuple[Floats, int]:
    """(k, k) CR1 covariance from (n, k) influences, summed within clusters (HC1 without), and the number of clusters."""
    from causal_eval.inference.regression import cluster_sums, cr1

    n = int(p.cluster.max()) + 1
    if n < 3:
        raise EstimatorRefusal("E403", f"{n} clusters are too few for an error", hint="Name a finer roles.cluster.")
    sums = cluster_sums(psi, p.cluster, n) if p.clustered else psi
    joint: Floats = cr1(len(psi), n_params, n) * sums.T @ sums
    return joint, n


def words(p: People, n: int, what: str) -> str:
    """The procedure in words."""
    unit = f"clustered ({n:,} clusters)" if p.clustered else "robust"
    return f"{what}, {unit}, t with {n - 1:,} degrees of freedom"


def write(
    p: People,
    *,
    method: str,
    estimand: str,
    level: float,
    value: float,
    observed: float,
    joint: Floats | None,
    n_clusters: int,
    inference: str,
    after: Floats | None = None,
    text: str = "",
    notes: tuple[str, ...] = (),
    details: dict[str, Json] | None = None,
    more: tuple[Effect, ...] = (),
    used: Bools | None = None,
) -> Estimate:
    """The estimate: absolute, relative and, for the ATT, cumulative effect, with sample and balance.

    Args:
        observed: mean of the treated, or for other estimands mean had everybody been treated.
        joint: (2, 2) covariance of (value, observed); None where no error is valid.
        after: (n,) weights of both groups after the adjustment.
        used: (n,) rows the estimate rests on; all unless given.
    """
    import numpy as np

    from causal_eval.inference.balance import balance
    from causal_eval.inference.effects import Tested, effect, relative_effect, t_test
    from causal_eval.results.types import Estimate, Sample

    t = p.treated
    used = np.ones(len(t), dtype=bool) if used is None else used
    counts = {"n_rows": int(used.sum()), "n_units": int(used.sum()), "n_treated": int((used & t).sum())}
    notes = (*p_notes(p, n_clusters), *notes)
    value = float(value)
    effects = []

    def add(scale: Scale, at: float, spread: float | None, test: Tested) -> None:
        effects.append(effect("overall", scale, at, spread, test, level=level, method=inference, **counts))

    size = float(p.w[used & t].sum())
    if joint is None:
        nothing = Tested(None, None, None, "no valid error")
        add("absolute", value, None, nothing)
        if not p.log and observed - value > 0:
            add("relative", value / (observed - value), None, nothing)
    else:
        error = float(np.sqrt(max(joint[0, 0], 0.0)))
        tested = t_test(value, error, n_clusters - 1, level)
        add("absolute", value, error, tested)
        ratio, same = relative_effect(value, observed, joint, tested, df=n_clusters - 1, level=level, log=p.log)
        if ratio.value is not None:
            add("relative", ratio.value, ratio.std_error, same)
        elif ratio.note:
            notes = (*notes, ratio.note[0].upper() + ratio.note[1:] + ".")
        if estimand.startswith("att") and not p.log:
            scaled = t_test(size * value, size * error, n_clusters - 1, level)
            add("cumulative", size * value, size * error, scaled)
    rows: tuple[BalanceRow, ...] = ()
    found: dict[str, Json] = {}
    if after is not None:
        from causal_eval.inference.balance import effective_size

        rows = balance(p.X, p.names, t, p.w, after, treated_scale=estimand.startswith("att"))
        found = {"ess_treated": effective_size(after[t]), "ess_untreated": effective_size(after[~t])}
    clusters = int(p.cluster.max()) + 1 if p.clustered else None
    return Estimate(
        method=method,
        estimand=estimand,
        estimand_text=text or TEXT[estimand.split("_")[0]],
        effects=(*effects, *more),
        sample=Sample(
            counts["n_rows"],
            counts["n_units"],
            counts["n_treated"],
            counts["n_units"] - counts["n_treated"],
            n_clusters=clusters,
            n_treated_clusters=len(np.unique(p.cluster[t])) if p.clustered else None,
            dropped=p.dropped,
            n_control_clusters=len(np.unique(p.cluster[~t])) if p.clustered else None,
        ),
        level=level,
        inference=inference,
        balance=rows,
        baseline=float(np.average((p.level - p.y)[t], weights=p.w[t])) if p.change else None,
        observed=observed,
        counterfactual=observed - value,
        notes=notes,
        details={**found, **(details or {})},
    )


def p_notes(p: People, n_clusters: int) -> tuple[str, ...]:
    """What is known about the sample and must be said."""
    import numpy as np

    notes = []
    if p.change:
        notes.append(
            "The outcome is each unit's change from before to after the launch, and covariates are means before it."
        )
    if p.clustered:
        treated = len(np.unique(p.cluster[p.treated]))
        if n_clusters < FEW_CLUSTERS or treated < FEW_CLUSTERS / 5:
            notes.append(
                f"With {n_clusters} clusters, {treated} of them with treated rows, the interval is likely too short."
            )
    return tuple(notes)


def overlap_details(found: Overlap) -> dict[str, Json]:
    """Overlap as details of an estimate."""
    return {
        "overlap": {
            "outside": found.outside,
            "auc": found.auc,
            "equipoise": found.equipoise,
            "treated_low": found.low,
            "treated_high": found.high,
            "treated_by_score": list(found.treated),
            "untreated_by_score": list(found.untreated),
        }
    }
