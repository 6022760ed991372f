"""One function a contender: from the Parquet file of :mod:`benchmarks.opt_in_world` to (estimate, standard error).

``python -m benchmarks.opt_in_tasks NAME PATH MEMORY`` runs one and prints JSON. Each imports what it needs and reads the columns
before :func:`begin`, so that the seconds left are those of the estimate: propensity, matching, errors, nuisances.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from benchmarks import tasks
from benchmarks.opt_in_world import COVARIATES
from benchmarks.tasks import Answer, Contender, begin, took

CONTENDERS: dict[str, Contender] = {}
SMALL, MEDIUM, LARGE = 10_000, 100_000, 1_000_000
FOLDS = 5


def contender(estimand: str, *, ours: bool = False, largest: int = LARGE) -> Callable[[Any], Any]:
    """Put a function on the list under its own name."""

    def put(run: Callable[[str], Answer]) -> Callable[[str], Answer]:
        CONTENDERS[run.__name__] = Contender(run, estimand, ours, largest)
        return run

    return put


def _arrays(path: str) -> tuple[Any, Any, Any]:
    """(n, p) covariates, (n,) treatment and outcome."""
    import numpy as np
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    X = np.column_stack([table[c].to_numpy() for c in COVARIATES])
    return X, table["d"].to_numpy().astype(float), table["y"].to_numpy()


def _people(path: str) -> Any:
    import scipy.spatial
    import scipy.stats  # noqa: F401

    import causal_eval as ce

    data = ce.CrossSection.from_file(path, unit="unit", treatment="d", outcome="y", covariates=list(COVARIATES))
    data.arrays()
    return data


# Matching -------------------------------------------------------------------------------------------------------------


@contender("matching, floor: logit and search, no errors", ours=True)
def floor_matching(path: str) -> Answer:
    """Newton's logit and a binary search in the sorted scores of the untreated; one neighbour, no ties, errors or balance."""
    import numpy as np

    X, d, y = _arrays(path)
    begin()
    Z = np.column_stack([np.ones(len(X)), X])
    beta = np.zeros(Z.shape[1])
    for _ in range(25):
        e = 1 / (1 + np.exp(-(Z @ beta)))
        step = np.linalg.solve((Z * (e * (1 - e))[:, None]).T @ Z, Z.T @ (d - e))
        beta += step
        if np.abs(step).max() < 1e-10:
            break
    score = Z @ beta
    t, c = np.flatnonzero(d > 0), np.flatnonzero(d == 0)
    c = c[np.argsort(score[c])]
    place = score[c]
    at = np.clip(np.searchsorted(place, score[t]), 1, len(c) - 1)
    left = score[t] - place[at - 1] <= place[at] - score[t]
    return float((y[t] - y[c[at - left]]).mean()), None


def _matching(path: str, **options: Any) -> Answer:
    import causal_eval as ce

    model = ce.PropensityMatching(**options)
    data = _people(path)
    begin()
    head = model.estimate(data).headline
    return head.value, head.std_error


@contender("matching with replacement, errors, balance", ours=True)
def matching(path: str) -> Answer:
    """This package: Abadie-Imbens errors with the score estimated, balance before and after, overlap."""
    return _matching(path)


@contender("matching with replacement in a caliper, errors, balance", ours=True)
def matching_caliper(path: str) -> Answer:
    """The same within 0.2 standard deviations of the logit."""
    return _matching(path, caliper=0.2, distance="logit")


@contender("matching without replacement, errors, balance", ours=True)
def matching_pairs(path: str) -> Answer:
    """Pairs, errors by matched set, Rosenbaum's bounds; what is compiled at the first call counts."""
    return _matching(path, replace=False)


@contender("matching without replacement in a caliper, errors, balance", ours=True)
def matching_pairs_caliper(path: str) -> Answer:
    """The same within 0.2 standard deviations of the logit."""
    return _matching(path, replace=False, caliper=0.2, distance="logit")


@contender("matching with replacement, no errors")
def dowhy_matching(path: str) -> Answer:
    """DoWhy's propensity score matching with a scaled, converged logit."""
    import pandas as pd
    from dowhy import CausalModel
    from sklearn.linear_model import LogisticRegression

    frame = pd.read_parquet(path)
    begin()
    model = CausalModel(frame, treatment="d", outcome="y", common_causes=list(COVARIATES))
    found = model.estimate_effect(
        model.identify_effect(proceed_when_unidentifiable=True), method_name="backdoor.propensity_score_matching",
        target_units="att",
        method_params={"init_params": {"propensity_score_model": LogisticRegression(C=1e6, tol=1e-8, max_iter=1000)}},
    )  # fmt: skip
    return float(found.value), None


