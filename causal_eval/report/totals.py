"""What a summed effect is counted in: the units of the metric's total, not those of its mean or share."""

from __future__ import annotations

from causal_eval.plots.numbers import POINTS, Unit, is_log, unit_of
from causal_eval.results.types import MetricInfo, StudyResult


def total_unit(result: StudyResult, metric: MetricInfo) -> Unit | None:
    """The unit of ``scale = cumulative``; None where a sum has no meaning (logarithms, values in per cent).

    A share summed over treated rows is a number of cases; a ratio summed over its denominators is in units of the
    numerator, which can be counted where the ratio is a share of it and which the metric's label names: the number
    stands alone, for a column's name is no unit. A ratio without units that is no share, such as
    points of a survey per answer, has no sum that anybody could act on.
    """
    unit = unit_of(metric, log=is_log(result, metric.name))
    if is_log(result, metric.name) or (unit.level == "%" and unit is not POINTS):
        return None
    if metric.kind in ("proportion", "prevalence"):
        return Unit(1.0, "", " cases", " cases", " cases")
    if metric.kind == "ratio" and (unit is POINTS or not metric.units):
        finding = result.find(metric.name)
        level = finding.estimate.counterfactual if finding is not None and finding.estimate is not None else None
        if level is None or not 0 <= level <= 1:
            return None
        return Unit()
    return unit
