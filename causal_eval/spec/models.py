"""study.toml as its author writes it: frozen models that refuse unknown keys.

The options of an estimator are opaque here (``EstimatorSpec.options``): the plug-in checks them, in
:mod:`causal_eval.plan`. Field descriptions become the JSON Schema that editors show.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, model_validator

Moment = datetime | date | int | str
"""A time as TOML can write it: a date, a number such as 2004, or text such as "Q32011"."""

Grain = Literal["day", "week", "month", "quarter", "year"]


def _identifier(value: str) -> str:
    if not value or not all(c.isascii() and (c.isalnum() or c in "-_") for c in value):
        raise ValueError("letters, digits, - and _ only")
    return value


Identifier = Annotated[str, AfterValidator(_identifier)]

Texts = Annotated[tuple[str, ...], Strict(False)]
"""A list of text. TOML's lists arrive as Python lists, which a strict tuple would refuse; its entries stay strict."""


Wrong = tuple[str, tuple[str | int, ...]]
"""A message, and the key path it is about below the table that is being checked."""


class Contradiction(ValueError):
    """Keys of one table that do not go together."""

    def __init__(self, *parts: Wrong) -> None:
        super().__init__("; ".join(message for message, _ in parts))
        self.parts = parts


M = TypeVar("M", bound=BaseModel)


def _agreed(model: M, wrong: list[Wrong]) -> M:
    if wrong:
        raise Contradiction(*wrong)
    return model


