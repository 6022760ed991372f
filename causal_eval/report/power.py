"""The write-up of a study's power before its launch."""

from __future__ import annotations

from pathlib import Path

from causal_eval.plots.files import write_figure
from causal_eval.plots.numbers import fixed, share
from causal_eval.plots.power import power_figure, size_text
from causal_eval.plots.style import pretty
from causal_eval.report.blocks import (
    Banner,
    Block,
    Bullets,
    Cell,
    Code,
    Column,
    Command,
    Facts,
    FigureRef,
    Line,
    Mark,
    Section,
    Strong,
    Table,
    Text,
    cell,
)
from causal_eval.report.renderers import html, md
from causal_eval.report.renderers._writeup import WriteUp
from causal_eval.results.power import DesignResult, DurationPower, Injected

SHOWN = 20
"""Candidates in the write-up; the CSV has all of them."""


def write_design(result: DesignResult, folder: Path) -> list[Path]:
    """Write design.html, design.md and figures/power.* into ``folder`` and give their paths."""
    blocks = build(result)
    figure = power_figure(result)
    written: list[Path] = []
    if figure is not None:
        (folder / "figures").mkdir(exist_ok=True)
        written += write_figure(figure, folder / "figures")
    figures = {} if figure is None else {figure.name: figure}
    writeup = WriteUp(tuple(blocks), result, figures, source="design.json")
    for name, content in {"design.html": html.render(writeup), "design.md": md.render(writeup)}.items():
        (folder / name).write_bytes(content)
        written.append(folder / name)
    return written


def build(result: DesignResult) -> list[Block]:
    """The banner and the sections."""
    bottom: list[Block] = [Text(bottom_line(result), "lead")]
    notes: list[Line] = [(n,) for n in result.notes]
    if result.curve:
        bottom.append(FigureRef("power"))
    banner = Banner(
        result.question.title,
        result.question.question,
        (Mark("○", "Before the launch", "neutral"), Mark("⚠", "Observational, not randomised", "warn")),
        (("Study", (Code(result.question.id),)), ("Spec", (Code(result.provenance.spec_sha256[:12]),))),
    )
    sections = [Section("bottom-line", "What the study will be able to see", tuple(bottom))]
    if result.best is not None:
        sections.append(
            Section("durations", f"{result.best.name}, by duration", (_durations(result, result.best.by_duration),))
        )
    sections.append(
        Section(
            "candidates", "Which units to treat", (_candidates(result), *((Bullets(tuple(notes)),) if notes else ()))
        )
    )
    sections.append(Section("how", "How this was found", _how(result)))
    return [banner, *sections]


def bottom_line(result: DesignResult) -> Line:
    """One sentence to decide on."""
    best = result.best
    if best is None:
        why = next(
            (c.reason for c in result.candidates if c.reason), next(iter(result.notes), "there are no candidates")
        )
        return (Strong("No set of units can be recommended: "), f"{why}.")
    d = max((d for d in best.by_duration if d.mde is not None), key=lambda d: d.duration)
    size = size_text(d.mde, result.metric, relative=False, log=result.log)
    relative = f" ({size_text(d.mde_relative, result.metric, relative=True)})" if d.mde_relative is not None else ""
    return (
        "With ",
        Strong(best.name),
        f" treated and {d.duration} {result.noun}s after the launch, an effect of ",
        Strong(f"{size}{relative}"),
        f" on {result.metric.label} would be found in {share(result.power)} of launches. {_beside(result, d)}"
        + (f" But the test {d.reason}." if d.reason else ""),
    )


def _beside(result: DesignResult, d: DurationPower) -> str:
    metric = result.metric
    if metric.min_effect is None:
        return ""
    relative = metric.min_effect_scale == "relative"
    mde = d.mde_relative if relative else d.mde
    if mde is None:
        return ""
    least = size_text(metric.min_effect, metric, relative=relative, log=result.log)
    enough = mde <= metric.min_effect
    return f"The smallest change that would matter, {least}, is {'within' if enough else 'out of'} reach."


def _injected(found: Injected | None) -> str:
    return "–" if found is None else f"{fixed(100 * found.detected, 0)}% of {found.n}"


def _share(value: float | None, error: float | None) -> str:
    if value is None:
        return "–"
    return f"{fixed(100 * value, 0)}%" + (f" (± {fixed(100 * error, 0)})" if error is not None else "")


def _durations(result: DesignResult, rows: tuple[DurationPower, ...]) -> Table:
    columns = tuple(
        Column(t, number=True)
        for t in (
            f"{result.noun}s after",
            "Smallest effect found",
            "relative",
            "False alarms",
            "Smallest p",
            "Check",
            "Launches",
        )
    )
    body = tuple(
        tuple(
            cell(x)
            for x in (
                str(d.duration),
                size_text(d.mde, result.metric, relative=False, log=result.log),
                size_text(d.mde_relative, result.metric, relative=True),
                _share(d.size, d.size_error),
                "–" if d.smallest_p is None else fixed(d.smallest_p, 3),
                _injected(d.injected),
                f"{d.n} of {d.admissible}",
            )
        )
        for d in rows
    )
    return Table("Minimum detectable effect by duration", columns, body)


def _candidates(result: DesignResult) -> Block:
    if not result.candidates:
        return Text(("No unit of the data may be treated.",))
    titles = (
        "Rank",
        "Units",
        f"{result.noun}s after",
        "Smallest effect found",
        "relative",
        "False alarms",
        "Fit before",
    )
    columns = tuple(Column(t, number=t not in ("Units",), wide=t == "Units") for t in titles)
    rows: list[tuple[Cell, ...]] = []
    for c in result.candidates[:SHOWN]:
        d = max(c.by_duration, key=lambda d: d.duration)
        name: tuple[str, ...] = (c.name, c.reason) if c.reason else (c.name,)
        rows.append(
            (
                cell("–" if c.rank is None else str(c.rank)),
                cell(*name),
                cell(str(d.duration)),
                cell(size_text(d.mde, result.metric, relative=False, log=result.log)),
                cell(size_text(d.mde_relative, result.metric, relative=True)),
                cell(_share(d.size, d.size_error)),
                cell("–" if d.fit is None else size_text(d.fit, result.metric, relative=False, log=result.log)),
            )
        )
    more = f"; design.csv has all {len(result.candidates)}" if len(result.candidates) > SHOWN else ""
    return Table(f"Candidates, the smallest detectable effect first{more}", columns, tuple(rows))


def _how(result: DesignResult) -> tuple[Block, ...]:
    rows: tuple[tuple[str, Line], ...] = (
        (
            "History",
            (
                f"{pretty(result.first)} to {pretty(result.last)}: {result.n_periods} {result.noun}s, {result.n_units} units",
            ),
        ),
        ("Estimator", (Code(result.method), f", as analysis {result.analysis}, at {share(result.level)}")),
        ("Test", (result.inference or "–",)),
        ("Candidates", (f"{result.considered:,} sets of {result.possible:,} possible",)),
        ("Seed", (str(result.provenance.seed),)),
    )
    return (
        Facts(rows),
        Text((
            "Each placebo launch is a date in the history when nothing was launched. The study's own estimator and test run on it, "
            "with as many periods after it as the duration says. The test is inverted, so that one estimate tells which effects it "
            "would have found; rises and falls count alike. The check puts the smallest effect found into the history and estimates "
            "again. Launches on neighbouring dates share most of their data, so these shares rest on fewer independent launches than "
            "they count. The future may be noisier than this history.",
        )),
        Command("causal-eval explain power"),
    )  # fmt: skip
