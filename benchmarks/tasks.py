"""One function a contender: from the Parquet file of :mod:`benchmarks.world` to (estimate, standard error).

``python -m benchmarks.tasks NAME PATH MEMORY`` runs one and prints JSON. Each imports what it needs, then calls
:func:`begin`, so that the seconds of imports can be told from those of the work. Everything else, and whatever a package
compiles at its first call, counts as work: a process that estimates once pays it.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

Answer = tuple[float | None, float | None]
"""Estimate and standard error; None where the contender has none."""


class Contender(NamedTuple):
    """Who runs: ``estimand`` is the same text for contenders whose estimates can be compared."""

    run: Callable[[str], Answer]
    estimand: str
    ours: bool
    largest: int
    """Rows beyond which it is not tried."""


CONTENDERS: dict[str, Contender] = {}
MEDIUM, LARGE = 2_000_000, 20_000_000
_began: dict[str, float] = {}


def contender(estimand: str, *, ours: bool = False, largest: int = LARGE) -> Callable[[Any], Any]:
    """Put a function on the list under its own name."""

    def put(run: Callable[[str], Answer]) -> Callable[[str], Answer]:
        CONTENDERS[run.__name__] = Contender(run, estimand, ours, largest)
        return run

    return put


def cpu() -> float:
    """Seconds of processor time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def begin() -> None:
    """The imports are done."""
    _began.update(wall=time.perf_counter(), cpu=cpu())


def took(wall: float, seconds: float) -> None:
    """What another program, which was waited for, took by its own clock once its imports were done."""
    _began.update(wall=time.perf_counter() - wall, cpu=cpu() - seconds)


# What is here already: floors -----------------------------------------------------------------------------------------


@contender("floor: read", ours=True)
def read_parquet(path: str) -> Answer:
    """The columns as an Arrow table, nothing more."""
    import pyarrow.parquet as pq

    begin()
    pq.read_table(path, columns=["unit", "time", "cohort", "y"])
    return None, None


@contender("floor: pivot", ours=True)
def duckdb_pivot(path: str) -> Answer:
    """DuckDB's group-by-unit, one column a period, as an Arrow table."""
    import duckdb

    from benchmarks.world import PERIODS

    begin()
    columns = ", ".join(f"max(y) FILTER (WHERE time = {t}) AS y{t}" for t in range(1, PERIODS + 1))
    _arrow(duckdb.connect().sql(f"SELECT unit, min(cohort) AS cohort, {columns} FROM '{path}' GROUP BY unit"))
    return None, None


@contender("floor: pivot", ours=True)
def duckdb_pivot_list(path: str) -> Answer:
    """The same with one list a unit."""
    import duckdb

    begin()
    _arrow(
        duckdb.connect().sql(
            f"SELECT unit, min(cohort) AS cohort, list(y ORDER BY time) AS y FROM '{path}' GROUP BY unit"
        )
    )
    return None, None


def _arrow(relation: Any) -> Any:
    return relation.to_arrow_table() if hasattr(relation, "to_arrow_table") else relation.arrow()


@contender("two-way", ours=True)
def numpy_within(path: str) -> Answer:
    """Two-way within and CRV1 in numpy, told that the file is balanced and sorted: no engine, no checks."""
    import numpy as np
    import pyarrow.parquet as pq

    from benchmarks.world import PERIODS

    begin()
    table = pq.read_table(path, columns=["y", "d"])
    y, d = (table[c].to_numpy().reshape(PERIODS, -1).astype(float) for c in ("y", "d"))
    y, d = (v - v.mean(axis=0) - v.mean(axis=1)[:, None] + v.mean() for v in (y, d))
    b = (d * y).sum() / (d * d).sum()
    n, k, G = y.size, PERIODS, y.shape[1]
    meat = ((d * (y - b * d)).sum(axis=0) ** 2).sum() * G / (G - 1) * (n - 1) / (n - k)
    return float(b), float(np.sqrt(meat) / (d * d).sum())


# This package ---------------------------------------------------------------------------------------------------------


def _panel(path: str) -> Any:
    import causal_eval as ce

    return ce.Panel.from_file(path, unit="unit", time="time", outcome="y", first_treated="cohort")


def _ours(path: str, make: Callable[[Any], Any]) -> Answer:
    import duckdb  # noqa: F401
    import ibis.backends.duckdb  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import scipy.stats  # noqa: F401

    import causal_eval as ce
    from causal_eval.data import shape  # noqa: F401
    from causal_eval.spec import models  # noqa: F401

    estimator = make(ce)
    begin()
    found = estimator.estimate(_panel(path))
    return found.headline.value, found.headline.std_error


@contender("group-time, simple average", ours=True)
def staggered_did(path: str) -> Answer:
    """Every aggregation, the event study, clustered covariance and the uniform band."""
    return _ours(path, lambda ce: ce.StaggeredDiD(control_group="never_treated"))


