"""The only data an estimator sees: :class:`Panel` and :class:`CrossSection`, columns named by their role.

They hold an Ibis table and hand out the smallest thing that suffices. Sums are taken in a fixed order, so that they
do not depend on the order of the rows, of the columns, or on the number of threads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from causal_eval.data import engine
from causal_eval.data.axis import TimeAxis
from causal_eval.errors import DataError, EstimatorRefusal
from causal_eval.results.types import Drop

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from causal_eval.data.categories import Covariate
    from causal_eval.spec.models import MetricSpec, Roles

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Wide:
    """Units x periods. n units in ascending order, T periods.

    Attributes:
        units: (n,) the unit column's values: integers, or text.
        outcome: (n, T), NaN where there is no row.
        weight: (n, T), 0 where there is no row; None where every row counts the same.
        start: (n,) ordinal of the adoption period, inf for never.
        cluster: (n,) codes 0..G-1 in the order of the cluster's values; ``arange(n)`` without a cluster role.
        cluster_varies: whether a unit changes cluster; ``cluster`` then holds its first one.
        axis: the T periods.
        balanced: whether every unit has a row in every period.
    """

    units: list[str | int]
    outcome: Floats
    weight: Floats | None
    start: Floats
    cluster: Ints
    cluster_varies: bool
    axis: TimeAxis
    balanced: bool


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Sums over the rows of each (start, time, cluster), sorted by the three. All arrays have one length.

    Attributes:
        group: 0/1, whether the rows' unit is ever treated.
        start: ordinal of its adoption period, inf for never.
        time: ordinal.
        cluster: code as in :attr:`Wide.cluster`, or -1 where rows are their own clusters (no units, no cluster role).
        n: number of rows; w: sum of weights; w2: of squared weights.
        wy, w2y, w2y2: sums of w y, w^2 y, w^2 y^2, with y measured from ``center``.
        center: the overall weighted mean, subtracted to keep the squares small.
    """

    group: Ints
    start: Floats
    time: Ints
    cluster: Ints
    n: Ints
    w: Floats
    wy: Floats
    w2: Floats
    w2y: Floats
    w2y2: Floats
    center: float


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Moments of each cohort's outcome path. C cohorts by ascending start, never treated last; T periods.

    Attributes:
        start: (C,) ordinal of adoption, inf for never.
        n: (C,) units; w: (C,) sum of their weights.
        mean: (C, T) weighted mean.
        second: (C, T, T) sum over units of w_i^2 (y_i - mean)(y_i - mean)'.
    """

    start: Floats
    n: Ints
    w: Floats
    mean: Floats
    second: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """A cross-section's rows as arrays, in the order of :meth:`CrossSection.frame`. n rows, p covariates.

    Attributes:
        treated: (n,) 0.0 or 1.0; outcome: (n,); X: (n, p).
        weight: (n,) or None.
        cluster: (n,) codes 0..G-1 in the order of the cluster's values, or None.
    """

    treated: Floats
    outcome: Floats
    X: Floats
    weight: Floats | None
    cluster: Ints | None


class _Units(NamedTuple):
    names: list[str | int]
    position: Ints
    start: Floats
    cluster: Ints
    cluster_varies: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class _Rows:
    """What a panel and a cross-section share."""

    con: Any = field(repr=False)
    table: Any = field(repr=False)
    metric: MetricSpec = field(repr=False)
    roles: Roles = field(repr=False)
    covariates: tuple[str, ...] = ()
    fixed_effects: tuple[str, ...] = ()
    predictors: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    graph: tuple[Covariate, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    dropped: tuple[Drop, ...] = ()
    notes: tuple[str, ...] = ()
    rows_read: int = 0
    has_units: bool = True
    has_weights: bool = False
    has_clusters: bool = False
    pooled: bool = False
    additive: bool = False

    @cached_property
    def n_rows(self) -> int:
        """How many rows there are."""
        return int(engine.values(self.con, self.table.aggregate(n=self.table.count()))["n"])

    def _frame(self, order: list[str]) -> pd.DataFrame:
        table = engine.arrow(self.con, self.table.order_by(order))
        frame: pd.DataFrame = table.to_pandas()
        return frame.drop(columns=["unit_code"], errors="ignore")


@dataclass(frozen=True, eq=False, kw_only=True)
class Panel(_Rows):
    """Rows of units over time, or a repeated cross-section (``has_units`` false).

    ``table`` has the columns ``unit`` (and ``unit_code``, its rank), ``time`` (ordinal), ``outcome``,
    ``first_treated`` (ordinal, NULL never), ``group`` (0/1, ever treated), and, where given, ``weight``, ``cluster``,
    ``x_0``.., ``fe_0``.., ``seg_0``... Their authors' names are in ``names``, ``covariates``, ``fixed_effects`` and
    ``segments``. ``dropped`` counts what was left out; ``notes`` says what was read in a way worth knowing.
    ``launch`` is the ordinal of the common launch where the design named one.
    """

    axis: TimeAxis
    launch: int | None = None
    on_off: bool = False
    """Whether the treatment may switch off: ``table`` then has ``treated`` (0.0 or 1.0) by row, ``first_treated`` is the
    first switch-on, and what is shaped by adoption dates (wide, cells, moments, frame) is refused."""

    @staticmethod
    def from_frame(frame: Any, **roles: Any) -> Panel:
        """A panel from a pandas (polars, Arrow) frame, which is not changed.

        Keywords: ``unit, time, outcome``, one of ``treatment``, ``first_treated``, ``treated_units`` + ``launch`` or
        ``group`` + ``launch``; ``covariates, cluster, weights, segments, time_grain, time_format, fixed_effects, predictors``;
        ``kind`` (default mean), and for a ratio ``numerator`` and ``denominator`` instead of ``outcome``; ``on_off=True`` for a
        ``treatment`` that may switch off, which `did` alone takes, as a reference.

        Raises:
            UsageError: E206 when the keywords contradict each other.
            DataError: when the data breaks the contract (E3xx).
        """
        from causal_eval.data.shape import panel_of

        return panel_of(frame, None, roles)

    @staticmethod
    def from_file(path: str | Path, **roles: Any) -> Panel:
        """A panel from a CSV, Parquet or JSON file or glob, kept in DuckDB. Keywords as in :meth:`from_frame`."""
        from causal_eval.data.shape import panel_of

        return panel_of(None, path, roles)

    @cached_property
    def _wide(self) -> Wide:
        import numpy as np

        self._need_units("wide()")
        units = self._units
        n, T = len(units.names), len(self.axis)
        outcome = np.full((n, T), np.nan)
        weight = np.zeros((n, T)) if self.has_weights else None
        self._scatter("outcome", outcome)
        if weight is not None:
            self._scatter("weight", weight)
        balanced = not bool(np.isnan(outcome).any())
        for array in (outcome, weight, units.start, units.cluster):
            if array is not None:
                array.setflags(write=False)
        return Wide(units.names, outcome, weight, units.start, units.cluster, units.cluster_varies, self.axis, balanced)

    @cached_property
    def _units(self) -> _Units:
        """The units that have rows, in order, and their place by ``unit_code``."""
        import ibis
        import numpy as np

        t = self.table
        what = {"unit": t.unit.min(), "start": t.first_treated.min()}
        if self.has_clusters:
            what |= {"cluster": t.cluster.argmin(t.time), "low": t.cluster.min(), "high": t.cluster.max()}
        found = engine.arrow(self.con, t.group_by("unit_code").aggregate(**what).order_by("unit_code"))
        codes = found["unit_code"].to_numpy().astype(np.int64)
        position = np.full(int(codes[-1]) + 1 if len(codes) else 0, -1, dtype=np.int64)
        position[codes] = np.arange(len(codes))
        start = found["start"].cast("float64").fill_null(np.inf).to_numpy().copy()
        cluster, varies = np.arange(len(codes)), False
        if self.has_clusters:
            all_values = engine.arrow(self.con, t.select("cluster").distinct().order_by(ibis.asc("cluster")))["cluster"]
            rank = {v: i for i, v in enumerate(all_values.to_pylist())}
            cluster = np.array([rank[v] for v in found["cluster"].to_pylist()], dtype=np.int64)
            varies = found["low"].to_pylist() != found["high"].to_pylist()
            if not varies and len(rank) != len(set(cluster.tolist())):  # pragma: no cover - ranks are of these rows
                raise AssertionError("a cluster without units")
        return _Units(found["unit"].to_pylist(), position, start, cluster, varies)

    def _scatter(self, column: str, into: Floats) -> None:
        """Put a column at [unit, period], batch by batch; the order of the rows does not matter."""
        import numpy as np

        position = self._units.position
        ordinals = np.array(self.axis.ordinals, dtype=np.int64)
        for batch in engine.batches(self.con, self.table.select("unit_code", "time", column)):
            rows = position[batch.column(0).to_numpy(zero_copy_only=False)]
            periods = np.searchsorted(ordinals, batch.column(1).to_numpy(zero_copy_only=False))
            into[rows, periods] = batch.column(2).to_numpy(zero_copy_only=False)

    def matrix(self, column: str) -> Floats:
        """(n, T) values of a numeric role column, such as ``x_0``, NaN where there is no row; units as in wide()."""
        import numpy as np

        self._need_units("matrix()")
        out = np.full((len(self._units.names), len(self.axis)), np.nan)
        self._scatter(column, out)
        return out

    def wide(self) -> Wide:
        """Units x periods, computed once.

        Raises:
            DataError: E401 for a repeated cross-section, which has no units.
            EstimatorRefusal: E404 for a treatment that switches off.
        """
        self._need_adoption()
        return self._wide

    def cells(self) -> Cells:
        """Sums by (start, time, cluster), computed once. Without a cluster role each unit is its own cluster."""
        self._need_adoption()
        return self._cells

    @cached_property
    def _cells(self) -> Cells:
        if self.has_units and not (self.has_clusters and self._units.cluster_varies):
            return _cells_of_wide(self.wide())
        return _cells_of_rows(self)

    def moments(self) -> Moments:
        """Each cohort's moments, computed once.

        Raises:
            DataError: E401 unless the panel is balanced with weights that are constant in each unit.
        """
        return self._moments

    @cached_property
    def _moments(self) -> Moments:
        return _moments_of_wide(self.wide())

    @property
    def has_moments(self) -> bool:
        """Whether :meth:`moments` can be had."""
        import numpy as np

        if not self.has_units or self.on_off:
            return False
        wide = self.wide()
        return wide.balanced and (wide.weight is None or bool(np.all(wide.weight == wide.weight[:, :1])))

    def frame(self) -> pd.DataFrame:
        """The rows, sorted by unit and time, or by all columns where there are no units."""
        self._need_adoption()
        return self._frame(["unit_code", "time"] if self.has_units else list(self.table.columns))

    def before(self, ordinal: float) -> Panel:
        """The rows strictly before a period, with their adoption periods as they are."""
        axis = self.axis.before(ordinal)
        if not len(axis):
            raise DataError(
                "E315",
                f"no period lies before {self.axis.label(ordinal)}",
                where=self.names.get("time", ""),
                hint=f"The data begins with {self.axis.labels[0]}.",
            )
        return replace(self, axis=axis, table=self.table.filter(self.table.time <= axis.last))

    def between(self, first: int, last: int) -> Panel:
        """The rows of the periods ``first`` to ``last``, both included."""
        keep = [i for i, t in enumerate(self.axis.ordinals) if first <= t <= last]
        axis = replace(
            self.axis,
            ordinals=tuple(self.axis.ordinals[i] for i in keep),
            labels=tuple(self.axis.labels[i] for i in keep),
        )
        t = self.table
        return replace(self, axis=axis, table=t.filter((t.time >= first) & (t.time <= last)))

    def without(self, units: Collection[str]) -> Panel:
        """The rows of all other units; ``units`` by their text.

        Raises:
            DataError: E401 for a repeated cross-section, which has no units.
            ValueError: one of them is not in the data.
        """
        import numpy as np

        self._need_units("without()")
        wanted = set(units)
        known = self._units
        place = [i for i, name in enumerate(known.names) if str(name) in wanted]
        if len({str(known.names[i]) for i in place}) < len(wanted):
            raise ValueError("a unit to leave out is not in the data")
        if not place:
            return self
        code_of = np.empty(len(known.names), dtype=np.int64)
        codes = np.flatnonzero(known.position >= 0)
        code_of[known.position[codes]] = codes
        return replace(self, table=self.table.filter(self.table.unit_code.notin([int(code_of[i]) for i in place])))

    def without_cohort(self, start: int) -> Panel:
        """The rows of all units but those that adopt at the ordinal ``start``."""
        t = self.table
        return replace(self, table=t.filter(t.first_treated.isnull() | (t.first_treated != start)))

    def cluster_values(self) -> tuple[Any, ...]:
        """The cluster column's distinct values, ascending; empty without a cluster role."""
        if not self.has_clusters:
            return ()
        t = self.table
        return tuple(engine.arrow(self.con, t.select("cluster").distinct().order_by("cluster"))["cluster"].to_pylist())

    def without_cluster(self, value: Any) -> Panel:
        """The rows of all clusters but the one that the cluster column calls ``value``."""
        t = self.table
        return replace(self, table=t.filter(t.cluster != value))

    def with_covariate_as_outcome(self, j: int) -> Panel:
        """The same rows with covariate ``j`` as a plain outcome, and without covariates."""
        from causal_eval.spec.models import MetricSpec

        t = self.table
        gone = [c for c in t.columns if c.startswith("x_")]
        return replace(
            self,
            table=t.mutate(outcome=t[f"x_{j}"].cast("float64")).drop(*gone),
            metric=MetricSpec(name="covariate", column=self.covariates[j]),
            covariates=(),
            pooled=False,
            additive=False,
        )

    def at_most(self, most: float) -> Panel:
        """The same rows with outcomes above ``most`` moved there, on the scale that is analysed."""
        import numpy as np

        out = replace(self, table=self.table.mutate(outcome=capped(self.table.outcome, most)))
        if self.has_units and not self.on_off:
            wide = self.wide()
            outcome = np.minimum(wide.outcome, most)
            outcome.setflags(write=False)
            # What the cached properties would compute from the table.
            out.__dict__.update(_units=self._units, _wide=replace(wide, outcome=outcome), _cohorts=self._cohorts)
        return out

    def only_cohort(self, start: int) -> Panel:
        """The rows of the units that adopt at the ordinal ``start`` and of the never treated."""
        t = self.table
        return replace(self, table=t.filter(t.first_treated.isnull() | (t.first_treated == start)))

    def untreated(self) -> Panel:
        """The same rows with nobody treated."""
        import ibis

        return replace(
            self,
            launch=None,
            table=self.table.mutate(first_treated=ibis.null("int64"), group=ibis.literal(0, "int8")),
        )

    def launched(self, units: Collection[str], start: int, *, effect: float = 0.0) -> Panel:
        """The same rows as if ``units``, by their text, and nobody else had adopted at the ordinal ``start``.

        ``effect`` is added to each of their outcomes from then on, on the scale that is analysed. What is known of the rows is
        kept, so that a placebo launch asks nothing of the engine.

        Raises:
            DataError: E401 for a repeated cross-section, which has no units.
            ValueError: one of them is not in the data.
        """
        import ibis
        import numpy as np

        self._need_units("launched()")
        wanted = set(units)
        known, wide = self._units, self.wide()
        rows = np.array([i for i, name in enumerate(known.names) if str(name) in wanted], dtype=np.int64)
        if len(rows) < len(wanted):
            raise ValueError("a unit to treat is not in the data")
        begins = np.full(len(known.names), np.inf)
        begins[rows] = start
        outcome = wide.outcome
        if effect:
            outcome = outcome.copy()
            outcome[np.ix_(rows, np.array(self.axis.ordinals) >= start)] += effect
        for array in (begins, outcome):
            array.setflags(write=False)
        t = self.table
        codes = np.flatnonzero(np.isin(known.position, rows)).tolist()
        chosen = t.unit_code.isin(codes) if codes else ibis.literal(False)
        later = chosen & (t.time >= start)
        table = t.mutate(
            first_treated=ibis.ifelse(chosen, ibis.literal(int(start), "int64"), ibis.null("int64")),
            group=chosen.cast("int8"),
            outcome=ibis.ifelse(later, t.outcome + float(effect), t.outcome),
        )
        out = replace(self, table=table)
        seeded = {
            "_units": known._replace(start=begins),
            "_wide": replace(wide, outcome=outcome, start=begins),
            "_cohorts": (((int(start), len(rows)),) if len(rows) else (), len(known.names) - len(rows)),
        }
        out.__dict__.update(seeded)  # what the cached properties would compute from the table
        return out

    def cohorts(self) -> tuple[tuple[int, int], ...]:
        """(ordinal of adoption, units) ascending, never treated left out; rows where there are no units."""
        return self._cohorts[0]

    def starts(self) -> tuple[int, ...]:
        """The distinct ordinals of adoption, ascending."""
        return tuple(s for s, _ in self.cohorts())

    def group_sizes(self) -> tuple[int, int]:
        """(ever treated, never treated) units; rows where there are no units."""
        cohorts, never = self._cohorts
        return sum(n for _, n in cohorts), never

    @cached_property
    def _cohorts(self) -> tuple[tuple[tuple[int, int], ...], int]:
        t = self.table
        count = t.unit_code.nunique() if self.has_units else t.count()
        found = engine.arrow(self.con, t.group_by("first_treated").aggregate(n=count)).to_pylist()
        treated = sorted((int(r["first_treated"]), int(r["n"])) for r in found if r["first_treated"] is not None)
        return tuple(treated), sum(int(r["n"]) for r in found if r["first_treated"] is None)

    def clusters(self) -> tuple[Ints, bool]:
        """(n,) codes of the units' clusters in their first rows, and whether a unit changes its cluster; units as in wide()."""
        self._need_units("clusters()")
        return self._units.cluster, self._units.cluster_varies

    def _need_adoption(self) -> None:
        """Refuse what rests on adoption dates where the treatment may switch off."""
        if self.on_off:
            raise EstimatorRefusal(
                "E404",
                "the treatment switches on and off (design.on_off), and this estimator takes one that stays on",
                hint="With design.on_off there is the two-way coefficient of `did` alone, as a reference.",
            )

    def _need_units(self, what: str) -> None:
        if not self.has_units:
            raise DataError(
                "E401",
                f"{what} needs units, and a repeated cross-section has none",
                where="roles.unit",
                hint="Use cells() or frame().",
            )


