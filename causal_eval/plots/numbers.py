"""How a number is written: the one rounding rule, the units of a metric, effects and intervals.

Round by the standard error: two significant digits of the error decide the decimals of the value, of the error and
of both ends of the interval. Absolute changes of a share are percentage points, relative changes are per cent, and
no text mixes the two. Prose, tables, figures and alt texts all come through here (:mod:`causal_eval.report.numbers`
adds what only the write-up needs).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from statistics import NormalDist

from causal_eval.results.types import PERCENT, Effect, MetricInfo, StudyResult

MINUS = "\u2212"
_WIDE = Context(prec=80)
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_CURRENCY = "$€£¥"
_SYMBOL = re.compile(r"(?<![\w`])([A-Za-z]{1,3}) ([=<>≤≥]) (?=[-+\u2212]?[.\d])")
_POINTS = re.compile(r"(?<=\d) (?=pp\b)")


@dataclass(frozen=True, slots=True)
class Unit:
    """How the values of a metric are shown: ``shown = stored * factor`` with what stands before and after."""

    factor: float = 1.0
    before: str = ""
    level: str = ""
    """After a level: ``%``, `` minutes``, `` in logs``."""
    change: str = ""
    """After a change, short: `` pp``."""
    words: str = ""
    """After a change, in prose: `` percentage points``."""


RELATIVE = Unit(100.0, "", "%", "%", "%")
"""A share of the counterfactual, stored as a fraction."""
POINTS = Unit(100.0, "", "%", " pp", " percentage points")
"""A metric on the 0 to 1 scale."""

LOGS = Unit(1.0, "", " in logs", " log points", " log points")
"""The natural logarithm of a metric."""


def unit_of(metric: MetricInfo, *, log: bool = False) -> Unit:
    """The unit of a metric's levels and absolute changes.

    A ratio is stored as numerator over denominator, so that one in per cent is a share, told in points as proportions are;
    other kinds in per cent are so already as they are stored.
    """
    if log:
        return LOGS
    units = metric.units.strip() or ("days" if metric.kind == "duration" else "")
    percent = units.lower() in PERCENT
    if metric.kind in ("proportion", "prevalence") or (metric.kind == "ratio" and percent):
        return POINTS
    if percent:
        return Unit(1.0, "", "%", " pp", " percentage points")
    if units and units in _CURRENCY:
        return Unit(1.0, units)
    after = f" {units}" if units else ""
    return Unit(1.0, "", after, after, after)


def is_log(result: StudyResult, metric: str) -> bool:
    """Whether the study analysed the logarithm of that metric."""
    said = result.spec.get("metrics")
    rows = said if isinstance(said, list) else []
    return any(isinstance(r, dict) and r.get("name") == metric and r.get("log") in (True, "taken") for r in rows)


def decimals(error: float | None, value: float = 0.0) -> int:
    """Decimals that keep two significant digits of ``error``; without one, three of ``value``. May be negative."""
    basis, digits = (abs(error), 2) if error else (abs(value), 3)
    if basis == 0:
        return 0
    return digits - 1 - int(f"{basis:.{digits - 1}e}".partition("e")[2])


def fixed(value: float, places: int, *, signed: bool = False) -> str:
    """``value`` with that many decimals, thousands separated, a true minus sign, and no negative zero."""
    if places > 12 or abs(value) >= 1e15:
        return _powers(value, signed=signed)
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, _WIDE)
    sign = MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
    return f"{sign}{abs(rounded):,f}"


def _powers(value: float, *, signed: bool = False) -> str:
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    sign = MINUS if value < 0 else "+" if signed else ""
    return f"{sign}{mantissa.lstrip('-')} × 10{str(int(exponent)).translate(_RAISED)}"


def plain(value: float) -> str:
    """A number without an error of its own, such as a test statistic: up to three significant digits."""
    if value == int(value) and abs(value) < 1e15:
        return fixed(value, 0)
    if abs(value) < 1e-5:
        return _powers(value)
    text = fixed(value, max(0, decimals(None, value)))
    return text.rstrip("0").rstrip(".") if "." in text else text


def error_of(effect: Effect) -> float | None:
    """What to round by: the standard error, or the one that the width of the interval implies."""
    if effect.std_error:
        return effect.std_error
    if effect.interval is None or effect.interval.high == effect.interval.low:
        return None
    z = NormalDist().inv_cdf(0.5 + effect.interval.level / 2)
    return (effect.interval.high - effect.interval.low) / (2 * z)


def places(effect: Effect, unit: Unit) -> int:
    """Decimals of everything that belongs to one effect, in shown units.

    One or two more where an end of the interval would else read as the zero that it is not: whether an interval
    holds zero is what decisions turn on.
    """
    error = error_of(effect)
    n = decimals(error * unit.factor if error else None, effect.value * unit.factor)
    i = effect.interval
    ends = [abs(v * unit.factor) for v in (i.low, i.high) if v] if i else []
    return next((m for m in (n, n + 1, n + 2) if all(round(v, m) for v in ends)), n)


def _dressed(number: str, unit: Unit, after: str) -> str:
    sign = number[0] if number[:1] in (MINUS, "+") else ""
    bare = number[len(sign) :]
    if bare == "1" and after == POINTS.words:
        after = after.removesuffix("s")
    return f"{sign}{unit.before}{bare}{after}"


def amount(value: float, unit: Unit) -> str:
    """A size that the study declares, as its author wrote it: ``1 percentage point``, ``0.5 minutes``."""
    return _dressed(f"{value * unit.factor:.10g}", unit, unit.words)


def level(value: float, unit: Unit, error: float | None = None) -> str:
    """A level of a metric: ``71.8%``, ``11.62 minutes``."""
    shown = value * unit.factor
    return _dressed(fixed(shown, decimals(error * unit.factor if error else None, shown)), unit, unit.level)


def change(value: float, unit: Unit, error: float | None = None, *, words: bool = False) -> str:
    """A change of a metric, signed: ``+2.31 pp``."""
    shown = value * unit.factor
    number = fixed(shown, decimals(error * unit.factor if error else None, shown), signed=True)
    return _dressed(number, unit, unit.words if words else unit.change)


def beside(value: float, effect: Effect, unit: Unit, *, words: bool = False) -> str:
    """A change that stands beside an effect, such as an end of its interval, with the effect's decimals."""
    number = fixed(value * unit.factor, places(effect, unit), signed=True)
    return _dressed(number, unit, unit.words if words else unit.change)


