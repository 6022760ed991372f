"""Raw rows and roles in, a :class:`Panel` or :class:`CrossSection` out; what is left out is counted with its reason.

The order: columns are there (E310); each column is what its role needs (E312, E316, E318, E325-E329); rows that miss
something are dropped and counted; units are dated; the dates fit together (E311, E313-E315, E321-E324).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causal_eval.data import engine
from causal_eval.data.axis import TimeAxis, make_axis
from causal_eval.data.categories import Covariate, coded, drawable
from causal_eval.data.connect import Source, open_source, require
from causal_eval.data.contract import CrossSection, Panel, capped
from causal_eval.data.times import Reading, never, ordinal_of_date, read_times, refuse_placeholders, to_ordinal
from causal_eval.errors import DataError, UsageError
from causal_eval.metrics import Kind, Refusal, get
from causal_eval.metrics._base import MISSING_WORDS, Measure, is_blank, number
from causal_eval.results.types import PERCENT, Drop

if TYPE_CHECKING:
    from causal_eval.spec.models import DesignSpec, Expect, MetricSpec, Roles

_ZERO = ("0", "0.0", "false", "no", "f", "n")
_TIME, _ADOPTED = "ce:time", "ce:adopted"
"""Columns added to the raw rows: ordinals of the period and of the adoption."""
_ONE = ("1", "1.0", "true", "yes", "t", "y")


def shape(
    source: Source,
    roles: Roles,
    metric: MetricSpec,
    design: DesignSpec | None = None,
    *,
    fixed_effects: Sequence[str] = (),
    predictors: Sequence[str] = (),
    as_of: date | None = None,
    history: bool = False,
    graph: Sequence[str] = (),
    at_most: float | None = None,
) -> Panel | CrossSection:
    """The rows of one metric, shaped by the roles: a panel if there is a time column, else a cross-section.

    ``predictors`` are numeric columns that may be missing in any row. ``history``: a launch may lie after the data, or nowhere;
    adoption periods after the data are kept. ``graph``: further columns of a causal graph; a cross-section holds them where they are
    numbers or a few categories, missing values and all. ``at_most``: where each row's outcome is cut, before rows are averaged.

    Raises:
        DataError: E3xx, with the author's column names and never a value that could identify a row.
        PluginError: E211 for a metric kind that is not available.
    """
    from causal_eval.spec.models import DesignSpec

    kind = get(metric.kind)
    if kind.needs_weights and roles.weights is None:
        raise DataError(
            "E326",
            f"metric `{metric.name}` of kind {kind.name} needs roles.weights",
            where="roles.weights",
            hint="Name the column of sampling weights.",
        )
    columns = list(dict.fromkeys([*_role_columns(roles), *fixed_effects, *predictors, *kind.columns(metric), *graph]))
    raw = source.take(columns)
    covariates, notes = coded(source.con, raw, roles.covariates)
    job = _Job(
        source,
        raw,
        roles,
        metric,
        kind,
        design or DesignSpec(),
        tuple(fixed_effects),
        as_of,
        tuple(predictors),
        history,
        covariates,
        notes,
        drawable(source.con, raw, [c for c in graph if c not in roles.covariates]) if roles.time is None else (),
        at_most,
    )
    return _panel(job) if roles.time is not None else _cross_section(job)


def check_expectations(source: Source, expect: Expect) -> None:
    """Hold the data against ``[data.expect]``.

    Raises:
        DataError: E310 for a column that is not there, E320 for the first expectation that is broken.
    """
    require(source.columns, [*expect.unique, *expect.max_missing])
    hint = "Correct the data, or the expectation in [data.expect]."
    rows = source.rows_read
    if rows < expect.min_rows:
        raise DataError(
            "E320", f"{rows} rows, fewer than the {expect.min_rows} expected", where="data.expect.min_rows", hint=hint
        )
    for column, limit in expect.max_missing.items():
        table = source.take([column])
        share = float(
            engine.values(source.con, table.aggregate(n=_blank(table[column]).cast("int64").sum()))["n"] or 0
        ) / max(rows, 1)
        if share > limit:
            raise DataError(
                "E320",
                f"column `{column}` is missing in {share:.1%} of the rows, more than the {limit:.1%} expected",
                where="data.expect.max_missing",
                hint=hint,
            )
    if expect.unique:
        table = source.take(expect.unique)
        groups = table.group_by(list(expect.unique)).aggregate(n=table.count())
        found = engine.values(source.con, groups.filter(groups.n > 1).aggregate(n=groups.n.sum()))["n"]
        if found:
            said = ", ".join(f"`{c}`" for c in expect.unique)
            raise DataError(
                "E320",
                f"{int(found)} rows share their combination of {said}, which was expected to be unique",
                where="data.expect.unique",
                hint=hint,
            )


@dataclass(frozen=True)
class _Job:
    """One metric to shape."""

    source: Source
    raw: Any
    roles: Roles
    metric: MetricSpec
    kind: Kind
    design: DesignSpec
    fixed_effects: tuple[str, ...]
    as_of: date | None
    predictors: tuple[str, ...] = ()
    history: bool = False
    covariates: tuple[Covariate, ...] = ()
    notes: tuple[str, ...] = ()
    graph: tuple[Covariate, ...] = ()
    at_most: float | None = None

    @property
    def con(self) -> Any:
        return self.source.con


@dataclass
class _Sheet:
    """Role columns in the making: expressions over the raw table, and conditions on its rows."""

    columns: dict[str, Any] = field(default_factory=dict)
    structural: list[tuple[str, Any]] = field(default_factory=list)
    dropped: list[tuple[str, Any]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)

    def table(self, raw: Any) -> tuple[Any, list[str]]:
        """The raw table as role columns plus ``why``: 0 for rows to keep, else 1 + the place of the first reason.

        Structural reasons (no unit, no time) come first; a refusal counts only in rows without one.
        """
        import ibis

        reasons = [*self.structural, *self.dropped]
        branches = [(condition.fill_null(False), i + 1) for i, (_, condition) in enumerate(reasons)]
        why = ibis.cases(*branches, else_=0) if branches else ibis.literal(0)
        flags = {f"bad_{i}": r.rows.fill_null(False) for i, r in enumerate(self.refused)}
        return raw.select(**self.columns, **flags, why=why.cast("int32")), [r for r, _ in reasons]


def _role_columns(roles: Roles) -> list[str]:
    single = (roles.unit, roles.time, roles.treatment, roles.first_treated, roles.group, roles.cluster, roles.weights)
    return [c for c in single if c] + [*roles.covariates, *roles.segments]


def _blank(column: Any) -> Any:
    """Where a value is missing: NULL, NaN, an empty text."""
    kind = column.type()
    if kind.is_floating():
        return column.isnull() | column.isnan()
    if kind.is_string():
        return column.isnull() | (column.strip() == "")
    return column.isnull()


def _label(con: Any, raw: Any, name: str) -> Any:
    """A column of names (unit, cluster): whole numbers as int64, all else as text; NULL where missing."""
    import ibis

    column = raw[name]
    kind = column.type()
    if kind.is_integer():
        return column.cast("int64")
    if kind.is_floating() or kind.is_decimal():
        value = column.cast("float64")
        value = ibis.ifelse(value.isnan(), ibis.null("float64"), value)
        t = raw.select(value=value)
        broken = (t.value != t.value.floor()) | (t.value.abs() > 2.0**53)
        odd = engine.values(con, t.aggregate(n=broken.cast("int64").sum()))
        return value.cast("string") if odd["n"] else value.cast("int64")
    text = column.cast("string")
    return ibis.ifelse(text.strip() == "", ibis.null("string"), text)


def _binary(raw: Any, column: str, what: str) -> tuple[Any, Refusal]:
    """A 0/1 column as int8, NULL where missing, and the rows that are neither."""
    import ibis

    values = raw[column]
    kind = values.type()
    hint = (
        f"Code `{column}` as 0 and 1; a dose as above or below a threshold set beforehand (`causal-eval explain E312`)."
    )
    if kind.is_boolean():
        flag, missing = values.cast("int8"), values.isnull()
    elif kind.is_numeric():
        number_ = values.cast("float64")
        missing = number_.isnull() | number_.isnan()
        flag = ibis.cases((number_ == 0, 0), (number_ == 1, 1), else_=None)
    elif kind.is_string():
        text = values.strip().lower()
        missing = values.isnull() | text.isin([w for w in MISSING_WORDS])
        flag = ibis.cases((text.isin(_ZERO), 0), (text.isin(_ONE), 1), else_=None)
    else:
        raise DataError("E312", f"{what} column `{column}` is not 0/1: it holds {kind}", where=column, hint=hint)
    bad = Refusal("E312", f"{what} column `{column}` is not 0/1 in {{n}} rows", column, hint, ~missing & flag.isnull())
    return flag.cast("int8"), bad


def _common(job: _Job, sheet: _Sheet) -> None:
    """Outcome, weights, cluster, covariates, fixed effects and segments."""
    raw, roles = job.raw, job.roles
    measure: Measure = job.kind.measure(raw, job.metric, job.as_of)
    sheet.columns["num"] = measure.numerator if job.at_most is None else capped(measure.numerator, job.at_most)
    if measure.denominator is not None:
        sheet.columns["den"] = measure.denominator
    sheet.dropped += measure.dropped
    sheet.refused += measure.refused
    if roles.weights:
        value, bad = number(raw, roles.weights, code="E326", what="weight")
        negative = Refusal(
            "E326",
            f"weight column `{roles.weights}` is negative in {{n}} rows",
            roles.weights,
            "Weights count how much a row stands for: 0 or more.",
            value < 0,
        )
        sheet.columns["w"] = value
        sheet.refused += [*bad, negative]
        sheet.dropped.append((f"weight `{roles.weights}` is missing", value.isnull()))
    if roles.cluster:
        value = _label(job.con, raw, roles.cluster)
        sheet.columns["cluster"] = value
        sheet.dropped.append((f"cluster `{roles.cluster}` is missing", value.isnull()))
    for i, covariate in enumerate(job.covariates):
        value, bad = covariate.value(raw)
        sheet.columns[f"x_{i}"] = value
        sheet.refused += bad
        reason = f"covariate `{covariate.column}` is missing"
        if reason not in {r for r, _ in sheet.dropped}:
            sheet.dropped.append((reason, value.isnull()))
    for i, name in enumerate(job.fixed_effects):
        value = _label(job.con, raw, name).cast("string")
        sheet.columns[f"fe_{i}"] = value
        sheet.dropped.append((f"fixed effect `{name}` is missing", value.isnull()))
    for i, name in enumerate(job.predictors):
        value, bad = number(raw, name, code="E325", what="predictor")
        sheet.columns[f"p_{i}"] = value
        sheet.refused += bad
    for i, drawn in enumerate(job.graph):
        value, _ = drawn.value(raw)
        sheet.columns[f"g_{i}"] = value.nullif(float("inf")).nullif(float("-inf"))
    for i, name in enumerate(roles.segments):
        sheet.columns[f"seg_{i}"] = _label(job.con, raw, name).cast("string")


def _checked(job: _Job, sheet: _Sheet) -> tuple[Any, list[Drop]]:
    """The role table, after refusing what must be refused and counting what will be dropped."""
    table, reasons = sheet.table(job.raw)
    structural = len(sheet.structural)
    usable = (table.why == 0) | (table.why > structural)
    counts: dict[str, Any] = {f"why_{i + 1}": (table.why == i + 1).cast("int64").sum() for i in range(len(reasons))}
    counts |= {f"bad_{i}": (table[f"bad_{i}"] & usable).cast("int64").sum() for i in range(len(sheet.refused))}
    counts |= {
        "kept": (table.why == 0).cast("int64").sum(),
        "usable": usable.cast("int64").sum(),
        "outcomes": table.num.count(),
    }
    for i in range(len(job.covariates)):
        counts[f"x_{i}"] = table[f"x_{i}"].count()
    found = engine.values(job.con, table.aggregate(**counts))
    if not found["kept"] and not found["usable"]:
        _all_dropped(reasons, found)
    for i, refusal in enumerate(sheet.refused):
        if found[f"bad_{i}"]:
            raise DataError(
                refusal.code, refusal.message.format(n=int(found[f"bad_{i}"])), where=refusal.column, hint=refusal.hint
            )
    if not found["outcomes"]:
        column = job.kind.columns(job.metric)[0]
        raise DataError(
            "E317",
            f"outcome column `{column}` is missing in every row",
            where=column,
            hint="Check the column's name, and the join that made it.",
        )
    for i, covariate in enumerate(job.covariates):
        if not found[f"x_{i}"]:
            raise DataError(
                "E325",
                f"covariate column `{covariate.column}` is missing in every row",
                where=covariate.column,
                hint="Leave it out of roles.covariates.",
            )
    if not found["kept"]:
        _all_dropped(reasons, found)
    drops = [Drop("rows", int(found[f"why_{i + 1}"]), r) for i, r in enumerate(reasons) if found[f"why_{i + 1}"]]
    return table, drops


def _all_dropped(reasons: Sequence[str], found: Mapping[str, Any]) -> None:
    said = "; ".join(
        f"{int(found[f'why_{i + 1}'])} because {r}" for i, r in enumerate(reasons) if found[f"why_{i + 1}"]
    )
    raise DataError(
        "E302",
        f"no rows are left: dropped {said}" if said else "the data has no rows",
        hint="Fill those columns, or take them out of the roles.",
    )


def _outcome(job: _Job, table: Any) -> tuple[Any, Any]:
    """Outcome and weight (or None) by row, before a logarithm."""
    weight = table.w if job.roles.weights else None
    if not job.kind.pooled:
        return table.num, weight
    return table.num / table.den, table.den if weight is None else table.den * weight


def _extras(table: Any) -> list[str]:
    return [c for c in table.columns if c == "cluster" or c.startswith(("x_", "p_", "fe_", "seg_", "g_"))]


MOST_SHARE = 5.0
"""Size from which a ratio that is declared in per cent is asked about: a share beyond 500% is rare."""


def _finish(job: _Job, table: Any, notes: list[str]) -> Any:
    """Refuse what only shows once rows are one outcome each: a logarithm of 0, weights that add to nothing.

    A share that is declared to be in per cent is noted: its effects would be told a hundred times too small. A ratio may be, for it
    is told in per cent then; one far beyond 1 is noted, for it would be told a hundred times too large.
    """
    checks = {"n": table.count()}
    if job.metric.log is True:
        checks["log"] = (table.outcome <= 0).cast("int64").sum()
    if "weight" in table.columns:
        checks["weighted"] = (table.weight > 0).cast("int64").sum()
    percent = job.metric.units.strip().lower() in PERCENT and not job.metric.in_logs
    if percent:
        checks |= {"low": table.outcome.min(), "high": table.outcome.max()}
    found = engine.values(job.con, table.aggregate(**checks))
    if percent and job.metric.kind == "ratio":
        if found["n"] and max(-found["low"], found["high"]) > MOST_SHARE:
            far = max(-found["low"], found["high"])
            notes.append(
                f"metric `{job.metric.name}` is a ratio declared in {job.metric.units.strip()}, so that 1 is told as 100%; it goes "
                f"up to {far:.3g}: if its numerator is in per cent already, leave units out, or effects read a hundred times too large"
            )
    elif percent and found["n"] and found["low"] >= 0 and found["high"] <= 1:
        notes.append(
            f"metric `{job.metric.name}` is declared in {job.metric.units.strip()}, and no value lies above 1: if it is a share "
            'between 0 and 1, leave units out and set kind = "proportion"; as it stands effects read a hundred times too small'
        )
    if found.get("log"):
        raise DataError(
            "E327",
            f"metric `{job.metric.name}` takes a logarithm, and {int(found['log'])} rows are 0 or less",
            where=job.metric.name,
            hint="Set log = false, or analyse the column plus a constant.",
        )
    if found.get("weighted") == 0:
        name = job.roles.weights or job.kind.columns(job.metric)[-1]
        raise DataError("E326", f"weight column `{name}` is 0 in every row", where=name, hint="Check the column.")
    return table.mutate(outcome=table.outcome.ln()) if job.metric.log is True else table


def _names(job: _Job) -> dict[str, str]:
    roles = job.roles
    pairs = {
        "unit": roles.unit,
        "time": roles.time,
        "treatment": roles.treatment,
        "first_treated": roles.first_treated,
        "group": roles.group,
        "cluster": roles.cluster,
        "weight": roles.weights,
    }
    columns = job.kind.columns(job.metric)
    names = {k: v for k, v in pairs.items() if v}
    names["outcome"] = columns[0] if len(columns) == 1 else job.metric.name
    for prefix, said in (
        ("x", [c.name for c in job.covariates]),
        ("p", job.predictors),
        ("fe", job.fixed_effects),
        ("seg", roles.segments),
    ):
        names |= {f"{prefix}_{i}": n for i, n in enumerate(said)}
    return names


def _shared(job: _Job) -> dict[str, Any]:
    return {
        "con": job.con,
        "metric": job.metric,
        "roles": job.roles,
        "covariates": tuple(c.name for c in job.covariates),
        "fixed_effects": job.fixed_effects,
        "predictors": job.predictors,
        "segments": tuple(job.roles.segments),
        "graph": job.graph,
        "names": _names(job),
        "rows_read": job.source.rows_read,
        "has_units": job.roles.unit is not None,
        "has_weights": job.roles.weights is not None or job.kind.pooled,
        "has_clusters": job.roles.cluster is not None,
        "pooled": job.kind.pooled,
        "additive": job.kind.additive,
    }


# Cross-section -------------------------------------------------------------------------------------------------------


def _cross_section(job: _Job) -> CrossSection:
    roles = job.roles
    column = roles.treatment or roles.group or ""
    sheet = _Sheet()
    if roles.unit:
        sheet.columns["unit"] = _label(job.con, job.raw, roles.unit)
        sheet.structural.append((f"unit `{roles.unit}` is missing", sheet.columns["unit"].isnull()))
    sheet.columns["treated"], bad = _binary(job.raw, column, "treatment")
    sheet.structural.append((f"treatment `{column}` is missing", sheet.columns["treated"].isnull() & ~bad.rows))
    sheet.refused.append(bad)
    _common(job, sheet)
    table, drops = _checked(job, sheet)
    kept = table.filter(table.why == 0)
    outcome, weight = _outcome(job, kept)
    chosen: dict[str, Any] = {"unit": kept.unit} if roles.unit else {}
    chosen |= {"treated": kept.treated, "outcome": outcome}
    if weight is not None:
        chosen["weight"] = weight
    chosen |= {c: kept[c] for c in _extras(kept)}
    notes = [*job.notes]
    rows = _finish(job, engine.keep(job.con, kept.select(**chosen), "section"), notes)
    found = engine.values(job.con, rows.aggregate(treated=rows.treated.sum(), n=rows.count()))
    if not found["treated"]:
        raise DataError("E322", f"no row is treated: `{column}` is never 1", where=column, hint="Check the column.")
    if found["treated"] == found["n"]:
        raise DataError(
            "E314",
            f"no control rows: `{column}` is 1 in every row",
            where=column,
            hint="Add rows of those who were not treated.",
        )
    return CrossSection(table=rows, dropped=tuple(drops), notes=tuple(notes), **_shared(job))


# Panel ---------------------------------------------------------------------------------------------------------------


def _panel(job: _Job) -> Panel:
    roles = job.roles
    assert roles.time is not None
    key = _time_key(job.raw, roles.time)
    reading, ordinals = _read_times(job, key)
    years = reading.calendar == "int" and all(1800 <= o <= 2200 for o in ordinals.values())
    job = _with_adoption(_with_ordinals(job, key, ordinals, _TIME), reading, years, min(ordinals.values()))
    sheet = _Sheet()
    if roles.unit:
        sheet.columns["unit"] = _label(job.con, job.raw, roles.unit)
        sheet.structural.append((f"unit `{roles.unit}` is missing", sheet.columns["unit"].isnull()))
    sheet.columns["time"] = job.raw[_TIME]
    sheet.structural.append((f"time `{roles.time}` is missing", sheet.columns["time"].isnull()))
    if job.as_of is not None and reading.calendar != "int":
        cut = ordinal_of_date(reading.calendar, job.as_of)
        sheet.structural.append((f"time `{roles.time}` is after data.as_of", sheet.columns["time"] > cut))
    _treatment(job, sheet)
    _common(job, sheet)
    table, drops = _checked(job, sheet)
    axis = _axis(job, table, reading)
    launch = None
    if roles.treated_units or roles.group:
        launch = _launch(job, axis)
    notes: list[str] = [*job.notes]
    rows = (
        _date_units(job, table, axis, launch, len(sheet.structural), drops, notes)
        if roles.unit
        else _repeated(job, table, axis, launch, notes)
    )
    rows = _finish(job, rows, notes)
    panel = Panel(
        table=rows,
        axis=axis,
        launch=launch,
        on_off=job.design.on_off,
        dropped=tuple(drops),
        notes=tuple(notes),
        **_shared(job),
    )
    if not job.history:
        _check_design(job, panel)
    return panel


def _time_key(raw: Any, column: str) -> Any:
    """A time column as day, whole number, number or text: few distinct values. NULL where missing."""
    import ibis

    values = raw[column]
    kind = values.type()
    if kind.is_timestamp() or kind.is_date():
        return values.cast("date")
    if kind.is_integer():
        return values.cast("int64")
    if kind.is_numeric():
        value = values.cast("float64")
        return ibis.ifelse(value.isnan(), ibis.null("float64"), value)
    if kind.is_string():
        return ibis.ifelse(is_blank(values), ibis.null("string"), values.strip())
    if kind.is_null():
        return ibis.null("string")
    raise DataError(
        "E319",
        f"column `{column}` cannot be ordered in time: it holds values of type {kind}",
        where=column,
        hint="Give dates, whole numbers, or text such as 2026-07-06 or 2026Q3.",
    )


def _distinct(job: _Job, key: Any) -> list[Any]:
    """The distinct values of a key over the raw table, sorted, without NULL."""
    table = job.raw.select(key=key).distinct()
    found: list[Any] = engine.arrow(job.con, table.filter(table.key.notnull()).order_by("key"))["key"].to_pylist()
    return found


def _read_times(job: _Job, key: Any) -> tuple[Reading, dict[Any, int]]:
    roles = job.roles
    assert roles.time is not None
    found = _distinct(job, key)
    if not found:
        raise DataError(
            "E302", f"time column `{roles.time}` is missing in every row", where=roles.time, hint="Check the column."
        )
    return read_times(found, column=roles.time, grain=roles.time_grain, time_format=roles.time_format)


def _with_ordinals(job: _Job, key: Any, ordinals: Mapping[Any, int | None], name: str) -> _Job:
    """The job with a further raw column that holds the ordinal of each row's key."""
    import pyarrow as pa

    table = pa.table(
        {
            f"{name}_key": pa.array(list(ordinals), type=_arrow_type(key)),
            name: pa.array(list(ordinals.values()), type=pa.int64()),
        }
    )
    book = engine.register(job.con, table, "times")
    keyed = job.raw.mutate(**{f"{name}_raw": key})
    joined = keyed.left_join(book, keyed[f"{name}_raw"] == book[f"{name}_key"]).drop(f"{name}_key")
    return replace(job, raw=joined)


