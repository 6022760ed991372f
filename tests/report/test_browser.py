"""The write-up in a browser: nothing asked of the network, nothing cut off, everything reachable."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pdf_words
import pytest
from sample_result import hostile, launch, opt_in, organ_donations

from causal_eval.report.files import write_reports

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

CASES = {"launch": launch, "organ": organ_donations, "opt_in": opt_in, "hostile": hostile}
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    return {n: write_reports(f(), folder / n, formats=["html"], audience="technical")[0] for n, f in CASES.items()}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    yield opened
    opened.close()


@pytest.mark.parametrize("case", CASES)
def test_no_console_message_and_no_request_beyond_the_file(case: str, pages: dict[str, Path], page: Page) -> None:
    """The file is all there is, and no dialogue opens."""
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda m: said.append(m.text))
    page.on("pageerror", lambda e: said.append(str(e)))
    page.on("dialog", lambda d: said.append(d.message))
    page.on("request", lambda r: asked.append(r.url))
    page.goto(pages[case].as_uri())
    page.wait_for_load_state("networkidle")
    assert said == []
    assert [u for u in asked if not u.startswith("data:")] == [pages[case].as_uri()]


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("case", CASES)
def test_no_sideways_scroll_of_the_page(case: str, width: int, pages: dict[str, Path], page: Page) -> None:
    """Wide tables scroll in their own box; with all details open too."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(pages[case].as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    inner, outer = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert inner <= outer == width


@pytest.mark.parametrize("width", [360, 1440])
def test_every_figure_that_is_seen_has_a_name_a_description_and_its_data(
    width: int, pages: dict[str, Path], page: Page
) -> None:
    """As the accessibility tree has it: an image with a name; beside it the long description and the table."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(pages["launch"].as_uri())
    figures = page.locator("figure")
    assert figures.count() > 5
    for k in range(figures.count()):
        image = figures.nth(k).get_by_role("img")
        assert image.count() == 1
        names = image.evaluate(
            "e => e.getAttribute('aria-labelledby').split(' ').map(i => document.getElementById(i).textContent)"
        )
        assert all(len(n) > 20 for n in names)
        assert figures.nth(k).locator("details").count() == 2
        assert figures.nth(k).locator("details table tbody tr").count() > 1


def test_contents_lead_to_every_section(pages: dict[str, Path], page: Page) -> None:
    """Each link has its target, and following it brings the section into view."""
    page.emulate_media(reduced_motion="reduce")  # on a busy machine a smooth scroll can stand still for half a minute
    page.set_viewport_size({"width": 1440, "height": 800})
    page.goto(pages["launch"].as_uri())
    links = page.locator("nav.contents a")
    assert links.count() == page.locator("main > section").count() > 10
    for k in range(links.count()):
        target = (links.nth(k).get_attribute("href") or "")[1:]
        links.nth(k).click()
        page.wait_for_function(
            "i => { const b = document.getElementById(i).getBoundingClientRect(); return b.top < innerHeight && "
            "b.bottom > 0 }",
            arg=target,
        )


def test_the_keyboard_reaches_the_skip_link_first_and_every_scrolling_box(pages: dict[str, Path], page: Page) -> None:
    """Tab goes to the skip link; what scrolls can be focused; focus is visible."""
    page.goto(pages["launch"].as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert page.evaluate("[...document.querySelectorAll('.scroll, pre')].every(e => e.tabIndex === 0)")


CONTRAST = """
() => {
  const channel = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 };
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || e.closest('svg, .skip')) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push([walk.currentNode.data.trim().slice(0, 40), ratio]);
  }
  return poor;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("case", ["launch", "organ"])
