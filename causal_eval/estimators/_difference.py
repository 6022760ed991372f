"""A fitted difference-in-differences as an estimate: effects, event study, path, sample, in the author's periods."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import Panel
    from causal_eval.design.block import Periods
    from causal_eval.inference.difference import Difference, Windows
    from causal_eval.inference.effects import Tested
    from causal_eval.inference.few_clusters import Permuted
    from causal_eval.inference.regression import Fit
    from causal_eval.results.types import Drop, Effect, Estimate, EventStudy, PathPoint, Sample

    Bools = NDArray[np.bool_]


def write_difference(
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
    method: str,
    level: float,
    procedure: str,
) -> Estimate:
    """The estimate, with every p-value and interval from one procedure: ``procedure``'s t test, or ``other``.

    Args:
        other: randomisation inference or the wild bootstrap, where they take the t test's place.
        who: the treated, in words; units_by_period: (T,) units seen, None where there are no units.
        group: (G,) whether each cluster is treated, where each holds one group.
    """
    import numpy as np

    from causal_eval.inference.effects import effect, relative_effect, t_test
    from causal_eval.results.types import Estimate

    s = fit.static
    value, error = float(s.coef[0]), float(s.std_error[0])
    name = other.sentence if other else procedure
    overall = other.static if other else t_test(value, error, s.df, level)
    effects: list[Effect] = [effect("overall", "absolute", value, error, overall, level=level, method=name)]
    ratio, tested = relative_effect(
        value, fit.observed, fit.joint, overall, df=None if other else s.df, level=level, log=data.metric.in_logs
    )
    if ratio.value is None:
        notes.append(ratio.note[0].upper() + ratio.note[1:] + ".")
    else:
        effects.append(effect("overall", "relative", ratio.value, ratio.std_error, tested, level=level, method=name))
    if data.additive:
        total = fit.weight_treated_post
        times = _times(overall, total)
        effects.append(effect("overall", "cumulative", value * total, error * total, times, level=level, method=name))
    events: EventStudy | None = None
    path: list[PathPoint] = []
    if fit.events is not None:
        events, path, more = _events(p, windows, fit, other, name, units_by_period, group, level)
        effects += more
    return Estimate(
        method=method,
        estimand="att",
        estimand_text=_estimand(data, p, who),
        effects=tuple(effects),
        sample=sample,
        level=level,
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
    p: Periods,
    windows: Windows,
    fit: Difference,
    other: Permuted | None,
    name: str,
    units_by_period: list[int] | list[None],
    group: Bools | None,
    level: float,
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
        else [t_test(float(c), float(e), fitted.df, level) for c, e in zip(fitted.coef, fitted.std_error, strict=True)]
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
                level=level,
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
        test = other.gaps[t] if other else t_test(float(gaps[t]), float(errors[t]), fitted.df, level)
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
                    level=level,
                    method=name,
                    n_units=units_by_period[t],
                )
            )
    study = EventStudy(
        int(p.event[p.base]),
        tuple(points),
        tuple(tuple(float(v) for v in row) for row in fitted.cov),
        fitted.df if fitted.n_clusters is not None else None,
        level,
        *_split(fitted, group),
        () if other is None else tuple(tuple(float(v) for v in row) for row in other.placebo_events[:999]),
        tuple(float(p.headline_post[t]) / float(p.headline_post.sum()) for t in others),
    )
    return study, path, effects


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


def _estimand(data: Panel, p: Periods, who: str) -> str:
    post = [label for label, q in zip(p.labels, p.headline_post, strict=True) if q]
    when = f"from {post[0]} to {post[-1]}" if len(post) > 1 else f"in {post[0]}"
    how = ", as a ratio of totals" if data.pooled else ", weighted" if data.has_weights else ""
    return f"Average effect on the {who}, {when}{how} (average treatment effect on the treated)."


def sample_of(
    data: Panel,
    p: Periods,
    dropped: tuple[Drop, ...],
    *,
    n_rows: int,
    n_units: int,
    n_treated: int,
    n_clusters: int | None,
    n_treated_clusters: int | None,
    n_control_clusters: int | None,
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
        n_control_clusters,
    )
