"""What all tests share: the switch for slow ones, the repository's root, and two ways to call the command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

# Several processes test at once: threads inside each would wait for one another. Set before the first import of numpy.
for _pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_pool, "1")

ROOT = Path(__file__).resolve().parent.parent
# For `benchmarks`; last, so that an installed causal_eval is what is tested.
sys.path.append(str(ROOT))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the slow tests out unless `--slow` or `-m` says otherwise."""
    if config.getoption("--slow") or config.getoption("-m"):
        return
    slow = [item for item in items if "slow" in item.keywords]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if "slow" not in item.keywords]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@dataclass(frozen=True)
class Called:
    """What a call of the command gave."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Called]:
    """Call `causal-eval` in this process: quick, and its modules can be replaced."""
    monkeypatch.delenv("CAUSAL_EVAL_TRACEBACK", raising=False)

    def call(*arguments: str | Path) -> Called:
        from causal_eval.cli.app import main

        capsys.readouterr()
        with pytest.raises(SystemExit) as exit:
            main([str(a) for a in arguments])
        said = capsys.readouterr()
        code = exit.value.code
        return Called(code if isinstance(code, int) else 0, said.out, said.err)

    return call


@pytest.fixture(scope="session")
def process() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Call `causal-eval` in a process of its own, as a shell would."""

    def call(
        *arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "causal_eval.cli.app", *map(str, arguments)],
            cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip

    return call
