"""What a flexible model sees in an outcome beyond a straight line: cross-fitted ridge on splines and products of the covariates.

Columns: cubic B-splines of every covariate with more than two values (Eilers & Marx 1996, with a ridge for the difference penalty)
and products of pairs. The penalty minimises generalised cross-validation (Golub, Heath & Wahba 1979) in each training part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]

KNOTS = 6
"""Knots of a spline, at quantiles."""
MOST_CROSSED = 12
"""Covariates whose products are taken: those that the straight line leans on most."""
PENALTIES = tuple(10.0**k for k in range(-1, 6))


@dataclass(frozen=True, slots=True, eq=False)
class Bends:
    """Out-of-fold predictions of an outcome in n rows.

    Attributes:
        line: (n,) by least squares on the covariates; beyond: (n,) what the flexible model adds to it.
    """

    line: Floats
    beyond: Floats


def bends(y: Floats, X: Floats, w: Floats, folds: Ints, train: Bools) -> Bends:
    """Both predictions for every row of X (n, p), from models of y (n,) trained on rows of ``train`` (n,) in other folds.

    Args:
        w: (n,) weights; folds: (n,) fold of each row.
    """
    import numpy as np

    from causal_eval.inference.logit import standardised

    Z = standardised(X, w)
    B = _columns(Z[:, 1:], y, w, train)
    line, beyond = np.zeros(len(y)), np.zeros(len(y))
    for f in np.unique(folds):
        held = folds == f
        rows = train & ~held
        beta = np.linalg.lstsq(Z[rows] * np.sqrt(w[rows])[:, None], y[rows] * np.sqrt(w[rows]), rcond=1e-10)[0]
        line[held] = Z[held] @ beta
        mean, coefficient = _ridge(B[rows], y[rows] - Z[rows] @ beta, w[rows])
        beyond[held] = (B[held] - mean) @ coefficient
    return Bends(line, beyond)


def r2(y: Floats, predicted: Floats, w: Floats) -> float:
    """Share of the (weighted) variance of ``y`` (n,) that predictions explain; below 0 where a mean does better."""
    import numpy as np

    spread = w @ (y - np.average(y, weights=w)) ** 2
    return float(1 - w @ (y - predicted) ** 2 / spread) if spread > 0 else 0.0


def _columns(Z: Floats, y: Floats, w: Floats, train: Bools) -> Floats:
    """(n, q) splines and products of standardised covariates Z (n, p)."""
    import numpy as np
    from sklearn.preprocessing import SplineTransformer

    many = [k for k in range(Z.shape[1]) if len(np.unique(Z[: min(len(Z), 5000), k])) > 2]
    parts = [np.zeros((len(Z), 0))]
    for k in many:
        inner = np.unique(np.quantile(Z[:, k], np.linspace(0, 1, KNOTS)))
        knots = inner if len(inner) > 2 else np.linspace(Z[:, k].min(), Z[:, k].max(), 3)
        spline = SplineTransformer(knots=knots[:, None], degree=3, include_bias=False, extrapolation="linear")
        parts.append(spline.fit_transform(Z[:, [k]]))
    slope = np.linalg.lstsq(np.column_stack([np.ones(train.sum()), Z[train]]), y[train], rcond=1e-10)[0][1:]
    crossed = sorted(np.argsort(-np.abs(slope), kind="stable")[:MOST_CROSSED])
    parts += [(Z[:, i] * Z[:, j])[:, None] for a, i in enumerate(crossed) for j in crossed[:a]]
    B = np.hstack(parts)
    mean = w @ B / w.sum()
    spread = np.sqrt(w @ (B - mean) ** 2 / w.sum())
    kept = spread > 1e-9
    out: Floats = (B - mean)[:, kept] / spread[kept]
    return out


def _ridge(B: Floats, r: Floats, w: Floats) -> tuple[Floats, Floats]:
    """(q,) means of B (n, q) and coefficients for r (n,), at the penalty of least generalised cross-validation."""
    import numpy as np

    root = np.sqrt(w / w.mean())
    mean = w @ B / w.sum()
    U, s, V = np.linalg.svd((B - mean) * root[:, None], full_matrices=False)
    target = r * root
    along = U.T @ target
    rest = float(target @ target)
    best, chosen = np.inf, np.zeros_like(s)
    for penalty in PENALTIES:
        shrink = s**2 / (s**2 + penalty)
        free = len(r) - float(shrink.sum())
        if free <= 1:
            continue
        loss = (rest - float(along**2 @ (1 - (1 - shrink) ** 2))) / free**2
        if loss < best:
            best, chosen = loss, s / (s**2 + penalty)
    coefficient: Floats = V.T @ (chosen * along)
    return mean, coefficient
