"""The learners of nuisance functions, each fully seeded and on one thread: parallelism belongs outside of them."""

from __future__ import annotations

from typing import Any, Literal

LearnerName = Literal["lightgbm", "random_forest", "lasso", "linear"]


def learner(name: LearnerName, kind: Literal["regressor", "classifier"], seed: int) -> Any:
    """An unfitted scikit-learn estimator. Tuning is fixed, so that a result does not hang on a search.

    ``linear`` is least squares, or an unpenalised logit; ``lasso`` chooses its penalty by cross-validation.
    """
    regressor = kind == "regressor"
    if name == "lightgbm":
        from lightgbm import LGBMClassifier, LGBMRegressor

        options: dict[str, Any] = {
            "n_estimators": 200,
            "learning_rate": 0.05,
            "num_leaves": 15,
            "min_child_samples": 20,
            "reg_lambda": 1.0,
            "random_state": seed,
            "n_jobs": 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbose": -1,
        }
        return LGBMRegressor(**options) if regressor else LGBMClassifier(**options)
    if name == "random_forest":
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        made = RandomForestRegressor if regressor else RandomForestClassifier
        return made(n_estimators=300, min_samples_leaf=10, max_features=0.5, random_state=seed, n_jobs=1)
    from sklearn.linear_model import LassoCV, LinearRegression, LogisticRegression, LogisticRegressionCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model: Any
    if name == "linear":
        model = (
            LinearRegression()
            if regressor
            else LogisticRegression(C=float("inf"), tol=1e-10, max_iter=1000, solver="newton-cholesky")
        )
    elif regressor:
        model = LassoCV(cv=5, random_state=seed, max_iter=5000)
    else:
        model = LogisticRegressionCV(
            Cs=10, cv=5, l1_ratios=(1.0,), solver="saga", scoring="neg_log_loss", random_state=seed, max_iter=2000, tol=1e-3,
            use_legacy_attributes=False,
        )  # fmt: skip
    return make_pipeline(StandardScaler(), model)
