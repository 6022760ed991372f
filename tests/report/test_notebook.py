"""What results can do in a notebook."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sample_result import launch, opt_in, organ_donations

from causal_eval.errors import UsageError
from causal_eval.notebook import attach

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def attached() -> None:
    attach()


def test_importing_and_attaching_loads_nothing_heavy() -> None:
    """matplotlib, pandas, numpy and jinja2 come when they are used."""
    code = (
        "import sys; import causal_eval.notebook as n; n.attach(); "
        "heavy = {'matplotlib', 'pandas', 'numpy', 'jinja2', 'scipy'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)})


def test_a_result_plots_its_figures() -> None:
    """Each a new matplotlib Figure."""
    from matplotlib.figure import Figure

    plot = launch().plot
    for figure in (plot.headline(), plot.headline("csat"), plot.event_study(), plot.effects(size="phone")):
        assert isinstance(figure, Figure)
    with pytest.raises(UsageError, match="event_study"):
        opt_in().plot.event_study()


def test_a_figure_and_a_result_show_themselves_without_pyplot() -> None:
    """A notebook asks a figure for its PNG; IPython asks a result for text, which is the summary and no dump of every field."""
    figure = launch().plot.headline()
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
    said: list[str] = []
    printer = type("Printer", (), {"text": staticmethod(said.append)})
    launch()._repr_pretty_(printer, False)  # type: ignore[attr-defined]
    assert said == [launch().summary()]  # type: ignore[attr-defined]


def test_every_family_is_a_method_with_help_of_its_own() -> None:
    """dir() lists them, help() says what each shows, and a name that is none says which there are."""
    from causal_eval.plots.figures import families

    plot = launch().plot
    for family in families():
        assert family.name in dir(plot)
        assert getattr(plot, family.name).__doc__.startswith(family.about)
    with pytest.raises(AttributeError, match="there are: headline"):
        plot.spaghetti  # noqa: B018
    with pytest.raises(UsageError, match="placebos") as e:
        plot.placebos()
    assert "guardrails" in e.value.hint


def test_a_result_shows_as_a_scorecard_without_rows_of_data() -> None:
    """Recommendation, metrics, verdicts; no unit by name."""
    shown: Any = launch()
    html, md = shown._repr_html_(), shown._repr_markdown_()
    for text in (html, md):
        assert "Hold" in text and "Customer satisfaction" in text and "Not cleared" in text
        assert "queue_id" not in text
    assert "<script" not in html


def test_a_lone_estimate_shows_its_effects_and_its_figures() -> None:
    """In the outcome's own units: no study says that it is a share."""
    from matplotlib.figure import Figure

    estimate: Any = organ_donations().headline.estimate
    assert "−0.0225" in estimate._repr_html_() and "p = 0.037" in estimate.summary()
    assert isinstance(estimate.plot.event_study(), Figure) and isinstance(estimate.plot.path(), Figure)
    other: Any = opt_in().headline.estimate
    with pytest.raises(UsageError, match="no path"):
        other.plot.path()


def test_the_explanation_says_what_could_be_wrong() -> None:
    """Every check that did not pass is in it."""
    said = launch().explain()
    for d in launch().diagnostics:
        assert d.assumption in said
    assert "What could be wrong" in said