def _causalml(path: str, replace: bool) -> Answer:
    import numpy as np
    import pandas as pd
    from causalml.match import NearestNeighborMatch
    from sklearn.linear_model import LogisticRegression

    frame = pd.read_parquet(path)
    begin()
    X = frame[list(COVARIATES)].to_numpy()
    score = LogisticRegression(C=1e6, tol=1e-8, max_iter=1000).fit(X, frame.d).predict_proba(X)[:, 1]
    frame["logit"] = np.log(score / (1 - score))
    matched = NearestNeighborMatch(caliper=0.2, replace=replace, random_state=1).match(frame, "d", ["logit"])
    y, d = matched["y"].to_numpy(), matched["d"].to_numpy()
    return float(y[d == 1].mean() - y[d == 0].mean()), None


@contender("matching with replacement in a caliper, no errors")
def causalml_matching(path: str) -> Answer:
    """causalml's NearestNeighborMatch on the logit."""
    return _causalml(path, True)


@contender("matching without replacement in a caliper, no errors", largest=SMALL)
def causalml_pairs(path: str) -> Answer:
    """The same without replacement."""
    return _causalml(path, False)


@contender("matching with replacement, no errors")
def causalmatch_matching(path: str) -> Answer:
    """CausalMatch's psm on the score, with a scaled, converged logit."""
    import pandas as pd
    from causalmatch import matching
    from sklearn.linear_model import LogisticRegression

    frame = pd.read_parquet(path)
    begin()
    model = matching(data=frame, T="d", X=list(COVARIATES), y=["y"], id="unit")
    model.psm(1, LogisticRegression(C=1e6, tol=1e-8, max_iter=1000), caliper=1.0)
    return float(model.ate()["ate"].iloc[0]), None


@contender("matching with replacement, no errors", largest=MEDIUM)
def causallib_matching(path: str) -> Answer:
    """causallib's PropensityMatching of the treated, on the score."""
    import pandas as pd
    from causallib.estimation import PropensityMatching
    from sklearn.linear_model import LogisticRegression

    frame = pd.read_parquet(path)
    begin()
    X, a, y = frame[list(COVARIATES)], frame["d"], frame["y"]
    model = PropensityMatching(LogisticRegression(C=1e6, tol=1e-8, max_iter=1000), matching_mode="treatment_to_control")
    outcomes = model.fit(X, a, y).estimate_individual_outcome(X, a)
    gap = (outcomes[1] - outcomes[0])[a == 1]
    return float(gap.mean()), None


def _psmpy(path: str, replace: bool) -> Answer:
    import matplotlib
    import pandas as pd

    matplotlib.use("Agg")
    from psmpy import PsmPy

    frame = pd.read_parquet(path)
    begin()
    model = PsmPy(frame, treatment="d", indx="unit", exclude=["y"])
    model.logistic_ps(balance=False)
    model.knn_matched(matcher="propensity_logit", replacement=replace) if hasattr(
        model, "knn_matched"
    ) else model.kdtree_matched(matcher="propensity_logit", replacement=replace)
    pairs = model.matched_ids.dropna()
    y = frame.set_index("unit")["y"]
    return float((y.loc[pairs.iloc[:, 0]].to_numpy() - y.loc[pairs.iloc[:, 1]].to_numpy()).mean()), None


@contender("matching with replacement, no errors", largest=MEDIUM)
def psmpy_matching(path: str) -> Answer:
    """psmpy's nearest neighbour on the logit."""
    return _psmpy(path, True)


@contender("matching without replacement, no errors", largest=MEDIUM)
def psmpy_pairs(path: str) -> Answer:
    """The same without replacement."""
    return _psmpy(path, False)


READ_IN_R = """
arguments <- commandArgs(TRUE)
n <- as.integer(arguments[2])
columns <- matrix(readBin(arguments[1], "double", n * %d), n)
colnames(columns) <- c(%s, "d", "y")
people <- as.data.frame(columns)
score <- d ~ %s
began <- proc.time()
%s
spent <- proc.time() - began
cat(sprintf("\\n%%.17g %%.17g %%.17g %%.17g\\n", estimate, error, spent[["user.self"]] + spent[["sys.self"]], spent[["elapsed"]]))
"""


def _in_r(path: str, package: str, code: str) -> Answer:
    """Run R's ``code``, which sets ``estimate`` and ``error``; its own clock says what it took after reading."""
    import subprocess
    import tempfile

    import numpy as np

    names = ", ".join(f'"{c}"' for c in COVARIATES)
    script = READ_IN_R % (len(COVARIATES) + 2, names, " + ".join(COVARIATES), code)
    X, d, y = _arrays(path)
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        np.concatenate([*X.T, d, y]).tofile(file.name)
        load = f"suppressMessages(library({package}))"
        try:
            ran = subprocess.run(
                ["Rscript", "-e", load + script, file.name, str(len(y))], capture_output=True, text=True
            )
        except FileNotFoundError as e:
            raise ModuleNotFoundError("Rscript") from e
    if ran.returncode:
        raise (ModuleNotFoundError if "no package called" in ran.stderr else RuntimeError)(ran.stderr.strip()[-200:])
    estimate, error, seconds, wall = (float(v) for v in ran.stdout.strip().splitlines()[-1].split())
    took(wall, seconds)
    return estimate, None if np.isnan(error) else error


