"""`causal-eval check`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causal_eval.cli.outcome import silent_libraries

if TYPE_CHECKING:
    from causal_eval.data.contract import CrossSection, Panel
    from causal_eval.plan import Plan
    from causal_eval.spec.document import Document
    from causal_eval.spec.models import StudySpec


def check(study: Path, *, resolved: bool, as_json: bool, data: bool) -> int:
    """Check the file, the plan and (by default) the data against their contracts; prints the plan."""
    from causal_eval.plan import read_study
    from causal_eval.spec.outputs import output_problems
    from causal_eval.spec.read import fail
    from causal_eval.spec.read import resolved as every_value

    with silent_libraries():
        document, spec, plan = read_study(study)
        problems = output_problems(document, spec)
        if problems:
            fail(document, problems)
        found = _data(document, study, spec, plan) if data else None
        warnings = _graph(document, spec, plan)
    for line in warnings:
        print(line, file=sys.stderr)
    if as_json:
        said: dict[str, Any] = {
            "ok": True,
            "study": spec.study.id,
            "plan": analyses(spec, plan),
            "data": found,
            "warnings": warnings,
        }
        if resolved:
            said["resolved"] = {k: {"value": v, "origin": o} for k, v, o in every_value(document, spec)}
        print(json.dumps(said, indent=1, ensure_ascii=False, default=str))
        return 0
    if resolved:
        values = every_value(document, spec)
        width = max(len(key) for key, _, _ in values)
        for key, value, origin in values:
            print(f"{key:<{width}} = {_json(value):<32}  # {origin}")
        print()
    print(f"OK  {spec.study.id}: {spec.study.title}")
    print(
        _indent(
            _table([(p["metric"], p["role"], f"{p['analysis']} ({p['analysis_role']})") for p in analyses(spec, plan)])
        )
    )
    if found is not None:
        print(_indent(_table([(d["metric"], f"{d['rows']} rows", d["design"]) for d in found])))
    else:
        print("  the data was not read (--no-data)")
    print(f"\nnext:    causal-eval run {study}")
    return 0


def analyses(spec: StudySpec, plan: Plan) -> list[dict[str, str]]:
    """Every analysis of every metric that would run."""
    return [
        {
            "metric": m.name,
            "role": spec.metric_role(m),
            "analysis": a.name,
            "method": a.method,
            "analysis_role": a.role,
        }
        for m in spec.metrics
        for a in plan.analyses
    ]


def _graph(document: Document, spec: StudySpec, plan: Plan) -> list[str]:
    """What the causal graph says against the covariates, with their place; it is a failing check of the run."""
    from causal_eval.diagnostics.checks.graph_adjustment import reading

    primary = next(m.name for m in spec.metrics if spec.metric_role(m) == "primary")
    found = plan.graph.identified.get(primary) if plan.graph is not None else None
    if found is None or found.sufficient:
        return []
    at = document.place(("roles", "covariates") if document.holds(("roles", "covariates")) else ("roles",))
    return [f"{at.file}:{at.line}:{at.col} warning: {reading(found, [])}"]


def _data(document: Document, study: Path, spec: StudySpec, plan: Plan) -> list[dict[str, Any]]:
    """Read the data and put it in shape for each metric, as `run` would; nothing is estimated."""
    from causal_eval.data.connect import open_source
    from causal_eval.data.shape import check_expectations, shape
    from causal_eval.data.stamps import refuse_late
    from causal_eval.spec.read import placed

    source = open_source(spec.data, base=study.parent)
    check_expectations(source, spec.data.expect)
    if plan.graph is not None:
        plan.graph.require(source.columns)
    with placed(document):
        refuse_late(source, spec.roles)
    found = []
    for metric in spec.metrics:
        shaped = shape(
            source,
            spec.roles,
            metric,
            spec.design,
            fixed_effects=plan.fixed_effects,
            predictors=plan.predictors,
            as_of=spec.data.as_of,
            graph=() if plan.graph is None else plan.graph.columns,
        )
        found.append({
            "metric": metric.name,
            "rows": shaped.n_rows,
            "design": _design(shaped),
            "dropped": [{"what": d.what, "count": d.count, "reason": d.reason} for d in shaped.dropped],
        })  # fmt: skip
    return found


def _design(shaped: Panel | CrossSection) -> str:
    axis = getattr(shaped, "axis", None)
    if axis is None:
        return "cross-section"
    first, last = axis.labels[0], axis.labels[-1]
    return f"{len(axis.labels)} {axis.noun}s, {first} to {last}"


def _json(value: object) -> str:
    return "(not set)" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max((len(r[i]) for r in rows), default=0) for i in range(len(rows[0]))] if rows else []
    return "\n".join("  ".join(f"{c:<{w}}" for c, w in zip(r, widths, strict=True)).rstrip() for r in rows)


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
