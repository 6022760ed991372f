"""Matching and double machine learning on every size, each contender in a fresh process; prints a Markdown table.

    python -m benchmarks.opt_in --rows 10000 100000 1000000 --peers PATH_TO_PYTHON

``--peers`` is the interpreter of an environment with the other packages; without it only this package and the floors run.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.opt_in_tasks import CONTENDERS
from benchmarks.staggered import HEAD, HOME, Run, row, run


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.opt_in")
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000])
    parser.add_argument("--peers", default="", help="python with the other packages")
    parser.add_argument("--only", default="", help="contenders, by comma")
    parser.add_argument("--timeout", type=float, default=240)
    parser.add_argument("--memory", type=float, default=8, help="gigabytes of address space")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "causal-eval-benchmarks")
    given = parser.parse_args()
    only = [n for n in given.only.split(",") if n]
    unknown = [n for n in only if n not in CONTENDERS]
    if unknown:
        parser.error(f"no contender {', '.join(unknown)}; there are {', '.join(CONTENDERS)}")
    given.data.mkdir(parents=True, exist_ok=True)
    print(HEAD.replace("after imports", "after reading"), flush=True)
    for rows in given.rows:
        path = given.data / f"people-{rows}.parquet"
        if not path.exists():
            subprocess.run(
                [sys.executable, "-m", "benchmarks.opt_in_world", str(path), str(rows)], cwd=HOME, check=True
            )
        for name in only or CONTENDERS:
            who = CONTENDERS[name]
            if not who.ours and not given.peers:
                continue
            if rows > who.largest:
                print(row(Run(name, rows, f"not tried beyond {who.largest:,} rows"), CONTENDERS), flush=True)
                continue
            python = sys.executable if who.ours else given.peers
            made = run(python, name, path, rows, given.timeout, int(given.memory * 1e9), "benchmarks.opt_in_tasks")
            print(row(made, CONTENDERS), flush=True)


if __name__ == "__main__":
    main()
