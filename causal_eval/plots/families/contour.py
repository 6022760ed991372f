"""The sensitivity contour: what a hidden confounder of given strength would leave of the estimate (Cinelli & Hazlett 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.plots.layout import frame
from causal_eval.plots.names import letters, metric_label
from causal_eval.plots.numbers import Unit, change, decimals, error_of, fixed, is_log, unit_of
from causal_eval.plots.spec import Family, FigureSpec, Value, each_metric
from causal_eval.plots.style import INK, MUTED, STEEL, VERMILLION, Size, style, text_width, value_axis
from causal_eval.results.types import StudyResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CHECKS = ("omitted_variable", "hidden_confounding")
"""Whose grid is drawn: of the estimate itself where there is one, else of a regression on the same covariates."""
X_AXIS = "Share of the treatment's remaining variance it explains"
Y_AXIS = "Share of the outcome's remaining variance that a hidden confounder explains"
MOST = 6
"""Benchmarks shown, the strongest first."""


@dataclass(frozen=True, slots=True)
class Contour:
    """What is left of ``unadjusted``: ``estimate[i][j]`` at ``r2y[i]`` and ``r2d[j]``; benchmarks are (name, r2d, r2y, estimate)."""

    label: str
    unit: Unit
    error: float | None
    r2d: tuple[float, ...]
    r2y: tuple[float, ...]
    estimate: tuple[tuple[float, ...], ...]
    benchmarks: tuple[tuple[str, float, float, float], ...]
    unadjusted: float
    x: str
    y: str
    start: str = ""
    """Whose number ``unadjusted`` is; empty for the headline's."""
    headline: float | None = None


def contour_series(result: StudyResult, metric: str) -> Contour | None:
    """The grid that a check of hidden confounding kept of a metric, the headline's own first; None where none did."""
    kept = [
        (d, grid)
        for check in CHECKS
        for d in result.diagnostics
        if d.check == check and d.metric == metric and isinstance(grid := d.details.get("contour"), dict)
    ]
    if not kept:
        return None
    said, grid = kept[0]
    finding = result.find(metric, said.analysis)
    if finding is None or finding.estimate is None:
        return None
    info = result.metric(metric)
    marks = [
        (str(b["name"]), float(b["r2d"]), float(b["r2y"]), float(b["estimate"])) for b in grid.get("benchmarks", [])
    ]
    marks.sort(key=lambda b: (-b[1] * b[2], b[0]))
    return Contour(
        metric_label(info), unit_of(info, log=is_log(result, metric)), error_of(finding.estimate.headline),
        tuple(float(v) for v in grid["r2d"]), tuple(float(v) for v in grid["r2y"]),
        tuple(tuple(float(v) for v in row) for row in grid["estimate"]), tuple(marks[:MOST]),
        left if isinstance(left := said.details.get("estimate"), float) else finding.estimate.headline.value,
        str(grid.get("x", X_AXIS)), str(grid.get("y", Y_AXIS)), str(grid.get("start", "")),
        finding.estimate.headline.value,
    )  # fmt: skip


def draw_contour(series: Contour, size: Size, title: str, note: str) -> Figure:
    """Lines of equal remaining estimate, zero in orange; benchmarks by letter."""
    with style(size):
        f = series.unit.factor
        left, points = text_width("0.00", size.font) + 0.25, size.font * 0.88
        words = [change(v, series.unit, series.error) for row in series.estimate for v in row]
        right = max(text_width(w, points) for w in words) + 0.02 * size.width + 0.15
        made = frame(
            title,
            size,
            left=left,
            right=right,
            caption=series.y,
            note=note,
            axis_lines=3.6,
            tall=1.1 if size.narrow else 0.86,
        )
        ax = made.ax
        z = [[v * f for v in row] for row in series.estimate]
        low, high = min(map(min, z)), max(map(max, z))
        levels = sorted({low + (high - low) * k / 7 for k in range(1, 7)} | ({0.0} if low < 0 < high else set()))
        ax.contour(series.r2d, series.r2y, z, levels=levels, colors=STEEL, linewidths=size.line * 0.5)
        if low < 0 < high:
            ax.contour(
                series.r2d, series.r2y, z, levels=[0.0], colors=VERMILLION, linewidths=size.line * 1.2, linestyles="--"
            )
        ax.set_xlim(0, max(series.r2d))
        ax.set_ylim(0, max(series.r2y))
        _right_labels(ax, series, levels, made.height, points)
        inside = [k for k, b in enumerate(series.benchmarks) if b[1] <= max(series.r2d) and b[2] <= max(series.r2y)]
        at = {
            k: (
                series.benchmarks[k][1] / max(series.r2d) * made.width,
                series.benchmarks[k][2] / max(series.r2y) * made.height,
            )
            for k in inside
        }
        for k in inside:
            _, x, y, _e = series.benchmarks[k]
            ax.plot([x], [y], marker="D", color=INK, markersize=size.font * 0.4, linestyle="none", clip_on=False)
        for group in _near(at):
            last = max(group, key=lambda k: at[k][0])
            ends = at[last][0] > 0.75 * made.width
            _, x, y, _e = series.benchmarks[min(group, key=lambda k: at[k][0]) if ends else last]
            ax.annotate(
                _run(group), (x, y), textcoords="offset points",
                xytext=(size.font * (-0.45 if ends else 0.45), size.font * 0.45), ha="right" if ends else "left",
                fontsize=points, color=INK, fontweight="bold", annotation_clip=False,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
            )  # fmt: skip
        value_axis(ax, "x", "", ticks=4 if size.narrow else 6)
        value_axis(ax, "y", "", ticks=5)
        ax.set_xticks(ax.get_xticks()[1:], [t.get_text() for t in ax.get_xticklabels()][1:])
        ax.set_xlabel(series.x, fontsize=points, x=0, ha="left")
        return made.figure


