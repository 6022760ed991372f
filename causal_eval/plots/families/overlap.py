"""Overlap: how the chances of treatment are spread among the treated, above, and among the untreated, below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.plots.layout import frame
from causal_eval.plots.names import analysis_name
from causal_eval.plots.numbers import MINUS, fixed
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import BLUE, INK, VERMILLION, Size, grid, style, text_width
from causal_eval.results.types import StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Overlap:
    """Counts by bins of equal width of the chance of treatment; counts of few people are hidden (``least``)."""

    analysis: str
    treated: tuple[int, ...]
    untreated: tuple[int, ...]
    auc: float | None
    outside: float | None
    least: int
    """Counts from one to below it are not told; 1 tells all."""

    def hidden(self, count: int) -> bool:
        """Whether that count is of too few people to tell."""
        return 0 < count < self.least

    def text(self, count: int) -> str:
        """A count, or that it is small."""
        return f"under {self.least}" if self.hidden(count) else f"{count}"


def overlap_series(result: StudyResult) -> Overlap | None:
    """The spread of scores of the primary analysis, or of the first one of the primary metric that kept it."""
    metric = result.primary_metric.name
    for f in result.of(metric):
        said = f.estimate.details.get("overlap") if f.estimate is not None else None
        if not isinstance(said, dict):
            continue
        treated, untreated = said.get("treated_by_score"), said.get("untreated_by_score")
        if not (isinstance(treated, list) and isinstance(untreated, list) and len(treated) == len(untreated) > 0):
            continue
        privacy = result.spec.get("privacy")
        people = isinstance(privacy, dict) and privacy.get("unit_is_person") is True
        auc, outside = said.get("auc"), said.get("outside")
        return Overlap(
            analysis_name(f), tuple(int(n) for n in treated), tuple(int(n) for n in untreated),
            auc if isinstance(auc, float) else None, outside if isinstance(outside, float) else None,
            int(privacy.get("min_cell", 11)) if people and isinstance(privacy, dict) else 1,
        )  # fmt: skip
    return None


def draw_overlap(series: Overlap, size: Size, title: str, note: str) -> Figure:
    """Two histograms back to back, each as shares of its group."""
    with style(size):
        left = text_width("100%", size.font) + 0.25
        caption = "Share of each group, by estimated chance of treatment"
        made = frame(title, size, left=left, caption=caption, note=note, axis_lines=2.6, tall=0.72)
        ax = made.ax
        bins = len(series.treated)
        tallest = 0.0
        for counts, sign, colour in ((series.treated, 1, VERMILLION), (series.untreated, -1, BLUE)):
            total = sum(counts) or 1
            for few in (False, True):
                shown = [
                    ((k + 0.5) / bins, (series.least if few else n) / total)
                    for k, n in enumerate(counts)
                    if n and series.hidden(n) == few
                ]
                if not shown:
                    continue
                tallest = max(tallest, *(height for _, height in shown))
                ax.bar(
                    [at for at, _ in shown], [sign * height for _, height in shown], width=0.94 / bins,
                    color="none" if few else colour, edgecolor=colour, linewidth=size.line * 0.4,
                    hatch="////" if few else "", alpha=0.85,
                )  # fmt: skip
        ax.axhline(0, color=INK, linewidth=size.line * 0.5)
        ax.set_xlim(0, 1)
        top = tallest * 1.22 or 1.0
        ax.set_ylim(-top, top)
        step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0) if s >= tallest / 2.6 or s == 1.0)
        at = [k * step for k in range(-3, 4) if abs(k * step) <= top]
        ax.set_yticks(at, [f"{fixed(abs(v) * 100, 0)}%" for v in at])
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
        grid(ax)
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        for words, y, va, colour in (
            (f"Treated: {sum(series.treated):,}", top * 0.97, "top", "#a84a00"),
            (f"Untreated: {sum(series.untreated):,}", -top * 0.97, "bottom", BLUE),
        ):
            ax.text(
                0.99,
                y,
                words,
                ha="right",
                va=va,
                color=colour,
                fontweight="bold",
                fontsize=size.font * 0.95,
                bbox=paper,
            )
        return made.figure


def overlap_figure(series: Overlap) -> FigureSpec:
    """The mirrored histogram."""
    title = "Overlap: chances of treatment in both groups"
    said = []
    if series.auc is not None:
        said.append(f"The score tells treated from untreated with an AUC of {fixed(series.auc, 2)} (0.5: not at all).")
    if series.outside is not None:
        said.append(f"{fixed(series.outside * 100, 1)}% lie where the other group has hardly anyone.")
    if any(series.hidden(n) for n in (*series.treated, *series.untreated)):
        said.append(f"Hatched: fewer than {series.least} people, drawn as {series.least}.")
    bins = len(series.treated)
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (f"{k / bins:g} to {(k + 1) / bins:g}".replace("-", MINUS), series.text(a), series.text(b))
        for k, (a, b) in enumerate(zip(series.treated, series.untreated, strict=True))
    )
    filled = [k for k in range(bins) if series.treated[k] and series.untreated[k]]
    span = (
        f"Both groups are there from {filled[0] / bins:g} to {(filled[-1] + 1) / bins:g}"
        if filled
        else "The groups share no bin"
    )
    return FigureSpec(
        "overlap",
        title,
        f"Two histograms back to back of the estimated chance of treatment ({series.analysis}), {sum(series.treated):,} "
        f"treated above and {sum(series.untreated):,} untreated below. {span}.",
        f"{bins} bins of equal width between 0 and 1. {span}. " + " ".join(said),
        ("chance_of_treatment", "treated", "untreated"),
        rows,
        0,
        lambda size: draw_overlap(series, size, title, " ".join(said)),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where an analysis of the primary metric kept the spread of its scores."""
    series = overlap_series(result)
    return [overlap_figure(series)] if series is not None else []


FAMILY = Family("overlap", "How the chances of treatment are spread among the treated and the untreated.", specs)
