"""Asking for help costs nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

HEAVY = (
    "numpy",
    "pandas",
    "pydantic",
    "matplotlib",
    "linearmodels",
    "dowhy",
    "econml",
    "scipy",
    "ibis",
    "duckdb",
    "rich",
)
COMMANDS = (
    "run",
    "check",
    "init",
    "schema",
    "estimators",
    "lock",
    "design",
    "report",
    "figures",
    "compare",
    "explain",
    "doctor",
)


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("--version",), ("doctor",)])
def test_help_version_and_doctor_load_no_heavy_library(arguments: tuple[str, ...]) -> None:
    """Newer Typer itself loads pydantic when it parses options; the first screen must do without that too."""
    allowed = [] if arguments == ("--help",) else ["pydantic"]
    script = (
        "import sys\nfrom causal_eval.cli.app import main\n"
        f"try: main({list(arguments)!r})\nexcept SystemExit as e: assert not e.code, e.code\n"
        f"print('LOADED', [m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout
    loaded = ast.literal_eval(done.stderr.strip().removeprefix("LOADED "))
    assert set(loaded) <= set(allowed)


def test_help_lists_every_command_and_no_other(command: Callable[..., Any]) -> None:
    lines = command("--help").out.splitlines()
    block = lines[lines.index("Commands:") + 1 :]
    block = block[: block.index("")]
    listed = [line.split()[0] for line in block if line[2] != " "]
    assert tuple(listed) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(command: Callable[..., Any], name: str) -> None:
    called = command(name, "--help")
    assert called.code == 0
    assert called.out.startswith(f"Usage: causal-eval {name}")
    assert "..." not in "".join(x for x in command("--help").out.splitlines() if x.startswith(f"  {name} ")), (
        "cut short"
    )


def test_the_version_is_that_of_the_package(command: Callable[..., Any]) -> None:
    from importlib.metadata import version

    assert command("--version").out == f"causal-eval {version('causal-eval')}\n"
