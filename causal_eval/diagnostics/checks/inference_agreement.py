"""Do ranks among units and shifts in time tell the same story?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import p_text

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict


class InferenceAgreement:
    """The p-value by placebo units beside the one by shifts in time."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "inference_agreement",
        "valid_inference",
        "Do tests by units and by time agree?",
        "Time-based tests take the noise of the treated series as steady; unit-based ones take the treated units as chosen like any "
        "other. Where they part, rely on the one whose assumption you can defend, and show both.",
        only=("donors_span",),
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """Whether both fall on one side of the level."""
        d = fitted.estimate.details
        units, time = d.get("placebo_p"), d.get("conformal_p")
        if not isinstance(units, float) or not isinstance(time, float):
            return diagnostic(self.info, "not_run", "One of the two tests is not there for this estimate.")
        a = thresholds.alpha
        agree = (units < a) == (time < a)
        n, shifts = d.get("placebo_n"), d.get("conformal_n")
        who = f"groups of {m} units" if (m := d.get("placebo_group")) else "units"
        reading = f"Ranked among {n} {who} {p_text(units)}; shifted in time, {shifts} periods, {p_text(time)}: " + (
            "both tests tell the same." if agree else "the two disagree, so the answer hangs on which is believed."
        )
        verdict: Verdict = "pass" if agree else "warn"
        return diagnostic(
            self.info, verdict, reading, statistic=units - time, statistic_name="difference of the p-values", threshold=a,
            details={"units": units, "time": time},
        )  # fmt: skip


plugin: type[Check] = InferenceAgreement
