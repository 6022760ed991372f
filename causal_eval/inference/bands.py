"""Uniform confidence bands: one critical value for all the points of a curve (Montiel Olea & Plagborg-Moller 2019, alg. 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def sup_t(cov: Floats, *, level: float = 0.95, draws: int = 400_000) -> float:
    """The ``level`` quantile of max_k |Z_k| for Z ~ N(0, corr(cov)), from a fixed sample: the same for the same covariance.

    Coefficients without variance are left out. Monte Carlo error about 0.003 at 400,000 draws.
    """
    import numpy as np

    return float(np.quantile(_largest(cov, draws), level))


def sup_t_p(cov: Floats, t: Floats, *, draws: int = 400_000) -> Floats:
    """(K,) p-values of (K,) t ratios that hold for all at once: the share of the same draws whose largest is as large.

    A p-value is below 1 - level where the band of :func:`sup_t` leaves zero out; none is below 1 / (draws + 1).
    """
    import numpy as np

    largest = np.sort(_largest(cov, draws))
    beyond = draws - np.searchsorted(largest, np.abs(t), side="left")
    out: Floats = (1 + beyond) / (1 + draws)
    return out


def _largest(cov: Floats, draws: int) -> Floats:
    """(draws,) of max_k |Z_k|."""
    import numpy as np

    sd = np.sqrt(np.maximum(np.diag(cov), 0.0))
    use = sd > 1e-10 * max(float(sd.max(initial=0.0)), 1e-300)
    if not use.any():
        raise ValueError("no coefficient has an error to make a band from")
    corr = cov[np.ix_(use, use)] / np.outer(sd[use], sd[use])
    values, vectors = np.linalg.eigh((corr + corr.T) / 2)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    rng = np.random.default_rng(20210917)
    largest = np.empty(draws)
    for i in range(0, draws, 50_000):
        part = slice(i, min(i + 50_000, draws))
        z = rng.standard_normal((part.stop - part.start, int(use.sum())))
        largest[part] = np.abs(z @ root.T).max(axis=1)
    return largest


def multiplier(psi: Floats, rng: np.random.Generator, *, draws: int = 999) -> Floats:
    """(draws, K) multiplier-bootstrap deviations of estimates with influence functions ``psi`` (G, K).

    Mammen's two-point weights, mean 0, variance and third moment 1 (Callaway & Sant'Anna 2021, algorithm 1).
    """
    import numpy as np

    root5 = 5**0.5
    low, high, p_low = (1 - root5) / 2, (1 + root5) / 2, (root5 + 1) / (2 * root5)
    out = np.empty((draws, psi.shape[1]))
    for b in range(draws):
        out[b] = np.where(rng.random(len(psi)) < p_low, low, high) @ psi
    return out


def bootstrap_errors(deviations: Floats) -> Floats:
    """(K,) robust errors: the interquartile range over that of the normal, as in the paper's remark 10."""
    import numpy as np
    from scipy import stats

    q75, q25 = np.quantile(deviations, [0.75, 0.25], axis=0)
    return np.asarray((q75 - q25) / (stats.norm.ppf(0.75) - stats.norm.ppf(0.25)))
