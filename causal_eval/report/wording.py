"""The words of the write-up: verdicts, roles, and the sentences that several places share.

Every sentence about the recommendation reads the one Decision; every sentence about an effect reads the one Effect.
So two places cannot say different things. No sentence says that something was shown for certain, nor that nothing
happened: an interval that holds zero is read as what it cannot rule out.
"""

from __future__ import annotations

from causal_eval.plots.names import (
    analysis_name,
    estimand_name,
    estimand_tag,
    method_name,
    metric_label,
)
from causal_eval.report.blocks import Mark, Tone
from causal_eval.report.needed import found_sentence, needed
from causal_eval.report.numbers import (
    RELATIVE,
    Unit,
    effect_text,
    interval_phrase,
    interval_text,
    is_log,
    p_text,
    share,
    unit_of,
)
from causal_eval.report.typeset import spoken
from causal_eval.results.types import (
    Clause,
    Diagnostic,
    Effect,
    Estimate,
    Failure,
    MetricInfo,
    StudyResult,
    Verdict,
)

MOST_WORDS = 90
"""The bottom line is not longer than this."""

OBSERVATIONAL = "Observational study: who got the launch was not randomised."

_RECOMMENDATIONS: dict[str, tuple[str, str, Tone]] = {
    "ship": ("✓", "Ship", "good"),
    "hold": ("‖", "Hold", "warn"),
    "roll back": ("✗", "Roll back", "bad"),
    "cannot tell": ("?", "Cannot tell", "neutral"),
}
_VERDICTS: dict[Verdict, tuple[str, str, Tone]] = {
    "fail": ("✗", "Fail", "bad"),
    "warn": ("!", "Warn", "warn"),
    "not_run": ("–", "Not run", "neutral"),
    "pass": ("✓", "Pass", "good"),
}
_OUTCOMES: dict[str, tuple[str, str, Tone]] = {
    "met": ("✓", "Met", "good"),
    "not met": ("✗", "Not met", "bad"),
    "breached": ("✗", "Breached", "bad"),
    "not cleared": ("!", "Not cleared", "warn"),
    "cleared": ("✓", "Cleared", "good"),
    "inconclusive": ("?", "Inconclusive", "neutral"),
    "missing": ("–", "No estimate", "neutral"),
}
VERDICT_ORDER: tuple[Verdict, ...] = ("fail", "warn", "not_run", "pass")
VERDICT_WORDS: dict[Verdict, str] = {"pass": "pass", "warn": "warn", "fail": "fail", "not_run": "not run"}


def recommendation_mark(result: StudyResult) -> Mark:
    """The recommendation, as the Decision has it."""
    return Mark(*_RECOMMENDATIONS[result.decision.recommendation])


def verdict_mark(verdict: Verdict) -> Mark:
    """A check's verdict."""
    return Mark(*_VERDICTS[verdict])


def outcome_mark(clause: Clause | None) -> Mark:
    """What the decision made of a metric; a metric outside the rule is reported only."""
    return Mark(*_OUTCOMES[clause.outcome]) if clause else Mark("○", "Reported only", "neutral")


def clause_of(result: StudyResult, metric: str) -> Clause | None:
    """The line of the decision about that metric."""
    return next((c for c in result.decision.clauses if c.metric == metric), None)


def metric_unit(result: StudyResult, metric: MetricInfo) -> Unit:
    """How the metric's values are shown."""
    return unit_of(metric, log=is_log(result, metric.name))


