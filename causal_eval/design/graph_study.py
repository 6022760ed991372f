"""The causal graph of a study: read, held against the roles and the metrics, and identified for each metric that it knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.design.graph import Graph, forbidden, identify
from causal_eval.design.graph_file import read_graph
from causal_eval.errors import DataError, Problem, SpecError, suggest
from causal_eval.results.types import Identification

if TYPE_CHECKING:
    from causal_eval.spec.document import Document
    from causal_eval.spec.models import MetricSpec, StudySpec

TREATMENT = "treatment"
"""What the treatment's node is called where no column of its own says who was treated."""


@dataclass(frozen=True, slots=True)
class StudyGraph:
    """A study's graph.

    Attributes:
        treatment: its node; outcomes: the node of each metric that has one; identified: what the graph says, for each of those.
    """

    graph: Graph
    treatment: str
    outcomes: Mapping[str, str]
    identified: Mapping[str, Identification]

    @property
    def columns(self) -> tuple[str, ...]:
        """Observed nodes that must be columns of the data: all but the treatment and the outcomes, which roles and metrics read."""
        apart = {self.treatment, *self.outcomes.values()}
        return tuple(n for n in self.graph.observed if n not in apart)

    def require(self, columns: Collection[str]) -> None:
        """Refuse a graph with an observed node that is no column of the data.

        Raises:
            DataError: E310, with the line of the graph.
        """
        for node in self.columns:
            if node not in columns:
                near = suggest(node, sorted(columns)).nearest
                raise DataError(
                    "E310",
                    f"`{node}` of the causal graph is not a column of the data",
                    where=f"{self.graph.file}:{self.graph.lines.get(node, 1)}",
                    hint=(f"Did you mean `{near}`? " if near else "")
                    + f"Where nothing measures it, say so: `{_dot(node)} [observed=no];`.",
                )


def treatment_node(spec: StudySpec) -> str:
    """The name of the treatment's node: its column, or :data:`TREATMENT`."""
    r = spec.roles
    return r.treatment or r.group or r.first_treated or TREATMENT


def outcome_names(metric: MetricSpec) -> tuple[str, ...]:
    """The names a metric's node may have: its column where it has one of its own, and the metric's name."""
    own = (metric.column or metric.name,) if metric.kind not in ("ratio", "duration") else ()
    return tuple(dict.fromkeys((*own, metric.name)))


def study_graph(document: Document, spec: StudySpec) -> tuple[StudyGraph | None, list[Problem]]:
    """The graph that ``design.graph`` names and no problems, or None and what is wrong; None and none without a graph."""
    if not spec.design.graph:
        return None, []
    path = document.base / spec.design.graph
    try:
        graph = read_graph(path, str(path))
    except SpecError as e:
        return None, list(e.problems)
    treatment = treatment_node(spec)
    outcomes: dict[str, str] = {}
    problems = [*_treatment(graph, treatment), *_covariates(graph, spec)]
    for i, metric in enumerate(spec.metrics):
        node = next((n for n in outcome_names(metric) if n in graph.nodes), None)
        if node is not None and node in graph.unobserved:
            problems.append(_unobserved(graph, node, ("metrics", i), "the outcome"))
        elif node is not None:
            outcomes[metric.name] = node
        elif spec.metric_role(metric) == "primary":
            problems.append(
                _absent(graph, outcome_names(metric), ("metrics", i), f"the primary metric `{metric.name}`")
            )
    if problems:
        return None, problems
    for metric in spec.metrics:
        if metric.name in outcomes and spec.metric_role(metric) == "primary":
            problems = _refused(graph, treatment, outcomes[metric.name], spec)
    if problems:
        return None, problems
    identified = {
        name: identify(graph, treatment, node, [c for c in spec.roles.covariates if c != node])
        for name, node in outcomes.items()
        if node != treatment
    }
    return StudyGraph(graph, treatment, outcomes, identified), []


def _treatment(graph: Graph, node: str) -> list[Problem]:
    at = ("design", "graph")
    if node not in graph.nodes:
        return [_absent(graph, (node,), at, "the treatment")]
    return [_unobserved(graph, node, at, "the treatment")] if node in graph.unobserved else []


def _covariates(graph: Graph, spec: StudySpec) -> list[Problem]:
    found = []
    for i, c in enumerate(spec.roles.covariates):
        at = ("roles", "covariates", i)
        if c not in graph.nodes:
            found.append(_absent(graph, (c,), at, f"the covariate `{c}`"))
        elif c in graph.unobserved:
            found.append(_unobserved(graph, c, at, "a covariate"))
    return found


def _refused(graph: Graph, treatment: str, outcome: str, spec: StudySpec) -> list[Problem]:
    order = {c: i for i, c in enumerate(spec.roles.covariates)}
    return [
        Problem(
            "E216",
            f"covariate `{f.covariate}` is {f.why}",
            ("roles", "covariates", order[f.covariate]),
            hint=f"Take `{f.covariate}` out of roles.covariates, or correct {graph.file}.",
        )
        for f in forbidden(graph, treatment, outcome, spec.roles.covariates)
    ]


def _absent(graph: Graph, names: tuple[str, ...], at: tuple[str | int, ...], what: str) -> Problem:
    said = " or ".join(f"`{n}`" for n in names)
    return Problem(
        "E215",
        f"{what} is not in the causal graph: {graph.file} has no node {said}",
        at,
        hint=f"Add {said} to the graph, with what causes it and what it causes.",
        suggestion=suggest(names[0], graph.nodes).nearest,
    )


def _unobserved(graph: Graph, node: str, at: tuple[str | int, ...], what: str) -> Problem:
    return Problem(
        "E215",
        f"`{node}` is {what}, and the causal graph calls it unobserved",
        at,
        hint=f"See {graph.file}:{graph.lines.get(node, 1)}: leave out observed=no, or name another column.",
    )


def _dot(name: str) -> str:
    """A name as DOT writes it."""
    return name if name.isidentifier() else f'"{name}"'
