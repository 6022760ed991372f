"""Ctrl-C that cannot get lost: libraries swallow KeyboardInterrupt, in imports, callbacks and foreign code.

The signal is remembered. Each step of a run asks for it, and a run that has seen it publishes nothing.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_seen = threading.Event()


@contextmanager
def remembered() -> Iterator[None]:
    """Remember an interrupt that arrives in the block, beside raising KeyboardInterrupt as ever."""

    def handle(number: int, frame: FrameType | None) -> None:
        _seen.set()
        raise KeyboardInterrupt

    _seen.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def seen() -> bool:
    """Whether an interrupt arrived, even where a library swallowed it."""
    return _seen.is_set()


def check() -> None:
    """Raise KeyboardInterrupt when an interrupt arrived before."""
    if seen():
        raise KeyboardInterrupt
