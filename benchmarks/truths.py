"""Estimates against known truths: IHDP (Hill 2011) and ACIC 2016 (Dorie et al. 2019), five replications each; a Markdown table.

    python -m benchmarks.truths FOLDER --peers PATH_TO_PYTHON

FOLDER holds obs_ihdp_npci10.csv, obs_acic2016_x.csv and obs_acic2016_zymu10.parquet; without them nothing runs. The truth is the
mean over the sample of the difference of the expected outcomes, for everybody (ATE) or for the treated (ATT). Every learner is
LightGBM with the same settings in 5 folds, or linear.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

HOME = Path(__file__).resolve().parent.parent
FILES = ("obs_ihdp_npci10.csv", "obs_acic2016_x.csv", "obs_acic2016_zymu10.parquet")

Answer = tuple[float, float, float]
"""Estimate and the ends of its 95% interval."""


class Sample(NamedTuple):
    """(n, p) covariates, (n,) treatment, outcome and true effect."""

    X: Any
    d: Any
    y: Any
    effect: Any


class Method(NamedTuple):
    """Who runs, for which estimands, and whether it is this package."""

    run: Callable[[Sample, str], Answer]
    estimands: tuple[str, ...]
    ours: bool


METHODS: dict[str, Method] = {}


def method(name: str, *estimands: str) -> Callable[[Any], Any]:
    """Put a peer's function on the list."""

    def put(run: Callable[[Sample, str], Answer]) -> Callable[[Sample, str], Answer]:
        METHODS[name] = Method(run, estimands, ours=False)
        return run

    return put


def samples(folder: Path) -> Iterator[tuple[str, int, Sample]]:
    """Data set, replication and sample."""
    import numpy as np
    import pandas as pd

    ihdp = pd.read_csv(folder / FILES[0])
    for r, part in ihdp.groupby("rep"):
        X = part[[f"x{k}" for k in range(1, 26)]].to_numpy(float)
        yield (
            "IHDP",
            int(r),
            Sample(X, part.treatment.to_numpy(float), part.y_factual.to_numpy(), (part.mu1 - part.mu0).to_numpy()),
        )
    x = pd.get_dummies(pd.read_csv(folder / FILES[1]), drop_first=True, dtype=float).to_numpy(float)
    acic = pd.read_parquet(folder / FILES[2])
    for r, part in acic.groupby("sim"):
        z = part.z.to_numpy(float)
        y = np.where(z > 0, part.y1, part.y0)
        yield "ACIC 2016", int(r), Sample(x[part.row.to_numpy(int)], z, y, (part.mu1 - part.mu0).to_numpy())


# This package ---------------------------------------------------------------------------------------------------------


def estimated(s: Sample, estimand: str, model: Any) -> Answer:
    """One of this package's estimators on ``s``."""
    import pandas as pd

    import causal_eval as ce
    from causal_eval.design.design import Design

    names = [f"x{k:02d}" for k in range(s.X.shape[1])]
    frame = pd.DataFrame(s.X, columns=names).assign(d=s.d.astype(int), y=s.y)
    data = ce.CrossSection.from_frame(frame, treatment="d", outcome="y", covariates=names)
    head = model.estimate(data, Design(estimand="ate" if estimand == "ATE" else "att")).headline
    return head.value, head.interval.low, head.interval.high


OURS: dict[str, Callable[[Any], Any]] = {
    "regression, additive": lambda ce: ce.OutcomeRegression(form="additive"),
    "matching, 2, Mahalanobis, bias-adjusted": lambda ce: ce.PropensityMatching(
        ratio=2, distance="mahalanobis", bias_adjust=True
    ),
    "weighting, ipw": lambda ce: ce.Weighting(),
    "weighting, entropy": lambda ce: ce.Weighting(kind="entropy"),
    "aipw, linear": lambda ce: ce.AIPW(),
    "double_ml, irm": lambda ce: ce.DoubleML(score="irm"),
    "causal_forest": lambda ce: ce.CausalForest(trees=200),
}
"""Each of our contenders, made from the package when it is its turn."""


def _made(model: Callable[[Any], Any]) -> Callable[[Sample, str], Answer]:
    def run(s: Sample, estimand: str) -> Answer:
        import causal_eval as ce

        return estimated(s, estimand, model(ce))

    return run


METHODS |= {name: Method(_made(model), ("ATE", "ATT"), ours=True) for name, model in OURS.items()}


# Peers ----------------------------------------------------------------------------------------------------------------


def _learners() -> tuple[Any, Any]:
    from lightgbm import LGBMClassifier, LGBMRegressor

    options: dict[str, Any] = {
        "n_estimators": 200, "learning_rate": 0.05, "num_leaves": 15, "min_child_samples": 20, "reg_lambda": 1.0,
        "random_state": 0, "n_jobs": 1, "deterministic": True, "force_row_wise": True, "verbose": -1,
    }  # fmt: skip
    return LGBMRegressor(**options), LGBMClassifier(**options)


