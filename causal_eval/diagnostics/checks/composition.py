"""Is the same set of units measured before and after, in both groups?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import Check, CheckInfo, Fitted, diagnostic

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Verdict


class Composition:
    """Missing cells by group, before and after; in a repeated cross-section the groups' sizes."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "composition",
        "stable_composition",
        "Is the same set of units measured before and after, in both groups?",
        "If units enter or leave because of the launch, the change in who is measured is counted as effect.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """Difference-in-differences of the share of missing unit-period cells."""
        import numpy as np

        from causal_eval.data.contract import Panel
        from causal_eval.design.block import adoption

        data = fitted.data
        if not isinstance(data, Panel):
            return diagnostic(self.info, "not_run", "There is no before and after in this data.")
        starts = adoption(data, fitted.design)
        if not starts:
            return diagnostic(self.info, "not_run", "No launch inside the data.")
        start = starts[0]
        keep = np.array([fitted.design.keeps(t, start) for t in data.axis.ordinals])
        post = np.array([t >= start for t in data.axis.ordinals])
        if not data.has_units:
            return self._sizes(data, keep, post, thresholds)
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
        if total == 0:
            return diagnostic(
                self.info,
                "pass",
                "Every unit is measured in every period.",
                statistic=0.0,
                statistic_name="change in missing cells, treated less control",
                threshold=thresholds.missing_gap,
            )
        verdict: Verdict = "warn" if abs(gap) > thresholds.missing_gap or total > thresholds.missing_cells else "pass"
        reading = (
            f"{total:.1%} of unit-period cells are missing (treated {share[True, False]:.1%} before and "
            f"{share[True, True]:.1%} after, control {share[False, False]:.1%} and {share[False, True]:.1%}); "
            + ("the groups changed differently." if abs(gap) > thresholds.missing_gap else "the groups changed alike.")
        )
        return diagnostic(
            self.info,
            verdict,
            reading,
            statistic=gap,
            threshold=thresholds.missing_gap,
            statistic_name="change in missing cells, treated less control",
            details={"share_missing": total},
        )

    def _sizes(
        self, data: object, keep: NDArray[np.bool_], post: NDArray[np.bool_], thresholds: Thresholds
    ) -> Diagnostic:
        import numpy as np

        from causal_eval.data.contract import Panel

        assert isinstance(data, Panel)
        cells = data.cells()
        at = {t: i for i, t in enumerate(data.axis.ordinals)}
        column = np.array([at[t] for t in cells.time])
        group = cells.group.astype(bool)

        def rows(g: bool, p: bool) -> float:
            return float(cells.n[(group == g) & keep[column] & (post[column] == p)].sum())

        before, after = (
            rows(True, False) / (rows(True, False) + rows(False, False)),
            rows(True, True) / (rows(True, True) + rows(False, True)),
        )
        n = rows(True, False) + rows(False, False), rows(True, True) + rows(False, True)
        error = float(np.sqrt(before * (1 - before) / n[0] + after * (1 - after) / n[1]))
        moved = abs(after - before) > 3 * error and abs(after - before) > thresholds.missing_gap
        reading = (
            f"The treated group is {before:.1%} of the rows before and {after:.1%} after: "
            + ("its share moved, so who is measured may have changed." if moved else "about the same share.")
            + " Each period is a new sample, so who is in it cannot be followed."
        )
        return diagnostic(
            self.info,
            "warn" if moved else "pass",
            reading,
            statistic=after - before,
            statistic_name="change in the treated group's share of rows",
            threshold=thresholds.missing_gap,
        )


if TYPE_CHECKING:
    from numpy.typing import NDArray

plugin: type[Check] = Composition
