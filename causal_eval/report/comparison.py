"""Several runs side by side: what each estimated and decided, and what differs in plan, data and checks.

Made from saved results alone, of one study or of several. Estimates are compared as numbers, not tested against each
other: two runs on the same rows are not independent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from causal_eval.plots.names import metric_label
from causal_eval.plots.numbers import Unit, change, effect_text, interval_text, is_log, places, unit_of
from causal_eval.plots.style import pretty
from causal_eval.report.wording import VERDICT_WORDS
from causal_eval.results.types import Effect, Estimate, Failure, Finding, Json, StudyResult

ABSENT = "\u2013"
"""For what a run does not have."""

_NOT_THE_PLAN = ("report.", "study.title", "study.owner", "study.context", "study.reviewers")


@dataclass(frozen=True, slots=True)
class Run:
    """A run by its letter, and what it is."""

    letter: str
    name: str
    """The folder, as given."""
    study: str
    recommendation: str
    reason: str
    as_of: str
    rows: int
    data_sha256: str
    spec_sha256: str
    package: str
    plan: str


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One analysis of one metric in every run; ``change`` where two runs measured it on the same scale."""

    metric: str
    label: str
    analysis: str
    headline: bool
    values: tuple[str, ...]
    change: str
    numbers: tuple[Effect | None, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting, a check or a version that is not the same in all runs; a value a run, in their order."""

    what: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that `causal-eval compare` says."""

    runs: tuple[Run, ...]
    effects: tuple[EffectRow, ...]
    plan: tuple[Difference, ...]
    checks: tuple[Difference, ...]
    versions: tuple[Difference, ...]


def compare(results: Sequence[StudyResult], names: Sequence[str]) -> Comparison:
    """Compare runs.

    Args:
        results: two or more, in the order they are to be shown.
        names: what to call each: its folder.
    """
    return Comparison(
        tuple(_run(chr(ord("A") + i) if i < 26 else f"#{i + 1}", n, r) for i, (n, r) in enumerate(zip(names, results, strict=True))),
        tuple(_effects(results)),
        tuple(_differences(results, lambda r: dict(_settings(r.spec, "")))),
        tuple(_differences(results, _verdicts)),
        tuple(_differences(results, _versions)),
    )  # fmt: skip


def _run(letter: str, name: str, r: StudyResult) -> Run:
    lock = r.plan_lock
    n = 0 if lock is None else len(lock.deviations)
    plan = "not locked" if lock is None else f"{n} deviation{'s' * (n != 1)}" if n else "as locked"
    return Run(letter, name, r.question.id, r.decision.recommendation, r.decision.reason,
               pretty(r.lineage.as_of) if r.lineage.as_of else "", r.lineage.rows_read, r.provenance.data_sha256,
               r.provenance.spec_sha256, r.provenance.package, plan)  # fmt: skip


def _effects(results: Sequence[StudyResult]) -> Iterator[EffectRow]:
    keys = dict.fromkeys((f.metric, f.analysis) for r in results for f in r.findings)
    metrics = list(dict.fromkeys(m.name for r in results for m in r.metrics))
    for metric, analysis in sorted(keys, key=lambda k: metrics.index(k[0])):
        found = [r.find(metric, analysis) for r in results]
        infos = [next((m for m in r.metrics if m.name == metric), None) for r in results]
        units = [None if m is None else unit_of(m, log=is_log(r, metric)) for m, r in zip(infos, results, strict=True)]
        texts = tuple(_text(f, u) for f, u in zip(found, units, strict=True))
        numbers = tuple(f.estimate.headline if f and f.estimate else None for f in found)
        moved = ""
        if len(results) == 2 and units[0] is not None and units[0] == units[1]:
            a, b = numbers
            same = _estimand(found[0]) == _estimand(found[1])
            if a is not None and b is not None and same:
                # an error whose two significant digits end at the coarser of the two roundings
                error = 10.0 ** (1 - min(places(a, units[0]), places(b, units[0]))) / units[0].factor
                moved = "none" if a.value == b.value else change(b.value - a.value, units[0], error)
        headline = any(f is r.headline for f, r in zip(found, results, strict=True))
        label = next(metric_label(m) for m in infos if m is not None)
        yield EffectRow(metric, label, analysis, headline, texts, moved, numbers)


def _estimand(finding: Finding | None) -> str:
    return finding.estimate.estimand if finding and finding.estimate else ""


def _text(finding: Finding | None, unit: Unit | None) -> str:
    if finding is None or unit is None:
        return ABSENT
    if isinstance(finding.said, Failure):
        return f"{finding.said.status} ({finding.said.code})"
    estimate: Estimate = finding.said
    interval = interval_text(estimate.headline, unit, bare=True)
    return effect_text(estimate.headline, unit) + (f" ({interval})" if interval else "")


def _differences(
    results: Sequence[StudyResult], read: Callable[[StudyResult], Mapping[str, str]]
) -> Iterator[Difference]:
    """What is not the same everywhere, in the order of the first run that says it."""
    said = [read(r) for r in results]
    for key in dict.fromkeys(k for one in said for k in one):
        values = tuple(one.get(key, ABSENT) for one in said)
        if len(set(values)) > 1:
            yield Difference(key, values)


def _settings(value: Json, key: str) -> Iterator[tuple[str, str]]:
    """The plan's settings by their dotted keys; tables of a list by their names."""
    if key and f"{key}.".startswith(_NOT_THE_PLAN):
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _settings(inner, f"{key}.{name}" if key else name)
    elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
        for i, inner in enumerate(value):
            assert isinstance(inner, dict)
            name = inner.get("name") or inner.get("method") or str(i)
            yield from _settings(inner, f"{key}.{name}")
    else:
        yield key, ABSENT if value is None else json.dumps(value, ensure_ascii=False)


def _verdicts(result: StudyResult) -> dict[str, str]:
    return {f"{d.check}, {d.metric}, {d.analysis}": VERDICT_WORDS[d.verdict] for d in result.diagnostics}


def _versions(result: StudyResult) -> dict[str, str]:
    p = result.provenance
    return {"causal-eval": p.package, "python": p.python, **dict(sorted(p.libraries.items())), "seed": str(p.seed)}
