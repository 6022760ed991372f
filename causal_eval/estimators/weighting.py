"""Weighting: untreated people are weighted until they look like the treated, by propensity or by balancing covariates."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from causal_eval.errors import EstimatorRefusal
from causal_eval.estimators._base import Estimator, Info, Options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from causal_eval.data.contract import CrossSection, Panel
    from causal_eval.design.design import Design
    from causal_eval.design.people import People
    from causal_eval.results.types import Estimate

    Floats = NDArray[np.float64]


class Weighting(Options):
    """Difference of weighted means, with errors that include the estimation of the weights."""

    kind: Literal["ipw", "overlap", "entropy", "cbps"] = Field(
        "ipw", description="Inverse probability, overlap, entropy-balancing or covariate-balancing weights"
    )
    trim: float | Literal["crump"] | None = Field(
        None, description="Leave out propensities this close to 0 or 1 (ATT: to 1); or by Crump et al. (2009)"
    )
    errors: Literal["estimated", "fixed"] = Field(
        "estimated", description="Whether errors include the estimation of the weights, or take them as known"
    )

    info: ClassVar[Info] = Info(
        name="weighting",
        title="Weighting",
        summary="Untreated people, weighted until they look like the treated, stand for what would have happened to them.",
        data=frozenset({"cross-section", "panel"}),
        estimands=frozenset({"att", "ate"}),
        adoptions=frozenset({"block", "none"}),
        assumptions=("no_confounding", "overlap", "no_interference"),
        covariates=True,
        reference="Hirano, Imbens & Ridder (2003); Li, Morgan & Zaslavsky (2018); Hainmueller (2012); Imai & Ratkovic (2014)",
    )

    def estimate(
        self, data: CrossSection | Panel, design: Design | None = None, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """Effect on the treated, on all, or (``kind = "overlap"``) on those who might have gone either way.

        Raises:
            EstimatorRefusal: E401 nothing to compare; E402 no overlap, or no weights that balance.
        """
        import numpy as np

        from causal_eval.design.people import people
        from causal_eval.estimators._opt_in import (
            covariance,
            estimand_of,
            overlap_details,
            propensity,
            words,
            write,
        )
        from causal_eval.inference.balancing import BalanceError, balanced
        from causal_eval.inference.overlap import need_overlap, overlap

        name = self.info.name
        estimand = "ato" if self.kind == "overlap" else estimand_of(design)
        p = people(data, design, method=name)
        n_before = int(p.treated.sum()) if estimand == "att" else len(p.d)
        p, text = self._trimmed(p, estimand)
        fit = propensity(p, name)
        found = overlap(fit.score, p.d, p.w, estimand)
        need_overlap(found, estimand, name)
        try:
            b = balanced(self.kind, estimand, p.X, p.d, p.y, p.w)
        except BalanceError as e:
            raise EstimatorRefusal("E402", f"`{name}`: {e}", hint='Use kind = "ipw", or fewer covariates.') from e
        value = b.mean[0] - b.mean[1]
        psi = b.influence if self.errors == "estimated" else b.fixed
        t = p.treated
        share = b.weight * t / (b.weight @ t)
        observed = float(share @ p.level)
        own = share * (p.level - observed) if p.change else psi[:, 0]
        joint, n = covariance(p, np.column_stack([psi[:, 0] - psi[:, 1], own]))
        kept = int(t.sum()) if estimand == "att" else len(p.d)
        renamed = f"{estimand}_trimmed" if kept < n_before else estimand
        notes: tuple[str, ...] = ()
        if kept < n_before:
            notes = (f"Trimming changed the estimand: it left out {n_before - kept:,} of {n_before:,} people.",)
        known = "" if self.errors == "estimated" else ", weights taken as known"
        return write(
            p,
            method=name,
            estimand=renamed,
            level=self.level,
            value=value,
            observed=observed,
            joint=joint,
            n_clusters=n,
            inference=words(p, n, f"M-estimation{known}"),
            after=b.weight,
            text=text if kept < n_before else "",
            notes=notes,
            details={"kind": self.kind, "errors": self.errors, **overlap_details(found)},
        )

    def _trimmed(self, p: People, estimand: str) -> tuple[People, str]:
        """The people within the trimmed propensities, and the estimand in words."""
        from causal_eval.estimators._opt_in import propensity
        from causal_eval.results.types import Drop

        if self.trim is None:
            return p, ""
        score = propensity(p, self.info.name).score
        edge = crump(score) if self.trim == "crump" else float(self.trim)
        if not 0 <= edge < 0.5:
            raise EstimatorRefusal("E401", f"trim = {edge} is not between 0 and 0.5", hint="0.1 is a common choice.")
        keep = score <= 1 - edge if estimand == "att" else (score >= edge) & (score <= 1 - edge)
        about = p.treated if estimand == "att" else p.w > 0
        share = float(p.w @ (keep & about) / (p.w @ about))
        whom = "treated" if estimand == "att" else "people"
        where = f"at most {1 - edge:.3g}" if estimand == "att" else f"between {edge:.3g} and {1 - edge:.3g}"
        lost = int((~keep).sum())
        return (
            p.only(keep, Drop("rows", lost, f"propensity not {where}") if lost else None),
            f"The average effect on the {share:.0%} of the {whom} whose propensity is {where}.",
        )


def crump(score: Floats) -> float:
    """The edge beyond which dropping lowers the variance bound (Crump, Hotz, Imbens & Mitnik 2009, corollary 1)."""
    import numpy as np

    k = 1 / (score * (1 - score))
    order = np.sort(k)
    means = np.cumsum(order) / np.arange(1, len(order) + 1)
    if order[-1] <= 2 * means[-1]:
        return 0.0
    gamma = order[np.flatnonzero(order <= 2 * means)[-1]]
    return float(0.5 - np.sqrt(0.25 - 1 / max(gamma, 4.0)))


plugin: type[Estimator[CrossSection | Panel]] = Weighting
