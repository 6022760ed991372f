"""The numbers of the write-up: p-values, counts, phrases; effects come from :mod:`causal_eval.plots.numbers`.

One rounding rule for everything: two significant digits of the standard error decide the decimals of the value and of
both ends of its interval.
"""

from __future__ import annotations

from causal_eval.plots.numbers import (
    LOGS,
    MINUS,
    RELATIVE,
    Unit,
    amount,
    beside,
    change,
    decimals,
    effect_text,
    error_of,
    fixed,
    interval_text,
    is_log,
    level,
    p_text,
    plain,
    share,
    unit_of,
)
from causal_eval.results.types import Effect

__all__ = [
    "LOGS",
    "MINUS",
    "RELATIVE",
    "Unit",
    "amount",
    "beside",
    "change",
    "count",
    "decimals",
    "effect_text",
    "error_of",
    "fixed",
    "interval_phrase",
    "interval_text",
    "is_log",
    "level",
    "p_text",
    "plain",
    "share",
    "unit_of",
]


def count(n: int) -> str:
    """A whole number with its thousands separated."""
    return fixed(n, 0)


def interval_phrase(effect: Effect, unit: Unit, *, words: bool = False, bare: bool = False) -> str:
    """``95% interval +0.92 to +3.70 pp``; where there is none, the note that says why."""
    if effect.interval is None:
        return effect.note.rstrip(".") or "no interval"
    return f"{share(effect.interval.level)} interval {interval_text(effect, unit, words=words, bare=bare)}"
