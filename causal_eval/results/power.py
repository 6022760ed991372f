"""What a study will be able to see, found before its launch: the document behind design.json."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from causal_eval.errors import UsageError
from causal_eval.results.types import MetricInfo, Provenance, Question

DESIGN_VERSION = 1


@dataclass(frozen=True, slots=True)
class Injected:
    """The minimum detectable effect put into the history for real.

    Attributes:
        effect: what was added to every outcome after the placebo launch.
        detected: share of placebo launches, half with a rise and half with a fall, in which the estimator found it; n: their number.
    """

    effect: float
    detected: float
    n: int


@dataclass(frozen=True, slots=True)
class DurationPower:
    """One set of units, one length of the post window.

    Attributes:
        duration: periods after the launch.
        mde, mde_relative: minimum detectable effect, in the metric's units and as a share of the level without the launch; None where
            no effect, however large, would be detected often enough.
        baseline: mean outcome of the set in the placebo windows.
        size: share of placebo launches that the test rejects although nothing was launched.
        noise: root mean square of the placebo estimates; bias: their mean.
        fit: root mean square error before the placebo launches, where the estimator matches paths.
        smallest_p: the p-value of an effect too large to miss.
        n: placebo launches estimated; admissible: dates at which one fits; failed: refused or failed ones.
        sampled: whether the dates were drawn, so that shares have Monte Carlo error.
        size_error, power_error: Monte Carlo error of ``size`` and of a power of 80%; None where all dates were enumerated.
        reason: why there is no result.
        injected: the check of ``mde``, where it was made.
    """

    duration: int
    mde: float | None = None
    mde_relative: float | None = None
    baseline: float | None = None
    size: float | None = None
    noise: float | None = None
    bias: float | None = None
    fit: float | None = None
    smallest_p: float | None = None
    n: int = 0
    admissible: int = 0
    failed: int = 0
    sampled: bool = False
    size_error: float | None = None
    power_error: float | None = None
    reason: str = ""
    injected: Injected | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Units that could be treated together; ``rank`` 1 is the best, None where it cannot be judged."""

    units: tuple[str, ...]
    rank: int | None
    by_duration: tuple[DurationPower, ...]
    planned: bool = False
    reason: str = ""

    @property
    def name(self) -> str:
        """The units in one text."""
        return " + ".join(self.units)


@dataclass(frozen=True, slots=True)
class PowerPoint:
    """Power of the best set at one effect and duration."""

    duration: int
    effect: float
    effect_relative: float | None
    power: float
    error: float | None


@dataclass(frozen=True, slots=True)
class DesignResult:
    """Power before launch, from placebo launches in the history."""

    question: Question
    metric: MetricInfo
    log: bool
    analysis: str
    method: str
    inference: str
    level: float
    power: float
    first: str
    last: str
    noun: str
    n_periods: int
    n_units: int
    considered: int
    possible: int
    candidates: tuple[Candidate, ...]
    curve: tuple[PowerPoint, ...]
    notes: tuple[str, ...]
    provenance: Provenance
    kind: Literal["design"] = "design"
    schema_version: int = DESIGN_VERSION

    @property
    def best(self) -> Candidate | None:
        """The set ranked first; None where no set can be judged."""
        return next((c for c in self.candidates if c.rank == 1), None)


def to_json(result: DesignResult) -> str:
    """design.json; equal results give equal bytes. Raises ValueError on NaN."""
    return json.dumps(asdict(result), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str, *, where: str = "design.json") -> DesignResult:
    """The result in ``text``. Raises UsageError when it is not one, or of another version."""
    from pydantic import TypeAdapter, ValidationError

    try:
        raw: Any = json.loads(text)
    except json.JSONDecodeError as e:
        raise UsageError("E601", f"not JSON (line {e.lineno}): {e.msg}", where=where) from e
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if version != DESIGN_VERSION or raw.get("kind") != "design":
        raise UsageError(
            "E602",
            f"schema_version {version!r} is not a design of version {DESIGN_VERSION}",
            where=where,
            hint="Run `causal-eval design` again.",
        )
    try:
        return TypeAdapter(DesignResult).validate_python(raw)
    except ValidationError as e:
        first = e.errors()[0]
        place = ".".join(str(p) for p in first["loc"])
        raise UsageError("E603", f"not a design: {place}: {first['msg']}", where=where) from e


CANDIDATE_COLUMNS = (
    "rank", "units", "planned", "duration", "mde", "mde_relative", "baseline", "size", "size_error", "noise", "bias", "fit",
    "smallest_p", "n", "admissible", "failed", "reason",
)  # fmt: skip
POWER_COLUMNS = ("duration", "effect", "effect_relative", "power", "error")


def candidate_rows(result: DesignResult) -> list[dict[str, Any]]:
    """One row a candidate and duration, in CANDIDATE_COLUMNS."""
    return [
        {"rank": c.rank, "units": c.name, "planned": int(c.planned)}
        | {k: getattr(d, k) for k in CANDIDATE_COLUMNS[3:-1]}
        | {"reason": d.reason or c.reason}
        for c in result.candidates
        for d in c.by_duration
    ]


def power_rows(result: DesignResult) -> list[dict[str, Any]]:
    """One row an effect and duration, in POWER_COLUMNS."""
    return [asdict(p) for p in result.curve]
