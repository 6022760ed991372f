"""From group-time effects to an Estimate: every average, its test, the event study, the path and the relative effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from causal_eval.errors import EstimatorRefusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import Panel
    from causal_eval.design.staggered import Cohorts
    from causal_eval.inference.aggregation import Average, Averages, Cells
    from causal_eval.inference.effects import Tested
    from causal_eval.inference.joint import Joint, Linear
    from causal_eval.results.types import Drop, Effect, Estimate, EventStudy, Json, PathPoint, Sample

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

Kind = Literal["simple", "cohort", "event", "calendar"]
KINDS: tuple[Kind, ...] = ("simple", "cohort", "event", "calendar")
THIN_UNITS = 5
"""An event time with fewer treated units than this is marked and left out of tests."""
THIN_SHARE = 0.25
"""So is one that rests on less than this share of the treated units."""
MOST_NUMBERS = 60_000
"""Covariances by cohort are kept in a result up to this many numbers."""
FEW_UNITS = 5
"""Cohorts with fewer units are named in a note."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupTime:
    """Group-time effects with their joint covariance.

    Attributes:
        cohorts: the rollout.
        att: (K,); ``cohort``, ``period`` (K,) positions.
        joint: covariance of anything linear in them.
        size: (C,) what a cohort weighs in an average; ``units`` (C,) how many units it has.
        mean: (C, T) outcomes; ``weight`` (C, T) sums of weights; ``count`` (C, T) units seen.
        reference: event time that is zero by construction, None under a varying base.
        scale: small-sample factor on the covariance.
        shares_estimated: whether averages account for the sampling of cohort shares.
        followed: whether units are seen over time; else every row is a unit of its own.
        leads: event times and (L,) coefficients of leads from a regression of their own; in ``joint`` they follow the effects.
        by_rows: whether a cell weighs as much as it has rows, and not as its cohort has units.
    """

    cohorts: Cohorts
    att: Floats
    cohort: Ints
    period: Ints
    joint: Joint
    size: Floats
    units: Ints
    mean: Floats
    weight: Floats
    count: Ints
    reference: int | None
    scale: float = 1.0
    shares_estimated: bool = True
    by_rows: bool = False
    leads: tuple[tuple[int, ...], Floats] | None = None
    followed: bool = True


@dataclass(frozen=True, slots=True)
class Words:
    """What the estimate says of itself. ``headline`` names the procedure behind the headline where it is another."""

    method: str
    inference: str
    notes: tuple[str, ...]
    dropped: tuple[Drop, ...]
    estimand: str = "att"
    details: dict[str, Json] | None = None
    headline: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Tests:
    """How rows are tested: their covariance (R, R), degrees of freedom, critical value of the event study's band."""

    cov: Floats
    df: float
    bootstrap: Floats | None = None
    headline: Tested | None = None

    def test(self, value: float, i: int, level: float) -> tuple[float, Tested]:
        """(standard error, test) of row i."""
        import numpy as np

        from causal_eval.inference.effects import t_test

        error = float(np.sqrt(max(self.cov[i, i], 0.0)))
        return error, t_test(value, error, self.df, level)


class _Rows:
    """Named rows, collected one by one."""

    def __init__(self, g: GroupTime) -> None:
        self.g = g
        self.name: list[str] = []
        self.value: list[float] = []
        self.effects: list[Floats] = []
        self.sizes: list[Floats] = []
        self.means: list[Floats] = []

    def add(
        self, name: str, value: float, effects: Floats, sizes: Floats | None = None, means: Floats | None = None
    ) -> None:
        import numpy as np

        C, T = self.g.mean.shape
        self.name.append(name)
        self.value.append(float(value))
        more = 0 if self.g.leads is None else len(self.g.leads[0])
        self.effects.append(np.concatenate([effects, np.zeros(len(self.g.att) + more - len(effects))]))
        self.sizes.append(np.zeros(C) if sizes is None or not self.g.shares_estimated else sizes)
        self.means.append(np.zeros((C, T)) if means is None else means)

    def linear(self) -> Linear:
        import numpy as np

        from causal_eval.inference.joint import Linear

        return Linear(np.array(self.effects), np.array(self.sizes), np.array(self.means))


def cells_of(g: GroupTime) -> Cells:
    """The cells of group-time effects with their event times, and whether the headline has them."""
    import numpy as np

    from causal_eval.inference.aggregation import Cells

    event = g.cohorts.event[g.cohort, g.period]
    weight = g.weight[g.cohort, g.period] if g.by_rows else None
    return Cells(g.att, g.cohort, g.period, event.astype(np.int64), g.cohorts.headline[g.cohort, g.period], weight)


