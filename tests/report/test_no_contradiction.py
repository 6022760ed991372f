"""What cannot be written: a decision against its own clauses, a badge against the prose, percent where points are meant."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest
from sample_evidence import evidence
from sample_result import broken, launch, opt_in, organ_donations

from causal_eval.report.blocks import Callout, Section
from causal_eval.report.build import Audience, build
from causal_eval.report.files import render
from causal_eval.report.wording import MOST_WORDS, effect_sentence, summary, word_count
from causal_eval.results.io import from_json, to_json
from causal_eval.results.types import Clause, Decision, ResultInvalid, StudyResult

CASES = {"launch": launch, "organ": organ_donations, "opt_in": opt_in, "broken": broken, "evidence": evidence}
EVERY = pytest.mark.parametrize("case", CASES)


@pytest.mark.parametrize("outcome", ["breached", "missing", "inconclusive"])
def test_a_decision_to_ship_cannot_be_made_against_its_clauses(outcome: str) -> None:
    """Neither for the primary metric nor for a breached guardrail."""
    with pytest.raises(ResultInvalid, match="ship contradicts"):
        Decision("ship", "rule", "reason", (Clause("y", "primary", outcome, "r"),))  # type: ignore[arg-type]
    with pytest.raises(ResultInvalid, match="ship contradicts"):
        Decision(
            "ship", "rule", "reason", (Clause("y", "primary", "met", "r"), Clause("g", "guardrail", "breached", "r"))
        )


def test_a_decision_to_roll_back_needs_harm() -> None:
    """A breached secondary metric is none."""
    with pytest.raises(ResultInvalid, match="roll back"):
        Decision(
            "roll back",
            "rule",
            "reason",
            (Clause("y", "primary", "met", "r"), Clause("s", "secondary", "breached", "r")),
        )


def test_a_saved_result_that_was_turned_by_hand_is_refused() -> None:
    """From roll back to ship in results.json, the clauses left as they were."""
    text = to_json(organ_donations())
    assert '"recommendation": "roll back"' in text
    with pytest.raises(Exception, match=r"contradicts|not a study"):
        from_json(text.replace('"recommendation": "roll back"', '"recommendation": "ship"'))


@EVERY
@pytest.mark.parametrize("audience", get_args(Audience))
def test_badge_headline_sentence_and_summary_say_the_same_to_every_audience(case: str, audience: str) -> None:
    """One badge, the Decision's; the sentence on the effect is the same in block, page and summary's effect."""
    result = CASES[case]()
    blocks = [b for s in build(result, audience=audience) if isinstance(s, Section) for b in s.blocks]
    badges = [b.mark.word for b in blocks if isinstance(b, Callout)]
    assert badges == [result.decision.recommendation.capitalize()]
    page = re.sub(r"\\(.)", r"\1", render(result, formats=["md"], audience=audience)["md"])
    assert effect_sentence(result).replace("<", "&lt;") in page
    assert f"Recommendation: {result.decision.recommendation.upper()}." in summary(result)


def _pages(result: StudyResult) -> str:
    text = render(result, formats=["md"], audience="technical")["md"] + summary(result)
    return re.sub(r"\\(.)", r"\1", text)


def test_changes_of_a_share_are_in_points_and_relative_changes_in_percent() -> None:
    """Of a proportion no signed number that ends in a bare % is the absolute effect, and none in points is the relative one."""
    result = launch()
    estimate = result.headline.estimate
    assert estimate is not None
    absolute, relative = estimate.headline.value * 100, estimate.effect("overall", "relative")
    assert relative is not None
    said = _pages(result)
    assert f"+{absolute:.2f} percentage points" in said and f"+{absolute:.2f} pp" in said
    assert f"+{absolute:.2f}%" not in said
    # The relative effect is 3.2 per cent: nowhere are there 3.2 points of it.
    assert re.search(r"\+3\.2\d?%", said) and not re.search(r"\+3\.2\d? (pp|percentage points)", said)
    for number, unit in re.findall(r"[+−](\d[\d.,]*)(%| pp| percentage points)", said):
        assert not re.search(rf"[+−]{re.escape(number)}{'%' if unit != '%' else ' p'}", said), (number, unit)


@EVERY
def test_a_number_is_rounded_one_way_wherever_it_stands(case: str) -> None:
    """The headline in the bottom line, the scorecard, the table of analyses and the summary has the same digits."""
    result = CASES[case]()
    if result.headline.estimate is None:
        pytest.skip("no number")
    from causal_eval.report.numbers import effect_text
    from causal_eval.report.wording import metric_unit

    unit = metric_unit(result, result.primary_metric)
    digits = effect_text(result.headline.estimate.headline, unit).split(" ")[0]
    said = re.sub(r"\\(.)", r"\1", render(result, formats=["md"])["md"])
    for part in ("Bottom line", "Scorecard", "Results, all analyses side by side"):
        assert digits in said.split(f"## {part}\n")[1].split("\n## ")[0], part
    assert digits in summary(result)


@EVERY
def test_the_bottom_line_keeps_to_ninety_words_in_every_audience(case: str) -> None:
    """Counted on the blocks that the reader gets, recommendation and reason included."""
    result = CASES[case]()
    for audience in get_args(Audience):
        section = next(s for s in build(result, audience=audience) if isinstance(s, Section))
        assert section.anchor == "bottom-line"
        said = []
        for b in section.blocks:
            line = b.line if not isinstance(b, Callout) else (b.mark.word, *b.line)  # type: ignore[union-attr]
            said += [x if isinstance(x, str) else getattr(x, "text", getattr(x, "word", "")) for x in line]
        assert word_count(" ".join(said)) <= MOST_WORDS
    longer = replace(result, decision=replace(result.decision, reason="word " * 120))
    assert longer.decision.reason != result.decision.reason
