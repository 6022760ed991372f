"""A causal graph says what to adjust for, what not, and which independences the data should show."""

from __future__ import annotations

import contextlib
import io
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from causal_eval.design.graph import Graph, adjustment_sets, assumed, forbidden, identify, independences, instruments


def graph(text: str, *unobserved: str) -> Graph:
    """``a > b, b > c`` as a graph."""
    edges = [tuple(w.strip() for w in e.split(">")) for e in text.split(",")]
    nodes = sorted({n for e in edges for n in e})
    return Graph(tuple(nodes), tuple(sorted(edges)), frozenset(unobserved))  # type: ignore[arg-type]


TRIAGE = graph(
    "skill > t, skill > y, load > t, load > y, lottery > t, t > y, t > speed, speed > y, t > survey, y > survey, t > badge"
)
M_BIAS = graph("u1 > t, u1 > m, u2 > m, u2 > y, t > y", "u1", "u2")


def test_a_confounder_is_the_adjustment_set() -> None:
    """Every common cause and nothing else; the instrument is noted and not adjusted for."""
    found = identify(TRIAGE, "t", "y", ["load", "skill"])
    assert found.sufficient and not found.missing and not found.open_path
    assert found.sets == (("load", "skill"),)
    assert found.instruments == ("lottery",) == instruments(TRIAGE, "t", "y")


def test_a_confounder_that_is_not_among_the_covariates_is_named_with_an_open_path() -> None:
    found = identify(TRIAGE, "t", "y", ["load"])
    assert (found.sufficient, found.missing, found.open_path) == (False, ("skill",), ("t", "skill", "y"))
    assert found.arrows(found.open_path) == "t <- skill -> y"


def test_the_fewest_additions_are_named() -> None:
    """Of two ways to close a path the shorter is told, and covariates that are there already count."""
    g = graph("z > a, z > b, a > t, b > t, z > y, t > y")
    assert identify(g, "t", "y", []).missing == ("z",)
    assert identify(g, "t", "y", ["a"]).missing == ("b",)
    assert identify(g, "t", "y", ["a", "b"]).sufficient


def test_mediator_collider_and_other_consequences_are_told_apart() -> None:
    found = {
        f.covariate: f for f in forbidden(TRIAGE, "t", "y", ["skill", "load", "speed", "survey", "badge", "lottery"])
    }
    assert {k: f.kind for k, f in found.items()} == {"speed": "mediator", "survey": "collider", "badge": "descendant"}
    assert "t -> speed -> y" in found["speed"].why
    assert "`t` and `y` both act on it" in found["survey"].why
    assert "t -> badge" in found["badge"].why


def test_a_collider_before_the_treatment_is_forbidden_where_the_others_do_without_it() -> None:
    """M-bias (Greenland, Pearl & Robins 1999): adjusting for m opens the path between its two hidden causes."""
    (found,) = forbidden(M_BIAS, "t", "y", ["m"])
    assert found.kind == "collider" and "t <- u1 -> m <- u2 -> y" in found.why
    assert adjustment_sets(M_BIAS, "t", "y") == ((),)
    assert identify(M_BIAS, "t", "y", []).sufficient


def test_a_collider_that_is_also_a_confounder_is_not_forbidden() -> None:
    """The butterfly: m must be adjusted for, and with it one of the causes that it ties together."""
    g = graph("a > t, a > m, b > m, b > y, m > t, m > y, t > y")
    assert forbidden(g, "t", "y", ["m", "a"]) == ()
    assert adjustment_sets(g, "t", "y") == (("a", "m"), ("b", "m"))
    assert identify(g, "t", "y", ["m"]).missing == ("a",)


def test_without_an_adjustment_set_nothing_is_missing_that_could_be_added() -> None:
    found = identify(graph("u > t, u > y, x > t, x > y, t > y", "u"), "t", "y", ["x"])
    assert (found.sufficient, found.sets, found.missing) == (False, (), ())
    assert found.open_path == ("t", "u", "y")


def test_an_outcome_that_causes_the_treatment_leaves_no_set() -> None:
    found = identify(graph("y > t, x > t, x > y"), "t", "y", ["x"])
    assert found.sets == () and found.open_path == ("t", "y")


def test_treatment_and_outcome_are_no_covariates() -> None:
    assert [f.kind for f in forbidden(TRIAGE, "t", "y", ["t", "y"])] == ["itself", "itself"]


def test_large_graphs_are_identified_in_polynomial_time() -> None:
    """Thirty common causes and one hidden: no search over subsets."""
    common = ", ".join(f"c{i} > t, c{i} > y" for i in range(30))
    g = graph(f"{common}, t > y")
    names = sorted(f"c{i}" for i in range(30))
    assert adjustment_sets(g, "t", "y") == (tuple(names),)
    assert identify(g, "t", "y", names[1:]).missing == ("c0",)


def test_dowhys_sets_are_those_that_the_definition_gives() -> None:
    """The back-door criterion spelled out, path by path, over every subset."""
    import networkx as nx

    for g in (TRIAGE, M_BIAS, graph("a > t, a > m, b > m, b > y, m > t, m > y, t > y, c > a, c > b")):
        d = g.directed()
        after = nx.descendants(d, "t")
        candidates = [n for n in g.observed if n not in after and n not in ("t", "y")]
        valid = [
            set(s)
            for k in range(len(candidates) + 1)
            for s in itertools.combinations(candidates, k)
            if all(
                _blocked(d, p, set(s))
                for p in nx.all_simple_paths(d.to_undirected(), "t", "y")
                if d.has_edge(p[1], "t")
            )
        ]
        least = sorted((tuple(sorted(s)) for s in valid if not any(o < s for o in valid)), key=lambda s: (len(s), s))
        assert adjustment_sets(g, "t", "y") == tuple(least)