def write(
    data: Panel,
    g: GroupTime,
    words: Words,
    *,
    kind: Kind,
    level: float,
    horizon: int | None = None,
    event_study: bool = True,
    bootstrap: Callable[[Linear], Floats] | None = None,
    headline_test: Callable[[Average], Tested] | None = None,
) -> Estimate:
    """The estimate with every row of DESIGN 4.3.

    Args:
        kind: the average that is the headline.
        event_study: also the rows by event time, their covariance and their uniform band, which take most of the time.
        bootstrap: from rows to (B, R) deviations; errors then come from them, else from the covariance.
        headline_test: another test of the headline, used for its p-value and interval.

    Raises:
        EstimatorRefusal: E401 when no effect after an adoption is left.
    """
    import numpy as np

    from causal_eval.inference.aggregation import averages
    from causal_eval.inference.effects import effect, relative_effect
    from causal_eval.results.types import Estimate

    cells = cells_of(g)
    try:
        made = averages(cells, g.size, horizon=horizon)
    except ValueError as e:
        raise EstimatorRefusal(
            "E401", f"{words.method}: {e}", hint="Widen the windows, or see the dropped cells."
        ) from e
    observed = _observed(cells, g, kind, horizon)
    rows = _rows(g, cells, made, observed, kind, data.additive)
    linear = rows.linear()
    cov = g.scale * g.joint.covariance(linear)
    tests = Tests(cov, float(max(g.joint.n_groups - 1, 1)))
    if bootstrap is not None:
        from causal_eval.inference.bands import bootstrap_errors

        errors = bootstrap_errors(bootstrap(linear))
        old = np.sqrt(np.maximum(np.diag(cov), 1e-300))
        ratio = np.where(old > 1e-150, errors / old, 1.0)
        tests = Tests(cov * np.outer(ratio, ratio), tests.df)
    at = {name: i for i, name in enumerate(rows.name)}
    counts = _Counts(g, cells, made)
    effects: list[Effect] = []

    def say(aggregation: str, row: str, *, scale: Literal["absolute", "cumulative"] = "absolute", n: int | None = None,
            treated: int | None = None, other: Tested | None = None) -> None:  # fmt: skip
        i = at[row]
        error, tested = tests.test(rows.value[i], i, level)
        effects.append(
            effect(aggregation, scale, rows.value[i], error, other or tested, level=level,
                   method=(words.headline or words.inference) if other else words.inference,
                   n_units=n, n_treated=treated)
        )  # fmt: skip

    overall = made.overall(kind)
    special = headline_test(overall) if headline_test else None
    n_treated = int(g.units[np.isfinite(g.cohorts.start)].sum())
    say("overall", f"overall:{kind}", n=int(g.units.sum()), treated=n_treated, other=special)
    i, o = at[f"overall:{kind}"], at["observed"]
    value, seen = rows.value[i], rows.value[o]
    joint = tests.cov[np.ix_([i, o], [i, o])]
    head = special or tests.test(value, i, level)[1]
    found, tested = relative_effect(
        value, seen, joint, head, df=None if special else tests.df, level=level, log=data.metric.in_logs
    )
    if found.value is not None and head.p_value is not None:
        effects.append(
            effect(
                "overall",
                "relative",
                found.value,
                found.std_error,
                tested,
                level=level,
                method=words.headline or words.inference,
            )
        )
    if "cumulative" in at:
        say("overall", "cumulative", scale="cumulative")
    for which in KINDS:
        say(f"overall:{which}", f"overall:{which}", other=special if which == kind else None)
    for event in counts.events if event_study else ():
        say(f"event:{event}", f"event:{event}", n=counts.event_units(event))
    for c in made.cohorts:
        say(f"cohort:{g.cohorts.labels[c]}", f"cohort:{c}", n=int(g.units[c]))
    for t in made.periods:
        say(f"period:{g.cohorts.periods[t]}", f"period:{t}", n=counts.period_units(t))
    for k, (c, t) in enumerate(zip(g.cohort, g.period, strict=True)):
        name = f"cohort_period:{g.cohorts.labels[c]}:{g.cohorts.periods[t]}"
        say(name, f"cell:{k}", n=int(g.count[c, t]))
    study = _event_study(g, rows, linear, tests, at, made, counts, kind, level) if event_study else None
    before = (g.cohorts.event < 0) & g.cohorts.keep & ~g.cohorts.excluded & np.isfinite(g.cohorts.start)[:, None]
    before &= g.weight > 0
    baseline = float((g.weight * np.nan_to_num(g.mean))[before].sum() / g.weight[before].sum())
    small = [c for c in range(len(g.units)) if np.isfinite(g.cohorts.start[c]) and g.units[c] < FEW_UNITS]
    notes = list(words.notes)
    if small:
        named = ", ".join(f"{g.cohorts.labels[c]} ({int(g.units[c])})" for c in small)
        notes.append(
            f"Cohorts with fewer than {FEW_UNITS} units: {named}. "
            "Their own effects are noise; they count in the averages by their size."
        )
    if study is not None and any(q.thin for q in study.points):
        thin = ", ".join(str(q.event) for q in study.points if q.thin)
        notes.append(f"Event times that rest on few treated units or cohorts are shown and left out of tests: {thin}.")
    details: dict[str, Json] = {
        "aggregate": kind,
        "df": tests.df,
        "n_groups": g.joint.n_groups,
        "pre_test": _pre_test(g, cells, tests, at),
    }
    if study is not None and study.critical is not None:
        details["band_critical_value"] = study.critical
    return Estimate(
        method=words.method,
        estimand=words.estimand,
        estimand_text=_estimand(g, cells, kind, data),
        effects=tuple(effects),
        sample=_sample(g, words, n_treated, study.n_clusters if study else _groups(g, g.joint.parts(linear.only([0])))),
        level=level,
        inference=words.headline or words.inference,
        path=_path(g, rows, tests, at, level),
        event_study=study,
        baseline=baseline,
        observed=seen,
        counterfactual=seen - value,
        notes=tuple(notes),
        details={**details, **(words.details or {})},
    )