def test_every_text_has_a_contrast_of_at_least_4_5(
    case: str, scheme: str, pages: dict[str, Path], browser: Browser
) -> None:
    """WCAG AA, in both colour schemes, computed from what the browser paints."""
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(pages[case].as_uri())
    assert page.evaluate(CONTRAST) == []
    page.close()


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("case", ["launch", "hostile"])
def test_it_prints_without_contents_and_details_and_nothing_is_cut(
    case: str, paper: str, pages: dict[str, Path], page: Page, tmp_path: Path
) -> None:
    """Every word lies between the margins, and what only a screen can use is gone."""
    page.goto(pages[case].as_uri())
    page.emulate_media(media="print")
    assert not page.locator("nav.contents").is_visible()
    assert page.locator("details:visible").count() == 0
    printed = pdf_words.pages(page.pdf(format=paper), tmp_path)
    assert len(printed) > 2
    for wide, high, words in printed:
        assert abs(wide - (595 if paper == "A4" else 612)) < 2 and abs(high - (842 if paper == "A4" else 792)) < 2
        outside = [
            w for w in words if not (w.left > 30 and w.right < wide - 30 and w.top > 30 and w.bottom < high - 30)
        ]
        assert outside == []


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("case", CASES)
def test_a_table_that_is_wider_than_its_box_scrolls_there(
    case: str, width: int, pages: dict[str, Path], page: Page
) -> None:
    """No table is clipped: what sticks out can be scrolled to, by keyboard too."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(pages[case].as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    clipped = page.evaluate(
        """[...document.querySelectorAll('table')].filter(t => {
          const box = t.closest('.scroll');
          const sticks = t.getBoundingClientRect().width > box.clientWidth + 1;
          return sticks && !(getComputedStyle(box).overflowX === 'auto' && box.tabIndex === 0);
        }).length"""
    )
    assert clipped == 0 and page.locator("table").count() > 3


@pytest.mark.parametrize("case", ["launch", "organ"])
def test_a_phone_shows_tables_whole(case: str, pages: dict[str, Path], page: Page) -> None:
    """At 360 pixels every column is seen without scrolling; the data of figures and of the appendix may scroll."""
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(pages[case].as_uri())
    wider = page.evaluate(
        """[...document.querySelectorAll('.scroll')]
          .filter(e => !e.closest('details, #appendix') && e.scrollWidth > e.clientWidth + 1)
          .map(e => e.querySelector('caption').innerText)"""
    )
    assert wider == []


def test_the_keyboard_reaches_every_entry_of_the_contents(pages: dict[str, Path], page: Page) -> None:
    """Tab after Tab, each with a visible outline, in the order of the page."""
    page.set_viewport_size({"width": 1440, "height": 800})
    page.goto(pages["launch"].as_uri())
    wanted = page.evaluate("[...document.querySelectorAll('nav.contents a')].map(a => a.getAttribute('href'))")
    reached = []
    for _ in range(len(wanted) + 3):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "[document.activeElement.closest('nav') ? document.activeElement.getAttribute('href') : null, "
            "getComputedStyle(document.activeElement).outlineStyle]"
        )
        if here[0]:
            assert here[1] == "solid"
            reached.append(here[0])
    assert reached == wanted
    assert page.locator("nav[aria-label], main, header").count() == 3


def test_the_page_says_its_language_and_moves_only_where_motion_is_wanted(
    pages: dict[str, Path], browser: Browser
) -> None:
    """lang, and prefers-reduced-motion."""
    for motion, behaviour in (("reduce", "auto"), ("no-preference", "smooth")):
        page = browser.new_page(reduced_motion=motion)  # type: ignore[arg-type]
        page.goto(pages["launch"].as_uri())
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == behaviour
        assert page.evaluate("document.documentElement.lang") == "en-GB"
        page.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The accessibility rules of axe-core, fetched once by npm; skips where that cannot be done."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on this machine, and brings axe-core")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run(
        [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder),
         "axe-core@4"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"npm could not install axe-core: {done.stderr.strip()[-200:]}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("case", "width", "scheme"),
    [("launch", 360, "light"), ("launch", 1440, "dark"), ("launch", 768, "light"), ("hostile", 360, "dark")],
)
def test_axe_finds_no_violation(
    case: str, width: int, scheme: str, axe: str, pages: dict[str, Path], browser: Browser
) -> None:
    """WCAG A and AA and axe's own good practice, with all details open; and it sees a fault that is put there."""
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
    page.goto(pages[case].as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.evaluate(axe)
    run = "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => [v.id, v.nodes[0].html]))"
    assert page.evaluate(run) == []
    if case == "launch" and width == 768:
        page.evaluate("document.querySelector('svg').removeAttribute('aria-labelledby')")
        page.evaluate("document.querySelector('svg title').remove()")
        assert [v[0] for v in page.evaluate(run)] == ["svg-img-alt"]
    page.close()
