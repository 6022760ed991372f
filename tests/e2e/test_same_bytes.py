"""One study gives one results.json, whatever the hash seed, the order of rows and columns, and the number of jobs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

STUDY = """
schema_version = 1
[study]
id = "help-page"
title = "Help page"
question = "Do people who open the help page rate support higher?"
[data]
source = "data.csv"
[roles]
{unit}treatment = "opened"
covariates = ["tenure", "volume", "age", "plan"]
segments = ["language"]
[[metrics]]
name = "csat"
role = "primary"
better = "higher"
[[estimators]]
method = "propensity_matching"
ratio = 2
caliper = 0.5
[[estimators]]
method = "weighting"
[[estimators]]
method = "aipw"
[[estimators]]
method = "double_ml"
score = "irm"
[[estimators]]
method = "causal_forest"
trees = 40
"""

CODE = """
import sys
from causal_eval.results.io import to_json
from causal_eval.study import run
print(to_json(run(sys.argv[1], jobs=int(sys.argv[2]))), end="")
"""


def people(n: int = 300) -> pd.DataFrame:
    """Who opened the page: ties in age and plan, so that nearest neighbours tie too."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(n, 3)).round(1)
    opened = (rng.random(n) < 1 / (1 + np.exp(0.5 - 0.7 * x[:, 0] + 0.4 * x[:, 1]))) * 1
    y = 20 + (1 + 0.5 * x[:, 0]) * opened + x @ [1.0, 1.0, 0.5] + rng.normal(size=n)
    return pd.DataFrame(x, columns=["tenure", "volume", "age"]).assign(
        person=[f"p{i:03d}" for i in rng.permutation(n)],
        opened=opened,
        csat=y,
        plan=rng.choice(["free", "team", "enterprise"], size=n),
        language=np.where(x[:, 2] > 0, "en", "de"),
    )


@pytest.mark.parametrize("unit", ['unit = "person"\n', ""], ids=["units named", "no units"])
def test_results_do_not_move(unit: str, tmp_path: Path) -> None:
    """Matching, weighting, aipw, double_ml (LightGBM) and causal_forest with every check, in two processes."""
    frame = people()
    shuffled = frame.sample(frac=1, random_state=2)[list(frame.columns[::-1])]
    started = []
    for name, rows, seed, jobs in (("one", frame, "0", "1"), ("other", shuffled, "7", "2")):
        folder = tmp_path / name
        folder.mkdir()
        rows.to_csv(folder / "data.csv", index=False)
        (folder / "study.toml").write_text(STUDY.format(unit=unit), encoding="utf-8")
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        command = [sys.executable, "-c", CODE, str(folder / "study.toml"), jobs]
        started.append(
            subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        )
    told = [p.communicate() for p in started]
    assert all(p.returncode == 0 for p in started), told[0][1] + told[1][1]
    assert not told[0][1] and not told[1][1], "no library warning reaches the user"
    one, other = ([line for line in out.splitlines() if "sha256" not in line] for out, _ in told)
    assert one == other, "but for the hash of the file"
    found = json.loads(told[0][0])["findings"]
    assert [f["method"] for f in found] == [
        "propensity_matching", "weighting", "aipw", "double_ml", "causal_forest",
    ]  # fmt: skip
    assert all("effects" in f["said"] for f in found)