def _observed(cells: Cells, g: GroupTime, kind: Kind, horizon: int | None) -> Average:
    """The mean outcome of the treated over the headline's cells, in the headline's own weights."""
    from dataclasses import replace

    from causal_eval.inference.aggregation import averages

    return averages(replace(cells, att=g.mean[cells.cohort, cells.period]), g.size, horizon=horizon).overall(kind)


def _rows(g: GroupTime, cells: Cells, made: Averages, observed: Average, kind: Kind, additive: bool) -> _Rows:
    import numpy as np

    K = len(cells.att)
    rows = _Rows(g)
    for which in KINDS:
        a = made.overall(which)
        rows.add(f"overall:{which}", a.value, a.weight, a.size)
    for e, a in made.events.items():
        rows.add(f"event:{e}", a.value, a.weight, a.size)
    for j, (e, value) in enumerate(zip(*g.leads, strict=True) if g.leads else ()):
        rows.add(f"event:{e}", float(value), np.eye(1, K + len(g.leads[0]) if g.leads else K, K + j)[0])
    for c, a in made.cohorts.items():
        rows.add(f"cohort:{c}", a.value, a.weight, a.size)
    for t, a in made.periods.items():
        rows.add(f"period:{t}", a.value, a.weight, a.size)
    for k in range(K):
        rows.add(f"cell:{k}", cells.att[k], np.eye(1, K, k)[0])
    of_means = np.zeros(g.mean.shape)
    np.add.at(of_means, (cells.cohort, cells.period), observed.weight)
    rows.add("observed", observed.value, np.zeros(K), observed.size, of_means)
    if additive:
        w = np.where(cells.headline, g.weight[cells.cohort, cells.period], 0.0)
        rows.add("cumulative", float(w @ cells.att), w)
    for t, weight in _gaps(g, cells):
        rows.add(f"gap:{t}", float(weight @ cells.att), weight)
    return rows


def _gaps(g: GroupTime, cells: Cells) -> list[tuple[int, Floats]]:
    """For each period in which every treated cohort has an effect or is the reference: weights of the mean gap."""
    import numpy as np

    if g.reference is None:
        return []
    treated = np.flatnonzero(np.isfinite(g.cohorts.start))
    out = []
    for t in range(g.mean.shape[1]):
        here = np.flatnonzero(cells.period == t)
        have = set(cells.cohort[here].tolist()) | {int(c) for c in treated if g.cohorts.event[c, t] == g.reference}
        if have != set(treated.tolist()):
            continue
        weight = np.zeros(len(cells.att))
        weight[here] = g.size[cells.cohort[here]] / g.size[treated].sum()
        out.append((t, weight))
    return out


