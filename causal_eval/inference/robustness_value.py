"""How strong an unmeasured confounder must be to explain an effect away (Cinelli & Hazlett 2020).

Of a regression coefficient with t statistic t and df degrees of freedom, with f = |t| / sqrt(df): the robustness value is
RV_q = (sqrt(f_q^4 + 4 f_q^2) - f_q^2) / 2, f_q = q f (eq. 17), and for significance f_q = q f - t_crit / sqrt(df - 1) (eq. 18).
A confounder that explains that share of what is left of both treatment and outcome brings the estimate (or its t) to zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Robustness:
    """A coefficient and what it takes to explain it away.

    Attributes:
        estimate, std_error, df: classical least squares.
        rv, rv_alpha: robustness values for a zero estimate, and for an estimate that is no longer significant.
        partial_r2: share of what is left of the outcome that the treatment explains.
        benchmarks: per covariate the partial R-squared with the treatment and with the outcome, of one as strong as it is.
    """

    estimate: float
    std_error: float
    df: int
    rv: float
    rv_alpha: float
    partial_r2: float
    benchmarks: dict[str, tuple[float, float]]


def value(f: float) -> float:
    """The robustness value of a partial Cohen f."""
    from math import sqrt

    return 0.5 * (sqrt(f**4 + 4 * f**2) - f**2) if f > 0 else 0.0


def robustness(y: Floats, d: Floats, X: Floats, names: tuple[str, ...], *, alpha: float = 0.05) -> Robustness:
    """Of the coefficient of ``d`` (n,) in least squares of ``y`` (n,) on a constant, ``d`` and ``X`` (n, p)."""
    import numpy as np
    from scipy import stats

    Z = np.column_stack([np.ones(len(y)), X])
    Z = Z / np.maximum(np.abs(Z).max(axis=0), 1e-300)
    fit = _Fit.of(y, np.column_stack([Z, d]))
    t, df = float(fit.t[-1]), fit.df
    critical = float(stats.t.isf(alpha / 2, df - 1)) / (df - 1) ** 0.5
    f = abs(t) / df**0.5
    on_treatment = _Fit.of(d, Z)
    benchmarks = {}
    for k, name in enumerate(names):
        r_d = _partial(float(on_treatment.t[k + 1]), on_treatment.df)
        r_y = _partial(float(fit.t[k + 1]), df)
        strength = r_d / (1 - r_d)
        # Bounds of a confounder once as strong (eq. 49 and 50 with k = 1).
        r_dz = min(strength, 1.0)
        benchmarks[name] = (r_dz, min(_outcome_bound(r_y, r_d), 1.0))
    return Robustness(
        float(fit.beta[-1]), float(fit.error[-1]), df, value(f), value(f - critical), _partial(t, df), benchmarks
    )


def _outcome_bound(r_y: float, r_d: float) -> float:
    """Partial R-squared with the outcome of a confounder as strong as a covariate, as sensemakr computes it."""
    between = (r_d / (1 - r_d)) ** 2 if r_d < 1 else 1.0
    if between >= 1:
        return 1.0
    return float(((1 + between**0.5) / (1 - between) ** 0.5) ** 2 * (r_y / (1 - r_y)))


def adjusted(found: Robustness, r_d: float, r_y: float) -> float:
    """The estimate under a confounder with these partial R-squared, against its sign (eq. 11)."""
    from math import inf, sqrt

    bias = found.std_error * sqrt(r_y * r_d / (1 - r_d) * found.df) if r_d < 1 else inf
    return found.estimate - bias if found.estimate >= 0 else found.estimate + bias


def _partial(t: float, df: int) -> float:
    return float(t**2 / (t**2 + df))


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    beta: Floats
    error: Floats
    t: Floats
    df: int

    @classmethod
    def of(cls, y: Floats, A: Floats) -> _Fit:
        import numpy as np

        beta, _, rank, _ = np.linalg.lstsq(A, y, rcond=1e-12)
        df = len(y) - int(rank)
        rest = y - A @ beta
        error = np.sqrt(np.diag(np.linalg.pinv(A.T @ A, rcond=1e-14, hermitian=True)) * (rest @ rest) / df)
        t: Floats = np.where(error > 0, beta / np.where(error > 0, error, 1.0), 0.0).astype(np.float64)
        return cls(beta.astype(np.float64), error.astype(np.float64), t, df)
