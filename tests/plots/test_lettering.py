"""Lines put together from letters are matplotlib's own, to the last bit, and so are the figures."""

from __future__ import annotations

import io
from itertools import product

import matplotlib
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath
from sample_result import launch

from causal_eval.plots.figures import figures
from causal_eval.plots.lettering import Lettering, plain
from causal_eval.plots.style import SIZES, style

shaped = pytest.mark.skipif(
    matplotlib.__version_info__ < (3, 11),
    reason="before 3.11, matplotlib set lines in another way; its own way is kept",
)
SIGNS = "−–—…≤≥×·→’‘“”√≈"


@shaped
@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_every_pair_of_letters_is_set_as_matplotlib_sets_it(weight: str) -> None:
    """Kerning, ligatures and accents, in the order that readers of a report meet them."""
    ours, theirs = Lettering(), TextToPath()
    prop = FontProperties(family="DejaVu Sans", size=9.5, weight=weight)
    font = theirs._get_font(prop)
    letters = "AVTLYoeacfilr .,-1é" + SIGNS
    for line in [a + b for a, b in product(letters, letters)] + ["effect office affluent Afﬁx", "", " ", "  − "]:
        size = theirs.get_text_width_height_descent(line, prop, False)
        assert ours.get_text_width_height_descent(line, prop, False) == size, line
        glyphs, paths, _ = theirs.get_glyphs_with_font(font, line, glyph_map={}, return_new_glyphs_only=True)
        again, same, _ = ours.get_glyphs_with_font(font, line, glyph_map={}, return_new_glyphs_only=True)
        assert (again, list(same)) == (glyphs, list(paths)), line
    assert ours._face(font) is not None, "nothing was compared: matplotlib's own way was taken on both sides"


def test_a_script_that_needs_a_shaper_is_left_to_matplotlib() -> None:
    """Hebrew, Arabic and an accent of its own are not added up letter by letter."""
    ours, theirs = Lettering(), TextToPath()
    prop = FontProperties(family="DejaVu Sans", size=9.5)
    for line in ("שלום 12", "سلام", "e\u0301", "a\u200db"):
        assert not plain(line)
        size = theirs.get_text_width_height_descent(line, prop, False)
        assert ours.get_text_width_height_descent(line, prop, False) == size


def test_a_font_that_is_set_otherwise_is_left_to_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where matplotlib's own layout of the probe differs, no line is added up."""
    whole = TextToPath.get_glyphs_with_font

    def wider(self: TextToPath, *args: object, **more: object) -> object:
        placed, paths, boxes = whole(self, *args, **more)
        return [(name, x * 1.01, y, size) for name, x, y, size in placed], paths, boxes

    monkeypatch.setattr(TextToPath, "get_glyphs_with_font", wider)
    ours = Lettering()
    assert ours._face(ours._get_font(FontProperties(family="DejaVu Sans", size=9.5))) is None


@shaped
def test_letters_read_after_a_png_was_drawn_have_the_size_of_the_others() -> None:
    """The font is shared with Agg, which sets its size."""
    ours, theirs = Lettering(), TextToPath()
    prop = FontProperties(family="DejaVu Sans", size=9.5)
    font = theirs._get_font(prop)
    ours.get_text_width_height_descent("abc", prop, False)
    font.set_size(9.5, 192)
    size = ours.get_text_width_height_descent("xyz", prop, False)
    assert size == theirs.get_text_width_height_descent("xyz", prop, False)


@pytest.mark.parametrize("size", ["page", "phone"])
def test_a_figure_has_the_bytes_of_matplotlibs_own_svg(size: str) -> None:
    """The backend is faster and nothing else."""
    spec = figures(launch())[0]
    saved = []
    for backend in (None, "module://causal_eval.plots.svg_backend"):
        out = io.StringIO()
        figure = spec.draw(size)  # type: ignore[arg-type]
        with style(SIZES[size]):  # type: ignore[index]
            figure.savefig(out, format="svg", backend=backend, metadata={"Date": None})
        saved.append(out.getvalue())
    assert saved[0] == saved[1]
