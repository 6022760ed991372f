r"""CR2 errors of a regression, with Satterthwaite degrees of freedom (Bell & McCaffrey 2002; Pustejovsky & Tipton 2018).

With the full design X (N, K) of treatment, covariates and dummies, M = (X'X)^-1 and H = X M X', cluster g's residuals are multiplied
by A_g = (I - H_gg)^(-1/2) (the symmetric root of the pseudo-inverse), which makes

    V = M [ sum_g X_g' A_g e_g e_g' A_g X_g ] M

unbiased where errors are independent with one variance. For a contrast c, with a_g = A_g X_g M c, c'Vc is distributed as a sum of
chi-squares with matrix Omega = diag(a_g'a_g) - (a_g' X_g) M (X_h' a_h), so it has about (tr Omega)^2 / tr(Omega^2) degrees of freedom
(their eq. 11 and 12). Few treated clusters show in it: one treated cluster has close to one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_NUMBERS = 30_000_000
"""Numbers in the dense design at most."""


class TooLarge(Exception):
    """The dense design would not fit in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class BiasReduced:
    """A regression with CR2 errors.

    Attributes:
        coef: (k,) the first k coefficients. cov: (k, k) their CR2 covariance.
        influence: (G, k) adjusted cluster scores, so that ``cov = influence' influence``.
    """

    coef: Floats
    cov: Floats
    influence: Floats
    _adjusted: tuple[Floats, ...]
    _bread: Floats
    _designs: tuple[Floats, ...]

    def df(self, contrast: Floats) -> float:
        """Degrees of freedom of a contrast (k,) of the coefficients."""
        import numpy as np

        c = np.zeros(len(self._bread))
        c[: len(contrast)] = contrast
        direction = self._bread @ c
        a = [adjusted @ direction for adjusted in self._adjusted]
        b = np.array([x.T @ v for x, v in zip(self._designs, a, strict=True)])
        omega = np.diag([float(v @ v) for v in a]) - b @ self._bread @ b.T
        squares = float((omega**2).sum())
        return float(np.trace(omega)) ** 2 / squares if squares > 0 else 1.0


def bias_reduced(y: Floats, d: Floats, effects: Sequence[Ints], x: Floats, cluster: Ints) -> BiasReduced:
    """CR2 of the coefficients on ``d`` (N, k), beside covariates ``x`` (N, P) and dummies of ``effects``. Unweighted.

    Args:
        y: (N,) outcomes. cluster: (N,) codes 0..G-1.

    Raises:
        TooLarge: the dummies would not fit in memory.
        ValueError: a coefficient on ``d`` is not identified.
    """
    import numpy as np

    if len(y) * (sum(int(e.max()) + 1 for e in effects) + d.shape[1] + x.shape[1]) > MOST_NUMBERS:
        raise TooLarge
    k = d.shape[1]
    others = np.hstack([x, *(np.eye(int(e.max()) + 1)[e] for e in effects)])
    u, s, _ = np.linalg.svd(others, full_matrices=False)
    basis = u[:, s > 1e-9 * s.max()]
    if np.linalg.matrix_rank(d - basis @ (basis.T @ d)) < k:
        raise ValueError("the fixed effects or covariates explain the treatment whole")
    # The columns' space is all that H depends on, so the other regressors are taken as an orthonormal basis.
    design = np.hstack([d, basis])
    bread = np.linalg.inv(design.T @ design)
    coef = bread @ (design.T @ y)
    e = y - design @ coef
    designs, adjusted, scores = [], [], []
    for g in range(int(cluster.max()) + 1):
        at = cluster == g
        xg = design[at]
        values, vectors = np.linalg.eigh(np.eye(int(at.sum())) - xg @ bread @ xg.T)
        keep = values > 1e-9
        root = (vectors[:, keep] / np.sqrt(values[keep])) @ vectors[:, keep].T
        a = root @ xg
        designs.append(xg)
        adjusted.append(a)
        scores.append(bread[:k] @ (a.T @ e[at]))
    influence = np.array(scores)
    return BiasReduced(coef[:k], influence.T @ influence, influence, tuple(adjusted), bread, tuple(designs))
