"""One function a contender: donor weights of one target, or of it and every donor in its place, on made-up paths.

``python -m benchmarks.synthetic_tasks NAME DONORS PRE WHAT`` runs one and prints JSON; WHAT is ``one`` or ``all``. Imports and
whatever is compiled at the first call are left out by a small fit before the clock starts. What a package takes (arrays, a
frame) is made before it too.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

POST = 5

Work = Callable[[], Any]
"""Fits, and gives the target's weights by donor, or None where it has none."""
Contender = Callable[[Any, bool], Work]
"""From (periods, 1 + donors) outcomes, the target first, and whether the placebos are wanted too."""
CONTENDERS: dict[str, Contender] = {}


def contender(make: Contender) -> Contender:
    """Put a function on the list under its own name."""
    CONTENDERS[make.__name__] = make
    return make


def world(donors: int, pre: int) -> Any:
    """(pre + POST, 1 + donors): five factors, a common random walk, noise; the target is a mean of eight donors and noise."""
    import numpy as np

    rng = np.random.default_rng(donors)
    T = pre + POST
    y = rng.normal(0, 1, (T, 5)).cumsum(axis=0) * 0.3 @ rng.normal(0, 1, (5, donors))
    y += rng.normal(0, 1, (T, 1)).cumsum(axis=0) + 50 + rng.normal(0, 1, (T, donors))
    weight = np.zeros(donors)
    weight[rng.choice(donors, 8, replace=False)] = rng.dirichlet(np.ones(8))
    return np.column_stack([y @ weight + rng.normal(0, 1, T), y])


def long(Y: Any) -> Any:
    """The same as rows: unit, time, y, treated (0/1 by row) and ever (0/1 by unit)."""
    import numpy as np
    import pandas as pd

    T, n = Y.shape
    unit = np.repeat(np.arange(n), T)
    at = np.tile(np.arange(T), n)
    return pd.DataFrame(
        {
            "unit": [f"u{i:05d}" for i in unit],
            "time": at,
            "y": Y.T.ravel(),
            "treated": ((unit == 0) & (at >= T - POST)).astype(int),
            "ever": (unit == 0).astype(int),
        }
    )


@contender
def causal_eval(Y: Any, every: bool) -> Work:
    """This package's path: Gram matrix, active sets, placebos on the same Gram matrix."""
    import numpy as np

    from causal_eval.inference.counterfactual import Simplex
    from causal_eval.inference.placebo_space import placebo_fits

    pre = np.arange(len(Y)) < len(Y) - POST

    def work() -> Any:
        fits = placebo_fits(Y, Simplex(), pre, ~pre, most=None if every else 0)
        return fits.weights[0][1:]

    return work


@contender
def scipy_nnls(Y: Any, every: bool) -> Work:
    """The plain way: scipy's non-negative least squares with a heavy row for the sum."""
    import numpy as np
    from scipy.optimize import nnls

    before = Y[:-POST]

    def fit(k: int, pool: Any) -> Any:
        X, y = before[:, pool], before[:, k]
        centre = X.mean(axis=1)
        A = np.vstack([X - centre[:, None], np.full((1, len(pool)), 1e3)])
        return nnls(A, np.append(y - centre, 1e3), maxiter=20 * len(pool))[0]

    return _loop(Y, every, fit)


@contender
def cvxpy_clarabel(Y: Any, every: bool) -> Work:
    """cvxpy with Clarabel."""
    import cvxpy as cp

    before = Y[:-POST]

    def fit(k: int, pool: Any) -> Any:
        w = cp.Variable(len(pool), nonneg=True)
        cp.Problem(cp.Minimize(cp.sum_squares(before[:, pool] @ w - before[:, k])), [cp.sum(w) == 1]).solve("CLARABEL")
        return w.value

    return _loop(Y, every, fit)


@contender
def pysyncon(Y: Any, every: bool) -> Work:
    """pysyncon's inner problem, every pre-period weighing the same."""
    import numpy as np
    from pysyncon.base import VanillaOptimMixin

    before = Y[:-POST]

    def fit(k: int, pool: Any) -> Any:
        return VanillaOptimMixin.w_optimize(np.eye(len(before)), before[:, pool], before[:, k])[0]

    return _loop(Y, every, fit)


