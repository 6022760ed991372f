"""The robustness word: good, satisfactory or weak, and LaLonde's lesson on controls from a survey."""

from __future__ import annotations

import pytest

import causal_eval as ce
from causal_eval.decision.robustness import robustness
from causal_eval.report.wording import robustness_sentence
from causal_eval.results.types import Diagnostic


def check(name: str, verdict: str, metric: str = "y") -> Diagnostic:
    return Diagnostic(name, metric, "main", "no_confounding", verdict, "reading")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "word"),
    [
        ([], ""),
        ([check("overlap", "not_run")], ""),
        ([check("overlap", "pass"), check("e_value", "pass")], "good"),
        ([check("overlap", "warn"), check("e_value", "pass")], "satisfactory"),
        ([check("overlap", "pass"), check("e_value", "warn")], "satisfactory"),
        ([check("overlap", "warn"), check("e_value", "warn")], "weak"),
        ([check("sensitivity", "warn"), check("equivalence", "warn")], "satisfactory"),
        ([check("placebo_in_time", "warn"), check("equivalence", "warn")], "satisfactory"),
        ([check("placebo_in_time", "warn"), check("sensitivity", "warn")], "weak"),
        ([check("balance", "fail"), check("e_value", "pass")], "weak"),
        ([check("balance", "fail", "another"), check("e_value", "pass")], "good"),
    ],
)
def test_the_word_is_read_off_the_checks_of_the_primary_metric(found, word):
    assert robustness(found, "y")[0] == word


def test_an_assumption_that_no_check_could_look_at_is_named_and_is_not_called_good():
    """Two waves of a survey: the groups' trends before the launch are unknown, however clean the rest is."""
    untested = [
        Diagnostic(name, "y", "main", "parallel_trends", "not_run", "one pre-period")
        for name in ("pre_trends", "placebo_in_time")
    ]
    rest = [Diagnostic("composition", "y", "main", "stable_composition", "pass", "reading")]
    word, why = robustness([*untested, *rest], "y")
    assert word == "satisfactory" and why.startswith("parallel trends could not be checked")
    warned = Diagnostic("clusters", "y", "main", "valid_inference", "warn", "reading")
    assert "(clusters), and parallel trends could not" in robustness([*untested, *rest, warned], "y")[1]
    looked = Diagnostic("pre_trends", "y", "main", "parallel_trends", "pass", "reading")
    assert robustness([looked, untested[1], *rest], "y")[0] == "good"


SPEC = {
    "schema_version": 1,
    "study": {"id": "cps", "title": "Training", "question": "Did it raise earnings?"},
    "roles": {
        "treatment": "treat",
        "covariates": ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"],
    },
    "metrics": [{"name": "earnings", "column": "re78", "better": "higher"}],
    "estimators": [{"method": "weighting"}],
}


def test_controls_from_a_survey_leave_the_same_spec_with_poor_overlap_and_a_weak_verdict():
    """LaLonde (1986): the trained beside the CPS's men, instead of those whom the lot left out."""
    causaldata = pytest.importorskip("causaldata")
    import pandas as pd

    trained = causaldata.nsw_mixtape.load_pandas().data
    survey = causaldata.cps_mixtape.load_pandas().data
    frame = pd.concat([trained[trained.treat == 1], survey], ignore_index=True)
    result = ce.run(SPEC, frame=frame)
    of = {d.check: d.verdict for d in result.diagnostics}
    assert of["overlap"] in ("warn", "fail")
    assert result.decision.robustness == "weak"
    said = robustness_sentence(result)
    assert "weak" in said and "overlap" in said
    assert "Robustness: weak" in result.summary()
