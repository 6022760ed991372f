"""The vocabulary of results: frozen dataclasses that refuse NaN, so a number that is there was computed.

Nothing here computes a statistic or knows pandas. Absent is ``None`` or an empty tuple; a thing that could not
be computed is a :class:`Failure`, never a zero. Everything survives JSON (:mod:`causal_eval.results.io`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

    from causal_eval.notebook import Plots

SCHEMA_VERSION = 1

Scale = Literal["absolute", "relative", "cumulative"]
Status = Literal["ok", "failed", "refused", "blinded"]
Verdict = Literal["pass", "warn", "fail", "not_run"]
Robustness = Literal["", "good", "satisfactory", "weak"]
Recommendation = Literal["ship", "hold", "roll back", "cannot tell"]
MetricRole = Literal["primary", "secondary", "guardrail", "negative_control"]
AnalysisRole = Literal["primary", "robustness", "reference"]
Json = str | int | float | bool | None | list[Any] | dict[str, Any]


class ResultInvalid(ValueError):
    """A result was built from numbers that cannot be right: a NaN, an interval upside down."""


def _finite(obj: object) -> None:
    """Refuse NaN and infinity in any float field of a dataclass."""
    for f in fields(obj):  # type: ignore[arg-type]
        value = getattr(obj, f.name)
        values = value if isinstance(value, tuple) else (value,)
        for v in values:
            if isinstance(v, float) and not math.isfinite(v):
                raise ResultInvalid(f"{type(obj).__name__}.{f.name} is {v}: a result holds computed numbers or nothing")


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval. ``method`` names the procedure, which is also the one behind the p-value."""

    low: float
    high: float
    level: float
    method: str

    def __post_init__(self) -> None:
        _finite(self)
        if self.low > self.high:
            raise ResultInvalid(f"interval upside down: [{self.low}, {self.high}]")
        if not 0 < self.level < 1:
            raise ResultInvalid(f"interval level {self.level} is not between 0 and 1")


@dataclass(frozen=True, slots=True)
class Effect:
    """One estimated effect: a row of estimates.csv.

    ``aggregation`` follows DESIGN 4.3 (``overall``, ``event:<k>``, ``period:<t>``, ...). ``interval`` is None when
    the procedure has none at this level (say, too few assignments to permute); ``note`` then says why.
    """

    aggregation: str
    scale: Scale
    value: float
    std_error: float | None = None
    p_value: float | None = None
    interval: Interval | None = None
    n_rows: int | None = None
    n_units: int | None = None
    n_treated: int | None = None
    note: str = ""

    def __post_init__(self) -> None:
        _finite(self)
        if self.std_error is not None and self.std_error < 0:
            raise ResultInvalid(f"{self.aggregation}: negative standard error {self.std_error}")
        if self.p_value is not None and not 0 <= self.p_value <= 1:
            raise ResultInvalid(f"{self.aggregation}: p-value {self.p_value} is not between 0 and 1")


@dataclass(frozen=True, slots=True)
class Drop:
    """Rows or units left out, counted, with the reason."""

    what: Literal["rows", "units", "periods", "cohorts"]
    count: int
    reason: str


@dataclass(frozen=True, slots=True)
class Sample:
    """What an estimate was computed from. Units are rows where the data has no units."""

    n_rows: int
    n_units: int
    n_treated: int
    n_control: int
    n_periods: int = 1
    n_pre: int = 0
    n_post: int = 0
    n_clusters: int | None = None
    n_treated_clusters: int | None = None
    dropped: tuple[Drop, ...] = ()
    n_control_clusters: int | None = None
    """Clusters with a control unit: those beside the treated ones, and those that have both."""


@dataclass(frozen=True, slots=True)
class PathPoint:
    """One period of the treated group: what was observed, and what would have been without the launch.

    ``low``/``high`` bound the *gap* (observed - counterfactual) at the study's level; None where not available.
    """

    period: str
    observed: float
    counterfactual: float
    gap: float
    low: float | None = None
    high: float | None = None
    post: bool = False
    excluded: bool = False
    """Whether the period is left out of the headline (washout or anticipation)."""

    def __post_init__(self) -> None:
        _finite(self)


@dataclass(frozen=True, slots=True)
class EventPoint:
    """One event time of an event study, relative to the base period; the reference has value 0 and no error."""

    event: int
    value: float
    std_error: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    n_units: int | None = None
    reference: bool = False
    excluded: bool = False
    n_cohorts: int | None = None
    """Cohorts it rests on, under staggered adoption."""
    thin: bool = False
    """Whether it rests on so few treated units that tests of the event study leave it out."""

    def __post_init__(self) -> None:
        _finite(self)


