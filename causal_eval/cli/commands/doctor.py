"""`causal-eval doctor`: whether this installation can work. Reads metadata; imports no heavy library."""

from __future__ import annotations

import platform
import re
import shutil
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

STATES = {"ok": "ok  ", "optional": "--  ", "bad": "BAD "}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at. ``optional``: missing, and a study runs without it."""

    state: Literal["ok", "optional", "bad"]
    what: str
    found: str


def doctor() -> int:
    """Print what was looked at; 1 when something a study needs is missing or out of range."""
    lines = [_python(), *_libraries(), _chromium(), _writable()]
    width = max(len(line.what) for line in lines)
    for line in lines:
        print(f"{STATES[line.state]}{line.what:<{width}}  {line.found}")
    bad = sum(line.state == "bad" for line in lines)
    print(f"\n{bad} to mend: pip install --upgrade causal-eval" if bad else "\nAll a study needs is here.")
    return 1 if bad else 0


def _python() -> Line:
    wanted = metadata.metadata("causal-eval")["Requires-Python"]
    version = platform.python_version()
    return Line("ok" if _inside(version, wanted) else "bad", "python", f"{version}  (wants {wanted})")


def _libraries() -> list[Line]:
    """The declared requirements against what is installed; those of an extra are optional."""
    lines = [Line("ok", "causal-eval", metadata.version("causal-eval"))]
    for requirement in sorted(metadata.requires("causal-eval") or ()):
        named = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?\s*\(?([^;)]*)\)?\s*(;.*)?$", requirement)
        if named is None or "extra ==" in (named[3] or ""):
            continue
        name, wanted = named[1], named[2].strip()
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            lines.append(Line("bad", name, f"not installed  (wants {wanted})"))
            continue
        lines.append(Line("ok" if _inside(version, wanted) else "bad", name, f"{version}  (wants {wanted})"))
    return lines


def _chromium() -> Line:
    found = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    return Line("ok" if found else "optional", "chromium", found or "not found (optional)")


def _writable() -> Line:
    here = Path.cwd()
    try:
        with tempfile.TemporaryFile(dir=here):
            return Line("ok", "current folder", "can be written")
    except OSError as e:
        return Line("bad", "current folder", f"cannot be written ({e.strerror}): use --out")


def _inside(version: str, wanted: str) -> bool:
    """Whether a version lies in a range such as ``>=1.2,<2``; only the operators this project uses."""
    have = _numbers(version)
    for clause in filter(None, (c.strip() for c in wanted.split(","))):
        operator, bound = re.match(r"(>=|<=|==|<|>)\s*([\d.]+)", clause).groups()  # type: ignore[union-attr]
        n = max(len(have), len(_numbers(bound)))
        a, b = have + (0,) * (n - len(have)), _numbers(bound) + (0,) * (n - len(_numbers(bound)))
        if not {">=": a >= b, "<=": a <= b, "==": a == b, "<": a < b, ">": a > b}[operator]:
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.match(r"\d+(?:\.\d+)*", version)[0].split("."))  # type: ignore[index]
