"""Effects by declared segment of a panel: the same estimator on each segment's units, with intervals that hold for all at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from causal_eval.errors import CausalEvalError

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import Panel
    from causal_eval.data.segments import Column, Segment
    from causal_eval.design.design import Design
    from causal_eval.results.types import Effect, Estimate, Json

FEW_UNITS = 3
"""Treated, and untreated, units that a segment needs; fewer leave next to nothing to compare."""
FEW_ROWS = 20
"""The same in rows of a repeated cross-section."""
MOST = 30
"""Labels of a column beyond which it is no segment but a name."""


def with_segments(
    estimator: Any, whole: Estimate, data: Panel, design: Design | None, rng: np.random.Generator
) -> Estimate:
    """``whole`` with an effect a segment, and in ``details["segments"]`` what was left out and whether segments differ.

    Each segment's interval is its own at the level 1 - (1 - level) / K and its p-value K times its own, for K segments of
    all columns together (Bonferroni), by whatever procedure the estimator chose for it. Placebos and references have none.
    """
    from causal_eval.data.segments import columns, only

    if not data.segments or data.on_off or whole.estimand == "twfe" or (design and design.treated is not None):
        return whole
    few = FEW_UNITS if data.has_units else FEW_ROWS
    declared = columns(data)
    chosen = [
        (c, s) for c in declared if len(c.segments) <= MOST for s in c.segments if min(s.treated, s.untreated) >= few
    ]
    level = float(whole.level)
    model = estimator.model_copy(update={"level": 1 - (1 - level) / max(len(chosen), 1), "event_study": False})
    found: dict[tuple[str, str], Estimate] = {}
    refused: dict[tuple[str, str], str] = {}
    for c, s in chosen:
        try:
            found[c.name, s.label] = model.estimate(only(data, c.name, s.label), design, rng=rng)
        except CausalEvalError as e:
            refused[c.name, s.label] = e.message
    effects = tuple(_effect(name, label, e, level, len(chosen)) for (name, label), e in found.items())
    told: dict[str, Json] = {c.name: _told(c, found, refused, few, data) for c in declared}
    return replace(whole, effects=whole.effects + effects, details={**whole.details, "segments": told})


def _effect(column: str, label: str, e: Estimate, level: float, k: int) -> Effect:
    """A segment's headline as a row of the whole, its interval and p-value for all K at once."""
    head = e.headline
    interval = head.interval
    if interval is not None:
        interval = replace(interval, level=level, method=f"{interval.method}; Bonferroni over {k} segments")
    own = head.note.rstrip(".")
    joint = (
        "interval and p-value hold for all segments at once" if interval else "p-value holds for all segments at once"
    )
    return replace(
        head,
        aggregation=f"segment:{column}={label}",
        p_value=None if head.p_value is None else min(1.0, k * head.p_value),
        interval=interval,
        n_rows=e.sample.n_rows,
        n_units=e.sample.n_units,
        n_treated=e.sample.n_treated,
        note=f"{own}; {joint}" if own else joint,
    )


def _told(
    c: Column, found: dict[tuple[str, str], Estimate], refused: dict[tuple[str, str], str], few: int, data: Panel
) -> Json:
    """What was left out of a column and why, and the test of whether its segments differ."""
    noun = "units" if data.has_units else "rows"
    why: dict[str, Json] = {
        s.label: _reason(c, s, refused, few, noun) for s in c.segments if (c.name, s.label) not in found
    }
    if len(c.segments) > MOST:
        why = {"all": f"{len(c.segments)} labels are more than the {MOST} that can be told apart"}
    test, untested = _differ(
        {s.label: found[c.name, s.label] for s in c.segments if (c.name, s.label) in found}, c, data
    )
    return {
        "left_out": why, "changes": c.changes, "missing": c.missing, "noun": noun, "test": test, "untested": untested,
    }  # fmt: skip


def _reason(c: Column, s: Segment, refused: dict[tuple[str, str], str], few: int, noun: str) -> str:
    return refused.get((c.name, s.label)) or f"fewer than {few} treated or {few} untreated {noun}"


def _differ(parts: dict[str, Estimate], c: Column, data: Panel) -> tuple[Json, str]:
    """Welch's test of one effect for all segments of a column, or why there is none."""
    import numpy as np

    from causal_eval.data.segments import apart
    from causal_eval.inference.few_clusters import ClusterCount
    from causal_eval.inference.welch import welch

    if len(parts) < 2:
        return None, "fewer than two segments have an effect"
    if not apart(data, c.name):
        return None, "their estimates share clusters, and the test takes independent ones"
    errors, df = [], []
    for e in parts.values():
        s, error = e.sample, e.headline.std_error
        treated = s.n_treated if s.n_treated_clusters is None else s.n_treated_clusters
        control = s.n_control if s.n_control_clusters is None else s.n_control_clusters
        counted = ClusterCount(s.n_clusters or 0, treated, control, True)
        if s.n_clusters is not None and counted.few:
            return None, "a segment has too few clusters for it"
        if not error:
            return None, "a segment has no standard error"
        errors.append(error)
        df.append(float((s.n_clusters or s.n_rows) - 1))
    t = welch(np.array([e.headline.value for e in parts.values()]), np.array(errors), np.array(df))
    return {"statistic": t.statistic, "df1": t.df1, "df2": t.df2, "p_value": t.p_value}, ""