@dataclass(frozen=True, slots=True)
class EventStudy:
    """Leads and lags. ``covariance`` is over the non-reference points in order (row-major tuples)."""

    base: int
    points: tuple[EventPoint, ...]
    covariance: tuple[tuple[float, ...], ...] = ()
    df: float | None = None
    level: float = 0.95
    treated_covariance: tuple[tuple[float, ...], ...] = ()
    """The treated clusters' part of ``covariance``; empty where clusters hold both groups, or rows are independent."""
    n_clusters: tuple[int, int] = (0, 0)
    """(treated, control) clusters, where there are any."""
    placebos: tuple[tuple[float, ...], ...] = ()
    """Under randomisation inference: the same coefficients under each other assignment (aggregates, no unit named)."""
    post_weights: tuple[float, ...] = ()
    """Over the non-reference points: the weights that make the average effect after the launch; empty where unknown."""
    critical: float | None = None
    """Critical value of the uniform band over the non-reference points (sup-t), where one was computed."""
    cohort_covariances: tuple[tuple[tuple[float, ...], ...], ...] = ()
    """Under staggered adoption: what each cohort adds to ``covariance``; empty where clusters hold several cohorts."""
    cohort_clusters: tuple[int, ...] = ()
    """Clusters of each of those cohorts."""
    cohort_treated: tuple[bool, ...] = ()
    """Whether each of those cohorts is ever treated."""
    one_base: bool = True
    """Whether leads and lags are all measured from the base period; False for a varying base or leads of their own."""

    def tested(self) -> tuple[int, ...]:
        """Positions, among the non-reference points, of those that a test may use: not excluded and not thin."""
        points = [q for q in self.points if not q.reference]
        return tuple(i for i, q in enumerate(points) if not (q.excluded or q.thin))