def _arrow_type(key: Any) -> Any:
    import pyarrow as pa

    kind = key.type()
    if kind.is_date():
        return pa.date32()
    return pa.int64() if kind.is_integer() else pa.float64() if kind.is_numeric() else pa.string()


def _treatment(job: _Job, sheet: _Sheet) -> None:
    """The columns that say who was treated: ``treat`` (0/1 by row), ``adopted`` (ordinal) or ``member`` (0/1)."""
    roles = job.roles
    if roles.treatment or roles.group:
        column = roles.treatment or roles.group or ""
        name = "treat" if roles.treatment else "member"
        what = "treatment" if roles.treatment else "group"
        sheet.columns[name], bad = _binary(job.raw, column, what)
        sheet.structural.append((f"{what} `{column}` is missing", sheet.columns[name].isnull() & ~bad.rows))
        sheet.refused.append(bad)
    elif roles.first_treated:
        sheet.columns["adopted"] = job.raw[_ADOPTED]
    else:
        names = sorted({str(u) for u in roles.treated_units})
        text = sheet.columns["unit"].cast("string")
        sheet.columns["member"] = text.isin(names).cast("int8")
        table = job.raw.select(unit=text).distinct()
        present = set(engine.arrow(job.con, table.filter(table.unit.isin(names)))["unit"].to_pylist())
        absent = [n for n in names if n not in present]
        if absent:
            said = ", ".join(f"`{n}`" for n in absent)
            raise DataError(
                "E322",
                f"roles.treated_units names {said}, not in column `{roles.unit}`",
                where="roles.treated_units",
                hint="Write units as the column does, with capitals and leading zeros.",
            )


