"""From a spec to a plan: plug-ins found, options checked, capabilities compared. Nothing is read or fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causal_eval.design.graph_study import StudyGraph, study_graph
from causal_eval.diagnostics.base import CHECKS, Check
from causal_eval.diagnostics.thresholds import Thresholds
from causal_eval.errors import PluginError, Problem, suggest
from causal_eval.estimators._base import ESTIMATORS, Estimator
from causal_eval.results.types import AnalysisRole
from causal_eval.spec.read import (
    Document,
    check_document,
    fail,
    from_mapping,
    read_document,
    table_title,
    unknown_key,
)

if TYPE_CHECKING:
    from causal_eval.spec.models import DiagnosticsSpec, StudySpec


@dataclass(frozen=True, slots=True)
class Analysis:
    """One estimator with its options, its name in the results and its role."""

    name: str
    role: AnalysisRole
    estimator: Estimator[Any]

    @property
    def method(self) -> str:
        """Registry name of the estimator."""
        return self.estimator.info.name


@dataclass(frozen=True, slots=True)
class Plan:
    """What a study will do, in order."""

    analyses: tuple[Analysis, ...]
    checks: tuple[Check, ...]
    gates: frozenset[str]
    thresholds: Thresholds
    graph: StudyGraph | None = None

    @property
    def fixed_effects(self) -> tuple[str, ...]:
        """Columns that estimators absorb beside the roles."""
        return tuple(dict.fromkeys(c for a in self.analyses for c in getattr(a.estimator, "fixed_effects", ())))

    @property
    def predictors(self) -> tuple[str, ...]:
        """Columns that estimators match on beside the outcome; they may be missing in any row."""
        return tuple(dict.fromkeys(p.column for a in self.analyses for p in getattr(a.estimator, "predictors", ())))


def read_study(study: str | Path | Mapping[str, Any] | StudySpec) -> tuple[Document, StudySpec, Plan]:
    """A study file (or the same as a mapping, or a spec), checked as a whole.

    Raises:
        SpecError: everything wrong with the file, options of its estimators included, at once.
    """
    document = _document(study)
    spec, problems = check_document(document)
    problems = problems + option_problems(document)
    if spec is None or problems:
        fail(document, problems)
    made, problems = _plan(spec)
    graph, wrong = study_graph(document, spec)
    if made is None or wrong:
        fail(document, [*problems, *wrong])
    return document, spec, replace(made, graph=graph)


def _document(study: str | Path | Mapping[str, Any] | StudySpec) -> Document:
    if isinstance(study, str | Path):
        return read_document(Path(study))
    if isinstance(study, Mapping):
        return from_mapping(study)
    return from_mapping(study.model_dump(exclude_unset=True))


def option_problems(document: Document) -> list[Problem]:
    """What is wrong with each estimator's method and own options."""
    from pydantic import ValidationError

    tables = document.raw.get("estimators")
    found: list[Problem] = []
    for i, table in enumerate(tables if isinstance(tables, list) else []):
        method = table.get("method") if isinstance(table, dict) else None
        if not isinstance(method, str):
            continue
        try:
            cls = ESTIMATORS.get(method)
        except PluginError as e:
            near = suggest(method, list(ESTIMATORS.plugins())).nearest
            found.append(
                Problem(
                    e.code,
                    e.message,
                    ("estimators", i, "method"),
                    hint=e.hint,
                    suggestion=near,
                    allowed=tuple(ESTIMATORS.plugins()),
                )
            )
            continue
        own = {k: v for k, v in table.items() if k not in ("method", "name", "role")}
        allowed = tuple(sorted({*cls.model_fields, "name", "role"}))
        try:
            cls(**own)
        except ValidationError as e:
            for error in e.errors():
                loc = tuple(str(p) if isinstance(p, str) else p for p in error["loc"])
                key = str(loc[0]) if loc else ""
                if error["type"] == "extra_forbidden":
                    found.append(unknown_key(document, ("estimators", i, key), allowed))
                    continue
                choices = tuple(str(c) for c in _choices(cls, key))
                word = str(own.get(key, ""))
                found.append(
                    Problem(
                        "E210",
                        f"option `{key}` of {table_title(document, ('estimators', i))}: {_words(error['msg'])}",
                        ("estimators", i, *loc),
                        suggestion=suggest(word, choices).nearest if choices else "",
                        allowed=choices,
                    )
                )
    return found


