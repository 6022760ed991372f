"""What follows from a causal graph: adjustment sets, what may not be adjusted for, instruments, implied independences.

DoWhy identifies (Sharma & Kiciman 2020), on names alone: it is handed no data, so it can write into nobody's frame, and its sets
come back sorted. Whether the study's own covariates suffice is asked of networkx, by d-separation in the back-door graph
(Pearl 2009, 3.3; van der Zander, Liskiewicz & Textor 2014).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from causal_eval.errors import columns
from causal_eval.results.types import Identification

if TYPE_CHECKING:
    import networkx as nx

EXHAUSTIVE = 8
"""Up to this many candidates all minimal adjustment sets are listed; beyond it one is found, in polynomial time."""
PATHS = 2000
"""Paths looked at for one that is open, to be shown to the reader."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A directed acyclic graph, its nodes and edges sorted.

    Attributes:
        unobserved: nodes that no column measures.
        file: as its reader would type it; lines: line of the file a node is first named in, from 1.
    """

    nodes: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    unobserved: frozenset[str] = frozenset()
    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def observed(self) -> tuple[str, ...]:
        """The nodes that columns measure."""
        return tuple(n for n in self.nodes if n not in self.unobserved)

    def directed(self) -> nx.DiGraph:
        """A new networkx graph, nodes and edges in sorted order."""
        import networkx as nx

        g = nx.DiGraph()
        g.add_nodes_from(self.nodes)
        g.add_edges_from(self.edges)
        return g


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A covariate that may not be adjusted for, and why, as the end of a sentence."""

    covariate: str
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Independence:
    """That ``a`` and ``b`` are independent given ``given``, which the graph implies."""

    a: str
    b: str
    given: tuple[str, ...]

    def __str__(self) -> str:
        return f"`{self.a}` and `{self.b}`" + (f" given {columns(self.given)}" if self.given else "")


def identify(graph: Graph, treatment: str, outcome: str, covariates: Sequence[str]) -> Identification:
    """What the graph says about estimating the effect of ``treatment`` on ``outcome`` by adjusting for ``covariates``.

    Args:
        covariates: observed nodes of the graph, none of them :func:`forbidden`.

    Raises:
        ValueError: a name is no node of the graph.
    """
    import networkx as nx

    g = graph.directed()
    _known(graph, [treatment, outcome, *covariates])
    sets = adjustment_sets(graph, treatment, outcome)
    back = _back_door(g, treatment)
    said = frozenset(covariates)
    enough = nx.is_d_separator(back, {treatment}, {outcome}, set(said))
    missing: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    if not enough:
        missing = _missing(graph, back, treatment, outcome, said, sets)
        path = _open_path(back, treatment, outcome, said)
    return Identification(
        given=True,
        treatment=treatment,
        outcome=outcome,
        nodes=graph.nodes,
        edges=graph.edges,
        unobserved=tuple(sorted(graph.unobserved)),
        adjusted=tuple(sorted(said)),
        sets=sets,
        sufficient=enough,
        missing=missing,
        open_path=path,
        instruments=instruments(graph, treatment, outcome),
    )


def assumed(treatment: str, outcome: str, covariates: Sequence[str]) -> Identification:
    """The graph an adjustment rests on where none is given: every covariate a cause of both, and nothing else."""
    names = sorted(set(covariates))
    edges = sorted({(treatment, outcome), *((c, v) for c in names for v in (treatment, outcome))})
    return Identification(
        given=False,
        treatment=treatment,
        outcome=outcome,
        nodes=tuple(sorted({treatment, outcome, *names})),
        edges=tuple(edges),
        adjusted=tuple(names),
        sets=(tuple(names),),
        sufficient=True,
    )


