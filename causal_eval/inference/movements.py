"""How far each unit moves along what moves the donors most, before the launch.

Placebos, and residuals of other periods, tell the error of a counterfactual as far as the treated move like any donor. A treated
unit with larger loadings on the common factors errs by more than they show: in simulated panels where it loaded most of 39 units,
95% intervals of synthetic difference-in-differences covered 91%, of prediction 84% (tests/coverage/synthetic.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def movements(before: Floats) -> Floats:
    """(n,) sizes of the columns' movements along the donors' first principal component over (T0, n) periods before the launch.

    Column 0 is the treated path and does not enter the component; every column's own mean is taken out.
    """
    import numpy as np

    moved = before - before.mean(axis=0)
    component = np.linalg.svd(moved[:, 1:], full_matrices=False)[0][:, 0]
    sizes: Floats = np.abs(component @ moved)
    return sizes
