"""Calibration: the share that was treated, against the chance of treatment that the score gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.plots.layout import frame
from causal_eval.plots.names import analysis_name
from causal_eval.plots.numbers import fixed
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import BLUE, MUTED, Size, grid, style, text_width, value_axis
from causal_eval.results.types import StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Calibration:
    """(mean score, share treated, rows) by bin of the score, in rising order."""

    analysis: str
    bins: tuple[tuple[float, float, int], ...]

    @property
    def error(self) -> float:
        """Mean distance between share and score, weighted by rows (expected calibration error)."""
        return sum(n * abs(o - p) for p, o, n in self.bins) / sum(n for *_, n in self.bins)


def calibration_series(result: StudyResult) -> Calibration | None:
    """The calibration of the primary analysis, or of the first one of the primary metric that kept it."""
    metric = result.primary_metric.name
    privacy = result.spec.get("privacy")
    people = isinstance(privacy, dict) and privacy.get("unit_is_person") is True
    least = int(privacy.get("min_cell", 11)) if people and isinstance(privacy, dict) else 1
    for f in result.of(metric):
        said = f.estimate.details.get("calibration") if f.estimate is not None else None
        if not isinstance(said, dict):
            continue
        parts = [said.get(k) for k in ("predicted", "observed", "n")]
        if not all(isinstance(p, list) and p for p in parts):
            continue
        bins = sorted((float(p), float(o), int(n)) for p, o, n in zip(*parts, strict=True) if int(n) >= least)
        if bins:
            return Calibration(analysis_name(f), tuple(bins))
    return None


def draw_calibration(series: Calibration, size: Size, title: str, note: str) -> Figure:
    """A point a bin, as large as its rows are many, against the line of perfect calibration."""
    with style(size):
        left = text_width("0.00", size.font) + 0.25
        made = frame(title, size, left=left, caption="Share treated", note=note, axis_lines=3.6, tall=0.72)
        ax = made.ax
        values = [v for p, o, _ in series.bins for v in (p, o)]
        low, high = max(0.0, min(values) - 0.05), min(1.0, max(values) + 0.05)
        ax.plot([low, high], [low, high], color=MUTED, linestyle=(0, (4, 2)), linewidth=size.line * 0.6)
        ax.plot([p for p, *_ in series.bins], [o for _, o, _ in series.bins], color=BLUE, linewidth=size.line * 0.7)
        most = max(n for *_, n in series.bins)
        for p, o, n in series.bins:
            ax.plot(
                [p], [o], marker="o", color=BLUE, markersize=size.font * (0.35 + 0.65 * (n / most) ** 0.5), alpha=0.85
            )
        pad = 0.06 * (high - low)
        ax.set_xlim(low - pad, high + pad)
        ax.set_ylim(low - pad, high + pad)
        value_axis(ax, "x", "", ticks=5)
        value_axis(ax, "y", "", ticks=5)
        grid(ax)
        ax.set_xlabel("Estimated chance of treatment", fontsize=size.font * 0.92, x=0, ha="left")
        return made.figure


def calibration_figure(series: Calibration) -> FigureSpec:
    """The points and the line."""
    title = "Calibration of the chances of treatment"
    error = fixed(series.error * 100, 1)
    note = (
        f"Dashed: shares equal to the chances. Larger points hold more rows. Mean distance: {error} percentage points."
    )
    rows: tuple[tuple[Value, ...], ...] = series.bins
    widest = max(series.bins, key=lambda b: abs(b[1] - b[0]))
    return FigureSpec(
        "calibration",
        title,
        f"Calibration plot of the score ({series.analysis}) in {len(series.bins)} bins: shares treated are off the chances "
        f"by {error} percentage points on average.",
        f"The bin furthest off has a mean chance of {fixed(widest[0], 2)} and a share treated of {fixed(widest[1], 2)}, of "
        f"{widest[2]:,} rows.",
        ("predicted", "observed", "rows"),
        rows,
        3,
        lambda size: draw_calibration(series, size, title, note),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where an analysis of the primary metric kept the calibration of its score."""
    series = calibration_series(result)
    return [calibration_figure(series)] if series is not None else []


FAMILY = Family("calibration", "The share treated against the chance of treatment that the score gave.", specs)
