"""A DOT or GML file in, a :class:`~causal_eval.design.graph.Graph` out; what is wrong with the file is told with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from causal_eval.design.graph import Graph
from causal_eval.errors import Problem, SpecError

if TYPE_CHECKING:
    import networkx as nx

_NO = ("no", "false", "0", "latent", "unobserved")
_YES = ("yes", "true", "1", "", "none")
_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/|(?m:^\s*#[^\n]*)', re.DOTALL)


def read_graph(path: Path, label: str = "") -> Graph:
    """The graph of a ``.dot`` (``.gv``) or ``.gml`` file.

    A node is unobserved with ``[observed=no]`` or ``[latent=yes]``; ``a -> b [dir=both]`` is an unobserved common cause of both.

    Args:
        label: what the file is called in messages; default: its path.

    Raises:
        SpecError: E214 no such file, not DOT or GML, not directed, a cycle, nodes of one name.
    """
    label = label or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        _refuse(f"there is no file {label}", hint="The path starts at the study's folder.")
    except (OSError, UnicodeDecodeError) as e:
        _refuse(f"{label} cannot be read: {type(e).__name__}", hint="A graph is a text file in UTF-8.")
    kind = path.suffix.lower()
    if kind not in (".dot", ".gv", ".gml"):
        _refuse(f"{label} is no graph: its name ends in `{kind}`", hint="Give a .dot or a .gml file.")
    found, unobserved = _of_gml(text, label) if kind == ".gml" else _of_dot(text, label)
    lines = {n: _line(text, n, gml=kind == ".gml") for n in found.nodes}
    _acyclic(found, text, label, lines)
    if not found.number_of_edges():
        _refuse("the graph has no edges", label, 1, hint="Say what causes what: `cause -> effect;`.")
    return Graph(
        nodes=tuple(sorted(found.nodes)),
        edges=tuple(sorted(found.edges)),
        unobserved=frozenset(unobserved),
        file=label,
        lines=dict(sorted(lines.items())),
    )


def _refuse(message: str, file: str = "", line: int = 0, col: int = 1, *, hint: str) -> NoReturn:
    raise SpecError([Problem("E214", message, ("design", "graph"), hint, file=file, line=line, col=col)])


def _acyclic(g: nx.DiGraph, text: str, label: str, lines: Mapping[str, int]) -> None:
    """Refuse a cycle, naming its nodes."""
    import networkx as nx

    if nx.is_directed_acyclic_graph(g):
        return
    ordered = nx.DiGraph()
    ordered.add_nodes_from(sorted(g.nodes))
    ordered.add_edges_from(sorted(g.edges))
    cycle = nx.find_cycle(ordered)
    said = " -> ".join([*(a for a, _ in cycle), cycle[0][0]])
    _refuse(
        f"the graph has a cycle: {said}",
        label,
        max(_edge_line(text, a, b) or lines[a] for a, b in cycle),
        hint="A cause comes before its effect: take one of these edges out, or name the earlier and the later value apart.",
    )


# --- DOT ---------------------------------------------------------------------------------------------------------


def _of_dot(text: str, label: str) -> tuple[nx.DiGraph, set[str]]:
    import contextlib
    import io
    import warnings

    import networkx as nx
    import pydot

    plain = _COMMENT.sub(lambda m: m[0] if m[0].startswith('"') else re.sub(r"[^\n]", " ", m[0]), text)
    if re.match(r"\s*(dag|pdag|mag)\b", plain):
        hint = "That is dagitty's own form. Write `digraph { cause -> effect; hidden [observed=no]; }`."
        _refuse("the graph is not in DOT", label, plain[: len(plain) - len(plain.lstrip())].count("\n") + 1, hint=hint)
    bare = re.sub(r'"(?:\\.|[^"\\])*"', lambda m: re.sub(r"[^\n]", " ", m[0]), plain)
    if undirected := re.search(r"--", bare):
        line = bare[: undirected.start()].count("\n") + 1
        _refuse("an edge without a direction", label, line, hint="Write `cause -> effect`, in a `digraph`.")
    told = io.StringIO()
    with contextlib.redirect_stdout(told), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyparsing's, about pydot's grammar
        parsed = pydot.graph_from_dot_data(plain)
    if not parsed:
        said = told.getvalue().strip().splitlines()
        at = re.search(r"\(line:(\d+), col:(\d+)\)", said[-1] if said else "")
        line, col = (int(at[1]), int(at[2])) if at else (1, 1)
        what = re.sub(r"\s*\(at char.*", "", said[-1]) if said else "nothing in it can be read"
        _refuse(
            f"the graph is not in DOT: {what}",
            label,
            line,
            col,
            hint='Write `digraph { cause -> effect; "two words"; }`.',
        )
    top = parsed[0]
    if top.get_type() != "digraph":
        _refuse("the graph is not directed", label, 1, hint="Write `digraph` instead of `graph`.")
    g, unobserved = nx.DiGraph(), set()
    for name, attributes in _dot_nodes(top):
        g.add_node(name)
        if not _is_observed(attributes, label, _line(text, name)):
            unobserved.add(name)
    for a, b, attributes in _dot_edges(top):
        way = _bare(str(attributes.get("dir", "forward")))
        if way == "both":
            hidden = f"unobserved ({', '.join(sorted((a, b)))})"
            unobserved.add(hidden)
            g.add_edges_from([(hidden, a), (hidden, b)])
        elif way == "none":
            line = max(_line(text, a), _line(text, b))
            _refuse(f"the edge of `{a}` and `{b}` has no direction", label, line, hint="Leave `dir=none` out.")
        else:
            g.add_edge(*((b, a) if way == "back" else (a, b)))
    return g, unobserved


def _dot_nodes(part: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Nodes of a graph and its subgraphs, defaults such as ``node [...]`` left out."""
    for node in part.get_nodes():
        name = node.get_name()
        if name not in ("node", "edge", "graph") and _bare(name).replace("\\n", "").strip():
            yield _bare(name), node.get_attributes()
    for inner in part.get_subgraphs():
        yield from _dot_nodes(inner)


