"""From splits with orthogonal scores to an estimate: what aipw and double_ml share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import CrossSection, Panel
    from causal_eval.design.design import Design
    from causal_eval.design.people import People
    from causal_eval.inference.learners import LearnerName
    from causal_eval.inference.orthogonal import Sample, Score, Split
    from causal_eval.results.types import Effect, Estimate, Json

    Floats = NDArray[np.float64]

PLR_TEXT = (
    "One effect for everybody, given the covariates; where effects differ, an average that weights people most who might have "
    "gone either way."
)


def scored(
    data: CrossSection | Panel,
    design: Design | None,
    *,
    method: str,
    score: Score,
    learner: LearnerName,
    folds: int,
    repeats: int,
    trim: float,
    level: float,
    rng: np.random.Generator,
) -> Estimate:
    """The estimate from orthogonal scores.

    Raises:
        EstimatorRefusal: E401 nothing to compare; E402 the ATE without overlap; E403 fewer clusters than folds.
    """
    from functools import partial

    from causal_eval.design.people import people
    from causal_eval.estimators._opt_in import estimand_of
    from causal_eval.inference.learners import learner as made
    from causal_eval.inference.orthogonal import Sample, splits

    declared = estimand_of(design)
    p = people(data, design, method=method)
    need_clusters(p, folds, method)
    s = Sample(p.y, p.d, p.X, p.w, p.cluster)
    found = splits(
        s,
        score,
        declared,
        partial(made, learner, "regressor"),
        partial(made, learner, "classifier"),
        folds=folds,
        repeats=repeats,
        trim=trim,
        rng=rng,
    )
    return from_splits(
        p, s, found, method=method, score=score, learner=learner, folds=folds, trim=trim, level=level, declared=declared
    )


def need_clusters(p: People, folds: int, method: str) -> None:
    """Refuse fewer clusters than folds (E403)."""
    from causal_eval.errors import EstimatorRefusal

    n = int(p.cluster.max()) + 1
    if n < max(folds, 3):
        raise EstimatorRefusal(
            "E403",
            f"`{method}`: {n} clusters cannot be held out in {folds} folds",
            hint="Name a finer roles.cluster, or fewer folds.",
        )


def from_splits(
    p: People,
    s: Sample,
    found: tuple[Split, ...],
    *,
    method: str,
    score: Score,
    learner: LearnerName,
    folds: int,
    trim: float,
    level: float,
    declared: str,
    outcome: str = "",
    notes: tuple[str, ...] = (),
    more: dict[str, Json] | None = None,
) -> Estimate:
    """The median of ``found``. ``outcome``: "all" where the outcome's model is of both groups."""
    import numpy as np

    from causal_eval.estimators._opt_in import covariance, overlap_details, words, write
    from causal_eval.inference.orthogonal import binned, median_of, quality
    from causal_eval.inference.overlap import need_overlap, overlap

    repeats = len(found)
    m = np.median([f.m for f in found], axis=0)
    seen = overlap(m, p.d, p.w, declared)
    if score == "irm":
        need_overlap(seen, declared, method)
    t = p.treated
    if score == "irm" and declared == "ate":
        both = [_treated_mean(p, f) for f in found]
        observed = float(np.median([b[0] for b in both]))
        own = [b[1] for b in both]
    else:
        observed = float(np.average(p.level[t], weights=p.w[t]))
        own = [np.where(t, p.w * (p.level - observed), 0.0) / p.w[t].sum()] * len(found)
    joints, n = [], 0
    for f, o in zip(found, own, strict=True):
        joint, n = covariance(p, np.column_stack([f.psi, o]))
        joints.append(joint)
    values = np.array([f.value for f in found])
    value, variance = median_of(values, np.array([j[0, 0] for j in joints]))
    joint = np.median(joints, axis=0)
    joint[0, 0] = variance
    estimand = "plr" if score == "plr" else declared
    said = []
    if score == "plr":
        said.append(
            f"The partially linear model has one effect for all: where effects differ it is not the {declared.upper()}."
        )
    if repeats > 1:
        apart = f"from {values.min():,.4g} to {values.max():,.4g}".replace("-", "\N{MINUS SIGN}")
        said.append(f"The median of {repeats} splits of the sample; single splits range {apart}.")
    clipped = max(f.clipped for f in found)
    if clipped:
        said.append(f"{clipped:,} propensities beyond {1 - trim:.3g} (ATE: or below {trim:.3g}) were moved there.")
    how = f"orthogonal scores, {folds} folds" if folds > 1 else "influence functions"
    segments: tuple[Effect, ...] = ()
    small: dict[str, Json] = {}
    if score == "irm":
        segments, small = by_segment(p, found, declared, level, words(p, n, how))
    return write(
        p,
        method=method,
        estimand=estimand,
        level=level,
        value=value,
        observed=observed,
        joint=joint,
        n_clusters=n,
        inference=words(p, n, how),
        after=_weights(p, m, estimand, trim),
        text=PLR_TEXT if score == "plr" else "",
        notes=(*said, *notes),
        details={
            "score": score,
            "learner": learner,
            "folds": folds,
            "repeats": repeats,
            "splits": [float(v) for v in values],
            "clipped": clipped,
            **quality(found[0], s, outcome or declared, score),
            "calibration": binned(m, p.d, p.w),
            **overlap_details(seen),
            # A forest's outcome model is of both groups together: not the regression that the bias bound is about.
            **({} if outcome else {"omitted_variable": omitted(p, s, found, score, declared, trim)}),
            **({"segments": small} if small else {}),
            **(more or {}),
        },
        more=segments,
    )


