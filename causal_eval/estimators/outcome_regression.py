"""Outcome regression (standardisation): a model of the outcome fills in what would have happened."""

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
    Bools = NDArray[np.bool_]


class OutcomeRegression(Options):
    """The mean difference between what is predicted with and without the treatment.

    ``form = "interacted"`` fits each group on its own (Oaxaca-Blinder for the ATT), ``"additive"`` one coefficient for all.
    Errors include the estimation of the regression. A learner's plug-in has no valid error: it comes without an interval.
    """

    learner: Literal["linear", "lightgbm"] = Field("linear", description="Model of the outcome")
    folds: int = Field(5, ge=2, le=50, description="Folds of the cross-fitting of a learner")
    form: Literal["interacted", "additive"] = Field(
        "interacted", description="A regression for each group, or one with a coefficient of the treatment"
    )
    interactions: tuple[str, ...] = Field(
        (), strict=False, description='Covariates the effect may depend on under form = "additive"'
    )

    info: ClassVar[Info] = Info(
        name="outcome_regression",
        title="Outcome regression",
        summary="A regression on the covariates says what would have happened; the mean difference to it is the effect.",
        data=frozenset({"cross-section", "panel"}),
        estimands=frozenset({"att", "ate"}),
        adoptions=frozenset({"block", "none"}),
        assumptions=("no_confounding", "overlap", "no_interference"),
        covariates=True,
        reference="Hernan & Robins (2020), chapter 13; Kline (2011), eq. 1; Imbens & Wooldridge (2009), section 5.3",
    )

    def estimate(
        self, data: CrossSection | Panel, design: Design | None = None, *, rng: np.random.Generator | None = None
    ) -> Estimate:
        """Effect on the treated, or on all.

        Raises:
            EstimatorRefusal: E401 nothing to compare, or a group with fewer rows than coefficients.
        """
        import numpy as np

        from causal_eval.design.people import people
        from causal_eval.estimators._opt_in import covariance, estimand_of, overlap_details, words, write
        from causal_eval.inference.logit import SeparatedError, logit
        from causal_eval.inference.overlap import need_overlap, overlap

        name, estimand = self.info.name, estimand_of(design)
        p = people(data, design, method=name)
        t = p.treated
        try:
            seen = overlap(logit(p.X, p.d, p.w).score, p.d, p.w, estimand)
        except SeparatedError:
            seen = overlap(p.d, p.d, p.w, estimand)
        notes: tuple[str, ...] = ()
        params = 1
        if self.learner == "lightgbm":
            need_overlap(seen, estimand, name)
            value, psi = self._learned(p, estimand, self.generator(rng))
            notes = ("A learner's plug-in has no valid error: aipw or double_ml with the same learner has.",)
        elif self.form == "additive":
            value, psi, params = _one_regression(p, estimand, self.interactions)
            if not self.interactions:
                notes = (f"One coefficient for all is the {estimand.upper()} only where effects do not differ.",)
        else:
            need_overlap(seen, estimand, name)
            value, psi = _interacted(p, estimand)
        w = p.w
        observed = float(np.average(p.level[t], weights=w[t]))
        own = np.where(t, w * (p.level - observed), 0.0) / w[t].sum()
        if estimand == "ate" and self.learner == "linear" and self.form == "interacted" and not p.change:
            observed, own = _predicted(p, t)
        joint, n = covariance(p, np.column_stack([psi, own]), params)
        plug_in = self.learner == "lightgbm"
        return write(
            p,
            method=name,
            estimand=estimand,
            level=self.level,
            value=value,
            observed=observed,
            joint=None if plug_in else joint,
            n_clusters=n,
            inference="none" if plug_in else words(p, n, f"least squares, {self.form}"),
            notes=notes,
            details={"learner": self.learner, "form": self.form, **overlap_details(seen)},
        )

    def _learned(self, p: People, estimand: str, rng: np.random.Generator) -> tuple[float, Floats]:
        import numpy as np

        from causal_eval.inference.cross_fitting import folds_of, out_of_fold
        from causal_eval.inference.learners import learner

        folds = folds_of(p.d, p.cluster, self.folds, rng)
        model = learner("lightgbm", "regressor", int(rng.integers(2**31)))
        t = p.treated
        g0 = out_of_fold(model, p.X, p.y, p.w, folds, ~t)
        if estimand == "att":
            return float(np.average((p.y - g0)[t], weights=p.w[t])), np.zeros(len(p.d))
        g1 = out_of_fold(model, p.X, p.y, p.w, folds, t)
        return float(np.average(g1 - g0, weights=p.w)), np.zeros(len(p.d))


