"""Does the estimator find an effect where nothing was launched? The same estimate at earlier, made-up launch dates.

Of a rollout, each cohort's: the cohort and the never treated, before the cohort's launch, with an earlier launch made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num, p_text

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import Panel
    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict

MOST_DATES = 8
"""Made-up dates tried at most, spread over the pre-periods."""
MOST_LAUNCHES = 24
"""The same for a rollout, over its cohorts; each has at least one."""
MOST_RESAMPLED = 6
"""The same where every estimate resamples its cohorts, which takes seconds."""


class PlaceboInTime:
    """Refit on the pre-period with launches that did not happen."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "placebo_in_time",
        "parallel_trends",
        "Does the same estimate, at dates when nothing was launched, find nothing?",
        "An effect at a made-up date means the groups differ in their path, not only in their level.",
        also=("donors_span",),
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """The smallest p-value over the made-up launches, Bonferroni-adjusted for their number."""
        from causal_eval.data.contract import Panel
        from causal_eval.design.block import adoption
        from causal_eval.errors import EstimatorRefusal

        data, design = fitted.data, fitted.design
        if not isinstance(data, Panel):
            return diagnostic(self.info, "not_run", "There is no time before the treatment in this data.")
        starts = adoption(data, design)
        if not starts:
            return diagnostic(self.info, "not_run", "No launch falls inside the data's periods.")
        tried = list(_cohorts(fitted, starts) if len(starts) > 1 else _dates(fitted, starts[0], MOST_DATES))
        if not tried:
            why = "One pre-period leaves no date to make up."
            if len(starts) > 1:
                why = "No cohort has two periods before its launch: there is no date to make up."
            return diagnostic(self.info, "not_run", why)
        found = []
        quick = fitted.headline_only()
        for cohort, date, history in tried:
            try:
                estimate = quick.again(history, design.starting(date), rng=rng)
            except EstimatorRefusal:
                continue
            if estimate.headline.p_value is not None:
                label = data.axis.label(date) + (f" (cohort {cohort})" if len(starts) > 1 else "")
                found.append((label, estimate.headline.value, estimate.headline.p_value))
        if not found:
            why = "No made-up date could be estimated."
            if len(starts) > 1:
                why = (
                    "No made-up launch of a cohort could be estimated: without never-treated units there is no control."
                )
            return diagnostic(self.info, "not_run", why)
        worst = min(found, key=lambda f: f[2])
        p = min(1.0, worst[2] * len(found))
        verdict: Verdict = "pass" if p >= thresholds.alpha else "warn" if p >= thresholds.alpha_fail else "fail"
        largest = max(found, key=lambda f: abs(f[1]))
        headline = fitted.estimate.headline.value
        share = f", {_against(abs(largest[1] / headline))} the headline's size" if headline else ""
        kind = "made-up launches of single cohorts" if len(starts) > 1 else "made-up dates"
        n = (
            f"1 {kind.replace('launches', 'launch').replace('dates', 'date')}"
            if len(found) == 1
            else f"{len(found)} {kind}"
        )
        reading = (
            f"At {n} before the launch nothing stands out ({p_text(p)} for all of them together); "
            if verdict == "pass"
            else f"At {worst[0]}, when nothing was launched, the estimate is {num(worst[1])} ({p_text(p)}, allowing for {n}); "
        ) + f"the largest made-up effect is {num(largest[1])}, at {largest[0]}{share}."
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=largest[1],
            statistic_name="largest made-up effect",
            threshold=thresholds.alpha,
            p_value=p,
            details={"dates": [{"date": d, "value": v, "p_value": q} for d, v, q in found]},
        )


def _dates(fitted: Fitted, start: int, most: int) -> Iterator[tuple[str, int, Panel]]:
    """(cohort, made-up date, the rows before the launch at ``start``), at most ``most``, spread over the pre-periods."""
    data, design = fitted.data, fitted.design
    before = [t for t in data.axis.ordinals if t < start and design.keeps(t, start)]  # type: ignore[union-attr]
    before = before[: len(before) - design.anticipation] if design.anticipation else before
    dates = before[1:]
    if len(dates) > most:
        dates = [dates[round(i * (len(dates) - 1) / max(most - 1, 1))] for i in range(most)]
    for date in dates:
        yield data.axis.label(start), date, data.between(before[0], before[-1])  # type: ignore[union-attr]


def _cohorts(fitted: Fitted, starts: tuple[int, ...]) -> Iterator[tuple[str, int, Panel]]:
    """The same for a rollout: each cohort beside the never treated, without the other cohorts."""
    data = fitted.data
    slow = "randomisation" in fitted.estimate.inference or "bootstrap" in fitted.estimate.inference
    most = MOST_RESAMPLED if slow else MOST_LAUNCHES
    n = min(most, len(starts))
    chosen = [starts[round(i * (len(starts) - 1) / max(n - 1, 1))] for i in range(n)]
    for start in chosen:
        alone = data.only_cohort(start)  # type: ignore[union-attr]
        yield from _dates(replace(fitted, data=alone), start, max(1, most // len(chosen)))


def _against(ratio: float) -> str:
    """A size against another: in per cent up to double, beyond that in times."""
    return f"{ratio:.0%} of" if ratio < 2 else f"{ratio:.1f} times" if ratio < 10 else f"{ratio:,.0f} times"


plugin: type[Check] = PlaceboInTime