def _blocked(d: object, path: list[str], given: set[str]) -> bool:
    import networkx as nx

    for a, b, c in zip(path, path[1:], path[2:], strict=False):
        collider = d.has_edge(a, b) and d.has_edge(c, b)  # type: ignore[attr-defined]
        if collider and not ({b} | nx.descendants(d, b)) & given:
            return True
        if not collider and b in given:
            return True
    return False


def test_implied_independences_are_one_for_every_pair_that_can_be_separated() -> None:
    """Fork, chain and collider, by hand; a pair joined by something hidden implies none."""
    g = graph("x > t, x > y, z > t, t > y")
    assert [(i.a, i.b, i.given) for i in independences(g, g.nodes)] == [("x", "z", ()), ("y", "z", ("t", "x"))]
    assert independences(graph("u > a, u > b, a > c", "u"), ["a", "b", "c"])[0].given == ("a",)
    assert [str(i) for i in independences(g, g.nodes)] == ["`x` and `z`", "`y` and `z` given `t` and `x`"]


def test_independences_are_among_the_nodes_that_are_there() -> None:
    """A node that is not measured here separates nothing."""
    g = graph("a > b, b > c, c > d")
    assert [(i.a, i.b, i.given) for i in independences(g, ["a", "c", "d"])] == [("a", "d", ("c",))]


def test_the_assumed_graph_has_every_covariate_cause_both() -> None:
    found = assumed("t", "y", ["b", "a"])
    assert found.edges == (("a", "t"), ("a", "y"), ("b", "t"), ("b", "y"), ("t", "y"))
    assert found.sufficient and not found.given


SCRIPT = """
from causal_eval.design.graph import Graph, identify, independences
edges = [(f"c{i}", n) for i in range(6) for n in ("t", "y")] + [("t", "y"), ("z", "t"), ("u", "c0"), ("u", "c1")]
g = Graph(tuple(sorted({n for e in edges for n in e})), tuple(sorted(edges)), frozenset({"u"}))
print(identify(g, "t", "y", ["c1"]), independences(g, g.nodes))
"""


def test_nothing_depends_on_the_hash_seed_and_dowhy_says_nothing() -> None:
    """The same under another hash seed, and not a line on stderr, whatever DoWhy warns or logs."""
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", SCRIPT],
        capture_output=True, text=True, check=True,
        env={"PYTHONHASHSEED": "7", "PATH": "", "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert done.stderr == ""
    here = io.StringIO()
    with contextlib.redirect_stdout(here):
        exec(SCRIPT, {})
    assert done.stdout == here.getvalue() and "sufficient=False" in done.stdout


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="`nobody`"):
        identify(TRIAGE, "t", "y", ["nobody"])


def test_random_graphs_agree_with_the_definition() -> None:
    """Random graphs of eight nodes, two of them hidden: sets, sufficiency, what is missing and what is refused, by brute force."""
    import random

    import networkx as nx

    draw = random.Random(5)
    kinds = {"sufficient": 0, "missing": 0, "never": 0, "collider": 0}
    for k in range(80):
        names = ["a", "b", "c", "d", "h", "i", "t", "y"]
        order = [*draw.sample(names[:6], 6), "t", "y"]
        edges = [(u, v) for i, u in enumerate(order) for v in order[i + 1 :] if draw.random() < (0.25, 0.4)[k % 2]]
        if k % 4 == 0:  # the M of two hidden causes, which chance hardly ever draws, and whatever else is there
            edges = [e for e in edges if e[0] not in "hi"] + [("h", "t"), ("h", "a"), ("i", "a"), ("i", "y")]
            edges = [e for e in edges if e[1] not in "hi"]
        g = Graph(tuple(names), tuple(sorted({*edges, ("t", "y")})), frozenset("hi"))
        d = g.directed()
        paths = [p for p in nx.all_simple_paths(d.to_undirected(), "t", "y") if d.has_edge(p[1], "t")]

        def valid(given: set[str], d: object = d, paths: list[list[str]] = paths) -> bool:
            return all(_blocked(d, p, given) for p in paths)

        every = [set(s) for k in range(5) for s in itertools.combinations("abcd", k)]
        good = [s for s in every if valid(s)]
        least = sorted((tuple(sorted(s)) for s in good if not any(o < s for o in good)), key=lambda s: (len(s), s))
        assert adjustment_sets(g, "t", "y") == tuple(least)
        said = draw.sample("abcd", 2)
        refused = {f.covariate for f in forbidden(g, "t", "y", said)}
        if refused:
            kinds["collider"] += 1
            assert not valid(set(said)) and valid(set(said) - refused)
            continue
        found = identify(g, "t", "y", said)
        assert found.sufficient == valid(set(said))
        if found.sufficient:
            kinds["sufficient"] += 1
        elif not good:
            kinds["never"] += 1
            assert found.missing == ()
        else:
            kinds["missing"] += 1
            closing = [s for s in good if set(said) <= s]
            assert {*said, *found.missing} in closing or not closing
            assert len(found.missing) == min(len(s - set(said)) for s in closing or good)
        if not found.sufficient:
            assert found.open_path and not _blocked(d, list(found.open_path), set(said))
    assert min(kinds.values()) >= 1, kinds