def adjustment_sets(graph: Graph, treatment: str, outcome: str) -> tuple[tuple[str, ...], ...]:
    """Minimal sets of observed nodes that block every back-door path, by DoWhy; smallest first, then by name.

    All of them where there are few candidates, else one; empty where no set of observed nodes does.
    """
    import networkx as nx

    g = graph.directed()
    after = nx.descendants(g, treatment) | nx.descendants(g, outcome)
    candidates = [n for n in graph.observed if n not in after and n not in (treatment, outcome)]
    with _quiet_dowhy() as (identifier, _, kinds):
        if len(candidates) <= EXHAUSTIVE:
            found = identifier.identify_backdoor(
                g, [treatment], [outcome], [*candidates, treatment, outcome], kinds.BACKDOOR_EXHAUSTIVE
            )
        else:
            found = identifier.identify_generalized_adjustment_set(g, [treatment], [outcome], candidates)
    sets = {frozenset(s.get_adjustment_variables()) for s in found}
    least = [s for s in sets if not any(other < s for other in sets)]
    return tuple(sorted((tuple(sorted(s)) for s in least), key=lambda s: (len(s), s)))


def instruments(graph: Graph, treatment: str, outcome: str) -> tuple[str, ...]:
    """Observed nodes that move the treatment and reach the outcome through it alone, by DoWhy; sorted."""
    with _quiet_dowhy() as (_, of_graphs, _):
        found = of_graphs.get_instruments(graph.directed(), [treatment], [outcome])
    return tuple(sorted(n for n in found if n not in graph.unobserved))


def forbidden(graph: Graph, treatment: str, outcome: str, covariates: Sequence[str]) -> tuple[Forbidden, ...]:
    """The covariates that bias the comparison by being adjusted for, in the order given.

    Mediators, common effects of treatment and outcome, other consequences of either; and colliders before the treatment, where
    the other covariates would do without them.
    """
    import networkx as nx

    g = graph.directed()
    of_treatment, of_outcome = nx.descendants(g, treatment), nx.descendants(g, outcome)
    to_outcome = nx.ancestors(g, outcome)
    found = []
    for c in covariates:
        if c in (treatment, outcome):
            found.append(Forbidden(c, "itself", f"the {'treatment' if c == treatment else 'outcome'} itself"))
        elif c in of_treatment and c in to_outcome:
            why = f"a mediator: the effect passes through it ({_directed_path(g, treatment, c, outcome)})"
            found.append(Forbidden(c, "mediator", f"{why}, and adjusting takes that part away"))
        elif c in of_treatment and c in of_outcome:
            why = f"a collider: `{treatment}` and `{outcome}` both act on it"
            found.append(Forbidden(c, "collider", f"{why}, and adjusting makes them move together"))
        elif c in of_treatment:
            found.append(
                Forbidden(c, "descendant", f"a consequence of the treatment ({_directed_path(g, treatment, c)})")
            )
        elif c in of_outcome:
            found.append(Forbidden(c, "descendant", f"a consequence of the outcome ({_directed_path(g, outcome, c)})"))
    gone = {f.covariate for f in found}
    rest = frozenset(c for c in covariates if c not in gone)
    back = _back_door(g, treatment)
    for c in _opened_by(back, treatment, outcome, rest):
        path = _arrows(g, _open_path(back, treatment, outcome, rest))
        found.append(Forbidden(c, "collider", f"a collider: adjusting for it opens the path {path}"))
    order = {c: i for i, c in enumerate(covariates)}
    return tuple(sorted(found, key=lambda f: order[f.covariate]))


def independences(graph: Graph, among: Collection[str]) -> tuple[Independence, ...]:
    """One implied independence for every two nodes of ``among`` that some set of ``among`` separates, by name.

    Each with a minimal separating set (networkx; van der Zander & Liskiewicz 2020), as dagitty's missing-edge list.
    """
    import networkx as nx

    g = graph.directed()
    _known(graph, among)
    names = sorted(n for n in among if n not in graph.unobserved)
    found = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            if g.has_edge(a, b) or g.has_edge(b, a):
                continue
            between = nx.find_minimal_d_separator(g, a, b, restricted=set(names) - {a, b})
            if between is not None:
                found.append(Independence(a, b, tuple(sorted(between))))
    return tuple(found)


