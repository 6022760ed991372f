"""PDF, Word and slides: accessible, native, the same bytes twice, and saying what the other formats say."""

from __future__ import annotations

import io
import itertools
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from pdf_words import pages
from sample_evidence import crowded_evidence, evidence
from sample_result import broken, hostile, launch, opt_in, organ_donations

import causal_eval.report.renderers as renderers
from causal_eval.errors import UsageError
from causal_eval.formats import FORMATS
from causal_eval.plots.figures import figures
from causal_eval.plots.style import DPI, SIZES
from causal_eval.report.blocks import Section, Table
from causal_eval.report.build import Audience, build
from causal_eval.report.files import RENDERERS, documents, write_reports
from causal_eval.report.wording import recommendation_mark
from causal_eval.results.types import Recommendation, StudyResult

ALL: dict[str, Callable[[], StudyResult]] = {
    "launch": launch, "organ": organ_donations, "opt_in": opt_in, "broken": broken, "hostile": hostile,
}  # fmt: skip
EVERY = pytest.mark.parametrize("case", ALL)
OFFICE = shutil.which("soffice")
NO_OFFICE = "LibreOffice is not on this machine (apt: libreoffice-impress libreoffice-writer)"


@pytest.fixture(scope="module")
def made() -> Callable[[str, str], bytes]:
    """A format of a case in full, rendered once."""
    kept: dict[str, dict[str, bytes]] = {}

    def get(case: str, name: str) -> bytes:
        if case not in kept:
            kept[case] = documents(ALL[case](), formats=["pdf", "docx", "pptx"], audience="technical")
        return kept[case][name]

    return get


Made = Callable[[str, str], bytes]


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b\u00a0\xad]+", "", text)


# --- all formats -----------------------------------------------------------------------------------------------------


def test_every_format_is_one_file_of_the_renderers_and_nothing_else_is() -> None:
    """The catalogue of formats, the folder and the study's schema name the same."""
    from causal_eval.spec.models import ReportSpec

    assert set(FORMATS) == set(RENDERERS.plugins())
    files = {p.stem for p in Path(renderers.__path__[0]).glob("*.py") if not p.stem.startswith("_")}
    assert files == set(FORMATS)
    allowed = get_args(get_args(get_args(ReportSpec.model_fields["formats"].annotation)[0])[0]) or get_args(
        get_args(ReportSpec.model_fields["formats"].annotation)[0]
    )
    assert set(allowed) == set(FORMATS)
    with pytest.raises(UsageError, match="docxx"):
        documents(launch(), formats=["docxx"])


def test_the_same_study_gives_the_same_bytes_in_every_format() -> None:
    """Two processes whose hashes differ; no clock, no random id."""
    script = (
        "import hashlib; from sample_result import launch; from causal_eval.report.files import documents; "
        "print([(n, hashlib.sha256(d).hexdigest()) for n, d in documents(launch(), "
        "formats=['html', 'md', 'pdf', 'docx', 'pptx']).items()])"
    )
    support = str(Path(__file__).parents[1] / "support")
    path = os.pathsep.join([support, str(Path(__file__).parents[2])])
    said = [
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=120,
                       env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path, "TZ": zone}).stdout
        for seed, zone in (("1", "UTC"), ("2", "Pacific/Auckland"))
    ]  # fmt: skip
    assert said[0] == said[1] and said[0].count("'") > 15


@pytest.mark.parametrize("audience", get_args(Audience))
def test_each_audience_reads_its_sections_in_every_format(audience: str) -> None:
    """The same titles in the same order in HTML, markdown, PDF and Word."""
    from docx import Document

    result = launch()
    titles = [b.title for b in build(result, audience=audience) if isinstance(b, Section)]
    got = documents(result, formats=["html", "md", "docx", "pdf"], audience=audience)
    assert re.findall(r'<h2 id="[^"]+-title">([^<]+)</h2>', got["html"].decode()) == titles
    assert re.findall(r"^## (.+)$", got["md"].decode(), re.M) == titles
    word = Document(io.BytesIO(got["docx"]))
    assert [p.text for p in word.paragraphs if p.style is not None and p.style.name == "Heading 1"] == titles
    assert [t for level, t in outline(got["pdf"]) if level == 0] == titles


