"""Every contender on every size, each in a fresh process; prints a Markdown table.

    python -m benchmarks.staggered --rows 200000 2000000 20000000 --peers PATH_TO_PYTHON

``--peers`` are interpreters of environments with the other packages, each tried in turn; a package that is in none of them is
reported as not installed.
A contender that takes longer than ``--timeout`` seconds or more address space than ``--memory`` gigabytes is reported as such.
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
from pathlib import Path
from typing import Any

from benchmarks.tasks import CONTENDERS, Contender

HOME = Path(__file__).resolve().parent.parent
OUT_OF_MEMORY = ("MemoryError", "bad_alloc", "Cannot allocate memory", "OutOfMemory", "Out of Memory", "malloc of size")
ABSENT = "ModuleNotFoundError"


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took: seconds, megabytes, and what it said."""

    name: str
    rows: int
    said: str
    wall: float = 0.0
    cpu: float = 0.0
    peak: float = 0.0
    work: dict[str, Any] | None = None


def run(
    python: str, name: str, path: Path, rows: int, timeout: float, memory: int, tasks: str = "benchmarks.tasks"
) -> Run:
    """One contender in a fresh process; processor time and peak memory are the system's count of that process."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        command = [python, "-m", tasks, name, str(path), str(memory)]
        started = time.perf_counter()
        child = subprocess.Popen(command, cwd=HOME, stdout=out, stderr=err, start_new_session=True)
        late = False
        while True:
            pid, status, used = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if not late and time.perf_counter() - started > timeout:
                late = True
                os.killpg(child.pid, signal.SIGKILL)
            time.sleep(0.01)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        said, complaint = out.read().decode(errors="replace"), err.read().decode(errors="replace")
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    if late:
        return Run(name, rows, f"over {timeout:g} s", wall, cpu, peak)
    if child.returncode == 0:
        return Run(name, rows, "", wall, cpu, peak, json.loads(said.strip().splitlines()[-1]))
    if ABSENT in complaint:
        return Run(name, rows, "not installed")
    if any(w in complaint for w in OUT_OF_MEMORY):
        return Run(name, rows, f"over {memory / 1e9:g} GB", wall, cpu, peak)
    last = complaint.strip().splitlines()[-1:] or [f"exit {child.returncode}"]
    return Run(name, rows, f"failed: {last[0][:120]}", wall, cpu, peak)


def row(r: Run, contenders: dict[str, Contender] = CONTENDERS) -> str:
    """One line of the table."""

    def number(value: float | None, form: str) -> str:
        return "" if value is None else format(value, form)

    head = f"| {r.rows:,} | {r.name} | {contenders[r.name].estimand} "
    if r.work is None:
        took = f"| {r.wall:.1f} | {r.cpu:.1f} | | {r.peak:,.0f} " if r.wall else "| | | | "
        return f"{head}{took}| {r.said} | |"
    return (
        f"{head}| {r.wall:.1f} | {r.cpu:.1f} | {r.work['cpu']:.2f} | {r.peak:,.0f} "
        f"| {number(r.work['estimate'], '.6f')} | {number(r.work['error'], '.6f')} |"
    )


HEAD = (
    "| rows | contender | estimand | wall s | CPU s | CPU s after imports | peak MB | estimate | std. error |\n"
    "| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
)


@dataclass(frozen=True, slots=True)
class Sweep:
    """A benchmark: contenders of the module ``tasks`` on the data that the module ``world`` writes, named ``stem``-ROWS."""

    prog: str
    tasks: str
    world: str
    stem: str
    contenders: dict[str, Contender]
    head: str
    rows: int
    memory: float


def measure(s: Sweep) -> None:
    """Every contender on every size that the command line asks for; prints the table as it goes."""
    parser = argparse.ArgumentParser(prog=f"python -m {s.prog}")
    parser.add_argument("--rows", type=int, nargs="+", default=[s.rows])
    parser.add_argument("--peers", nargs="*", default=[], help="pythons with the other packages")
    parser.add_argument("--only", default="", help="contenders, by comma")
    parser.add_argument("--timeout", type=float, default=240)
    parser.add_argument("--memory", type=float, default=s.memory, help="gigabytes of address space")
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "causal-eval-benchmarks")
    given = parser.parse_args()
    only = [n for n in given.only.split(",") if n]
    unknown = [n for n in only if n not in s.contenders]
    if unknown:
        parser.error(f"no contender {', '.join(unknown)}; there are {', '.join(s.contenders)}")
    given.data.mkdir(parents=True, exist_ok=True)
    print(s.head, flush=True)
    for rows in given.rows:
        path = given.data / f"{s.stem}-{rows}.parquet"
        if not path.exists():
            subprocess.run([sys.executable, "-m", s.world, str(path), str(rows)], cwd=HOME, check=True)
        for name in only or s.contenders:
            who = s.contenders[name]
            if rows > who.largest:
                print(row(Run(name, rows, f"not tried beyond {who.largest:,} rows"), s.contenders), flush=True)
                continue
            made = Run(name, rows, "not installed")
            for python in [sys.executable] if who.ours else given.peers:
                made = run(python, name, path, rows, given.timeout, int(given.memory * 1e9), s.tasks)
                if made.said != "not installed":
                    break
            print(row(made, s.contenders), flush=True)


def main() -> None:
    """See the module."""
    measure(
        Sweep("benchmarks.staggered", "benchmarks.tasks", "benchmarks.world", "rollout", CONTENDERS, HEAD, 200_000, 6.5)
    )


if __name__ == "__main__":
    main()
