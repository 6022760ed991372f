"""Metric kinds: one file each, which ends in ``kind = Kind(...)``."""

from __future__ import annotations

from importlib import import_module

from causal_eval.errors import PluginError, suggest
from causal_eval.metrics._base import Kind, Measure, Refusal

KINDS = ("count", "duration", "mean", "prevalence", "proportion", "ratio")

__all__ = ["KINDS", "Kind", "Measure", "Refusal", "get"]


def get(name: str) -> Kind:
    """The metric kind called ``name``.

    Raises:
        PluginError: E211 when this version has no such kind.
    """
    if name not in KINDS:
        hint = str(suggest(name, KINDS))
        if name == "quantile":
            hint = 'Analyse the share above a threshold instead: a 0/1 column with kind = "proportion".'
        raise PluginError("E211", f"metric kind `{name}` is not available", where="metrics.kind", hint=hint)
    kind: Kind = import_module(f"causal_eval.metrics.{name}").kind
    return kind
