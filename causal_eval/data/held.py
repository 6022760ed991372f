"""A cross-section whose rows are arrays already: what a check makes an estimate on again, without going to the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from causal_eval.data.contract import Arrays, CrossSection

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, kw_only=True)
class HeldRows(CrossSection):
    """Rows in the order they are given, which stands for the order of units."""

    held: Arrays
    labels: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    con: Any = field(default=None, repr=False)
    table: Any = field(default=None, repr=False)

    @classmethod
    def of(
        cls, like: Any, held: Arrays, covariates: tuple[str, ...], labels: Mapping[str, NDArray[np.str_]]
    ) -> HeldRows:
        """Rows ``held`` with the roles of ``like``, a panel or a cross-section. A logarithm has been taken already."""
        return cls(
            held=held,
            labels=labels,
            metric=like.metric.model_copy(update={"log": "taken" if like.metric.in_logs else False}),
            roles=like.roles,
            covariates=covariates,
            segments=tuple(labels),
            has_units=True,
            has_weights=held.weight is not None,
            has_clusters=held.cluster is not None,
            additive=like.additive,
        )

    def arrays(self) -> Arrays:
        """The rows as they were given."""
        return self.held

    def segment_labels(self) -> dict[str, NDArray[np.str_]]:
        """The labels as they were given."""
        return dict(self.labels)

    def frame(self) -> pd.DataFrame:
        """The rows as a frame with the columns of a cross-section."""
        frame: pd.DataFrame = self._rows.to_pandas()
        return frame

    @cached_property
    def n_rows(self) -> int:
        """How many rows there are."""
        return len(self.held.outcome)

    @cached_property
    def _rows(self) -> Any:
        import numpy as np
        import pyarrow as pa

        a = self.held
        columns: dict[str, Any] = {"unit": np.arange(len(a.outcome)), "treated": a.treated, "outcome": a.outcome}
        columns |= {f"x_{i}": a.X[:, i] for i in range(a.X.shape[1])}
        if a.weight is not None:
            columns["weight"] = a.weight
        if a.cluster is not None:
            columns["cluster"] = a.cluster
        columns |= {f"seg_{i}": self.labels[s] for i, s in enumerate(self.segments)}
        return pa.table(columns)
