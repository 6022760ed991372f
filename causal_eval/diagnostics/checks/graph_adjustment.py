"""Do the covariates block every back-door path of the causal graph in design.graph? Read off the graph, without the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from causal_eval.diagnostics.base import INAPPLICABLE, Check, CheckInfo, Fitted, diagnostic
from causal_eval.errors import columns

if TYPE_CHECKING:
    import numpy as np

    from causal_eval.diagnostics.thresholds import Thresholds
    from causal_eval.results.types import Diagnostic, Identification, Verdict

NO_GRAPH = (
    "The study names no causal graph (design.graph): that its covariates are all that is needed is assumed, not drawn."
)


class GraphAdjustment:
    """The back-door criterion for the study's own covariates."""

    info: ClassVar[CheckInfo] = CheckInfo(
        "graph_adjustment",
        "no_confounding",
        "By the study's own causal graph, are the covariates enough?",
        "A common cause that is drawn and not adjusted for: add the covariates that the reading names, or choose another design.",
    )

    def check(self, fitted: Fitted, thresholds: Thresholds, *, rng: np.random.Generator) -> Diagnostic:
        """A fail names the open path and what would close it; an instrument among the covariates is a warning."""
        if fitted.graph is None:
            reason = "The study names no causal graph (design.graph): that its covariates are enough is assumed, not derived."
            return diagnostic(self.info, "not_run", reason, details=INAPPLICABLE)
        found = fitted.graph.identified.get(fitted.data.metric.name)
        if found is None:
            return diagnostic(
                self.info, "not_run", f"The causal graph has no node for the metric `{fitted.data.metric.name}`."
            )
        inside = [c for c in found.instruments if c in found.adjusted]
        verdict: Verdict = "fail" if not found.sufficient else "warn" if inside else "pass"
        return diagnostic(
            self.info,
            verdict,
            reading(found, inside),
            details={
                "missing": list(found.missing),
                "sets": [list(s) for s in found.sets],
                "open_path": list(found.open_path),
            },
        )


def reading(found: Identification, inside: list[str]) -> str:
    """What the graph says, and what to do."""
    if found.sufficient:
        enough = f"adjusting for {columns(found.adjusted)}" if found.adjusted else "no adjustment at all"
        said = f"By the graph, {enough} blocks every back-door path from `{found.treatment}` to `{found.outcome}`."
    else:
        path = f": {found.arrows(found.open_path)}" if found.open_path else ""
        said = f"By the graph, a back-door path stays open{path}."
        if found.missing:
            said += f" Add {columns(found.missing)} to roles.covariates."
        else:
            said += " No set of measured columns closes it: adjusting cannot identify the effect. Measure what is missing, or choose "
            said += "another design."
    if not found.instruments:
        return said
    named = inside or list(found.instruments)
    verb, what = ("moves", "an instrument") if len(named) == 1 else ("move", "instruments")
    said += f" {columns(named)} only {verb} the treatment ({what})"
    if inside:
        return f"{said}: adjusting for that adds noise, and strengthens the bias of whatever is left out."
    return f"{said}, which needs no adjustment."


plugin: type[Check] = GraphAdjustment
