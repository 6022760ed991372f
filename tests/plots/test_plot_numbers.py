"""The one rounding rule and the words around a number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal_eval.plots import numbers as n
from causal_eval.report.numbers import p_text
from causal_eval.results.types import Effect, Interval, MetricInfo

SHARE = MetricInfo("m", "M", "primary", "proportion")
POINTS = MetricInfo("m", "M", "primary", "mean", units="points")


def made(value: float, error: float) -> Effect:
    return Effect("overall", "absolute", value, error, 0.05, Interval(value - 2 * error, value + 2 * error, 0.95, "t"))


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        (-0.0225, 0.0061, "−2.25 pp"),
        (0.5, 0.0996, "+50 pp"),
        (0.123456, 0.00000123, "+12.34560 pp"),
        (-0.0000001, 0.01, "0.0 pp"),
    ],
)
def test_a_share_changes_by_percentage_points_rounded_by_its_error(value: float, error: float, said: str) -> None:
    """Two significant digits of the error decide; a rounded zero has no sign."""
    assert n.effect_text(made(value, error), n.unit_of(SHARE)) == said


def test_value_and_interval_have_the_same_decimals() -> None:
    """+0.012 points, and both ends with three decimals."""
    e = made(0.012, 0.0171)
    assert n.effect_text(e, n.unit_of(POINTS)) == "+0.012 points"
    assert n.interval_text(e, n.unit_of(POINTS)) == "−0.022 to +0.046 points"


def test_large_errors_round_before_the_point() -> None:
    """An error of 477.5 leaves tens."""
    assert n.effect_text(made(1612.4, 477.5), n.Unit()) == "+1,610"


def test_a_metric_in_per_cent_changes_by_percentage_points() -> None:
    """A level of 40 % that rises by 2 changes by two percentage points, not by two per cent."""
    unit = n.unit_of(MetricInfo("m", "M", "primary", "mean", units="%"))
    assert n.effect_text(made(2.0, 0.5), unit, words=True) == "+2.00 percentage points"


def test_a_ratio_in_per_cent_is_a_share() -> None:
    """Numerator over denominator, so 0.0409 is 4.09 points; without units it stays the number that it is."""
    share = MetricInfo("m", "M", "primary", "ratio", units="%")
    assert n.effect_text(made(0.0409, 0.0059), n.unit_of(share)) == "+4.09 pp"
    assert n.level(0.5869, n.unit_of(share), 0.0059) == "58.69%"
    assert n.change(0.01, n.unit_of(share), words=True) == "+1.00 percentage points"
    assert n.change(0.01, n.unit_of(share), 0.2, words=True) == "+1 percentage point"
    assert (
        n.amount(0.01, n.unit_of(share)) == "1 percentage point"
        and n.amount(0.015, n.unit_of(share)) == "1.5 percentage points"
    )
    assert n.effect_text(made(0.0409, 0.0059), n.unit_of(MetricInfo("m", "M", "primary", "ratio"))) == "+0.0409"


def test_money_keeps_its_sign_before_the_number() -> None:
    """−$3.20, and an interval in the same manner."""
    unit = n.unit_of(MetricInfo("m", "M", "primary", "mean", units="$"))
    assert n.effect_text(made(-3.2, 0.25), unit) == "−$3.20"
    assert n.interval_text(made(-3.2, 0.25), unit) == "−$3.70 to −$2.70"


@pytest.mark.parametrize(
    ("p", "said"),
    [(1 / 27, "p = 0.037"), (0.0004, "p < 0.001"), (0.49, "p = 0.49"), (0.999, "p > 0.99"), (0.0996, "p = 0.100")],
)
def test_p_values_are_never_zero_and_never_one(p: float, said: str) -> None:
    """The ends are bounds."""
    assert p_text(p) == said


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e6))
def test_rounding_errs_by_at_most_a_twentieth_of_the_error(value: float, error: float) -> None:
    """Two significant digits of the error: the shown value is within 5% of an error of the computed one."""
    shown = float(n.fixed(value, n.decimals(error)).replace(n.MINUS, "-").replace(",", ""))
    assert abs(shown - value) <= 0.0503 * error + 1e-15 * abs(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_finite_number_can_be_written(value: float) -> None:
    """No number stops a report, and none shows a hyphen for a minus."""
    text = n.plain(value)
    assert text and "-" not in text


def test_a_number_too_small_for_decimals_has_a_raised_exponent() -> None:
    """As it is written by hand."""
    assert n.plain(-9.174e-12) == "−9.17 × 10⁻¹²" and n.fixed(2e20, 0) == "2.00 × 10²⁰"


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (0.25, 0.0008, 0.54, "+25.0% / +0.1% to +54.0%"),
        (0.25, -0.0008, 0.54, "+25.0% / −0.1% to +54.0%"),
        (0.25, 0.00008, 0.54, "+25.00% / +0.01% to +54.00%"),
        (0.25, 0.0000008, 0.54, "+25% / 0% to +54%"),
        (0.25, 0.0, 0.54, "+25% / 0% to +54%"),
    ],
)
def test_an_end_of_an_interval_reads_as_zero_only_where_it_is(value: float, low: float, high: float, said: str) -> None:
    """Whether zero lies inside is what decisions turn on: one or two decimals more, then no more."""
    e = Effect("overall", "relative", value, 0.137, 0.049, Interval(low, high, 0.95, "t"))
    assert f"{n.effect_text(e, n.RELATIVE)} / {n.interval_text(e, n.RELATIVE)}" == said
    assert n.beside(low, e, n.RELATIVE) == said.partition(" / ")[2].partition(" to ")[0]


def test_a_statistic_near_zero_is_told_as_a_power_of_ten() -> None:
    """Not as a row of zeros; from a hundred-thousandth up in plain digits."""
    assert n.plain(7.45e-10) == "7.45 × 10⁻¹⁰"
    assert n.plain(-7.45e-10) == "−7.45 × 10⁻¹⁰"
    assert n.plain(1.234e-5) == "0.0000123"