@contender("imputation", ours=True)
def imputation_did(path: str) -> Answer:
    """The same rows by imputation, with the test of parallel trends."""
    return _ours(path, lambda ce: ce.ImputationDiD())


@contender("interaction-weighted", ours=True)
def sun_abraham(path: str) -> Answer:
    """The same rows by the saturated regression."""
    return _ours(path, lambda ce: ce.SunAbraham())


@contender("two-way", ours=True)
def did(path: str) -> Answer:
    """The two-way reference with its negative weights and comparisons."""
    return _ours(path, lambda ce: ce.DifferenceInDifferences())


# Peers ----------------------------------------------------------------------------------------------------------------


@contender("group-time, simple average")
def diff_diff_cs(path: str) -> Answer:
    """diff-diff CallawaySantAnna: dr, analytic; simple average and event study."""
    import pandas as pd
    from diff_diff import CallawaySantAnna

    begin()
    frame = pd.read_parquet(path, columns=["unit", "time", "cohort", "y"])
    fit = CallawaySantAnna(control_group="never_treated", base_period="universal").fit(
        frame, outcome="y", unit="unit", time="time", first_treat="cohort"
    )
    fit.aggregate("event_study")
    return float(fit.overall_att), float(fit.overall_se)


@contender("imputation", largest=MEDIUM)
def diff_diff_imputation(path: str) -> Answer:
    """diff-diff ImputationDiD: overall and event study."""
    import pandas as pd
    from diff_diff import ImputationDiD

    begin()
    frame = pd.read_parquet(path, columns=["unit", "time", "cohort", "y"])
    fit = ImputationDiD().fit(frame, outcome="y", unit="unit", time="time", first_treat="cohort")
    fit.aggregate("event_study")
    return float(fit.overall_att), float(fit.overall_se)


@contender("interaction-weighted", largest=MEDIUM)
def diff_diff_sa(path: str) -> Answer:
    """diff-diff SunAbraham: overall and event study."""
    import pandas as pd
    from diff_diff import SunAbraham

    begin()
    frame = pd.read_parquet(path, columns=["unit", "time", "cohort", "y"])
    fit = SunAbraham(cluster="unit").fit(frame, outcome="y", unit="unit", time="time", first_treat="cohort")
    return float(fit.overall_att), float(fit.overall_se)


@contender("group-time, simple average", largest=MEDIUM)
def csdid_cs(path: str) -> Answer:
    """csdid ATTgt: dr, no bootstrap; simple average and event study."""
    import pandas as pd
    from csdid.att_gt import ATTgt

    begin()
    frame = pd.read_parquet(path, columns=["unit", "time", "cohort", "y"])
    fit = ATTgt(yname="y", tname="time", idname="unit", gname="cohort", data=frame, control_group=["nevertreated"]).fit(
        est_method="dr", base_period="universal", bstrap=False
    )
    fit.aggte("dynamic", bstrap=False, cband=False)
    found = fit.aggte("simple", bstrap=False, cband=False).atte
    return float(found["overall_att"]), _first(found["overall_se"])


def _first(value: Any) -> float:
    import numpy as np

    return float(np.asarray(value).ravel()[0])


@contender("group-time, simple average", largest=MEDIUM)
def moderndid_cs(path: str) -> Answer:
    """moderndid att_gt: dr, analytic; simple average and event study."""
    import moderndid
    import polars as pl

    begin()
    frame = pl.read_parquet(path, columns=["unit", "time", "cohort", "y"])
    fit = moderndid.att_gt(
        frame, yname="y", tname="time", idname="unit", gname="cohort", control_group="nevertreated",
        base_period="universal", boot=False, cband=False,
    )  # fmt: skip
    moderndid.aggte(fit, type="dynamic", boot=False, cband=False)
    found = moderndid.aggte(fit, type="simple", boot=False, cband=False)
    return float(found.overall_att), float(found.overall_se)


@contender("group-time, simple average", largest=MEDIUM)
def differences_cs(path: str) -> Answer:
    """differences ATTgt: reg (without covariates the same), analytic; simple average and event study."""
    import pandas as pd
    from differences import ATTgt

    begin()
    frame = pd.read_parquet(path, columns=["unit", "time", "cohort", "y"])
    frame["cohort"] = frame["cohort"].where(frame["cohort"] > 0)
    fit = ATTgt(frame.set_index(["unit", "time"]), cohort_column="cohort", base_period="universal")
    fit.fit("y", control_group="never_treated", progress_bar=False)
    fit.aggregate("event")
    found = fit.aggregate("simple")
    return _cell(found, "ATT"), _cell(found, "std_error")


def _cell(frame: Any, name: str) -> float:
    columns = [c for c in frame.columns if name in (c if isinstance(c, tuple) else (c,))]
    return float(frame[columns[0]].iloc[0])


