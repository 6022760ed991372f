"""A share of a population, from a sample that needs weights to stand for it."""

from __future__ import annotations

from causal_eval.metrics._base import Kind, one_column
from causal_eval.metrics.proportion import measure

kind = Kind("prevalence", one_column, measure, needs_weights=True)
