"""Where the nodes of a causal graph stand: causes above, treatment and outcome on one line, what follows from them below.

Lengths are inches, y upwards. Nodes with the same arrows share a box where there are many of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from causal_eval.plots.style import shorten, text_width, wrap

CROWDED = 12
"""From more nodes than this on, any that have the same arrows share a box."""
ALIKE = 4
"""As many with the same arrows share a box in any case."""
GAP = 0.12
"""Least room between two boxes of a row."""


@dataclass(frozen=True, slots=True)
class Box:
    """One node, or several with the same arrows.

    Attributes:
        text: its lines; x, y: its centre; w, h: its size.
    """

    members: tuple[str, ...]
    text: str
    w: float
    h: float
    x: float = 0.0
    y: float = 0.0

    def holds(self, x: float, y: float, margin: float = 0.0) -> bool:
        """Whether a point lies in it."""
        return abs(x - self.x) <= self.w / 2 + margin and abs(y - self.y) <= self.h / 2 + margin


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes, arrows between them by their places in ``boxes``, each with its bend, and the height of it all."""

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[int, int, float], ...]
    height: float


def layout(
    nodes: Sequence[str],
    edges: Sequence[tuple[str, str]],
    treatment: str,
    outcome: str,
    kinds: Mapping[str, str],
    width: float,
    points: float,
) -> Layout:
    """The graph in a panel of that width.

    Args:
        kinds: what each node is drawn as; nodes drawn differently share no box.
        points: size of the text.
    """
    groups = _groups(nodes, edges, {treatment, outcome}, kinds)
    at = {m: i for i, g in enumerate(groups) for m in g}
    pairs = sorted({(at[a], at[b]) for a, b in edges if at[a] != at[b]})
    t, y = at[treatment], at[outcome]
    sized = [_sized(g, width * (0.42 if len(g) > 1 or i in (t, y) else 0.3), points) for i, g in enumerate(groups)]
    above, between, below = _places(len(groups), pairs, t, y)
    line = points * 1.3 / 72
    rows: list[list[int]] = []
    for rank in sorted(set(above.values()), reverse=True):
        row = sorted((i for i, r in above.items() if r == rank), key=lambda i: (_pull(i, pairs, t, y), groups[i]))
        rows += _packed(row, sized, width)
    middle = len(rows)
    rows.append([t, y])
    rows += _packed(sorted(between, key=lambda i: (between[i], groups[i])), sized, width)
    rows += _packed(sorted(below, key=lambda i: (_pull(i, pairs, t, y), groups[i])), sized, width)
    # Arrows out of a wide row leave it flatly: they need room so as not to cut through its other boxes.
    gaps = [line * (2.2 + (0.6 * max(0, len(row) - 2) if k < middle else 0.0)) for k, row in enumerate(rows)]
    height = sum(max(sized[i].h for i in row) for row in rows) + sum(gaps[:-1]) + 0.1
    boxes = list(sized)
    top = height - 0.05
    for k, row in enumerate(rows):
        tall = max(sized[i].h for i in row)
        xs = _spread(row, sized, width, ends=k == middle, pull=_pull(row[0], pairs, t, y))
        for i, x in zip(row, xs, strict=True):
            boxes[i] = replace(sized[i], x=x, y=top - tall / 2)
        top -= tall + gaps[k]
    return Layout(tuple(boxes), tuple((a, b, _bend(boxes, a, b)) for a, b in pairs), height)


def _groups(
    nodes: Sequence[str], edges: Sequence[tuple[str, str]], apart: Collection[str], kinds: Mapping[str, str]
) -> list[tuple[str, ...]]:
    alike: dict[tuple[object, ...], list[str]] = {}
    for n in sorted(nodes):
        causes, effects = (frozenset(e[1 - k] for e in edges if e[k] == n) for k in (1, 0))
        key = (n,) if n in apart else (causes, effects, kinds[n])
        alike.setdefault(key, []).append(n)
    least = 2 if len(nodes) > CROWDED else ALIKE
    found: list[tuple[str, ...]] = []
    for members in alike.values():
        found += [tuple(members)] if len(members) >= least else [(m,) for m in members]
    return sorted(found)


def _sized(members: tuple[str, ...], most: float, points: float) -> Box:
    """The box of a group: all its names where three lines hold them, else as many as they hold and how many more."""
    room = most - 0.2
    for k in range(len(members), 0, -1):
        rest = len(members) - k
        said = ", ".join(members[:k]) + (f" and {rest} more" if rest else "")
        text = wrap(said, room, points, lines=3) if len(members) > 1 else _broken(said, room, points)
        if "…" not in text or k == 1:
            break
    lines = text.split("\n")
    w = max(text_width(x, points, bold=True) for x in lines) + 0.2
    return Box(members, text, w, len(lines) * points * 1.3 / 72 + 0.14)