def _known(graph: Graph, names: Collection[str]) -> None:
    absent = sorted(set(names) - set(graph.nodes))
    if absent:
        raise ValueError(f"no node of the graph is called {columns(absent)}")


def _back_door(g: nx.DiGraph, treatment: str) -> nx.DiGraph:
    """The graph without the edges that leave the treatment: what still joins it to the outcome is no effect."""
    back = g.copy()
    back.remove_edges_from(list(g.out_edges(treatment)))
    return back


def _missing(
    graph: Graph,
    back: nx.DiGraph,
    treatment: str,
    outcome: str,
    said: frozenset[str],
    sets: tuple[tuple[str, ...], ...],
) -> tuple[str, ...]:
    """The fewest observed nodes that would close the paths beside ``said``; empty where none would."""
    import networkx as nx

    after = nx.descendants(graph.directed(), treatment) | nx.descendants(graph.directed(), outcome)
    may = {n for n in graph.observed if n not in after} - {treatment, outcome}
    wider = None
    if said <= may:
        wider = nx.find_minimal_d_separator(back, treatment, outcome, included=set(said), restricted=may)
    options = [tuple(sorted(set(wider) - said))] if wider is not None else []
    options += [
        tuple(sorted(set(s) - said)) for s in sets if nx.is_d_separator(back, {treatment}, {outcome}, {*s, *said})
    ]
    options = options or [tuple(sorted(set(s) - said)) for s in sets]
    return min(options, key=lambda s: (len(s), s), default=())


def _opened_by(back: nx.DiGraph, treatment: str, outcome: str, said: frozenset[str]) -> list[str]:
    """Those of ``said`` that must go so that the others block every path; empty where none of its subsets does."""
    import networkx as nx

    if nx.is_d_separator(back, {treatment}, {outcome}, set(said)):
        return []
    kept = nx.find_minimal_d_separator(back, treatment, outcome, restricted=set(said))
    if kept is None:
        return []
    kept = set(kept)
    for c in sorted(said - kept):
        if nx.is_d_separator(back, {treatment}, {outcome}, kept | {c}):
            kept.add(c)
    return sorted(said - kept)


def _open_path(g: nx.DiGraph, a: str, b: str, given: frozenset[str]) -> tuple[str, ...]:
    """The nodes of a shortest path between two nodes that ``given`` leaves open; empty where none was met."""
    import networkx as nx

    either = g.to_undirected()
    try:
        walks = islice(nx.shortest_simple_paths(either, a, b), PATHS)
        for walk in walks:
            if _is_open(g, walk, given):
                return tuple(walk)
    except nx.NetworkXNoPath:
        return ()
    return ()


def _is_open(g: nx.DiGraph, walk: Sequence[str], given: frozenset[str]) -> bool:
    import networkx as nx

    for before, at, then in zip(walk, walk[1:], walk[2:], strict=False):
        if g.has_edge(before, at) and g.has_edge(then, at):
            if at not in given and not nx.descendants(g, at) & given:
                return False
        elif at in given:
            return False
    return True


def _arrows(g: nx.DiGraph, walk: Sequence[str]) -> str:
    said = walk[0] if walk else ""
    for a, b in pairwise(walk):
        said += f" -> {b}" if g.has_edge(a, b) else f" <- {b}"
    return said


def _directed_path(g: nx.DiGraph, *through: str) -> str:
    """A shortest directed path through those nodes, in words."""
    import networkx as nx

    walk = [through[0]]
    for a, b in pairwise(through):
        walk += nx.shortest_path(g, a, b)[1:]
    return " -> ".join(walk)


@contextmanager
def _quiet_dowhy() -> Iterator[tuple[Any, Any, Any]]:
    """DoWhy's identifier, its functions of graphs and the names of its methods; what it warns or logs goes nowhere."""
    import logging
    import warnings

    logger = logging.getLogger("dowhy")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.CRITICAL)
        try:
            from dowhy import graph as of_graphs
            from dowhy.causal_identifier import auto_identifier

            yield auto_identifier, of_graphs, auto_identifier.BackdoorAdjustment
        finally:
            logger.setLevel(level)
