"""The errors of some points of an event study, with what is known of how well they are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from causal_eval.inference.wald import Errors
    from causal_eval.results.types import EventStudy


def errors_of(study: EventStudy, at: list[int]) -> Errors:
    """Of the non-reference points ``at``, as a two-sample test has them (unbiased in each group)."""
    import numpy as np

    from causal_eval.inference.wald import Errors, Part

    pick = np.ix_(at, at)
    cov = np.array(study.covariance)[pick]
    if study.cohort_covariances:
        parts = tuple(
            Part(np.array(c)[pick], n, treated)
            for c, n, treated in zip(study.cohort_covariances, study.cohort_clusters, study.cohort_treated, strict=True)
        )
        return Errors(cov, study.df, parts=parts).unbiased()
    part = np.array(study.treated_covariance)[pick] if study.treated_covariance else None
    return Errors(cov, study.df, part, *study.n_clusters).unbiased()