class Model(BaseModel):
    """Base of the spec's tables: a value has the type it was written with, nothing is converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Study(Model):
    """What is asked, and by whom."""

    id: Identifier = Field(description="Name of the study in file names: letters, digits, - and _")
    title: str = Field(description="Title of the write-up")
    question: str = Field(description="The question the launch review asks")
    owner: str = ""
    context: str = Field("", description="Why these units, what else was going on")
    hypothesis: str = ""
    reviewers: Texts = ()
    seed: int = Field(0, ge=0, description="Every random draw comes from this")


Share = Annotated[float, Field(ge=0, le=1)]


class Expect(Model):
    """The data contract, checked before anything is estimated."""

    unique: Texts = Field((), description="Columns whose combination may not repeat")
    max_missing: dict[str, Share] = Field(default_factory=dict, description="Largest share of missing values by column")
    min_rows: int = Field(0, ge=0)


class Data(Model):
    """Where the rows are."""

    source: str = Field("", description="A file or glob (csv, parquet, json, also .gz), a table name with "
                        "`connection`, or causaldata:NAME")  # fmt: skip
    connection: str = Field(
        "", description='"duckdb:///file.duckdb", "spark", or "causaldata": its data sets as tables'
    )
    connection_env: str = Field("", description="Environment variable that holds the connection address")
    query_file: str = Field("", description="A .sql file; its parameters come from `params`")
    params: dict[str, Any] = Field(default_factory=dict, description="Bound to the query, never interpolated")
    as_of: date | None = Field(None, description="The data cut: later is censored")
    expect: Expect = Expect()

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        wrong: list[Wrong] = []
        if not (self.source or self.query_file):
            wrong.append(("say where the rows are: `source` or `query_file`", ()))
        elif self.source and self.query_file:
            wrong.append(("give `source` or `query_file`, not both", ("query_file",)))
        if self.connection and self.connection_env:
            wrong.append(("give `connection` or `connection_env`, not both", ("connection_env",)))
        if "@" in self.connection or "password" in self.connection.lower():
            wrong.append(("credentials belong in the environment: use `connection_env`", ("connection",)))
        return _agreed(self, wrong)


class Roles(Model):
    """Which column plays which part. The treatment is told in one of four ways (DESIGN 4.2)."""

    unit: str | None = Field(None, description="Column that identifies a unit; omit for a repeated cross-section")
    time: str | None = Field(None, description="Column of the period; omit for a cross-section")
    time_grain: Grain | None = Field(None, description="Aggregate to this grain before estimating")
    time_format: str | None = Field(None, description="strptime format of a text time, such as %d.%m.%Y")
    treatment: str | None = Field(None, description="0/1 column; in a panel the first 1 dates the adoption")
    first_treated: str | None = Field(None, description="Column of the adoption period; empty, 0 or inf: never")
    treated_units: Annotated[tuple[str | int, ...], Strict(False)] = Field(
        (), description="Who was treated; needs design.launch"
    )
    group: str | None = Field(None, description="0/1 column: belongs to the treated group; needs design.launch")
    covariates: Texts = ()
    covariates_as_of: str | dict[str, str] | None = Field(
        None, description="Column of the time the covariates were measured, or a table { covariate = column }"
    )
    treated_at: str | None = Field(None, description="Column of the time of the treatment; empty: untreated")
    cluster: str | None = None
    weights: str | None = None
    segments: Texts = ()

    @model_validator(mode="after")
    def _one_treatment(self) -> Self:
        ways = [k for k in ("treatment", "first_treated", "treated_units", "group") if getattr(self, k)]
        if len(ways) != 1:
            said = f"{', '.join(ways)} given" if ways else "none given"
            message = f"say who was treated in one way: treatment, first_treated, treated_units or group ({said})"
            raise Contradiction((message, (ways[1],) if ways else ()))
        wrong: list[Wrong] = self._stamps()
        way = ways[0]
        if self.time is None and way in ("first_treated", "treated_units"):
            wrong.append((f"`{way}` needs `time`", (way,)))
        if self.unit is None and way == "treated_units":
            wrong.append((f"`{way}` needs `unit`", (way,)))
        if self.unit is None and self.time is not None and way == "treatment":
            message = (
                "`treatment` by row needs `unit`; in a repeated cross-section use `group` and design.launch, "
                "or `first_treated`"
            )
            wrong.append((message, (way,)))
        return _agreed(self, wrong)

    def _stamps(self) -> list[Wrong]:
        """What is wrong with the times of covariates and treatment."""
        wrong: list[Wrong] = []
        said = self.covariates_as_of
        if said is not None and self.treated_at is None:
            wrong.append(("`covariates_as_of` needs `treated_at`, the time of the treatment", ("covariates_as_of",)))
        if said is None and self.treated_at is not None:
            wrong.append(("`treated_at` is compared with `covariates_as_of`, which is missing", ("treated_at",)))
        if said is not None and self.time is not None:
            message = "`covariates_as_of` is for a cross-section: in a panel the period dates the covariates"
            wrong.append((message, ("covariates_as_of",)))
        unknown = [c for c in said if c not in self.covariates] if isinstance(said, dict) else []
        wrong += [(f"`{c}` is dated and is not among the covariates", ("covariates_as_of", c)) for c in unknown]
        if isinstance(said, str) and not self.covariates:
            wrong.append(("there are no covariates that `covariates_as_of` could date", ("covariates_as_of",)))
        return wrong


Window = Annotated[tuple[Moment, Moment], Strict(False)]


class DesignSpec(Model):
    """The estimand and the windows."""

    estimand: Literal["att", "ate"] = "att"
    launch: Moment | None = Field(None, description="First treated period, where no column says it")
    pre: Window | None = Field(None, description="First and last pre-period used")
    post: Window | None = Field(None, description="First and last post-period used")
    washout: int = Field(0, ge=0, description="Periods after the launch left out of the headline")
    anticipation: int = Field(0, ge=0, description="Periods before the launch that may already react")
    on_off: bool = Field(False, description="The treatment may switch off again: only two-way references are estimated")
    population: str = ""
    contrast: str = ""
    graph: str = Field("", description="A causal graph, a .dot or .gml file: its nodes are the data's columns")


class EventSpec(Model):
    """Another launch, or an incident."""

    name: str
    start: Moment
    end: Moment | None = None
    affects: Texts = ()


class Size(Model):
    """A size of effect, absolute in the metric's units or relative to the counterfactual."""

    absolute: float | None = Field(None, gt=0)
    relative: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.absolute is None) == (self.relative is None):
            raise Contradiction(("give `absolute` or `relative`, one of the two", ()))
        return self


MetricKind = Literal["mean", "proportion", "ratio", "count", "duration", "prevalence", "quantile"]


_LOG_WORDS = re.compile(r"^(log|ln)[ _(]|[ _](log|ln)$|\blogarithm|\blog of\b|[(,] ?logs?\)", re.IGNORECASE)


