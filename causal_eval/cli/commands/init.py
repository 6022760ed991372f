"""`causal-eval init`."""

from __future__ import annotations

import shlex
from pathlib import Path

from causal_eval.cli.atomic import write_file
from causal_eval.cli.templates import TEMPLATES, Name
from causal_eval.errors import UsageError


def init(folder: Path, name: Name) -> int:
    """Write study.toml and its data into ``folder``; existing files are never overwritten."""
    chosen = TEMPLATES[name]
    files = {"study.toml": chosen.study, chosen.data_name: None}
    for file in files:
        if (folder / file).exists():
            raise UsageError("E604", f"`{file}` is there already; init overwrites nothing", where=str(folder),
                             hint="Give init another folder: causal-eval init my-study")  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / chosen.data_name, chosen.data())
    write_file(folder / "study.toml", chosen.study)
    study = shlex.quote(str(folder / "study.toml"))
    print(f"{folder / 'study.toml'}\n{folder / chosen.data_name}  (simulated: {chosen.title})")
    print(f"\nnext:    causal-eval check {study}\n         causal-eval run {study}")
    return 0
