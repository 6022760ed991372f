"""causal-eval: causal inference for launches that could not be randomised.

``import causal_eval as ce``; names load what they need on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from causal_eval.data.contract import CrossSection, Panel
    from causal_eval.design.design import Design
    from causal_eval.errors import CausalEvalError
    from causal_eval.estimators.aipw import AIPW
    from causal_eval.estimators.augmented_synthetic_control import AugmentedSyntheticControl
    from causal_eval.estimators.causal_forest import CausalForest
    from causal_eval.estimators.did import DifferenceInDifferences
    from causal_eval.estimators.double_ml import DoubleML
    from causal_eval.estimators.imputation_did import ImputationDiD
    from causal_eval.estimators.matrix_completion import MatrixCompletion
    from causal_eval.estimators.naive import Naive
    from causal_eval.estimators.outcome_regression import OutcomeRegression
    from causal_eval.estimators.propensity_matching import PropensityMatching
    from causal_eval.estimators.staggered_did import StaggeredDiD
    from causal_eval.estimators.sun_abraham import SunAbraham
    from causal_eval.estimators.synthetic_control import SyntheticControl
    from causal_eval.estimators.synthetic_did import SyntheticDiD
    from causal_eval.estimators.weighting import Weighting
    from causal_eval.results.io import read_result as load
    from causal_eval.results.types import Estimate, StudyResult
    from causal_eval.spec.models import StudySpec
    from causal_eval.study import run

__all__ = [
    "AIPW",
    "AugmentedSyntheticControl",
    "CausalEvalError",
    "CausalForest",
    "CrossSection",
    "Design",
    "DifferenceInDifferences",
    "DoubleML",
    "Estimate",
    "ImputationDiD",
    "MatrixCompletion",
    "Naive",
    "OutcomeRegression",
    "Panel",
    "PropensityMatching",
    "StaggeredDiD",
    "StudyResult",
    "StudySpec",
    "SunAbraham",
    "SyntheticControl",
    "SyntheticDiD",
    "Weighting",
    "load",
    "run",
]

_HOME = {
    "MatrixCompletion": "estimators.matrix_completion:MatrixCompletion",
    "AIPW": "estimators.aipw:AIPW",
    "CausalForest": "estimators.causal_forest:CausalForest",
    "DoubleML": "estimators.double_ml:DoubleML",
    "OutcomeRegression": "estimators.outcome_regression:OutcomeRegression",
    "PropensityMatching": "estimators.propensity_matching:PropensityMatching",
    "Weighting": "estimators.weighting:Weighting",
    "AugmentedSyntheticControl": "estimators.augmented_synthetic_control:AugmentedSyntheticControl",
    "SyntheticDiD": "estimators.synthetic_did:SyntheticDiD",
    "CausalEvalError": "errors:CausalEvalError",
    "CrossSection": "data.contract:CrossSection",
    "Design": "design.design:Design",
    "DifferenceInDifferences": "estimators.did:DifferenceInDifferences",
    "Estimate": "results.types:Estimate",
    "StaggeredDiD": "estimators.staggered_did:StaggeredDiD",
    "ImputationDiD": "estimators.imputation_did:ImputationDiD",
    "SunAbraham": "estimators.sun_abraham:SunAbraham",
    "SyntheticControl": "estimators.synthetic_control:SyntheticControl",
    "Naive": "estimators.naive:Naive",
    "Panel": "data.contract:Panel",
    "StudyResult": "results.types:StudyResult",
    "StudySpec": "spec.models:StudySpec",
    "load": "results.io:read_result",
    "run": "study:run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'causal_eval' has no attribute {name!r}")
    # Display and plots are put onto the result types from above the first time anything is used.
    from causal_eval.notebook import attach

    attach()
    module, _, attribute = _HOME[name].partition(":")
    value = getattr(import_module(f"causal_eval.{module}"), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
