"""Does the result hang on one unit, one cluster or one cohort? The same estimate without each of them.

Units are left out where there are few, else clusters where those are few. No unit or cluster is named and no estimate
without a given one is kept, only how far the estimates range: with people as units a list would tell on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import INAPPLICABLE, Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import Panel
    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Effect, Json, Verdict

MOST_REFITS = 60
"""Estimates made at most."""
MOST_RESAMPLED = 12
"""The same for a rollout whose every estimate resamples its cohorts, which takes seconds."""


@dataclass(frozen=True, slots=True)
class _Without:
    """The headline without one part: its ``kind`` (cohort, unit, cluster) and, of a cohort, the label."""

    kind: str
    label: str
    value: float
    clear: bool | None


class LeaveOneOut:
    """Refit without each cohort, and without each unit or cluster where there are few."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "leave_one_out",
        "valid_inference",
        "Does the result hang on a single unit, cluster or cohort?",
        "A result that one unit or cohort decides is a case study of it: look at what is special there, and report the "
        "estimate with and without it.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """How far the headline ranges, and whether its sign or its distance from zero changes."""
        from causal_eval.data.contract import Panel
        from causal_eval.errors import EstimatorRefusal

        data = fitted.data
        if not isinstance(data, Panel):
            return diagnostic(
                self.info,
                "not_run",
                "Rows without units over time cannot be left out a unit at a time.",
                details=INAPPLICABLE,
            )
        quick = fitted.headline_only()
        found: list[_Without] = []
        refused = 0
        for kind, label, model, rest in _parts(data, quick):
            if model is None:
                refused += 1
                continue
            try:
                head = model.again(rest, fitted.design, rng=rng).headline
            except EstimatorRefusal:
                refused += 1
                continue
            found.append(_Without(kind, label, head.value, _clear(head, thresholds.alpha)))
        if not found:
            few = f"There are more than {MOST_REFITS} units and clusters"
            if not data.has_units and not data.has_clusters:
                few = "Every row is another unit, no clusters are named"
            why = (
                "Nothing can be left out: the comparison needs every part of it."
                if refused
                else f"{few} and there is one adoption date: no single one to look at."
            )
            return diagnostic(self.info, "not_run", why)
        return self._say(fitted.estimate.headline, found, refused, fitted.estimate.sample.n_treated, thresholds)

    def _say(
        self, head: Effect, found: list[_Without], refused: int, treated: int | None, limits: Thresholds
    ) -> Diagnostic:
        whole = _clear(head, limits.alpha)
        signs = [f for f in found if (f.value > 0) != (head.value > 0)]
        turns = [f for f in found if whole is not None and f.clear is not None and f.clear != whole]
        # Around zero the sign is chance: it counts where zero is ruled out, or where that is not known.
        flipped = [f for f in found if f in turns or (f in signs and whole is not False)]
        low, high = min(f.value for f in found), max(f.value for f in found)
        kinds = [k for k in ("unit", "cluster", "cohort") if any(f.kind == k for f in found)]
        what = " and ".join(f"each of {sum(f.kind == k for f in found)} {k}s" for k in kinds)
        verdict: Verdict = "warn" if flipped else "pass"
        reading = f"Without {what} in turn the headline, {num(head.value)}, lies between {num(low)} and {num(high)}; "
        if not flipped:
            reading += (
                f"its interval holds zero throughout, and its sign changes in {len(signs)} of {len(found)}."
                if signs
                else "neither its sign nor whether its interval holds zero ever changes."
            )
        else:
            parts = [f"its sign changes in {len(signs)} of {len(found)}"] if signs else []
            if turns:
                now = "comes to include" if whole else "leaves out"
                parts.append(f"its interval {now} zero in {len(turns)} of {len(found)}")
            reading += " and ".join(parts) + "."
            named = [f.label for f in flipped if f.kind == "cohort"]
            if named:
                reading += f" Cohorts it hangs on: {', '.join(named)}."
        if refused:
            left = f"{refused} parts" if refused > 1 else "1 part" if treated != 1 else "The only treated unit"
            reading += f" {left} cannot be left out, because nothing to compare would remain."
        cohorts: list[Json] = [{"cohort": f.label, "value": f.value} for f in found if f.kind == "cohort"]
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=float(len(flipped)),
            statistic_name="estimates that change sign or significance",
            threshold=0.0,
            details={
                "refits": len(found),
                "refused": refused,
                "lowest": low,
                "highest": high,
                "sign_changes": len(signs),
                "significance_changes": len(turns),
                "cohorts": cohorts,
            },
        )


def _parts(data: Panel, whole: Fitted) -> Iterator[tuple[str, str, Fitted | None, Panel]]:
    """(kind, label of a cohort, the estimate to make again, the data without it); no estimate where none can be made.

    Units that the study keeps out of the donor pool have no part in the estimate.
    """
    import numpy as np

    from causal_eval.design.block import adoption

    design, inference = whole.design, whole.estimate.inference
    starts = adoption(data, design)
    room = MOST_REFITS
    if len(starts) > 1:
        if "randomisation" in inference or "bootstrap" in inference:
            room = MOST_RESAMPLED
        # With many cohorts, those spread evenly over time.
        n = min(len(starts), room)
        for i in range(n):
            start = starts[round(i * (len(starts) - 1) / max(n - 1, 1))]
            yield "cohort", data.axis.label(start), whole, data.without_cohort(start)
        room -= n
    if not data.has_units:
        clusters = data.cluster_values()
        if 1 < len(clusters) <= room:
            for value in clusters:
                yield "cluster", "", whole, data.without_cluster(value)
        return
    wide = data.wide()
    names = [str(u) for u in wide.units]
    donors = getattr(whole.estimator, "donors", None)
    if donors is not None:
        treated = {u for u, start in zip(names, wide.start, strict=True) if np.isfinite(start)} | set(
            design.treated or ()
        )
        names = [u for u in names if u in treated or donors.may_be(u)]
    if len(names) <= room:
        for name in names:
            left = None if donors is None else donors.lacking(name)
            model = whole if donors is None else None if left is None else whole.having(donors=left)
            yield "unit", "", model, data.without([name])
    elif data.has_clusters and not wide.cluster_varies and 1 < (n := int(wide.cluster.max()) + 1) <= room:
        for g in range(n):
            gone = [str(u) for u, c in zip(wide.units, wide.cluster, strict=True) if c == g]
            yield "cluster", "", whole, data.without(gone)


def _clear(effect: Effect, alpha: float) -> bool | None:
    """Whether zero is ruled out: by the interval, else by the p-value; None where there is neither."""
    if effect.interval is not None:
        return not effect.interval.low <= 0 <= effect.interval.high
    return None if effect.p_value is None else effect.p_value < alpha


plugin: type[Check] = LeaveOneOut
