"""Matching and double machine learning on every size, each contender in a fresh process; prints a Markdown table.

    python -m benchmarks.opt_in --rows 10000 100000 1000000 --peers PATH_TO_PYTHON ...

``--peers`` are interpreters of environments with the other packages (causallib needs an older pandas than others), each tried in turn;
MatchIt and Matching run in the ``Rscript`` on the path. What is in none of them is reported as not installed.
"""

from __future__ import annotations

from benchmarks.opt_in_tasks import CONTENDERS
from benchmarks.staggered import HEAD, Sweep, measure


def main() -> None:
    """See the module."""
    head = HEAD.replace("after imports", "after reading")
    measure(
        Sweep(
            "benchmarks.opt_in",
            "benchmarks.opt_in_tasks",
            "benchmarks.opt_in_world",
            "people",
            CONTENDERS,
            head,
            10_000,
            8,
        )
    )


if __name__ == "__main__":
    main()
