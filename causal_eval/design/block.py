"""A panel with one adoption date as arrays: who is treated, which periods count, how far each is from the launch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.errors import EstimatorRefusal
from causal_eval.results.types import Drop

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.axis import TimeAxis
    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods of a block design, ascending.

    Attributes:
        ordinals: of the kept periods, T of them.
        labels: as their author writes them.
        event: (T,) periods since the adoption; negative before it.
        post: (T,) event >= 0.
        excluded: (T,) in the washout or the anticipation: left out of the headline.
        base: position of the base period of the event study.
        start: ordinal of the adoption.
    """

    ordinals: tuple[int, ...]
    labels: tuple[str, ...]
    event: NDArray[np.int64]
    post: Bools
    excluded: Bools
    base: int
    start: int

    @property
    def headline_pre(self) -> Bools:
        """(T,) the pre-periods of the headline."""
        return ~self.post & ~self.excluded

    @property
    def headline_post(self) -> Bools:
        """(T,) the post-periods of the headline."""
        return self.post & ~self.excluded


def periods(axis: TimeAxis, start: int, design: Design, *, base_period: int = -1) -> Periods:
    """The periods of a block design that adopts at ``start``.

    Raises:
        EstimatorRefusal: E401 when no pre-period, no post-period or no base period is left.
    """
    return _of(axis, [t for t in axis.ordinals if design.keeps(t, start)], start, design, base_period)


def _of(axis: TimeAxis, kept: list[int], start: int, design: Design, base_period: int) -> Periods:
    import numpy as np

    event = np.array([axis.event(t, start) for t in kept], dtype=np.int64)
    post = event >= 0
    excluded = (post & (event < design.washout)) | (~post & (event >= -design.anticipation))
    launch = axis.label(start) if start in axis.ordinals else str(start)
    if not (~post & ~excluded).any():
        raise EstimatorRefusal(
            "E401",
            f"no pre-period is left before the launch {launch}",
            hint="Widen design.pre, or lower design.anticipation.",
        )
    if not (post & ~excluded).any():
        raise EstimatorRefusal(
            "E401",
            f"no post-period is left after the launch {launch}",
            hint="Widen design.post, or lower design.washout.",
        )
    wanted = base_period - design.anticipation if base_period < 0 else base_period
    at = np.flatnonzero(event == wanted)
    if not at.size:
        before = np.flatnonzero(~post & ~excluded)
        if base_period != -1:
            said = ", ".join(str(e) for e in event[before])
            raise EstimatorRefusal(
                "E401", f"base_period {base_period} is not a period of this study", hint=f"Choose one of: {said}"
            )
        at = before[-1:]
    return Periods(tuple(kept), tuple(axis.label(t) for t in kept), event, post, excluded, int(at[0]), start)


@dataclass(frozen=True, slots=True)
class Block:
    """A unit panel with one adoption date.

    Attributes:
        y: (n, T) outcomes, NaN where missing.
        w: (n, T) weights, 0 where the outcome is missing.
        treated: (n,).
        cluster: (n,) codes 0..G-1.
        periods: the T periods.
        units: n identifiers, for internal use: they never reach a result.
        dropped: what was left out here, with the reason.
    """

    y: Floats
    w: Floats
    treated: Bools
    cluster: NDArray[np.int64]
    periods: Periods
    units: tuple[str, ...]
    dropped: tuple[Drop, ...]

    @property
    def n_rows(self) -> int:
        """Cells with an outcome and a positive weight."""
        return int((self.w > 0).sum())

    @property
    def balanced(self) -> bool:
        """Whether every unit is seen in every period."""
        return bool((self.w > 0).all())


def adoption(panel: Panel, design: Design) -> tuple[int, ...]:
    """The distinct adoption ordinals under ``design`` that fall inside the data, ascending."""
    if design.start is not None:
        return (design.start,)
    first, last = panel.axis.ordinals[0], panel.axis.ordinals[-1]
    return tuple(s for s in panel.starts() if first < s <= last)


def only_start(panel: Panel, design: Design, *, method: str) -> int:
    """The one adoption date. Raises EstimatorRefusal E404 when adoption is staggered."""
    starts = adoption(panel, design)
    if len(starts) > 1:
        dates = ", ".join(panel.axis.label(s) for s in starts[:6]) + (", ..." if len(starts) > 6 else "")
        raise EstimatorRefusal(
            "E404",
            f"`{method}` needs one adoption date; these units adopt at {len(starts)} dates ({dates})",
            hint="Two-way effects compare late adopters with early ones. "
            + (
                'Use a staggered estimator, or give this one role = "reference".'
                if panel.has_units
                else "Use `staggered_did`, which takes rows without units."
            ),
        )
    if not starts:
        raise EstimatorRefusal(
            "E401",
            "no unit adopts inside the data's periods",
            hint="Check design.launch, roles.treatment and design.pre.",
        )
    return starts[0]


def block(panel: Panel, design: Design, *, method: str, base_period: int = -1) -> Block:
    """The arrays of a unit panel under ``design``; units treated from the start are left out and counted.

    Raises:
        EstimatorRefusal: E404 staggered adoption; E401 nothing left to compare.
    """
    import numpy as np

    start = only_start(panel, design, method=method)
    wide = panel.wide()
    p = periods(panel.axis, start, design, base_period=base_period)
    columns = [panel.axis.index(t) for t in p.ordinals]
    y = wide.outcome[:, columns]
    w = (np.ones_like(y) if wide.weight is None else wide.weight[:, columns]) * np.isfinite(y)
    # Before a made-up launch, units that adopt after the rows at hand are the treated ones.
    ever = np.isfinite(wide.start) & ((design.start is not None) | (wide.start <= panel.axis.ordinals[-1]))
    always = wide.start <= panel.axis.ordinals[0]
    names = tuple(str(u) for u in wide.units)
    keep = ~always & (w.sum(axis=1) > 0)
    dropped = []
    if always.any():
        dropped.append(Drop("units", int(always.sum()), "treated from the first period on: no pre-period"))
    empty = ~always & ~(w.sum(axis=1) > 0)
    if empty.any():
        dropped.append(Drop("units", int(empty.sum()), "no outcome inside the study's windows"))
    if design.treated is not None:
        treated = np.array([u in design.treated for u in names], dtype=bool)
        keep &= treated | ~ever
    else:
        treated = ever
    if not (treated & keep).any() or not (~treated & keep).any():
        side = "treated" if not (treated & keep).any() else "control"
        raise EstimatorRefusal("E401", f"no {side} units are left", hint="See what was left out, and why.")
    y, w, treated = y[keep], w[keep], treated[keep]
    both = (w[treated].sum(axis=0) > 0) & (w[~treated].sum(axis=0) > 0)
    if not both.all():
        dropped.append(Drop("periods", int((~both).sum()), "one of the groups has no outcome in it"))
        p = _of(panel.axis, [t for t, b in zip(p.ordinals, both, strict=True) if b], start, design, base_period)
        y, w = y[:, both], w[:, both]
        seen = w.sum(axis=1) > 0
        y, w, treated = y[seen], w[seen], treated[seen]
        keep[np.flatnonzero(keep)[~seen]] = False
    _, cluster = np.unique(wide.cluster[keep], return_inverse=True)
    return Block(
        y,
        w,
        treated,
        cluster.astype(np.int64),
        p,
        tuple(u for u, k in zip(names, keep, strict=True) if k),
        tuple(dropped),
    )
