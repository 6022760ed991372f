"""What the write-up costs beside the imports it cannot do without and beside the study itself.

    python -m benchmarks.report configs/smart_routing.toml

Each line is the CPU time of fresh processes, the fastest of ``--times``; modules come compiled, as they do once installed.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ALL = "html,md,pdf,docx,pptx"


def seconds(arguments: list[str], times: int, compiled: str) -> float:
    """CPU seconds of ``python ARGUMENTS``, the fastest of several after one that may fill the folder ``compiled``."""
    spent = []
    more = {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled}
    for _ in range(times + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env={**os.environ, **more})  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent[1:])


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("--times", type=int, default=5)
    said = parser.parse_args()
    command = ["-m", "causal_eval.cli.app"]
    with tempfile.TemporaryDirectory() as scratch:
        run, compiled = str(Path(scratch) / "run"), str(Path(scratch) / "compiled")
        subprocess.run([sys.executable, *command, "run", str(said.study), "--out", run, "-q"], check=False,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        base = seconds(["-c", "import matplotlib.figure, jinja2"], said.times, compiled)
        rows = [("import matplotlib.figure, jinja2", base)]
        for formats in ("html,md", "pdf", "docx", "pptx", ALL):
            call = [*command, "report", run, "--formats", formats]
            rows.append((f"report --formats {formats}", seconds(call, said.times, compiled)))
        again = str(Path(scratch) / "again")
        rows.append(
            ("run, with figures, html and md", seconds([*command, "run", str(said.study), "--out", again], 2, compiled))
        )
    print("| what | CPU s | times the imports |\n| --- | ---: | ---: |")
    for what, spent in rows:
        print(f"| {what} | {spent:.2f} | {spent / base:.1f} |")


if __name__ == "__main__":
    main()