def _matchit(path: str, options: str) -> Answer:
    code = f"""
        found <- match.data(matchit(score, people, method = "nearest", {options}))
        estimate <- coef(lm(y ~ d, found, weights = weights))[["d"]]
        error <- NaN"""
    return _in_r(path, "MatchIt", code)


@contender("matching with replacement, no errors")
def matchit_matching(path: str) -> Answer:
    """R's MatchIt on the score."""
    return _matchit(path, "replace = TRUE")


@contender("matching without replacement, no errors")
def matchit_pairs(path: str) -> Answer:
    """The same without replacement."""
    return _matchit(path, "replace = FALSE")


@contender("matching without replacement in a caliper, no errors")
def matchit_pairs_caliper(path: str) -> Answer:
    """The same within 0.2 standard deviations of the logit."""
    return _matchit(path, 'replace = FALSE, caliper = 0.2, link = "linear.logit"')


@contender("matching with replacement, errors", largest=MEDIUM)
def r_matching(path: str) -> Answer:
    """R's Matching on the score, with Abadie-Imbens errors that take the score as known, no balance."""
    code = """
        fitted <- glm(score, binomial, people)
        found <- Match(people$y, people$d, fitted$fitted.values, estimand = "ATT", M = 1)
        estimate <- found$est[1]
        error <- found$se"""
    return _in_r(path, "Matching", code)


# Double machine learning ----------------------------------------------------------------------------------------------


def _learners() -> tuple[Any, Any]:
    """The settings of this package's learners, so that the same trees are grown."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    options: dict[str, Any] = {
        "n_estimators": 200, "learning_rate": 0.05, "num_leaves": 15, "min_child_samples": 20, "reg_lambda": 1.0,
        "random_state": 0, "n_jobs": 1, "deterministic": True, "force_row_wise": True, "verbose": -1,
    }  # fmt: skip
    return LGBMRegressor(**options), LGBMClassifier(**options)


@contender("double ML, floor: nuisance training alone", ours=True)
def floor_dml(path: str) -> Answer:
    """Ten LightGBM fits and their predictions, and a ratio of two sums."""
    import numpy as np
    from sklearn.base import clone
    from sklearn.model_selection import StratifiedKFold

    X, d, y = _arrays(path)
    regressor, classifier = _learners()
    begin()
    u, v = np.empty(len(y)), np.empty(len(y))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(X, d):
        u[test] = y[test] - clone(regressor).fit(X[train], y[train]).predict(X[test])
        v[test] = d[test] - clone(classifier).fit(X[train], d[train]).predict_proba(X[test])[:, 1]
    value = float(v @ u / (v @ v))
    return value, float(np.sqrt(v**2 @ (u - value * v) ** 2) / (v @ v))


@contender("double ML, partially linear", ours=True)
def double_ml(path: str) -> Answer:
    """This package."""
    import lightgbm  # noqa: F401
    import sklearn.pipeline  # noqa: F401

    import causal_eval as ce

    model = ce.DoubleML(folds=FOLDS)
    data = _people(path)
    begin()
    head = model.estimate(data).headline
    return head.value, head.std_error


@contender("double ML, partially linear")
def econml_dml(path: str) -> Answer:
    """EconML's LinearDML."""
    from econml.dml import LinearDML

    X, d, y = _arrays(path)
    regressor, classifier = _learners()
    begin()
    fit = LinearDML(model_y=regressor, model_t=classifier, discrete_treatment=True, cv=FOLDS, random_state=0)
    fit.fit(y, d, X=None, W=X)
    return float(fit.intercept_), float(fit.intercept__inference().stderr)


@contender("double ML, partially linear")
def doubleml_plr(path: str) -> Answer:
    """DoubleML's DoubleMLPLR."""
    import doubleml as dml
    import numpy as np

    X, d, y = _arrays(path)
    regressor, classifier = _learners()
    np.random.seed(0)
    begin()
    fit = dml.DoubleMLPLR(dml.DoubleMLData.from_arrays(X, y, d), regressor, classifier, n_folds=FOLDS).fit()
    return float(fit.coef[0]), float(fit.se[0])


if __name__ == "__main__":
    tasks.CONTENDERS.update(CONTENDERS)
    tasks.main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
