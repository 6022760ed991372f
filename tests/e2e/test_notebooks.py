"""The notebooks run as they are kept: no warning, no path of a machine, the numbers that are shown, and the published ones."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
pytest.importorskip("ipykernel", reason="ipykernel is not installed")

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(p.stem for p in FOLDER.glob("*.ipynb"))
PUBLISHED: dict[str, dict[str, tuple[float, float]]] = {
    # Kessler & Roth (2014) as in Huntington-Klein, The Effect, chapter 18; csdid 0.4.3 on castle's rows.
    "01_difference_in_differences": {
        "organ donations": (-0.022, 5e-4),
        "organ donations, clustered error": (0.006, 5e-4),
        "castle, average": (0.11038303545755615, 1e-6),
        "castle, error": (0.03872423950217732, 1e-6),
    },
    # The optimum that several exact solvers agree on; Cunningham's R program for the covariates.
    "02_synthetic_control": {"effect": (23807.73, 0.01), "on covariates, Louisiana": (0.360, 2e-3)},
    # Imbens & Xu (2024), table ldw.
    "03_matching": {
        "experiment": (1794.342, 0.01),
        "experiment, error": (670.825, 0.01),
        "naive": (-8497.516, 0.01),
        "five neighbours, bias-adjusted": (1729.118, 0.01),
        "entropy balancing": (1406.304, 0.01),
        "regression": (1066.376, 0.01),
        "placebo": (-1465.93, 0.01),
    },
    # Hernan & Robins, What If, chapters 12 and 13: 3.4 and 3.5 kg, with an interval of 2.4 to 4.5.
    "04_double_ml": {
        "interactive, lasso": (3.45, 0.15),
        "doubly robust, linear": (3.45, 0.1),
        "median of splits": (3.45, 0.25),
    },
    # The truth of the world.
    "05_launch_review": {"resolved_24h, did": (0.0399, 0.012), "reopened, did": (0.025, 0.0045)},
    "06_write_a_plugin": {"median of changes": (0.03, 0.0085), "did": (0.03, 0.0085)},
}


def script() -> Any:
    """notebooks/execute.py, which also keeps the outputs."""
    spec = importlib.util.spec_from_file_location("execute_notebooks", FOLDER / "execute.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def numbers(notebook: Any) -> dict[str, Any]:
    """The dictionary that the cell tagged key-numbers shows."""
    cell = next(c for c in notebook.cells if "key-numbers" in c.metadata.get("tags", []))
    found: dict[str, Any] = ast.literal_eval(cell.outputs[-1].data["text/plain"])
    return found


def words(notebook: Any) -> list[str]:
    """The words that each code cell shows, without the numbers, which may differ in a last digit."""
    said = []
    for cell in notebook.cells:
        for o in cell.get("outputs", []):
            texts = (
                [o["text"]]
                if "text" in o
                else [v for k, v in sorted(o.get("data", {}).items()) if k.startswith("text/")]
            )
            said += [" ".join(re.findall(r"[^\W\d_]+", text)) for text in texts]
    return said


def kept(name: str) -> Any:
    import nbformat

    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_kept_with_its_outputs_and_nothing_of_the_machine_that_ran_it(name: str) -> None:
    notebook = kept(name)
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 800_000
    assert script().complaints(notebook) == []
    pictures = [
        o.data["image/png"] for c in notebook.cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})
    ]
    assert all(len(p) * 3 / 4 < 400_000 for p in pictures)
    assert len(pictures) == sum(".plot." in c.source for c in notebook.cells if c.cell_type == "code")
    assert set(PUBLISHED[name]) <= set(numbers(notebook))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_and_gives_the_numbers_it_shows_and_the_published_ones(name: str) -> None:
    run = script()
    notebook = run.executed(FOLDER / f"{name}.ipynb")
    assert run.complaints(notebook) == []
    assert words(notebook) == words(kept(name)), "the notebook is kept with what it no longer says: run it again"
    now, shown = numbers(notebook), numbers(kept(name))
    assert now.keys() == shown.keys()
    for key, value in now.items():
        if isinstance(value, str):
            assert value == shown[key], key
            continue
        # Boosted trees differ in the last digits from one processor to the next.
        assert value == pytest.approx(shown[key], rel=0.02 if name == "04_double_ml" else 1e-3), key
    for key, (published, within) in PUBLISHED[name].items():
        assert abs(now[key] - published) <= within, key
