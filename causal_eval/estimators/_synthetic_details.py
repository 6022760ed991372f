"""How a counterfactual fits before the launch, what its placebos and its donors are: what every estimate of the family tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.estimators._synthetic import Synthetic
    from causal_eval.results.types import Json

    Floats = NDArray[np.float64]

SHOWN_PLACEBOS = 200
"""Placebo paths kept for the figure, those matched best before the launch."""
BINS = 20
"""Bins of the placebo groups' average gaps on each side of zero."""


MINUS = "\N{MINUS SIGN}"
NAMED = 5
"""Screened-out donors that a note names, those that moved least with the treated."""


def screening(found: Synthetic) -> list[str]:
    """Which donors may carry no weight, where donors are screened."""
    import numpy as np

    from causal_eval.inference.screening import correlations

    out = []
    for f in found.cohorts:
        columns = np.arange(1, f.Y.shape[1])
        r = correlations(f.Y[f.cohort.pre], 0, columns)
        left = [i for i in np.argsort(r, kind="stable") if columns[i] not in f.allowed]
        if not left:
            continue
        shown = ", ".join(f"{found.pool.names[i]} ({r[i]:.2f})".replace("-", MINUS) for i in left[:NAMED])
        more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
        whom = f"the units treated from {f.cohort.label} on" if len(found.cohorts) > 1 else "the treated"
        out.append(
            f"{len(left)} of {len(r)} donors may carry no weight, as before the launch they correlate with {whom} by less than "
            f"donors.min_pre_correlation: {shown}{more}. Each placebo screens its own donors, so all {len(r)} are ranked."
        )
    return out


def fit_details(found: Synthetic) -> dict[str, Json]:
    """Fit, placebos and their paths. Donors are units of the study's own file, as in weights.csv."""
    import numpy as np

    from causal_eval.estimators._synthetic_contributions import contributions

    p = found.placebo
    pool = found.pool
    # Before and after are of the same scale, so the best-matched placebos are those with the smallest rms before.
    order = [0, *(1 + np.argsort(p.before[1:], kind="stable")[:SHOWN_PLACEBOS]).tolist()] if p.n > 1 else [0]
    names = ["", *pool.names]
    placebos: list[Json] = [
        {
            "unit": names[j],
            "rmspe_before": float(p.before[j]),
            "rmspe_after": float(p.after[j]),
            "ratio": float(p.ratio[j]) if np.isfinite(p.ratio[j]) else None,
            "effect": float(p.effect[j]),
            "gaps": [float(v) for v in found.cohorts[0].gaps[j]] if len(found.cohorts) == 1 else [],
        }
        for j in order
    ]
    equal, demeaned, outside, matched = _equal_weights(found)
    moved = contributions(found)
    return {
        "equal_weights_rmspe": equal,
        "equal_weights_rmspe_demeaned": demeaned,
        "periods_outside_donors": outside,
        "periods_matched": matched,
        "pre_rmspe": float(p.before[0]),
        **_ranks(found),
        "objective": [float(f.fits.objective[0]) for f in found.cohorts],
        "optimality_gap": [float(f.fits.gap[0]) if np.isfinite(f.fits.gap[0]) else None for f in found.cohorts],
        "placebos": placebos,
        "periods": list(pool.labels),
        **({} if moved is None else {"contributions": moved}),
    }


def histogram(value: float, effects: Floats) -> dict[str, Json]:
    """Average gaps of the placebo groups, by bins as wide on both sides of zero: how many there are, and how many at least as far
    from zero as ``value``."""
    import numpy as np

    from causal_eval.inference.placebo_space import SAME

    furthest = max(float(np.abs(effects).max()), abs(value)) or 1.0
    edges = np.linspace(-furthest, furthest, 2 * BINS + 1)
    far = effects[np.abs(effects) >= abs(value) * (1 - SAME)]
    return {
        "value": value,
        "edges": [float(x) for x in edges],
        "groups": [int(n) for n in np.histogram(effects, edges)[0]],
        "as_far": [int(n) for n in np.histogram(far, edges)[0]],
    }


def _ranks(found: Synthetic) -> dict[str, Json]:
    """The rank among single donors, which is a test of one treated unit; of a mean of several it is told as what it is."""
    p = found.placebo
    if found.pool.n_treated > 1:
        none: dict[str, Json] = dict.fromkeys(("placebo_p", "placebo_rank", "placebo_n", "smallest_p"))
        return none | {"single_donor_p": p.p_value, "single_donor_n": p.n}
    return {"placebo_p": p.p_value, "placebo_rank": p.rank, "placebo_n": p.n, "smallest_p": p.smallest_p}


def _equal_weights(found: Synthetic) -> tuple[float, float, int, int]:
    """The rms that equal weights leave before the launch (also with levels taken out), and periods outside the donors, of all."""
    import numpy as np

    plain = free = 0.0
    n = outside = matched = 0
    for f in found.cohorts:
        c = f.cohort
        before = f.Y[c.pre]
        donors = before[:, f.allowed]
        gap = before[:, 0] - np.nanmean(donors, axis=1)
        plain += c.size * float((gap**2).sum())
        free += c.size * float(((gap - gap.mean()) ** 2).sum())
        n += c.size * len(gap)
        beyond = (before[:, 0] > np.nanmax(donors, axis=1)) | (before[:, 0] < np.nanmin(donors, axis=1))
        outside += int(beyond.sum())
        matched += len(gap)
    return (plain / n) ** 0.5, (free / n) ** 0.5, outside, matched