def sentence(text: str) -> str:
    """``text`` with a capital at its start and a full stop at its end."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")


def cut(text: str, words: int) -> str:
    """At most that many words of ``text``; a cut one ends in an ellipsis."""
    parts = text.split()
    return text.strip() if len(parts) <= words else " ".join(parts[:words]).rstrip(",;:.") + "…"


def shortened(text: str, words: int) -> str:
    """At most that many words, ended where a sentence or a part of one ends if there is such a place, else cut."""
    parts = text.split()
    if len(parts) <= words:
        return text.strip()
    for n in range(words, MOST_WORDS // 10, -1):
        if parts[n - 1][-1] in ".;:":
            return " ".join(parts[:n]).rstrip(".;:")
    return cut(text, words)


def word_count(text: str) -> int:
    """Words as a reader counts them: runs between spaces."""
    return len(text.split())


def holds_zero(effect: Effect) -> bool | None:
    """Whether the interval holds zero; None where there is no interval."""
    return None if effect.interval is None else effect.interval.low <= 0 <= effect.interval.high


def gate_closed(result: StudyResult) -> bool:
    """Whether a failed gate says that no decision may rest on the estimate."""
    return any(d.gate and d.verdict == "fail" for d in result.diagnostics)


def effect_sentence(result: StudyResult) -> str:
    """The headline finding in one sentence, or why there is none."""
    finding = result.headline
    metric = result.primary_metric
    label = cut(metric_label(metric), 12)
    if isinstance(finding.said, Failure):
        return sentence(f"There is no estimate for {label}: {cut(finding.said.message, 20)}")
    estimate = finding.said
    effect = estimate.headline
    unit = metric_unit(result, metric)
    p = f"; {p_text(effect.p_value)}" if effect.p_value is not None else ""
    value = effect_text(effect, unit, words=True)
    relative = estimate.effect("overall", "relative")
    also = f", {effect_text(relative, RELATIVE)} relative" if relative else ""
    tag = estimand_tag(estimate)
    if finding.role == "reference":
        return (
            f"There is no answer for {label} yet: the only analysis is a reference, which no decision may rest on "
            f"({analysis_name(finding)}: {value})."
        )
    if holds_zero(effect):
        assert effect.interval is not None
        return (
            f"We cannot tell the effect on {label} from zero: the estimate is {value} ({tag}{p}){also}, and we "
            "cannot rule out "
            f"{interval_text(effect, unit, words=True)} ({share(effect.interval.level)} interval)."
        )
    said = interval_phrase(effect, unit, bare=True)
    if gate_closed(result) or result.decision.robustness == "weak":
        why = "a gating check failed" if gate_closed(result) else "the evidence is weak"
        return f"The launch is associated with a change in {label} of {value} ({tag}; {said}{p}){also}; {why}."
    return f"We estimate that the launch changed {label} by {value} ({tag}; {said}{p}){also}."


def guardrail_sentence(result: StudyResult) -> str:
    """What became of every guardrail; empty when none was declared."""
    guards = [m for m in result.metrics if m.role == "guardrail"]
    if not guards:
        return ""
    said = []
    for m in guards:
        clause = clause_of(result, m.name)
        said.append(f"{metric_label(m)} {outcome_mark(clause).word.lower()}")
    return f"Guardrails: {'; '.join(said)}."


def checks_sentence(result: StudyResult) -> str:
    """How many checks came out how; empty when none was asked for."""
    counts = [(sum(d.verdict == v for d in result.diagnostics), word) for v, word in VERDICT_WORDS.items()]
    said = ", ".join(f"{n} {word}" for n, word in counts if n)
    return f"Checks: {said}." if said else ""


def robustness_sentence(result: StudyResult) -> str:
    """How far the headline can be leant on, as the decision has it; empty where it says nothing."""
    word = result.decision.robustness
    return f"Robustness: {word}, {result.decision.robustness_reason}." if word else ""


ROBUSTNESS_MEANS = {
    "weak": "Weak means that the estimate may be the difference between the groups rather than the effect: they were hard to "
    "compare or a check failed, and the interval makes no allowance for that. On its own it is no ground for a decision; use it "
    "to plan what could tell, such as a launch by lot, in steps, or among people who are alike.",
    "satisfactory": "Satisfactory means that nothing failed and something warns: decide with the warning on the table.",
    "good": "Good means that no check that ran warns. What was not measured stays unknown: no data at hand can speak to it.",
}
"""What the decision's word for robustness means for whoever decides."""


