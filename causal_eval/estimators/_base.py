"""What an estimator is: a frozen model whose fields are its options, a card of capabilities, and one verb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from causal_eval.plugins import Registry

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import CrossSection, Panel
    from causal_eval.design.design import Design
    from causal_eval.results.types import Estimate

DataKind = Literal["panel", "repeated cross-section", "cross-section"]
Adoption = Literal["block", "staggered", "none"]

ESTIMATORS = Registry("causal_eval.estimators")


@dataclass(frozen=True, slots=True)
class Info:
    """What an estimator can do and what it rests on.

    Attributes:
        name: registry name, also the file's.
        title: its name in prose.
        summary: one sentence a reviewer understands.
        data: kinds of data it takes.
        estimands: what it estimates.
        adoptions: rollouts it is right for.
        assumptions: names from :mod:`causal_eval.design.assumptions`.
        min_pre_periods, min_controls: the least it needs.
        covariates: whether it adjusts for covariates.
        headline: whether it may be the primary analysis.
        reference: the paper, with its equation.
    """

    name: str
    title: str
    summary: str
    data: frozenset[DataKind]
    estimands: frozenset[str]
    adoptions: frozenset[Adoption]
    assumptions: tuple[str, ...]
    min_pre_periods: int = 0
    min_controls: int = 1
    covariates: bool = False
    headline: bool = True
    reference: str = ""


class Options(BaseModel):
    """Options every estimator has. Subclasses add theirs as fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    level: float = Field(0.95, gt=0.5, lt=1, description="Level of the confidence intervals")
    seed: int = Field(0, ge=0, description="Seed of its random draws; the study's seed unless given")
    jobs: int = Field(1, ge=1, description="Processes it may use; results do not depend on it")

    def generator(self, rng: np.random.Generator | None) -> np.random.Generator:
        """``rng``, or a generator from the ``seed`` option."""
        import numpy as np

        return np.random.default_rng(self.seed) if rng is None else rng


D = TypeVar("D", bound="Panel | CrossSection", contravariant=True)


class Estimator(Protocol[D]):
    """One pure method: nothing to call first, nothing left behind, twice gives twice the same."""

    info: ClassVar[Info]

    def estimate(self, data: D, design: Design | None = None, *, rng: np.random.Generator | None = None) -> Estimate:
        """The estimate. Raises EstimatorRefusal when the design or the data does not fit, with the reason."""
        ...
