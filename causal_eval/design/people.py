"""Who chose the treatment and who did not, one row each: what matching, weighting and double machine learning work on.

A cross-section is taken as it is. Of a panel with one adoption date the outcome is each unit's change, mean after less mean
before, and covariates are means before: the same estimators are then difference-in-differences, matched or doubly robust
(Heckman, Ichimura & Todd 1997; Abadie 2005; Sant'Anna & Zhao 2020).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from causal_eval.errors import EstimatorRefusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import CrossSection, Panel
    from causal_eval.design.design import Design
    from causal_eval.results.types import Drop

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

FEWEST = 5
"""Rows each group needs at least."""


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """n people (or units) and p covariates, in an order that depends on neither the rows' nor the columns'.

    Attributes:
        d: (n,) 0.0 or 1.0; y: (n,) outcome, or change; X: (n, p); names: their p names.
        w: (n,) weights, ones where there are none; weighted: whether there are any.
        cluster: (n,) codes 0..G-1, ``arange(n)`` without clusters; clustered: whether there are any.
        segments: declared segments, (n,) labels each.
        log: whether the outcome is a logarithm; change: whether it is a change.
        level: (n,) outcome after the treatment: ``y``, or what it changed to.
        dropped: what was left out.
    """

    d: Floats
    y: Floats
    X: Floats
    names: tuple[str, ...]
    w: Floats
    weighted: bool
    cluster: Ints
    clustered: bool
    segments: dict[str, NDArray[np.str_]]
    log: bool
    change: bool
    level: Floats
    dropped: tuple[Drop, ...] = ()

    @property
    def treated(self) -> Bools:
        """(n,) who is treated."""
        found: Bools = self.d > 0
        return found

    def only(self, keep: Bools | Ints, drop: Drop | None = None) -> People:
        """The rows of ``keep``, in that order where it holds their numbers."""
        import numpy as np

        return replace(
            self,
            d=self.d[keep],
            y=self.y[keep],
            X=self.X[keep],
            w=self.w[keep],
            cluster=np.unique(self.cluster[keep], return_inverse=True)[1].astype(np.int64),
            segments={k: v[keep] for k, v in self.segments.items()},
            level=self.level[keep],
            dropped=(*self.dropped, drop) if drop else self.dropped,
        )


def people(data: Panel | CrossSection, design: Design | None, *, method: str, covariates: bool = True) -> People:
    """The people of ``data`` under ``design``.

    Args:
        method: registry name, for the messages; covariates: whether the method is nothing without them.

    Raises:
        EstimatorRefusal: E401 a group is (nearly) empty, or there is nothing to adjust for; E404 several adoption dates.
    """
    from causal_eval.data.contract import CrossSection
    from causal_eval.design.design import Design

    found = _rows(data) if isinstance(data, CrossSection) else _changes(data, design or Design(), method)
    for n, what in ((int(found.d.sum()), "treated"), (int((1 - found.d).sum()), "untreated")):
        if n < FEWEST:
            raise EstimatorRefusal(
                "E401",
                f"`{method}` has {n} {what} rows, and needs {FEWEST}",
                hint="Check roles.treatment, and why rows were dropped.",
            )
    if covariates and not found.names:
        raise EstimatorRefusal(
            "E401",
            f"`{method}` has no covariates to compare like with like by",
            hint="Name what drives both the choice and the outcome in roles.covariates.",
        )
    return found


def _rows(data: CrossSection) -> People:
    import numpy as np

    a = data.arrays()
    n = len(a.outcome)
    order = sorted(range(len(data.covariates)), key=lambda i: data.covariates[i])
    y = a.outcome.astype(float, copy=False)
    return People(
        d=a.treated,
        y=y,
        X=(a.X if order == list(range(len(order))) else a.X.T[order].T).astype(float, copy=False),
        names=tuple(data.covariates[i] for i in order),
        w=np.ones(n) if a.weight is None else a.weight.astype(float),
        weighted=a.weight is not None,
        cluster=np.arange(n, dtype=np.int64) if a.cluster is None else a.cluster,
        clustered=a.cluster is not None,
        segments=data.segment_labels(),
        log=data.metric.in_logs,
        change=False,
        level=y,
    )


def _changes(data: Panel, design: Design, method: str) -> People:
    import numpy as np

    from causal_eval.design.block import only_start
    from causal_eval.results.types import Drop

    if not data.has_units:
        raise EstimatorRefusal(
            "E401",
            f"`{method}` needs one row a unit and period, and this is a repeated cross-section",
            hint="Use did or staggered_did with covariates.",
        )
    start = only_start(data, design, method=method)
    wide = data.wide()
    time = np.array(data.axis.ordinals)
    inside = np.array([design.keeps(t, start) for t in data.axis.ordinals])
    at = int(np.searchsorted(time, start))
    event = np.arange(len(time)) - at
    pre = inside & (event < -design.anticipation)
    post = inside & (event >= design.washout)
    if not pre.any() or not post.any():
        raise EstimatorRefusal(
            "E401", f"`{method}` needs periods before and after the launch", hint="Check the windows."
        )
    treated = wide.start == start
    untreated = wide.start > time[-1]
    if design.treated is not None:
        chosen = np.array([str(u) in design.treated for u in wide.units])
        treated, untreated = chosen, untreated & ~chosen
    elif design.start is not None:
        treated = (wide.start > time[0]) & (wide.start <= time[-1]) | np.isfinite(wide.start)
        untreated = ~treated
    weight = np.where(np.isfinite(wide.outcome), 1.0, 0.0) if wide.weight is None else wide.weight
    y = np.where(weight > 0, np.nan_to_num(wide.outcome), 0.0)

    def mean(values: Floats, periods: Bools) -> Floats:
        total = weight[:, periods].sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            out: Floats = (weight[:, periods] * values[:, periods]).sum(axis=1) / total
        return out

    before, after = mean(y, pre), mean(y, post)
    order = sorted(range(len(data.covariates)), key=lambda i: data.covariates[i])
    columns = [mean(np.nan_to_num(data.matrix(f"x_{i}")), pre) for i in order]
    seen = np.isfinite(before) & np.isfinite(after)
    ok = seen & (treated | untreated)
    lost = int((~seen & (treated | untreated)).sum())
    cluster = np.unique(wide.cluster[ok], return_inverse=True)[1].astype(np.int64)
    names = [f"{data.covariates[i]} before" for i in order]
    return People(
        d=treated[ok].astype(float),
        y=(after - before)[ok],
        X=np.column_stack([c[ok] for c in columns]) if columns else np.empty((int(ok.sum()), 0)),
        names=tuple(names),
        w=np.ones(int(ok.sum())) if wide.weight is None else weight[ok][:, post].sum(axis=1),
        weighted=wide.weight is not None,
        cluster=cluster,
        clustered=data.has_clusters,
        segments={},
        log=data.metric.in_logs,
        change=True,
        level=after[ok],
        dropped=(Drop("units", lost, "no row before or none after the launch"),) if lost else (),
    )