def effect_text(effect: Effect, unit: Unit, *, words: bool = False) -> str:
    """An effect, signed, with its unit: ``+2.31 percentage points``."""
    return beside(effect.value, effect, unit, words=words)


def interval_text(effect: Effect, unit: Unit, *, words: bool = False, bare: bool = False) -> str:
    """The interval alone, ``+0.92 to +3.70 pp``; empty when there is none. ``bare``: its unit stands just before it."""
    if effect.interval is None:
        return ""
    n = places(effect, unit)
    low, high = (fixed(v * unit.factor, n, signed=True) for v in (effect.interval.low, effect.interval.high))
    if unit.change == "%":
        return f"{low}% to {high}%"
    after = "" if bare else unit.words if words else unit.change
    return f"{_dressed(low, unit, '')} to {_dressed(high, unit, after)}"


def share(value: float) -> str:
    """A level of confidence as per cent: 0.95 is ``95%``."""
    text = f"{value * 100:.10g}"
    return f"{text}%"


def effect_title(label: str, effect: Effect, unit: Unit) -> str:
    """The finding in one line: metric, effect, interval."""
    interval = ""
    if effect.interval:
        interval = f" ({share(effect.interval.level)} interval {interval_text(effect, unit, bare=True)})"
    return f"{label}: {effect_text(effect, unit)}{interval}"


def p_text(p: float) -> str:
    """A p-value: ``p = 0.037``, ``p < 0.001``, ``p = 0.49``."""
    if p < 0.001:
        return "p < 0.001"
    if p > 0.99:
        return "p > 0.99"
    return f"p = {fixed(p, 3 if p < 0.1 else 2)}"


def bound(text: str) -> str:
    """The words with no-break spaces between a symbol and its number, ``p = 0.037``, and between a number and ``pp``."""
    return _POINTS.sub("\u00a0", _SYMBOL.sub("\\1\u00a0\\2\u00a0", text))
