"""Rows in, :class:`Panel` or :class:`CrossSection` out. Heavy libraries load when data is read, not here."""

from __future__ import annotations

from causal_eval.data.axis import TimeAxis
from causal_eval.data.connect import Source, open_source
from causal_eval.data.contract import Arrays, Cells, CrossSection, Moments, Panel, Wide
from causal_eval.data.shape import check_expectations, shape

__all__ = [
    "Arrays",
    "Cells",
    "CrossSection",
    "Moments",
    "Panel",
    "Source",
    "TimeAxis",
    "Wide",
    "check_expectations",
    "open_source",
    "shape",
]
