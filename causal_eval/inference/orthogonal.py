"""Orthogonal scores with cross-fitted nuisances: partially linear and interactive, with the noise of the split in the error.

Partially linear (Chernozhukov et al. 2018, eq. 4.4): theta = sum v u / sum v^2 with u = y - l(x) and v = d - m(x).
Interactive, ATE (eq. 5.3): g1 - g0 + d (y - g1) / m - (1 - d)(y - g0) / (1 - m). ATT (eq. 5.4): [d - (1 - d) m / (1 - m)] (y - g0)
over the share treated; the treated arm's regression is not needed.

Repeats (their definition 3.3): the median over splits, with variance the median of sigma_s^2 + (theta_s - theta)^2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from causal_eval.inference.cross_fitting import folds_of, out_of_fold

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

Score = Literal["plr", "irm"]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One split of the sample.

    Attributes:
        value: the estimate; psi: (n,) influence of each row.
        scores: (n,) interactive scores whose weighted mean is the estimate (ATE), or None.
        m: (n,) propensity out of fold before clipping; outcome: (n,) outcome predicted for the group the row is in (ATE), the
            untreated's (ATT), or the mean of both (partially linear).
        clipped: propensities moved to the edge.
    """

    value: float
    psi: Floats
    scores: Floats | None
    m: Floats
    outcome: Floats
    clipped: int


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What is estimated from: (n,) y, d, w, cluster and (n, p) X."""

    y: Floats
    d: Floats
    X: Floats
    w: Floats
    cluster: Ints


def splits(
    s: Sample,
    score: Score,
    estimand: str,
    regressor: Callable[[int], Any],
    classifier: Callable[[int], Any],
    *,
    folds: int,
    repeats: int,
    trim: float,
    rng: np.random.Generator,
) -> tuple[Split, ...]:
    """``repeats`` splits in ``folds``; 1 fold: nothing is held back, for learners too simple to overfit."""
    out = []
    for _ in range(repeats):
        at = folds_of(s.d, s.cluster, folds, rng)
        seed = int(rng.integers(2**31))
        out.append(from_folds(s, score, estimand, regressor(seed), classifier(seed), at, trim=trim))
    return tuple(out)


def from_folds(
    s: Sample, score: Score, estimand: str, regressor: Any, classifier: Any, folds: Ints, *, trim: float
) -> Split:
    """One split, ``folds`` (n,) saying who is held out together."""
    import numpy as np

    m = out_of_fold(classifier, s.X, s.d, s.w, folds)
    t = s.d > 0
    if score == "plr":
        outcome = out_of_fold(regressor, s.X, s.y, s.w, folds)
        u, v = s.y - outcome, s.d - m
        total = float(s.w @ v**2)
        value = float(s.w @ (v * u)) / total
        return Split(value, s.w * v * (u - value * v) / total, None, m, outcome, 0)
    g0 = out_of_fold(regressor, s.X, s.y, s.w, folds, ~t)
    e = np.clip(m, trim, 1 - trim)
    if estimand == "att":
        e = np.minimum(m, 1 - trim)
        total = float(s.w @ s.d)
        part = (s.d - (1 - s.d) * e / (1 - e)) * (s.y - g0)
        value = float(s.w @ part) / total
        return Split(value, s.w * (part - s.d * value) / total, None, m, g0, int((e != m).sum()))
    g1 = out_of_fold(regressor, s.X, s.y, s.w, folds, t)
    scores = g1 - g0 + s.d * (s.y - g1) / e - (1 - s.d) * (s.y - g0) / (1 - e)
    value = float(np.average(scores, weights=s.w))
    psi = s.w * (scores - value) / s.w.sum()
    return Split(value, psi, scores, m, np.where(t, g1, g0), int((e != m).sum()))


def median_of(values: Floats, variances: Floats) -> tuple[float, float]:
    """The median estimate and its variance, the noise of the split included."""
    import numpy as np

    value = float(np.median(values))
    return value, float(np.median(variances + (values - value) ** 2))


def binned(m: Floats, d: Floats, w: Floats, bins: int = 10) -> dict[str, list[float] | list[int]]:
    """Mean propensity, share treated and rows by tenth of the propensity ``m`` (n,), ties in one bin: its calibration."""
    import numpy as np

    edges = np.unique(np.quantile(m, np.arange(1, bins) / bins))
    at = np.searchsorted(edges, m, side="left")
    n = np.bincount(at)
    some = n > 0
    total = np.bincount(at, w)[some]
    predicted, observed = np.bincount(at, w * m)[some] / total, np.bincount(at, w * d)[some] / total
    return {"predicted": predicted.tolist(), "observed": observed.tolist(), "n": n[some].tolist()}


def quality(found: Split, s: Sample, estimand: str, score: Score) -> dict[str, float]:
    """Out-of-fold R-squared of the outcome, and AUC and calibration slope of the propensity."""
    import numpy as np

    from causal_eval.inference.logit import SeparatedError, logit
    from causal_eval.inference.order import rank_above

    rows = s.d == 0 if score == "irm" and estimand == "att" else np.ones(len(s.d), dtype=bool)
    y, w = s.y[rows], s.w[rows]
    rest = w @ (y - found.outcome[rows]) ** 2
    r2 = 1 - rest / (w @ (y - np.average(y, weights=w)) ** 2)
    out = {"outcome_r2": float(r2), "propensity_auc": rank_above(found.m[s.d > 0], found.m[s.d == 0])}
    inside = np.clip(found.m, 1e-6, 1 - 1e-6)
    log_odds = np.log(inside / (1 - inside))
    try:
        fit = logit(log_odds[:, None], s.d, s.w)
    except SeparatedError:
        return out
    if np.std(log_odds) > 0:
        out["propensity_calibration"] = float(np.ptp(fit.linear) / np.ptp(log_odds)) * (
            1.0 if np.corrcoef(fit.linear, log_odds)[0, 1] > 0 else -1.0
        )
    return out
