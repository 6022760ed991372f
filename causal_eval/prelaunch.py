"""Power before launch: a study's own estimator and test, on launches that did not happen in its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice
from math import comb, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causal_eval.errors import CausalEvalError, DataError, PrivacyError, UsageError, suggest
from causal_eval.results.power import Candidate, DesignResult, DurationPower, Injected, PowerPoint

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design
    from causal_eval.plan import Analysis
    from causal_eval.spec.document import Document
    from causal_eval.spec.models import MetricSpec, StudySpec
    from causal_eval.study import Progress

    Floats = NDArray[np.float64]

POWER = 0.8
FINALISTS = 5
"""Leading sets that are measured again, on more placebo dates."""
SLACK = 1e-12
"""A p-value this close to the level is at it: ranks are shares of whole numbers."""
CHECKED = 40
"""Placebo launches, at most, into which the minimum detectable effect is put for real."""
STEPS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""Effects of the power curve, in minimum detectable effects of the longest duration."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller wants to know.

    Attributes:
        durations: lengths of the post window; () for a quarter of the history.
        effects: effects to tell the power of, (size, whether relative); () for a spread around the MDE.
        treat: the units to treat; () for the planned ones, else every candidate set.
        candidates: candidate sets at most; size: units in the largest of them.
        fits: placebo launches estimated at most, for each duration.
    """

    durations: tuple[int, ...] = ()
    effects: tuple[tuple[float, bool], ...] = ()
    treat: tuple[str, ...] = ()
    candidates: int | None = None
    size: int = 2
    fits: int = 600
    only: str | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The rows before any launch, nobody treated, and the estimator that will be used."""

    document: Document
    study: StudySpec
    panel: Panel
    design: Design
    analysis: Analysis
    planned: tuple[str, ...]
    seed: int
    source: Any
    always: int


@dataclass(frozen=True, slots=True)
class Placebo:
    """One placebo launch: the headline of its estimate, or the reason there is none."""

    value: float = 0.0
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    level: float = 0.95
    baseline: float = 0.0
    fit: float | None = None
    inference: str = ""
    failed: str = ""


@dataclass(frozen=True, slots=True)
class _Task:
    """One date and duration for many sets, with what is added to the treated outcomes of each."""

    duration: int
    date: int
    sets: tuple[tuple[str, ...], ...]
    effects: tuple[float, ...]


def design(
    spec: str | Path | Mapping[str, Any] | StudySpec,
    asked: Asked | None = None,
    *,
    frame: pd.DataFrame | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> DesignResult:
    """Minimum detectable effects, realised size, and which units to treat.

    Raises:
        SpecError, DataError: as a run; E330 when no placebo launch fits into the history.
        UsageError: E611 an unknown unit; E610 an unknown analysis.
        PrivacyError: units are people, and candidates would name them.
    """
    import numpy as np

    asked = asked or Asked()
    say = progress or (lambda line: None)
    say("reading the history")
    history = open_history(spec, asked, frame=frame)
    rng = _generator(history.seed, "design")
    sets, possible, notes = _sets(history, asked, rng)
    durations = asked.durations or (max(1, len(history.panel.axis) // 4),)
    results: dict[int, dict[int, DurationPower]] = {i: {} for i in range(len(sets))}
    kept: dict[tuple[int, int], tuple[Floats, Floats]] = {}
    hows: list[str] = []
    huge = 1e3 * float(np.nanmax(np.abs(history.panel.wide().outcome)))
    with _Pool(spec, asked, history, frame, jobs) as pool:

        def measure(members: Sequence[int], duration: int, what: str) -> None:
            dates, reason = _dates(history, duration)
            most = max(2, asked.fits // max(len(members), 1))
            chosen = dates if len(dates) <= most else sorted(rng.choice(dates, most, replace=False).tolist())
            few = tuple(sets[i] for i in members)
            found: list[list[Placebo]] = []
            for k, done in enumerate(pool.run([_Task(duration, d, few, (0.0,) * len(few)) for d in chosen])):
                found.append(done)
                if k % max(1, len(chosen) // 8) == 0:
                    say(f"{duration} {history.panel.axis.noun}s after: placebo date {k + 1} of {len(chosen)}, {what}")
            sure = (
                next(iter(pool.run([_Task(duration, chosen[-1], few, (huge,) * len(few))])))
                if chosen
                else [Placebo()] * len(few)
            )
            for k, i in enumerate(members):
                if not chosen:
                    results[i][duration] = DurationPower(duration, reason=reason)
                    continue
                column = [row[k] for row in found]
                hows.extend(p.inference for p in column if not p.failed)
                one, levels, shares = _power(history, column, duration, len(dates), len(chosen) < len(dates))
                results[i][duration] = replace(one, smallest_p=sure[k].p_value)
                kept[i, duration] = (levels, shares)

        for duration in durations:
            measure(range(len(sets)), duration, "1 set" if len(sets) == 1 else f"{len(sets)} sets")
        order = _order(results)
        if len(sets) > FINALISTS and any(d.sampled for i in order for d in results[i].values()):
            # The first of many, each judged by few launches, was also lucky: the leaders are measured on more, and ranked anew.
            leaders = sorted(order[:FINALISTS])
            for duration in durations:
                measure(leaders, duration, f"the {len(leaders)} leading sets")
            order = _order({i: results[i] for i in leaders}) + [i for i in order if i not in leaders]
        ranks = {i: r + 1 for r, i in enumerate(order)}
        if order:
            _check_injected(history, pool, results[order[0]], sets[order[0]], say)
    candidates = [
        Candidate(
            s,
            ranks.get(i),
            tuple(results[i].values()),
            bool(history.planned) and set(s) == set(history.planned),
            ""
            if i in ranks
            else next((d.reason for d in results[i].values() if d.reason), "no effect would be detected often enough"),
        )
        for i, s in enumerate(sets)
    ]
    candidates.sort(key=lambda c: (c.rank is None, c.rank or 0, c.units))
    curve: tuple[PowerPoint, ...] = ()
    if order:
        shown = {d: kept[order[0], d] for d in durations if (order[0], d) in kept}
        curve = _curve(history, asked, tuple(results[order[0]].values()), shown)
    if history.always:
        who = "1 unit" if history.always == 1 else f"{history.always} units"
        notes.append(f"{who} treated from the first period on left out.")
    if not sets:
        notes.append("No unit may be treated: the donors that the study includes and excludes leave none over.")
    return _result(history, candidates, curve, notes, possible, next(iter(hows), ""))


def open_history(
    spec: str | Path | Mapping[str, Any] | StudySpec, asked: Asked, *, frame: pd.DataFrame | None = None
) -> History:
    """The primary metric before the first launch, nobody treated."""
    import numpy as np

    from causal_eval.data.connect import open_source
    from causal_eval.data.contract import Panel
    from causal_eval.data.shape import check_expectations, shape
    from causal_eval.design.design import Design
    from causal_eval.plan import read_study
    from causal_eval.study import _chosen, _with_frame

    document, study, plan = read_study(_with_frame(spec) if frame is not None else spec)
    analyses = _chosen(plan, asked.only, asked.seed, 1)
    analysis = next((a for a in analyses if a.role == "primary"), analyses[0])
    source = open_source(study.data, base=document.path.parent, frame=frame)
    check_expectations(source, study.data.expect)
    metric = _primary(study)
    panel = shape(
        source,
        study.roles,
        metric,
        study.design,
        fixed_effects=plan.fixed_effects,
        predictors=plan.predictors,
        as_of=study.data.as_of,
        history=True,
    )
    if not isinstance(panel, Panel) or not panel.has_units:
        raise DataError(
            "E330",
            "placebo launches need the same units over time, and the roles describe none",
            where="roles.unit",
            hint="Set roles.unit and roles.time.",
        )
    wide = panel.wide()
    always = [str(u) for u, w in zip(wide.units, wide.start, strict=True) if w <= panel.axis.first]
    if len(always) == len(wide.units):
        raise DataError(
            "E330",
            "every unit is treated from the first period on: there is no history before the launch",
            hint="Load earlier periods.",
        )
    panel = panel.without(always)
    wide = panel.wide()
    planned = tuple(str(u) for u, w in zip(wide.units, wide.start, strict=True) if np.isfinite(w))
    if planned and (first := int(np.min(wide.start))) <= panel.axis.last:
        panel = panel.before(first)
    if study.privacy.unit_is_person and (not planned or asked.candidates is not None):
        raise PrivacyError(
            "E701",
            "candidates are named, and the units of this study are people (privacy.unit_is_person)",
            hint="Say who will be treated (roles.treated_units, roles.first_treated), or aggregate to a unit that is not a person.",
        )
    looked = replace(Design.of(study.design.model_copy(update={"pre": None, "post": None}), panel.axis))
    seed = study.study.seed if asked.seed is None else asked.seed
    return History(document, study, panel.untreated(), looked, analysis, planned, seed, source, len(always))


def _primary(study: StudySpec) -> MetricSpec:
    return next(m for m in study.metrics if study.metric_role(m) == "primary")


def _generator(seed: int, *names: str) -> np.random.Generator:
    from causal_eval.study import generator

    return generator(seed, *names)


def _sets(history: History, asked: Asked, rng: np.random.Generator) -> tuple[list[tuple[str, ...]], int, list[str]]:
    """Candidate sets, how many there could be, and what to say about them."""
    names = [str(u) for u in history.panel.wide().units]
    for name in asked.treat:
        if name not in names:
            raise UsageError("E611", f"`{name}` is not a unit of the data", hint=str(suggest(name, names)))
    given = asked.treat or history.planned
    if given and asked.candidates is None:
        return [tuple(sorted(given, key=names.index))], 1, []
    donors = getattr(history.analysis.estimator, "donors", None)
    allowed = [
        n for n in names if donors is None or (n not in donors.exclude and (not donors.include or n in donors.include))
    ]
    most = asked.candidates or 50
    counts = [comb(len(allowed), k) for k in range(1, min(asked.size, len(allowed) - 1) + 1)]
    sets: list[tuple[str, ...]] = []
    notes = []
    for k, count in enumerate(counts, start=1):
        room = most - len(sets)
        if count <= room:
            sets += list(combinations(allowed, k))
            continue
        if room > 0:
            sets += _drawn(allowed, k, count, room, rng)
            notes.append(
                f"Of {count:,} sets of {k} units, {room} were drawn with seed {history.seed}; raise --candidates for more."
            )
        else:
            notes.append(f"The {count:,} sets of {k} units were not tried; raise --candidates for some.")
    extra = tuple(sorted(given, key=names.index))
    if extra and extra not in sets:
        sets.insert(0, extra)
    return sets, sum(counts), notes


def _drawn(allowed: Sequence[str], k: int, count: int, room: int, rng: np.random.Generator) -> list[tuple[str, ...]]:
    """``room`` different sets of ``k``, in the order of enumeration."""
    if count <= 200_000:
        picked = sorted(rng.choice(count, room, replace=False).tolist())
        every = combinations(allowed, k)
        out, at = [], 0
        for p in picked:
            out.append(next(islice(every, p - at, None)))
            at = p + 1
        return out
    seen: set[tuple[int, ...]] = set()
    while len(seen) < room:
        seen.add(tuple(sorted(rng.choice(len(allowed), k, replace=False).tolist())))
    return [tuple(allowed[i] for i in s) for s in sorted(seen)]


def _dates(history: History, duration: int) -> tuple[list[int], str]:
    """Placebo dates with the whole duration after them and at least two thirds of the history, if that is possible, before them."""
    periods = history.panel.axis.ordinals
    T, d = len(periods), history.design
    needed = _needed(history)
    if duration <= d.washout:
        return [], f"{duration} periods are within the washout of {d.washout}"
    if T - duration < needed:
        return (
            [],
            f"{T} periods of history leave {max(T - duration, 0)} before a launch of {duration}, and {needed} are needed",
        )
    return [periods[t] for t in range(_least(history, duration), T - duration + 1)], ""


def _needed(history: History) -> int:
    return max(history.analysis.estimator.info.min_pre_periods, 1) + history.design.anticipation


def _least(history: History, duration: int) -> int:
    """Periods before the first placebo launch: two thirds of the history, if the duration leaves them.

    The launch will have all of it; with fewer periods to learn from, the estimate is noisier than it will be.
    """
    T = len(history.panel.axis)
    return max(_needed(history), min(2 * T // 3, T - duration))


def at_date(history: History, task: _Task) -> list[Placebo]:
    """The placebo launches of one date."""
    axis = history.panel.axis
    at = axis.index(task.date)
    window = history.panel.between(axis.first, axis.ordinals[at + task.duration - 1])
    return [_placebo(history, window, task, s, e) for s, e in zip(task.sets, task.effects, strict=True)]


def _placebo(history: History, window: Panel, task: _Task, units: tuple[str, ...], effect: float) -> Placebo:
    import numpy as np

    label = history.panel.axis.label(task.date)
    rng = _generator(history.seed, "placebo", str(task.duration), label, *units)
    try:
        panel = replace(window.launched(units, task.date, effect=effect), segments=())
        estimate = history.analysis.estimator.estimate(panel, history.design, rng=rng)
    except CausalEvalError as e:
        return Placebo(failed=e.message)
    except (ArithmeticError, ValueError) as e:
        return Placebo(failed=f"{type(e).__name__}: {e}")
    wide = panel.wide()
    rows = np.isfinite(wide.start)
    after = np.array(panel.axis.ordinals) >= task.date
    h = estimate.headline
    fit = estimate.details.get("pre_rmspe")
    return Placebo(
        h.value,
        h.interval.low if h.interval else None,
        h.interval.high if h.interval else None,
        h.p_value,
        estimate.level,
        float(np.nanmean(wide.outcome[np.ix_(rows, after)])) - effect,
        float(fit) if isinstance(fit, float) else None,
        estimate.inference,
    )


def _power(
    history: History, found: list[Placebo], duration: int, admissible: int, sampled: bool
) -> tuple[DurationPower, Floats, Floats]:
    """Power over the placebo launches of one set; thresholds, absolute and relative."""
    import numpy as np

    from causal_eval.inference.power import minimum_detectable, rejected, share_error, threshold

    good = [p for p in found if not p.failed]
    if not good:
        why = found[0].failed if found else "no placebo launch"
        return DurationPower(duration, admissible=admissible, failed=len(found), reason=why), np.zeros(0), np.zeros(0)
    alpha = 1 - good[0].level
    levels = np.array(
        [threshold(p.value, p.low, p.high, p.p_value, alpha=alpha + SLACK, rise=r) for r in (True, False) for p in good]
    )
    base = np.array([p.baseline for p in good] * 2)
    size = float(np.mean([rejected(p.low, p.high, p.p_value, alpha=alpha + SLACK) for p in good]))
    metric = _primary(history.study)
    spread = float(np.nanstd(history.panel.wide().outcome))
    relative = None
    shares = np.zeros(0)
    if metric.in_logs:
        n = len(good)
        shares = np.concatenate([np.exp(levels[:n]) - 1, 1 - np.exp(-levels[n:])])
    elif bool((base > 1e-6 * spread).all()):
        shares = levels / base
    if len(shares):
        relative = minimum_detectable(shares, POWER)
    fits = [p.fit for p in good if p.fit is not None]
    values = np.array([p.value for p in good])
    mde = minimum_detectable(levels, POWER)
    apart = max(1, (len(history.panel.axis) - _least(history, duration)) // duration)
    trusted = size <= alpha + 2 * sqrt(alpha * (1 - alpha) / apart) or size * len(good) < 1.5
    reason = (
        ""
        if trusted
        else (
            f"finds an effect in {size:.0%} of {len(good)} placebo launches, where there was none: the set drifts from its controls"
        )
    )
    return (
        DurationPower(
            duration,
            mde,
            relative,
            float(base.mean()),
            size,
            float(np.sqrt((values**2).mean())),
            float(values.mean()),
            float(np.sqrt(np.mean(np.square(fits)))) if fits else None,
            None,
            len(good),
            admissible,
            len(found) - len(good),
            sampled,
            share_error(size, len(good)) if sampled else None,
            share_error(POWER, len(good)) if sampled else None,
            reason or ("" if mde is not None else _hopeless(good, alpha)),
        ),
        levels,
        shares,
    )


def _hopeless(good: list[Placebo], alpha: float) -> str:
    if all(p.low is None for p in good):
        return f"the test gives no {1 - alpha:.0%} interval in this data: too few controls, or a perfect fit before the launch"
    return "no effect, however large, is detected in 80% of the placebo launches"


def _order(results: Mapping[int, Mapping[int, DurationPower]]) -> list[int]:
    """The sets that can be judged, best first: by MDE at the longest duration, relative where every one has it, then by noise."""
    last = {i: r[max(r)] for i, r in results.items()}
    alone = len(results) == 1  # nothing to prefer to it: its power is told, with the reason to doubt it
    judged = [i for i, d in last.items() if d.mde is not None and (alone or not d.reason)]
    relative = all(last[i].mde_relative is not None for i in judged)

    def key(i: int) -> tuple[float, float, int]:
        d = last[i]
        size = d.mde_relative if relative else d.mde
        return size or 0.0, d.noise or 0.0, i

    return sorted(judged, key=key)


def _check_injected(
    history: History,
    pool: _Pool,
    results: dict[int, DurationPower],
    units: tuple[str, ...],
    say: Progress,
) -> None:
    """Put the best set's minimum detectable effect into the history and estimate again."""
    from causal_eval.inference.power import threshold

    for d in tuple(results.values()):
        if d.mde is None:
            continue
        dates, _ = _dates(history, d.duration)
        n = min(CHECKED // 2, len(dates))
        chosen = [dates[round(i * (len(dates) - 1) / max(n - 1, 1))] for i in range(n)]
        say(
            f"{d.duration} {history.panel.axis.noun}s after: putting the minimum detectable effect into {2 * n} placebo launches"
        )
        effect = d.mde * (1 + 1e-6)
        tasks = [_Task(d.duration, t, (units, units), (effect, -effect)) for t in chosen]
        seen = [
            (p.value > 0) == rise
            and threshold(p.value, p.low, p.high, p.p_value, alpha=1 - p.level + SLACK, rise=rise) == 0.0
            for row in pool.run(tasks)
            for p, rise in zip(row, (True, False), strict=True)
            if not p.failed
        ]
        if seen:
            results[d.duration] = replace(d, injected=Injected(effect, sum(seen) / len(seen), len(seen)))


def _curve(
    history: History, asked: Asked, best: Sequence[DurationPower], kept: Mapping[int, tuple[Floats, Floats]]
) -> tuple[PowerPoint, ...]:
    """Power of the best set by effect and duration."""
    from causal_eval.inference.power import power_at, share_error

    longest = max((d for d in best if d.mde is not None), key=lambda d: d.duration)
    effects = asked.effects
    if not effects:
        relative = longest.mde_relative is not None
        unit = longest.mde_relative if relative else longest.mde
        assert unit is not None
        effects = tuple((float(f"{s * unit:.2g}"), relative) for s in STEPS)
    out = []
    for d in best:
        if d.duration not in kept or not len(kept[d.duration][0]):
            continue
        levels, shares = kept[d.duration]
        for size, relative in effects:
            if relative and not len(shares):
                raise UsageError(
                    "E612",
                    "a relative effect needs a level that is clearly above zero",
                    where="--effect",
                    hint="Give --effect in the metric's units.",
                )
            power = power_at(shares if relative else levels, size)
            base = d.baseline if not history.panel.metric.in_logs else None
            absolute = size * base if relative and base is not None else size
            share = size if relative else size / base if base and len(shares) else None
            error = share_error(power, d.n) if d.sampled else None
            out.append(PowerPoint(d.duration, absolute, share, power, error))
    return tuple(out)


def _result(
    history: History,
    candidates: list[Candidate],
    curve: tuple[PowerPoint, ...],
    notes: list[str],
    possible: int,
    how: str,
) -> DesignResult:
    from causal_eval.describe import metric_infos, provenance, question

    axis = history.panel.axis
    info = next(i for i in metric_infos(history.study) if i.role == "primary")
    estimator = history.analysis.estimator
    people = history.study.privacy.unit_is_person
    if people:
        candidates = [replace(c, units=(f"the {len(c.units)} planned units",)) for c in candidates]
    return DesignResult(
        question(history.study),
        info,
        history.panel.metric.in_logs,
        history.analysis.name,
        history.analysis.method,
        how,
        float(getattr(estimator, "level", 0.95)),
        POWER,
        axis.labels[0],
        axis.labels[-1],
        axis.noun,
        len(axis),
        len(history.panel.wide().units),
        len(candidates),
        possible,
        tuple(candidates),
        curve,
        tuple(notes),
        provenance(history.document, history.source, history.seed),
    )


class _Pool:
    """Where tasks run: here, or in processes that open the same study, with the same results in the same order."""

    def __init__(self, spec: Any, asked: Asked, history: History, frame: Any, jobs: int) -> None:
        self.history = history
        self.executor: Any = None
        if jobs > 1:
            from concurrent.futures import ProcessPoolExecutor
            from multiprocessing import get_context

            self.executor = ProcessPoolExecutor(
                jobs, mp_context=get_context("spawn"), initializer=_open_worker, initargs=(spec, asked, frame)
            )

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        if self.executor is not None:
            self.executor.shutdown(cancel_futures=True)

    def run(self, tasks: Sequence[_Task]) -> Iterator[list[Placebo]]:
        """The placebos of each task, in order."""
        if self.executor is None or len(tasks) == 1:
            return (at_date(self.history, t) for t in tasks)
        found: Iterator[list[Placebo]] = self.executor.map(_work, tasks)
        return found


_opened: dict[str, History] = {}


def _open_worker(spec: Any, asked: Asked, frame: Any) -> None:
    _opened["history"] = open_history(spec, asked, frame=frame)


def _work(task: _Task) -> list[Placebo]:
    return at_date(_opened["history"], task)
