"""How words are set: names as code, numbers beside their symbols."""

from causal_eval.plots.numbers import bound
from causal_eval.plots.style import wrap
from causal_eval.report.blocks import Code, Strong, Text
from causal_eval.report.renderers import html, md
from causal_eval.report.renderers._measure import words
from causal_eval.report.typeset import spoken


def test_a_name_in_backticks_is_code_and_its_markup_stays_text():
    line = ("As strong as `educ<b>`, ", Strong("nothing"))
    assert "As strong as <code>educ&lt;b&gt;</code>" in html.fragment([Text(line)])
    assert md.fragment([Text(line)]) == "As strong as `educ<b>`, **nothing**\n"


def test_a_lone_backtick_is_text():
    assert "<code>" not in html.fragment([Text(("a ` b",))])


def test_a_symbol_is_not_parted_from_its_number():
    assert bound("F = 1.3, p < 0.001; +2.31 pp of 4") == "F\u00a0=\u00a01.3, p\u00a0<\u00a00.001; +2.31\u00a0pp of 4"
    assert bound("vcov = wild and family = 3 stay") == "vcov = wild and family = 3 stay"
    for inches in (0.4, 0.8, 1.2, 1.6, 2.0):
        assert "p\u00a0=\u00a00.037" in wrap("moved a little (p = 0.037) before", max(inches, 1.0), 8, lines=9)


def test_dates_and_negative_numbers_of_a_reading_are_written_as_in_the_tables():
    """Whatever a check or an estimator wrote; a name, a range of years, a time stamp and code stay."""
    said = "Left out: -10, -9, 4 and (-0.5); at 2026-03-30, from 2026-05-11 to 2026-06-15."
    assert spoken(said) == "Left out: −10, −9, 4 and (−0.5); at 30 Mar 2026, from 11 May 2026 to 15 Jun 2026."
    for kept in (
        "team-089, p-5, 2001-2003, 3-5",
        "--level",
        "2026-03-30T10:00",
        "runs/2026-03-30/x",
        "2026-13-30",
        "10)-3",
    ):
        assert spoken(kept) == kept
    line = ("-3 on ", Strong("2026-03-30"), " but `-3` and ", Code("2026-03-30"))
    assert "−3 on <strong>30 Mar 2026</strong> but <code>-3</code> and <code>2026-03-30</code>" in html.fragment(
        [Text(line)]
    )
    assert md.fragment([Text(line)]) == "−3 on **30 Mar 2026** but `-3` and `2026-03-30`\n"
    assert words(line) == "−3 on 30 Mar 2026 but -3 and 2026-03-30"