class MetricSpec(Model):
    """One metric."""

    name: Identifier
    role: Literal["primary", "secondary", "guardrail", "negative_control"] | None = Field(
        None, description="Default: primary for the first metric when none says so, else secondary"
    )
    kind: MetricKind = "mean"
    column: str | None = Field(None, description="Column of a mean, proportion or count; default: the name")
    numerator: str | None = None
    denominator: str | None = None
    start: str | None = Field(None, description="Start column of a duration")
    end: str | None = Field(None, description="End column of a duration; empty: not over yet")
    horizon: float | None = Field(None, gt=0, description="Horizon of a duration, in days")
    better: Literal["higher", "lower"] | None = Field(
        None, description="Which direction is good; without it there is no recommendation"
    )
    min_effect: Size | None = Field(None, description="Smallest change that would matter")
    margin: Size | None = Field(None, description="Guardrails: largest harm that is acceptable")
    log: bool | Literal["taken"] = Field(False, description='Analyse the logarithm; "taken": the column is one already')
    label: str = ""
    units: str = Field(
        "", description='As in text, such as minutes; "%" tells a ratio as a share, in percentage points'
    )
    description: str = ""

    @property
    def in_logs(self) -> bool:
        """Whether the outcome as it is analysed is a logarithm."""
        return self.log is not False

    @property
    def reads_like_log(self) -> bool:
        """Whether its words say that it is a logarithm, and `log` says nothing."""
        words = (self.name, self.column or "", self.label, self.units)
        return "log" not in self.model_fields_set and any(_LOG_WORDS.search(w) for w in words)

    @model_validator(mode="after")
    def _columns(self) -> Self:
        needed = {"ratio": ("numerator", "denominator"), "duration": ("start", "end", "horizon")}.get(self.kind, ())
        missing = [k for k in needed if getattr(self, k) is None]
        wrong: list[Wrong] = []
        if missing:
            wrong.append((f"kind `{self.kind}` needs {', '.join(f'`{k}`' for k in missing)}", ()))
        taken = ("numerator", "denominator", "start", "end", "horizon", *(("column",) if needed else ()))
        extra = [k for k in taken if k not in needed and getattr(self, k) is not None]
        wrong += [(f"kind `{self.kind}` takes no `{k}`", (k,)) for k in extra]
        if self.margin is not None and self.role != "guardrail":
            message = "`margin` is for guardrails; a primary or secondary metric takes `min_effect`"
            wrong.append((message, ("margin",)))
        return _agreed(self, wrong)


class EstimatorSpec(Model):
    """One estimator. Further keys are the method's own options, checked by the method."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)

    method: str = Field(description="Registry name: `causal-eval estimators` lists them")
    name: Identifier | None = Field(None, description="Name of the analysis; default: the method")
    role: Literal["primary", "robustness", "reference"] | None = Field(
        None, description="Default: primary for the first, robustness for the others"
    )

    @property
    def options(self) -> dict[str, Any]:
        """The method's own options as written."""
        return dict(self.model_extra or {})


class DiagnosticsSpec(Model):
    """Which checks run, and which of them gate."""

    skip: Texts = Field((), description="Checks not to run; the report says so")
    gates: Texts = Field(("pre_trends", "placebo_in_time", "clusters", "graph_adjustment"),
                                   description="Checks whose `fail` closes the gate (exit code 5)")  # fmt: skip
    alpha: float = Field(0.05, gt=0, lt=1, description="Level of the checks' tests")
    cf_y: float = Field(
        0.03, ge=0, lt=1, description="Share of the outcome's remaining variance that something unmeasured may explain"
    )
    cf_d: float = Field(0.03, ge=0, lt=1, description="The same of the treatment's")
    rho: float = Field(
        1.0, gt=0, le=1, description="How far its ways to outcome and treatment go together; 1 is the worst case"
    )
    benchmarks: Texts = Field((), description="Covariates to leave out one at a time as yardsticks of that strength; "
                                              "default: all, where that is cheap")  # fmt: skip


class RobustnessSpec(Model):
    """The grid of variations, fixed before results."""


class DecisionSpec(Model):
    """The decision rule: superiority of the primary metric, non-inferiority of the guardrails."""

    require_min_effect: bool = Field(True, description="Ship only when the estimate reaches min_effect")
    require_guardrails: bool = Field(True, description="Ship only when every guardrail is shown non-inferior")
    require_robustness: bool = Field(False, description="Ship only when the checks do not call the headline weak")


