"""The catalogue of codes is complete, readable, and cheap to look into."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from causal_eval.codes import CODES, TOPICS, Code, lookup, names

PACKAGE = Path(__file__).parents[1] / "causal_eval"


def test_every_code_that_the_package_can_raise_is_in_the_catalogue() -> None:
    """Every quoted E-code in the sources has an entry."""
    raised = {
        (code, path.name)
        for path in PACKAGE.rglob("*.py")
        for code in re.findall(r'"(E\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert {code for code, _ in raised} >= {"E101", "E204", "E310"}
    assert [(code, name) for code, name in sorted(raised) if code not in CODES] == []


@pytest.mark.parametrize("entry", [*CODES.values(), *TOPICS.values()], ids=lambda e: e.code)
def test_an_entry_says_what_happened_what_it_means_and_what_to_do(entry: Code) -> None:
    """Titles are no sentences; explanations and remedies are."""
    assert entry.title and not entry.title.endswith(".")
    for text in (entry.explanation, entry.remedy):
        assert text.endswith(".") and "  " not in text and "\n" not in text
    assert len(entry.explanation) > 40


def test_codes_are_listed_in_ascending_order_and_written_alike() -> None:
    """E100 stands before E204, and no code is written any other way."""
    assert list(CODES) == sorted(CODES)
    assert all(re.fullmatch(r"E\d{3}", code) for code in CODES)


def test_a_name_is_found_however_it_is_written() -> None:
    """Capitals, spaces, underscores and hyphens do not matter; synonyms lead to their topic."""
    assert lookup("e310") is CODES["E310"]
    assert lookup(" Parallel trends ") is lookup("parallel_trends") is TOPICS["parallel-trends"]
    assert lookup("ATE") is TOPICS["att"]


def test_an_unknown_name_is_not_found_and_every_known_name_is() -> None:
    """`names()` is exactly what `lookup` knows, so that it can be suggested from."""
    assert lookup("E999") is None and lookup("") is None
    assert [n for n in names() if lookup(n) is None] == []


def test_the_catalogue_needs_nothing_but_the_standard_library() -> None:
    """Importing it loads no third-party package."""
    script = (
        "import sys; before = set(sys.modules); import causal_eval.codes; "
        "print(*sorted({m.partition('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["causal_eval"]
