"""What methods, roles and estimands are called in figures and text."""

from __future__ import annotations

from collections.abc import Iterable

from causal_eval.results.types import Estimate, Finding, MetricInfo, StudyResult

METHODS = {
    "did": "difference-in-differences",
    "staggered_did": "staggered difference-in-differences",
    "imputation_did": "imputation difference-in-differences",
    "sun_abraham": "interaction-weighted event study",
    "synthetic_control": "synthetic control",
    "augmented_synthetic_control": "augmented synthetic control",
    "synthetic_did": "synthetic difference-in-differences",
    "matrix_completion": "matrix completion",
    "propensity_matching": "propensity matching",
    "weighting": "propensity weighting",
    "outcome_regression": "outcome regression",
    "aipw": "doubly robust (AIPW)",
    "double_ml": "double machine learning",
    "causal_forest": "causal forest",
    "naive": "naive comparison",
}
SHORT = {
    "did": "DiD", "staggered_did": "staggered DiD", "imputation_did": "imputation DiD", "sun_abraham": "Sun-Abraham",
    "augmented_synthetic_control": "augmented SC", "synthetic_did": "synthetic DiD", "propensity_matching": "matching",
    "weighting": "weighting", "aipw": "AIPW", "double_ml": "double ML", "naive": "naive",
}  # fmt: skip
ESTIMANDS = {
    "att": "effect on the treated (ATT)",
    "ate": "average effect (ATE)",
    "ato": "effect where either choice was likely (ATO)",
    "att_matched": "effect on the treated who could be matched (matched ATT)",
    "ate_matched": "average effect on those who could be matched (matched ATE)",
    "att_trimmed": "effect on the treated left after trimming (trimmed ATT)",
    "ate_trimmed": "average effect on those left after trimming (trimmed ATE)",
    "plr": "partially linear effect (PLR)",
    "twfe": "two-way coefficient",
    "before_after": "change from before to after",
    "treated_untreated": "difference between treated and untreated",
}
TAGS = {
    "att": "ATT", "ate": "ATE", "ato": "ATO", "plr": "PLR", "twfe": "TWFE",
    "att_matched": "matched ATT", "ate_matched": "matched ATE", "att_trimmed": "trimmed ATT", "ate_trimmed": "trimmed ATE",
    "before_after": "before and after", "treated_untreated": "treated and untreated",
}  # fmt: skip
METRIC_ROLES = {
    "primary": "primary", "secondary": "secondary", "guardrail": "guardrail", "negative_control": "negative control",
}  # fmt: skip

ASSUMPTIONS = {
    "parallel_trends": "Parallel trends", "no_anticipation": "No anticipation", "no_interference": "No spillover",
    "stable_composition": "Stable composition", "valid_inference": "Valid errors", "groups_alike": "Groups alike",
    "donors_span": "Donors span the treated", "no_confounding": "No unmeasured confounding", "overlap": "Overlap",
    "nothing_else_changed": "Nothing else changed",
}  # fmt: skip
"""Titles of assumptions, as the catalogue of designs has them (a test compares the two)."""


def assumption_title(name: str) -> str:
    """An assumption in words; one that the catalogue does not know as it is written."""
    return ASSUMPTIONS.get(name, name.replace("_", " "))


def method_name(method: str) -> str:
    """A method in words; a foreign one by its registry name."""
    return METHODS.get(method, method)


def analysis_name(finding: Finding) -> str:
    """An analysis as a reader knows it: its method, and the author's name for it where that says more."""
    if finding.analysis == finding.method:
        return method_name(finding.method)
    return f"{method_name(finding.method)} ({finding.analysis})"


def short_name(finding: Finding) -> str:
    """An analysis where there is little room."""
    method = SHORT.get(finding.method, method_name(finding.method))
    return method if finding.analysis in (finding.method, "main") else f"{method} ({finding.analysis})"


def estimand_name(estimate: Estimate) -> str:
    """The estimand in words; a renamed one by its name."""
    return ESTIMANDS.get(estimate.estimand, estimate.estimand)


def estimand_tag(estimate: Estimate) -> str:
    """The estimand in the fewest words: ``ATT``."""
    return TAGS.get(estimate.estimand, estimate.estimand)


def on_the_treated(estimate: Estimate) -> bool:
    """Whether the effect is that on the treated, so that its level with the launch is one that was observed."""
    return not estimate.estimand.startswith(("ate", "ato", "plr"))


def metric_label(metric: MetricInfo) -> str:
    """The label of a metric, or its name where the author gave none."""
    return metric.label or metric.name


def capital(text: str) -> str:
    """The words as a sentence or a heading begins with them."""
    return text[:1].upper() + text[1:]


def plural(noun: str, n: int = 2) -> str:
    """``week`` -> ``weeks``; unchanged for one."""
    if n == 1:
        return noun
    return (
        noun
        if noun.endswith("s")
        else f"{noun[:-1]}ies"
        if noun.endswith("y") and noun[-2:-1] not in "aeiou"
        else f"{noun}s"
    )


def unit_names(result: StudyResult, ranked: Iterable[str]) -> dict[str, str]:
    """What units are called in a figure, the first of ``ranked`` first: as in the data, or A, B, C where they are people."""
    privacy = result.spec.get("privacy")
    hidden = isinstance(privacy, dict) and privacy.get("unit_is_person") is True
    return {unit: letters(k) if hidden else unit for k, unit in enumerate(dict.fromkeys(ranked))}


def letters(position: int) -> str:
    """0 is A, 25 is Z, 26 is AA."""
    said = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        said = chr(ord("A") + rest) + said
    return said
