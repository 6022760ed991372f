"""Placebo gaps: the gap of every unit that plays the treated one, with the treated unit's own on top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.plots.layout import axis_width, frame, limits
from causal_eval.plots.names import analysis_name, capital, metric_label, plural, unit_names
from causal_eval.plots.numbers import Unit, change, decimals, error_of, is_log, p_text, unit_of
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import FAINT, INK, VERMILLION, Size, grid, period_axis, style, value_axis
from causal_eval.results.types import Effect, Finding, StudyResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FAR = 2.0
"""Placebos whose fit before the launch is more than so many times worse than the treated unit's are drawn faint."""


@dataclass(frozen=True, slots=True)
class Placebo:
    """One unit in the treated one's place. ``ratio`` is None where its gap before is zero."""

    name: str
    treated: bool
    before: float
    after: float
    ratio: float | None
    gaps: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PlaceboSeries:
    """The placebos of one analysis, the treated unit first."""

    label: str
    analysis: str
    unit: Unit
    noun: str
    periods: tuple[str, ...]
    first_post: int
    headline: Effect
    units: tuple[Placebo, ...]
    n: int
    """Units that played the treated one; more than ``units`` where not all were kept."""
    p_value: float | None
    """Of the analysis, whichever statistic it ranks."""

    @property
    def treated(self) -> Placebo:
        """The treated unit itself."""
        return self.units[0]

    @property
    def ranked(self) -> list[Placebo]:
        """Units by falling ratio; ties as in the result, the treated one last, which is against it."""
        return sorted((p for p in self.units if p.ratio is not None), key=lambda p: (-(p.ratio or 0.0), p.treated))

    @property
    def rank(self) -> int:
        """Units whose ratio is at least the treated one's, itself among them; a gap before of zero counts as larger."""
        mine = self.treated.ratio or 0.0
        return sum(1 for p in self.units if p.ratio is None or p.ratio >= mine)

    @property
    def unranked(self) -> int:
        """Units without a ratio."""
        return sum(1 for p in self.units if p.ratio is None)

    def far(self, p: Placebo) -> bool:
        """Whether a placebo fits so badly before the launch that its gap says little."""
        return not p.treated and p.before > FAR * self.treated.before


def placebo_series(result: StudyResult) -> PlaceboSeries | None:
    """The placebos in space of the primary analysis, or of the first one of the primary metric that kept them."""
    return next((s for f in result.of(result.primary_metric.name) if (s := _of(result, f)) is not None), None)


def _of(result: StudyResult, finding: Finding) -> PlaceboSeries | None:
    estimate = finding.estimate
    if estimate is None:
        return None
    if "single_donor_p" in estimate.details:
        # Its test treats groups as large as the treated one. A mean of many units beside single donors, which are noisier than
        # it is, would stand out without an effect.
        return None
    said, periods = estimate.details.get("placebos"), estimate.details.get("periods")
    if not isinstance(said, list) or len(said) < 2 or not isinstance(periods, list):
        return None
    ranked = sorted((p for p in said[1:]), key=lambda p: (-(p["ratio"] or 0.0), p["unit"]))
    names = unit_names(result, [p["unit"] for p in ranked])
    units = tuple(
        Placebo(
            names[p["unit"]] if k else "Treated",
            not k,
            p["rmspe_before"],
            p["rmspe_after"],
            p["ratio"],
            tuple(p["gaps"]),
        )
        for k, p in enumerate(said)
    )
    info = result.primary_metric
    launch = result.design.launch
    p_value, n = estimate.details.get("placebo_p"), estimate.details.get("placebo_n")
    return PlaceboSeries(
        metric_label(info), analysis_name(finding), unit_of(info, log=is_log(result, info.name)),
        plural(result.design.unit_noun), tuple(str(p) for p in periods),
        periods.index(launch) if launch in periods else -1, estimate.headline, units,
        n if isinstance(n, int) else len(units), p_value if isinstance(p_value, float) else None,
    )  # fmt: skip