def omitted(
    p: People, s: Sample, found: tuple[Split, ...], score: Score, declared: str, trim: float
) -> dict[str, Json]:
    """What :mod:`causal_eval.inference.omitted_variable` needs of every split, summed over rows."""
    import numpy as np

    from causal_eval.estimators._opt_in import covariance
    from causal_eval.inference.omitted_variable import elements

    kept: list[Json] = []
    n = 0
    for f in found:
        sigma2, nu2, psi = elements(s, f, score, declared, trim=trim)
        joint, n = covariance(p, np.column_stack([f.psi, psi]))
        kept.append({"theta": f.value, "sigma2": sigma2, "nu2": nu2, "covariance": joint.tolist()})
    return {"splits": kept, "df": n - 1}


def _weights(p: People, m: Floats, estimand: str, trim: float) -> Floats:
    """(n,) weights the score gives both groups, for the balance table."""
    import numpy as np

    e = np.clip(m, max(trim, 1e-6), 1 - max(trim, 1e-6))
    t = p.treated
    if estimand == "plr":
        return p.w * np.where(t, 1 - e, e)
    if estimand == "att":
        return p.w * np.where(t, 1.0, e / (1 - e))
    return p.w * np.where(t, 1 / e, 1 / (1 - e))


def _treated_mean(p: People, f: Split) -> tuple[float, Floats]:
    """Mean had everybody been treated, with the influence of each row: ``scores`` less its part of the untreated."""
    import numpy as np

    assert f.scores is not None
    t = p.treated
    e = np.clip(f.m, 1e-3, 1.0)
    mean = float(np.average(p.level[t], weights=(p.w / e)[t]))
    return mean, np.where(t, p.w / e * (p.level - mean), 0.0) / p.w.sum()


def by_segment(
    p: People, found: tuple[Split, ...], estimand: str, level: float, how: str
) -> tuple[tuple[Effect, ...], dict[str, Json]]:
    """The effect in each declared segment, with intervals that hold for all of them at once; and by column what was left out."""
    import numpy as np

    from causal_eval.estimators._opt_in import FEW_IN_SEGMENT, covariance
    from causal_eval.inference.bands import sup_t, sup_t_p
    from causal_eval.inference.effects import Tested, effect

    f = sorted(found, key=lambda s: s.value)[len(found) // 2]
    about = p.w * p.d if estimand == "att" else p.w
    # psi = w (score - [d or 1] theta) / total: the score of a row without its mean.
    total = float(about.sum())
    part = f.psi * total + about * f.value
    out: list[Effect] = []
    labels, values, psi, sizes = [], [], [], []
    small: dict[str, dict[str, Json]] = {}
    few = f"fewer than {FEW_IN_SEGMENT} treated or {FEW_IN_SEGMENT} untreated rows"
    for column, label in p.segments.items():
        for name in np.unique(label):
            inside = label == name
            if min(int((inside & p.treated).sum()), int((inside & ~p.treated).sum())) < FEW_IN_SEGMENT:
                small.setdefault(column, {})[str(name)] = few
                continue
            weight = float(about[inside].sum())
            value = float(part[inside].sum()) / weight
            labels.append(f"segment:{column}={name}")
            values.append(value)
            psi.append(np.where(inside, part - about * value, 0.0) / weight)
            sizes.append((int(inside.sum()), int((inside & p.treated).sum())))
    if not values:
        return (), _left_out(small)
    joint, _ = covariance(p, np.column_stack(psi))
    wide = sup_t(joint, level=level)
    errors = np.maximum(np.sqrt(np.diag(joint)), 1e-300)
    p_values = sup_t_p(joint, np.array(values) / errors)
    for k, (label_, value) in enumerate(zip(labels, values, strict=True)):
        error = float(errors[k])
        low, high = value - wide * error, value + wide * error
        tested = Tested(float(p_values[k]), low, high, "interval and p-value hold for all segments at once")
        rows, treated = sizes[k]
        out.append(
            effect(
                label_,
                "absolute",
                value,
                error,
                tested,
                level=level,
                method=how,
                n_rows=rows,
                n_units=rows,
                n_treated=treated,
            )
        )
    return tuple(out), _left_out(small)


def _left_out(small: dict[str, dict[str, Json]]) -> dict[str, Json]:
    return {column: {"left_out": dict(why)} for column, why in small.items()}
