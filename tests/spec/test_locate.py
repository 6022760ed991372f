"""Every key that tomllib reads is found at a place whose text is that key."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from causal_eval.spec.locate import KeyPath, Lines, normalise, scan

BARE = st.text("abzAZ09-_", min_size=1, max_size=4)
LETTERS = st.characters(exclude_categories=["Cs", "Cc"])
ANY_KEY = st.one_of(BARE, BARE, st.text(st.one_of(st.sampled_from("'\"\\.#=[]{} \t\nä日"), LETTERS), max_size=4))
BLANK = st.sampled_from(["", "", " ", "\t", "  "])
COMMENT = st.sampled_from(["", "", "  # a = [1]", "# \"x' ]]", "\t#"])
END = st.sampled_from(["\n", "\n", "\n\n", "\n# [c]\n", "\n  \t\n"])
SCALARS = st.one_of(
    st.sampled_from([
        "1", "-0.5e3", "+1_000", "0xdead", "inf", "true", "2026-07-06", "2026-07-06 10:00:00", "2026-07-06T10:00:00.5Z",
        "07:32:00", '""', "''", '"#not = [a] comment"', "'a\\'", '"a\\"]"', '"""\nx = 1\n[y]\n"""', "'''''it''s'''''",
        '"""a \\\n   b ""c"" \\""""', '"""ab"""""', "'''\n#\n'''",
    ]),
    st.text(max_size=5).filter(lambda s: all(not 0xD800 <= ord(c) < 0xE000 for c in s)).map(lambda s: _quoted(s)),
)  # fmt: skip


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=True) if all(ord(c) < 0x10000 and c != "\x7f" for c in text) else '"x"'


@st.composite
def written_keys(draw: st.DrawFn, key: str) -> str:
    """A key in one of the ways to write it."""
    ways = [json.dumps(key, ensure_ascii=False)]
    if key and all(c in "abzAZ09-_" for c in key):
        ways += [key, key]
    if all(c not in "'\n\x7f" for c in key):
        ways.append(f"'{key}'")
    return draw(st.sampled_from(ways))


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    """A value: a scalar, a list over several lines, or an inline table."""
    kind = draw(st.sampled_from(["scalar", "scalar", "list", "table"])) if depth else "scalar"
    if kind == "list":
        gap = st.sampled_from(["", " ", "\n  ", " # it's ]\n", "\t"])
        items = draw(st.lists(values(depth=depth - 1), max_size=3))
        inner = ",".join(f"{draw(gap)}{item}{draw(gap)}" for item in items)
        comma = draw(st.sampled_from(["", ","])) if items else ""
        return f"[{inner}{comma}{draw(gap)}]"
    if kind == "table":
        keys = draw(st.lists(ANY_KEY, max_size=3, unique=True))
        pairs = []
        for key in keys:
            value = draw(values(depth=depth - 1).filter(lambda v: "\n" not in v or v.startswith(('"""', "'''", "["))))
            dotted = f"{draw(BLANK)}.{draw(BLANK)}{draw(written_keys('k'))}" if draw(st.booleans()) else ""
            name = f"{draw(BLANK)}{draw(written_keys(key))}{dotted}{draw(BLANK)}"
            pairs.append(f"{name}={draw(BLANK)}{value}{draw(BLANK)}")
        return "{" + (",".join(pairs) or draw(BLANK)) + "}"
    return draw(SCALARS)


@st.composite
def tables(draw: st.DrawFn, prefix: tuple[str, ...] = (), depth: int = 3) -> str:
    """The lines of a table, its sub-tables and lists of tables under their headers."""
    out = []
    keys = draw(st.lists(ANY_KEY, max_size=4, unique=True))
    kinds = [draw(st.sampled_from(["pair", "dotted", "table", "list"])) if depth else "pair" for _ in keys]
    for key, kind in zip(keys, kinds, strict=True):
        written = draw(written_keys(key))
        if kind == "pair":
            out.append(f"{draw(BLANK)}{written}{draw(BLANK)}={draw(BLANK)}{draw(values())}{draw(COMMENT)}{draw(END)}")
        elif kind == "dotted":
            for inner in draw(st.lists(ANY_KEY, min_size=1, max_size=2, unique=True)):
                name = f"{written}{draw(BLANK)}.{draw(BLANK)}{draw(written_keys(inner))}"
                out.append(f"{name} = {draw(values(depth=1))}{draw(COMMENT)}{draw(END)}")
    for key, kind in zip(keys, kinds, strict=True):
        path = (*prefix, draw(written_keys(key)))
        name = f"{draw(BLANK)}.{draw(BLANK)}".join(path)
        if kind == "table":
            body = draw(tables(prefix=path, depth=depth - 1))
            implicit = body.lstrip().startswith("[") and draw(st.booleans())
            head = "" if implicit else f"{draw(BLANK)}[{draw(BLANK)}{name}{draw(BLANK)}]{draw(COMMENT)}{draw(END)}"
            out.append(head + body)
        elif kind == "list":
            for _ in range(draw(st.integers(1, 3))):
                out.append(f"[[{draw(BLANK)}{name}{draw(BLANK)}]]{draw(COMMENT)}{draw(END)}")
                out.append(draw(tables(prefix=path, depth=depth - 1)))
    return "".join(out)


def paths(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every key path of a parsed text and its value."""
    if path:
        yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, v in inner:
        yield from paths(v, (*path, key))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables(), st.booleans())
def test_every_key_is_found_where_its_text_stands(text: str, windows: bool) -> None:
    """Whatever is nested, quoted, dotted, inline, or spread over lines; a value's text is read as that value."""
    text = normalise(text.replace("\n", "\r\n") if windows else text)
    parsed = dict(paths(tomllib.loads(text)))
    spots = scan(text)
    assert set(spots) == set(parsed)
    for path, spot in spots.items():
        key, value = (text[slice(*span)] for span in (spot.key, spot.value))
        name = next((p for p in reversed(path) if isinstance(p, str)), "")
        if spot.value[0] > spot.key[0]:
            assert str(tomllib.loads(f"x = {value}")["x"]) == str(parsed[path])
        if isinstance(path[-1], str) or spot.key != spot.value:
            assert list(tomllib.loads(f"{key} = 0")) == [name]
        else:
            assert str(tomllib.loads(f"x = {value}")["x"]) == str(parsed[path])
        if spot.value[0] < spot.key[0]:
            assert value.startswith("[") and value.endswith("]") and isinstance(parsed[path], dict | list)


def test_a_table_stands_at_its_header_and_a_later_header_wins_over_an_implicit_one() -> None:
    """`[a]` after `[a.b]` is where a's missing keys belong."""
    text = "[a.b]\nx = 1\n[a]\ny = 2\n[[c]]\n[[c]]\n[c.d]\nz = 3\n"
    spots = scan(text)
    lines = Lines.of(text)
    found = {path: (lines.place(s.value[0]), text[slice(*s.value)]) for path, s in spots.items()}
    assert found[("a",)] == ((3, 1), "[a]")
    assert found[("a", "b")] == ((1, 1), "[a.b]")
    assert found[("c", 1)] == ((6, 1), "[[c]]")
    assert found[("c", 1, "d", "z")] == ((8, 5), "3")
    assert ("c", 0, "d") not in spots


@given(st.text("ab\n\u2028\f", max_size=20), st.data())
def test_places_and_offsets_are_each_others_inverse(text: str, data: st.DataObject) -> None:
    """Only a line feed ends a line."""
    lines = Lines.of(text)
    offset = data.draw(st.integers(0, len(text)))
    line, col = lines.place(offset)
    assert line == text[:offset].count("\n") + 1
    assert lines.offset(line, col) == offset
    start, stop = lines.span(line)
    assert start <= offset <= stop and "\n" not in text[start:stop]
