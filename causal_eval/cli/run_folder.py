"""The folder of a run (DESIGN 4.3): where it goes, what lies in it.

Everything but run.json and log.jsonl depends on the study and its data alone, so equal studies give equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causal_eval.cli import interrupt
from causal_eval.cli.atomic import new_folder, tidy, write_file
from causal_eval.cli.outcome import seldom_collected
from causal_eval.errors import UsageError
from causal_eval.results import io, tables

if TYPE_CHECKING:
    from causal_eval.cli.progress import Progress
    from causal_eval.results.types import StudyResult
    from causal_eval.spec.document import Document
    from causal_eval.spec.models import StudySpec

OURS = frozenset({
    "run.json", "study.toml", "study.resolved.json", "results.json", "estimates.csv", "weights.csv", "balance.csv",
    "diagnostics.csv", "decision.json", "disclosure.json", "log.jsonl", "figures", "report.html", "report.md",
    "report.pdf", "report.docx", "report.pptx",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run goes. ``latest`` is the file that names the newest run, where runs are collected."""

    folder: Path
    latest: Path | None = None


def place(out: Path | None, study: str, spec_sha256: str, started: datetime) -> Place:
    """The folder for a run: ``out``, or a new one in ``runs/<study>``.

    Raises:
        UsageError: E604 when ``out`` exists and is neither empty nor an earlier run.
    """
    if out is not None:
        folder = out.resolve()
        tidy(folder)
        _replaceable(folder, out)
        return Place(folder)
    runs = Path.cwd() / "runs" / study
    stem = f"{started:%Y%m%dT%H%M%SZ}-{spec_sha256[:7]}"
    names = (stem if n == 1 else f"{stem}-{n}" for n in range(1, 1000))
    folder = next(runs / name for name in names if not (runs / name).exists())
    return Place(folder, runs / "latest.txt")


def write(
    where: Place,
    result: StudyResult,
    *,
    document: Document,
    spec: StudySpec,
    study_toml: bytes,
    formats: Sequence[str],
    templates: Mapping[str, Path],
    argv: Sequence[str],
    code: int,
    progress: Progress,
) -> None:
    """Write the whole run, or nothing."""
    from causal_eval.plots.files import write_figures
    from causal_eval.report.files import write_reports
    from causal_eval.spec.read import resolved

    try:
        with new_folder(where.folder) as folder, seldom_collected():
            progress("writing the tables")
            (folder / "study.toml").write_bytes(study_toml)
            values = {key: {"value": value, "origin": origin} for key, value, origin in resolved(document, spec)}
            texts = {
                "study.resolved.json": _json({"schema_version": 1, "values": values}),
                "results.json": io.to_json(result),
                "estimates.csv": tables.csv_text(tables.result_rows(result), tables.ESTIMATES),
                "weights.csv": tables.csv_text(tables.weight_rows(result), tables.WEIGHTS),
                "balance.csv": tables.csv_text(tables.balance_rows(result), tables.BALANCE),
                "diagnostics.csv": tables.csv_text(tables.diagnostic_rows(result), tables.DIAGNOSTICS),
                "decision.json": _json(asdict(result.decision)),
                "disclosure.json": _json(disclosure(result)),
            }  # fmt: skip
            for name, text in texts.items():
                (folder / name).write_text(text, encoding="utf-8", newline="\n")
            progress("drawing the figures")
            (folder / "figures").mkdir()
            write_figures(result, folder / "figures")
            progress("writing the report")
            write_reports(result, folder, formats=tuple(formats), templates=templates)
            progress.log("done", f"exit code {code}")
            (folder / "run.json").write_text(_json(_run(result, argv, code, progress)), encoding="utf-8", newline="\n")
            (folder / "log.jsonl").write_text(progress.text(), encoding="utf-8", newline="\n")
            interrupt.check()
        if where.latest is not None:
            write_file(where.latest, f"{where.folder.name}\n")
    except OSError as e:
        raise UsageError("E604", f"cannot write there: {e.strerror or e}", where=str(where.folder),
                         hint="Give --out a folder that you may write and rename.") from e  # fmt: skip


def disclosure(result: StudyResult) -> dict[str, Any]:
    """What the run's files disclose: the rule, the groups behind each estimate, and effects of fewer people than it allows.

    A study whose groups are smaller than ``min_cell`` is refused before (exit code 7); what can still be smaller is a
    part of a group, such as a cohort.
    """
    privacy = result.spec.get("privacy")
    rule = privacy if isinstance(privacy, dict) else {}
    people, least = rule.get("unit_is_person", False), rule.get("min_cell", 0)
    small = [
        {"metric": f.metric, "analysis": f.analysis, "aggregation": e.aggregation, "scale": e.scale}
        for f in result.findings
        if f.estimate is not None
        for e in f.estimate.effects
        if people and e.n_treated is not None and 0 < e.n_treated < least
    ]
    samples = [(f, f.estimate.sample) for f in result.findings if f.estimate is not None]
    return {
        "schema_version": 1,
        "unit": result.design.unit_noun,
        "unit_is_person": people,
        "min_cell": least,
        "row_level_data": False,
        "smallest_groups": [
            {"metric": f.metric, "analysis": f.analysis, "n_treated": s.n_treated, "n_control": s.n_control}
            for f, s in samples
        ],
        "units_named_in": ["weights.csv"] if any(f.estimate and f.estimate.weights for f in result.findings) else [],
        "below_min_cell": small,
        "suppressed": [],
    }


def _replaceable(folder: Path, said: Path) -> None:
    """Refuse to replace anything but an empty folder or an earlier run that holds a run's files only."""
    hint = "Give --out a new folder, an empty one, or that of an earlier run."
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError("E604", "the output is a file, not a folder", where=str(said), hint=hint)
    entries = {p.name for p in folder.iterdir()}
    if not entries:
        return
    if not _is_run(folder / "run.json"):
        raise UsageError("E604", "the output folder is neither empty nor an earlier run", where=str(said), hint=hint)
    if foreign := sorted(entries - OURS):
        raise UsageError("E604", f"the earlier run there also holds `{foreign[0]}`, which replacing it would delete",
                         where=str(said), hint="Move it elsewhere, or give --out another folder.")  # fmt: skip


def _is_run(path: Path) -> bool:
    try:
        return "causal_eval" in json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def _run(result: StudyResult, argv: Sequence[str], code: int, progress: Progress) -> dict[str, Any]:
    import platform
    from datetime import UTC, datetime

    made = result.provenance
    return {
        "causal_eval": made.package,
        "schema_version": 1,
        "study": result.question.id,
        "argv": list(argv),
        "exit_code": code,
        "seed": made.seed,
        "spec_sha256": made.spec_sha256,
        "data_sha256": made.data_sha256,
        "python": made.python,
        "platform": platform.platform(),
        "libraries": made.libraries,
        "started": progress.started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(progress.seconds(), 3),
        "timings": progress.timings(),
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False, default=str) + "\n"
