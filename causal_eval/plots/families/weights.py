"""Weights of the comparison: the donors a counterfactual is made of, and the periods it is measured from."""

from __future__ import annotations

from dataclasses import dataclass

from causal_eval.plots.names import analysis_name, capital, plural, short_name, unit_names
from causal_eval.plots.numbers import fixed
from causal_eval.plots.rows import Group, Line, Mark, Panel, chart
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import BLUE, VERMILLION, pretty
from causal_eval.results.types import Finding, StudyResult

MOST = 12
"""Donors shown of one analysis, the largest weights first; fewer where several analyses are shown."""
LEAST = 0.001
"""Weights below it, in size, count as none."""


@dataclass(frozen=True, slots=True)
class Shares:
    """The weights of one kind of one analysis."""

    name: str
    short: str
    kind: str
    shown: tuple[tuple[str, float], ...]
    others: int
    rest: float
    """Sum of the weights that are not shown."""
    nonzero: int
    all: int


def weight_series(result: StudyResult) -> tuple[Shares, ...]:
    """The donor weights of every analysis of the primary metric, and time weights where there are any."""
    found, names = _weighted(result), donor_names(result)
    most = MOST if len(found) <= 1 else max(5, MOST // len(found) + 2)
    out = []
    for f in found:
        out.append(_shares(f, "donor", [(names[u], w) for u, w in _donors(f)], most))
        times = [(pretty(w.unit), w.weight) for w in f.estimate.weights if w.kind == "time"] if f.estimate else []
        if times:
            out.append(_shares(f, "time", times, most))
    return tuple(out)


def donor_names(result: StudyResult) -> dict[str, str]:
    """What donors are called wherever their weights are told, by weight: one letter is one person in all figures of them."""
    found = _weighted(result)
    return unit_names(result, sorted({u for f in found for u, _ in _donors(f)}, key=lambda u: (-_weight(found, u), u)))


def _weighted(result: StudyResult) -> list[Finding]:
    """Analyses of the primary metric that weight donors, the primary one first."""
    return [f for f in result.of(result.primary_metric.name) if f.estimate and any(_donors(f))]


def _donors(finding: Finding) -> list[tuple[str, float]]:
    return [(w.unit, w.weight) for w in finding.estimate.weights if w.kind == "donor"] if finding.estimate else []


def _weight(found: list[Finding], unit: str) -> float:
    return next((w for u, w in _donors(found[0]) if u == unit), 0.0)


def _shares(finding: Finding, kind: str, weights: list[tuple[str, float]], most: int) -> Shares:
    real = sorted((w for w in weights if abs(w[1]) >= LEAST), key=lambda w: (-abs(w[1]), w[0]))
    shown, rest = real[:most], real[most:]
    return Shares(
        analysis_name(finding), short_name(finding), kind, tuple(shown), len(rest), sum(w for _, w in rest), len(real), len(weights)
    )  # fmt: skip


def _group(shares: Shares, noun: str) -> Group:
    lines = [
        Line(name, fixed(100 * w, 1) + "%", (Mark(100 * w, colour=BLUE if w >= 0 else VERMILLION),))
        for name, w in shares.shown
    ]
    if shares.others:
        words = f"{shares.others} other {noun if shares.kind == 'donor' else 'periods'}"
        lines.append(Line(words, fixed(100 * shares.rest, 1) + "%", (Mark(100 * shares.rest, filled=False),), dim=True))
    return Group(
        tuple(lines),
        capital(shares.name),
        "periods before the launch" if shares.kind == "time" else "",
        short=capital(shares.short),
    )


def weights_figure(result: StudyResult, all_shares: tuple[Shares, ...]) -> FigureSpec:
    """One group an analysis, its largest weights first."""
    noun = plural(result.design.unit_noun)
    panel = Panel("Weight in the comparison, %", tuple(_group(s, noun) for s in all_shares), signed=False, bars=True)
    first = all_shares[0]
    title = f"What the comparison is made of: {first.nonzero} of {first.all} {noun}"
    largest = "; ".join(f"{name} {fixed(100 * w, 1)}%" for name, w in first.shown[:3])
    negative = any(w < 0 for s in all_shares for _, w in s.shown)
    note = "Orange: a negative weight, so the comparison extrapolates" if negative else ""
    rows: tuple[tuple[Value, ...], ...] = tuple((s.name, s.kind, n, w) for s in all_shares for n, w in s.shown)
    said = [
        f"{s.name}, {'periods' if s.kind == 'time' else noun}: "
        + ", ".join(f"{n} {fixed(100 * w, 1)}%" for n, w in s.shown)
        + (f"; {s.others} others sum to {fixed(100 * s.rest, 1)}%" if s.others else "")
        for s in all_shares
    ]
    return FigureSpec(
        "weights",
        title,
        f"Bar chart of the weights by which {noun} make up the comparison. {capital(first.name)}: "
        f"{first.nonzero} of {first.all} have weight, the largest {largest}.",
        ". ".join(said) + ".",
        ("analysis", "kind", "name", "weight"),
        rows,
        3,
        *chart(title, (panel,), note),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where an analysis of the primary metric weights donors."""
    shares = tuple(s for s in weight_series(result) if s.shown)
    return [weights_figure(result, shares)] if shares else []


FAMILY = Family("weights", "The donors and periods a counterfactual is made of, with their weights.", specs)