@method("EconML LinearDML (one effect)", "ATE")
def _econml_plr(s: Sample, estimand: str) -> Answer:
    from econml.dml import LinearDML

    regressor, classifier = _learners()
    fit = LinearDML(model_y=regressor, model_t=classifier, discrete_treatment=True, cv=5, random_state=0)
    found = fit.fit(s.y, s.d, X=None, W=s.X).intercept__inference()
    low, high = found.conf_int()
    return float(fit.intercept_), float(low), float(high)


@method("EconML LinearDRLearner", "ATE")
def _econml_dr(s: Sample, estimand: str) -> Answer:
    from econml.dr import LinearDRLearner

    regressor, classifier = _learners()
    fit = LinearDRLearner(
        model_regression=regressor, model_propensity=classifier, cv=5, min_propensity=0.01, random_state=0
    )
    fit.fit(s.y, s.d, X=None, W=s.X)
    found = fit.intercept__inference(T=1)
    low, high = found.conf_int()
    return float(fit.intercept_(T=1)), float(low), float(high)


@method("DoubleML IRM", "ATE", "ATT")
def _doubleml(s: Sample, estimand: str) -> Answer:
    import doubleml as dml
    import numpy as np

    np.random.seed(0)
    regressor, classifier = _learners()
    data = dml.DoubleMLData.from_arrays(s.X, s.y, s.d)
    fit = dml.DoubleMLIRM(data, regressor, classifier, n_folds=5, score="ATE" if estimand == "ATE" else "ATTE")
    fit.fit()
    value, error = float(fit.coef[0]), float(fit.se[0])
    return value, value - 1.96 * error, value + 1.96 * error


def one(name: str, folder: Path) -> None:
    """Every replication by one method; prints JSON."""
    import warnings

    import numpy as np

    warnings.simplefilter("ignore")
    who, out = METHODS[name], []
    for data, rep, s in samples(folder):
        for estimand in who.estimands:
            about = s.d > 0 if estimand == "ATT" else np.ones(len(s.d), dtype=bool)
            said: dict[str, Any] = {
                "data": data,
                "rep": rep,
                "estimand": estimand,
                "truth": float(s.effect[about].mean()),
            }
            try:
                said["value"], said["low"], said["high"] = who.run(s, estimand)
            except Exception as e:  # a refusal, or a peer's failure, is a line of the table
                said["why"] = f"{type(e).__name__}: {e}".splitlines()[0][:200]
            out.append(said)
    print(json.dumps(out), flush=True)


def line(name: str, rows: list[dict[str, Any]]) -> str:
    """Mean absolute error, mean width of the interval, and replications covered."""
    good = [r for r in rows if "value" in r]
    lost = len(rows) - len(good)
    head = f"| {rows[0]['data']} | {rows[0]['estimand']} | {name} "
    if not good:
        return f"{head}| | | | {rows[0]['why'].split(':')[0]} in all |"
    off = sum(abs(r["value"] - r["truth"]) for r in good) / len(good)
    wide = sum(r["high"] - r["low"] for r in good) / len(good)
    held = sum(r["low"] <= r["truth"] <= r["high"] for r in good)
    why = f"{next(r['why'] for r in rows if 'why' in r).split(':')[0]} in {lost}" if lost else ""
    return f"{head}| {off:.3f} | {wide:.2f} | {held} of {len(good)} | {why} |"


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.truths")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers", default="", help="python with EconML, DoubleML and LightGBM")
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    missing = [f for f in FILES if not (given.folder / f).is_file()]
    if missing:
        print(f"skipped: {', '.join(missing)} not in {given.folder}", file=sys.stderr)
        return
    if given.one:
        one(given.one, given.folder)
        return
    found: list[dict[str, Any]] = []
    for name, who in METHODS.items():
        if not who.ours and not given.peers:
            continue
        python = sys.executable if who.ours else given.peers
        command = [python, "-m", "benchmarks.truths", str(given.folder), "--one", name]
        said = subprocess.run(
            command, cwd=HOME, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
        if said.returncode:
            print(f"{name}: {said.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
            continue
        found += [{**r, "name": name} for r in json.loads(said.stdout.strip().splitlines()[-1])]
        print(name, "done", file=sys.stderr, flush=True)
    print(
        "| data | estimand | method | mean absolute error | mean width of the 95% interval | covered | refused or failed |"
    )
    print("| --- | --- | --- | ---: | ---: | ---: | --- |")
    for data in ("IHDP", "ACIC 2016"):
        for estimand in ("ATE", "ATT"):
            for name in METHODS:
                rows = [r for r in found if (r["data"], r["estimand"], r["name"]) == (data, estimand, name)]
                if rows:
                    print(line(name, rows))


if __name__ == "__main__":
    main()
