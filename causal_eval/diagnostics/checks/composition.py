"""Is the same set of units measured before and after, in both groups?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import INAPPLICABLE, Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num, p_text

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.data.contract import Panel
    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Json, Verdict


class Composition:
    """Missing cells by group, before and after, and covariates that move with the launch; without units the cohorts' sizes."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "composition",
        "stable_composition",
        "Is the same set of units measured before and after, in both groups?",
        "If units enter or leave because of the launch, the change in who is measured is counted as effect.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """Difference-in-differences of the share of missing unit-period cells; then the covariates that change over time."""
        import numpy as np

        from causal_eval.data.contract import Panel
        from causal_eval.design.block import adoption
        from causal_eval.diagnostics.covariates_after import covariates_after

        data = fitted.data
        if not isinstance(data, Panel):
            return diagnostic(self.info, "not_run", "There is no before and after in this data.", details=INAPPLICABLE)
        starts = adoption(data, fitted.design)
        if not starts:
            return diagnostic(self.info, "not_run", "No launch inside the data.")
        if not data.has_units:
            return self._rows(fitted, data, thresholds, rng)
        start = starts[0]
        keep = np.array([fitted.design.keeps(t, start) for t in data.axis.ordinals])
        post = np.array([t >= start for t in data.axis.ordinals])
        wide = data.wide()
        missing = ~np.isfinite(wide.outcome)
        treated = np.isfinite(wide.start) & (wide.start <= data.axis.ordinals[-1])
        share = {
            (g, p): float(missing[treated == g][:, keep & (post == p)].mean())
            for g in (True, False)
            for p in (True, False)
        }
        gap = (share[True, True] - share[True, False]) - (share[False, True] - share[False, False])
        total = float(missing[:, keep].mean())
        after = covariates_after(fitted, data, thresholds.alpha, rng=rng)
        moved = abs(gap) > thresholds.missing_gap
        verdict: Verdict = "warn" if moved or total > thresholds.missing_cells or after.harm else "pass"
        reading = (
            "Every unit is measured in every period."
            if total == 0
            else f"{total:.1%} of unit-period cells are missing (treated {share[True, False]:.1%} before and "
            f"{share[True, True]:.1%} after, control {share[False, False]:.1%} and {share[False, True]:.1%}); "
            + ("the groups changed differently." if moved else "the groups changed alike.")
        )
        details: dict[str, Json] = {"share_missing": total} if total else {}
        if after.tested:
            details["covariates"] = [
                {"covariate": e.covariate, "value": e.value, "p_value": e.p_value} for e in after.tested
            ]
        return diagnostic(
            self.info,
            verdict,
            reading + after.said,
            statistic=gap if total else 0.0,
            threshold=thresholds.missing_gap,
            statistic_name="change in missing cells, treated less control",
            details=details,
        )

    def _rows(self, fitted: Fitted, data: Panel, thresholds: Thresholds, rng: np.random.Generator) -> Diagnostic:
        """Without units: shares of the rows, and the study's own estimator on each covariate."""
        from causal_eval.diagnostics.rows_composition import covariate_effects, shares

        sizes = shares(data, fitted.design)
        if not sizes:
            return diagnostic(self.info, "not_run", "No cohort has rows before and after its adoption to compare.")
        widest = max(sizes, key=lambda s: abs(s.moved))
        moved = [s for s in sizes if abs(s.moved) > max(3 * s.error, thresholds.missing_gap)]
        who = "The treated group" if len(sizes) == 1 else f"The cohort {widest.cohort}"
        most = "" if len(sizes) == 1 else f", the largest change of {len(sizes)} cohorts"
        said = f"{who} is {widest.before:.1%} of the rows before and {widest.after:.1%} after{most}: "
        said += "the share moved, so who is measured may have changed." if moved else "about the same share."
        effects, refused = covariate_effects(fitted, data, rng=rng)
        tested = [(e.p_value, e) for e in effects if e.p_value is not None]
        least, p = None, None
        if tested:
            smallest, least = min(tested, key=lambda q: q[0])
            p = min(1.0, smallest * len(tested))
            many = "" if len(tested) == 1 else f", allowing for {len(tested)} covariates"
            said += (
                f" With a covariate in the outcome's place the clearest estimate is {num(least.value)}, of "
                f"`{least.covariate}` ({p_text(p)}{many}): "
                + ("who is measured changed with the launch." if p < thresholds.alpha else "no sign of other people.")
            )
        elif not data.covariates:
            said += " No covariates are named that would show a change in who they are."
        if refused:
            said += f" Not estimated: {', '.join(refused)}."
        shifted = p is not None and p < thresholds.alpha
        return diagnostic(
            self.info,
            "warn" if moved or shifted else "pass",
            said,
            statistic=widest.moved,
            statistic_name="change in the treated group's share of rows",
            threshold=thresholds.missing_gap,
            p_value=p,
            details={
                "cohorts": [{"cohort": s.cohort, "before": s.before, "after": s.after} for s in sizes],
                "covariates": [{"covariate": e.covariate, "value": e.value, "p_value": e.p_value} for e in effects],
            },
        )


plugin: type[Check] = Composition
