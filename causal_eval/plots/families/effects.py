"""The forest of effects: every metric, every analysis, failed ones too."""

from __future__ import annotations

from dataclasses import dataclass

from causal_eval.plots.names import METRIC_ROLES, analysis_name, metric_label, short_name
from causal_eval.plots.numbers import (
    RELATIVE,
    Unit,
    decimals,
    effect_text,
    error_of,
    interval_text,
    is_log,
    share,
    unit_of,
)
from causal_eval.plots.rows import Group, Line, Mark, Panel, chart
from causal_eval.plots.spec import Family, FigureSpec, Value
from causal_eval.plots.style import BLUE, FAINT, STEEL
from causal_eval.plots.thresholds import relative_threshold, threshold
from causal_eval.results.types import Effect, Estimate, StudyResult

RELATIVE_AXIS = "Relative effect, % of the level without the launch"
_SHAPES = {"primary": "o", "robustness": "s", "reference": "D"}


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One analysis of one metric. ``effect`` is None for one that gave no estimate; ``reason`` then says why."""

    name: str
    short: str
    role: str
    effect: Effect | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ForestGroup:
    """A metric and its analyses, all on the same scale."""

    label: str
    role: str
    unit: Unit
    rows: tuple[ForestRow, ...]
    threshold: float | None = None
    threshold_name: str = ""

    @property
    def relative(self) -> bool:
        """Whether the effects are shares of the counterfactual."""
        return self.unit is RELATIVE


def forest_groups(result: StudyResult) -> tuple[ForestGroup, ...]:
    """Every metric with its analyses; relative effects where the primary analysis has one, else absolute ones."""
    groups = []
    for metric in result.metrics:
        findings = [f for f in result.findings if f.metric == metric.name]
        if not findings:
            continue
        first = result.find(metric.name) or findings[0]
        relative = first.estimate is not None and first.estimate.effect("overall", "relative") is not None
        rows = []
        for f in findings:
            if f.estimate is None:
                said = f.said
                assert not isinstance(said, Estimate)
                rows.append(ForestRow(analysis_name(f), short_name(f), f.role, None, said.status))
                continue
            shown = f.estimate.effect("overall", "relative") if relative else f.estimate.headline
            rows.append(
                ForestRow(analysis_name(f), short_name(f), f.role, shown, "" if shown else "no relative effect")
            )
        if relative:
            unit = RELATIVE
            bound, name = relative_threshold(result, metric, first)
        else:
            unit = unit_of(metric, log=is_log(result, metric.name))
            bound, name = threshold(result, metric)
        groups.append(ForestGroup(metric_label(metric), metric.role, unit, tuple(rows), bound, name))
    return tuple(groups)


def forest_figure(groups: tuple[ForestGroup, ...]) -> FigureSpec:
    """Every metric and analysis."""
    rows: list[tuple[Value, ...]] = []
    said = []
    smallest = 6
    for g in groups:
        parts = []
        for r in g.rows:
            i = r.effect.interval if r.effect else None
            rows.append(
                (
                    g.label,
                    METRIC_ROLES[g.role],
                    r.name,
                    r.role,
                    "relative" if g.relative else "absolute",
                    r.effect.value if r.effect else None,
                    i.low if i else None,
                    i.high if i else None,
                    r.reason,
                )
            )
            parts.append(f"{r.name} {row_text(r, g)}")
            if r.effect:
                smallest = max(0, decimals(error_of(r.effect), r.effect.value), smallest if rows[:-1] else 0)
        said.append(f"{g.label} ({METRIC_ROLES[g.role]}): {'; '.join(parts)}.")
    n = sum(len(g.rows) for g in groups)
    primary = next((r for g in groups if g.role == "primary" for r in g.rows if r.role == "primary" and r.effect), None)
    of = next(g for g in groups if g.role == "primary") if primary else None
    alt = f"Forest chart of {n} analyses of {len(groups)} metric{'s' if len(groups) > 1 else ''}"
    if primary and of and primary.effect:
        alt += f"; the primary one, {of.label}, is at {effect_text(primary.effect, of.unit)}"
        if primary.effect.interval:
            alt += (
                f" ({share(primary.effect.interval.level)} interval "
                f"{interval_text(primary.effect, of.unit, bare=True)})"
            )
    title, charts, note = "Effects by metric and analysis", panels(groups), _note(groups)
    return FigureSpec(
        "effects",
        title,
        f"{alt}.",
        " ".join(said),
        ("metric", "metric_role", "analysis", "analysis_role", "scale", "value", "low", "high", "status"),
        tuple(rows),
        min(smallest, 6),
        *chart(title, charts, note),
    )


def row_text(row: ForestRow, group: ForestGroup) -> str:
    """The numbers of a row, or the reason there are none."""
    if row.effect is None:
        return row.reason
    interval = interval_text(row.effect, group.unit, bare=True)
    return effect_text(row.effect, group.unit) + (f" ({interval})" if interval else " (no interval)")


def panels(groups: tuple[ForestGroup, ...]) -> tuple[Panel, ...]:
    """Axes to draw: one for all relative effects, and one a metric for the others, whose units differ."""
    out = []
    relative = tuple(_group(g) for g in groups if g.relative)
    if relative:
        out.append(Panel(RELATIVE_AXIS, relative))
    for group in groups:
        if not group.relative:
            unit = group.unit.change.strip() or group.unit.before
            out.append(Panel(f"Effect{', ' + unit if unit else ''}", (_group(group),)))
    return tuple(out)


def _group(group: ForestGroup) -> Group:
    f = group.unit.factor
    lines = tuple(
        Line(r.name, row_text(r, group), effect_mark(r.effect, r.role, f), r.short, dim=r.effect is None)
        for r in group.rows
    )
    limit = group.threshold * f if group.threshold is not None else None
    return Group(lines, group.label, METRIC_ROLES[group.role], limit)


def effect_mark(effect: Effect | None, role: str, factor: float) -> tuple[Mark, ...]:
    """An effect as it is marked by its role: the primary one strong, references grey; nothing for none."""
    if effect is None:
        return ()
    i = effect.interval
    return (
        Mark(
            effect.value * factor, i.low * factor if i else None, i.high * factor if i else None,
            BLUE if role == "primary" else FAINT if role == "reference" else STEEL,
            _SHAPES[role], filled=role == "primary", strong=role == "primary",
        ),
    )  # fmt: skip


def _note(groups: tuple[ForestGroup, ...]) -> str:
    held = any(g.threshold is not None for g in groups)
    return "Green bar: minimum effect, or for a guardrail its margin" if held else ""


def specs(result: StudyResult) -> list[FigureSpec]:
    """One figure, where at least one analysis gave an estimate."""
    groups = forest_groups(result)
    return [forest_figure(groups)] if any(r.effect for g in groups for r in g.rows) else []


FAMILY = Family("effects", "Every metric and every analysis, those without an estimate too.", specs)
