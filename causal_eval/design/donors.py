"""A panel as treated paths and a donor pool: one path a cohort, the mean of its treated units, beside the units never treated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal_eval.errors import EstimatorRefusal, suggest
from causal_eval.results.types import Drop

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import Panel
    from causal_eval.design.design import Design

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

RARE = 0.5
"""A period in which more than this share of donors has no outcome is left out, rather than those donors."""


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """Treated units that adopt together. T periods, those of the pool.

    Attributes:
        start: ordinal of the adoption; label: as its author writes it.
        size: treated units.
        path: (T,) their mean outcome, weighted where there are weights; NaN where one of them has none.
        total: (T,) sum of their weights, or their number.
        event: (T,) periods since the adoption.
        pre: (T,) periods to match on; post: (T,) periods of the headline; later: (T,) event >= 0.
        paths: (T, size) outcome of each treated unit; members: their names.
    """

    start: int
    label: str
    size: int
    path: Floats
    total: Floats
    event: NDArray[np.int64]
    pre: Bools
    post: Bools
    later: Bools
    paths: Floats
    members: tuple[str, ...]

    def beside(self, donors: Floats) -> Floats:
        """(T, J + 1) outcomes: the path, 0 where it is unknown and so outside ``pre`` and ``post``, then the (T, J) donors."""
        import numpy as np

        return np.column_stack([np.where(np.isfinite(self.path), self.path, 0.0), donors])

    def at(self, columns: NDArray[np.intp]) -> Cohort:
        """The same cohort in those periods."""
        return Cohort(
            self.start,
            self.label,
            self.size,
            self.path[columns],
            self.total[columns],
            self.event[columns],
            self.pre[columns],
            self.post[columns],
            self.later[columns],
            self.paths[columns],
            self.members,
        )


@dataclass(frozen=True, slots=True, eq=False)
class DonorPool:
    """Cohorts and donors over T common periods.

    Attributes:
        labels, ordinals: of the periods.
        cohorts: by adoption.
        donors: (T, J) outcomes, NaN where missing (only where asked for).
        names: (J,) the donors, by their text, ascending as the panel has them, those with a missing outcome last.
        n_rows: outcomes used. dropped: what was left out here, with the reason.
    """

    labels: tuple[str, ...]
    ordinals: tuple[int, ...]
    cohorts: tuple[Cohort, ...]
    donors: Floats
    names: tuple[str, ...]
    n_rows: int
    dropped: tuple[Drop, ...]

    @property
    def n_treated(self) -> int:
        """Treated units of all cohorts."""
        return sum(c.size for c in self.cohorts)


def donor_pool(
    panel: Panel,
    design: Design,
    *,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    fit_window: tuple[object, object] | None = None,
    each: bool = False,
    outcome: Floats | None = None,
    complete: bool = True,
    min_pre: int = 2,
) -> DonorPool:
    """The paths and donors of a unit panel under ``design``.

    Args:
        include: the only donors to use, by their text; all where empty. exclude: donors to leave out.
        fit_window: first and last period to match on, as the author writes periods.
        each: a cohort for every treated unit, instead of one for all that adopt together.
        outcome: (n, T) to use in the outcome's place, NaN where it is missing; units and periods as in ``panel.wide()``.
        complete: leave out donors with a missing outcome; else they stay, after the complete ones.
        min_pre: the fewest periods to match on.

    Raises:
        EstimatorRefusal: E401 nothing to compare or to match on; E405 a donor is not in the data.
    """
    import numpy as np

    from causal_eval.design.block import adoption, periods

    if not panel.has_units:
        raise EstimatorRefusal(
            "E401",
            "donors are units seen in every period; this repeated cross-section has none",
            hint="Set roles.unit.",
        )
    starts = adoption(panel, design)
    if not starts:
        raise EstimatorRefusal(
            "E401",
            "no unit adopts inside the data's periods",
            hint="Check design.launch, roles.treatment and design.pre.",
        )
    wide, axis = panel.wide(), panel.axis
    names = [str(u) for u in wide.units]
    ever = np.isfinite(wide.start) & ((design.start is not None) | (wide.start <= axis.ordinals[-1]))
    always = wide.start <= axis.ordinals[0]
    own = np.full(len(names), np.inf)
    if design.treated is not None:
        chosen = np.array([n in design.treated for n in names], dtype=bool)
        own[chosen & ~ever] = starts[0]
        donor = ~chosen & ~ever
    else:
        own[ever] = starts[0] if design.start is not None else wide.start[ever]
        donor = ~ever
    own[always] = np.inf
    dropped: list[Drop] = []
    if always.any():
        dropped.append(Drop("units", int(always.sum()), "treated from the first period on: no pre-period"))
    donor = _chosen(names, donor & ~always, include, exclude, dropped)
    y = wide.outcome if outcome is None else outcome
    w = np.isfinite(y).astype(float) if wide.weight is None else np.where(np.isfinite(y), wide.weight, 0.0)
    window = None
    if fit_window is not None:
        window = axis.ordinal_of(fit_window[0], clip=True), axis.ordinal_of(fit_window[1], clip=True, side="end")  # type: ignore[arg-type]
    usable = np.isfinite(y[donor]).mean(axis=0) > RARE if donor.any() else np.zeros(y.shape[1], dtype=bool)
    cohorts = []
    used = np.zeros(len(axis.ordinals), dtype=bool)
    thin = 0
    groups = [(start, own == start) for start in starts]
    if each:
        groups = [(s, np.arange(len(own)) == i) for s, members in groups for i in np.flatnonzero(members)]
    for start, members in groups:
        if not members.any():
            continue
        p = periods(axis, start, design)
        at = np.array([axis.index(t) for t in p.ordinals])
        seen = np.isfinite(y[members]).all(axis=0)
        thin += int((~(seen & usable)[at]).sum())
        total = w[members].sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            path = np.where(
                seen & (total > 0), np.nansum(w[members] * np.nan_to_num(y[members]), axis=0) / total, np.nan
            )
        kept = np.zeros(len(axis.ordinals), dtype=bool)
        kept[at] = True
        kept &= seen & usable & (total > 0)
        event = np.array([axis.event(t, start) for t in axis.ordinals], dtype=np.int64)
        headline = np.zeros(len(kept), dtype=bool)
        headline[at[p.headline_pre | p.headline_post]] = True
        pre = kept & headline & (event < 0)
        if window is not None:
            pre &= np.array([window[0] <= t <= window[1] for t in axis.ordinals], dtype=bool)
        post = kept & headline & (event >= 0)
        label = axis.label(start) if start in axis.ordinals else str(start)
        if int(pre.sum()) < min_pre or not post.any():
            which = f"{int(pre.sum())} of the {min_pre} pre-periods" if post.any() else "no post-period"
            if len(groups) == 1:
                raise EstimatorRefusal(
                    "E401",
                    f"the units treated from {label} on have {which} that this estimator needs",
                    hint="Widen design.pre, design.post or fit_window, or look for missing outcomes.",
                )
            dropped.append(Drop("cohorts", 1, f"adopts {label}: {which} to match on or compare in"))
            continue
        used |= kept
        later = kept & (event >= 0)
        who = tuple(n for n, m in zip(names, members, strict=True) if m)
        cohorts.append(Cohort(start, label, len(who), path, total, event, pre, post, later, y[members].T, who))
    if thin:
        dropped.append(Drop("periods", thin, "no outcome for a treated unit, or for most donors"))
    whole = np.isfinite(y[:, used]).all(axis=1) & (w[:, used] > 0).all(axis=1)
    some = np.isfinite(y[:, used]).any(axis=1) & (not complete)
    if (donor & ~(whole | some)).any():
        why = "donors with an outcome missing in a period that is used" if complete else "donors without any outcome"
        dropped.append(Drop("units", int((donor & ~(whole | some)).sum()), why))
    donor &= whole | some
    if not cohorts or not donor.any():
        side = "donor" if cohorts else "treated"
        raise EstimatorRefusal("E401", f"no {side} units are left", hint="See what was left out, and why.")
    columns = np.flatnonzero(used)
    treated = np.isin(own, [c.start for c in cohorts])
    order = [*np.flatnonzero(donor & whole), *np.flatnonzero(donor & ~whole)]
    return DonorPool(
        tuple(axis.labels[i] for i in columns),
        tuple(axis.ordinals[i] for i in columns),
        tuple(c.at(columns) for c in cohorts),
        np.ascontiguousarray(y[order][:, columns].T),
        tuple(names[i] for i in order),
        int(np.isfinite(y[donor | treated][:, columns]).sum()),
        tuple(dropped),
    )


def _chosen(
    names: list[str], donor: Bools, include: Sequence[str], exclude: Sequence[str], dropped: list[Drop]
) -> Bools:
    import numpy as np

    for name in (*include, *exclude):
        if name not in names:
            raise EstimatorRefusal(
                "E405",
                f"donors: `{name}` is not a unit of the data",
                hint=str(suggest(name, names)) or "Write units as the data does.",
            )
    out = donor.copy()
    if include:
        out &= np.isin(names, list(include))
    if exclude:
        out &= ~np.isin(names, list(exclude))
    if (donor & ~out).any():
        dropped.append(Drop("units", int((donor & ~out).sum()), "left out of the donor pool by the study"))
    return out
