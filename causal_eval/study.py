"""A study from its spec to its result: the walk, on one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causal_eval.errors import CausalEvalError, EstimatorRefusal, UsageError, suggest
from causal_eval.results.types import Diagnostic, Estimate, Failure, Finding, StudyResult

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from causal_eval.data.contract import CrossSection, Panel
    from causal_eval.design.design import Design
    from causal_eval.diagnostics.base import Fitted
    from causal_eval.plan import Analysis, Plan
    from causal_eval.results.types import MetricInfo
    from causal_eval.spec.models import StudySpec

Progress = Callable[[str], None]


def run(
    spec: str | Path | Mapping[str, Any] | StudySpec,
    *,
    frame: pd.DataFrame | None = None,
    seed: int | None = None,
    only: str | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> StudyResult:
    """Run a study.

    Args:
        spec: a study.toml, the same as a mapping, or a :class:`~causal_eval.spec.models.StudySpec`.
        frame: rows to use instead of ``data.source``. It is not written to.
        seed: overrides ``study.seed``.
        only: the name of the one analysis to run.
        jobs: processes an estimator may use; results do not depend on it.
        progress: called with a line before each long step.

    Raises:
        SpecError: the spec is invalid. DataError: the data is missing or breaks its contract.
        PrivacyError: fewer people than ``privacy.min_cell``. UsageError: ``only`` names no analysis.
    """
    from functools import partial

    from causal_eval.data.connect import open_source
    from causal_eval.data.segments import below
    from causal_eval.data.shape import check_expectations, shape
    from causal_eval.data.stamps import refuse_late
    from causal_eval.decision.rule import decide
    from causal_eval.describe import (
        design_info,
        identification,
        lineage,
        metric_infos,
        provenance,
        question,
        study_events,
    )
    from causal_eval.design.design import Design
    from causal_eval.diagnostics.negative_controls import negative_controls
    from causal_eval.diagnostics.restricted_means import with_restricted_means
    from causal_eval.plan import read_study
    from causal_eval.spec.plan_lock import plan_lock, read_lock
    from causal_eval.spec.read import placed

    say = progress or (lambda line: None)
    document, study, plan = read_study(_with_frame(spec) if frame is not None else spec)
    lockings = read_lock(document)
    analyses = _chosen(plan, only, seed, jobs)
    base_seed = study.study.seed if seed is None else seed

    say("reading the data")
    source = open_source(study.data, base=document.path.parent, frame=frame)
    check_expectations(source, study.data.expect)
    if plan.graph is not None:
        plan.graph.require(source.columns)
    with placed(document):
        dated = refuse_late(source, study.roles)
    metrics = metric_infos(study)
    findings: list[Finding] = []
    diagnostics: list[Diagnostic] = []
    data: Panel | CrossSection | None = None
    for info, metric in zip(metrics, study.metrics, strict=True):
        say(f"{info.label}: shaping")
        shaped = partial(
            shape,
            source,
            study.roles,
            metric,
            study.design,
            fixed_effects=plan.fixed_effects,
            predictors=plan.predictors,
            as_of=study.data.as_of,
            graph=() if plan.graph is None else plan.graph.columns,
        )
        here = shaped()
        _guard_privacy(here, study)
        data = data if data is not None and info.role != "primary" else here
        design = Design.of(study.design, getattr(here, "axis", None))
        small = below(here, study.privacy.min_cell) if study.privacy.unit_is_person and here.segments else ()
        for analysis in analyses:
            say(f"{info.label}: {analysis.name}")
            fresh = partial(generator, base_seed, info.name, analysis.name)
            finding, fitted = _analyse(here, design, analysis, plan, metric=info, rng=fresh(), say=say, small=small)
            if metric.kind == "duration" and fitted is not None and finding.role == "primary":
                finding = with_restricted_means(finding, fitted, shaped, fresh)
            told = info.role == "primary" and not study.privacy.unit_is_person
            findings.append(finding if told else without_contributions(finding))
            if fitted is not None and finding.role == "primary":
                for check in plan.checks:
                    if not check.info.runs_for(analysis.estimator.info.assumptions, analysis.method):
                        continue
                    say(f"{info.label}: checking {check.info.name.replace('_', ' ')}")
                    rng = generator(base_seed, info.name, analysis.name, check.info.name)
                    diagnostics.append(
                        _check(check, fitted, plan, info.name, analysis.name, info.role == "primary", rng)
                    )
    assert data is not None
    diagnostics += negative_controls(metrics, findings, plan.thresholds)
    return StudyResult(
        question=question(study),
        design=design_info(data, study),
        metrics=metrics,
        findings=tuple(findings),
        diagnostics=tuple(diagnostics),
        decision=decide(metrics, findings, diagnostics, study.decision, gates=plan.gates),
        lineage=lineage(source, data, study, dated),
        provenance=provenance(document, source, base_seed),
        events=study_events(study, data),
        identification=identification(study, plan),
        spec=study.model_dump(mode="json"),
        plan_lock=plan_lock(lockings, document, study, seed=base_seed, only=only, data_sha256=source.sha256),
    )


def _analyse(
    data: Panel | CrossSection,
    design: Design,
    analysis: Analysis,
    plan: Plan,
    *,
    metric: MetricInfo,
    rng: np.random.Generator,
    say: Progress,
    small: tuple[str, ...],
) -> tuple[Finding, Fitted | None]:
    """One estimator on one metric; a refusal or a failure is a finding too. Checks of the fit tell ``say`` how far they are.

    ``small``: segment columns that hold too few people to be shown.
    """
    from causal_eval.diagnostics.base import Fitted

    try:
        estimate = analysis.estimator.estimate(data, design, rng=rng)
    except EstimatorRefusal as e:
        said = Failure(e.code, e.message, e.hint, "refused")
        return Finding(metric.name, analysis.name, analysis.method, analysis.role, said), None
    except CausalEvalError as e:
        return Finding(
            metric.name, analysis.name, analysis.method, analysis.role, Failure(e.code, e.message, e.hint)
        ), None
    except (ArithmeticError, ValueError) as e:
        # numpy's LinAlgError and results that refuse NaN are ValueErrors: the analysis broke, the study goes on.
        said = Failure(
            "E410",
            f"{analysis.method} failed: {type(e).__name__}: {e}",
            "Check the metric for constant or extreme values; the other analyses are not affected.",
        )
        return Finding(metric.name, analysis.name, analysis.method, analysis.role, said), None
    if data.metric.reads_like_log:
        estimate = without_relative(estimate, data.metric.name)
    estimate = without_segments(estimate, small)
    # Two-way effects under staggered adoption are no average effect: shown, never the headline.
    role = "reference" if estimate.estimand == "twfe" else analysis.role
    finding = Finding(metric.name, analysis.name, analysis.method, role, estimate)
    return finding, Fitted(
        data, design, analysis.estimator, estimate, plan.graph, lambda line: say(f"{metric.label}: {line}")
    )


def _check(
    check: Any, fitted: Fitted, plan: Plan, metric: str, analysis: str, primary: bool, rng: np.random.Generator
) -> Diagnostic:
    """One check; one that breaks says so, and is not a pass."""
    from causal_eval.diagnostics.base import diagnostic, placed

    try:
        found = check.check(fitted, plan.thresholds, rng=rng)
    except (CausalEvalError, ArithmeticError, ValueError) as e:
        reason = e.message if isinstance(e, CausalEvalError) else f"{type(e).__name__}: {e}"
        found = diagnostic(check.info, "not_run", f"{reason[0].upper()}{reason[1:]}.")
    return placed(
        found,
        metric=metric,
        analysis=analysis,
        gate=primary and check.info.name in plan.gates,
        assumption=check.info.about(fitted.estimator.info.assumptions),
    )


def without_relative(estimate: Estimate, metric: str) -> Estimate:
    """The estimate without relative effects: a share of a mean logarithm is no relative change of anything."""
    from dataclasses import replace

    note = (
        f"No relative effect: `{metric}` reads like a logarithm, and a share of a mean logarithm means nothing. Set "
        f'log = "taken" on the metric if it is one (the relative effect is then exp(effect) - 1), else log = false.'
    )
    effects = tuple(e for e in estimate.effects if e.scale != "relative")
    return replace(estimate, effects=effects, notes=(*estimate.notes, note))


def without_segments(estimate: Estimate, columns: tuple[str, ...]) -> Estimate:
    """The estimate without the effects by ``columns``, which hold too few people: one small segment hides them all.

    With the others shown, its count would be what is missing from the whole.
    """
    from dataclasses import replace

    starts = tuple(f"segment:{c}=" for c in columns)
    effects = tuple(e for e in estimate.effects if not e.aggregation.startswith(starts)) if starts else estimate.effects
    told = estimate.details.get("segments")
    if len(effects) == len(estimate.effects) and not isinstance(told, dict):
        return estimate
    details = dict(estimate.details)
    if isinstance(told, dict):
        details["segments"] = {c: v for c, v in told.items() if c not in columns}
    notes = tuple(
        f"No effects by {c}: one of its segments has fewer treated or untreated people than privacy.min_cell."
        for c in columns
    )
    return replace(estimate, effects=effects, details=details, notes=(*estimate.notes, *notes))


def without_contributions(finding: Finding) -> Finding:
    """The finding without what each donor adds to its counterfactual.

    Over a donor's weight that is the donor's own outcome, which no output holds of a person; of other metrics than the primary
    nothing shows it.
    """
    from dataclasses import replace

    if finding.estimate is None or "contributions" not in finding.estimate.details:
        return finding
    details = {k: v for k, v in finding.estimate.details.items() if k != "contributions"}
    return replace(finding, said=replace(finding.estimate, details=details))


def generator(seed: int, *names: str) -> np.random.Generator:
    """A generator that depends on the seed and the names of the step alone, not on the order of steps."""
    from zlib import crc32

    import numpy as np

    return np.random.default_rng([seed, *(crc32(n.encode()) for n in names)])


def _chosen(plan: Plan, only: str | None, seed: int | None, jobs: int) -> tuple[Analysis, ...]:
    from dataclasses import replace

    analyses = plan.analyses
    if only is not None:
        names = [a.name for a in analyses]
        if only not in names:
            raise UsageError("E610", f"no analysis is called `{only}`", hint=str(suggest(only, names)))
        one = next(a for a in analyses if a.name == only)
        analyses = (one if one.role == "reference" else replace(one, role="primary"),)
    settings: dict[str, Any] = {"jobs": jobs} | ({} if seed is None else {"seed": seed})
    known = [{k: v for k, v in settings.items() if k in type(a.estimator).model_fields} for a in analyses]  # type: ignore[attr-defined]
    return tuple(
        replace(a, estimator=a.estimator.model_copy(update=k))  # type: ignore[attr-defined]
        for a, k in zip(analyses, known, strict=True)
    )


def _guard_privacy(data: Panel | CrossSection, study: StudySpec) -> None:
    """Refuse to report on fewer people than ``privacy.min_cell``."""
    from causal_eval.errors import PrivacyError

    if not study.privacy.unit_is_person:
        return
    treated, control = data.group_sizes()
    if 0 < min(treated, control) < study.privacy.min_cell:
        raise PrivacyError(
            "E701",
            f"one of the groups has fewer than {study.privacy.min_cell} people (privacy.min_cell)",
            hint="Widen the population, or aggregate to a unit that is not a person.",
        )


def _with_frame(spec: str | Path | Mapping[str, Any] | StudySpec) -> Any:
    """A mapping without `data` is fine when a frame is given."""
    if isinstance(spec, Mapping) and "data" not in spec:
        return {**spec, "data": {"source": "frame"}}
    return spec