@dataclass(frozen=True, slots=True)
class Weight:
    """One weight of an estimator: a donor, a time, a matched unit."""

    kind: str
    unit: str
    weight: float

    def __post_init__(self) -> None:
        _finite(self)


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """Covariate balance before or after an adjustment: standardised mean difference, variance ratio, KS distance."""

    covariate: str
    stage: Literal["before", "after"]
    smd: float | None
    variance_ratio: float | None = None
    ks: float | None = None

    def __post_init__(self) -> None:
        _finite(self)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an estimator returns. ``effects`` holds every row, the headline first; identity is put on by the study."""

    method: str
    estimand: str
    """Short name: ``att``, ``ate``; renamed when trimming or dropping changed it."""
    estimand_text: str
    """The estimand in one plain sentence."""
    effects: tuple[Effect, ...]
    sample: Sample
    level: float
    inference: str
    """The procedure behind every p-value and interval, in words: ``cluster-robust (CR1), t with 26 df``."""
    path: tuple[PathPoint, ...] = ()
    event_study: EventStudy | None = None
    weights: tuple[Weight, ...] = ()
    balance: tuple[BalanceRow, ...] = ()
    baseline: float | None = None
    """Mean of the treated group before the launch."""
    observed: float | None = None
    """Mean of the treated group after the launch."""
    counterfactual: float | None = None
    """Mean the treated group would have had after the launch, by this estimator."""
    notes: tuple[str, ...] = ()
    """Sentences the reader must see: a switched inference, a smallest p-value, a changed estimand."""
    details: dict[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _finite(self)
        if not self.effects:
            raise ResultInvalid("an estimate needs at least its headline effect")
        if self.effects[0].aggregation != "overall" or self.effects[0].scale != "absolute":
            raise ResultInvalid("the first effect of an estimate is its headline: overall, absolute")

    @property
    def headline(self) -> Effect:
        """The overall absolute effect."""
        return self.effects[0]

    def effect(self, aggregation: str, scale: Scale = "absolute") -> Effect | None:
        """The effect of that aggregation and scale, or None where there is none."""
        return next((e for e in self.effects if e.aggregation == aggregation and e.scale == scale), None)

    def tidy(self) -> pd.DataFrame:
        """The effects as a frame with the columns of estimates.csv (``metric``, ``analysis``, ``role`` empty)."""
        from causal_eval.results.tables import estimate_rows, frame

        return frame(estimate_rows(self))


@dataclass(frozen=True, slots=True)
class Failure:
    """What a finding holds instead of an estimate."""

    code: str
    message: str
    hint: str = ""
    status: Literal["failed", "refused"] = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One analysis of one metric: the estimate, or the reason there is none."""

    metric: str
    analysis: str
    method: str
    role: AnalysisRole
    said: Estimate | Failure

    @property
    def estimate(self) -> Estimate | None:
        """The estimate, or None when the analysis failed or was refused."""
        return self.said if isinstance(self.said, Estimate) else None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One check of one assumption, with the threshold it was judged by.

    ``question`` says what was checked, ``reading`` what came out and how strong that evidence is, ``breaks`` what
    would break the assumption and what to do then.
    """

    check: str
    metric: str
    analysis: str
    assumption: str
    verdict: Verdict
    reading: str
    question: str = ""
    breaks: str = ""
    statistic: float | None = None
    statistic_name: str = ""
    threshold: float | None = None
    p_value: float | None = None
    gate: bool = False
    """Whether a ``fail`` closes the gate: no decision may rest on the estimate (exit code 5)."""
    details: dict[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _finite(self)


@dataclass(frozen=True, slots=True)
class Clause:
    """One line of the decision: a metric against its rule."""

    metric: str
    role: MetricRole
    outcome: Literal["met", "not met", "breached", "not cleared", "cleared", "inconclusive", "missing"]
    reason: str
    margin: float | None = None
    """The margin or minimum effect on the absolute scale of the metric, signed so that higher is better."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The recommendation. Prose, badge, slide and exit code all read this one object.

    It refuses to contradict its own clauses: no ship beside harm or a missing answer, no roll back without harm.
    """

    recommendation: Recommendation
    rule: str
    """The rule as applied, in one sentence."""
    reason: str
    clauses: tuple[Clause, ...] = ()
    threats: tuple[str, ...] = ()
    """What could be wrong, the biggest first."""
    robustness: Robustness = ""
    """How far the headline can be leant on, by its checks; empty where none ran."""
    robustness_reason: str = ""

    def __post_init__(self) -> None:
        deciding = [c for c in self.clauses if c.role in ("primary", "guardrail")]
        harm = [c.metric for c in deciding if c.outcome == "breached"]
        open_ = [c.metric for c in deciding if c.role == "primary" and c.outcome in ("missing", "inconclusive")]
        if self.recommendation == "ship" and (harm or open_):
            what = "is breached" if harm else "has no answer"
            raise ResultInvalid(f"a decision to ship contradicts its own clause: {(harm or open_)[0]} {what}")
        if self.recommendation == "roll back" and deciding and not harm:
            raise ResultInvalid("a decision to roll back needs a clause that is breached")


PERCENT = frozenset({"%", "percent", "per cent", "pct", "pp", "percentage points"})
"""Units, in lower case, in which a share of one half is 50."""


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """A metric as its author described it."""

    name: str
    label: str
    role: MetricRole
    kind: str
    better: Literal["higher", "lower"] | None = None
    units: str = ""
    description: str = ""
    min_effect: float | None = None
    min_effect_scale: Literal["absolute", "relative"] | None = None
    margin: float | None = None
    margin_scale: Literal["absolute", "relative"] | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Another launch or an incident, drawn on every time axis. Dates as their author wrote them.

    ``period``/``end_period`` are labels of the study's periods, None where the event lies outside of them.
    """

    name: str
    start: str
    end: str = ""
    affects: tuple[str, ...] = ()
    period: str | None = None
    end_period: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """The study as asked."""

    id: str
    title: str
    question: str
    owner: str = ""
    context: str = ""
    hypothesis: str = ""
    reviewers: tuple[str, ...] = ()
    population: str = ""
    contrast: str = ""


