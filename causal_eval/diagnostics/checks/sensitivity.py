"""How wrong may parallel trends be before the result goes? Sets and breakdown values of Rambachan & Roth (2023).

The average effect after the launch is measured from the base period, by the event study; periods after the base that the
headline leaves out (washout, anticipation) take part with no weight. The sets take the coefficients as normal with the
estimated covariance (:mod:`causal_eval.inference.honest`), which holds in large samples: with few clusters they are
somewhat too short, and no correction is made for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, EventStudy, Json, Verdict

    Floats = NDArray[np.float64]

MBARS = (0.5, 1.0, 1.5, 2.0)
"""Departures after the launch, in multiples of the largest step before it."""
MOST_MBAR = 5.0
"""Breakdown values are not looked for beyond it."""
BENDS = (0.0, 0.5, 1.0, 2.0)
"""Changes of slope, in multiples of the largest one between the leads."""
MOST_EVENTS = 12
"""Event times with a set of their own at most, the first after the launch."""
MOST_LEADS = 8
"""Leads used at most, the nearest ones: a step years before the launch says little about those after it."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive coefficients around the base, in order of time: ``n_pre`` leads, then those after the base."""

    beta: Floats
    cov: Floats
    n_pre: int
    weights: Floats
    events: tuple[int, ...]
    """Event times of the coefficients after the base, as many as ``weights``."""
    notes: tuple[str, ...]


