"""The generated parts of README.md: ``python -m causal_eval.cli.readme README.md`` writes them anew.

The estimators come from the registry, the comparison with peers from the tables of benchmarks/README.md. A test compares
README with what this makes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ESTIMATORS, PEERS = "estimators", "peers"
_NAMES = {
    "diff_diff": "diff-diff", "csdid": "csdid", "moderndid": "moderndid", "differences": "differences",
    "pyfixest": "pyfixest", "linearmodels": "linearmodels", "panelkit": "panelkit", "mlsynth": "mlsynth",
    "cvxpy_clarabel": "cvxpy with Clarabel", "pysyncon": "pysyncon",
}  # fmt: skip
_TASKS = {
    "staggered_did": "group-time effects, averages, event study", "imputation_did": "imputation", "did": "two-way reference",
}  # fmt: skip
_FLOORS = ("numpy_within",)
"""Contenders that only show how fast a bare computation could be."""
_FITS = (("38 x 19", "39"), ("200 x 100", "201"))


def estimator_table() -> str:
    """Every built-in estimator: what for, and what it assumes, in the words of the catalogue."""
    from causal_eval.design.assumptions import ASSUMPTIONS
    from causal_eval.plugins import Registry

    registry = Registry("causal_eval.estimators")
    families: dict[tuple[str, ...], list[str]] = {}
    for name, plugin in registry.plugins().items():
        if plugin.origin != "causal-eval":
            continue
        info = registry.get(name).info
        data = "opt-in or panel" if "cross-section" in info.data else "panel"
        dates = "any dates" if "staggered" in info.adoptions else "one date"
        estimands = ", ".join(sorted(x.upper() for x in info.estimands)[::-1])
        row = f"| `{name}` | {info.title} | {data}, {dates} | {estimands} |"
        families.setdefault(info.assumptions, []).append(row)
    lines = ["| estimator | | for | estimates |", "|---|---|---|---|"]
    for assumptions, rows in families.items():
        titles = [ASSUMPTIONS[a].title if a in ASSUMPTIONS else a for a in assumptions]
        said = ", ".join(t if k == 0 else t[0].lower() + t[1:] for k, t in enumerate(titles))
        lines += [f"| **{said}** | | | |", *rows]
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of a benchmark: what it was, who ran it, seconds of processor time, megabytes, and the answer."""

    task: tuple[str, ...]
    who: str
    seconds: float
    megabytes: str
    answer: str


def peer_table(benchmarks: str) -> str:
    """Own time and memory beside those of the fastest peer with the same answer, from the text of benchmarks/README.md."""
    lines = ["| task | causal-eval | fastest peer with the same answer |", "|---|---:|---:|"]
    rollouts = list(_rollouts(benchmarks))
    for name, title in _TASKS.items():
        for own in (r for r in rollouts if r.who == name):
            rows = own.task[0]
            if not rows.startswith("200,"):
                lines.append(_line(f"{title}, {rows.replace(',000,000', ' million')} rows", own, rollouts))
    weights = list(_weights(benchmarks))
    for size, fits in _FITS:
        own = next(r for r in weights if r.who == "causal_eval" and r.task == (size, fits))
        lines.append(
            _line(f"synthetic control of {size.replace('x', 'donors x')} periods with its {fits} fits", own, weights)
        )
    return "\n".join(lines)


def _line(title: str, own: Measured, everyone: list[Measured]) -> str:
    peers = [
        r for r in everyone
        if r.task == own.task and r.answer == own.answer and r.who in {x.who for x in everyone if _peer(x.who)}
    ]  # fmt: skip
    best = min(peers, key=lambda r: r.seconds, default=None)
    said = "none measured" if best is None else f"{_name(best.who)}: {_size(best)}"
    return f"| {title} | {_size(own)} | {said} |"


def _peer(who: str) -> bool:
    return who not in _FLOORS and any(who.startswith(known) for known in _NAMES)


def _name(who: str) -> str:
    return next(said for known, said in _NAMES.items() if who.startswith(known))


def _size(r: Measured) -> str:
    seconds = f"{r.seconds:.2g} s" if r.seconds < 1 else f"{r.seconds:.1f} s"
    if r.seconds < 0.1:
        seconds = f"{r.seconds * 1000:.2g} ms"
    return f"{seconds}, {r.megabytes} MB"


def _rollouts(text: str) -> Iterable[Measured]:
    """rows | contender | estimand | wall s | CPU s | CPU s after imports | peak MB | estimate | std. error."""
    for c in _rows(text, "| rows | contender | estimand |"):
        if len(c) == 9 and re.fullmatch(r"[\d.]+", c[5]):
            yield Measured((c[0], c[2]), c[1], float(c[5]), c[6], c[7])


def _weights(text: str) -> Iterable[Measured]:
    """donors x pre-periods | fits | threads | contender | wall ms | CPU ms | peak MB | RMSPE before."""
    for c in _rows(text, "| donors x pre-periods |"):
        if len(c) == 8 and c[2] == "1" and re.fullmatch(r"[\d.,]+", c[5]):
            yield Measured((c[0], c[1]), c[3], float(c[5].replace(",", "")) / 1000, c[6], c[7])


def _rows(text: str, head: str) -> Iterable[list[str]]:
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith(head):
            next(lines)
            for row in lines:
                if not row.startswith("|"):
                    return
                yield [c.strip() for c in row.strip().strip("|").split("|")]


def written(readme: str, benchmarks: str) -> str:
    """README with both parts made anew, between their markers."""
    for name, part in ((ESTIMATORS, estimator_table()), (PEERS, peer_table(benchmarks))):
        marked = re.compile(rf"(<!-- {name}[^\n]*-->\n).*?(\n<!-- /{name} -->)", re.DOTALL)
        readme, n = marked.subn(lambda m, part=part: m[1] + part + m[2], readme)  # type: ignore[misc]
        if n != 1:
            raise ValueError(f"README has no part marked {name}")
    return readme


def main(path: Path) -> None:
    """Write the file anew."""
    benchmarks = (path.parent / "benchmarks" / "README.md").read_text(encoding="utf-8")
    path.write_text(written(path.read_text(encoding="utf-8"), benchmarks), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "README.md"))
