"""Over time, totals, segments, robustness, sensitivity, concurrent changes: there when the numbers are, and saying them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.text import Text as MatplotlibText
from sample_evidence import evidence
from sample_result import SAMPLE, WEEKS, broken, effect, launch, organ_donations

from causal_eval.plots.figures import figures
from causal_eval.report.blocks import FigureRef, Section, Sub, Table, Text
from causal_eval.report.build import build
from causal_eval.report.limits import limitations
from causal_eval.report.numbers import Unit
from causal_eval.report.sections import assumptions, events, over_time, risk, robustness, segments, sensitivity, totals
from causal_eval.report.sections.results import family
from causal_eval.results.types import Diagnostic, Effect, Event, Interval, StudyResult


def flat(section: Section | None) -> str:
    """All words of a section, tables included."""
    assert section is not None

    def words(line: tuple[object, ...]) -> str:
        return "".join(x if isinstance(x, str) else getattr(x, "word", "") or getattr(x, "text", "") for x in line)

    out = []
    for b in section.blocks:
        if isinstance(b, Text):
            out.append(words(b.line))
        elif isinstance(b, Table):
            out += [b.caption, *(words(line) for row in b.rows for c in row for line in c.lines)]
        elif hasattr(b, "items"):
            out += [words(x) for x in b.items]
        elif hasattr(b, "rows"):
            out += [f"{k} {words(v)}" for k, v in b.rows]
    return " ".join(out)


def test_over_time_says_where_the_effect_starts_and_ends_without_the_washout() -> None:
    """Weeks 3 to 12 count: ten of them; the first two are washout."""
    said = flat(over_time.section(launch(), ["event_study"]))
    assert "Over the 10 weeks that count after the launch" in said and "does not show that it grows" in said


def test_the_curve_of_a_duration_stands_over_time_or_with_the_results() -> None:
    """Where the primary metric is a duration, in the first of the two sections that the write-up has."""
    drawn = ["event_study", "survival"]
    for figures_, home in ((drawn, "over-time"), (["survival"], "results")):
        sections = [s for s in build(evidence(), figures=figures_) if isinstance(s, Section)]
        if home == "results":  # nothing else to tell over time
            bare = evidence().headline
            assert bare.estimate is not None
            plain = replace(bare, said=replace(bare.estimate, event_study=None, effects=bare.estimate.effects[:1]))
            result = replace(evidence(), findings=(plain, *evidence().findings[1:]))
            sections = [s for s in build(result, figures=figures_) if isinstance(s, Section)]
        assert [s.anchor for s in sections if FigureRef("survival") in s.blocks] == [home]


def test_the_incremental_units_are_the_effect_times_the_treated_volume() -> None:
    """The cumulative row as it is, per week over the twelve weeks after the launch."""
    said = flat(totals.section(launch()))
    assert "+1,610 cases" in said and "+650 to +2,580" in said
    assert f"+{1612.4 / SAMPLE.n_post:.0f} cases" in said and "12 weeks after the launch" in said


def test_nothing_is_summed_that_has_no_sum() -> None:
    """No cumulative row, no section; a logarithm or a value in per cent has none either."""
    assert totals.section(organ_donations()) is None
    result = launch()
    log = replace(result, spec={"metrics": [{"name": "resolved_7d", "log": True}]})
    percent = replace(result, metrics=(replace(result.metrics[0], kind="mean", units="%"), *result.metrics[1:]))
    assert totals.section(log) is None and totals.section(percent) is None


def test_a_share_is_told_in_points_and_its_checks_say_on_which_scale_they_are() -> None:
    """0.01 beside 1 pp could mislead; a metric in other units needs no word, and two shares get one for both."""
    result = launch()
    said = "Checks write differences of a share as they are stored: 0.01 is one percentage point."
    assert said in flat(assumptions.section(result)) and said in flat(risk.section(result))
    one = replace(result, metrics=tuple(m if m.role == "primary" else replace(m, kind="mean") for m in result.metrics))
    assert "differences of Resolved within 7 days as they are stored" in flat(assumptions.section(one))
    none = replace(result, metrics=tuple(replace(m, kind="mean") for m in result.metrics))
    assert "as they are stored" not in flat(assumptions.section(none)) + flat(risk.section(none))


def test_a_table_of_intervals_names_their_level_once_and_each_where_they_differ() -> None:
    """In its head for all; in every row where a 95% and a 90% interval stand below each other."""
    e = launch().headline.estimate
    assert e is not None
    unit = Unit()

    def told(levels: tuple[float, float]) -> tuple[str, list[str]]:
        parts = tuple(
            Effect(f"segment:tier={k}", "absolute", 1.0, 0.5, 0.05, Interval(0.02, 1.98, level, "t"))
            for k, level in enumerate(levels)
        )
        table = family(replace(e, effects=(e.headline, *parts)), "segment:", "Segments", unit)
        assert table is not None
        return table.columns[1].title, ["".join(str(x) for x in row[1].lines[1]) for row in table.rows]

    assert told((0.95, 0.95)) == ("Effect, 95% interval", ["+0.02 to +1.98"] * 2)
    assert told((0.95, 0.9)) == ("Effect, interval", ["95%: +0.02 to +1.98", "90%: +0.02 to +1.98"])


def test_segments_that_nobody_declared_are_fenced_off() -> None:
    """Declared ones stand without the fence; both count how many intervals chance alone would bring."""
    open_ = segments.section(launch())
    assert open_ is not None and open_.title == "Segments (exploratory)" and "Exploratory" in flat(open_)
    assert "1 of 2 segments have an interval that excludes zero. By chance alone about 0.1 would" in flat(open_)
    declared = segments.section(replace(launch(), spec={"roles": {"segments": ["language"]}}))
    assert declared is not None and declared.title == "Segments" and "Exploratory" not in flat(declared)
    assert segments.section(organ_donations()) is None


def test_robustness_counts_who_agrees_and_names_who_could_not_say() -> None:
    """Two other analyses failed; one points the same way with an interval above zero."""
    said = flat(robustness.section(launch()))
    assert "Beside the primary analysis, 1 other gave an estimate. 1 of 1 points the same way" in said
    assert "1 of 1 intervals lies above zero, as the primary one does" in said
    assert "Without an estimate" in said and "causal forest" in said


def test_robustness_counts_an_analysis_that_says_the_opposite_as_not_agreeing() -> None:
    """A significant effect of the other sign is no agreement about zero."""
    result = launch()
    other = next(f for f in result.findings if f.analysis == "synthetic" and f.metric == "resolved_7d")
    assert other.estimate is not None
    flipped = replace(other, said=replace(other.estimate, effects=(effect(-0.03, 0.007, 0.001),)))
    found = tuple(flipped if f is other else f for f in result.findings)
    said = flat(robustness.section(replace(result, findings=found)))
    assert "0 of 1 point the same way; 0 of 1 intervals lie above zero" in said


def test_a_primary_analysis_alone_has_no_robustness() -> None:
    """Nor has a study whose primary analysis failed."""
    result = launch()
    alone = replace(result, findings=(result.headline,))
    assert robustness.section(alone) is None and robustness.section(broken()) is None


def test_sensitivity_holds_what_ran_and_is_absent_where_nothing_did() -> None:
    """A check that was not run says nothing here."""
    said = flat(sensitivity.section(evidence(), ["sensitivity", "contour"]))
    assert "If trends part after the launch" in said and "If something not measured drove the choice" in said
    assert sensitivity.section(launch(), []) is None
    silent = Diagnostic("sensitivity", "resolved_7d", "main", "parallel_trends", "not_run", "Nothing to break.")
    assert sensitivity.section(replace(launch(), diagnostics=(silent,)), []) is None


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (16, 19, "covers 4 of the 12 weeks after the launch"),
        (10, 15, "covers 2 of the 12 weeks after the launch"),
        (20, None, "from week 7 of 12 after the launch; no end given"),
        (3, 5, "before the launch"),
    ],
)
def test_a_concurrent_change_says_how_much_of_the_window_it_covers(start: int, end: int | None, said: str) -> None:
    """Counted in the study's own periods, from the launch (week 15 of 26) on."""
    last = WEEKS[end] if end is not None else ""
    event = Event("Campaign", WEEKS[start], last, period=WEEKS[start], end_period=last or None)
    assert said in flat(events.section(replace(launch(), events=(event,))))