class _Counts:
    """How many treated units and cohorts stand behind an average."""

    def __init__(self, g: GroupTime, cells: Cells, made: Averages) -> None:
        self.g, self.cells, self.made = g, cells, made
        self.events = sorted({*made.events, *(g.leads[0] if g.leads else ())})

    def at_event(self, e: int) -> tuple[Ints, Ints]:
        """Cohorts and periods behind an event time."""
        import numpy as np

        if e in self.made.events:
            at = self._of(self.made.events[e])
            return self.cells.cohort[at], self.cells.period[at]
        found = np.nonzero((self.g.cohorts.event == e) & (self.g.count > 0))
        return found[0].astype(np.int64), found[1].astype(np.int64)

    def _of(self, average: Average) -> Ints:
        import numpy as np

        return np.flatnonzero(average.weight != 0)

    def event_units(self, e: int) -> int:
        return int(self.g.count[self.at_event(e)].sum())

    def event_cohorts(self, e: int) -> int:
        return len(set(self.at_event(e)[0].tolist()))

    def period_units(self, t: int) -> int:
        at = self._of(self.made.periods[t])
        return int(self.g.count[self.cells.cohort[at], self.cells.period[at]].sum())

    def thin(self, e: int) -> bool:
        import numpy as np

        total = float(self.g.units[np.isfinite(self.g.cohorts.start)].sum())
        n = self.event_units(e)
        # A cross-section holds one period of its cohort: what counts is how many of the treated its cohorts are.
        behind = n if self.g.followed else int(self.g.units[np.unique(self.at_event(e)[0])].sum())
        return n < min(THIN_UNITS, total) or behind < THIN_SHARE * total


def _event_study(
    g: GroupTime,
    rows: _Rows,
    linear: Linear,
    tests: Tests,
    at: dict[str, int],
    made: Averages,
    counts: _Counts,
    kind: Kind,
    level: float,
) -> EventStudy | None:
    import numpy as np

    from causal_eval.inference.bands import sup_t
    from causal_eval.results.types import EventPoint, EventStudy

    events = counts.events
    index = [at[f"event:{e}"] for e in events]
    excluded = {e: bool(g.cohorts.excluded[counts.at_event(e)].all()) for e in events}
    points = []
    for e, i in zip(events, index, strict=True):
        error, tested = tests.test(rows.value[i], i, level)
        points.append(
            EventPoint(e, rows.value[i], error, tested.low, tested.high, tested.p_value, counts.event_units(e),
                       excluded=excluded[e], n_cohorts=counts.event_cohorts(e), thin=counts.thin(e))
        )  # fmt: skip
    base = -1 if g.reference is None else g.reference
    if g.reference is not None:
        points.append(EventPoint(g.reference, 0.0, reference=True))
        points.sort(key=lambda q: q.event)
    cov = tests.cov[np.ix_(index, index)]
    treated = np.isfinite(g.cohorts.start)
    parts = g.joint.parts(linear.only(index))
    kept = [c for c, (_, n) in enumerate(parts) if n] if len(parts) * len(events) ** 2 <= MOST_NUMBERS else []
    size = np.array(
        [
            float(g.weight[counts.at_event(e)].sum() if g.by_rows else g.size[counts.at_event(e)[0]].sum())
            for e in events
        ]
    )
    post = np.array([e >= 0 and not excluded[e] for e in events], dtype=float)
    weights = post * (size if kind == "simple" else np.ones(len(events)))
    wide = [i for i, e in enumerate(events) if not counts.thin(e)]
    critical = sup_t(cov[np.ix_(wide, wide)], level=level) if wide and np.diag(cov)[wide].max() > 0 else None
    return EventStudy(
        base,
        tuple(points),
        tuple(tuple(float(v) for v in row) for row in cov),
        tests.df,
        level,
        (),
        _groups(g, parts),
        (),
        tuple(float(v) for v in weights / weights.sum()) if weights.sum() > 0 else (),
        critical,
        tuple(tuple(tuple(float(v) for v in row) for row in g.scale * parts[c][0]) for c in kept),
        tuple(parts[c][1] for c in kept),
        tuple(bool(treated[c]) for c in kept),
        g.reference is not None and g.leads is None,
    )