@dataclass(frozen=True, eq=False, kw_only=True)
class CrossSection(_Rows):
    """Rows without time: ``treated`` (0/1), ``outcome``, ``x_0``.., ``unit``, ``weight``, ``cluster``, ``seg_0``.."""

    @staticmethod
    def from_frame(frame: Any, **roles: Any) -> CrossSection:
        """A cross-section from a frame, which is not changed.

        Keywords: ``treatment`` (0/1), ``outcome``, ``covariates, unit, cluster, weights, segments``; ``kind``, and for
        a ratio ``numerator`` and ``denominator`` instead of ``outcome``.

        Raises:
            UsageError: E206 when the keywords contradict each other.
            DataError: when the data breaks the contract (E3xx).
        """
        from causal_eval.data.shape import cross_section_of

        return cross_section_of(frame, None, roles)

    @staticmethod
    def from_file(path: str | Path, **roles: Any) -> CrossSection:
        """A cross-section from a CSV, Parquet or JSON file or glob. Keywords as in :meth:`from_frame`."""
        from causal_eval.data.shape import cross_section_of

        return cross_section_of(None, path, roles)

    def frame(self) -> pd.DataFrame:
        """The rows, sorted by unit (where there is one) and then by all columns."""
        return self._frame(self._order)

    @property
    def _order(self) -> list[str]:
        columns = list(self.table.columns)
        return sorted(columns, key=lambda c: (c != "unit", columns.index(c)))

    def group_sizes(self) -> tuple[int, int]:
        """(treated, untreated) rows."""
        treated = int((self.arrays().treated > 0).sum())
        return treated, len(self.arrays().treated) - treated

    def arrays(self) -> Arrays:
        """The rows as arrays, computed once."""
        return self._arrays

    def at_most(self, most: float) -> CrossSection:
        """The same rows in the same order, with outcomes above ``most`` moved there, and without segments."""
        import numpy as np

        from causal_eval.data.held import HeldRows

        a = self.arrays()
        return HeldRows.of(self, replace(a, outcome=np.minimum(a.outcome, most)), self.covariates, {})

    def segment_labels(self) -> dict[str, NDArray[np.str_]]:
        """The labels of each declared segment, by its column, in the order of :meth:`arrays`."""
        import numpy as np

        t = self._rows
        return {s: np.array([str(v) for v in t[f"seg_{i}"].to_pylist()]) for i, s in enumerate(self.segments)}

    def graph_columns(self) -> dict[str, Floats]:
        """(n, k) of each further column of the causal graph, NaN where missing, by its name, in the order of :meth:`arrays`."""
        import numpy as np

        t = self._rows
        found: dict[str, list[Floats]] = {}
        for i, c in enumerate(self.graph):
            found.setdefault(c.column, []).append(t[f"g_{i}"].cast("float64").to_numpy(zero_copy_only=False))
        return {name: np.column_stack(values) for name, values in found.items()}

    @cached_property
    def _rows(self) -> Any:
        return engine.arrow(self.con, self.table.order_by(self._order))

    @cached_property
    def _arrays(self) -> Arrays:
        import numpy as np

        t = self._rows
        xs = [t[f"x_{i}"].to_numpy() for i in range(len(self.covariates))]
        cluster = None
        if self.has_clusters:
            rank = {v: i for i, v in enumerate(sorted(t["cluster"].unique().to_pylist()))}
            cluster = np.array([rank[v] for v in t["cluster"].to_pylist()], dtype=np.int64)
        # A column's values lie together: what is computed column by column, which most is, reads memory in order.
        X = np.array(xs).T if xs else np.empty((t.num_rows, 0))
        weight = t["weight"].to_numpy() if self.has_weights else None
        return Arrays(t["treated"].to_numpy().astype(float), t["outcome"].to_numpy(), X, weight, cluster)


