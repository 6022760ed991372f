"""What the write-up says: its order, its words, its refusal to contradict itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.text import Text as MatplotlibText
from sample_result import broken, hostile, launch, opt_in, organ_donations

from causal_eval.errors import UsageError
from causal_eval.plots.figures import figures
from causal_eval.plots.names import metric_label
from causal_eval.report.blocks import Section
from causal_eval.report.build import build
from causal_eval.report.explain import explain
from causal_eval.report.files import render, write_reports
from causal_eval.report.renderers._measure import words
from causal_eval.report.sections import risk, scorecard
from causal_eval.report.sections.lineage import section as lineage_section
from causal_eval.report.wording import MOST_WORDS, bottom_line, effect_sentence, merged_notes, summary, word_count
from causal_eval.results.io import from_json, to_json
from causal_eval.results.types import Diagnostic, Effect, Interval, Recommendation, StudyResult

ALL: dict[str, Callable[[], StudyResult]] = {
    "launch": launch, "organ": organ_donations, "opt_in": opt_in, "broken": broken, "hostile": hostile,
}  # fmt: skip
EVERY = pytest.mark.parametrize("case", ALL)


def anchors(result: StudyResult, audience: str = "launch-review") -> list[str]:
    return [b.anchor for b in build(result, audience=audience) if isinstance(b, Section)]


def prose(html: str) -> str:
    """The words of a page: no style, no figures, no tags."""
    html = re.sub(r"<(style|svg)\b.*?</\1>", " ", html, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_sections_stand_in_the_order_of_a_reader_who_stops_early() -> None:
    """The bottom line first, sign-off last."""
    assert anchors(launch()) == [
        "bottom-line", "headline", "scorecard", "risk", "question", "design", "results", "over-time", "totals", "segments",
        "assumptions", "robustness", "events", "limitations", "data", "reproduce", "sign-off",
    ]  # fmt: skip


def test_a_section_without_numbers_is_absent() -> None:
    """No figure of a failed headline, no table of checks that were not asked for, no events where there were none."""
    said = anchors(broken())
    assert not {"headline", "over-time", "totals", "assumptions", "robustness", "events"} & set(said)
    assert {"bottom-line", "scorecard", "results", "limitations"} <= set(said)


def test_each_audience_gets_its_sections_and_an_unknown_one_is_refused() -> None:
    """exec is short, technical has the appendix."""
    assert anchors(launch(), "exec") == ["bottom-line", "headline", "scorecard", "risk", "sign-off"]
    assert anchors(launch(), "technical")[-1] == "appendix"
    with pytest.raises(UsageError, match="audience"):
        build(launch(), audience="board")


@EVERY
def test_the_bottom_line_has_at_most_ninety_words(case: str) -> None:
    """Even with an endless reason and threat."""
    result = ALL[case]()
    wordy = replace(result.decision, reason="word " * 200, threats=("threat " * 300,))
    for r in (result, replace(result, decision=wordy)):
        reason, sentences = bottom_line(r)
        assert word_count(" ".join((r.decision.recommendation, reason, *sentences))) <= MOST_WORDS
        assert sentences[0] == effect_sentence(r)


@EVERY
@pytest.mark.parametrize("recommendation", ["ship", "hold", "roll back", "cannot tell"])
def test_the_recommendation_is_the_decisions_and_no_other(case: str, recommendation: Recommendation) -> None:
    """Changing the one Decision changes badge, sign-off and summary alike."""
    result = ALL[case]()
    result = replace(
        result,
        decision=replace(result.decision, recommendation=recommendation, rule="r", reason="because", clauses=()),
    )
    word = recommendation.capitalize()
    html = render(result, formats=["html"], audience="exec")["html"]
    badges = re.findall(r'class="word"><span aria-hidden="true">.</span> ([^<]+)<', html)
    signed = re.findall(r"<dt>Recommendation of this study</dt><dd>([^<]+)</dd>", html)
    assert badges == [word] and signed == [word]
    assert f"Recommendation: {recommendation.upper()}." in summary(result)


@EVERY
def test_nothing_is_called_proved_and_nothing_without_effect(case: str) -> None:
    """The words that an observational study has no right to."""
    texts = render(ALL[case](), audience="technical")
    for text in (*texts.values(), summary(ALL[case]()), explain(ALL[case]())):
        said = prose(text).lower()
        assert "proved" not in said and "proven" not in said and not re.search(r"\bno effect\b(?! before)", said)
        assert "not randomised" in said


def test_an_interval_that_holds_zero_is_read_as_what_cannot_be_ruled_out() -> None:
    """Neither a claim of change nor of its absence."""
    result = launch()
    headline = Effect("overall", "absolute", 0.009, 0.0107, 0.4, Interval(-0.012, 0.030, 0.95, "t"))
    estimate = result.headline.estimate
    assert estimate is not None
    finding = replace(result.headline, said=replace(estimate, effects=(headline,)))
    said = effect_sentence(replace(result, findings=(finding,)))
    assert "we cannot rule out −1.2 to +3.0 percentage points (95% interval)" in said
    assert "changed" not in said


def test_a_closed_gate_speaks_of_association_only() -> None:
    """A failed gating check takes the causal verb away."""
    result = launch()
    gate = Diagnostic("pre_trends", "resolved_7d", "main", "Parallel trends", "fail", "They drift.", gate=True)
    said = effect_sentence(replace(result, diagnostics=(gate,)))
    assert "associated with" in said and "gating check failed" in said and "changed" not in said


def test_a_failed_headline_says_so_and_shows_no_number() -> None:
    """A failure looks like a failure."""
    said = effect_sentence(broken())
    assert said.startswith("There is no estimate") and not re.search(r"\d\.\d", said)
    html = render(broken(), formats=["html"])["html"]
    assert "No estimate: failed (E402)" in prose(html)


def test_failed_and_refused_analyses_stand_in_the_results_with_their_reason() -> None:
    """Side by side with those that worked."""
    said = prose(render(launch(), formats=["html"])["html"])
    assert "No estimate: failed (E410)" in said and "No estimate: refused (E401)" in said


def test_the_adjustment_is_the_difference_between_the_primary_and_the_reference() -> None:
    """2.31 and 4.17 differ by 1.86 percentage points."""
    said = prose(render(launch(), formats=["html"])["html"])
    assert (
        "gives +4.17 percentage points, the primary analysis +2.31 percentage points. The comparison moves it by −1.86"
        in said
    )


def test_a_randomisation_study_reads_as_published() -> None:
    """California: −2.25 percentage points, p = 1/27, its smallest p-value, the missing interval with its note."""
    said = prose(render(organ_donations(), formats=["html"])["html"])
    assert "by −2.25 percentage points (ATT; 95% interval −3.84 to −0.66; p = 0.037)" in said
    assert "smallest p-value possible is 1/27 = 0.037" in said
    assert "No 95% interval: 27 assignments allow none at this level." in said
    assert "Randomisation over the 27 states" in said


def test_a_metric_that_is_not_a_share_keeps_its_own_units() -> None:
    """With kind mean the same numbers are not percentage points."""
    said = effect_sentence(organ_donations(kind="mean"))
    assert "by −0.0225 (ATT; 95% interval −0.0384 to −0.0066; p = 0.037), −8.0% relative" in said


@EVERY
def test_user_text_never_becomes_markup(case: str) -> None:
    """Tags are escaped, in HTML and in markdown; no markdown link, code or table is opened by a title."""
    texts = render(ALL[case](), audience="technical")
    assert "<script" not in texts["html"] and "<img" not in texts["html"]
    assert not re.search(r"(?<!&lt;)\bonerror=y>", texts["html"])
    md = texts["md"]
    assert "<script" not in md and "<img" not in md and "http://" not in md
    assert not re.search(r"(?<!\\)\]\(http", md)
    tables = [block for block in md.split("\n\n") if block.lstrip("*").startswith("|") or "\n| ---" in block]
    for table in tables:
        rows = [line for line in table.splitlines() if line.startswith("|")]
        widths = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
        assert len(widths) == 1, rows[0]


def test_markdown_reads_as_the_author_wrote_it() -> None:
    """A CommonMark reader gives the title back as plain text."""
    parser = pytest.importorskip("markdown_it").MarkdownIt()
    tokens = parser.parse(render(hostile(), formats=["md"])["md"])
    title = tokens[1]
    assert {c.type for c in title.children} <= {"text", "text_special"}
    assert "".join(c.content for c in title.children) == hostile().question.title


def test_markdown_links_each_figure_that_the_folder_holds(tmp_path: Path) -> None:
    """figures/NAME.svg is relative to report.md, and is written under that name."""
    from causal_eval.plots.files import write_figures

    write_figures(launch(), tmp_path / "figures")
    written = write_reports(launch(), tmp_path)
    assert [p.name for p in written] == ["report.html", "report.md"]
    links = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (tmp_path / "report.md").read_text(encoding="utf-8"))
    assert len(links) == len(set(links)) > 3 and all((tmp_path / link).is_file() for link in links)


@EVERY
def test_a_report_from_the_saved_result_has_the_same_bytes(case: str) -> None:
    """results.json is enough, and twice gives once."""
    result = ALL[case]()
    assert render(from_json(to_json(result))) == render(result)


def test_the_page_asks_the_network_for_nothing() -> None:
    """No src, no link but to itself, no style that imports."""
    html = render(launch(), formats=["html"], audience="technical")["html"]
    assert not re.search(r"\ssrc\s*=", html)
    assert all(link.startswith(("#", "data:")) for link in re.findall(r'href="([^"]*)"', html))
    assert "@import" not in html and "url(http" not in html and "<script" not in html


def test_units_that_are_people_are_never_named() -> None:
    """Donor names stay out when privacy.unit_is_person."""
    result = organ_donations()
    donors = replace(result.findings[1], role="primary", analysis="donors")
    named = replace(result, findings=(donors,), spec={})
    people = replace(named, spec={"privacy": {"unit_is_person": True}})
    assert "Virginia" in render(named, formats=["md"])["md"]
    assert "Virginia" not in "".join(render(people, audience="technical").values())


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    """E605, before anything is written."""
    with pytest.raises(UsageError) as e:
        write_reports(launch(), tmp_path / "run", formats=["htm"])
    assert e.value.code == "E605" and not (tmp_path / "run").exists()


def test_the_summary_has_about_a_dozen_lines_and_moves_no_cursor() -> None:
    """Control characters in a title do not reach the terminal."""
    said = summary(launch())
    assert 8 <= len(said.splitlines()) <= 15
    nasty = replace(launch(), question=replace(launch().question, title="a\x1b[2Jb\nc"))
    assert "\x1b" not in summary(nasty) and summary(nasty).splitlines()[0].startswith("a [2Jb c")


def test_each_figure_stands_in_the_section_whose_argument_it_carries() -> None:
    """Every figure of the primary metric is in the write-up once, before any part with a heading of its own."""
    from sample_evidence import evidence

    from causal_eval.plots.figures import figures
    from causal_eval.report.blocks import FigureRef, Section, Sub
    from causal_eval.report.build import build

    result = evidence()
    where: dict[str, str] = {}
    for section in build(result):
        if isinstance(section, Section):
            kinds = [type(b) for b in section.blocks]
            for k, b in enumerate(section.blocks):
                if isinstance(b, FigureRef):
                    assert b.name not in where
                    where[b.name] = section.anchor
                    assert Sub not in kinds[:k]
    assert set(where) == {f.name for f in figures(result) if "-" not in f.name}
    assert where["guardrails"] == "risk" and where["overlap"] == "assumptions"
    assert where["placebos"] == "results" and where["calendar"] == "design"


def test_an_inconclusive_study_says_what_it_would_take_and_others_do_not() -> None:
    """Errors fall with the square root: half the effect needs four times the data. A closed gate is no want of precision."""
    from causal_eval.report.needed import more_sentences, needed

    result = launch()
    assert needed(result) is None and "needed" not in anchors(result)
    estimate, first = result.headline.estimate, result.decision.clauses[0]
    assert estimate is not None and result.primary_metric.name == first.metric
    wide = Effect("overall", "absolute", 0.01, 0.02, 0.6, Interval(0.01 - 0.0391993, 0.01 + 0.0391993, 0.95, "t"))

    def open_at(margin: float | None, **changes: object) -> StudyResult:
        clause = replace(first, outcome="inconclusive", margin=margin)
        decision = replace(result.decision, recommendation="cannot tell", clauses=(clause,))
        said = replace(estimate, effects=(wide,))
        found = replace(result, decision=decision, findings=(replace(result.headline, said=said),))
        return replace(found, **changes)  # type: ignore[arg-type]

    found = needed(open_at(0.0560317 / 2))
    assert found is not None and found.times is not None
    assert found.detectable == pytest.approx(0.0560317, rel=1e-4) and found.times == pytest.approx(4, rel=1e-4)
    said = " ".join(more_sentences(open_at(0.0560317 / 2), found))
    assert "2.0 times narrower" in said and "about 4.0 times the information" in said
    assert f"about {4 * estimate.sample.n_treated} treated" in said
    assert "needed" in anchors(open_at(0.02))
    far = needed(open_at(0.001))
    assert far is not None and "over 100 times" in more_sentences(open_at(0.001), far)[0]
    near = needed(open_at(0.1))
    assert near is not None and "large enough" in more_sentences(open_at(0.1), near)[0]
    unsaid = needed(open_at(None))
    assert unsaid is not None and unsaid.times is None and "min_effect" in more_sentences(open_at(None), unsaid)[0]
    gate = Diagnostic("pre_trends", first.metric, "main", "Parallel trends", "fail", "They drift.", gate=True)
    assert needed(open_at(0.02, diagnostics=(gate,))) is None


def test_a_long_threat_ends_where_a_part_of_its_sentence_ends() -> None:
    """Words cut in the middle say nothing; where nothing ends in time, an ellipsis says that more follows."""
    from causal_eval.report.wording import shortened

    long = "Not checked: without the last period before the launch the headline moves by 111; that period cannot be told apart"
    assert shortened(long, 18) == "Not checked: without the last period before the launch the headline moves by 111"
    assert shortened("a b c", 3) == "a b c"
    assert shortened("one two three four five six seven eight nine ten eleven twelve", 11).endswith("eleven…")


def test_the_biggest_threat_is_told_to_the_end_of_its_sentence_before_the_checks_are_counted() -> None:
    """Its first sentence is whole where the effect, the reason and the guardrails leave it the room."""
    result = launch()
    reason, sentences = bottom_line(replace(result, decision=replace(result.decision, threats=())))
    rest = sum(word_count(x) for x in (reason, *sentences) if not x.startswith("Checks"))
    first = " ".join(["word"] * (MOST_WORDS - 4 - rest - 2)) + "."
    told = replace(result, decision=replace(result.decision, threats=(f"{first} More.",)))
    reason, sentences = bottom_line(told)
    assert any(x.endswith(first) for x in sentences) and not any("…" in x for x in sentences)
    assert reason and any(x.startswith("Guardrails") for x in sentences)
    assert not any(x.startswith("Checks") for x in sentences)


def test_levels_of_a_logarithm_say_that_they_are() -> None:
    """1.63 under "per 100,000" would be read as a rate; in the scorecard, the figure and its words."""
    result = launch()
    log = replace(result, spec={"metrics": [{"name": result.primary_metric.name, "log": True}]})
    shown = scorecard.table(log).rows[0]
    assert all(words(c.lines[0]).endswith(" in logs") for c in shown[1:3])
    headline = figures(log)[0]
    assert " in logs" in headline.long_description
    assert any("in logs" in t.get_text() for t in headline.draw().findobj(MatplotlibText))
    assert "exp(effect)" in str(scorecard.section(log).blocks) and "exp(effect)" not in str(
        scorecard.section(result).blocks
    )


def test_a_note_of_one_metric_alone_names_it_and_one_of_all_metrics_does_not() -> None:
    """Else the same sentence stands there twice with two numbers, and nobody knows which is whose."""
    result = launch()
    found = [replace(f, said=replace(f.estimate, notes=(f"Error {f.metric}.", "Everywhere."))) if f.estimate else f
             for f in result.findings]  # fmt: skip
    notes = {note: who for who, note in merged_notes(replace(result, findings=tuple(found)))}
    label = metric_label(result.primary_metric)
    assert label in notes[f"Error {result.primary_metric.name}."] and label not in notes["Everywhere."]


def test_columns_are_listed_by_the_roles_of_the_study_file() -> None:
    """``x_0`` and ``seg_1`` are the program's own names."""
    lineage = replace(
        launch().lineage, columns=(("x_0", "age"), ("x_11", "income"), ("seg_0", "language"), ("unit", "queue"))
    )
    said = str(lineage_section(replace(launch(), lineage=lineage)).blocks)
    assert (
        said.count("'covariate'") == 2
        and "'segment'" in said
        and "x 0" not in said
        and "seg" not in said.replace("segment", "")
    )


def test_a_metric_that_is_well_asks_for_nothing_where_the_launch_is_not_to_ship() -> None:
    """Advice to keep measuring after the launch would contradict a "hold"."""
    for recommendation, keeps in (("ship", True), ("hold", False)):
        result = launch()
        decision = replace(result.decision, recommendation=recommendation)
        said = str(risk.section(replace(result, decision=decision)))
        assert ("Keep measuring after the launch" in said) == keeps, recommendation
