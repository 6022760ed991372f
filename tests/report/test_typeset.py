"""How words are set: names as code, numbers beside their symbols."""

from causal_eval.plots.numbers import bound
from causal_eval.plots.style import wrap
from causal_eval.report.blocks import Strong, Text
from causal_eval.report.renderers import html, md


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