def _with_adoption(job: _Job, reading: Reading, years: bool, first: int) -> _Job:
    """The job with the ordinal of each row's first_treated, NULL for never; ``first`` is the data's first period."""
    column = job.roles.first_treated
    if column is None:
        return job
    key = _time_key(job.raw, column)
    dates = {v: None if never(v) else to_ordinal(v, reading, column=column, years=years) for v in _distinct(job, key)}
    refuse_placeholders(dates.values(), first, reading, column=column, years=years)
    return _with_ordinals(job, key, dates, _ADOPTED)


def _axis(job: _Job, table: Any, reading: Reading) -> TimeAxis:
    kept = table.filter(table.why == 0)
    found = engine.arrow(job.con, kept.select("time").distinct().order_by("time"))["time"].to_pylist()
    return make_axis(tuple(found), reading, column=job.roles.time or "")


def _launch(job: _Job, axis: TimeAxis) -> int:
    if job.design.launch is None:
        how = "treated_units" if job.roles.treated_units else "group"
        raise DataError(
            "E321",
            f"roles.{how} says who was treated, and nothing says when",
            where="design.launch",
            hint="Give design.launch, the first treated period.",
        )
    number = to_ordinal(job.design.launch, axis.reading, column="launch", years=axis.noun == "year")
    if number > axis.last and job.history:
        return number
    if number > axis.last:
        raise DataError(
            "E321",
            f"launch {axis.label(number)} lies outside the data, which has {axis.labels[0]} to {axis.labels[-1]}",
            where="design.launch",
            hint="Give data that covers the launch, or correct the date. Before the launch, `causal-eval design` tells what "
            "the study will be able to see.",
        )
    return axis.ordinal_of(job.design.launch)


