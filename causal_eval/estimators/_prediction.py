"""Prediction intervals as a synthetic control's inference: of the average, and of every period after the launch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causal_eval.errors import EstimatorRefusal

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.estimators._synthetic import At, GapTests, Synthetic
    from causal_eval.inference.effects import Tested


def predicted(
    found: Synthetic, level: float, intercept: bool, rng: np.random.Generator, notes: list[str]
) -> tuple[GapTests, Tested, str]:
    """Tests by period and of the average, and the procedure in words. What the reader must know joins ``notes``.

    Raises:
        EstimatorRefusal: E404 several treated paths; E403 a perfect fit, or too few periods, before the launch.
    """
    import numpy as np

    from causal_eval.estimators._synthetic import GapTests
    from causal_eval.estimators._synthetic_options import one_path
    from causal_eval.inference.prediction import prediction

    one_path(found, "prediction")
    fit = found.cohorts[0]
    c = fit.cohort
    try:
        p = prediction(
            fit.Y[:, [0, *fit.allowed]], fit.fits.weights[0][fit.allowed], c.pre, c.post, rng, intercept=intercept
        )
    except ValueError as e:
        raise EstimatorRefusal("E403", str(e), hint='Use inference = "placebo", or more pre-periods.') from e
    tests: dict[At, Tested] = {((0, int(t)),): p.tested(i, level) for i, t in enumerate(np.flatnonzero(c.post), 1)}
    error = float(f"{p.monte_carlo(0, level):.2g}")
    draws = len(p.low[0])
    notes += [
        "Prediction intervals hold at least their level if shocks after the launch are like those before it, however they depend on "
        "each other over time; where shocks average out, that of the average is wider than it need be: in simulated panels its 95% "
        "intervals held the truth in 95% to 100% of studies.",
        f"Monte Carlo error of the ends of the average's interval: {error:,.10g}, from {draws:,} draws. The p-value is the level at "
        f"which that interval ends at zero; it is not followed below {p.smallest_p:.3f}.",
    ]
    name = f"prediction interval (Cattaneo, Feng & Titiunik 2021), {draws:,} draws"
    return GapTests(name, tests), p.tested(0, level), name
