"""A counterfactual for treated paths as an estimate: effects, path, weights and placebos, in the author's periods.

Every synthetic-control estimator brings a :class:`~causal_eval.inference.counterfactual.Method`; all else is here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import Panel
    from causal_eval.design.donors import Cohort, DonorPool
    from causal_eval.inference.counterfactual import Fits, Method
    from causal_eval.inference.effects import Tested
    from causal_eval.inference.placebo_space import PlaceboTest
    from causal_eval.results.types import Drop, Effect, Estimate, Json, PathPoint, Sample, Weight

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

    At = tuple[tuple[int, int], ...]
    """(cohort, column of the pool) pairs whose gaps are averaged, weighted by treated units."""


@dataclass(frozen=True, slots=True, eq=False)
class CohortFit:
    """One cohort's counterfactual and the donors in its place.

    Attributes:
        cohort: whose it is.
        Y: (T, J + 1) outcomes, the treated path first.
        fits: of the J + 1 columns, or of the treated path alone.
        allowed: columns that may carry weight for the treated path.
        method: behind the fits.
    """

    cohort: Cohort
    Y: Floats
    fits: Fits
    allowed: Ints
    method: Method

    @property
    def gaps(self) -> Floats:
        """(P, T) observed - counterfactual."""
        gaps: Floats = self.Y.T[: len(self.fits.paths)] - self.fits.paths
        return gaps


@dataclass(frozen=True, slots=True, eq=False)
class Synthetic:
    """All cohorts' counterfactuals with their placebo test."""

    pool: DonorPool
    cohorts: tuple[CohortFit, ...]
    placebo: PlaceboTest

    @property
    def value(self) -> float:
        """The average effect over treated units and periods of the headline."""
        return float(self.placebo.effect[0])


def fit_synthetic(pool: DonorPool, method: Method | Sequence[Method], *, most: int | None = None) -> Synthetic:
    """The treated paths and every donor (the first ``most`` of them) in their place.

    Args:
        method: of all cohorts, or one for each.
    """
    from collections.abc import Sequence

    import numpy as np

    from causal_eval.inference.placebo_space import CohortGaps, placebo_fits, placebo_test
    from causal_eval.inference.screening import Screened

    cohorts = []
    methods = method if isinstance(method, Sequence) else [method] * len(pool.cohorts)
    for c, own in zip(pool.cohorts, methods, strict=True):
        Y = c.beside(pool.donors)
        allowed = np.arange(1, Y.shape[1])
        if isinstance(own, Screened):
            allowed = own.passing(Y[c.pre], 0, allowed)
        cohorts.append(CohortFit(c, Y, placebo_fits(Y, own, c.pre, c.post, most=most), allowed, own))
    gaps = [CohortGaps(f.gaps, f.cohort.pre, f.cohort.post, f.cohort.size) for f in cohorts]
    return Synthetic(pool, tuple(cohorts), placebo_test(gaps))


@dataclass(frozen=True, slots=True, eq=False)
class GapTests:
    """Tests of average gaps by the headline's own procedure, ``name``, by what they average; others have none."""

    name: str
    tests: Mapping[At, Tested]


def averages(found: Synthetic) -> tuple[At, ...]:
    """What the estimate's rows average, by period, time since adoption and adoption date; each once."""
    return tuple(
        dict.fromkeys([*(p.at for p in _periods(found)), *_events(found).values(), *_launches(found).values()])
    )


def average_weights(found: Synthetic, wanted: Sequence[At]) -> list[Floats]:
    """Those averages as (T, K) weights on each cohort's gaps."""
    import numpy as np

    out = [np.zeros((len(found.pool.labels), len(wanted))) for _ in found.cohorts]
    for k, at in enumerate(wanted):
        total = sum(found.cohorts[i].cohort.size for i, _ in at)
        for i, t in at:
            out[i][t, k] = found.cohorts[i].cohort.size / total
    return out


