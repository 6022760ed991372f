"""What the user sees while a study runs, on stderr, and the log of it."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from typing import Any, TextIO

from causal_eval.cli import interrupt


class Progress:
    """Says the steps of a run and remembers when they began.

    On a terminal the current step is one line that is rewritten; elsewhere (a file, CI) each step is a plain line.
    """

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self.stream = stream if stream is not None else sys.stderr
        self.quiet = quiet
        self.live = self.stream.isatty() and os.environ.get("TERM") != "dumb"
        self.started = datetime.now(UTC)
        self.begun = time.perf_counter()
        self.events: list[dict[str, Any]] = []
        self.steps: list[tuple[str, float]] = []
        self._dirty = False

    def __call__(self, step: str) -> None:
        """A step begins. Raises KeyboardInterrupt when an interrupt got lost before it."""
        interrupt.check()
        self.steps.append((step, time.perf_counter()))
        self.log("step", step)
        if self.quiet:
            return
        if self.live:
            self.stream.write(f"\r{_bold(step, self.stream)} ...\x1b[K")
            self._dirty = True
        else:
            self.stream.write(f"{step}\n")
        self.stream.flush()

    def log(self, event: str, message: str) -> None:
        """Put a line into log.jsonl without showing it."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self.events.append({"at": at, "event": event, "message": message})

    def clear(self) -> None:
        """End the live line, so that what comes next starts on a line of its own."""
        if self._dirty:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
            self._dirty = False

    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self.begun

    def timings(self) -> list[dict[str, Any]]:
        """Each step with the seconds until the next one began."""
        ends = [at for _, at in self.steps[1:]] + [time.perf_counter()]
        return [{"step": s, "seconds": round(end - at, 3)} for (s, at), end in zip(self.steps, ends, strict=True)]

    def text(self) -> str:
        """log.jsonl."""
        return "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in self.events)


def _bold(text: str, stream: TextIO) -> str:
    colour = stream.isatty() and not os.environ.get("NO_COLOR")
    return f"\x1b[1m{text}\x1b[0m" if colour else text
