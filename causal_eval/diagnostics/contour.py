"""The grid behind a sensitivity contour: what is left of an estimate by the strength of something unmeasured."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from causal_eval.results.types import Json

POINTS = 21
"""Points of the contour along each axis."""
LEAST_STRENGTH, MOST_STRENGTH = 0.05, 0.8
"""The axes end between these shares of what is left of the treatment and of the outcome."""


def contour(
    left: Callable[[float, float], float],
    rv: float,
    benchmarks: Mapping[str, tuple[float, float]],
    *,
    x: str,
    y: str,
    start: str,
) -> dict[str, Json]:
    """A grid that holds the robustness value ``rv`` and, where it can, the benchmarks.

    Args:
        left: estimate that is left by the shares of the treatment and of the outcome.
        benchmarks: name -> shares of treatment and outcome.
        x, y: the axes in words; start: which estimate it is, in words that its number follows; empty for the headline.
    """
    axes = []
    for k in (0, 1):
        # A benchmark far out would squeeze the rest into a corner: it is left to the caption.
        widest = max((b[k] for b in benchmarks.values() if b[k] <= MOST_STRENGTH), default=0.0)
        end = min(max(1.2 * widest, 1.5 * rv, LEAST_STRENGTH), MOST_STRENGTH)
        axes.append([end * i / (POINTS - 1) for i in range(POINTS)])
    r2d, r2y = axes
    marks: list[Json] = [
        {"name": name, "r2d": d, "r2y": o, "estimate": left(d, o)} for name, (d, o) in benchmarks.items()
    ]
    return {
        "r2d": list(r2d),
        "r2y": list(r2y),
        "estimate": [[left(d, o) for d in r2d] for o in r2y],
        "benchmarks": marks,
        "x": x,
        "y": y,
        "start": start,
    }
