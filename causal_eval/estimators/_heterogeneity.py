"""What a causal forest says about effects that differ, as details of its estimate and a note: exploratory, all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.design.people import People
    from causal_eval.inference.orthogonal import Split
    from causal_eval.results.types import Json

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_SLOPES = 25
"""Covariates beyond which none is shown: what is left of so many would be noise."""


def heterogeneity(
    p: People,
    split: Split,
    estimand: str,
    tested: tuple[float, float, float],
    priority: Floats,
    folds: Ints,
    level: float,
    rng: np.random.Generator,
) -> tuple[dict[str, Json], str]:
    """(details, note): calibration test, best linear projection, targeting curve.

    Args:
        tested: mean forest, differential forest and its one-sided p-value (:func:`causal_eval.inference.forest.calibration`).
        priority: (n,) predictions from earlier folds.
    """
    from causal_eval.inference.targeting import SHARES, targeting

    b = p.w * p.d if estimand == "att" else p.w
    # psi = (part - b value) / total: the score of a row without its mean.
    part = split.psi * float(b.sum()) + b * split.value
    mean, differs, p_value = tested
    details: dict[str, Json] = {
        "calibration_mean": mean, "calibration_differential": differs, "calibration_p": p_value,
    }  # fmt: skip
    word = "There is evidence" if p_value < 1 - level else "There is no clear evidence"
    said = [f"{word} that effects differ between people (calibration test of the forest, p = {p_value:.3g})"]
    slopes = _slopes(p, part, b, level)
    if slopes is not None:
        details["projection"], details["projection_p"] = slopes
    found = targeting(priority, part, b, p.cluster, folds, rng)
    if found is not None and found.error > 0:
        from scipy import stats

        from causal_eval.inference.effects import t_test

        n = len(set(p.cluster[folds > folds.min()].tolist()))
        test = t_test(found.autoc, found.error, n - 1, level)
        wide = float(stats.t.isf((1 - level) / 2, n - 1)) * found.toc_error
        details["targeting"] = {
            "autoc": found.autoc, "std_error": found.error, "low": test.low, "high": test.high, "p_value": test.p_value,
            "level": level, "rows": found.rows,
        }  # fmt: skip
        details["toc"] = {
            "share": list(SHARES),
            "effect": found.toc.tolist(),
            "low": (found.toc - wide).tolist(),
            "high": (found.toc + wide).tolist(),
        }
        finds = "find" if test.low is not None and test.low > 0 else "do not clearly find"
        said.append(f"predictions {finds} those who gain more (held out in turn; AUTOC p = {test.p_value:.3g})")
    return details, "; ".join(said) + ". Effects by segment and by covariate are exploratory."


def _slopes(p: People, part: Floats, b: Floats, level: float) -> tuple[list[Json], float] | None:
    """The projection on the covariates with intervals that hold for all at once, and the p-value of no slope at all."""
    import numpy as np

    from causal_eval.inference.bands import sup_t, sup_t_p
    from causal_eval.inference.heterogeneity import projection

    if len(p.names) > MOST_SLOPES:
        return None
    found = projection(part, b, p.X, p.cluster, p.clustered)
    if found is None:
        return None
    errors = np.sqrt(np.diag(found.cov))
    if not (errors > 0).all():
        return None
    wide = sup_t(found.cov, level=level)
    p_values = sup_t_p(found.cov, found.coef / errors)
    rows: list[Json] = [
        {
            "covariate": p.names[int(j)], "change": float(c), "std_error": float(e), "low": float(c - wide * e),
            "high": float(c + wide * e), "p_value": float(q),
        }
        for j, c, e, q in zip(found.used, found.coef, errors, p_values, strict=True)
    ]  # fmt: skip
    return rows, found.joint_p