def _broken(name: str, room: float, points: float) -> str:
    """A name in as few lines as hold it, broken after spaces and underscores; at most three."""
    lines = [""]
    for part in re.split(r"(?<=[_ ])", name):
        if lines[-1] and text_width((lines[-1] + part).strip(), points, bold=True) > room:
            lines.append(part)
        else:
            lines[-1] += part
    lines = lines if len(lines) <= 3 else [*lines[:2], "".join(lines[2:])]
    return "\n".join(shorten(x.strip(), room, points, bold=True) for x in lines)


def _places(
    n: int, pairs: Sequence[tuple[int, int]], t: int, y: int
) -> tuple[dict[int, int], dict[int, int], dict[int, int]]:
    """Nodes above with their rank (how far above the line), between with their order, and below."""
    after_t, after_y, before_y = _reached(pairs, t), _reached(pairs, y), _reached([(b, a) for a, b in pairs], y)
    above: dict[int, int] = {}
    between = {i: len(after_t & _reached([(b, a) for a, b in pairs], i)) for i in after_t & before_y}
    below = {i: 0 for i in (after_t | after_y) - before_y - {t, y}}
    rest = [i for i in range(n) if i not in between and i not in below and i not in (t, y)]

    def rank(i: int) -> int:
        if i not in above:
            above[i] = 1 + max((rank(b) for a, b in pairs if a == i and b in rest), default=0)
        return above[i]

    for i in rest:
        rank(i)
    return above, between, below


def _reached(pairs: Sequence[tuple[int, int]], start: int) -> set[int]:
    found: set[int] = set()
    todo = [start]
    while todo:
        here = todo.pop()
        for a, b in pairs:
            if a == here and b not in found:
                found.add(b)
                todo.append(b)
    return found


def _pull(i: int, pairs: Sequence[tuple[int, int]], t: int, y: int) -> float:
    """0 for a node joined to the treatment only, 1 to the outcome only, between for both or neither."""
    near = _reached(pairs, i) | {a for a, b in pairs if b == i}
    direct = {b for a, b in pairs if a == i} | {a for a, b in pairs if b == i}
    for joined in (direct, near):
        if (t in joined) != (y in joined):
            return 0.0 if t in joined else 1.0
        if t in joined:
            return 0.5
    return 0.5


def _packed(row: Sequence[int], sized: Sequence[Box], width: float) -> list[list[int]]:
    """The row in as few rows as hold its boxes."""
    rows: list[list[int]] = []
    for i in row:
        if rows and sum(sized[j].w + GAP for j in (*rows[-1], i)) <= width:
            rows[-1].append(i)
        else:
            rows.append([i])
    return rows


def _spread(row: Sequence[int], sized: Sequence[Box], width: float, *, ends: bool, pull: float) -> list[float]:
    if ends:
        inset = width * 0.06
        return [inset + sized[row[0]].w / 2, width - inset - sized[row[1]].w / 2]
    if len(row) == 1:
        half = sized[row[0]].w / 2
        return [min(max(width * (0.22 + 0.56 * pull), half), width - half)]
    gap = (width - sum(sized[i].w for i in row)) / (len(row) + 1)
    xs, x = [], 0.0
    for i in row:
        xs.append(x + gap + sized[i].w / 2)
        x += gap + sized[i].w
    return xs


def _bend(boxes: Sequence[Box], a: int, b: int) -> float:
    """The smallest bend of the arrow (matplotlib's ``arc3`` radius) that runs through the fewest other boxes."""
    others = [box for k, box in enumerate(boxes) if k not in (a, b)]

    def hits(rad: float) -> int:
        dx, dy = boxes[b].x - boxes[a].x, boxes[b].y - boxes[a].y
        cx, cy = (boxes[a].x + boxes[b].x) / 2 + rad * dy, (boxes[a].y + boxes[b].y) / 2 - rad * dx
        count = 0
        for k in range(1, 40):
            s = k / 40
            px = (1 - s) ** 2 * boxes[a].x + 2 * s * (1 - s) * cx + s**2 * boxes[b].x
            py = (1 - s) ** 2 * boxes[a].y + 2 * s * (1 - s) * cy + s**2 * boxes[b].y
            count += any(box.holds(px, py, 0.02) for box in others)
        return count

    return min((0.0, 0.1, -0.1, 0.2, -0.2, 0.3, -0.3, 0.45, -0.45), key=lambda rad: (hits(rad), abs(rad), rad))
