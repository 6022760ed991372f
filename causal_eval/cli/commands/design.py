"""`causal-eval design`: power before launch."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causal_eval.cli import interrupt
from causal_eval.cli.atomic import new_folder, tidy
from causal_eval.cli.outcome import silent_libraries
from causal_eval.cli.progress import Progress
from causal_eval.errors import UsageError

if TYPE_CHECKING:
    from causal_eval.results.power import DesignResult

OURS = frozenset({"design.json", "design.md", "design.html", "design.csv", "power.csv", "figures", "study.toml"})


def design(
    study: Path,
    *,
    duration: str,
    effect: str,
    treat: str,
    candidates: int | None,
    size: int,
    fits: int,
    only: str | None,
    out: Path | None,
    seed: int | None,
    jobs: int,
    quiet: bool,
    as_json: bool,
) -> int:
    """Estimate the power and write its folder; the exit code."""
    progress = Progress(quiet=quiet)
    try:
        with silent_libraries(progress.log):
            from causal_eval.prelaunch import Asked, design
            from causal_eval.results.power import to_json

            asked = Asked(
                durations(duration),
                effects(effect),
                tuple(n.strip() for n in treat.split(",") if n.strip()),
                candidates,
                size,
                fits,
                only,
                seed,
            )
            result_place = None if out is None else _replaceable(out)
            result = design(study, asked, jobs=jobs, progress=progress)
            folder = result_place or _new(result.question.id, progress)
            _write(folder, result, study.read_bytes(), progress)
            progress.clear()
            shown = str(out or folder.relative_to(Path.cwd()))
            if as_json:
                print(to_json(result), end="")
            elif quiet:
                print(shown)
            else:
                print(_summary(result))
                print(f"\nreport:  {shlex.quote(f'{shown}/design.html')}\nnext:    causal-eval explain power")
    finally:
        progress.clear()
    return 0


def durations(text: str) -> tuple[int, ...]:
    """``4,8`` as whole numbers, ascending. Raises UsageError E612."""
    try:
        found = tuple(sorted({int(x) for x in text.split(",") if x.strip()}))
    except ValueError:
        found = (0,)
    if any(d < 1 for d in found):
        raise UsageError("E612", f"`{text}` is not a list of durations", where="--duration", hint="Such as: 4,8")
    return found


def effects(text: str) -> tuple[tuple[float, bool], ...]:
    """``5%,10%`` or ``20,50`` as (size, whether relative). Raises UsageError E612."""
    found = []
    for part in (p.strip() for p in text.split(",") if p.strip()):
        relative = part.endswith("%")
        try:
            size = float(part.rstrip("%")) / (100 if relative else 1)
        except ValueError:
            size = 0.0
        if not 0 < size < float("inf"):
            raise UsageError(
                "E612", f"`{part}` is not a size of effect", where="--effect", hint="Such as: 5%,10% or 2.5"
            )
        found.append((size, relative))
    if len({r for _, r in found}) > 1:
        raise UsageError("E612", "shares and sizes are mixed", where="--effect", hint="Give all with %, or none.")
    return tuple(found)


def _replaceable(out: Path) -> Path:
    """The folder to write; an existing one must be empty or an earlier design that holds its own files only."""
    folder = out.resolve()
    tidy(folder)
    if not folder.exists():
        return folder
    entries = {p.name for p in folder.iterdir()} if folder.is_dir() else {"."}
    if entries and ("design.json" not in entries or entries - OURS):
        raise UsageError(
            "E604",
            "the output folder is neither empty nor an earlier design",
            where=str(out),
            hint="Give --out a new folder, an empty one, or that of an earlier design.",
        )
    return folder


def _new(study: str, progress: Progress) -> Path:
    base = Path.cwd() / "runs" / study
    stem = f"design-{progress.started:%Y%m%dT%H%M%SZ}"
    names = (stem if n == 1 else f"{stem}-{n}" for n in range(1, 1000))
    return next(base / n for n in names if not (base / n).exists())


def _write(folder: Path, result: DesignResult, study_toml: bytes, progress: Progress) -> None:
    from causal_eval.report.power import write_design
    from causal_eval.results import power, tables

    texts: dict[str, str] = {
        "design.json": power.to_json(result),
        "design.csv": tables.csv_text(power.candidate_rows(result), power.CANDIDATE_COLUMNS),
        "power.csv": tables.csv_text(power.power_rows(result), power.POWER_COLUMNS),
    }
    try:
        with new_folder(folder) as into:
            progress("writing the tables, the figure and the report")
            (into / "study.toml").write_bytes(study_toml)
            for name, text in texts.items():
                (into / name).write_text(text, encoding="utf-8", newline="\n")
            write_design(result, into)
            interrupt.check()
    except OSError as e:
        raise UsageError("E604", f"cannot write there: {e.strerror or e}", where=str(folder)) from e


def _summary(result: DesignResult) -> str:
    from causal_eval.report.power import build
    from causal_eval.report.renderers.md import fragment

    sections: list[Any] = [
        b for b in build(result) if getattr(b, "anchor", "") in ("bottom-line", "durations", "candidates")
    ]
    return fragment([b for s in sections for b in s.blocks]).rstrip("\n")
