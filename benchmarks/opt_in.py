"""Matching and double machine learning on every size, each contender in a fresh process; prints a Markdown table.

    python -m benchmarks.opt_in --rows 10000 100000 1000000 --peers PATH_TO_PYTHON

``--peers`` is the interpreter of an environment with the other packages; without it only this package and the floors run.
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
