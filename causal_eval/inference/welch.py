"""Whether several independent estimates differ, each with its own error and degrees of freedom (Welch 1951, Biometrika 38)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Welch:
    """The statistic, its two degrees of freedom and the p-value of one value for all."""

    statistic: float
    df1: float
    df2: float
    p_value: float


def welch(values: Floats, errors: Floats, df: Floats) -> Welch:
    """Welch's eq. 20 for (K,) ``values`` with standard ``errors`` > 0 and ``df`` degrees of freedom. K >= 2.

    With two values it is Welch's t test, squared.
    """
    import numpy as np
    from scipy import stats

    k = len(values)
    w = errors**-2.0
    mean = float((w * values).sum() / w.sum())
    spread = float(((1 - w / w.sum()) ** 2 / df).sum())
    top = float((w * (values - mean) ** 2).sum()) / (k - 1)
    statistic = top / (1 + 2 * (k - 2) / (k**2 - 1) * spread)
    df2 = (k**2 - 1) / (3 * spread) if spread > 0 else float(np.inf)
    p = stats.f.sf(statistic, k - 1, df2) if np.isfinite(df2) else stats.chi2.sf(statistic * (k - 1), k - 1)
    return Welch(statistic, float(k - 1), float(df2), float(p))