def _five(result: StudyResult) -> StudyResult:
    check = Diagnostic("equivalence", "", "main", "parallel_trends", "warn", "Leads are wide.")
    checks = tuple(replace(check, metric=m.name) for m in result.metrics)
    threats = tuple(f"{m.label}: Leads are wide." for m in result.metrics)
    return replace(result, diagnostics=checks, decision=replace(result.decision, threats=threats))


def test_a_limitation_is_said_once_however_many_metrics_share_it() -> None:
    """Threats made of the readings of checks do not come back as checks, nor once a metric."""
    said = limitations(_five(launch()))
    assert sum("Leads are wide" in x for x in said) == 1
    line = next(x for x in said if "Leads are wide" in x)
    assert line.startswith("Parallel trends (equivalence), warn: Leads are wide. Also Customer satisfaction (warn)")


def test_a_launch_review_reads_the_checks_of_other_metrics_together_and_the_technical_audience_reads_all() -> None:
    """Five metrics share a warning: one row and a count, or five rows."""
    result = _five(launch())

    def rows(audience: str) -> int:
        section = next(
            b for b in build(result, audience=audience) if isinstance(b, Section) and b.anchor == "assumptions"
        )
        return len(next(b for b in section.blocks if isinstance(b, Table)).rows)

    assert rows("launch-review") == 1 and rows("technical") == 5


