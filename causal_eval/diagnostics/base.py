"""What a check is, and the fitted estimate it looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from causal_eval.plugins import Registry
from causal_eval.results.types import Diagnostic, Json, Verdict

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import CrossSection, Panel
    from causal_eval.design.design import Design
    from causal_eval.design.graph_study import StudyGraph
    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Estimate

CHECKS = Registry("causal_eval.diagnostics.checks")


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """What a check is about: its name, the assumption it speaks to, its question, and what to do when it fails.

    Attributes:
        also: other assumptions it speaks to, of estimators that do not make the first.
        only: it runs for estimators that make one of these; default: one of the assumptions it speaks to.
        methods: registry names of the only estimators it has something to say about; empty for all.
    """

    name: str
    assumption: str
    question: str
    breaks: str
    also: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()

    def runs_for(self, assumptions: tuple[str, ...], method: str = "") -> bool:
        """Whether the check says something about an estimator that makes these assumptions, and is called ``method``.

        Only assumptions that identify an effect tell estimators apart; what speaks to another one always runs.
        """
        from causal_eval.design.assumptions import IDENTIFYING

        if self.methods and method and method not in self.methods:
            return False
        spoken = self.only or (self.assumption, *self.also)
        return any(a in assumptions or a not in IDENTIFYING for a in spoken)

    def about(self, assumptions: tuple[str, ...]) -> str:
        """Which of them it speaks to."""
        return next((a for a in (self.assumption, *self.also) if a in assumptions), self.assumption)


def _nothing(line: str) -> None:
    """Nobody is told."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """An estimate with what made it, so that a check can make it again on other data or another design."""

    data: Panel | CrossSection
    design: Design
    estimator: Any
    estimate: Estimate
    graph: StudyGraph | None = None
    """The study's causal graph, where it names one."""
    say: Callable[[str], None] = _nothing
    """Told how far a check that refits is."""

    def having(self, **options: object) -> Fitted:
        """The same estimator with those of ``options`` that it has."""
        fields = getattr(type(self.estimator), "model_fields", {})
        changed = {k: v for k, v in options.items() if k in fields}
        return replace(self, estimator=self.estimator.model_copy(update=changed)) if changed else self

    def headline_only(self) -> Fitted:
        """The same estimator without its event study, which no headline depends on: many refits in a fraction of the time."""
        return self.having(event_study=False)

    def again(self, data: Panel | CrossSection, design: Design, *, rng: np.random.Generator) -> Estimate:
        """The same estimator on ``data`` under ``design``; what it only searches once stays as the headline found it."""
        from causal_eval.data.contract import Panel

        held = getattr(self.estimator, "held_at", None)
        model = self.estimator if held is None else held(self.estimate)
        if isinstance(data, Panel) and data.segments:
            data = replace(data, segments=())  # A check looks at the headline.
        estimate: Estimate = model.estimate(data, design, rng=rng)
        return estimate


class Check(Protocol):
    """One check. ``metric`` and ``analysis`` of the diagnostic are put on by the study."""

    info: ClassVar[CheckInfo]

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """The verdict with its reading; ``not_run`` with the reason when it cannot speak."""
        ...


INAPPLICABLE: dict[str, Json] = {"applies": False}
"""Details of a check that asks what this kind of data cannot have: not run, and no threat either."""


def diagnostic(
    info: CheckInfo,
    verdict: Verdict,
    reading: str,
    *,
    statistic: float | None = None,
    statistic_name: str = "",
    threshold: float | None = None,
    p_value: float | None = None,
    details: dict[str, Json] | None = None,
) -> Diagnostic:
    """A diagnostic of ``info``, its metric and analysis still empty."""
    return Diagnostic(
        check=info.name,
        metric="",
        analysis="",
        assumption=info.assumption,
        verdict=verdict,
        reading=reading,
        question=info.question,
        breaks=info.breaks,
        statistic=statistic,
        statistic_name=statistic_name,
        threshold=threshold,
        p_value=p_value,
        details=details or {},
    )


def placed(found: Diagnostic, *, metric: str, analysis: str, gate: bool, assumption: str = "") -> Diagnostic:
    """``found`` with its identity, and the assumption it speaks to here where that is another."""
    return replace(found, metric=metric, analysis=analysis, gate=gate, assumption=assumption or found.assumption)
