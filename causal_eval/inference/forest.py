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
    Bools = NDArray[np.bool_]


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
    from causal_eval.inference.cross_fitting import out_of_fold

    m = out_of_fold(regressor, s.X, s.y, s.w, folds)
    e = out_of_fold(classifier, s.X, s.d, s.w, folds)
    u, v = s.y - m, s.d - e
    tau = _grown(s, u, v, trees, min_leaf, seed, None, None)
    return Forest(tau, m, e, u, v)


def priorities(s: Sample, f: Forest, folds: Ints, *, trees: int, min_leaf: int, seed: int) -> Floats:
    """(n,) effects predicted by a forest of the folds before the row's own, NaN in the first: what can be held out in turn."""
    import numpy as np

    out = np.full(len(s.y), np.nan)
    for k in np.unique(folds)[1:]:
        here = folds == k
        out[here] = _grown(s, f.u, f.v, trees, min_leaf, seed, folds < k, here)
    return out


def _grown(
    s: Sample, u: Floats, v: Floats, trees: int, min_leaf: int, seed: int, train: Bools | None, ask: Bools | None
) -> Floats:
    """Effects out of bag of a forest of all rows, or those of the rows ``ask`` by a forest of the rows ``train``."""
    import warnings

    from econml.grf import CausalForest as Grf

    made = Grf(
        n_estimators=trees,
        min_samples_leaf=min_leaf,
        max_samples=0.45,
        honest=True,
        inference=True,
        n_jobs=1,
        random_state=seed,
    )
    rows = slice(None) if train is None else train
    with warnings.catch_warnings():
        # Deprecations of pandas and scikit-learn inside EconML.
        warnings.simplefilter("ignore")
        made.fit(s.X[rows], v[rows, None], u[rows, None], sample_weight=s.w[rows])
        found: Floats = (made.oob_predict(s.X) if ask is None else made.predict(s.X[ask])).ravel()
    return found


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