def capped(values: Any, most: float) -> Any:
    """An Ibis expression with what is above ``most`` moved there; NULL stays NULL."""
    import ibis

    return ibis.ifelse(values > most, ibis.literal(float(most), "float64"), values)


def _cells_of_wide(wide: Wide) -> Cells:
    """Cells of a panel whose units keep their cluster: sums over units, in the order of the units."""
    import numpy as np

    seen = ~np.isnan(wide.outcome)
    weight = np.where(seen, 1.0, 0.0) if wide.weight is None else wide.weight
    total = float(weight.sum())
    center = float(np.where(seen, wide.outcome, 0.0).ravel() @ weight.ravel()) / total if total else 0.0
    keys, at = np.unique(np.column_stack([wide.start, wide.cluster]), axis=0, return_inverse=True)
    K, T = len(keys), len(wide.axis)
    at = at.ravel()
    y = np.where(seen, wide.outcome - center, 0.0)

    def sums(values: Floats) -> Floats:
        out = np.zeros((K, T))
        np.add.at(out, at, values)
        return out

    n = sums(seen.astype(float))
    parts = [sums(v) for v in (weight, weight * y, weight**2, weight**2 * y, weight**2 * y**2)]
    row, column = np.nonzero(n)
    start, cluster = keys[row, 0], keys[row, 1].astype(np.int64)
    time = np.array(wide.axis.ordinals, dtype=np.int64)[column]
    order = np.lexsort((cluster, time, start))
    w, wy, w2, w2y, w2y2 = (p[row, column][order] for p in parts)
    return Cells(
        np.isfinite(start)[order].astype(np.int64),
        start[order],
        time[order],
        cluster[order],
        n[row, column][order].astype(np.int64),
        w,
        wy,
        w2,
        w2y,
        w2y2,
        center,
    )


