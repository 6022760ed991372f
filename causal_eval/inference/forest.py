"""Doubly robust scores from a causal forest (EconML), and what they say about effects that differ.

Nuisances are cross-fitted; the forest is honest and predicts effects out of bag, so no row's score has seen it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.inference.orthogonal import Sample

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """n rows.

    Attributes:
        tau: (n,) effects out of bag; m: (n,) outcome and e: (n,) propensity, out of fold; u, v: residuals.
    """

    tau: Floats
    m: Floats
    e: Floats
    u: Floats
    v: Floats


def forest(s: Sample, regressor: Any, classifier: Any, folds: Ints, *, trees: int, min_leaf: int, seed: int) -> Forest:
    """Fit on residuals (Athey, Tibshirani & Wager 2019, section 6)."""
    import warnings

    from econml.grf import CausalForest as Grf

    from causal_eval.inference.cross_fitting import out_of_fold

    m = out_of_fold(regressor, s.X, s.y, s.w, folds)
    e = out_of_fold(classifier, s.X, s.d, s.w, folds)
    u, v = s.y - m, s.d - e
    made = Grf(
        n_estimators=trees,
        min_samples_leaf=min_leaf,
        max_samples=0.45,
        honest=True,
        inference=True,
        n_jobs=1,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # Deprecations of pandas and scikit-learn inside EconML.
        warnings.simplefilter("ignore")
        made.fit(s.X, v[:, None], u[:, None], sample_weight=s.w)
        tau = made.oob_predict(s.X).ravel()
    return Forest(tau, m, e, u, v)


def scores(f: Forest, s: Sample, estimand: str, trim: float) -> tuple[float, Floats, Floats | None, int]:
    """Estimate, (n,) influence, (n,) scores (ATE), and propensities moved to the edge.

    ATE: tau + (d - e) / (e (1 - e)) (u - v tau). ATT: d tau + (d - (1 - d) e / (1 - e)) (u - v tau), over the treated.
    """
    import numpy as np

    e = np.minimum(f.e, 1 - trim) if estimand == "att" else np.clip(f.e, trim, 1 - trim)
    rest = f.u - f.v * f.tau
    moved = int((e != f.e).sum())
    if estimand == "att":
        total = float(s.w @ s.d)
        part = s.d * f.tau + (s.d - (1 - s.d) * e / (1 - e)) * rest
        value = float(s.w @ part) / total
        return value, s.w * (part - s.d * value) / total, None, moved
    gamma = f.tau + np.where(s.d > 0, 1 / e, -1 / (1 - e)) * rest
    value = float(np.average(gamma, weights=s.w))
    return value, s.w * (gamma - value) / s.w.sum(), gamma, moved


def calibration(f: Forest, s: Sample) -> tuple[float, float, float]:
    """(mean forest, differential forest, its one-sided p-value): the test whether effects really differ.

    u = a v mean(tau) + b v (tau - mean(tau)) + noise; b = 1 if the forest's differences are right, 0 if they are noise
    (Chernozhukov, Demirer, Duflo & Fernandez-Val 2018; grf's test_calibration), HC1 clustered.
    """
    import numpy as np
    from scipy import stats

    from causal_eval.inference.regression import cluster_sums, cr1

    mean = float(np.average(f.tau, weights=s.w))
    A = np.column_stack([f.v * mean, f.v * (f.tau - mean)])
    if np.ptp(f.tau) == 0 or mean == 0:
        return 1.0, 0.0, 1.0
    inverse = np.linalg.pinv((A * s.w[:, None]).T @ A)
    beta = inverse @ (A.T @ (s.w * f.u))
    psi = (A * (s.w * (f.u - A @ beta))[:, None]) @ inverse
    n = int(s.cluster.max()) + 1
    sums = cluster_sums(psi, s.cluster, n)
    error = float(np.sqrt(cr1(len(psi), 2, n) * (sums[:, 1] @ sums[:, 1])))
    return float(beta[0]), float(beta[1]), float(stats.t.sf(beta[1] / error, n - 1))