def _date_units(
    job: _Job, table: Any, axis: TimeAxis, launch: int | None, structural: int, drops: list[Drop], notes: list[str]
) -> Any:
    """The kept rows with their unit's adoption period; one row for each unit and period."""
    import ibis

    con, roles = job.con, job.roles
    usable = table.filter((table.why == 0) | (table.why > structural))
    units = usable.group_by("unit").aggregate(**_dating(roles, usable), kept=(usable.why == 0).any())
    units = units.mutate(unit_code=ibis.row_number().over(order_by=units.unit).cast("int64"))
    units = engine.keep(con, units, "units")
    _check_units(job, units)
    if roles.treatment:
        units = _agreed(con, units, axis, notes)
    lost = int(engine.values(con, units.aggregate(n=(~units.kept).cast("int64").sum()))["n"])
    if lost:
        drops.append(Drop("units", lost, "no complete row"))
    if launch is not None:
        start = ibis.ifelse(units.member == 1, ibis.literal(launch, "int64"), ibis.null("int64"))
    else:
        start = units.adopted.cast("int64") if job.history else _snapped(con, units, axis, notes)
    dated = units.filter(units.kept).select("unit", "unit_code", first_treated=start.cast("int64"))
    kept = table.filter(table.why == 0)
    joined = kept.join(dated, "unit")
    rows = _aggregated(job, joined) if roles.time_grain else _as_they_are(job, joined)
    rows = engine.keep(con, rows, "panel")
    if not roles.time_grain:
        _check_unique(job, rows, axis)
    return rows


