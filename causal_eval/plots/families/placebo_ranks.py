"""Placebo ranks: how far each unit's gap grew after the launch, the treated one among those that were not."""

from __future__ import annotations

from causal_eval.plots.families.placebos import PlaceboSeries, placebo_series, rank_text
from causal_eval.plots.numbers import fixed
from causal_eval.plots.rows import Group, Line, Mark, Panel, chart
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import FAINT, VERMILLION
from causal_eval.results.types import StudyResult

MOST = 15
"""Rows shown: the largest ratios, and the treated unit wherever it ranks."""


def ranks_figure(series: PlaceboSeries) -> FigureSpec:
    """The largest ratios, with the treated unit strong."""
    ranked = series.ranked
    shown = [k for k in range(len(ranked)) if k < MOST or ranked[k].treated]
    lines = []
    for k in shown:
        p = ranked[k]
        ratio = p.ratio or 0.0
        mark = Mark(ratio, colour=VERMILLION if p.treated else FAINT, shape="D" if p.treated else "o", strong=p.treated)
        lines.append(Line(f"{k + 1}. {p.name}", fixed(ratio, 1), (mark,)))
    panel = Panel("Gap after the launch over gap before it (root mean squares)", (Group(tuple(lines)),), signed=False)
    title = f"Placebo ranks: {rank_text(series)}"
    hidden = len(ranked) - len(shown)
    note = (f"{hidden} smaller ratios are not shown. " if hidden else "") + (
        f"{series.unranked} without a ratio, their gap before being zero. " if series.unranked else ""
    )
    note += "Diamond: treated."
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (k + 1, p.name, "yes" if p.treated else "no", p.ratio, p.before, p.after) for k, p in enumerate(ranked)
    )
    return FigureSpec(
        "placebo_ranks",
        title,
        f"Dot chart of the ratio of the gap after the launch to the gap before it, by unit: {rank_text(series)}.",
        "Each unit plays the treated one once. " + "; ".join(f"{x.name}: {x.words}" for x in lines) + ".",
        ("rank", "unit", "treated", "ratio", "rmspe_before", "rmspe_after"),
        rows,
        2,
        *chart(title, (panel,), note),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where an analysis of the primary metric kept its placebos."""
    series = placebo_series(result)
    return [ranks_figure(series)] if series is not None and series.ranked and series.treated.ratio is not None else []


FAMILY = Family(
    "placebo_ranks", "How much each unit's gap grew after the launch, the treated one among the placebos.", specs
)
