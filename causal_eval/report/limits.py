"""Limitations in words: what did not pass, what could not be checked, what failed, and what no such study can know."""

from __future__ import annotations

from causal_eval.plots.names import analysis_name, estimand_name, metric_label
from causal_eval.report.checks import open_checks
from causal_eval.report.wording import OBSERVATIONAL, VERDICT_WORDS, report_setting, sentence
from causal_eval.results.types import Failure, StudyResult


def limitations(result: StudyResult) -> list[str]:
    """What to keep in mind, each thing once: threats, checks that did not pass, failed analyses, the author's own."""
    out = [
        f"{OBSERVATIONAL} Something else that reached the treated group at the same time would be counted as the effect."
    ]
    out += [sentence(t) for t in unchecked(result)]
    for c in open_checks(result):
        out.append(f"{c.title}, {VERDICT_WORDS[c.first.verdict]}: {c.reading}{' ' + c.also if c.also else ''}")
    for f in result.findings:
        if isinstance(f.said, Failure):
            label = metric_label(result.metric(f.metric))
            out.append(f"{label}, {analysis_name(f)}: no estimate ({f.said.status}). {sentence(f.said.message)}")
    headline = result.headline.estimate
    if headline and headline.estimand in ("att", "ate"):
        out.append(
            f"The estimate is the {estimand_name(headline)} in this population and these periods, not a forecast for others."
        )
    own = report_setting(result, "limitations")
    out += [sentence(str(x)) for x in own] if isinstance(own, (list, tuple)) else []
    return list(dict.fromkeys(out))


def unchecked(result: StudyResult) -> list[str]:
    """The decision's threats that are no reading of a check: those of checks are told with the name of the check."""
    readings = [d.reading[1:] for d in result.diagnostics if d.verdict != "pass" and len(d.reading) > 1]
    return [t for t in result.decision.threats if not any(t.endswith(r) for r in readings)]