def _near(at: dict[int, tuple[float, float]]) -> list[list[int]]:
    """Benchmarks whose marks lie too close together for a letter each, by their places in inches: they share one label."""
    groups: list[list[int]] = []
    for k, (x, y) in at.items():
        close = [g for g in groups if any(abs(x - at[j][0]) < 0.45 and abs(y - at[j][1]) < 0.22 for j in g)]
        for g in close:
            groups.remove(g)
        groups.append(sorted([k, *(j for g in close for j in g)]))
    return sorted(groups)


def _run(group: list[int]) -> str:
    """Letters of benchmarks in rising order, three or more in a row as ``A–C``."""
    said: list[str] = []
    for k in group:
        ends = k + 1 not in group
        if k - 1 not in group or (ends and k - 2 not in group):
            said.append(letters(k))
        elif ends:
            said[-1] += f"–{letters(k)}"
    return ", ".join(said)


def _right_labels(ax: Axes, series: Contour, levels: list[float], height: float, points: float) -> None:
    """The level of each line where it leaves at the right edge, as far as there is room."""
    edge = [row[-1] * series.unit.factor for row in series.estimate]
    taken: list[float] = []
    for level in sorted(levels, key=lambda v: v != 0.0):
        for k in range(len(edge) - 1):
            a, b = edge[k], edge[k + 1]
            if a == b or not min(a, b) <= level <= max(a, b):
                continue
            y = series.r2y[k] + (level - a) / (b - a) * (series.r2y[k + 1] - series.r2y[k])
            at = y / max(series.r2y) * height
            if all(abs(at - t) > points * 1.5 / 72 for t in taken):
                taken.append(at)
                ax.text(
                    max(series.r2d) * 1.012, y, change(level / series.unit.factor, series.unit, series.error),
                    fontsize=points, va="center", color="#a84a00" if level == 0 else MUTED,
                )  # fmt: skip
            break


def contour_figure(series: Contour, name: str) -> FigureSpec:
    """Grid, benchmarks and what each would leave."""
    unit, error = series.unit, series.error
    at = change(series.unadjusted, unit, error)
    whose = f"{series.start} " if series.start else ""
    title = f"{series.label}: what a hidden confounder would leave of {whose}{at}"
    key = "; ".join(
        f"{letters(k)}: as strong as {n}, leaves {change(e, unit, error)}"
        for k, (n, _, _, e) in enumerate(series.benchmarks)
    )
    zero = any(v < 0 for row in series.estimate for v in row) and any(v > 0 for row in series.estimate for v in row)
    note = (
        "Dashed orange: nothing is left. " if zero else "Nothing within the panel takes the estimate to zero. "
    ) + key
    starts = ""
    if series.start and series.headline is not None:
        starts = (
            f"Starts from a regression on the same covariates, {at}, not from the headline, "
            f"{change(series.headline, unit, error)}. "
        )
    note = starts + note
    rows: list[tuple[Value, ...]] = [(n, x, y, e) for n, x, y, e in series.benchmarks]
    rows += [("", x, y, series.estimate[i][j]) for i, y in enumerate(series.r2y) for j, x in enumerate(series.r2d)]
    return FigureSpec(
        name,
        title,
        f"Contour plot of what a hidden confounder would leave of {whose}{at} ({series.label}), by the {series.y[0].lower()}"
        f"{series.y[1:]} (up to {fixed(max(series.r2y), 2)}) and the {series.x[0].lower()}{series.x[1:]} (up to "
        f"{fixed(max(series.r2d), 2)}).",
        starts
        + (f"Measured covariates as yardsticks. {key}." if key else "No measured covariate serves as a yardstick.")
        + (" A dashed line marks where nothing is left." if zero else ""),
        ("benchmark", "r2_treatment", "r2_outcome", "estimate"),
        tuple(rows),
        max(3, decimals(error, series.unadjusted)),
        lambda size: draw_contour(series, size, title, note),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """A figure a metric whose check of hidden confounding kept its grid."""
    return each_metric(result, "contour", contour_series, contour_figure)


FAMILY = Family(
    "contour", "What a hidden confounder of given strength would leave of the estimate.", specs, by_metric=True
)