def _dot_edges(part: Any) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for edge in part.get_edges():
        for a in _ends(edge.get_source()):
            for b in _ends(edge.get_destination()):
                yield a, b, edge.get_attributes()
    for inner in part.get_subgraphs():
        yield from _dot_edges(inner)


def _ends(end: Any) -> list[str]:
    """The nodes at one end of an edge: one, or those of ``{a b}``."""
    return [_bare(end)] if isinstance(end, str) else [_bare(n) for n in end["nodes"]]


def _bare(name: str) -> str:
    """A name without the quotes DOT may put around it."""
    quoted = len(name) > 1 and name.startswith('"') and name.endswith('"')
    return name[1:-1].replace('\\"', '"') if quoted else name


# --- GML ---------------------------------------------------------------------------------------------------------


def _of_gml(text: str, label: str) -> tuple[nx.DiGraph, set[str]]:
    import networkx as nx

    try:
        g = nx.parse_gml(text)
    except nx.NetworkXError as e:
        said = str(e)
        at = re.search(r"\((\d+), (\d+)\)", said)
        line, col = (int(at[1]), int(at[2])) if at else (1, 1)
        hint = 'Write `graph [ directed 1 node [ id 0 label "cause" ] node [ id 1 label "effect" ] edge [ source 0 target 1 ] ]`.'
        _refuse(f"the graph is not in GML: {re.sub(r' at .*', '', said)}", label, line, col, hint=hint)
    if not g.is_directed():
        _refuse("the graph is not directed", label, 1, hint="Write `directed 1` below `graph [`.")
    unobserved = {
        str(n)
        for n, attributes in g.nodes(data=True)
        if not _is_observed(attributes, label, _line(text, str(n), gml=True))
    }
    return nx.relabel_nodes(nx.DiGraph(g), {n: str(n) for n in g.nodes}), unobserved


# --- both --------------------------------------------------------------------------------------------------------


def _is_observed(attributes: Mapping[str, Any], label: str, line: int) -> bool:
    """Whether a node is measured: unless ``observed`` says no, or ``latent`` is there and does not say no."""
    for key in ("observed", "latent"):
        if key not in attributes:
            continue
        said = _bare("" if attributes[key] is None else str(attributes[key])).strip().lower()
        if said not in (*_NO, *_YES):
            _refuse(f"`{key}` of a node cannot be `{said}`", label, line, hint=f"Write `[{key}=yes]` or `[{key}=no]`.")
        if (said in _NO) == (key == "observed"):
            return False
    return True


def _line(text: str, name: str, *, gml: bool = False) -> int:
    """The line a node is first named in; 1 where it is not found as it stands."""
    found = re.search(rf'label\s+"{re.escape(name)}"' if gml else _word(name), text)
    return text[: found.start()].count("\n") + 1 if found else 1


def _edge_line(text: str, a: str, b: str) -> int:
    """The first line that leads from ``a`` to ``b``; 0 where no line holds both."""
    edge = re.compile(rf"(?:{_word(a)}).*->.*(?:{_word(b)})")
    return next((i for i, line in enumerate(text.splitlines(), 1) if edge.search(line)), 0)


def _word(name: str) -> str:
    return rf'(?<![\w"]){re.escape(name)}(?![\w"])|"{re.escape(name)}"'