def test_the_sum_of_a_ratio_is_not_counted_in_the_name_of_a_column() -> None:
    """The metric's label stands in its row; the numerator's column is no unit."""
    result = launch()
    ratio = replace(result.metrics[0], kind="ratio", units="")
    spec = {"metrics": [{"name": ratio.name, "numerator": "resolved_7d_sum"}]}
    said = flat(totals.section(replace(result, metrics=(ratio, *result.metrics[1:]), spec=spec)))
    assert "+1,610" in said and "resolved_7d_sum" not in said and "cases" not in said


def _small(effects: tuple[Effect, ...]) -> StudyResult:
    """The launch with two segments that are too small, beside ``effects``."""
    result = launch()
    told = {"language": {"left_out": {"Faroese": "fewer than 20 treated or 20 untreated rows",
                                      "Basque": "fewer than 20 treated or 20 untreated rows"}}}  # fmt: skip
    first = result.headline.estimate
    assert first is not None
    said = replace(first, effects=effects, details={**first.details, "segments": told})
    return replace(result, findings=(replace(result.headline, said=said), *result.findings[1:]))


def test_segments_that_are_too_small_are_counted_under_the_forest_without_their_names() -> None:
    """The chart's note and its words say how many and why; the section says it where no segment is left."""
    first = launch().headline.estimate
    assert first is not None
    result = _small(first.effects)
    spec = next(f for f in figures(result) if f.name == "segments")
    why = "2 segments of language are not shown: fewer than 20 treated or 20 untreated rows."
    assert why in spec.long_description and "Faroese" not in spec.long_description
    assert any(why in " ".join(t.get_text().split()) for t in spec.draw().findobj(MatplotlibText))
    none = _small(tuple(e for e in first.effects if not e.aggregation.startswith("segment:")))
    assert "no effect for Faroese, Basque: fewer than 20" in flat(segments.section(none))


def test_families_that_do_not_agree_on_another_metric_are_told_and_drawn() -> None:
    """A sentence each; the figure only where they part, and by the metric's own name."""
    result = launch()
    first, other = (
        next(f for f in result.findings if f.analysis == a and f.metric == "resolved_7d") for a in ("main", "synthetic")
    )
    assert first.estimate is not None and other.estimate is not None
    kept = tuple(f for f in result.findings if f.metric != "csat")
    for value, parts in ((0.0231, False), (-0.3, True)):
        away = replace(other, metric="csat", said=replace(other.estimate, effects=(effect(value, 0.007, 0.001),)))
        told = replace(result, findings=(*kept, replace(first, metric="csat"), away))
        section = robustness.section(told)
        assert section is not None
        sub = next(k for k, b in enumerate(section.blocks) if isinstance(b, Sub))
        said = flat(replace(section, blocks=section.blocks[sub:]))
        assert ("do not agree" in said) == parts and "Customer satisfaction" in said
        assert (FigureRef("triangulation-csat") in section.blocks) == parts
        assert "triangulation-csat" in [f.name for f in figures(told)]
