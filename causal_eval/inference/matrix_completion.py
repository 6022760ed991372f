r"""Matrix completion with a nuclear-norm penalty (Athey, Bayati, Doudchenko, Imbens & Khosravi 2021).

Untreated outcomes are L_it + gamma_i + delta_t; with O the observed untreated cells,

    min_{L, gamma, delta}  sum_O (Y_it - L_it - gamma_i - delta_t)^2 / |O| + lambda |L|_*        (their eq. 4.1)

by alternating: effects by averages of residuals over O, then L := shrink(P_O(Y - effects) + P_notO(L)), where shrink takes
lambda |O| / 2 off the singular values (their section 4.2; Mazumder, Hastie & Tibshirani 2010). lambda runs down from the value
at which L is zero, each fit starting from the one before, and is chosen by held-out cells of O.
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
    Bools = NDArray[np.bool_]

    from causal_eval.inference.counterfactual import Fits

LADDER, LEAST = 20, 1e-3
"""Values of lambda, and the smallest as a share of the largest."""
CLOSE, MOST = 1e-5, 2_000
"""Relative change at which the alternation ends, and its steps at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Completed:
    """A completed matrix.

    Attributes:
        values: (n, T) fitted untreated outcomes, in every cell.
        penalty: lambda; rank: of L, by singular values above zero.
        rmse: (LADDER,) root mean squared error over held-out cells by lambda, largest first; empty where lambda was given.
        converged: whether the alternation ended by itself.
    """

    values: Floats
    penalty: float
    rank: int
    rmse: tuple[float, ...]
    converged: bool


def complete(
    Y: Floats, seen: Bools, rng: np.random.Generator, *, penalty: float | None = None, folds: int = 5
) -> Completed:
    """Complete (n, T) outcomes from the ``seen`` untreated cells.

    Args:
        penalty: lambda; None for cross-validation over ``folds`` random fifths of the cells (each unit and period keeps one).

    Raises:
        ValueError: a unit or a period has no untreated cell.
    """
    import numpy as np

    if not (seen.any(axis=1).all() and seen.any(axis=0).all()):
        raise ValueError("a unit or a period has no untreated outcome to learn from")
    scale = float(Y[seen].std()) or 1.0
    centre = float(Y[seen].mean())
    Z = np.where(seen, (Y - centre) / scale, 0.0)
    errors = np.zeros(0)
    if penalty is None:
        ladder = None
        totals = np.zeros((folds, LADDER))
        top = _top(Z, seen)
        ladder = top * LEAST ** (np.arange(LADDER) / (LADDER - 1))
        for k in range(folds):
            keep = _thinned(seen, rng, 1 / folds)
            out = seen & ~keep
            L = np.zeros_like(Z)
            for i, lam in enumerate(ladder):
                fit, L, _, _ = _fit(Z, keep, float(lam), L)
                totals[k, i] = float(((Z - fit)[out] ** 2).mean())
        errors = np.sqrt(totals.mean(axis=0))
        chosen = int(errors.argmin())
        L = np.zeros_like(Z)
        for lam in ladder[: chosen + 1]:
            fit, L, rank, done = _fit(Z, seen, float(lam), L)
        lam = float(ladder[chosen])
    else:
        lam = penalty / scale
        fit, L, rank, done = _fit(Z, seen, lam, np.zeros_like(Z))
    return Completed(fit * scale + centre, lam * scale, rank, tuple(float(e) * scale for e in errors), done)


def _effects(Z: Floats, seen: Bools) -> Floats:
    """Unit and period effects by alternating averages over the seen cells."""
    import numpy as np

    rows, columns = seen.sum(axis=1), seen.sum(axis=0)
    unit, time = np.zeros(len(Z)), np.zeros(Z.shape[1])
    for _ in range(500):
        old = unit
        unit = np.where(seen, Z - time, 0.0).sum(axis=1) / rows
        time = np.where(seen, Z - unit[:, None], 0.0).sum(axis=0) / columns
        if np.abs(unit - old).max() < 1e-9:
            break
    return unit[:, None] + time[None, :]


def _top(Z: Floats, seen: Bools) -> float:
    """The smallest lambda at which L is zero."""
    import numpy as np

    left = np.where(seen, Z - _effects(Z, seen), 0.0)
    return float(np.linalg.svd(left, compute_uv=False)[0]) * 2 / int(seen.sum())


def _fit(Z: Floats, seen: Bools, lam: float, L: Floats) -> tuple[Floats, Floats, int, bool]:
    """(fit, L, rank, converged) from a start for L."""
    import numpy as np

    cut = lam * int(seen.sum()) / 2
    rank = 0
    fit = L + _effects(np.where(seen, Z - L, 0.0), seen)
    for _ in range(MOST):
        effects = _effects(np.where(seen, Z - L, 0.0), seen)
        u, s, vt = np.linalg.svd(np.where(seen, Z - effects, L), full_matrices=False)
        s = np.maximum(s - cut, 0.0)
        rank = int((s > 0).sum())
        L = (u[:, :rank] * s[:rank]) @ vt[:rank]
        new = L + effects
        change = float(((new - fit) ** 2).sum()) / max(float((fit**2).sum()), 1e-300)
        fit = new
        if change < CLOSE**2:
            return fit, L, rank, True
    return fit, L, rank, False


def _thinned(seen: Bools, rng: np.random.Generator, share: float) -> Bools:
    """``seen`` without a random ``share`` of its cells; one cell of each unit and period stays."""
    import numpy as np

    keep = seen & (rng.random(seen.shape) >= share)
    for axis in (0, 1):
        lost = np.flatnonzero(~keep.any(axis=axis))
        for i in lost:
            line = np.flatnonzero(seen[:, i] if axis == 0 else seen[i])
            j = int(line[rng.integers(len(line))])
            keep[(j, i) if axis == 0 else (i, j)] = True
    return keep


@dataclass(frozen=True, slots=True)
class NuclearNorm:
    """The method at one lambda, as :class:`causal_eval.inference.counterfactual.Method`. Missing outcomes are NaN."""

    penalty: float

    def fit(self, Y: Floats, targets: Sequence[int], pools: Sequence[Ints], pre: Bools, post: Bools) -> Fits:
        """See :class:`causal_eval.inference.counterfactual.Method`."""
        import numpy as np

        from causal_eval.inference.counterfactual import Fits

        paths = np.zeros((len(targets), len(Y)))
        left = np.zeros(len(targets))
        for i, (k, pool) in enumerate(zip(targets, pools, strict=True)):
            rows, seen = stacked(Y, k, pool, pre)
            paths[i] = complete(rows, seen, np.random.default_rng(0), penalty=self.penalty).values[0]
            left[i] = float(((Y[:, k] - paths[i])[pre] ** 2).mean())
        return Fits(np.zeros((len(targets), Y.shape[1])), paths, left, np.full(len(targets), np.nan))


def stacked(Y: Floats, target: int, pool: Ints, pre: Bools) -> tuple[Floats, Bools]:
    """The target and its donors as rows (1 + J, T), and which cells are seen: the target's only before the launch."""
    import numpy as np

    rows = Y[:, [target, *pool]].T
    seen = np.isfinite(rows)
    seen[0] &= pre
    return np.where(np.isfinite(rows), rows, 0.0), seen
