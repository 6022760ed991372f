"""`causal-eval run`."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causal_eval.cli import run_folder
from causal_eval.cli.outcome import exit_code, gate_reasons, silent_libraries
from causal_eval.cli.progress import Progress
from causal_eval.cli.words import formats_of

if TYPE_CHECKING:
    from causal_eval.results.types import StudyResult


def run(
    study: Path,
    *,
    out: Path | None,
    only: str | None,
    seed: int | None,
    jobs: int,
    formats: str,
    fail_on: str | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Do the study and write its run folder; the exit code."""
    progress = Progress(quiet=quiet)
    try:
        with silent_libraries(progress.log):
            progress(f"reading {study.name}")
            wanted = formats_of(formats)
            from causal_eval.plan import read_study
            from causal_eval.spec.outputs import output_problems, templates
            from causal_eval.spec.read import fail

            document, spec, _ = read_study(study)
            problems = output_problems(document, spec, wanted)
            if problems:
                fail(document, problems)
            study_toml = study.read_bytes()
            where = run_folder.place(out, spec.study.id, _sha256(study_toml), progress.started)

            import causal_eval.study

            result = causal_eval.study.run(study, seed=seed, only=only, jobs=jobs, progress=progress)
            code = exit_code(result, fail_on)
            run_folder.write(where, result, document=document, spec=spec, study_toml=study_toml,
                             formats=wanted or spec.report.formats, templates=templates(document, spec), argv=sys.argv[1:], code=code,
                             progress=progress)  # fmt: skip
            progress.clear()
            folder = _shown(where.folder)
            if as_json:
                print(json.dumps(overview(result, folder, code), indent=1, ensure_ascii=False))
            elif quiet:
                print(folder)
            else:
                print(_summary(result))
                print(_next(result, folder, wanted or spec.report.formats))
    finally:
        progress.clear()
    for reason in gate_reasons(result):
        print(f"gate failed: {reason}", file=sys.stderr)
    if code == 6:
        said = result.decision.recommendation
        why = f"the recommendation is `{said}`" if said != "ship" else "a check warns"
        print(f"--fail-on {fail_on} is not met: {why}", file=sys.stderr)
    return code


def overview(result: StudyResult, folder: str, code: int) -> dict[str, Any]:
    """The JSON object of `--json`."""
    estimate = result.headline.estimate
    effect = estimate.headline if estimate else None
    verdicts = dict.fromkeys(("pass", "warn", "fail", "not_run"), 0)
    for d in result.diagnostics:
        verdicts[d.verdict] += 1
    return {
        "run": folder,
        "study": result.question.id,
        "exit_code": code,
        "recommendation": result.decision.recommendation,
        "reason": result.decision.reason,
        "headline": {
            "metric": result.headline.metric,
            "analysis": result.headline.analysis,
            "method": result.headline.method,
            "status": "ok" if effect else getattr(result.headline.said, "status", "failed"),
            "value": effect.value if effect else None,
            "std_error": effect.std_error if effect else None,
            "p_value": effect.p_value if effect else None,
            "ci_low": effect.interval.low if effect and effect.interval else None,
            "ci_high": effect.interval.high if effect and effect.interval else None,
        },
        "verdicts": verdicts,
    }


def _summary(result: StudyResult) -> str:
    from causal_eval import notebook

    notebook.attach()
    return result.summary().rstrip("\n")


def _next(result: StudyResult, folder: str, formats: tuple[str, ...]) -> str:
    """The lines that end the summary: what to open, what to ask."""
    report = f"{folder}/report.{formats[0]}"
    rank = {"fail": 0, "warn": 1, "not_run": 2, "pass": 3}
    worst = min(result.diagnostics, key=lambda d: rank[d.verdict], default=None)
    topic = worst.check if worst is not None else result.headline.method
    return f"\nreport:  {shlex.quote(report)}\nnext:    causal-eval explain {topic}"


def _shown(folder: Path) -> str:
    """The folder relative to the current one where it lies below it."""
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) and folder != here else str(folder)


def _sha256(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()