def _dating(roles: Roles, t: Any) -> dict[str, Any]:
    """By unit, what dates its adoption, and what would show that it cannot be dated."""
    if roles.treatment:
        return {"adopted": t.time.min(where=t.treat == 1), "last_off": t.time.max(where=t.treat == 0)}
    if roles.first_treated:
        return {"adopted": t.adopted.min(), "high": t.adopted.max(), "some": t.adopted.count(), "rows": t.count()}
    return {"member": t.member.min(), "high": t.member.max()}


def _check_units(job: _Job, units: Any) -> None:
    """Refuse treatments that switch off, and adoption periods or groups that change within a unit."""
    roles = job.roles
    if roles.treatment:
        n = _count(job, units, (units.last_off > units.adopted).fill_null(False))
        if n and not job.design.on_off:
            raise DataError(
                "E313",
                f"treatment `{roles.treatment}` switches off in {n} units",
                where=roles.treatment,
                hint="The designs here need treatment that stays on. To ask what the first switch-on did, give "
                "roles.first_treated and end the data before units switch off; units on from the start are left out and "
                "counted. For the two-way coefficient alone, as a reference: design.on_off = true with `did`. For effects of "
                "treatments that switch on and off, use the estimators of de Chaisemartin & D'Haultfoeuille (R: DIDmultiplegtDYN).",
            )
        return
    if roles.first_treated:
        varies = (units.adopted != units.high) | ((units.some > 0) & (units.some < units.rows))
        column, what = roles.first_treated, "first_treated"
    else:
        varies, column, what = units.member != units.high, roles.group or roles.unit or "", "group"
    n = _count(job, units, varies.fill_null(False))
    if n:
        raise DataError(
            "E323",
            f"{what} column `{column}` varies within {n} units",
            where=column,
            hint="Give every row of a unit the same value.",
        )