class PrivacySpec(Model):
    """Disclosure control."""

    min_cell: int = Field(11, ge=1, description="Counts of people below this are suppressed")
    unit_is_person: bool = Field(False, description="Units are people: never name one in an output")


class ReportSpec(Model):
    """The write-up."""

    formats: Annotated[tuple[Literal["html", "md", "pdf", "docx", "pptx"], ...], Strict(False)] = Field(
        ("html", "md"), description="pdf, docx and pptx need the extras [pdf], [docs] and [slides]"
    )
    audience: Literal["launch-review", "exec", "technical", "policy"] = "launch-review"
    status: Literal["draft", "final"] = "draft"
    limitations: Texts = Field((), description="Further limitations, in the author's words")
    paper: Literal["a4", "letter"] = Field("a4", description="Paper of pdf and docx")
    template_docx: str = Field("", description="A .docx whose styles, header and footer the write-up takes")
    template_pptx: str = Field("", description="A .pptx whose theme and layouts the slides take")


class StudySpec(Model):
    """A whole study.toml (schema_version = 1)."""

    schema_version: Literal[1]
    extends: Texts = Field((), description="Files merged below this one; later wins")
    study: Study
    data: Data
    roles: Roles
    design: DesignSpec = DesignSpec()
    events: Annotated[tuple[EventSpec, ...], Strict(False)] = ()
    metrics: Annotated[tuple[MetricSpec, ...], Strict(False)] = Field(min_length=1)
    estimators: Annotated[tuple[EstimatorSpec, ...], Strict(False)] = Field(min_length=1)
    diagnostics: DiagnosticsSpec = DiagnosticsSpec()
    robustness: RobustnessSpec = RobustnessSpec()
    decision: DecisionSpec = DecisionSpec()
    privacy: PrivacySpec = PrivacySpec()
    report: ReportSpec = ReportSpec()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        wrong: list[Wrong] = []
        for table, names in (("metrics", [m.name for m in self.metrics]),
                             ("estimators", [e.name or e.method for e in self.estimators])):  # fmt: skip
            for i, name in enumerate(names):
                if name in names[:i]:
                    way_out = ": give each a `name`" if table == "estimators" else ""
                    wrong.append((f"two [[{table}]] are called `{name}`{way_out}", (table, i)))
        for table, roles in (("metrics", [m.role for m in self.metrics]),
                             ("estimators", [e.role for e in self.estimators])):  # fmt: skip
            primary = [i for i, role in enumerate(roles) if role == "primary"]
            wrong += [(f'only one of [[{table}]] may have role = "primary"', (table, i, "role")) for i in primary[1:]]
        if all(self.metric_role(m) != "primary" for m in self.metrics):
            wrong.append(('one of [[metrics]] needs role = "primary"', ("metrics", 0)))
        way = "treated_units" if self.roles.treated_units else "group" if self.roles.group else None
        if self.roles.time is not None and way and self.design.launch is None:
            wrong.append((f"`{way}` needs `launch` in [design]", ("roles", way)))
        if self.design.on_off:
            if self.roles.treatment is None or self.roles.time is None or self.roles.unit is None:
                wrong.append(("`on_off` needs a panel with roles.treatment, 0/1 by row", ("design", "on_off")))
            said = {
                "time_grain": self.roles.time_grain,
                **{k: getattr(self.design, k) for k in ("pre", "post", "washout", "anticipation")},
            }
            wrong += [(f"`on_off` takes no `{k}`: the coefficient is of all rows as they are",
                       ("roles" if k == "time_grain" else "design", k)) for k, v in said.items() if v]  # fmt: skip
        return _agreed(self, wrong)

    def metric_role(self, metric: MetricSpec) -> Literal["primary", "secondary", "guardrail", "negative_control"]:
        """The role of a metric, with the default filled in."""
        if metric.role is not None:
            return metric.role
        first_free = next(m for m in self.metrics if m.role is None)
        none_said = all(m.role != "primary" for m in self.metrics)
        return "primary" if none_said and metric is first_free else "secondary"

    def analysis_role(self, position: int) -> Literal["primary", "robustness", "reference"]:
        """The role of the estimator at ``position``, with the default filled in."""
        said = self.estimators[position].role
        if said is not None:
            return said
        none_said = all(e.role != "primary" for e in self.estimators)
        return "primary" if none_said and position == 0 else "robustness"