def _pre_test(g: GroupTime, cells: Cells, tests: Tests, at: dict[str, int]) -> Json:
    """Wald test that all group-time effects before the adoption are zero (Callaway & Sant'Anna 2021, section 4.1)."""
    import numpy as np
    from scipy import stats

    pre = [
        k
        for k in range(len(cells.att))
        if cells.event[k] < 0 and not g.cohorts.excluded[cells.cohort[k], cells.period[k]]
    ]
    if not pre:
        return None
    index = [at[f"cell:{k}"] for k in pre]
    cov, b = tests.cov[np.ix_(index, index)], cells.att[pre]
    scale = float(np.abs(cov).max())
    if not scale > 0 or np.linalg.matrix_rank(cov, hermitian=True, tol=1e-10 * scale) < len(pre):
        return {
            "statistic": None,
            "df": len(pre),
            "p_value": None,
            "why": "the covariance of the pre-period effects is singular",
        }
    w = float(b @ np.linalg.solve(cov, b))
    return {"statistic": w, "df": len(pre), "p_value": float(stats.chi2.sf(w, len(pre)))}


def _path(g: GroupTime, rows: _Rows, tests: Tests, at: dict[str, int], level: float) -> tuple[PathPoint, ...]:
    """The average treated unit by calendar period, observed and without the launch."""
    import numpy as np

    from causal_eval.results.types import PathPoint

    treated = np.isfinite(g.cohorts.start)
    share = g.size[treated] / g.size[treated].sum()
    first = min(t for t in range(g.mean.shape[1]) if (g.cohorts.event[treated, t] >= 0).any())
    path = []
    for t, label in enumerate(g.cohorts.periods):
        if f"gap:{t}" not in at or not np.isfinite(g.mean[treated, t]).all():
            continue
        i = at[f"gap:{t}"]
        seen = float(share @ g.mean[treated, t])
        _, tested = tests.test(rows.value[i], i, level)
        aside = bool((g.cohorts.excluded[treated, t] | (g.cohorts.event[treated, t] < 0)).all()) and t >= first
        path.append(
            PathPoint(label, seen, seen - rows.value[i], rows.value[i], tested.low, tested.high, t >= first, aside)
        )
    return tuple(path) if any(p.post for p in path) and any(not p.post for p in path) else ()


def _estimand(g: GroupTime, cells: Cells, kind: Kind, data: Panel) -> str:
    import numpy as np

    n = int(g.units[np.unique(cells.cohort[cells.headline])].sum())
    unit = "row" if not data.has_units else "unit"
    who = f"{n:,} treated {unit}{'' if n == 1 else 's'}"
    how = {
        "simple": "over every period after each adoption",
        "cohort": "first over each cohort's periods after its adoption, then over cohorts by their size",
        "event": "over event times, each counting the same",
        "calendar": "over calendar periods, each counting the same",
    }[kind]
    tail = ", as a ratio of totals" if data.pooled else ", weighted" if data.has_weights else ""
    return f"Average effect on the {who}, {how}{tail} (average treatment effect on the treated)."


def _groups(g: GroupTime, parts: tuple[tuple[Floats, int], ...]) -> tuple[int, int]:
    """Independent units or clusters (treated, not); none where one holds several cohorts."""
    import numpy as np

    treated = np.isfinite(g.cohorts.start)
    yes = sum(n for (_, n), of_treated in zip(parts, treated, strict=False) if of_treated)
    return yes, sum(n for _, n in parts) - yes


def _sample(g: GroupTime, words: Words, n_treated: int, n_groups: tuple[int, int]) -> Sample:
    import numpy as np

    from causal_eval.results.types import Sample as S

    treated = np.isfinite(g.cohorts.start)
    first = (g.cohorts.event[treated] >= 0).any(axis=0)
    # Where everybody adopts in the end there is no control group to count.
    n_treated_groups = n_groups[0] if min(n_groups) > 0 else None
    return S(
        int(g.count.sum()),
        int(g.units.sum()),
        n_treated,
        int(g.units.sum()) - n_treated,
        g.mean.shape[1],
        int((~first).sum()),
        int(first.sum()),
        g.joint.n_groups,
        n_treated_groups,
        words.dropped,
        n_groups[1] if min(n_groups) > 0 else None,
    )


def cell_losses(cohorts: Cohorts, lost: Sequence[tuple[int, int, str]]) -> list[str]:
    """One note a reason, with the cells it concerns."""
    by: dict[str, list[str]] = {}
    for c, t, why in lost:
        by.setdefault(why, []).append(f"{cohorts.labels[c]} in {cohorts.periods[t]}")
    notes = []
    for why, where in by.items():
        shown = ", ".join(where[:4]) + (f" and {len(where) - 4} more" if len(where) > 4 else "")
        notes.append(f"Not estimated, {why}: {shown}.")
    return notes