@pytest.mark.parametrize("case", ["launch", "broken"])
@pytest.mark.parametrize("recommendation", get_args(Recommendation))
def test_no_format_can_recommend_anything_but_the_decision(case: str, recommendation: Recommendation) -> None:
    """Badge, prose, sign-off and last slide read the one Decision: change it and all of them change."""
    from docx import Document
    from pptx import Presentation

    result = ALL[case]()
    decision = replace(result.decision, recommendation=recommendation, reason="because", clauses=())
    result = replace(result, decision=decision)
    word = recommendation_mark(result).word
    got = documents(result, formats=["docx", "pptx", "md"], audience="exec")
    doc = Document(io.BytesIO(got["docx"]))
    cells = [c.text for t in doc.tables for row in t.rows for c in row.cells]
    badge = next(c for c in cells if c.startswith("Recommendation\n"))
    signed = cells[cells.index("Recommendation of this study") + 1]
    assert badge.split("\u00a0")[1].splitlines()[0] == signed == word
    slides = list(Presentation(io.BytesIO(got["pptx"])).slides)
    assert slides[-1].shapes.title.text_frame.text.endswith(f": {word}")
    first = next(s for s in slides[0].shapes if s.name == "Text").text_frame.text
    assert f"\u00a0{word}\n" in first or first.endswith(f"\u00a0{word}")
    assert f"**{word}**" in got["md"].decode() and f"| Recommendation of this study | {word} |" in got["md"].decode()