class Sensitivity:
    """Confidence sets under departures from parallel trends, and the departure that takes the result away."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "sensitivity",
        "parallel_trends",
        "How far may the trends part after the launch before the result is gone?",
        "Trends that part after the launch by more than the breakdown value would explain the result away: name what could "
        "do that, and widen the controls or match the pre-period.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """Relative-magnitude and smoothness sets of the average effect, with their breakdown values."""
        import numpy as np

        from causal_eval.inference.honest import breakdown, relative_magnitudes

        study = fitted.estimate.event_study
        if study is None:
            return diagnostic(self.info, "not_run", "The estimate has no event study to take leads from.")
        if study.placebos:
            reason = "Inference is by permuting the assignment, which has no covariance of leads and lags to work with."
            return diagnostic(self.info, "not_run", reason)
        if not study.covariance or not study.post_weights:
            return diagnostic(self.info, "not_run", "The event study has no covariance of leads and lags to work with.")
        if not study.one_base:
            reason = (
                "Leads and lags are not measured from one base period, so departures before and after do not compare."
            )
            return diagnostic(self.info, "not_run", reason)
        run = _run(study)
        if isinstance(run, str):
            return diagnostic(self.info, "not_run", run)
        level, n_post = study.level, len(run.weights)
        try:
            sets = [
                (m, *relative_magnitudes(run.beta, run.cov, run.n_pre, n_post, run.weights, m, level=level))
                for m in MBARS
            ]
            broke = breakdown(run.beta, run.cov, run.n_pre, n_post, run.weights, level=level, most=MOST_MBAR)
            stands = _hundredths(broke.value)
            by_event = _by_event(run, level)
        except ValueError as error:
            return diagnostic(self.info, "not_run", f"No sets can be made: {error}.")
        details: dict[str, Json] = {
            "relative_magnitudes": [list(row) for row in sets],
            "breakdown_mbar": stands,
            **_smoothness(run, level),
            "no_departure": [broke.low, broke.high],
            "by_event": by_event,
            "leads": run.n_pre,
        }
        largest = float(np.abs(np.diff(np.append(run.beta[: run.n_pre], 0.0))).max())
        details["largest_step_before"] = largest
        notes = "".join(f" {note}" for note in run.notes)
        interval = fitted.estimate.headline.interval
        low, high = (interval.low, interval.high) if interval else (broke.low, broke.high)
        if low <= 0 <= high:
            _, low, high = sets[MBARS.index(1.0)]
            reading = (
                "The interval includes zero already, so there is nothing to break down; if trends part after the launch by "
                f"as much as they did before it, it would be [{num(low)}, {num(high)}]."
            )
            return diagnostic(self.info, "not_run", reading + notes, details=details)
        verdict: Verdict = "pass" if stands is None or stands >= thresholds.breakdown_mbar else "warn"
        return diagnostic(
            self.info,
            verdict,
            _reading(stands, broke.low, broke.high, largest) + notes,
            statistic=MOST_MBAR if stands is None else stands,
            statistic_name="breakdown mbar" if stands is not None else "breakdown mbar, at least",
            threshold=thresholds.breakdown_mbar,
            details=details,
        )


def _by_event(run: _Run, level: float) -> list[Json]:
    """The set of each event time after the launch by itself, for trends that part by as much as they did before it.

    Rows of event time, low and high; event times that the headline leaves out have none.
    """
    import numpy as np

    from causal_eval.inference.honest import relative_magnitudes

    n = len(run.weights)
    return [
        [event, *relative_magnitudes(run.beta, run.cov, run.n_pre, n, np.eye(n)[k], 1.0, level=level)]
        for k, event in enumerate(run.events[:MOST_EVENTS])
        if run.weights[k] > 0
    ]


def _hundredths(value: float | None) -> float | None:
    """Rounded down, so that the result still stands there and every text says the same; what is smaller stays as it is."""
    if value is None or value < 0.01:
        return value
    return floor(value * 100 + 1e-9) / 100


def _reading(value: float | None, low: float, high: float, largest: float) -> str:
    most = f"the most they did between neighbouring periods before the launch ({num(largest)})"
    if value == 0:
        return (
            f"Measured from the base period alone, the average effect has the interval [{num(low)}, {num(high)}] even under "
            "parallel trends: breakdown 0."
        )
    side = "above" if low > 0 else "below"
    if value is None:
        return (
            f"The average effect stays {side} zero even if, from one period to the next, the trends part by {num(MOST_MBAR)} "
            f"times {most}: breakdown above {num(MOST_MBAR)}."
        )
    shown = num(value)
    return (
        f"The average effect stays {side} zero while, from one period to the next, the trends part after the launch by at "
        f"most {shown} times {most}: breakdown {shown}."
    )


def _smoothness(run: _Run, level: float) -> dict[str, Json]:
    """Smoothness sets and their breakdown value; none where the covariance would allow an estimator without error."""
    import numpy as np

    from causal_eval.inference.honest import breakdown, smoothness

    n_post = len(run.weights)
    bends = np.abs(np.diff(np.append(run.beta[: run.n_pre], 0.0), n=2))
    largest = float(bends.max()) if len(bends) else 0.0
    try:
        sets: list[Json] = [
            [m, *smoothness(run.beta, run.cov, run.n_pre, n_post, run.weights, m, level=level)]
            for m in dict.fromkeys(largest * b for b in BENDS)
        ]
        broke = breakdown(run.beta, run.cov, run.n_pre, n_post, run.weights, level=level, departure="smoothness")
    except ValueError as error:
        return {"smoothness": [], "breakdown_m": None, "smoothness_reason": f"{error}"}
    return {"smoothness": sets, "breakdown_m": broke.value, "largest_bend_before": largest}


def _run(study: EventStudy) -> _Run | str:
    """The consecutive event times around the base, or why there are none to use."""
    import numpy as np

    points = [p for p in study.points if not p.reference]
    at = {p.event: i for i, p in enumerate(points)}
    usable, weight = set(study.tested()), study.post_weights
    leads: list[int] = []
    while (i := at.get(study.base - 1 - len(leads))) is not None and i in usable:
        leads.append(i)
    if not leads:
        return "There is no usable period next to the base period, before it, so no lead to measure departures by."
    notes = []
    before = sum(points[i].event < study.base for i in usable)
    if len(leads) > MOST_LEADS or len(leads) < before:
        leads = leads[:MOST_LEADS]
        notes.append(f"Of {before} leads it uses the {len(leads)} next to the base period.")
    lags: list[int] = []
    while (i := at.get(study.base + 1 + len(lags))) is not None:
        lags.append(i)
    kept = [weight[i] if i in usable else 0.0 for i in lags]
    while kept and not kept[-1]:
        kept.pop()
    total = sum(weight)
    if not kept or not sum(kept) > 0:
        return "No period after the launch follows the base period without a gap."
    if (lost := 1 - sum(kept) / total) > 1e-9:
        notes.append(f"Event times with few units, or past a gap, are left out: {lost:.0%} of the headline's average.")
    order = [*leads[::-1], *lags[: len(kept)]]
    cov = np.array(study.covariance)[np.ix_(order, order)]
    beta = np.array([points[i].value for i in order])
    events = tuple(points[i].event for i in lags[: len(kept)])
    return _Run(beta, cov, len(leads), np.array(kept) / sum(kept), events, tuple(notes))


plugin: type[Check] = Sensitivity
