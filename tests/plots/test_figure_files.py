"""Figures as files: the same bytes on every run, accessible, and with their numbers beside them."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from sample_result import broken, hostile, launch, organ_donations

from causal_eval.errors import UsageError
from causal_eval.plots.figures import figures
from causal_eval.plots.files import write_figures

ROOT = Path(__file__).parents[2]
PATHS = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support")])
SCRIPT = """
import sys, hashlib
from pathlib import Path
from causal_eval.plots.files import write_figures
from sample_result import launch
for path in write_figures(launch(), Path(sys.argv[1])):
    print(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
"""


def test_every_file_has_the_same_bytes_in_another_process_with_another_hash_seed(tmp_path: Path) -> None:
    """PYTHONHASHSEED and the process do not show in any file."""
    said = []
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / seed)], capture_output=True, text=True, check=True, cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": PATHS, "PATH": "", "HOME": str(tmp_path)},
        )  # fmt: skip
        said.append(done.stdout)
    assert said[0] == said[1]
    assert len(said[0].splitlines()) == 4 * len(figures(launch()))


def test_the_callers_matplotlib_settings_neither_change_a_figure_nor_are_changed(tmp_path: Path) -> None:
    """A notebook with large red text gets the same bytes, and keeps its settings."""
    import matplotlib

    plain = {p.name: p.read_bytes() for p in write_figures(organ_donations(), tmp_path / "a")}
    with matplotlib.rc_context({"font.size": 30, "text.color": "red", "svg.hashsalt": "other", "axes.grid": True}):
        before = dict(matplotlib.rcParams)
        styled = {p.name: p.read_bytes() for p in write_figures(organ_donations(), tmp_path / "b")}
        assert dict(matplotlib.rcParams) == before
    assert styled == plain


def test_a_figure_can_be_drawn_without_pyplot(tmp_path: Path) -> None:
    """No window system, no figure kept alive behind the caller's back."""
    code = (
        "import sys; from pathlib import Path; from causal_eval.plots.files import write_figures; "
        "from sample_result import organ_donations; write_figures(organ_donations(), Path(sys.argv[1])); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, cwd=ROOT, env={"PYTHONPATH": PATHS})


def test_the_svg_is_an_image_with_title_and_description_and_ids_of_its_own(tmp_path: Path) -> None:
    """role, aria-labelledby, title and desc are there, and no id occurs twice across sizes."""
    seen: set[str] = set()
    for size in ("page", "phone"):
        for path in write_figures(hostile(), tmp_path / size, size=size):
            if path.suffix == ".svg":
                root = ET.fromstring(path.read_bytes())
                assert root.get("role") == "img"
                ids = [e.get("id") for e in root.iter() if e.get("id")]
                assert len(ids) == len(set(ids)) and not seen & set(ids)
                seen |= {i for i in ids if i}
                for name in (root.get("aria-labelledby") or "").split():
                    assert name in ids
                text = path.read_text(encoding="utf-8")
                assert "<script" not in text and "<b>" not in text and "matplotlib.org" not in text


def test_the_csv_holds_the_plotted_series_at_full_precision(tmp_path: Path) -> None:
    """Reading headline.csv back gives the path of the result, bit by bit."""
    write_figures(launch(), tmp_path, which=["headline"])
    estimate = launch().headline.estimate
    assert estimate is not None
    rows = list(csv.DictReader(io.StringIO((tmp_path / "headline.csv").read_text())))
    assert [float(r["gap"]) for r in rows] == [p.gap for p in estimate.path]
    assert [r["period"] for r in rows] == [p.period for p in estimate.path]
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "headline.alt.txt",
        "headline.csv",
        "headline.png",
        "headline.svg",
    ]


def test_the_alt_text_says_what_and_how_much(tmp_path: Path) -> None:
    """The effect, the interval and its level are in the words beside the figure."""
    write_figures(organ_donations(), tmp_path)
    said = (tmp_path / "headline.alt.txt").read_text(encoding="utf-8")
    assert "−2.25 pp (95% interval −3.84 to −0.66)" in said
    assert "no interval for single periods" in said


def test_an_unknown_figure_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    """E605 suggests the nearest name and writes nothing."""
    with pytest.raises(UsageError) as e:
        write_figures(launch(), tmp_path / "x", which=["headlin"])
    assert e.value.code == "E605" and "headline" in e.value.hint
    assert not (tmp_path / "x").exists()


def test_a_failed_headline_gives_no_figure_but_that_of_the_design(tmp_path: Path) -> None:
    """Nothing is drawn of a number that was not computed."""
    assert {p.name.split(".")[0] for p in write_figures(broken(), tmp_path)} == {"timeline"}
