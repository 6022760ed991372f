"""Checks as a reader takes them in: one entry a check that did not pass, with the metrics it speaks of together."""

from __future__ import annotations

from dataclasses import dataclass

from causal_eval.plots.names import assumption_title, metric_label
from causal_eval.report.wording import VERDICT_ORDER, VERDICT_WORDS, sentence
from causal_eval.results.types import Diagnostic, StudyResult


@dataclass(frozen=True, slots=True)
class Open:
    """A check that did not pass: its worst and most important finding, and the others of the same check."""

    first: Diagnostic
    others: tuple[Diagnostic, ...]
    reading: str
    also: str
    """The other metrics with their verdicts, as a sentence; empty where there are none."""

    @property
    def title(self) -> str:
        """Assumption and check."""
        return f"{assumption_title(self.first.assumption)} ({self.first.check.replace('_', ' ')})"


def open_checks(result: StudyResult, *, verdicts: tuple[str, ...] = ("fail", "warn", "not_run")) -> list[Open]:
    """Failed ones first, then gates, then the primary metric's.

    A check that could not run for another metric than the primary one is left out, and so is one that asks what this
    kind of data cannot have: the table of checks has both.
    """
    primary = result.primary_metric.name
    found = [
        d for d in result.diagnostics
        if d.verdict in verdicts and d.verdict != "pass" and (d.verdict != "not_run" or d.metric == primary)
        and d.details.get("applies") is not False
    ]  # fmt: skip
    found.sort(key=lambda d: (VERDICT_ORDER.index(d.verdict), not d.gate, d.metric != primary))
    out = []
    for check in dict.fromkeys(d.check for d in found):
        first, *others = (d for d in found if d.check == check)
        of = "" if first.metric == primary else f"{label(result, first)}: "
        also = "; ".join(f"{label(result, d)} ({VERDICT_WORDS[d.verdict]})" for d in others)
        out.append(Open(first, tuple(others), of + sentence(first.reading), f"Also {also}." if also else ""))
    return out


def label(result: StudyResult, check: Diagnostic) -> str:
    """The metric of a check as its author calls it."""
    return next((metric_label(m) for m in result.metrics if m.name == check.metric), check.metric)
