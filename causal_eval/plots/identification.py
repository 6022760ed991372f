"""The assumption behind an adjustment in one or two sentences: what the causal graph says, or what is assumed without one."""

from __future__ import annotations

from collections.abc import Sequence

from causal_eval.results.types import Identification


def statement(said: Identification) -> str:
    """What identifies the effect, and what does not."""
    if not said.given:
        return (
            f"Assumed, since the study draws no graph: each covariate may cause both {said.treatment} and {said.outcome}, and "
            "nothing unmeasured causes both."
        )
    if not said.sufficient:
        path = f": {said.arrows(said.open_path)}" if said.open_path else ""
        way = f"Adjusting for {listed(said.missing)} too would close it." if said.missing else ""
        return f"By the study's own graph a back-door path stays open{path}. " + (
            way or "No set of measured columns closes it, so adjusting cannot identify the effect."
        )
    enough = f"adjusting for {listed(said.adjusted)}" if said.adjusted else "no adjustment"
    least = said.sets[0] if said.sets else said.adjusted
    spare = f" ({listed(least)} would do)" if least and len(least) < len(said.adjusted) else ""
    moved = ""
    if said.instruments and not set(said.instruments) & set(said.adjusted):
        verb = "is" if len(said.instruments) == 1 else "are"
        moved = f" Only {said.treatment} is moved by {listed(said.instruments)}, which {verb} not adjusted for."
    return (
        f"By the study's own graph, {enough}{spare} blocks every back-door path from {said.treatment} to {said.outcome}; "
        f"the graph is an assumption.{moved}"
    )


def listed(names: Sequence[str]) -> str:
    """``a, b and c``; of more than ten the first eight."""
    if len(names) > 10:
        names = [*names[:8], f"{len(names) - 8} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