@contender
def scpi(Y: Any, every: bool) -> Work:
    """scpi_pkg: scdata and scest with the simplex."""
    import numpy as np
    from scpi_pkg.scdata import scdata
    from scpi_pkg.scest import scest

    rows = long(Y)
    T = len(Y)
    names = sorted(rows.unit.unique())

    def fit(k: int, pool: Any) -> Any:
        data = scdata(rows, "unit", "time", "y", np.arange(T - POST), np.arange(T - POST, T), names[k],
                      [names[j] for j in pool], verbose=False)  # fmt: skip
        return np.asarray(scest(data, w_constr={"name": "simplex"}).w).ravel()

    return _loop(Y, every, fit)


@contender
def diff_diff(Y: Any, every: bool) -> Work:
    """diff-diff: every pre-period a predictor of weight one, and its own placebo in space."""
    import numpy as np
    from diff_diff import SyntheticControl

    rows = long(Y)
    pre = list(range(len(Y) - POST))

    def work() -> Any:
        model = SyntheticControl(v_method="custom", custom_v=np.ones(len(pre)), standardize="none")
        found = model.fit(rows, "y", "treated", "unit", "time", post_periods=list(range(len(pre), len(Y))),
                          pre_period_outcomes=pre)  # fmt: skip
        if every:
            found.in_space_placebo()
        weights = found.donor_weights
        return np.array([weights.get(f"u{j:05d}", 0.0) for j in range(1, Y.shape[1])])

    return work


@contender
def mlsynth(Y: Any, every: bool) -> Work:
    """mlsynth's VanillaSC on outcomes alone."""
    import numpy as np
    from mlsynth import VanillaSC

    rows = long(Y)

    def work() -> Any:
        settings = {"df": rows, "outcome": "y", "treat": "treated", "unitid": "unit", "time": "time",
                    "backend": "outcome-only", "inference": "placebo" if every else False,
                    "display_graphs": False}  # fmt: skip
        weights = VanillaSC(settings).fit().weights.donor_weights
        return np.array([weights.get(f"u{j:05d}", 0.0) for j in range(1, Y.shape[1])])

    return work


@contender
def panelkit(Y: Any, every: bool) -> Work:
    """panelkit (Rust), with its own placebo inference."""
    import numpy as np
    from panelkit import SyntheticControl

    y = np.ascontiguousarray(Y.T)

    def work() -> Any:
        return SyntheticControl(inference="placebo" if every else None).fit(y, [0], len(Y) - POST).weights

    return work


@contender
def augsynth_py(Y: Any, every: bool) -> Work:
    """augsynth-py's Synth, with its own placebo in space."""
    import numpy as np
    import polars as pl
    from augsynth_py import Synth, placebo_in_space

    rows = pl.from_pandas(long(Y))

    def work() -> Any:
        found = Synth().fit(rows, outcome="y", unit="unit", time="time", treated="u00000", treatment_time=len(Y) - POST)
        if every:
            placebo_in_space(found)
        return np.array([found.weights_.get(f"u{j:05d}", 0.0) for j in range(1, Y.shape[1])])

    return work


def _loop(Y: Any, every: bool, fit: Callable[[int, Any], Any]) -> Work:
    """The target on all donors; then each donor on the others."""
    import numpy as np

    donors = np.arange(1, Y.shape[1])

    def work() -> Any:
        weights = fit(0, donors)
        for j in donors if every else ():
            fit(int(j), donors[donors != j])
        return weights

    return work


def cpu() -> float:
    """Seconds of processor time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Run one contender: the best of up to five repeats, within two seconds."""
    import numpy as np

    name, donors, pre, what = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    make, every = CONTENDERS[name], what == "all"
    make(world(12, 15), every)()
    Y = world(donors, pre)
    work = make(Y, every)
    walls, cpus = [], []
    while not walls or (len(walls) < 5 and sum(walls) < 2.0):
        wall, used = time.perf_counter(), cpu()
        weights = work()
        walls.append(time.perf_counter() - wall)
        cpus.append(cpu() - used)
    w = np.asarray(weights, dtype=float)
    objective = float(np.sqrt(np.mean((Y[:-POST, 0] - Y[:-POST, 1:] @ w) ** 2))) if len(w) == donors else None
    print(json.dumps({"wall": min(walls), "cpu": min(cpus), "objective": objective, "sum": float(w.sum())}))


if __name__ == "__main__":
    main()