def _fit(p: People, rows: Bools, at: Floats) -> tuple[Floats, Floats]:
    """(n,) predictions of least squares on ``rows``, and (n,) the influence of each row on the prediction at ``at``."""
    import numpy as np

    from causal_eval.inference.logit import standardised

    Z = standardised(p.X, p.w)
    if rows.sum() <= Z.shape[1]:
        raise EstimatorRefusal(
            "E401",
            f"`outcome_regression`: {int(rows.sum())} rows of a group cannot carry {Z.shape[1]} coefficients",
            hint='Use fewer covariates, or form = "additive".',
        )
    v = np.where(rows, p.w, 0.0)
    H = (Z * v[:, None]).T @ Z
    beta = np.linalg.lstsq(H, Z.T @ (v * p.y), rcond=1e-12)[0]
    inverse = np.linalg.pinv(H, rcond=1e-12, hermitian=True)
    fitted = Z @ beta
    return fitted, v * (p.y - fitted) * (Z @ (inverse @ (at @ Z)))


def _interacted(p: People, estimand: str) -> tuple[float, Floats]:
    import numpy as np

    t = p.treated
    about = np.where(t, p.w, 0.0) if estimand == "att" else p.w
    about = about / about.sum()
    g0, psi0 = _fit(p, ~t, about)
    if estimand == "att":
        value = float(about @ (p.y - g0))
        return value, about * (p.y - g0 - value) - psi0
    g1, psi1 = _fit(p, t, about)
    value = float(about @ (g1 - g0))
    return value, about * (g1 - g0 - value) + psi1 - psi0


def _predicted(p: People, rows: Bools) -> tuple[float, Floats]:
    """Mean prediction for everybody from ``rows``, and its influence."""
    about = p.w / p.w.sum()
    g, psi = _fit(p, rows, about)
    mean = float(about @ g)
    return mean, about * (g - mean) + psi


def _one_regression(p: People, estimand: str, interactions: tuple[str, ...]) -> tuple[float, Floats, int]:
    """The mean effect in one regression with the treatment, alone and times ``interactions``; influences; coefficients."""
    import numpy as np

    from causal_eval.inference.logit import standardised

    for name in interactions:
        if name not in p.names:
            raise EstimatorRefusal(
                "E401", f"interaction `{name}` is not a covariate", hint="Name it in roles.covariates."
            )
    Z = standardised(p.X, p.w)
    V = standardised(p.X[:, [p.names.index(k) for k in interactions]], p.w)
    A = np.column_stack([Z, V * p.d[:, None]])
    if np.linalg.matrix_rank(A) <= np.linalg.matrix_rank(Z):
        raise EstimatorRefusal(
            "E402", "`outcome_regression`: the covariates determine who is treated", hint="Drop some."
        )
    H = (A * p.w[:, None]).T @ A
    beta = np.linalg.lstsq(H, A.T @ (p.w * p.y), rcond=1e-12)[0]
    about = np.where(p.treated, p.w, 0.0) if estimand == "att" else p.w
    about = about / about.sum()
    own = V @ beta[Z.shape[1] :]
    value = float(about @ own)
    contrast = np.concatenate([np.zeros(Z.shape[1]), about @ V])
    solved = np.linalg.lstsq(H, contrast, rcond=1e-12)[0]
    psi = about * (own - value) + p.w * (p.y - A @ beta) * (A @ solved)
    return value, psi, int(np.linalg.matrix_rank(A))


plugin: type[Estimator[CrossSection | Panel]] = OutcomeRegression