def _count(job: _Job, table: Any, condition: Any) -> int:
    return int(engine.values(job.con, table.aggregate(n=condition.cast("int64").sum()))["n"] or 0)


def _agreed(con: Any, units: Any, axis: TimeAxis, notes: list[str]) -> Any:
    """Units with no row around their adoption are dated like the units whose adoption is seen, where only one date fits.

    Such a unit adopts somewhere after its last 0 and not after its first 1. Taking another unit's date in between
    changes none of its observed 0s and 1s, and keeps one rollout from looking like two.
    """
    import ibis

    spans = units.filter(units.adopted.notnull()).group_by("last_off", "adopted").aggregate(n=lambda t: t.count())
    found = engine.arrow(con, spans.order_by(["adopted", "last_off"])).to_pylist()

    def seen(last_off: int | None, adopted: int) -> bool:
        before = [t for t in axis.ordinals if t < adopted]
        return bool(before) and last_off == before[-1]

    sure = sorted({r["adopted"] for r in found if seen(r["last_off"], r["adopted"])})
    moves: dict[tuple[int | None, int], int] = {}
    for r in found:
        low, high = r["last_off"], r["adopted"]
        fits = [s for s in sure if s <= high and (low is None or s > low)]
        if not seen(low, high) and len(fits) == 1 and fits[0] != high:
            moves[low, high] = fits[0]
    if not moves:
        return units
    n = sum(r["n"] for r in found if (r["last_off"], r["adopted"]) in moves)
    notes.append(f"{n} units have no row around their adoption: they are dated like the units that adopt in between")
    branches = [
        ((units.adopted == high) & (units.last_off.isnull() if low is None else units.last_off == low), date)
        for (low, high), date in moves.items()
    ]
    return units.mutate(adopted=ibis.cases(*branches, else_=units.adopted).cast("int64"))


def _snapped(con: Any, units: Any, axis: TimeAxis, notes: list[str], *, what: str = "units") -> Any:
    """Adoption periods of ``what`` moved to the first period of the data at or after them; beyond the data is never."""
    import ibis

    dated = units.filter(units.adopted.notnull() & (units.kept if what == "units" else True))
    found = dated.group_by("adopted").aggregate(n=dated.count())
    starts = {r["adopted"]: r["n"] for r in engine.arrow(con, found.order_by("adopted")).to_pylist()}
    beyond = sum(n for s, n in starts.items() if s > axis.last)
    if beyond:
        notes.append(f"{beyond} {what} adopt after the data ends: they count as never treated")
    between = [s for s in starts if axis.first < s <= axis.last and s not in set(axis.ordinals)]
    if between:
        moved = sum(starts[s] for s in between)
        notes.append(f"{moved} {what} adopt between two periods of the data: they count as treated from the later one")
    early = sum(n for s, n in starts.items() if s <= axis.first)
    if early:
        notes.append(f"{early} {what} are treated from {'their' if what == 'units' else 'the'} first period on")
    branches = [(units.adopted == s, axis.at_or_after(s)) for s in between]
    within = ibis.ifelse(units.adopted > axis.last, ibis.null("int64"), units.adopted.cast("int64"))
    return ibis.cases(*branches, else_=within) if branches else within


