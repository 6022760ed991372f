"""Errors of several treated units' counterfactual by redrawing or leaving out units: of the headline and of every row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from causal_eval.errors import EstimatorRefusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.estimators._synthetic import Synthetic
    from causal_eval.estimators._synthetic_options import Inferred

    Floats = NDArray[np.float64]

FEWEST = 5
"""Treated units below which errors of resampling them are said to be too small."""


def resampled(
    how: Literal["bootstrap", "jackknife"],
    found: Synthetic,
    time_weights: Floats,
    level: float,
    notes: list[str],
    rng: np.random.Generator,
) -> Inferred:
    """The headline's inference, and that of every average of gaps, by one and the same resampling.

    Args:
        time_weights: (T,) of the periods before the launch that the gap is measured from; zeros where levels are matched.

    Raises:
        EstimatorRefusal: E404 several adoption dates; E403 too few treated units.
    """
    import numpy as np

    from causal_eval.estimators._synthetic import GapTests, average_weights, averages
    from causal_eval.estimators._synthetic_options import Inferred, one_path
    from causal_eval.inference.effects import t_test
    from causal_eval.inference.unit_resampling import bootstrap_errors, jackknife_errors

    one_path(found, how)
    fit, donors = found.cohorts[0], found.pool.donors
    c = fit.cohort
    wanted = averages(found)
    rows = np.column_stack([np.where(c.post, 1 / c.post.sum(), 0.0), *average_weights(found, wanted)])
    try:
        errors = (
            bootstrap_errors(c.paths, donors, fit.method, c.pre, c.post, rows, rng)
            if how == "bootstrap"
            else jackknife_errors(c.paths, donors, fit.fits.weights[0][1:], time_weights, rows)
        )
    except ValueError as e:
        raise EstimatorRefusal("E403", f'inference = "{how}": {e}', hint='Use inference = "placebo".') from e
    if c.size < FEWEST:
        notes.append(f"Only {c.size} treated units: {how} errors of so few are too small (use placebo inference).")
    name = f"{how} over units, normal"
    values = fit.gaps[0] @ rows
    tests = {
        at: t_test(float(value), float(error), float("inf"), level)
        for at, value, error in zip(wanted, values[1:], errors[1:], strict=True)
    }
    error = float(errors[0])
    return Inferred(t_test(found.value, error, float("inf"), level), found.value, error, name, GapTests(name, tests))
