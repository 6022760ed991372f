"""`causal-eval lock`: the plan is kept as it is now, and what is changed later is said in the report."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from causal_eval.cli.atomic import write_file
from causal_eval.cli.outcome import silent_libraries
from causal_eval.errors import DataError, UsageError

if TYPE_CHECKING:
    from causal_eval.results.types import Change
    from causal_eval.spec.models import StudySpec


def lock(study: Path, *, note: str, data: bool, as_json: bool) -> int:
    """Lock the plan of a study, or amend its lock; prints what was locked."""
    from causal_eval.plan import read_study
    from causal_eval.spec.outputs import output_problems
    from causal_eval.spec.plan_lock import Locking, changes, lock_path, lock_text, plan_values, read_lock
    from causal_eval.spec.read import fail

    with silent_libraries():
        document, spec, _ = read_study(study)
        if problems := output_problems(document, spec):
            fail(document, problems)
        before = read_lock(document)
        values = plan_values(document, spec)
        changed = changes(before[-1].values, values) if before else ()
        path = lock_path(document.path)
        if before and not changed:
            return _told(path, "unchanged", before[-1].at, (), as_json, study)
        if before and not note.strip():
            raise UsageError(
                "E613", f"the plan was locked {before[-1].at} and has changed since: {_short(changed)}", where=str(path),
                hint='Say why: causal-eval lock STUDY --note "..." keeps both plans and shows the change in the report. '
                     "Or put the study back as it was.")  # fmt: skip
        sha256 = _fingerprint(study, spec) if data else ""
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        locking = Locking(now, note.strip(), version("causal-eval"), values, sha256)
        try:
            write_file(path, lock_text(spec.study.id, (*before, locking)))
        except OSError as e:
            raise UsageError("E604", f"cannot write there: {e.strerror or e}", where=str(path)) from e
    return _told(path, "amended" if before else "locked", now, changed, as_json, study, sha256, len(values))


def _fingerprint(study: Path, spec: StudySpec) -> str:
    """SHA-256 of the data, or empty where they are not there yet."""
    from causal_eval.data.connect import open_source

    try:
        return open_source(spec.data, base=study.parent).sha256
    except DataError as e:
        print(f"the data are not there yet: {e.code} {e.message}", file=sys.stderr)
        return ""


def _told(
    path: Path, what: str, at: str, changed: Sequence[Change], as_json: bool, study: Path, sha256: str = "",
    settings: int = 0
) -> int:  # fmt: skip
    if as_json:
        said = [{"key": c.key, "before": c.before, "after": c.after} for c in changed]
        print(json.dumps({"lock": str(path), "status": what, "at": at, "data_sha256": sha256, "changes": said}, indent=1,
                         ensure_ascii=False))  # fmt: skip
        return 0
    if what == "unchanged":
        print(f"{path}: locked {at}, and nothing of the plan has changed since")
    else:
        data = f"data {sha256[:12]}" if sha256 else "no data yet"
        print(f"{path}: {what} {at} ({settings} settings, {data})")
    for c in changed:
        print(f"  {c.key}: {c.before} -> {c.after}")
    if what == "locked" and sha256:
        print("  The data are there already: the lock keeps the plan, it does not show that nobody had looked.")
    print(f"\nnext:    keep {path.name} under version control beside {study.name}")
    print(f"         causal-eval run {shlex.quote(str(study))}")
    return 0


def _short(changed: Sequence[Change]) -> str:
    keys = [f"`{c.key}`" for c in changed]
    return ", ".join(keys[:5]) + (f" and {len(keys) - 5} more" if len(keys) > 5 else "")