def _cells_of_rows(panel: Panel) -> Cells:
    """Cells of rows without units, or of units that change cluster: sums in the engine, over sorted rows."""
    import ibis
    import numpy as np

    t = panel.table
    w = t.weight if panel.has_weights else ibis.literal(1, type="int64").cast("float64")
    rows = t.select(
        start=t.first_treated,
        time=t.time,
        cluster=t.cluster if panel.has_clusters else ibis.literal(-1),
        w=w,
        y=t.outcome,
    )
    rows = engine.keep(panel.con, rows.order_by(["start", "time", "cluster", "w", "y"]), "sorted")
    with engine.one_thread(panel.con):
        total = engine.values(panel.con, rows.aggregate(w=rows.w.sum(), wy=(rows.w * rows.y).sum()))
        center = float(total["wy"] / total["w"]) if total["w"] else 0.0
        y, ww = rows.y - center, rows.w * rows.w
        cells = rows.group_by("start", "time", "cluster").aggregate(
            n=rows.count(),
            s_w=rows.w.sum(),
            wy=(rows.w * y).sum(),
            w2=ww.sum(),
            w2y=(ww * y).sum(),
            w2y2=(ww * y * y).sum(),
        )
        found = engine.arrow(panel.con, cells.order_by([cells.start.asc(nulls_first=False), "time", "cluster"]))
    engine.drop(panel.con, rows)
    start = found["start"].cast("float64").fill_null(np.inf).to_numpy()
    cluster = np.full(len(start), -1, dtype=np.int64)
    if panel.has_clusters:
        rank = {v: i for i, v in enumerate(sorted(found["cluster"].unique().to_pylist()))}
        cluster = np.array([rank[v] for v in found["cluster"].to_pylist()], dtype=np.int64)
    w_, wy, w2, w2y, w2y2 = (found[c].to_numpy() for c in ("s_w", "wy", "w2", "w2y", "w2y2"))
    return Cells(
        np.isfinite(start).astype(np.int64),
        start,
        found["time"].to_numpy().astype(np.int64),
        cluster,
        found["n"].to_numpy().astype(np.int64),
        w_,
        wy,
        w2,
        w2y,
        w2y2,
        center,
    )


