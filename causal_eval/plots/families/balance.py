"""The love plot: how far the groups were apart in each covariate, before the adjustment and after it."""

from __future__ import annotations

from dataclasses import dataclass

from causal_eval.plots.names import analysis_name, plural
from causal_eval.plots.numbers import fixed, plain
from causal_eval.plots.rows import Group, Line, Mark, Panel, chart
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import BLUE, VERMILLION
from causal_eval.results.types import BalanceRow, StudyResult

MOST = 30
"""Covariates shown, those furthest apart first."""
USUAL = 0.1
"""The limit drawn where no check of balance holds another."""


@dataclass(frozen=True, slots=True)
class LovePlot:
    """(covariate, before, after) by the larger of the two; None where a stage was not measured."""

    analysis: str
    rows: tuple[tuple[str, float | None, float | None], ...]
    limit: float


def love_series(result: StudyResult) -> LovePlot | None:
    """The balance of the primary analysis, or of the first one of the primary metric that holds any."""
    found = result.of(result.primary_metric.name)
    finding = next((f for f in found if f.estimate is not None and f.estimate.balance), None)
    if finding is None or finding.estimate is None:
        return None
    limits = [d.threshold for d in result.diagnostics if d.check == "balance" and d.analysis == finding.analysis]
    names = dict.fromkeys(b.covariate for b in finding.estimate.balance)
    rows = [(n, _smd(finding.estimate.balance, n, "before"), _smd(finding.estimate.balance, n, "after")) for n in names]
    rows = [r for r in rows if r[1] is not None or r[2] is not None]
    rows.sort(key=lambda r: (-max(abs(r[1] or 0.0), abs(r[2] or 0.0)), r[0]))
    return LovePlot(analysis_name(finding), tuple(rows), next((x for x in limits if x), USUAL)) if rows else None


def _smd(rows: tuple[BalanceRow, ...], covariate: str, stage: str) -> float | None:
    return next((b.smd for b in rows if b.covariate == covariate and b.stage == stage), None)


def _text(value: float | None) -> str:
    return "not measured" if value is None else fixed(value, 2, signed=True)


def love_figure(series: LovePlot) -> FigureSpec:
    """One row a covariate, the largest difference first."""
    shown = series.rows[:MOST]
    lines = tuple(
        Line(
            name,
            f"{_text(before)} → {_text(after)}",
            (
                *(
                    (Mark(before, colour=VERMILLION, shape="s", filled=False, strong=False),)
                    if before is not None
                    else ()
                ),
                *((Mark(after, colour=BLUE, strong=False),) if after is not None else ()),
            ),
        )
        for name, before, after in shown
    )
    limit = series.limit
    panel = Panel("Standardised difference, treated minus comparison", (Group(lines),), guides=(-limit, limit))
    was = sum(1 for _, before, _ in series.rows if before is not None and abs(before) > limit)
    now = sum(1 for _, _, after in series.rows if after is not None and abs(after) > limit)
    n = len(series.rows)
    title = f"Balance: {now} of {n} {plural('covariate', n)} beyond ±{plain(limit)} after adjustment, {was} before"
    note = f"Square: before. Circle: after. Dashed: ±{plain(limit)}." + (
        f" {n - MOST} covariates closer together are not shown." if n > MOST else ""
    )
    verb = "differs" if was == 1 else "differ"
    rows: tuple[tuple[Value, ...], ...] = series.rows
    return FigureSpec(
        "balance",
        title,
        f"Love plot of {n} {plural('covariate', n)} ({series.analysis}): {was} {verb} by more than {plain(limit)} standard deviations "
        f"before the adjustment, {now} after it.",
        "Standardised differences between treated and comparison, before and after: "
        + "; ".join(f"{x.name} {x.words}" for x in lines)
        + ".",
        ("covariate", "before", "after"),
        rows,
        3,
        *chart(title, (panel,), note),
    )


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where an analysis of the primary metric measured balance."""
    series = love_series(result)
    return [love_figure(series)] if series is not None else []


FAMILY = Family("balance", "Standardised differences of the covariates, before the adjustment and after it.", specs)