@pytest.mark.parametrize(("name", "extra"), [("pdf", "pdf"), ("docx", "docs"), ("pptx", "slides")])
def test_a_missing_extra_is_told_with_the_command_that_brings_it(
    name: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E606, before anything is written, and nothing is imported to find out."""
    from importlib import util

    real = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda n, *a: None if n == FORMATS[name].module else real(n, *a))
    with pytest.raises(UsageError) as e:
        write_reports(launch(), tmp_path / "run", formats=["html", name])
    assert e.value.code == "E606" and e.value.hint == f"pip install 'causal-eval[{extra}]'"
    assert not (tmp_path / "run").exists()


def test_a_template_that_is_none_is_told(tmp_path: Path) -> None:
    """E607: not there, not such a file, and one that a saved run does not hold."""
    text = tmp_path / "x.docx"
    text.write_text("not a zip")
    for name in ("docx", "pptx"):
        for file in (text, tmp_path / "gone.docx"):
            with pytest.raises(UsageError) as e:
                documents(launch(), formats=[name], templates={name: file})
            assert e.value.code == "E607"
    said = replace(launch(), spec={"report": {"template_docx": "house.docx"}})
    with pytest.raises(UsageError, match=r"house\.docx"):
        documents(said, formats=["docx"])
    assert documents(said, formats=["md"])


# --- PDF -------------------------------------------------------------------------------------------------------------


def opened(pdf: bytes) -> Any:
    return pytest.importorskip("pikepdf", reason="pikepdf is not installed").open(io.BytesIO(pdf))


def elements(node: Any, parents: tuple[str, ...] = ()) -> Iterator[tuple[str, Any, tuple[str, ...]]]:
    """Every structure element with its type and those above it, in reading order."""
    import pikepdf

    kids = node.get("/K")
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            kind = str(kid.S)[1:]
            yield kind, kid, parents
            yield from elements(kid, (*parents, kind))


def outline(pdf: bytes) -> list[tuple[int, str]]:
    """The document's bookmarks: level and text."""
    out: list[tuple[int, str]] = []

    def walk(items: Any, level: int) -> None:
        for item in items:
            out.append((level, item.title))
            walk(item.children, level + 1)

    file = opened(pdf)
    with file.open_outline() as o:
        walk(o.root, 0)
    return out


@EVERY
def test_a_pdf_is_tagged_titled_and_in_a_language(case: str, made: Made) -> None:
    """What PDF/UA-1 asks of a file as a whole."""
    file = opened(made(case, "pdf"))
    root = file.Root
    assert bool(root.MarkInfo.Marked) and "/StructTreeRoot" in root
    assert str(root.Lang).lower().startswith("en")
    assert bool(root.ViewerPreferences.DisplayDocTitle)
    metadata = bytes(root.Metadata.read_bytes()).decode()
    assert "pdfuaid:part" in metadata and re.search(r"<dc:title>.*\S.*</dc:title>", metadata, re.S)
    assert "CreateDate" not in metadata


@EVERY
def test_figures_headings_and_tables_of_a_pdf_are_tagged(case: str, made: Made) -> None:
    """Each figure has its words, headings skip no level, each column head is a head of its column."""
    blocks = build(ALL[case](), audience="technical")
    file = opened(made(case, "pdf"))
    found = list(elements(file.Root.StructTreeRoot))
    heads = [int(kind[1]) for kind, _, _ in found if re.fullmatch(r"H\d", kind)]
    assert heads[0] == 1 and all(b <= a + 1 for a, b in itertools.pairwise(heads))
    figures = [e for kind, e, _ in found if kind == "Figure"]
    assert all(len(str(e.Alt)) > 40 for e in figures)
    shown = documents(ALL[case](), formats=["html"], audience="technical")["html"].decode().count("<figure>")
    assert len(figures) == shown
    native = sum(isinstance(b, Table) for s in blocks if isinstance(s, Section) for b in s.blocks)
    headed = [e for kind, e, above in found if kind == "TH"]
    assert native == sum(kind == "THead" for kind, _, _ in found)
    assert headed and all(str(scope(e)) == "/Column" for e in headed)


def scope(element: Any) -> Any:
    import pikepdf

    attributes = element.get("/A")
    for a in attributes if isinstance(attributes, pikepdf.Array) else [attributes]:
        if isinstance(a, pikepdf.Dictionary) and "/Scope" in a:
            return a.Scope
    return None


@pytest.mark.parametrize(("paper", "size"), [("a4", (595, 842)), ("letter", (612, 792))])
@pytest.mark.parametrize("case", ["launch", "hostile"])
def test_a_pdf_keeps_its_text_between_the_margins(case: str, paper: str, size: Any, tmp_path: Path) -> None:
    """Nothing is cut; every page says which study it is, how final, and its number."""
    result = ALL[case]()
    result = replace(result, spec={**result.spec, "report": {"paper": paper}})
    shown = pages(documents(result, formats=["pdf"], audience="technical")["pdf"], tmp_path)
    assert len(shown) > 2
    for k, (wide, high, found) in enumerate(shown, start=1):
        assert (round(wide), round(high)) == size
        assert all(x0 > 40 and x1 < wide - 40 and y0 > 20 and y1 < high - 20 for x0, y0, x1, y1, _ in found)
        said = " ".join(w[4] for w in found)
        assert "Draft" in said and f"{k} of {len(shown)}" in said


@EVERY
def test_a_pdf_says_every_heading_and_every_column(case: str, made: Made, tmp_path: Path) -> None:
    """Letter by letter, as it can be copied out of the file."""
    found = [w.text for _, _, page in pages(made(case, "pdf"), tmp_path) for w in page]
    said, once = squeezed("".join(found)), {squeezed(w) for w in found}
    for s in build(ALL[case](), audience="technical"):
        if isinstance(s, Section):
            assert squeezed(s.title) in said
            for b in s.blocks:
                if isinstance(b, Table):
                    assert {w for c in b.columns for w in c.title.split()} <= once | {said}


# --- Word ------------------------------------------------------------------------------------------------------------


@EVERY
def test_word_has_native_tables_alternative_texts_and_properties(case: str, made: Made) -> None:
    """Heads repeat, rows are not split, every picture speaks, the file says what it is and in which language."""
    from docx import Document
    from docx.oxml.ns import qn

    doc: Any = Document(io.BytesIO(made(case, "docx")))
    native = [b for s in build(ALL[case](), audience="technical") if isinstance(s, Section)
              for b in s.blocks if isinstance(b, Table)]  # fmt: skip
    repeated = 0
    for table in doc.tables:
        rows = table._tbl.tr_lst
        assert all(r.find(f".//{qn('w:cantSplit')}") is not None for r in rows)
        repeated += rows[0].find(f".//{qn('w:tblHeader')}") is not None
        assert table._tbl.tblPr.find(qn("w:tblDescription")) is not None
    assert repeated == len(native)
    pictures = doc.element.findall(f".//{qn('wp:docPr')}")
    assert all(len(p.get("descr")) > 40 for p in pictures)
    assert len({p.get("id") for p in pictures}) == len(pictures) == len(doc.inline_shapes)
    assert doc.core_properties.title == ALL[case]().question.title[:255]
    assert doc.core_properties.language == "en-GB"
    assert doc.styles.element.find(f".//{qn('w:lang')}").get(qn("w:val")) == "en-GB"


def test_word_takes_the_style_of_a_template_and_leaves_its_text(tmp_path: Path) -> None:
    """Header and paper of the company stand; its sample text does not; a missing style is made."""
    from docx import Document
    from docx.shared import Mm

    house: Any = Document()
    house.sections[0].page_width = Mm(200)
    house.sections[0].header.paragraphs[0].text = "House of Support"
    house.add_paragraph("Lorem ipsum")
    house.styles["Heading 2"].delete()
    house.save(tmp_path / "house.docx")
    made = documents(launch(), formats=["docx"], templates={"docx": tmp_path / "house.docx"})["docx"]
    doc: Any = Document(io.BytesIO(made))
    assert doc.sections[0].header.paragraphs[0].text == "House of Support"
    assert round(doc.sections[0].page_width.mm) == 200
    assert "Lorem" not in "".join(p.text for p in doc.paragraphs)
    assert any(p.style.name == "Heading 2" for p in doc.paragraphs)


# --- slides ----------------------------------------------------------------------------------------------------------


def inside(deck: Any) -> None:
    """Every shape lies on its slide, and none but the running foot under another."""
    for slide in deck.slides:
        boxes = []
        for s in slide.shapes:
            assert s.left >= 0 and s.top >= 0
            assert s.left + s.width <= deck.slide_width and s.top + s.height <= deck.slide_height
            boxes.append((s.top, s.top + s.height, s.name))
        boxes.sort()
        assert all(a[1] <= b[0] + 12700 for a, b in itertools.pairwise(boxes)), boxes


@EVERY
def test_slides_have_one_message_each_native_tables_and_notes(case: str, made: Made) -> None:
    """16:9; a title on every slide; pictures and tables speak; the speaker has words."""
    from pptx import Presentation

    deck: Any = Presentation(io.BytesIO(made(case, "pptx")))
    assert deck.slide_width * 9 == deck.slide_height * 16
    inside(deck)
    for slide in deck.slides:
        assert slide.shapes.title.text_frame.text.strip()
        assert slide.notes_slide.notes_text_frame.text.strip()
        for s in slide.shapes:
            if s.has_table or s.shape_type == 13:
                assert len(s._element.xpath(".//p:cNvPr")[0].get("descr")) > 5
        sizes = [r.font.size.pt for s in slide.shapes if s.has_text_frame for p in s.text_frame.paragraphs
                 for r in p.runs]  # fmt: skip
        assert min(sizes) >= 10.5
        assert not slide.shapes.title.text_frame.text.startswith(
            "Appendix"
        )  # every number there is: nobody projects it
    if case == "launch":
        assert sum(s.shape_type == 13 for slide in deck.slides for s in slide.shapes) >= 3


def test_a_figure_on_a_slide_leaves_its_title_to_the_slide(made: Made) -> None:
    """Said once, above the picture, which fills the room that the title leaves."""
    from matplotlib.text import Text as MatplotlibText

    for spec in figures(launch()):
        said = {" ".join(t.get_text().split()) for t in spec.draw("under-title").findobj(MatplotlibText)}
        assert spec.title not in said and not any(len(x) > 20 and spec.title.startswith(x) for x in said), spec.name
        assert any(spec.title.startswith(" ".join(t.get_text().split())[:15]) for t in spec.draw("slide").texts), (
            spec.name
        )
    from pptx import Presentation

    deck: Any = Presentation(io.BytesIO(made("launch", "pptx")))
    pictures = [x for slide in deck.slides for x in slide.shapes if x.shape_type == 13]
    assert pictures and all(x.width > deck.slide_width * 0.6 or x.height > deck.slide_height * 0.6 for x in pictures)


def test_every_picture_on_a_slide_is_large_enough_to_read() -> None:
    """Its letters keep at least nine and a half points, whatever the number of metrics, analyses, donors or covariates."""
    from pptx import Presentation

    size = SIZES["under-title"]
    several = {}
    for case in (launch(), opt_in(), crowded_evidence(), evidence()):
        deck: Any = Presentation(io.BytesIO(documents(case, formats=["pptx"], audience="technical")["pptx"]))
        for slide in deck.slides:
            for x in slide.shapes:
                if x.shape_type == 13:
                    assert x.width / 914400 / (x.image.size[0] / (2 * DPI)) * size.font * 0.92 > 9.5, x.name
        several |= {s.name: len(s.parts) for s in figures(case) if s.parts}
        titles = [slide.shapes.title.text_frame.text.replace("\u00a0", " ") for slide in deck.slides]
        for s in figures(case):
            if s.parts:
                assert [t for t in titles if t.startswith(s.title)] == [
                    f"{s.title} ({k} of {len(s.parts)})" for k in range(1, len(s.parts) + 1)
                ]
    assert several


def test_a_table_over_several_slides_is_shared_out_evenly() -> None:
    """In as few slides as it needs, and none of them left with a scrap; what fits one stays on one."""
    from causal_eval.report.renderers.pptx import _even

    assert _even([10.0] * 5, 60.0) == [[0, 1, 2, 3, 4]]
    assert _even([10.0] * 5, 40.0) == [[0, 1, 2], [3, 4]]
    assert _even([10.0, 50.0, 10.0], 60.0) == [[0], [1, 2]] or _even([10.0, 50.0, 10.0], 60.0) == [[0, 1], [2]]
    assert _even([90.0, 10.0], 60.0) == [[0], [1]]


def test_the_worst_checks_come_first_on_the_slides() -> None:
    """Fail before warn before pass; a deck that is not technical counts the passes."""
    from pptx import Presentation

    deck: Any = Presentation(io.BytesIO(documents(launch(), formats=["pptx"])["pptx"]))
    titles = [s.shapes.title.text_frame.text for s in deck.slides]
    found = [t for t in titles if t.startswith("Assumptions")]
    verdicts = [v for v in ("fail", "warn", "not run", "pass") if v in found[0]]
    assert [found[0].index(v) for v in verdicts] == sorted(found[0].index(v) for v in verdicts)
    assert titles[0].startswith("We ") and titles[-1].startswith("Next step")


def test_slides_take_the_theme_of_a_template_and_leave_its_slides(tmp_path: Path) -> None:
    """A 4:3 template stays 4:3; its own slides are gone from the package."""
    from pptx import Presentation

    house: Any = Presentation()
    house.slides.add_slide(house.slide_layouts[0]).shapes.title.text = "Lorem ipsum"
    house.save(tmp_path / "house.pptx")
    made = documents(launch(), formats=["pptx"], templates={"pptx": tmp_path / "house.pptx"})["pptx"]
    deck: Any = Presentation(io.BytesIO(made))
    assert deck.slide_width * 3 == deck.slide_height * 4
    inside(deck)
    with zipfile.ZipFile(io.BytesIO(made)) as z:
        assert not any(b"Lorem" in z.read(n) for n in z.namelist())
        assert len(z.namelist()) == len(set(z.namelist()))


@pytest.mark.skipif(OFFICE is None, reason=NO_OFFICE)
def test_libreoffice_shows_every_slide_and_page_with_nothing_cut(tmp_path: Path, made: Made) -> None:
    """As it lays them out: as many pages as slides, and every word within its page, clear of the foot."""
    from pptx import Presentation

    for case in ("launch", "hostile"):
        for name in ("pptx", "docx"):
            (tmp_path / f"{case}.{name}").write_bytes(made(case, name))
    files = [str(tmp_path / f"{c}.{n}") for c in ("launch", "hostile") for n in ("pptx", "docx")]
    out = {n: tmp_path / n for n in ("pptx", "docx")}
    for name, folder in out.items():
        subprocess.run(
            [str(OFFICE), f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to",
             "pdf", "--outdir", str(folder), *(f for f in files if f.endswith(name))],
            check=True, capture_output=True, timeout=180,
        )  # fmt: skip
    for case in ("launch", "hostile"):
        slides = len(Presentation(io.BytesIO(made(case, "pptx"))).slides)
        shown = pages((out["pptx"] / f"{case}.pdf").read_bytes(), tmp_path)
        assert len(shown) == slides
        for wide, high, found in shown:
            foot = min(y0 for _, y0, _, _, w in found if y0 > high - 32)
            assert all(x0 > 0 and x1 < wide for x0, _, x1, _, _ in found)
            assert all(y1 <= foot + 1 for _, y0, _, y1, _ in found if y0 < high - 32)
        for wide, high, found in pages((out["docx"] / f"{case}.pdf").read_bytes(), tmp_path):
            assert all(x0 > 0 and x1 < wide and y0 > 0 and y1 < high for x0, y0, x1, y1, _ in found)