def _as_they_are(job: _Job, joined: Any) -> Any:
    outcome, weight = _outcome(job, joined)
    chosen: dict[str, Any] = {
        "unit": joined.unit,
        "unit_code": joined.unit_code,
        "time": joined.time,
        "outcome": outcome,
        "first_treated": joined.first_treated,
        "group": joined.first_treated.notnull().cast("int8"),
    }
    if weight is not None:
        chosen["weight"] = weight
    if job.design.on_off:
        chosen["treated"] = joined.treat.cast("float64")
    return joined.select(**chosen, **{c: joined[c] for c in _extras(joined)})


def _aggregated(job: _Job, joined: Any) -> Any:
    """Rows of one unit and period as one, summed in sorted order."""
    import ibis

    con = job.con
    measures = [c for c in ("num", "den", "w") if c in joined.columns]
    extras = _extras(joined)
    rows = joined.select("unit", "unit_code", "time", "first_treated", *measures, *extras)
    t = engine.keep(con, rows.order_by(["unit_code", "time", *measures, *extras]), "sorted")
    names = _names(job)
    fixed = [c for c in extras if not c.startswith(("x_", "p_"))]
    if fixed:
        groups = t.group_by("unit_code", "time").aggregate(**{c: t[c].nunique() for c in fixed})
        found = engine.values(con, groups.aggregate(**{c: (groups[c] > 1).cast("int64").sum() for c in fixed}))
        for c in fixed:
            if found[c]:
                raise DataError(
                    "E323",
                    f"column `{names[c]}` varies within {int(found[c])} units in a {job.roles.time_grain}",
                    where=names[c],
                    hint="Give the rows of a unit and period one value.",
                )
    sums: dict[str, Any] = {"unit": t.unit.min(), "first_treated": t.first_treated.min()}
    w = t.w if job.roles.weights else None
    if job.kind.pooled:
        top, bottom = (t.num, t.den) if w is None else (w * t.num, w * t.den)
        sums |= {"outcome": top.sum() / bottom.sum(), "weight": bottom.sum()}
    elif job.kind.aggregate == "sum":
        sums |= {"outcome": t.num.sum()} | ({} if w is None else {"weight": w.mean()})
    elif w is None:
        sums["outcome"] = t.num.mean()
    else:
        sums |= {"outcome": ibis.ifelse(w.sum() > 0, (w * t.num).sum() / w.sum(), t.num.mean()), "weight": w.sum()}
    sums |= {c: t[c].min() if c in fixed else t[c].mean() for c in extras}
    with engine.one_thread(con):
        out = engine.keep(con, t.group_by("unit_code", "time").aggregate(**sums), "panel")
    engine.drop(con, t)
    order = ["unit", "unit_code", "time", "outcome", "first_treated"]
    rest = [c for c in out.columns if c not in order]
    return out.mutate(group=out.first_treated.notnull().cast("int8")).select(*order, "group", *rest)


def _check_unique(job: _Job, rows: Any, axis: TimeAxis) -> None:
    """Refuse rows that share unit and period."""
    if _unique_by_marks(job, rows, axis):
        return
    groups = rows.group_by("unit_code", "time").aggregate(n=rows.count())
    twice = groups.filter(groups.n > 1)
    found = engine.values(job.con, twice.aggregate(pairs=twice.count(), n=twice.n.sum()))
    if found["pairs"]:
        raise DataError(
            "E311",
            f"{int(found['n'])} rows share their unit `{job.roles.unit}` and time `{job.roles.time}` with "
            f"another ({int(found['pairs'])} unit-periods)",
            where=job.roles.unit or "",
            hint="Set roles.time_grain to aggregate them, or leave roles.unit out if each row is another person.",
        )


def _unique_by_marks(job: _Job, rows: Any, axis: TimeAxis) -> bool:
    """Whether each row marks a cell of its own: a sixth of the time of grouping them. False where that is not known."""
    import numpy as np

    found = engine.values(job.con, rows.aggregate(n=rows.count(), last=rows.unit_code.max()))
    n, size = int(found["n"]), (int(found["last"] or 0) + 1) * len(axis)
    if size > 4 * n:
        return False
    ordinals = np.array(axis.ordinals, dtype=np.int64)
    marked = np.zeros(size, dtype=bool)
    for batch in engine.batches(job.con, rows.select("unit_code", "time")):
        code, time = (batch.column(i).to_numpy(zero_copy_only=False).astype(np.int64) for i in (0, 1))
        marked[code * len(axis) + np.searchsorted(ordinals, time)] = True
    return int(marked.sum()) == n


def _repeated(job: _Job, table: Any, axis: TimeAxis, launch: int | None, notes: list[str]) -> Any:
    """The kept rows of a repeated cross-section, sorted by all columns."""
    import ibis

    kept = table.filter(table.why == 0)
    outcome, weight = _outcome(job, kept)
    if launch is not None:
        start = ibis.ifelse(kept.member == 1, ibis.literal(launch, "int64"), ibis.null("int64"))
    else:
        start = kept.adopted.cast("int64") if job.history else _snapped(job.con, kept, axis, notes, what="rows")
    notes.append(
        "without roles.unit every row is another unit (a repeated cross-section)"
        + ("" if job.roles.cluster else ", independent of the others; name the groups that adopt as roles.cluster")
    )
    chosen: dict[str, Any] = {
        "time": kept.time,
        "outcome": outcome,
        "first_treated": start,
        "group": start.notnull().cast("int8"),
    }
    if weight is not None:
        chosen["weight"] = weight
    rows = kept.select(**chosen, **{c: kept[c] for c in _extras(kept)})
    return engine.keep(job.con, rows.order_by(list(rows.columns)), "panel")