@dataclass(frozen=True, slots=True)
class DesignInfo:
    """The design as it was applied. Periods by their labels, in time order; empty for a cross-section."""

    data_kind: Literal["panel", "repeated cross-section", "cross-section"]
    estimand: str
    adoption: Literal["block", "staggered", "none"]
    launch: str
    """Label of the first treated period (the earliest, when staggered); empty in a cross-section."""
    periods: tuple[str, ...] = ()
    pre: tuple[str, str] | None = None
    post: tuple[str, str] | None = None
    washout: int = 0
    anticipation: int = 0
    cohorts: tuple[tuple[str, int], ...] = ()
    """(adoption period, units) of each cohort."""
    n_never: int = 0
    unit_noun: str = "unit"
    """What a unit is called, from the author's column: ``queue`` for ``queue_id``."""
    time_noun: str = "period"
    covariates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identification:
    """The causal graph an estimate rests on, by its author's column names, and what follows from it."""

    given: bool
    """Whether the author drew it; else it is what adjusting for the covariates assumes: each a cause of both, and nothing else."""
    treatment: str
    outcome: str
    nodes: tuple[str, ...]
    edges: tuple[tuple[str, str], ...]
    """(cause, effect)."""
    unobserved: tuple[str, ...] = ()
    adjusted: tuple[str, ...] = ()
    """The study's covariates."""
    sets: tuple[tuple[str, ...], ...] = ()
    """Minimal sets of observed nodes that block every back-door path; empty where none does."""
    sufficient: bool = True
    """Whether the study's covariates block every back-door path."""
    missing: tuple[str, ...] = ()
    """Observed nodes that would close the paths left open."""
    open_path: tuple[str, ...] = ()
    """The nodes, from treatment to outcome, of a back-door path that the study's covariates leave open."""
    instruments: tuple[str, ...] = ()

    def arrows(self, path: tuple[str, ...]) -> str:
        """A path with its arrows: ``treated <- age -> earnings``."""
        said = path[0] if path else ""
        for a, b in pairwise(path):
            said += f" -> {b}" if (a, b) in self.edges else f" <- {b}"
        return said


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where the numbers came from. Never a row, never a credential."""

    source: str
    kind: str
    sha256: str
    """Of the file's bytes, or of the rows where there is no file."""
    rows_read: int
    as_of: str = ""
    query_sha256: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    """(role, the author's column name)."""
    dropped: tuple[Drop, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made this result. Nothing here depends on the clock: times live in run.json."""

    package: str
    python: str
    libraries: dict[str, str]
    spec_sha256: str
    data_sha256: str
    seed: int
    spec_file: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One setting of the plan that is not what it was; values as TOML writes them, ``(not set)`` for none."""

    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Amendment:
    """A later locking of the plan: when (UTC, ISO 8601), why, and what it changed."""

    at: str
    note: str
    changes: tuple[Change, ...]
    after_data: bool
    """Whether the data had been there by then."""


@dataclass(frozen=True, slots=True)
class PlanLock:
    """How a run stands to the plan that was locked beside the study."""

    at: str
    """When it was first locked, UTC, ISO 8601."""
    note: str
    package: str
    after_data: bool
    """Whether the data were there when the plan was first locked: then it does not show that nobody had looked."""
    same_data: bool
    """Whether the data are those of the newest locking."""
    amendments: tuple[Amendment, ...] = ()
    deviations: tuple[Change, ...] = ()
    """What differs between the newest locking and this run."""


@dataclass(frozen=True, slots=True)
class StudyResult:
    """Everything a write-up needs; reports and figures are made from this alone."""

    question: Question
    design: DesignInfo
    metrics: tuple[MetricInfo, ...]
    findings: tuple[Finding, ...]
    diagnostics: tuple[Diagnostic, ...]
    decision: Decision
    lineage: Lineage
    provenance: Provenance
    events: tuple[Event, ...] = ()
    spec: dict[str, Json] = field(default_factory=dict)
    """The resolved spec, with every default filled in."""
    identification: Identification | None = None
    """Of the primary metric: the author's graph, or for an opt-in launch without one the graph that is assumed."""
    plan_lock: PlanLock | None = None
    """None where the plan was never locked."""
    schema_version: int = SCHEMA_VERSION

    def metric(self, name: str) -> MetricInfo:
        """The metric of that name; KeyError otherwise."""
        for m in self.metrics:
            if m.name == name:
                return m
        raise KeyError(name)

    @property
    def primary_metric(self) -> MetricInfo:
        """The first metric whose role is primary."""
        return next(m for m in self.metrics if m.role == "primary")

    def find(self, metric: str, analysis: str | None = None) -> Finding | None:
        """The finding of a metric by an analysis (default: the primary analysis)."""
        for f in self.findings:
            if f.metric == metric and (f.analysis == analysis if analysis else f.role == "primary"):
                return f
        return None

    def of(self, metric: str) -> list[Finding]:
        """The findings of a metric, the primary analysis first and the others in their order."""
        return sorted((f for f in self.findings if f.metric == metric), key=lambda f: f.role != "primary")

    @property
    def headline(self) -> Finding:
        """The primary analysis of the primary metric; where a study has references only, the first of them."""
        name = self.primary_metric.name
        found = self.find(name) or next((f for f in self.findings if f.metric == name), None)
        if found is None:
            raise KeyError("the result holds no analysis of the primary metric")
        return found

    def tidy(self) -> pd.DataFrame:
        """Every effect as a frame with the columns of estimates.csv."""
        from causal_eval.results.tables import frame, result_rows

        return frame(result_rows(self))

    if TYPE_CHECKING:
        # Attached by causal_eval.notebook, which knows figures and words; results stay at the bottom.
        @property
        def plot(self) -> Plots: ...
        def summary(self) -> str: ...
        def explain(self) -> str: ...
