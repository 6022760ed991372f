"""A check that another package brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic


class EnoughRows:
    """Are there a hundred rows?"""

    info: ClassVar[CheckInfo] = CheckInfo(
        "enough_rows", "valid_inference", "Are there a hundred rows?", "Collect more rows."
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """Pass from a hundred rows on."""
        n = fitted.estimate.sample.n_rows
        return diagnostic(self.info, "pass" if n >= 100 else "warn", f"{n} rows.", statistic=float(n), threshold=100.0)


plugin: type[Check] = EnoughRows
