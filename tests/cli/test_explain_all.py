"""`causal-eval explain` knows everything that the program can name to its user."""

from __future__ import annotations

import re

import pytest

from causal_eval.cli.commands.catalogue import CHECKS, ESTIMATORS, explain, kinds
from causal_eval.codes import CODES, TOPICS, names
from causal_eval.design.assumptions import ASSUMPTIONS
from causal_eval.plots.figures import ORDER
from causal_eval.plugins import Registry

EVERYTHING = sorted({
    *CODES, *TOPICS, *names(), *Registry(ESTIMATORS).plugins(), *Registry(CHECKS).plugins(), *ASSUMPTIONS, *kinds(), *ORDER,
})  # fmt: skip


@pytest.mark.parametrize("name", EVERYTHING)
def test_every_code_topic_estimator_check_assumption_kind_and_figure_is_explained(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 0 and a text of some length, nothing left unfilled."""
    assert explain(name) == 0
    said = capsys.readouterr().out
    assert len(said) > 60 and "None" not in said.split() and not re.search(r"\{\w+\}", said), said
    assert name.lower().replace("_", "-") in said.lower().replace("_", "-") or name in names()


def test_every_verdict_recommendation_and_assumption_of_a_check_leads_to_an_explanation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What a check says it speaks to is an assumption that can be asked about."""
    registry = Registry(CHECKS)
    for check in registry.plugins():
        info = registry.get(check).info
        for assumption in (info.assumption, *info.also):
            assert explain(assumption) == 0, (check, assumption)
    capsys.readouterr()


def test_a_name_that_is_nearly_one_is_answered_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Also for assumptions, kinds and figures; a figure says how to get it."""
    assert explain("contribution") == 2
    assert "did you mean `contributions`?" in capsys.readouterr().err
    assert explain("contributions") == 0
    assert "--which contributions" in capsys.readouterr().out
    assert explain("donors_spam") == 2
    assert "donors_span" in capsys.readouterr().err
