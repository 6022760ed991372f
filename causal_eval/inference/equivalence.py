r"""How small the coefficients are shown to be: equivalence bounds in place of a test that they are zero.

A test that leads are zero passes when they are measured badly. The equivalence form (Hartman & Hidalgo 2018; Dette &
Schumann 2024, test of the maximum) turns the burden of proof round: H0 is max_i |beta_i| >= delta, and rejecting it shows
that all are smaller. Each |beta_i| < delta is shown by two one-sided t tests of level alpha, and all of them by the
intersection-union principle, without a correction for their number, if each is (Berger & Hsu 1996):

    |b_i| + t_{1-alpha, df} se_i < delta   for all i

so the smallest delta that can be shown is delta* = max_i (|b_i| + t_{1-alpha, df} se_i).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def smallest_bound(b: Floats, std_error: Floats, df: float | None, *, alpha: float) -> Floats:
    """(q,) the smallest bound that each coefficient is shown to lie within; the largest of them holds for all.

    Args:
        b: (q,) coefficients.
        std_error: (q,).
        df: degrees of freedom of the errors; None for the normal distribution.
    """
    import numpy as np
    from scipy import stats

    cut = float(stats.norm.isf(alpha) if df is None else stats.t.isf(alpha, df))
    out: Floats = np.abs(b) + cut * std_error
    return out


def equivalence_p(b: Floats, std_error: Floats, df: float | None, *, bound: float) -> float:
    """p-value of the test that some coefficient lies outside of +-``bound`` (> 0); small when all are shown within."""
    import numpy as np
    from scipy import stats

    gap = (bound - np.abs(b)) / std_error
    return float(np.max(stats.norm.sf(gap) if df is None else stats.t.sf(gap, df)))