def write_synthetic(
    data: Panel,
    found: Synthetic,
    *,
    method: str,
    level: float,
    overall: Tested,
    value: float,
    std_error: float | None,
    procedure: str,
    notes: list[str],
    details: dict[str, Json],
    tests: GapTests | None = None,
) -> Estimate:
    """The estimate.

    Args:
        overall: test of the headline ``value``, whose procedure ``procedure`` names.
        tests: of averages of gaps; None for ranks among the placebos.
    """
    from causal_eval.estimators._synthetic_details import fit_details, screening
    from causal_eval.inference.effects import Tested, effect, log_relative, log_relative_of, relative_of
    from causal_eval.results.types import Estimate, Interval

    pool = found.pool
    notes += screening(found)
    observed, baseline = _levels(found)
    effects: list[Effect] = [effect("overall", "absolute", value, std_error, overall, level=level, method=procedure)]
    counterfactual = observed - value
    if data.metric.in_logs:
        ratio = log_relative(value, std_error)
        assert ratio.value is not None
        tested = log_relative_of(overall)
        effects.append(
            effect("overall", "relative", ratio.value, ratio.std_error, tested, level=level, method=procedure)
        )
    elif _clearly_positive(found, counterfactual):
        error = None if std_error is None else std_error * abs(observed) / counterfactual**2
        tested = relative_of(overall, observed)
        effects.append(
            effect("overall", "relative", value / counterfactual, error, tested, level=level, method=procedure)
        )
    else:
        notes.append("No relative effect: the counterfactual is not clearly above zero.")
    if data.additive or (data.metric.kind == "mean" and not data.has_weights and not data.metric.in_logs):
        times = sum(float(f.cohort.total[f.cohort.post].sum()) for f in found.cohorts)
        scaled = overall
        if overall.low is not None and overall.high is not None:
            scaled = Tested(overall.p_value, overall.low * times, overall.high * times, overall.note)
        error = None if std_error is None else std_error * times
        effects.append(effect("overall", "cumulative", value * times, error, scaled, level=level, method=procedure))
    by_time = "placebo ranks of each period's gap, in units of the fit before the launch"
    by_time = tests.name if tests else by_time
    path: list[PathPoint] = []
    for point, tested in _path(found, level, tests):
        path.append(point)
        if point.post:
            effects.append(
                effect(
                    f"period:{point.period}",
                    "absolute",
                    point.gap,
                    None,
                    tested,
                    level=level,
                    method=by_time,
                    n_treated=pool.n_treated,
                )
            )
    effects += _by_event(found, level, by_time, tests)
    if len(found.cohorts) > 1:
        effects += _by_cohort(found, level, by_time, tests)
        notes += _thinner(found)
    interval = effects[0].interval
    assert interval is None or isinstance(interval, Interval)
    return Estimate(
        method=method,
        estimand="att",
        estimand_text=_estimand(data, found),
        effects=tuple(effects),
        sample=_sample(data, found),
        level=level,
        inference=procedure,
        path=tuple(path),
        weights=tuple(_weights(found)),
        baseline=baseline,
        observed=observed,
        counterfactual=counterfactual,
        notes=tuple(notes),
        details=fit_details(found) | details,
    )


def _levels(found: Synthetic) -> tuple[float, float]:
    """Mean observed outcome of the treated in the headline's periods, and in the matched ones."""
    after = before = n_after = n_before = 0.0
    for f in found.cohorts:
        c = f.cohort
        after += c.size * float(c.path[c.post].sum())
        n_after += c.size * int(c.post.sum())
        before += c.size * float(c.path[c.pre].sum())
        n_before += c.size * int(c.pre.sum())
    return after / n_after, before / n_before


def _clearly_positive(found: Synthetic, counterfactual: float) -> bool:
    from causal_eval.inference.effects import NEAR_ZERO

    return counterfactual > NEAR_ZERO * float(found.placebo.before[0]) and counterfactual > 0


def mean_gaps(found: Synthetic, at: At) -> Floats:
    """(J + 1,) gaps averaged over (cohort, column) pairs, weighted by treated units."""
    import numpy as np

    total, n = np.zeros(found.placebo.n), 0
    for i, t in at:
        f = found.cohorts[i]
        total = total + f.cohort.size * f.gaps[:, t]
        n += f.cohort.size
    return total / n