def threat(result: StudyResult) -> str:
    """The biggest threat the decision names; empty when it names none."""
    return result.decision.threats[0] if result.decision.threats else ""


def bottom_line(result: StudyResult) -> tuple[str, tuple[str, ...]]:
    """The decision's reason and the sentences after it: never more than 90 words with the recommendation itself.

    What matters most is fitted in first (the effect, what it would take to tell where the study cannot, the threat, guardrails,
    the reason, the checks) and what no longer fits is left to the sections below.
    """
    effect = effect_sentence(result)
    budget = MOST_WORDS - word_count(effect) - 4
    chosen: dict[str, str] = {}
    biggest = threat(result)
    short = needed(result)
    parts = {
        "needed": found_sentence(result, short) if short else "",
        "threat": "",
        "guardrails": guardrail_sentence(result),
        "reason": sentence(result.decision.reason),
        "checks": checks_sentence(result),
    }
    # The threat is told whole where the other sentences leave it the room; the count of the checks makes way for it.
    room = max(24, budget - sum(word_count(text) for name, text in parts.items() if name != "checks") - 2)
    if biggest:
        parts["threat"] = sentence(f"Biggest threat: {shortened(biggest, room)}")
    weak = result.decision.robustness == "weak"  # the reason then names the threat itself
    for name, text in sorted(parts.items(), key=lambda part: weak and part[0] != "reason"):
        if text and word_count(text) <= budget:
            chosen[name] = text
            budget -= word_count(text)
    order = [effect, *(chosen[k] for k in ("needed", "guardrails", "checks", "threat") if k in chosen)]
    return chosen.get("reason", ""), tuple(order)


def threshold_phrase(result: StudyResult, metric: MetricInfo) -> str:
    """What the metric is held against, in words; empty when it declares nothing."""
    unit = metric_unit(result, metric)
    up = metric.better != "lower"
    if metric.role == "guardrail" and metric.margin is not None:
        return f"margin {_size(metric.margin, metric.margin_scale, unit, positive=not up)}"
    if metric.role != "guardrail" and metric.min_effect is not None:
        return f"minimum {_size(metric.min_effect, metric.min_effect_scale, unit, positive=up)}"
    return ""


def _size(size: float, scale: str | None, unit: Unit, *, positive: bool) -> str:
    of = RELATIVE if scale == "relative" else unit
    sign = "+" if positive else "\u2212"
    return f"{sign}{of.before}{abs(size) * of.factor:.10g}{of.change}"


def check_title(result: StudyResult, check: Diagnostic) -> str:
    """A check with what it looked at."""
    try:
        label = metric_label(result.metric(check.metric))
    except KeyError:
        label = check.metric
    return " · ".join(x for x in (check.check.replace("_", " "), label, check.analysis) if x)


def merged_notes(result: StudyResult) -> list[tuple[str, str]]:
    """Every note of every estimate once, with the analyses that carry it, and the metrics where not all of an analysis' do."""
    carried: dict[str, dict[str, list[str]]] = {}
    metrics: dict[str, list[str]] = {}
    for f in result.findings:
        if f.estimate:
            name, label = analysis_name(f), metric_label(result.metric(f.metric))
            metrics.setdefault(name, []).append(label)
            for note in dict.fromkeys((*f.estimate.notes, *(e.note for e in f.estimate.effects if e.note))):
                carried.setdefault(sentence(note), {}).setdefault(name, []).append(label)
    out = []
    for note, names in carried.items():
        who = [name if on == metrics[name] else f"{name} on {', '.join(on)}" for name, on in names.items()]
        out.append(("; ".join(who), note))
    return out


