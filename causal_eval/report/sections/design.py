"""Estimand and design: what is estimated, on whom, over which windows, and what was left out."""

from __future__ import annotations

from causal_eval.plots.identification import statement
from causal_eval.plots.names import analysis_name, estimand_name, plural
from causal_eval.plots.style import pretty
from causal_eval.report.blocks import Block, Column, Facts, Line, Section, Table, cell
from causal_eval.report.numbers import count
from causal_eval.report.wording import sentence
from causal_eval.results.types import Drop, StudyResult

_KINDS = {
    "panel": "Panel: the same units over time",
    "repeated cross-section": "Repeated cross-section: other units in each period",
    "cross-section": "Cross-section: one row a unit",
}
_ADOPTION = {
    "block": "all treated units start together",
    "staggered": "treated units start at different times",
    "none": "",
}


def _window(pair: tuple[str, str] | None) -> str:
    if pair is None:
        return ""
    return pretty(pair[0]) if pair[0] == pair[1] else f"{pretty(pair[0])} to {pretty(pair[1])}"


def section(result: StudyResult) -> Section:
    """The estimand in a sentence, then the design as it was applied."""
    d, q = result.design, result.question
    e = result.headline.estimate
    rows: list[tuple[str, Line]] = []
    if e is not None:
        rows.append(("Estimand", (f"{sentence(estimand_name(e))} {sentence(e.estimand_text)}",)))
    else:
        rows.append(("Estimand", (d.estimand.upper(),)))
    rows.append(("Data", (_KINDS[d.data_kind],)))
    rows += [(k, (v,)) for k, v in (("Population", q.population), ("Contrast", q.contrast)) if v]
    launch = pretty(d.launch)
    adoption = _ADOPTION[d.adoption]
    windows = (
        ("Launch", f"{launch}{'; ' if launch and adoption else ''}{adoption}"),
        ("Before", _window(d.pre)),
        ("After", _window(d.post)),
        ("Washout", f"{d.washout} {plural(d.time_noun, d.washout)} after the launch left out" if d.washout else ""),
        (
            "Anticipation",
            f"{d.anticipation} {plural(d.time_noun, d.anticipation)} before the launch left out"
            if d.anticipation
            else "",
        ),
        ("Covariates", ", ".join(d.covariates)),
    )
    rows += [(k, (v,)) for k, v in windows if v]
    if result.identification is not None:
        rows.append(("Identification", (statement(result.identification),)))
    if e is not None:
        s = e.sample
        size = (
            f"{count(s.n_units)} {plural('unit', s.n_units)} ({count(s.n_treated)} treated, "
            f"{count(s.n_control)} not), {count(s.n_rows)} rows"
        )
        if s.n_periods > 1:
            size += f", {s.n_periods} {plural(d.time_noun, s.n_periods)} ({s.n_pre} before, {s.n_post} after)"
        if s.n_clusters is not None:
            size += f", {count(s.n_clusters)} clusters"
            treated, control = s.n_treated_clusters, s.n_control_clusters
            if treated is not None and control is not None and treated + control > s.n_clusters:
                size += f" ({count(treated)} with treated, {count(control)} with untreated units)"
            elif treated is not None:
                size += f" ({count(treated)} treated)"
        rows += [
            ("Sample", (size,)),
            ("Primary analysis", (sentence(analysis_name(result.headline)).rstrip("."),)),
            ("Inference", (sentence(e.inference),)),
        ]
    blocks: list[Block] = [Facts(tuple(rows))]
    if len(d.cohorts) > 1 or (d.cohorts and d.adoption == "staggered"):
        body = [(cell(pretty(c)), cell(count(n))) for c, n in d.cohorts]
        if d.n_never:
            body.append((cell("never"), cell(count(d.n_never))))
        blocks.append(Table("Cohorts: who started when", (Column("Start"), Column("Units", True)), tuple(body)))
    if e is not None and e.sample.dropped:
        blocks.append(drops("Left out of the primary analysis", e.sample.dropped))
    donors = [w for w in e.weights if w.kind == "donor" and w.weight > 0] if e is not None else []
    if donors and not _people(result):
        top = sorted(donors, key=lambda w: (-w.weight, w.unit))[:12]
        body = [(cell(w.unit), cell(f"{w.weight:.3f}")) for w in top]
        title = "What the comparison is made of" + (
            "" if len(top) == len(donors) else f": the 12 largest of {len(donors)} weights"
        )
        blocks.append(Table(title, (Column("Unit"), Column("Weight", True)), tuple(body)))
    return Section("design", "Estimand and design", tuple(blocks))


def drops(caption: str, dropped: tuple[Drop, ...]) -> Table:
    """What was left out, counted, with the reason."""
    body = tuple((cell(count(x.count)), cell(x.what), cell(sentence(x.reason))) for x in dropped)
    return Table(caption, (Column("Left out", True), Column("What"), Column("Why", wide=True)), body)


def _people(result: StudyResult) -> bool:
    said = result.spec.get("privacy")
    return isinstance(said, dict) and said.get("unit_is_person") is True