def _moments_of_wide(wide: Wide) -> Moments:
    """Moments of each cohort, summed over units in their order, a block of units at a time."""
    import numpy as np

    why = "has units without a row in some period" if not wide.balanced else ""
    if not why and wide.weight is not None and not bool(np.all(wide.weight == wide.weight[:, :1])):
        why = "has weights that change within units"
    if why:
        raise DataError(
            "E401",
            f"moments() needs a balanced panel with weights constant in each unit, and this one {why}",
            hint="Use wide(), cells() or frame().",
        )
    starts = np.unique(wide.start)
    C, T = len(starts), len(wide.axis)
    weight = np.ones(len(wide.start)) if wide.weight is None else wide.weight[:, 0]
    n, w = np.zeros(C, dtype=np.int64), np.zeros(C)
    mean, second = np.zeros((C, T)), np.zeros((C, T, T))
    for c, start in enumerate(starts):
        rows = np.flatnonzero(wide.start == start)
        n[c], w[c] = len(rows), weight[rows].sum()
        blocks = [rows[i : i + 8192] for i in range(0, len(rows), 8192)]
        if w[c] > 0:
            for block in blocks:
                mean[c] += (weight[block, None] * wide.outcome[block]).sum(axis=0)
            mean[c] /= w[c]
        for block in blocks:
            gap = weight[block, None] * (wide.outcome[block] - mean[c])
            second[c] += gap.T @ gap
    return Moments(starts, n, w, mean, second)