def _treated(found: Synthetic, at: At) -> int:
    """Treated units behind an average."""
    return sum(found.cohorts[i].cohort.size for i in {i for i, _ in at})


@dataclass(frozen=True, slots=True)
class _Period:
    """A period of the pool in which some cohort has an outcome: whose gaps are averaged, and whether they are treated in it."""

    column: int
    at: At
    post: bool


def _periods(found: Synthetic) -> list[_Period]:
    """By period: the cohorts treated in it, and before the first of them all."""
    out = []
    for t in range(len(found.pool.labels)):
        here = tuple(
            (i, t)
            for i, f in enumerate(found.cohorts)
            if f.cohort.path[t] == f.cohort.path[t] and (f.cohort.pre[t] or f.cohort.later[t] or f.cohort.event[t] < 0)
        )
        treated = tuple((i, t) for i, _ in here if found.cohorts[i].cohort.later[t])
        if here:
            out.append(_Period(t, treated or here, bool(treated)))
    return out


def _events(found: Synthetic) -> dict[int, At]:
    """By periods since the adoption."""
    at: dict[int, At] = {}
    for i, f in enumerate(found.cohorts):
        for t, k in enumerate(f.cohort.event):
            if f.cohort.later[t] or f.cohort.pre[t]:
                at[int(k)] = (*at.get(int(k), ()), (i, t))
    return dict(sorted(at.items()))


def _launches(found: Synthetic) -> dict[str, At]:
    """By adoption date, over the headline's periods."""
    at: dict[str, At] = {}
    for i, f in enumerate(found.cohorts):
        columns = tuple((i, int(t)) for t in f.cohort.post.nonzero()[0])
        at[f.cohort.label] = (*at.get(f.cohort.label, ()), *columns)
    return at


def _path(found: Synthetic, level: float, tests: GapTests | None) -> list[tuple[PathPoint, Tested]]:
    """By period: all cohorts with an outcome in it, weighted by their treated units."""
    from causal_eval.results.types import PathPoint

    out = []
    for p in _periods(found):
        gaps = mean_gaps(found, p.at)
        cohorts = [found.cohorts[i].cohort for i, _ in p.at]
        observed = sum(c.size * float(c.path[p.column]) for c in cohorts) / sum(c.size for c in cohorts)
        tested = _tested(found, gaps, p.at, level, tests)
        headline = any(c.post[p.column] or c.pre[p.column] for c in cohorts)
        point = PathPoint(
            found.pool.labels[p.column],
            observed,
            observed - float(gaps[0]),
            float(gaps[0]),
            tested.low,
            tested.high,
            p.post,
            not headline,
        )
        out.append((point, tested))
    return out


def _tested(found: Synthetic, gaps: Floats, at: At, level: float, tests: GapTests | None) -> Tested:
    """The test of the mean gap at (cohort, column) pairs."""
    from causal_eval.inference.effects import Tested
    from causal_eval.inference.placebo_space import studentised

    if tests is None:
        return studentised(gaps, found.placebo.before, level)
    return tests.tests.get(at, Tested(None, None, None))


def _by_event(found: Synthetic, level: float, name: str, tests: GapTests | None) -> list[Effect]:
    return [_row(found, f"event:{k}", at, level, name, tests) for k, at in _events(found).items()]


def _by_cohort(found: Synthetic, level: float, name: str, tests: GapTests | None) -> list[Effect]:
    return [_row(found, f"cohort:{label}", at, level, name, tests) for label, at in _launches(found).items()]


def _row(found: Synthetic, aggregation: str, at: At, level: float, name: str, tests: GapTests | None) -> Effect:
    from causal_eval.inference.effects import effect

    gaps = mean_gaps(found, at)
    tested = _tested(found, gaps, at, level, tests)
    return effect(
        aggregation,
        "absolute",
        float(gaps[0]),
        None,
        tested,
        level=level,
        method=name,
        n_treated=_treated(found, at),
    )