def _check_design(job: _Job, panel: Panel) -> None:
    """Refuse data without treated units, controls, or periods before and after."""
    t = panel.table
    found = engine.arrow(
        job.con, t.group_by("first_treated").aggregate(low=t.time.min(), high=t.time.max()).order_by("first_treated")
    )
    cohorts = [(r["first_treated"], r["low"], r["high"]) for r in found.to_pylist()]
    treated = [c for c in cohorts if c[0] is not None]
    column = job.roles.treatment or job.roles.first_treated or job.roles.group or "roles.treated_units"
    if not treated:
        raise DataError(
            "E322",
            f"no unit is treated within the data, by `{column}`",
            where=column,
            hint=f"The data has {panel.axis.labels[0]} to {panel.axis.labels[-1]}: check the column and the period. Before the "
            "launch, `causal-eval design` tells what the study will be able to see.",
        )
    with_pre = [c for c in treated if c[1] < c[0] and c[0] > panel.axis.first]
    if not with_pre:
        raise DataError(
            "E315",
            "every treated unit is treated from its first period on: there is no pre-period",
            where=column,
            hint=f"Add periods before {panel.axis.label(max(c[0] for c in treated))}. If `{column}` says who was treated and not "
            "when, name it as roles.group, with design.launch.",
        )
    if all(c[2] < c[0] for c in treated):
        raise DataError(
            "E324",
            "no treated unit has a row at or after its adoption: there is no post-period",
            where=column,
            hint="Add later periods, or check what is missing there.",
        )
    first = min(c[0] for c in with_pre)
    if not any(c[0] is None or c[0] > first for c in cohorts):
        raise DataError(
            "E314",
            f"no control units: by `{column}` every unit is treated, and none later than the others",
            where=column,
            hint="Add units that were not treated, or treated later.",
        )


# From a notebook -----------------------------------------------------------------------------------------------------


def panel_of(frame: Any, path: str | Path | None, keywords: Mapping[str, Any]) -> Panel:
    """What ``Panel.from_frame`` and ``Panel.from_file`` do."""
    made = _of(frame, path, keywords, needs_time=True)
    assert isinstance(made, Panel)
    return made


def cross_section_of(frame: Any, path: str | Path | None, keywords: Mapping[str, Any]) -> CrossSection:
    """What ``CrossSection.from_frame`` and ``CrossSection.from_file`` do."""
    made = _of(frame, path, keywords, needs_time=False)
    assert isinstance(made, CrossSection)
    return made


_ROLES = ("unit", "treatment", "covariates", "cluster", "weights", "segments", "group")
_PANEL_ROLES = (*_ROLES, "time", "first_treated", "treated_units", "time_grain", "time_format")
_METRIC = ("numerator", "denominator", "start", "end", "horizon", "log")


def _of(frame: Any, path: str | Path | None, keywords: Mapping[str, Any], *, needs_time: bool) -> Panel | CrossSection:
    from pydantic import ValidationError

    from causal_eval.errors import suggest
    from causal_eval.spec.models import Data, DesignSpec, MetricSpec, Roles

    known = (*(_PANEL_ROLES if needs_time else _ROLES), *_METRIC, "outcome", "kind", "as_of")
    known += ("launch", "fixed_effects", "predictors", "on_off") if needs_time else ()
    given = {k: _plain(v) for k, v in keywords.items() if v is not None}
    for name in given:
        if name not in known:
            raise UsageError("E206", f"unknown keyword `{name}`", hint=str(suggest(name, known)))
    if needs_time and "time" not in given:
        raise UsageError("E206", "a panel needs `time`", hint="Without time, use CrossSection.")
    names = {k: v for k, v in given.items() if k in _PANEL_ROLES}
    metric = {k: v for k, v in given.items() if k in (*_METRIC, "kind")}
    if "outcome" in given:
        metric["column"] = str(given["outcome"])
    elif not any(k in metric for k in _METRIC):
        raise UsageError(
            "E206", "`outcome` is missing", hint="Name the outcome's column, or numerator and denominator."
        )
    elif "numerator" in metric:
        metric.setdefault("kind", "ratio")
    try:
        roles = Roles(**names)
        spec = MetricSpec(name="outcome", **metric)
        design = DesignSpec(launch=given.get("launch"), on_off=given.get("on_off", False))
        data = Data(source=str(path or "frame"))
    except ValidationError as e:
        first = e.errors()[0]
        said = str(first["msg"]).removeprefix("Value error, ")
        where = ".".join(str(p) for p in first["loc"])
        raise UsageError("E206", f"{where}: {said}" if where else said, hint="See help(Panel.from_frame).") from e
    source = open_source(data, base=Path.cwd(), frame=frame)
    fixed, predictors = (tuple(given.get(k, ())) for k in ("fixed_effects", "predictors"))
    return shape(source, roles, spec, design, fixed_effects=fixed, predictors=predictors, as_of=given.get("as_of"))


def _plain(value: Any) -> Any:
    """numpy scalars, Timestamps and lists as plain values."""
    if isinstance(value, str | bytes | datetime | date):
        return value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    if hasattr(value, "item") and not hasattr(value, "__len__"):
        return value.item()
    if isinstance(value, list | tuple) or hasattr(value, "tolist"):
        return tuple(_plain(v) for v in value)
    return value
