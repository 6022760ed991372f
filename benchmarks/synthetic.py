"""Synthetic-control weights, one fit and the full placebo set, each contender in a fresh process; prints a Markdown table.

    python -m benchmarks.synthetic --peers PATH_TO_PYTHON --threads 1

``--peers`` is the interpreter of an environment with the other packages; without it only this package runs. A contender that takes
longer than ``--timeout`` seconds, imports included, is reported as such and not tried on anything larger.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.staggered import HOME
from benchmarks.synthetic_tasks import CONTENDERS

SIZES = ((38, 19), (200, 100), (1000, 200), (5000, 365))
OURS = "causal_eval"


@dataclass(frozen=True, slots=True)
class Run:
    """What one process said, or why it said nothing, and its peak memory in megabytes."""

    said: str
    peak: float
    work: dict[str, Any] | None = None


def run(python: str, name: str, donors: int, pre: int, what: str, threads: int, timeout: float) -> Run:
    """One contender in a fresh process with that many threads for its linear algebra."""
    command = [python, "-m", "benchmarks.synthetic_tasks", name, str(donors), str(pre), what]
    limits = {v: str(threads) for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS",
                                        "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS")}  # fmt: skip
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(
            command, cwd=HOME, stdout=out, stderr=err, env=os.environ | limits, start_new_session=True
        )
        began, late = time.perf_counter(), False
        while True:
            pid, status, used = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if not late and time.perf_counter() - began > timeout:
                late = True
                os.killpg(child.pid, signal.SIGKILL)
            time.sleep(0.01)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        said, complaint = out.read().decode(errors="replace"), err.read().decode(errors="replace")
    peak = used.ru_maxrss / 1024
    if late:
        return Run(f"over {timeout:g} s", peak)
    if child.returncode == 0:
        return Run("", peak, json.loads(said.strip().splitlines()[-1]))
    last = complaint.strip().splitlines()[-1:] or [f"exit {child.returncode}"]
    return Run(f"failed: {last[0][:100]}", peak)


def row(donors: int, pre: int, what: str, threads: int, name: str, r: Run) -> str:
    """One line of the table."""
    fits = "1" if what == "one" else f"{donors + 1:,}"
    head = f"| {donors} x {pre} | {fits} | {threads} | {name} "
    if r.work is None:
        return f"{head}| | | {r.peak:,.0f} | {r.said} |"
    objective = r.work["objective"]
    text = "" if objective is None else f"{objective:.7f}"
    if abs(r.work["sum"] - 1) > 1e-6:
        text += f" (weights sum to {r.work['sum']:.7f})"
    return f"{head}| {1e3 * r.work['wall']:,.2f} | {1e3 * r.work['cpu']:,.2f} | {r.peak:,.0f} | {text} |"


HEAD = (
    "| donors x pre-periods | fits | threads | contender | wall ms | CPU ms | peak MB | RMSPE before |\n"
    "| --- | ---: | ---: | --- | ---: | ---: | ---: | --- |"
)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.synthetic")
    parser.add_argument("--peers", default="", help="python with the other packages")
    parser.add_argument("--only", default="", help="contenders, by comma")
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="how many of the sizes, the smallest first")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=60)
    given = parser.parse_args()
    only = [n for n in given.only.split(",") if n]
    if unknown := [n for n in only if n not in CONTENDERS]:
        parser.error(f"no contender {', '.join(unknown)}; there are {', '.join(CONTENDERS)}")
    print(HEAD, flush=True)
    out: set[tuple[str, str]] = set()
    for donors, pre in SIZES[: given.sizes]:
        for what in ("one", "all"):
            for name in only or CONTENDERS:
                python = sys.executable if name == OURS else given.peers
                if not python or (name, what) in out:
                    continue
                done = run(python, name, donors, pre, what, given.threads, given.timeout)
                print(row(donors, pre, what, given.threads, name, done), flush=True)
                if done.work is None:
                    out |= {(name, what), (name, "all")}


if __name__ == "__main__":
    main()
