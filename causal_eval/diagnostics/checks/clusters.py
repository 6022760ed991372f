"""Are there enough independent clusters, treated and control, for the errors?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic
from causal_eval.diagnostics.words import num

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict


class Clusters:
    """Count clusters, and the treated among them."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "clusters",
        "valid_inference",
        "Are there enough independent clusters for the errors?",
        "With few clusters the usual errors are too small: permute who was treated, or find a finer independent unit.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """Pass from ``clusters_enough`` up; a warning below; a fail where too few clusters carry the errors all the same."""
        from causal_eval.data.contract import Panel
        from causal_eval.inference.few_clusters import ClusterCount

        sample = fitted.estimate.sample
        n, treated = sample.n_clusters, sample.n_treated_clusters
        details = fitted.estimate.details
        smallest, ranked = details.get("smallest_p"), details.get("placebo_n")
        if isinstance(smallest, float) and isinstance(ranked, int):
            return self._ranks(smallest, ranked, thresholds)
        if "single_donor_p" in details:
            return diagnostic(
                self.info,
                "not_run",
                "No groups of donors took the place of the treated units, so there are no assignments to count.",
            )
        if isinstance(fitted.data, Panel) and not fitted.data.has_units and not fitted.data.has_clusters:
            return diagnostic(
                self.info,
                "warn",
                f"{sample.n_rows:,} rows are taken as independent. If the launch was decided for groups of them (sites, states), "
                "name the groups as roles.cluster: without that intervals can be several times too narrow.",
                statistic=float(sample.n_rows),
                statistic_name="rows",
                threshold=float(thresholds.clusters_enough),
            )
        if n is None:
            return diagnostic(
                self.info,
                "pass",
                "Rows are independent units here: nothing is clustered.",
                statistic=float(sample.n_units),
                statistic_name="rows",
                threshold=float(thresholds.clusters_enough),
            )
        control = sample.n_control_clusters
        if control is None and treated is not None:
            control = n - treated
        said = f"{n:,} clusters"
        if treated is not None and control is not None:
            within = treated + control > n
            said += (
                f", {treated:,} with treated and {control:,} with untreated units"
                if within
                else f", {treated:,} of them treated"
            )
        other = "randomisation" in fitted.estimate.inference or "wild" in fitted.estimate.inference
        smaller = n if treated is None or control is None else min(treated, control)
        few = n < thresholds.clusters_few
        if treated is not None and control is not None:
            few = few or ClusterCount(n, treated, control, treated + control == n).few
        lopsided = smaller < thresholds.smaller_group and 4 * smaller < n
        if few and not other:
            verdict: Verdict = "fail"
            tail = "too few for clustered errors, and no other procedure could be used."
        elif few:
            verdict = "warn"
            tail = f"too few for clustered errors, so p-values and intervals are by {fitted.estimate.inference}."
        elif n < thresholds.clusters_enough or lopsided:
            verdict = "warn"
            tail = "on the low side for clustered errors: intervals may be somewhat too narrow."
        else:
            verdict = "pass"
            tail = "enough for clustered errors."
        return diagnostic(
            self.info,
            verdict,
            f"{said}: {tail}",
            statistic=float(n),
            statistic_name="clusters",
            threshold=float(thresholds.clusters_enough),
        )

    def _ranks(self, smallest: float, n: int, thresholds: Thresholds) -> Diagnostic:
        """Where donors take the treated units' place, their number is what limits the p-value."""
        enough = smallest <= thresholds.alpha
        tail = (
            "fine enough for the level asked for"
            if enough
            else "so no effect, however large, can be told from zero by them"
        )
        return diagnostic(
            self.info,
            "pass" if enough else "warn",
            f"{n:,} assignments to rank among: the smallest p-value they can give is {num(smallest)}, {tail}.",
            statistic=smallest,
            statistic_name="smallest p-value",
            threshold=thresholds.alpha,
        )


plugin: type[Check] = Clusters
