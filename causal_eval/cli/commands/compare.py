"""`causal-eval compare`: runs side by side, as text or as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from causal_eval.cli.outcome import silent_libraries
from causal_eval.errors import UsageError
from causal_eval.report.comparison import Comparison, Difference

WIDTH = 110
"""Columns of text; a longer value is cut."""


def compare(runs: Sequence[Path], *, as_json: bool) -> int:
    """Read the runs and print how they differ."""
    from causal_eval.report.comparison import compare
    from causal_eval.results.io import read_result

    if len(runs) < 2:
        raise UsageError("E614", "there is one run and nothing to compare it with", where=str(runs[0]),
                         hint="Give two or more: causal-eval compare RUN RUN. runs/<study id>/ holds the earlier ones.")  # fmt: skip
    with silent_libraries():
        found = compare([read_result(r) for r in runs], [str(r) for r in runs])
        print(json.dumps(asdict(found), indent=1, ensure_ascii=False) if as_json else text(found))
    return 0


def text(c: Comparison) -> str:
    """The comparison in plain text: runs, estimates, plan, checks, versions; what does not differ is left out."""
    letters = [r.letter for r in c.runs]
    same_study = len({r.study for r in c.runs}) == 1
    head = [("", "run", "study", "recommendation", "rows", "data", "plan")]
    for r in c.runs:
        as_of = f", as of {r.as_of}" if r.as_of else ""
        head.append((r.letter, r.name, r.study, r.recommendation, f"{r.rows:,}", r.data_sha256[:7] + as_of, r.plan))
    parts = [_table(head)]
    parts.append(f"Effects, with intervals (* the headline)\n{_effects(c, letters)}")
    parts.append(_section("Plan", c.plan, letters, "The settings are the same." if same_study else ""))
    parts.append(_section("Checks with another verdict", c.checks, letters, "Every check says the same."))
    parts.append(_section("Versions", c.versions, letters, ""))
    return "\n\n".join(p for p in parts if p)


def _effects(c: Comparison, letters: Sequence[str]) -> str:
    """Runs as columns where every number fits, else below each other: a number is never cut."""
    moved = any(e.change for e in c.effects)
    names = [f"{'* ' if e.headline else '  '}{e.label}, {e.analysis}" for e in c.effects]
    wide = [("metric, analysis", *letters, *(["B - A"] if moved else []))]
    wide += [(n, *e.values, *([e.change] if moved else [])) for n, e in zip(names, c.effects, strict=True)]
    if sum(_widths(wide)) + 2 * len(wide[0]) <= WIDTH:
        return _table(wide)
    lines = []
    for name, e in zip(names, c.effects, strict=True):
        said = [*zip(letters, e.values, strict=True), *([("B - A", e.change)] if e.change else [])]
        lines += [f"  {name}", *(f"      {letter:<{5 if moved else 1}}  {value}" for letter, value in said)]
    return "\n".join(lines)


def _section(title: str, differences: Sequence[Difference], letters: Sequence[str], none: str) -> str:
    if not differences:
        return f"{title}\n  {none}" if none else ""
    return f"{title}\n{_table([('', *letters), *((d.what, *d.values) for d in differences)])}"


def _table(rows: Iterable[Sequence[str]]) -> str:
    """Aligned columns, two spaces between; where they do not fit, the widest are cut."""
    table = [["".join(c if c.isprintable() else " " for c in text) for text in row] for row in rows]
    widths = _widths(table)
    while sum(widths) + 2 * len(widths) > WIDTH and max(widths) > 12:
        widths[widths.index(max(widths))] -= 1
    cut = [[_cut(c, w) for c, w in zip(row, widths, strict=True)] for row in table]
    return "\n".join(("  " + "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True))).rstrip() for row in cut)


def _widths(table: Sequence[Sequence[str]]) -> list[int]:
    return [max(len(row[i]) for row in table) for i in range(len(table[0]))]


def _cut(value: str, width: int) -> str:
    return value if len(value) <= width else f"{value[: width - 1]}\u2026"
