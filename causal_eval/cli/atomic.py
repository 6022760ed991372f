"""Files and folders that are there whole or not at all, whenever the process is killed.

A folder is written as a hidden, locked sibling of its place, fsynced, and renamed into it. The lock dies with its
process, so a sibling nobody holds is the leftover of a killed run, and the next run removes it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".causal-eval-partial"
PREVIOUS = ".causal-eval-previous"


def write_file(path: Path, content: str | bytes) -> None:
    """Replace ``path`` by ``content`` in one step."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    partial = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A hidden sibling of ``target`` which becomes ``target`` when the block ends without an exception.

    An existing ``target`` is replaced; whether it may be is for the caller to decide beforehand.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    tidy(target)
    partial, lock = _locked_sibling(target)
    try:
        yield partial
        _sync(partial)
        _publish(partial, target)
        _sync_folder(target.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        os.close(lock)


def tidy(target: Path) -> None:
    """Remove what killed runs left beside ``target``; put back a run that was being replaced when one was killed."""
    previous = target.with_name(f".{target.name}{PREVIOUS}")
    if previous.is_dir():
        if target.exists():
            shutil.rmtree(previous, ignore_errors=True)
        else:
            previous.rename(target)
    for leftover in target.parent.glob(f".*{PARTIAL}"):
        if leftover.is_dir() and (lock := _try_lock(leftover)) is not None:
            shutil.rmtree(leftover, ignore_errors=True)
            os.close(lock)


def _locked_sibling(target: Path) -> tuple[Path, int]:
    """A fresh folder beside ``target`` and the descriptor that holds its lock."""
    for attempt in range(100):
        partial = target.with_name(f".{target.name}.{os.getpid()}-{attempt}{PARTIAL}")
        try:
            partial.mkdir()
        except FileExistsError:
            continue
        lock = _try_lock(partial)
        if lock is not None:
            return partial, lock
    raise OSError(f"no free name for a temporary folder beside {target}")


def _try_lock(folder: Path) -> int | None:
    """A descriptor that holds the folder's lock, or None where another process holds it or the folder is gone."""
    import fcntl

    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.stat(folder)
    except (BlockingIOError, FileNotFoundError):
        os.close(descriptor)
        return None
    return descriptor


def _publish(partial: Path, target: Path) -> None:
    """Put ``partial`` in the place of ``target``: in one step where the system can swap two folders."""
    if not target.exists():
        partial.rename(target)
    elif not _swap(partial, target):
        previous = target.with_name(f".{target.name}{PREVIOUS}")
        target.rename(previous)
        partial.rename(target)
        shutil.rmtree(previous, ignore_errors=True)


def _swap(one: Path, other: Path) -> bool:
    """Exchange two folders atomically (Linux); False where the system or the file system cannot."""
    import ctypes

    at_cwd, exchange = -100, 2
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)
    return renameat2 is not None and renameat2(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange) == 0


def _sync(folder: Path) -> None:
    """Flush every file and folder below ``folder`` to the disk."""
    for root, _, files in os.walk(folder):
        for name in files:
            descriptor = os.open(os.path.join(root, name), os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
        _sync_folder(Path(root))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
