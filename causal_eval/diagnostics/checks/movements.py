"""Do the treated move more than the donors whose movements tell the error?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict


class Movements:
    """The treated path's size along the donors' first principal component before the launch, beside theirs."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "movements",
        "valid_inference",
        "Do the treated move like the donors whose errors stand for theirs?",
        "A treated unit that moves more than the donors misses by more than they do, so errors read off donors or off calm periods "
        "may be too small: read the interval as too narrow, and rank RMSPE ratios (synthetic_control, placebo) beside it.",
        only=("donors_span",),
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """The share of donors that move at least as much."""
        import numpy as np

        from causal_eval.data.contract import Panel
        from causal_eval.inference.movements import movements

        if not isinstance(fitted.data, Panel) or not hasattr(fitted.estimator, "pool"):
            return diagnostic(self.info, "not_run", "The estimator has no donors.")
        pool = fitted.estimator.pool(fitted.data, fitted.design)
        cohort = max(pool.cohorts, key=lambda c: c.size)
        donors = pool.donors[cohort.pre]
        donors = donors[:, np.isfinite(donors).all(axis=0)]
        if donors.shape[1] < 2 or len(donors) < 2:
            return diagnostic(self.info, "not_run", "Two donors and two periods before the launch are needed.")
        sizes = movements(np.column_stack([cohort.path[cohort.pre], donors]))
        if not np.isfinite(sizes).all() or not sizes[1:].max() > 0:
            return diagnostic(self.info, "not_run", "No donor varies before the launch.")
        as_large = int((sizes[1:] >= sizes[0] * (1 - 1e-9)).sum())
        n, share = donors.shape[1], float((sizes[1:] >= sizes[0] * (1 - 1e-9)).mean())
        reading = (
            f"Along what moves the donors most before the launch, {as_large} of {n} move at least as much as the treated, "
            f"who move {num(float(sizes[0] / np.median(sizes[1:])))} times as much as the median donor"
        )
        verdict: Verdict = "pass"
        if share < thresholds.movements_share:
            if _by_ratio(fitted):
                reading += "; ranks of RMSPE ratios measure each unit by its own fit, and allow for that"
            else:
                verdict = "warn"
                reading += (
                    ". Errors of donors, or of other periods, may then be too small for them: 95% intervals covered 84% to 92% in "
                    "simulated panels whose treated unit moved most with what all share"
                )
        return diagnostic(
            self.info,
            verdict,
            reading + ".",
            statistic=share,
            statistic_name="share of donors that move as much",
            threshold=thresholds.movements_share,
            details={"as_large": as_large, "donors": n},
        )


def _by_ratio(fitted: Fitted) -> bool:
    """Whether the p-value ranks gaps after the launch in units of those before."""
    d = fitted.estimate.details
    return d.get("inference") == "placebo" and "placebo_group" not in d and "zeta" not in d


plugin: type[Check] = Movements