def report_setting(result: StudyResult, key: str) -> object:
    """A setting of [report] in the resolved spec; None where the result holds none."""
    said = result.spec.get("report")
    return said.get(key) if isinstance(said, dict) else None


def summary(result: StudyResult) -> str:
    """About a dozen plain lines: what the command prints at its end."""
    metric = result.primary_metric
    unit = metric_unit(result, metric)
    finding = result.headline
    lines = [
        f"{result.question.title} [{result.question.id}]",
        OBSERVATIONAL,
        f"Recommendation: {result.decision.recommendation.upper()}. {sentence(result.decision.reason)}",
    ]
    if isinstance(finding.said, Failure):
        lines.append(
            f"{metric_label(metric)}: no estimate ({finding.said.code} {finding.said.status}). "
            f"{sentence(finding.said.message)}"
        )
        if finding.said.hint:
            lines.append(f"  {sentence(finding.said.hint)}")
    else:
        estimate = finding.said
        only = " (a reference only)" if finding.role == "reference" else ""
        lines.append(f"{metric_label(metric)}: {estimand_name(estimate)}, {analysis_name(finding)}{only}")
        lines.append(f"  absolute  {effect_line(estimate.headline, unit)}")
        relative = estimate.effect("overall", "relative")
        if relative:
            lines.append(f"  relative  {effect_line(relative, RELATIVE)}")
        lines.append(f"  inference {estimate.inference}")
        lines += [f"  note: {n}" for n in estimate.notes[:2]]
    guards = guardrail_sentence(result)
    lines += [x for x in (guards, checks_sentence(result), robustness_sentence(result)) if x]
    short = needed(result)
    if short:
        lines.append(found_sentence(result, short))
    failed = [f for f in result.findings if isinstance(f.said, Failure) and f is not finding]
    if failed:
        names = "; ".join(f"{analysis_name(f)} {f.said.status}" for f in failed if isinstance(f.said, Failure))
        lines.append(f"Without an estimate: {names}.")
    if threat(result):
        lines.append(f"Biggest threat: {sentence(threat(result))}")
    if result.plan_lock is not None and result.plan_lock.deviations:
        lines.append(f"Not as locked: {', '.join(c.key for c in result.plan_lock.deviations)}.")
    return "\n".join(spoken(_printable(x)) for x in lines)


def _printable(line: str) -> str:
    """A line that moves no cursor: user-supplied line breaks and control characters become spaces."""
    return "".join(c if c.isprintable() else " " for c in line)


def effect_line(effect: Effect, unit: Unit) -> str:
    """An effect, its interval and its p-value on one line."""
    p = f", {p_text(effect.p_value)}" if effect.p_value is not None else ""
    return f"{effect_text(effect, unit)}, {interval_phrase(effect, unit, bare=True)}{p}"


def estimate_summary(estimate: Estimate) -> str:
    """A lone estimate in a few plain lines, in the outcome's own units."""
    s = estimate.sample
    lines = [
        f"{method_name(estimate.method)}: {estimand_name(estimate)}",
        f"  {sentence(estimate.estimand_text)}",
        f"  absolute  {effect_line(estimate.headline, Unit())}",
    ]
    relative = estimate.effect("overall", "relative")
    if relative:
        lines.append(f"  relative  {effect_line(relative, RELATIVE)}")
    lines += [
        f"  inference {estimate.inference}",
        f"  sample    {s.n_rows:,} rows, {s.n_units:,} units, {s.n_treated:,} treated",
    ]
    lines += [f"  note: {n}" for n in estimate.notes]
    return "\n".join(lines)


def scale_note(result: StudyResult) -> str:
    """On which scale checks write a share, whose effects are told in percentage points; empty where no metric is one."""
    shares = [m for m in result.metrics if metric_unit(result, m).factor != 1.0]
    if not shares:
        return ""
    whose = metric_label(shares[0]) if len(shares) == 1 else "a share"
    return f"Checks write differences of {whose} as they are stored: 0.01 is one percentage point."
