"""Graphs are read from DOT and GML; what is wrong is told with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from causal_eval.design.graph_file import read_graph
from causal_eval.errors import Problem, SpecError

DOT = """// who opts in
digraph {
  # hidden
  node [shape=box];
  U [observed=no]; V [latent=yes]; W [observed="yes"];
  {age "prior income"} -> treat -> re78;
  subgraph cluster_a { A -> age; }
  U -> {treat re78};
  X -> age [dir=both];
  W -> V;
}
"""


def written(tmp_path: Path, text: str, name: str = "dag.dot") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path) -> Problem:
    with pytest.raises(SpecError) as caught:
        read_graph(path, path.name)
    (problem,) = caught.value.problems
    assert problem.code == "E214"
    return problem


def test_dot_with_quotes_comments_subgraphs_and_hidden_nodes(tmp_path: Path) -> None:
    g = read_graph(written(tmp_path, DOT))
    assert g.unobserved == {"U", "V", "unobserved (X, age)"}
    assert ("prior income", "treat") in g.edges and ("age", "treat") in g.edges and ("A", "age") in g.edges
    assert ("U", "re78") in g.edges and ("unobserved (X, age)", "X") in g.edges and ("X", "age") not in g.edges
    assert g.lines["prior income"] == 6 and g.lines["U"] == 5 and g.lines["re78"] == 6


def test_gml(tmp_path: Path) -> None:
    text = """graph [ directed 1
      node [ id 0 label "prior income" ] node [ id 1 label "treat" ] node [ id 2 label "u" observed "no" ]
      edge [ source 0 target 1 ] edge [ source 2 target 1 ] ]"""
    g = read_graph(written(tmp_path, text, "dag.gml"))
    assert g.edges == (("prior income", "treat"), ("u", "treat")) and g.unobserved == {"u"} and g.lines["u"] == 2


@pytest.mark.parametrize(
    ("text", "line", "says", "hint"),
    [
        ("digraph {\n a -> b;\n c -> \n}", 3, "not in DOT", "digraph"),
        ("dag {\n a -> b }", 1, "not in DOT", "dagitty"),
        ("graph {\n a -> b }", 1, "not directed", "digraph"),
        ("digraph {\n a -> b;\n c -- b }", 3, "without a direction", "cause -> effect"),
        ("digraph {\n a -> b;\n b -> c;\n c -> a }", 4, "cycle: a -> b -> c -> a", "comes before"),
        ("digraph {\n a -> a }", 2, "cycle: a -> a", "comes before"),
        ("digraph { a; b }", 1, "no edges", "cause -> effect"),
        ("digraph {\n a -> b;\n b [observed=perhaps] }", 2, "`observed` of a node cannot be `perhaps`", "observed=no"),
        ("digraph {\n a -> b [dir=none] }", 2, "has no direction", "dir=none"),
        ("", 1, "not in DOT", "digraph"),
    ],
)
def test_a_wrong_dot_file_is_refused_where_it_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, line: int, says: str, hint: str
) -> None:
    """The parser's own printing does not reach the user."""
    problem = refused(written(tmp_path, text))
    assert (problem.file, problem.line) == ("dag.dot", line)
    assert says in problem.message and hint in problem.hint
    assert capsys.readouterr() == ("", "")


def test_a_wrong_gml_file_is_refused_where_it_is_wrong(tmp_path: Path) -> None:
    problem = refused(written(tmp_path, 'graph [ directed 1\n node [ id 0 label "a" ]\n nde @ ]', "dag.gml"))
    assert problem.line == 3 and "not in GML" in problem.message
    assert "not directed" in refused(written(tmp_path, 'graph [ node [ id 0 label "a" ] ]', "dag.gml")).message
    assert "label" in refused(written(tmp_path, "graph [ directed 1 node [ id 0 ] ]", "dag.gml")).message


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path) -> None:
    assert "no file" in refused(tmp_path / "nothing.dot").message
    assert "`.json`" in refused(written(tmp_path, "{}", "dag.json")).message
    (tmp_path / "latin.dot").write_bytes("digraph { é -> b }".encode("latin-1"))
    assert "UTF-8" in refused(tmp_path / "latin.dot").hint
