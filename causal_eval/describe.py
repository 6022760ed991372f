"""What a result says about its study: question, design, metrics, events, lineage, provenance, in the author's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causal_eval.results.types import DesignInfo, Event, Identification, Lineage, MetricInfo, Provenance, Question

if TYPE_CHECKING:
    from causal_eval.data.connect import Source
    from causal_eval.data.contract import CrossSection, Panel
    from causal_eval.plan import Plan
    from causal_eval.spec.models import StudySpec
    from causal_eval.spec.read import Document

LIBRARIES = ("numpy", "pandas", "scipy", "duckdb", "ibis-framework", "linearmodels", "econml", "dowhy", "matplotlib")


def question(spec: StudySpec) -> Question:
    """The study as asked."""
    s = spec.study
    return Question(
        s.id,
        s.title,
        s.question,
        s.owner,
        s.context,
        s.hypothesis,
        s.reviewers,
        spec.design.population,
        spec.design.contrast,
    )


def metric_infos(spec: StudySpec) -> tuple[MetricInfo, ...]:
    """The metrics, with roles and labels filled in."""
    return tuple(
        MetricInfo(
            name=m.name,
            label=m.label or m.name.replace("_", " "),
            role=spec.metric_role(m),
            kind=m.kind,
            better=m.better,
            units=m.units,
            description=m.description,
            min_effect=None if m.min_effect is None else (m.min_effect.absolute or m.min_effect.relative),
            min_effect_scale=None if m.min_effect is None else "absolute" if m.min_effect.absolute else "relative",
            margin=None if m.margin is None else (m.margin.absolute or m.margin.relative),
            margin_scale=None if m.margin is None else "absolute" if m.margin.absolute else "relative",
        )
        for m in spec.metrics
    )


def noun(column: str | None) -> str:
    """What a unit is called in a sentence: ``queue_id`` is a queue, ``site-week`` a site week, ``sid`` a unit; no column, a row."""
    words = [w for w in (column or "row").replace("-", "_").split("_") if w]
    while len(words) > 1 and words[-1].lower() in ("id", "key", "code", "nr", "no"):
        words.pop()
    if len(words) == 1 and len(words[0]) <= 4 and words[0].lower().endswith("id"):
        return "unit"
    return " ".join(words) or "row"


def design_info(data: Panel | CrossSection, spec: StudySpec) -> DesignInfo:
    """The design as it was applied to the primary metric's data."""
    from causal_eval.data.contract import Panel

    r = spec.roles
    if not isinstance(data, Panel):
        return DesignInfo(
            "cross-section", spec.design.estimand, "none", "", covariates=r.covariates, unit_noun=noun(r.unit)
        )
    axis = data.axis
    cohorts = tuple((s, n) for s, n in data.cohorts() if s <= axis.ordinals[-1])
    inside = [s for s, _ in cohorts if s > axis.ordinals[0]]
    launch = min(inside) if inside else axis.ordinals[-1]
    at = next((t for t in axis.ordinals if t >= launch), axis.ordinals[-1])

    def window(said: tuple[Any, Any] | None, default: tuple[int, int]) -> tuple[str, str]:
        if said is None:
            return axis.label(default[0]), axis.label(default[1])
        return axis.label(axis.ordinal_of(said[0], clip=True)), axis.label(
            axis.ordinal_of(said[1], clip=True, side="end")
        )

    before = [t for t in axis.ordinals if t < at] or [axis.ordinals[0]]
    treated = sum(n for _, n in cohorts)
    total = sum(data.group_sizes())
    return DesignInfo(
        data_kind="panel" if data.has_units else "repeated cross-section",
        estimand=spec.design.estimand,
        adoption="block" if len(inside) == 1 else "staggered",
        launch=axis.label(at),
        periods=axis.labels,
        pre=window(spec.design.pre, (before[0], before[-1])),
        post=window(spec.design.post, (at, axis.ordinals[-1])),
        washout=spec.design.washout,
        anticipation=spec.design.anticipation,
        cohorts=tuple((axis.label(s) if s in axis.ordinals else str(s), n) for s, n in cohorts),
        n_never=total - treated,
        unit_noun=noun(r.unit),
        time_noun=axis.noun,
        covariates=r.covariates,
    )


def identification(spec: StudySpec, plan: Plan) -> Identification | None:
    """What identifies the primary metric's effect by adjustment: the study's graph, or for an opt-in launch the assumed one."""
    from causal_eval.design.graph import assumed
    from causal_eval.design.graph_study import outcome_names, treatment_node

    primary = next(m for m in spec.metrics if spec.metric_role(m) == "primary")
    if plan.graph is not None:
        return plan.graph.identified.get(primary.name)
    headline = next((a for a in plan.analyses if a.role == "primary"), None)
    if headline is None or "no_confounding" not in headline.estimator.info.assumptions:
        return None
    return assumed(treatment_node(spec), outcome_names(primary)[0], spec.roles.covariates)


def study_events(spec: StudySpec, data: Panel | CrossSection) -> tuple[Event, ...]:
    """Concurrent events, with the periods they fall into."""
    axis = getattr(data, "axis", None)
    out = []
    for e in spec.events:
        first, last = (None, None) if axis is None else _placed(axis, e.start, e.end)
        out.append(Event(e.name, str(e.start), "" if e.end is None else str(e.end), e.affects, first, last))
    return tuple(out)


def _placed(axis: Any, start: Any, end: Any) -> tuple[str | None, str | None]:
    """Labels of the periods that hold an event's start and end; None where it lies outside the data."""
    from causal_eval.errors import DataError

    def label(moment: Any) -> str | None:
        try:
            found: str = axis.label(axis.ordinal_of(moment, side="end"))
            return found
        except DataError:
            return None

    return label(start), None if end is None else label(end)


def lineage(source: Source, data: Panel | CrossSection, spec: StudySpec, notes: tuple[str, ...] = ()) -> Lineage:
    """Where the numbers came from; ``notes`` come before those of the data."""
    as_of = "" if spec.data.as_of is None else spec.data.as_of.isoformat()
    return Lineage(
        source=source.text,
        kind=source.kind,
        sha256=source.sha256,
        rows_read=source.rows_read,
        as_of=as_of,
        query_sha256=source.query_sha256,
        columns=tuple(sorted(data.names.items())),
        dropped=data.dropped,
        notes=(*notes, *data.notes),
    )


def provenance(document: Document, source: Source, seed: int) -> Provenance:
    """What made this result."""
    import hashlib
    import json
    import platform
    from importlib.metadata import PackageNotFoundError, version

    def installed(name: str) -> str:
        try:
            return version(name)
        except PackageNotFoundError:
            return "not installed"

    canonical = json.dumps(document.raw, sort_keys=True, default=str, ensure_ascii=False)
    return Provenance(
        package=installed("causal-eval"),
        python=platform.python_version(),
        libraries={name: installed(name) for name in LIBRARIES},
        spec_sha256=hashlib.sha256(canonical.encode()).hexdigest(),
        data_sha256=source.sha256,
        seed=seed,
        spec_file=document.path.name,
    )
