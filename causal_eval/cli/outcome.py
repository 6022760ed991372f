"""From what happened to an exit code and a message: the one place where errors become words on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from causal_eval.cli import interrupt
from causal_eval.errors import CausalEvalError, SpecError

if TYPE_CHECKING:
    from causal_eval.results.types import StudyResult

INTERNAL_ERROR, USAGE, GATE_FAILED, DECISION_NOT_MET, INTERRUPTED = 1, 2, 5, 6, 130


def settle(command: Callable[[], int]) -> int:
    """Run a command; its exit code, with any error told on stderr."""
    with interrupt.remembered():
        code = _settled(command)
        code = INTERRUPTED if interrupt.seen() else code
    if code == INTERRUPTED:
        _say("interrupted")
    return code


def _settled(command: Callable[[], int]) -> int:
    try:
        code = command()
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of stdout has gone (`... | head`): not an error of ours; keep Python from flushing again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as e:
        return INTERRUPTED if interrupt.seen() else _told(e)


def _told(error: Exception) -> int:
    """Say what went wrong; the exit code of it."""
    if isinstance(error, SpecError):
        _say(str(error))
        return error.exit_code
    if isinstance(error, CausalEvalError):
        place = f"{error.where}: " if error.where else ""
        _say(f"{place}{error.code} {error.message}")
        if error.hint:
            _say(f"  {error.hint}")
        _say(f"  More: causal-eval explain {error.code}")
        return error.exit_code
    if os.environ.get("CAUSAL_EVAL_TRACEBACK"):
        import traceback

        traceback.print_exception(error)
    _say(f"E900 internal error: {type(error).__name__} at {_place(error)}")
    _say("  This is a bug. Run again with --traceback (or CAUSAL_EVAL_TRACEBACK=1) and report the trace;")
    _say("  read it first: a trace can quote values of your data. `causal-eval doctor` prints the versions.")
    return INTERNAL_ERROR


def exit_code(result: StudyResult, fail_on: str | None) -> int:
    """What a finished run exits with: 5 when a gate is closed, 6 when ``--fail-on`` is not met, else 0."""
    if gate_reasons(result):
        return GATE_FAILED
    if fail_on and result.decision.recommendation != "ship":
        return DECISION_NOT_MET
    if fail_on == "warn" and any(d.verdict in ("warn", "fail") for d in result.diagnostics):
        return DECISION_NOT_MET
    return 0


def gate_reasons(result: StudyResult) -> list[str]:
    """Why no decision may rest on the headline; empty when the gate is open."""
    reasons = [f"{d.check} ({d.metric}): {d.reading}" for d in result.diagnostics if d.gate and d.verdict == "fail"]
    if result.headline.estimate is None:
        said = result.headline.said
        reasons.insert(0, f"there is no headline estimate: {getattr(said, 'message', '')}")
    return reasons


@contextmanager
def silent_libraries(log: Callable[[str, str], None] | None = None) -> Iterator[None]:
    """Keep the warnings and log lines of libraries from the user's terminal; ``log`` gets the warnings.

    Replacing ``showwarning`` holds even where a library resets the warning filters while it is imported.
    """
    import logging
    import warnings

    def keep(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object) -> None:
        if log is not None:
            # Not its text: a warning may quote the data.
            log("warning", f"{category.__name__} in {os.path.basename(filename)}:{lineno}")

    handler, shown, children = logging.NullHandler(), warnings.showwarning, os.environ.get("PYTHONWARNINGS")
    logging.getLogger().addHandler(handler)
    warnings.showwarning = keep  # type: ignore[assignment]
    os.environ["PYTHONWARNINGS"] = "ignore"
    try:
        yield
    finally:
        warnings.showwarning = shown
        logging.getLogger().removeHandler(handler)
        if children is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = children


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for cyclic garbage seldom: a figure is a hundred thousand small objects that live until it is saved."""
    import gc

    usual = gc.get_threshold()
    gc.set_threshold(100_000, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _place(error: BaseException) -> str:
    """module:line of the innermost frame that is ours; never the message, which may quote the data."""
    place = "?"
    trace = error.__traceback__
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "?")
        if str(module).startswith("causal_eval") or place == "?":
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _say(line: str) -> None:
    print(line, file=sys.stderr)
