"""How to reproduce: the command, the seed, the versions."""

from __future__ import annotations

import shlex

from causal_eval.report.blocks import Code, Command, Facts, Line, Section, Text
from causal_eval.results.types import StudyResult


def section(result: StudyResult) -> Section:
    """The same study and data give the same bytes."""
    p = result.provenance
    command = f"causal-eval run {shlex.quote(p.spec_file or 'study.toml')} --seed {p.seed}"
    libraries = ", ".join(f"{name} {version}" for name, version in sorted(p.libraries.items()))
    rows: list[tuple[str, Line]] = [
        ("Seed", (Code(str(p.seed)),)),
        ("Spec SHA-256", (Code(p.spec_sha256),)),
        ("Data SHA-256", (Code(p.data_sha256),)),
        ("Versions", (f"causal-eval {p.package}, Python {p.python}{', ' + libraries if libraries else ''}",)),
    ]
    return Section(
        "reproduce",
        "How to reproduce",
        (
            Command(command),
            Facts(tuple(rows)),
            Text(("Every number here is in results.json, at full precision in estimates.csv.",), "note"),
        ),
    )
