"""Whether families of methods agree on one metric: differences against their joint noise, and why they may differ."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

from causal_eval.plots.names import analysis_name, estimand_name, plural
from causal_eval.plots.numbers import Unit, change, error_of, fixed
from causal_eval.results.types import Estimate, Finding, StudyResult

FAMILIES: dict[str, tuple[str, str]] = {
    "did": ("Difference-in-differences", "both groups would have moved alike without the launch"),
    "synthetic": ("Synthetic control", "weights that match the past match the future without the launch too"),
    "adjustment": ("Adjustment for covariates", "who was treated is as good as random given the covariates"),
    "naive": ("No adjustment", "nothing but the launch sets the groups or the periods apart"),
}
"""Family -> its name and the assumption it rests on."""
_OF = {
    "did": "did", "staggered_did": "did", "imputation_did": "did", "sun_abraham": "did",
    "synthetic_control": "synthetic", "augmented_synthetic_control": "synthetic", "synthetic_did": "synthetic",
    "matrix_completion": "synthetic",
    "propensity_matching": "adjustment", "weighting": "adjustment", "outcome_regression": "adjustment",
    "aipw": "adjustment", "double_ml": "adjustment", "causal_forest": "adjustment", "naive": "naive",
}  # fmt: skip
FAR = 1.959964
"""Joint standard errors beyond which two estimates are said to differ: the 97.5% quantile of the normal."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One family's estimate of a metric: its primary analysis where it holds that, else its first one."""

    family: str
    finding: Finding
    estimate: Estimate

    @property
    def name(self) -> str:
        """The family in words."""
        return FAMILIES[self.family][0] if self.family in FAMILIES else analysis_name(self.finding)

    @property
    def assumption(self) -> str:
        """What it rests on; empty for a method of a plug-in."""
        return FAMILIES[self.family][1] if self.family in FAMILIES else ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two families: their difference, and how many joint standard errors it is; None where one has no error."""

    first: Voice
    second: Voice
    difference: float
    in_errors: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the families say together."""

    voices: tuple[Voice, ...]
    pairs: tuple[Pair, ...]
    same_sign: bool
    apart: tuple[Pair, ...]
    """Pairs that differ by more than their joint noise."""
    unjudged: int
    """Pairs of which one has neither a standard error nor an interval."""


def family_of(method: str) -> str:
    """The family of a method; a plug-in's method is a family of its own."""
    return _OF.get(method, method)


def agreement(result: StudyResult, metric: str) -> Agreement | None:
    """Compare the families on one metric, references left out; None where fewer than two gave an estimate.

    The joint error of two estimates is taken as if they were independent, ``sqrt(se1^2 + se2^2)``. Analyses of the same
    data share most of their noise, so that their difference is in truth less noisy, and the comparison lenient.
    """
    voices: dict[str, Voice] = {}
    for f in result.of(metric):
        family = family_of(f.method)
        if f.estimate is not None and f.role != "reference" and family != "naive" and family not in voices:
            voices[family] = Voice(family, f, f.estimate)
    if len(voices) < 2:
        return None
    pairs = []
    for a, b in combinations(voices.values(), 2):
        one, two = error_of(a.estimate.headline), error_of(b.estimate.headline)
        d = a.estimate.headline.value - b.estimate.headline.value
        joint = math.hypot(one, two) if one is not None and two is not None else None
        pairs.append(Pair(a, b, d, abs(d) / joint if joint else None))
    signs = {math.copysign(1.0, v.estimate.headline.value) for v in voices.values() if v.estimate.headline.value}
    apart = tuple(p for p in pairs if p.in_errors is not None and p.in_errors > FAR)
    return Agreement(
        tuple(voices.values()), tuple(pairs), len(signs) < 2, apart, sum(1 for p in pairs if p.in_errors is None)
    )


def agreement_words(found: Agreement) -> str:
    """Whether they agree, in the fewest words."""
    if found.apart:
        return "do not agree"
    return "agree within their noise" if found.unjudged < len(found.pairs) else "side by side"


def agreement_text(found: Agreement, unit: Unit) -> str:
    """Whether they agree, in one sentence or two."""
    n = len(found.voices)
    judged = [p for p in found.pairs if p.in_errors is not None]
    if not judged:
        said = f"The {n} families point the {'same way' if found.same_sign else 'opposite ways'}; without errors, no more can be said."
    elif not found.apart:
        widest = max(judged, key=lambda p: p.in_errors or 0.0)
        said = (
            f"The {n} families {agreement_words(found)}: the largest difference is {_size(widest, unit)}, "
            f"{fixed(widest.in_errors or 0.0, 1)} joint standard errors."
        )
        if not found.same_sign:
            said += " Their estimates have different signs, none of them far from the others."
    else:
        p = max(found.apart, key=lambda q: q.in_errors or 0.0)
        said = (
            f"The {n} families {agreement_words(found)}: {p.first.name.lower()} and {p.second.name.lower()} differ by "
            f"{_size(p, unit)}, {fixed(p.in_errors or 0.0, 1)} joint standard errors"
            + ("." if found.same_sign else ", with different signs.")
        )
    if judged and found.unjudged:
        said += f" {found.unjudged} {plural('pair', found.unjudged)} could not be compared for want of an error."
    return said


def _size(pair: Pair, unit: Unit) -> str:
    error = error_of(pair.first.estimate.headline)
    return change(abs(pair.difference), unit, error, words=True).lstrip("+")


def reasons(found: Agreement, noun: str) -> tuple[str, ...]:
    """Why they may differ though each is right: estimand, sample, assumption."""
    out = []
    estimands = {v.name: estimand_name(v.estimate) for v in found.voices}
    if len(set(estimands.values())) > 1:
        out.append("Estimands differ: " + "; ".join(f"{n.lower()}, {e}" for n, e in estimands.items()) + ".")
    samples = {v.name: (v.estimate.sample.n_rows, v.estimate.sample.n_units) for v in found.voices}
    if len(set(samples.values())) > 1:
        parts = (f"{n.lower()}, {rows:,} rows of {units:,} {plural(noun)}" for n, (rows, units) in samples.items())
        out.append("Samples differ: " + "; ".join(parts) + ".")
    known = [v for v in found.voices if v.assumption]
    if known:
        out.append("Assumptions differ: " + "; ".join(f"{v.name.lower()}, {v.assumption}" for v in known) + ".")
    return tuple(out)
