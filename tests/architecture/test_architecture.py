"""The shape of the package: imports point down, nothing heavy is loaded early, what is imported is declared."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import causal_eval

PACKAGE = Path(causal_eval.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {
    "causaldata", "dowhy", "duckdb", "econml", "ibis", "joblib", "linearmodels", "matplotlib", "numpy", "pandas",
    "pyarrow", "scipy", "sklearn", "statsmodels", "pydantic", "lightgbm", "jinja2", "numba",
}  # fmt: skip
COMPILED = {"inference/_greedy_loops.py", "inference/_prediction_loops.py", "inference/_simplex_loops.py"}
"""Loops that numba compiles: loaded by one function, when there is something to compute."""
OF_MATPLOTLIB = {"plots/lettering.py", "plots/svg_backend.py"}
"""Subclasses of its text maker and of its SVG backend: loaded by one function, when a figure is drawn."""
PYDANTIC_MODELS = {
    "spec/models.py",
    "estimators/",
    "diagnostics/",
    "plan.py",
    "spec/problems.py",
    "spec/read.py",
    "spec/schema.py",
}


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, object]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]  # type: ignore[no-any-return]


def imports(path: Path, *, early: bool) -> Iterator[str]:
    """Top-level names of the modules a file imports: all of them, or those run when the file is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))

    def walk(node: ast.AST) -> Iterator[ast.AST]:
        for child in ast.iter_child_nodes(node):
            if early and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if early and isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            yield child
            yield from walk(child)

    for node in walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name.partition(".")[0] for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_imports_point_down(root: Path) -> None:
    """The contracts of pyproject.toml, by import-linter."""
    pytest.importorskip("importlinter")
    command = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([str(command), "--no-cache"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_the_contracts_are_about_every_part_of_the_package(root: Path) -> None:
    """A new folder or module that no layer names would be bound by nothing; `exhaustive` makes import-linter say so."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(c for c in contracts if c["id"] == "layers")
    assert layers["exhaustive"] is True
    named = {n.strip(" ()") for layer in layers["layers"] for n in re.split("[|:]", layer)}
    parts = {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()} - {"__init__"}
    assert parts <= named


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_module_loads_a_heavy_library_when_it_is_imported(path: Path) -> None:
    """Pydantic is allowed where models are declared; everything else belongs inside the function that needs it."""
    inside = str(path.relative_to(PACKAGE))
    allowed = {"pydantic"} if any(inside.startswith(p) for p in PYDANTIC_MODELS) else set()
    allowed |= {"numpy", "numba"} if inside in COMPILED else {"matplotlib"} if inside in OF_MATPLOTLIB else set()
    assert set(imports(path, early=True)) & HEAVY <= allowed


def test_naming_every_figure_of_a_result_loads_no_matplotlib() -> None:
    """Its subclasses are reached from within functions alone."""
    script = "import sys; from causal_eval.plots import files, figures; figures.families(); print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_importing_the_package_loads_none_of_them() -> None:
    script = f"import sys, causal_eval; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_can_be_had(root: Path) -> None:
    for name in causal_eval.__all__:
        assert getattr(causal_eval, name) is not None
    assert set(causal_eval.__all__) <= set(dir(causal_eval))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        causal_eval.nonsense  # noqa: B018


def test_every_library_that_is_imported_is_declared(project: dict[str, object]) -> None:
    distributions = packages_distributions()
    extras = project["optional-dependencies"]
    core = [*project["dependencies"], *(d for e in extras if e not in ("test", "dev") for d in extras[e])]  # type: ignore[misc, attr-defined, index]
    declared = {re.split(r"[\[<>=!~ ]", str(d))[0].lower() for d in core}
    used = {name for path in MODULES for name in imports(path, early=False)}
    foreign = used - set(sys.stdlib_module_names) - {"causal_eval", "IPython"}
    for name in sorted(foreign):
        assert {d.lower() for d in distributions.get(name, [name])} & declared, f"{name} is imported and not declared"


def test_every_requirement_has_a_floor_and_a_ceiling(project: dict[str, object]) -> None:
    extras: dict[str, list[str]] = project["optional-dependencies"]  # type: ignore[assignment]
    for requirement in [*project["dependencies"], *(r for rs in extras.values() for r in rs)]:  # type: ignore[misc]
        assert ">=" in requirement and ",<" in requirement, requirement


def test_estimators_do_not_know_each_other() -> None:
    folder = PACKAGE / "estimators"
    names = {p.stem for p in folder.glob("*.py") if not p.stem.startswith("_")}
    for path in folder.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for other in names - {path.stem}:
            assert not re.search(rf"causal_eval\.estimators\.{other}\b|estimators import .*\b{other}\b", text), (
                path.name
            )


def test_nothing_is_left_to_do_in_silence() -> None:
    """No placeholder, no swallowed exception, no stray print outside of the command line."""
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        assert not re.search(r"\b(TODO|FIXME|XXX|NotImplementedError)\b", text), path.name
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                assert not all(isinstance(s, ast.Pass) for s in node.body), f"{path.name}:{node.lineno} except: pass"
                assert node.type is not None, f"{path.name}:{node.lineno} bare except"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                assert "cli" in path.parts, f"{path.name}:{node.lineno} prints"


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
