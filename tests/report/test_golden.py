"""The write-up of hand-made results, word for word: blocks, prose and plotted series, kept in ``golden/``.

``CAUSAL_EVAL_GOLDEN=write pytest tests/report/test_golden.py`` writes them anew; look at the difference before keeping it.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from sample_evidence import evidence
from sample_result import broken, launch, opt_in, organ_donations

from causal_eval.plots.figures import figures
from causal_eval.report.blocks import Block, FigureRef, Section, Table
from causal_eval.report.build import build
from causal_eval.report.explain import explain
from causal_eval.report.files import render
from causal_eval.report.wording import summary
from causal_eval.results.types import StudyResult

GOLDEN = Path(__file__).parent / "golden"
CASES: dict[str, Callable[[], StudyResult]] = {
    "launch": launch, "organ": organ_donations, "opt_in": opt_in, "broken": broken, "evidence": evidence,
}  # fmt: skip


def outline(blocks: Iterable[Block], depth: int = 0) -> Iterable[str]:
    """One line a block: its kind, and what it is about."""
    for b in blocks:
        about = {Section: lambda x: x.anchor, FigureRef: lambda x: x.name}.get(type(b))
        said = about(b) if about else f"{b.caption} ({len(b.rows)} rows)" if isinstance(b, Table) else ""
        yield "  " * depth + f"{type(b).__name__} {said}".rstrip()
        if isinstance(b, Section):
            yield from outline(b.blocks, depth + 1)


def words(result: StudyResult) -> str:
    """Summary, explanation, and the write-up for all, without the data of its figures, which stand in the series."""
    text = render(result, formats=["md"], audience="technical")["md"]
    text = re.sub(r"<details>.*?</details>\n*", "", text, flags=re.DOTALL)
    return "\n\n".join(("# summary", summary(result), "# explain", explain(result), text))


def series(result: StudyResult) -> str:
    """Every plotted number to ten digits, with the texts that stand in for the picture."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    for f in figures(result):
        table.writerow(["figure", f.name, f.title, f.alt, f.long_description])
        table.writerow(f.columns)
        for row in f.rows:
            table.writerow(["" if v is None else f"{v:.10g}" if isinstance(v, float) else v for v in row])
    return out.getvalue()


MADE: dict[str, Callable[[StudyResult], str]] = {
    "blocks.txt": lambda r: "\n".join(outline(build(r, audience="technical"))) + "\n",
    "words.md": words,
    "series.csv": series,
}


@pytest.mark.parametrize("what", MADE)
@pytest.mark.parametrize("case", CASES)
def test_blocks_words_and_series_are_those_that_were_read_and_kept(case: str, what: str) -> None:
    """A change of any of them is seen in review."""
    made = MADE[what](CASES[case]())
    kept = GOLDEN / f"{case}.{what}"
    if os.environ.get("CAUSAL_EVAL_GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        kept.write_text(made, encoding="utf-8")
    assert made.splitlines() == kept.read_text(encoding="utf-8").splitlines(), "see the docstring of this file"


def test_nothing_is_kept_that_no_case_makes() -> None:
    """A golden file whose case is gone is gone too."""
    assert {p.name for p in GOLDEN.iterdir()} == {f"{case}.{what}" for case in CASES for what in MADE}