def _thinner(found: Synthetic) -> list[str]:
    """Which times since adoption rest on some of the adoption dates only."""
    dates = {f.cohort.label for f in found.cohorts}
    runs: list[tuple[list[int], int, int]] = []
    before: list[int] = []
    for k, at in _events(found).items():
        n, units = len({found.cohorts[i].cohort.label for i, _ in at}), _treated(found, at)
        if n == len(dates):
            continue
        if k < 0:
            before.append(k)
        elif runs and runs[-1][1:] == (n, units) and runs[-1][0][-1] == k - 1:
            runs[-1][0].append(k)
        else:
            runs.append(([k], n, units))
    of = f"{found.pool.n_treated} treated units"
    few = [f"{_numbers(ks)} since adoption on {n} ({units} of {of})" for ks, n, units in runs]
    if before:
        few.append(f"those before it from {_numbers(before)} on fewer than all, too")
    if not few:
        return []
    return [
        f"Not every row by time since adoption rests on all {len(dates)} adoption dates: {'; '.join(few)}. Their placebos are the "
        "donors in those dates' places, and one row can differ from the next because other units are in it."
    ]


def _numbers(ks: list[int]) -> str:
    said = [str(k).replace("-", "\N{MINUS SIGN}") for k in (ks[0], ks[-1])]
    return said[0] if len(ks) == 1 else f"{said[0]} to {said[1]}"


def mean_weights(found: Synthetic) -> Floats:
    """(J,) donor weights, averaged over cohorts by their treated units."""
    import numpy as np

    total = np.zeros(len(found.pool.names))
    for f in found.cohorts:
        total += f.cohort.size * f.fits.weights[0][1:]
    mean: Floats = total / found.pool.n_treated
    return mean


def _weights(found: Synthetic) -> list[Weight]:
    from causal_eval.results.types import Weight

    donors = mean_weights(found)
    out = [Weight("donor", name, float(w)) for name, w in zip(found.pool.names, donors, strict=True) if donors.any()]
    only = found.cohorts[0]
    if len(found.cohorts) == 1 and only.fits.time_weights is not None:
        out += [
            Weight("time", label, float(w))
            for label, w, pre in zip(found.pool.labels, only.fits.time_weights[0], only.cohort.pre, strict=True)
            if pre
        ]
    return out


def _sample(data: Panel, found: Synthetic) -> Sample:
    import numpy as np

    from causal_eval.results.types import Drop, Sample

    pool = found.pool
    pre = np.array([f.cohort.pre for f in found.cohorts]).any(axis=0)
    post = np.array([f.cohort.post for f in found.cohorts]).any(axis=0)
    outside = len(data.axis.ordinals) - len(pool.ordinals)
    thin = sum(d.count for d in pool.dropped if d.what == "periods")
    dropped: tuple[Drop, ...] = pool.dropped
    if outside - thin > 0:
        dropped += (Drop("periods", outside - thin, "outside the declared windows"),)
    aside = int((~(pre | post)).sum())
    if aside:
        dropped += (Drop("periods", aside, "not matched on and not in the headline: shown only"),)
    return Sample(
        pool.n_rows,
        pool.n_treated + len(pool.names),
        pool.n_treated,
        len(pool.names),
        len(pool.labels),
        int(pre.sum()),
        int(post.sum()),
        dropped=dropped,
    )


def _estimand(data: Panel, found: Synthetic) -> str:
    n = found.pool.n_treated
    who = f"{n} treated {'unit' if n == 1 else 'units'}"
    post = [label for t, label in enumerate(found.pool.labels) if any(f.cohort.post[t] for f in found.cohorts)]
    when = f"from {post[0]} to {post[-1]}" if len(post) > 1 else f"in {post[0]}"
    how = ", as a ratio of totals" if data.pooled else ", weighted" if data.has_weights else ""
    return f"Average effect on the {who}, {when}{how} (average treatment effect on the treated)."
