"""Values that may not be shown: passwords, secrets, tokens and addresses with credentials."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any

from causal_eval.spec.locate import KeyPath, Spot

MASK = "***"
_NAME = re.compile(r"password|passwd|secret|token", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<=://)[^\s\"']+(?=@)")
_ASSIGNED = re.compile(r"(?i)\b(?:password|passwd|pwd|secret|token)=([^\s;&\"']+)")
_KEYED = re.compile(
    r"(?im)^[^\n#=]*(?:password|passwd|secret|token)[^\n=]*=[ \t]*(\"\"\".*?(?:\"\"\"|\Z)|'''.*?(?:'''|\Z)|[^\n]*)",
    re.DOTALL,
)


def is_secret(path: KeyPath) -> bool:
    """Whether a key of the path says that its value is a secret."""
    return any(isinstance(part, str) and _NAME.search(part) for part in path)


def mask_text(text: str) -> str:
    """The text with the credentials of addresses and connection strings masked."""
    return mask(text, spans(text, {}, keys=False))


def masked(value: Any, path: KeyPath) -> Any:
    """A value as JSON can hold it, secrets masked: dates become text, tuples lists."""
    if isinstance(value, Mapping):
        return {str(k): masked(v, (*path, str(k))) for k, v in value.items()}
    if is_secret(path) and value not in (None, "", ()):
        return MASK
    if isinstance(value, list | tuple):
        return [masked(v, path) for v in value]
    if isinstance(value, date | time):
        return value.isoformat()
    return mask_text(value) if isinstance(value, str) else value


def shown(value: Any, path: KeyPath) -> str:
    """A value as an error message quotes it: in TOML's writing, short, secrets masked."""
    if isinstance(value, date | time) and not is_secret(path):
        return value.isoformat()
    if isinstance(value, float) and not is_secret(path):
        return repr(value)
    text = json.dumps(masked(value, path), ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:56]}...{text[-1]}"


def spans(text: str, spots: Mapping[KeyPath, Spot], *, keys: bool = True) -> list[tuple[int, int]]:
    """The stretches of a text that may not be shown, ascending and disjoint.

    Args:
        text: TOML, valid or not.
        spots: where the values of its keys stand; empty for a text that does not parse.
        keys: also mask what looks like the value of a secret key.
    """
    found = [m.span() for m in _ADDRESS.finditer(text)]
    found += [m.span(1) for m in _ASSIGNED.finditer(text)]
    # the value of a table under a header stands before its key, that of an implicit table is the key: nothing to hide
    found += [spot.value for path, spot in spots.items() if is_secret(path) and spot.value[0] > spot.key[0]]
    if keys and not spots:
        found += [m.span(1) for m in _KEYED.finditer(text) if m[1]]
    disjoint: list[tuple[int, int]] = []
    for start, stop in sorted(found):
        if disjoint and start < disjoint[-1][1]:
            disjoint[-1] = (disjoint[-1][0], max(stop, disjoint[-1][1]))
        else:
            disjoint.append((start, stop))
    return disjoint


def mask(text: str, hidden: list[tuple[int, int]]) -> str:
    """The text with each hidden stretch replaced by the same few stars, so that not even its length is told."""
    out, at = [], 0
    for start, stop in hidden:
        out += [text[at:start], MASK]
        at = stop
    return "".join([*out, text[at:]])