def _words(message: str) -> str:
    message = message.removeprefix("Value error, ").replace("Input should be", "should be")
    return message[0].lower() + message[1:]


def _choices(cls: Any, key: str) -> tuple[Any, ...]:
    """The values of a Literal option."""
    from typing import Literal, get_args, get_origin

    field = cls.model_fields.get(key)
    if field is not None and get_origin(field.annotation) is Literal:
        return get_args(field.annotation)
    return ()


def _thresholds(said: DiagnosticsSpec) -> Thresholds:
    """What the checks are judged by, as far as the study says."""
    return Thresholds(alpha=said.alpha, cf_y=said.cf_y, cf_d=said.cf_d, rho=said.rho, benchmarks=said.benchmarks)


def data_kind(spec: StudySpec) -> str:
    """What the roles describe: panel, repeated cross-section or cross-section."""
    if spec.roles.time is None:
        return "cross-section"
    return "panel" if spec.roles.unit is not None else "repeated cross-section"


def _plan(spec: StudySpec) -> tuple[Plan | None, list[Problem]]:
    """The plan of a valid spec, or what does not fit together."""
    problems: list[Problem] = []
    analyses: list[Analysis] = []
    kind = data_kind(spec)
    classes = [ESTIMATORS.get(e.method) for e in spec.estimators]
    primary_said = any(e.role == "primary" for e in spec.estimators)
    for i, (said, cls) in enumerate(zip(spec.estimators, classes, strict=True)):
        info = cls.info
        first = next((j for j, c in enumerate(classes) if c.info.headline and spec.estimators[j].role is None), None)
        role: AnalysisRole = said.role or (
            "reference" if not info.headline else "primary" if not primary_said and i == first else "robustness"
        )
        at: tuple[str | int, ...] = ("estimators", i, "role" if said.role else "method")
        if role == "primary" and not info.headline:
            problems.append(
                Problem(
                    "E212",
                    f"`{said.method}` is a reference and cannot be the headline",
                    at,
                    hint='Give it role = "reference" and add an estimator with a comparison group.',
                )
            )
        if kind not in info.data:
            takes = ", ".join(sorted(info.data))
            problems.append(
                Problem(
                    "E212",
                    f"`{said.method}` takes a {takes}; the roles describe a {kind}",
                    ("estimators", i, "method"),
                    hint="`causal-eval estimators` lists what fits.",
                )
            )
        elif role == "primary" and spec.design.estimand not in info.estimands:
            problems.append(
                Problem(
                    "E212",
                    f"`{said.method}` does not estimate the {spec.design.estimand}",
                    ("estimators", i, "method"),
                    hint=f"It estimates: {', '.join(sorted(info.estimands))}. Change design.estimand.",
                )
            )
        options = {"seed": spec.study.seed, **said.options}
        analyses.append(Analysis(said.name or said.method, role, cls(**options)))
    names = list(CHECKS.plugins())
    for key, listed in (("skip", spec.diagnostics.skip), ("gates", spec.diagnostics.gates)):
        for i, name in enumerate(listed):
            if name not in names:
                problems.append(
                    Problem(
                        "E213",
                        f"unknown check `{name}`",
                        ("diagnostics", key, i),
                        suggestion=suggest(name, names).nearest,
                        allowed=tuple(names),
                    )
                )
    for i, name in enumerate(spec.diagnostics.benchmarks):
        if name not in spec.roles.covariates:
            problems.append(
                Problem(
                    "E203",
                    f"`{name}` is not one of roles.covariates, so it cannot be left out",
                    ("diagnostics", "benchmarks", i),
                    suggestion=suggest(name, spec.roles.covariates).nearest,
                    allowed=tuple(spec.roles.covariates),
                )
            )
    if problems:
        return None, problems
    checks = tuple(CHECKS.get(n)() for n in names if n not in spec.diagnostics.skip)
    return Plan(tuple(analyses), checks, frozenset(spec.diagnostics.gates), _thresholds(spec.diagnostics)), []