def rank_text(series: PlaceboSeries) -> str:
    """The treated unit's rank by ratio, with the p-value of the analysis where that is the share of this rank."""
    kept = len(series.units)
    if kept < series.n:
        return f"treated ranks {series.rank} of the {kept} kept, those that fit best before the launch"
    by_ratio = series.p_value is not None and abs(series.p_value - series.rank / kept) < 1e-9
    p = f" ({p_text(series.p_value)})" if by_ratio and series.p_value is not None else ""
    return f"treated ranks {series.rank} of {kept}{p}"


def draw_placebos(series: PlaceboSeries, size: Size, title: str, note: str) -> Figure:
    """Donors in grey, those that fit badly before the launch fainter, the treated unit on top."""
    with style(size):
        f = series.unit.factor
        near = [p for p in series.units if not series.far(p)]
        values = [0.0] + [g * f for p in near for g in p.gaps]
        left = axis_width(values, size, signed=True, suffix="") + 0.22
        unit = series.unit.change.strip()
        made = frame(title, size, left=left, caption=f"Gap{', ' + unit if unit else ''}", note=note, axis_lines=2.6)
        ax = made.ax
        n = len(series.periods)
        ax.set_xlim(-0.6, n - 0.4)
        ax.set_ylim(*limits(values))
        if series.first_post > 0:
            ax.axvline(series.first_post - 0.5, color=INK, linewidth=size.line * 0.6)
        ax.axhline(0, color=INK, linewidth=size.line * 0.5)
        for p in sorted(series.units, key=lambda q: (q.treated, not series.far(q))):
            faint = series.far(p)
            ax.plot(
                range(len(p.gaps)), [g * f for g in p.gaps],
                color=VERMILLION if p.treated else FAINT,
                alpha=1.0 if p.treated else 0.18 if faint else 0.6,
                linestyle=(0, (1, 2)) if faint else "-",
                linewidth=size.line * (1.4 if p.treated else 0.45),
                marker="o" if p.treated and n <= 30 else "", markersize=size.line * 2,
            )  # fmt: skip
        grid(ax)
        value_axis(ax, "y", "", ticks=5, signed=True)
        period_axis(ax, series.periods, max(series.first_post, 0), made.width, size)
        return made.figure


def placebo_figure(series: PlaceboSeries) -> FigureSpec:
    """All gaps over time."""
    far = sum(1 for p in series.units if series.far(p))
    title = f"{series.label}: the treated gap among {len(series.units) - 1} placebos"
    note = f"Thick: treated. Grey: each other unit in its place. {capital(rank_text(series))} by gap after over gap before."
    if far:
        note += f" Dotted and partly outside: {far} that fit over {FAR:g} times worse before the launch."
    last = series.units[0].gaps[-1]
    larger = sum(1 for p in series.units[1:] if abs(p.gaps[-1]) >= abs(last))
    error = error_of(series.headline)
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (p.name, "yes" if p.treated else "no", "yes" if series.far(p) else "no", period, gap)
        for p in series.units
        for period, gap in zip(series.periods, p.gaps, strict=True)
    )
    return FigureSpec(
        "placebos",
        title,
        f"Line chart of the gap of the treated unit and of {len(series.units) - 1} placebos over {len(series.periods)} "
        f"periods ({series.analysis}); the {rank_text(series)} by the ratio of the gap after the launch to the gap before.",
        f"In the last period the treated gap is {change(last, series.unit, error, words=True)}; {larger} placebos have one at "
        f"least as large. {far} placebos fit more than {FAR:g} times worse than the treated unit before the launch and are "
        "drawn faint; where they leave the panel they are cut.",
        ("unit", "treated", "poor_fit_before", "period", "gap"),
        rows,
        max(0, decimals(error, series.headline.value)),
        lambda size: draw_placebos(series, size, title, note),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where an analysis of the primary metric kept the paths of its placebos."""
    series = placebo_series(result)
    return [placebo_figure(series)] if series is not None and all(p.gaps for p in series.units) else []


FAMILY = Family("placebos", "The treated unit's gap over time among those of units that were not treated.", specs)
