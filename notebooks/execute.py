"""Runs the notebooks again and keeps their outputs: ``python notebooks/execute.py [NAME ...]`` (needs ``pip install '.[test]'``).

What differs from run to run is taken out: execution counts, timings, versions. Warnings and paths of this machine are an error.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def executed(path: Path, timeout: int = 900) -> Any:
    """The notebook at ``path``, run in its own folder. Raises nbclient's CellExecutionError where a cell fails."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=timeout, kernel_name="python3", resources=where).execute()
    return tidied(notebook)


def tidied(notebook: Any) -> Any:
    """Without what the clock and the machine put there."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {k: v for k, v in cell.metadata.items() if k == "tags"}
        if cell.cell_type == "code":
            cell.execution_count = None
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = None
    return notebook


def complaints(notebook: Any) -> list[str]:
    """What must not be kept: something on the error stream, or a path of this machine."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                found.append(f"on the error stream: {output.text[:300]}")
            here = (str(HERE.parent), f"{Path.home()}/", "/tmp/")
            found += [f"a path of this machine: {p}" for p in here if p in json.dumps(output)]
    return found


def main(names: list[str]) -> int:
    """Run the named notebooks, or all; 1 where one holds what must not be kept."""
    import nbformat

    wrong = 0
    for path in sorted(HERE.glob("*.ipynb")):
        if names and path.stem not in names:
            continue
        notebook = executed(path)
        for line in complaints(notebook):
            print(f"{path.name}: {line}", file=sys.stderr)
            wrong = 1
        nbformat.write(notebook, path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
    return wrong


if __name__ == "__main__":
    sys.exit(main([Path(n).stem for n in sys.argv[1:]]))