@contender("two-way")
def pyfixest_two_way(path: str) -> Answer:
    """pyfixest feols y ~ d | unit + time, CRV1 by unit, lean."""
    import pandas as pd
    import pyfixest as pf

    begin()
    frame = pd.read_parquet(path, columns=["unit", "time", "y", "d"])
    fit = pf.feols("y ~ d | unit + time", frame, vcov={"CRV1": "unit"}, copy_data=False, store_data=False, lean=True)
    return float(fit.coef()["d"]), float(fit.se()["d"])


@contender("two-way event study", largest=MEDIUM)
def pyfixest_event_study(path: str) -> Answer:
    """pyfixest feols with event-time indicators (two-way), CRV1 by unit; the effect at event time 0."""
    import pandas as pd
    import pyfixest as pf

    begin()
    frame = pd.read_parquet(path, columns=["unit", "time", "cohort", "y"])
    frame["event"] = (frame["time"] - frame["cohort"]).where(frame["cohort"] > 0, -1)
    del frame["cohort"]
    fit = pf.feols(
        "y ~ i(event, ref=-1) | unit + time", frame, vcov={"CRV1": "unit"}, copy_data=False, store_data=False, lean=True
    )
    name = next(n for n in fit.coef().index if n.replace(".0", "").endswith(("::0", "[0]", "[T.0]")))
    return float(fit.coef()[name]), float(fit.se()[name])


@contender("interaction-weighted", largest=MEDIUM)
def pyfixest_saturated(path: str) -> Answer:
    """pyfixest event_study(estimator="saturated"): cohort by event-time effects; no overall average is asked for."""
    import pandas as pd
    import pyfixest as pf

    begin()
    frame = pd.read_parquet(path, columns=["unit", "time", "cohort", "y"])
    pf.event_study(
        frame, yname="y", idname="unit", tname="time", gname="cohort", estimator="saturated", cluster="unit", att=False
    )
    return None, None


@contender("imputation", largest=MEDIUM)
def pyfixest_did2s(path: str) -> Answer:
    """pyfixest did2s: the two-stage estimate (every treated row weighs the same), clustered by unit."""
    import pandas as pd
    import pyfixest as pf

    begin()
    frame = pd.read_parquet(path, columns=["unit", "time", "y", "d"])
    frame["d"] = frame["d"].astype(bool)
    fit = pf.did2s(
        frame, yname="y", first_stage="~ 0 | unit + time", second_stage="~ i(d)", treatment="d", cluster="unit"
    )
    name = next(n for n in fit.coef().index if "True" in n)
    return float(fit.coef()[name]), float(fit.se()[name])


@contender("two-way", largest=MEDIUM)
def duckreg_mundlak(path: str) -> Answer:
    """duckreg DuckMundlak, no bootstrap and so no clustered error."""
    import duckdb
    from duckreg.estimators import DuckMundlak

    begin()
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        name = f"{folder}/panel.duckdb"
        with duckdb.connect(name) as con:
            con.execute(f"CREATE TABLE panel AS SELECT unit, time, y, d FROM '{path}'")
        fit = DuckMundlak(
            db_name=name, table_name="panel", outcome_var="y", covariates=["d"], unit_col="unit", time_col="time",
            cluster_col="unit", n_bootstraps=0, seed=1,
        )  # fmt: skip
        fit.fit()
        return _second(fit.point_estimate), None


def _second(value: Any) -> float:
    import numpy as np

    return float(np.asarray(value).ravel()[1])


@contender("two-way", largest=MEDIUM)
def linearmodels_panel(path: str) -> Answer:
    """linearmodels PanelOLS with unit and period effects, clustered by unit."""
    import pandas as pd
    from linearmodels.panel import PanelOLS

    begin()
    frame = pd.read_parquet(path, columns=["unit", "time", "y", "d"]).set_index(["unit", "time"])
    fit = PanelOLS(frame["y"], frame[["d"]], entity_effects=True, time_effects=True).fit(
        cov_type="clustered", cluster_entity=True
    )
    return float(fit.params["d"]), float(fit.std_errors["d"])


@contender("two-way", largest=MEDIUM)
def linearmodels_absorbing(path: str) -> Answer:
    """linearmodels AbsorbingLS with unit and period effects, clustered by unit."""
    import pandas as pd
    from linearmodels.iv.absorbing import AbsorbingLS

    begin()
    frame = pd.read_parquet(path, columns=["unit", "time", "y", "d"])
    effects = frame[["unit", "time"]].astype("category")
    fit = AbsorbingLS(frame["y"], frame[["d"]], absorb=effects).fit(cov_type="clustered", clusters=frame["unit"])
    return float(fit.params["d"]), float(fit.std_errors["d"])


def main(name: str, path: str, memory: int) -> None:
    """Run one contender under a cap on its address space and print what it took."""
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    estimate, error = CONTENDERS[name].run(path)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "estimate": estimate,
                "error": error,
                "wall": time.perf_counter() - _began["wall"],
                "cpu": used.ru_utime + used.ru_stime - _began["cpu"],
                "import_cpu": _began["cpu"],
                "peak": used.ru_maxrss / 1024,
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
