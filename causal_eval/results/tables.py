"""The tidy tables of a run: estimates, weights, balance, diagnostics, as rows and as CSV text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from causal_eval.results.types import Estimate, Finding, StudyResult

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, str | int | float | None]

ESTIMATES = (
    "metric",
    "analysis",
    "method",
    "role",
    "estimand",
    "aggregation",
    "scale",
    "value",
    "std_error",
    "ci_low",
    "ci_high",
    "level",
    "p_value",
    "n_rows",
    "n_units",
    "n_treated",
    "status",
)
WEIGHTS = ("metric", "analysis", "kind", "unit", "weight")
BALANCE = ("metric", "analysis", "covariate", "stage", "smd", "variance_ratio", "ks")
DIAGNOSTICS = ("metric", "analysis", "check", "assumption", "verdict", "statistic", "threshold", "reading")


def estimate_rows(estimate: Estimate, *, metric: str = "", analysis: str = "", role: str = "") -> list[Row]:
    """One row an effect, in the columns of estimates.csv."""
    s = estimate.sample
    return [
        {
            "metric": metric,
            "analysis": analysis,
            "method": estimate.method,
            "role": role,
            "estimand": estimate.estimand,
            "aggregation": e.aggregation,
            "scale": e.scale,
            "value": e.value,
            "std_error": e.std_error,
            "ci_low": e.interval.low if e.interval else None,
            "ci_high": e.interval.high if e.interval else None,
            "level": e.interval.level if e.interval else estimate.level,
            "p_value": e.p_value,
            "n_rows": e.n_rows if e.n_rows is not None else s.n_rows,
            "n_units": e.n_units if e.n_units is not None else s.n_units,
            "n_treated": e.n_treated if e.n_treated is not None else s.n_treated,
            "status": "ok",
        }
        for e in estimate.effects
    ]


def finding_rows(finding: Finding) -> list[Row]:
    """The rows of one finding; a failure is one row with empty numbers and its status."""
    if isinstance(finding.said, Estimate):
        return estimate_rows(finding.said, metric=finding.metric, analysis=finding.analysis, role=finding.role)
    row: Row = dict.fromkeys(ESTIMATES)
    row |= {
        "metric": finding.metric,
        "analysis": finding.analysis,
        "method": finding.method,
        "role": finding.role,
        "aggregation": "overall",
        "scale": "absolute",
        "status": finding.said.status,
    }
    return [row]


def result_rows(result: StudyResult) -> list[Row]:
    """Every effect of a study, in the columns of estimates.csv."""
    return [row for finding in result.findings for row in finding_rows(finding)]


def weight_rows(result: StudyResult) -> list[Row]:
    """Every weight of a study, in the columns of weights.csv."""
    return [
        {"metric": f.metric, "analysis": f.analysis, "kind": w.kind, "unit": w.unit, "weight": w.weight}
        for f in result.findings
        if f.estimate
        for w in f.estimate.weights
    ]


def balance_rows(result: StudyResult) -> list[Row]:
    """Every balance row of a study, in the columns of balance.csv."""
    return [
        {
            "metric": f.metric,
            "analysis": f.analysis,
            "covariate": b.covariate,
            "stage": b.stage,
            "smd": b.smd,
            "variance_ratio": b.variance_ratio,
            "ks": b.ks,
        }
        for f in result.findings
        if f.estimate
        for b in f.estimate.balance
    ]


def diagnostic_rows(result: StudyResult) -> list[Row]:
    """Every check of a study, in the columns of diagnostics.csv."""
    return [
        {
            "metric": d.metric,
            "analysis": d.analysis,
            "check": d.check,
            "assumption": d.assumption,
            "verdict": d.verdict,
            "statistic": d.statistic,
            "threshold": d.threshold,
            "reading": d.reading,
        }
        for d in result.diagnostics
    ]


def csv_text(rows: Iterable[Row], columns: Sequence[str]) -> str:
    """CSV with a header, LF line ends, floats at full precision (shortest text that reads back the same)."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(columns), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: "" if v is None else repr(v) if isinstance(v, float) else v for k, v in row.items()})
    return out.getvalue()


def frame(rows: Sequence[Row], columns: Sequence[str] = ESTIMATES) -> pd.DataFrame:
    """Rows as a pandas frame with exactly ``columns``."""
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(columns))
