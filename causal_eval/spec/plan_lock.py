"""The plan as it was locked: every value of a study kept beside it, so that a run can tell what was changed since.

``study.lock`` lies beside ``study.toml``. It holds each locking in order: the first, and amendments with their reason.
Nothing of an earlier locking is ever rewritten. What only names, describes or displays is not part of the plan.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from causal_eval.errors import Problem
from causal_eval.results.types import Amendment, Change, PlanLock
from causal_eval.spec.document import Document
from causal_eval.spec.models import StudySpec
from causal_eval.spec.read import fail, resolved

SCHEMA_VERSION = 1
NOT_SET = "(not set)"

_WORDS_ONLY = ("extends", "schema_version", "study.id", "study.title", "study.owner", "study.context", "study.reviewers",
               "report.", "events.")  # fmt: skip
_WORDS_OF_A_METRIC = (".label", ".units", ".description")


@dataclass(frozen=True, slots=True)
class Locking:
    """The plan at one moment.

    Attributes:
        at: UTC, ISO 8601, to the second.
        note: why, in the author's words.
        package: version of causal-eval that locked it.
        values: every value of the plan by its key path, as TOML-like text.
        data_sha256: of the data, or empty when they were not read.
    """

    at: str
    note: str
    package: str
    values: dict[str, str]
    data_sha256: str = ""


def lock_path(study: Path) -> Path:
    """Where the lock of a study file lies: ``study.lock`` for ``study.toml``."""
    return study.with_suffix(".lock")


def plan_values(document: Document, spec: StudySpec) -> dict[str, str]:
    """Every value that an estimate, a check or the decision depends on, with secrets masked."""
    found = {}
    for key, value, _ in resolved(document, spec):
        if key.startswith(_WORDS_ONLY) or (key.startswith("metrics.") and key.endswith(_WORDS_OF_A_METRIC)):
            continue
        found[key] = _text(value)
    if spec.design.graph:
        found["design.graph, the file's SHA-256"] = _sha256(document.base / spec.design.graph)
    return found


def read_lock(document: Document) -> tuple[Locking, ...]:
    """The lockings of a study, oldest first; empty when it was never locked or did not come from a file.

    Raises:
        SpecError: E104 when the file beside the study is no lock. It is never passed over: a run would look unlocked.
    """
    if document.path == Path():
        return ()
    path = lock_path(document.path)
    if not path.exists():
        return ()
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"schema_version {raw['schema_version']!r} is not {SCHEMA_VERSION}")
        lockings = tuple(_locking(x) for x in raw["locks"])
        if not lockings:
            raise ValueError("it holds no locking")
    except (OSError, ValueError, KeyError, TypeError) as e:
        reason = f"`{e.args[0]}` is missing" if isinstance(e, KeyError) else str(e)
        fail(document, [Problem("E104", f"the lock of the plan cannot be read: {reason}", file=path.as_posix(), line=1, col=1,
                                hint="Take it back from version control. Without it the report would say that "
                                     "the plan was never locked.")])  # fmt: skip
    return lockings


def lock_text(study_id: str, lockings: Sequence[Locking]) -> str:
    """The text of a lock file."""
    locks = [{"at": k.at, "note": k.note, "package": k.package, "data_sha256": k.data_sha256, "values": k.values}
             for k in lockings]  # fmt: skip
    return (
        json.dumps({"schema_version": SCHEMA_VERSION, "study": study_id, "locks": locks}, indent=1, ensure_ascii=False)
        + "\n"
    )


def changes(locked: Mapping[str, str], now: Mapping[str, str]) -> tuple[Change, ...]:
    """What differs between two plans, in the order of the study's keys; a key that one lacks is ``(not set)``."""
    keys = [*now, *(k for k in locked if k not in now)]
    pairs = ((k, locked.get(k, NOT_SET), now.get(k, NOT_SET)) for k in keys)
    return tuple(Change(k, before, after) for k, before, after in pairs if before != after)


def plan_lock(
    lockings: Sequence[Locking], document: Document, spec: StudySpec, *, seed: int, only: str | None, data_sha256: str
) -> PlanLock | None:
    """How a run stands to its locked plan; None for a study that was never locked.

    Args:
        lockings: of :func:`read_lock`.
        seed: the seed in use; another one than the study's is a change of the plan.
        only: the one analysis that is run; leaving the others out is a change of the plan.
        data_sha256: of the data in use.
    """
    if not lockings:
        return None
    now = plan_values(document, spec) | {"study.seed": _text(seed)}
    found = changes(lockings[-1].values, now)
    if only is not None and len(spec.estimators) > 1:
        found = (*found, Change("run --only", "every analysis", _text(only)))
    amendments = [
        Amendment(b.at, b.note, changes(a.values, b.values), bool(a.data_sha256 or b.data_sha256))
        for a, b in pairwise(lockings)
    ]
    first = lockings[0]
    return PlanLock(first.at, first.note, first.package, bool(first.data_sha256), lockings[-1].data_sha256 == data_sha256,
                    tuple(amendments), found)  # fmt: skip


def _locking(raw: Mapping[str, Any]) -> Locking:
    values = raw["values"]
    texts = [raw["at"], raw["note"], raw["package"], raw["data_sha256"], *values, *values.values()]
    if not all(isinstance(t, str) for t in texts):
        raise ValueError("its values are not text")
    return Locking(raw["at"], raw["note"], raw["package"], dict(values), raw["data_sha256"])


def _sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else NOT_SET


def _text(value: Any) -> str:
    """A value as TOML writes it, near enough to be read."""
    return NOT_SET if value is None else json.dumps(value, ensure_ascii=False, default=str)
