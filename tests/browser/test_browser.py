"""In a browser without a network every page loads, fits, is accessible and does what it should."""

from __future__ import annotations

import io
import os
import re
import shutil
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright

from conftest import ROOT
from mlops_compendium import chapters, ledger
from mlops_compendium.bind import row_id

pytestmark = pytest.mark.xdist_group("book")

COMMANDS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, NARROW = 1280, 360
HEIGHT = 900
LEDGER = "chapters/reproducibility.html"
PAGES = [
    str(page.relative_to(ROOT).with_suffix(".html")) for page in chapters.pages() if page.exists()
]

# Faults of the theme and its extensions that this book cannot mend, each with a reason.
KNOWN_MESSAGES = {
    r"Identifier 'THEBE_JS_URL' has already been declared": "sphinx-thebe writes its constant "
    "twice on each page; the second, the same, is refused",
    r"Got invalid theme mode: \. Resetting to auto": "the theme says so to every new reader, "
    "for whom no mode is stored yet, and goes on with the reader's system setting",
}
KNOWN_VIOLATIONS = {
    ("aria-required-children", ".citation-list"): "docutils writes role=list around entries that "
    "it gives the role doc-biblioentry, which takes the place of listitem",
}
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],
    "preload": False,  # it fetches stylesheets, which a page opened as a file may not
}
# The rows of the ledger are alike; the first ones stand for all, which saves ten seconds a run.
ALIKE = ".ledger tbody tr:nth-child(n + 25)"

STICKING_OUT = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return ["the page is wider than the window", ...[...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > width + 1)
    .map((element) => element.outerHTML.slice(0, 100))].slice(0, 6);
}"""
NOT_LOADED = """() => [
  ...[...document.images].filter((image) => !image.complete || !image.naturalWidth)
    .map((image) => `image ${image.src.slice(0, 100)}`),
  ...[...document.fonts].filter((font) => font.status === "error")
    .map((font) => `font ${font.family}`),
]"""
# Mathematics is set and nothing is fading in any more, as a reader sees it a moment later.
SETTLE = """async () => {
  await window.MathJax?.startup?.promise;
  document.getAnimations().forEach((animation) => animation.finish());
}"""
UNFOLD = """() => {
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
  document.getAnimations().forEach((animation) => animation.finish());
}"""


@dataclass(frozen=True)
class Visit:
    """What was seen on one page in one theme; every field but the theme lists problems."""

    theme: str
    foreign_requests: list[str]
    failed_requests: list[str]
    messages: list[str]
    not_loaded: list[str]
    wide_overflow: list[str]
    narrow_overflow: list[str]
    violations: list[str]


def find_browser() -> str:
    """Command of the system's browser; without one the tests skip, but fail where they must run."""
    found = next(filter(None, map(shutil.which, COMMANDS)), None)
    if found:
        return found
    message = f"none of {', '.join(COMMANDS)} is installed"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    command = find_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command, args=ARGUMENTS)
        yield browser
        browser.close()


class Reader:
    """Someone without a network who opens pages as files and notes what goes wrong on each."""

    def __init__(self, browser: Browser, **preferences):
        self.context = browser.new_context(**preferences)
        self.context.set_offline(True)
        self.context.route(re.compile(r"^(?!file:|data:|blob:)"), self.refuse)
        self.page = self.context.new_page()
        self.page.on("console", lambda m: self.note(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.note(str(error)))
        self.page.on("requestfailed", lambda request: self.failed.append(request.url))
        self.start()

    def start(self) -> None:
        self.foreign, self.failed, self.messages = [], [], []

    def refuse(self, route: Route) -> None:
        self.foreign.append(route.request.url)
        route.abort()

    def note(self, message: str) -> None:
        if not any(re.search(known, message) for known in KNOWN_MESSAGES):
            self.messages.append(message)

    def open(self, file: Path, query: str = "") -> Page:
        """Open a page in a wide window, as if nothing had been open before."""
        self.page.set_viewport_size({"width": WIDE, "height": HEIGHT})
        self.page.goto("about:blank")
        self.start()
        self.page.goto(file.as_uri() + query)
        return self.page


@pytest.fixture(scope="module")
def readers(browser) -> dict[str, Reader]:
    """Readers by the theme that they prefer; opening a window takes long, so both read on."""
    return {theme: Reader(browser, color_scheme=theme) for theme in ("light", "dark")}


def look_at(reader: Reader, file: Path) -> Visit:
    """See a page at both widths; look for overflow with everything unfolded."""
    page = reader.open(file)
    page.evaluate(SETTLE)
    violations = axe_violations(page)
    page.evaluate(UNFOLD)
    wide = page.evaluate(STICKING_OUT)
    page.set_viewport_size({"width": NARROW, "height": HEIGHT})
    return Visit(
        theme=page.evaluate("document.documentElement.dataset.theme"),
        wide_overflow=wide,
        narrow_overflow=page.evaluate(STICKING_OUT),
        not_loaded=page.evaluate(NOT_LOADED),
        violations=violations,
        foreign_requests=reader.foreign,
        failed_requests=reader.failed,
        messages=reader.messages,
    )


def axe_violations(page: Page) -> list[str]:
    """Serious and critical violations of WCAG 2 A and AA that are not known."""
    found = Axe().run(page, context={"exclude": ALIKE}, options=AXE).response["violations"]
    return [
        f"{violation['id']} at {target}: {node['html'][:120]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
        if (violation["id"], target := str(node["target"][-1])) not in KNOWN_VIOLATIONS
    ]


# --- Every page ----------------------------------------------------------------------------------


@pytest.fixture(
    scope="module", params=[(page, theme) for page in PAGES for theme in ("light", "dark")],
    ids=lambda param: "-".join(param),
)  # fmt: skip
def visit(request, book, readers) -> Visit:
    page, theme = request.param
    seen = look_at(readers[theme], book.html / page)
    assert seen.theme == theme
    return seen


PROBLEMS = [field for field in Visit.__dataclass_fields__ if field != "theme"]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_page_is_without(visit, problem):
    assert not getattr(visit, problem)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_unfolded_code_and_its_results_are_accessible(book, readers, theme):
    page = readers[theme].open(book.html / "chapters/uncertainty.html")
    page.evaluate(SETTLE)
    page.evaluate(UNFOLD)
    assert not axe_violations(page)


BAD_PAGE = """<!DOCTYPE html><title>Bad</title><script>console.error("wrong")</script>
<img src="nowhere.png"><img src="https://example.org/a.png" alt="Elsewhere">
<p style="width: 2000px; color: #ccc; background: #fff">Too wide, too pale and in no language.</p>
"""


@pytest.fixture(scope="module")
def bad_visit(readers, tmp_path_factory) -> Visit:
    file = tmp_path_factory.mktemp("bad") / "bad.html"
    file.write_text(BAD_PAGE, encoding="utf-8")
    return look_at(readers["light"], file)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_problem_would_be_seen(bad_visit, problem):
    assert getattr(bad_visit, problem)


def test_violations_would_be_seen_by_rule(bad_visit):
    found = " ".join(bad_visit.violations)
    assert all(rule in found for rule in ("image-alt", "color-contrast", "html-has-lang"))


# --- The ledger ----------------------------------------------------------------------------------


@pytest.fixture
def reader(readers) -> Iterator[Reader]:
    """The reader who prefers light; nothing that is done may reach another host."""
    yield readers["light"]
    assert not readers["light"].foreign


@pytest.fixture
def ledger_page(reader, book) -> Page:
    return reader.open(book.html / LEDGER)


@pytest.fixture(scope="module")
def rows():
    """The committed ledger."""
    return ledger.read(ROOT)


def shown(page: Page) -> Locator:
    return page.locator(".ledger tbody tr").filter(visible=True)


def shown_ids(page: Page) -> set[str]:
    return set(shown(page).locator("[id^=claim-]").evaluate_all("all => all.map((e) => e.id)"))


def expect_rows(page: Page, wanted, rows) -> None:
    """Just the wanted rows show, and the count says how many they are."""
    expect(page.locator(".ledger-filter output")).to_have_text(f"{len(wanted)} of {len(rows)} rows")
    assert shown_ids(page) == {row_id(key) for key in wanted["id"]}


@pytest.mark.parametrize("column", ["verdict", "section", "kind"])
def test_ledger_filters_by(ledger_page, rows, column):
    for value, wanted in rows.groupby(column):
        ledger_page.select_option(f"select[name={column}]", value)
        expect_rows(ledger_page, wanted, rows)


def test_ledger_filters_by_verdict_and_section_together(ledger_page, rows):
    (verdict, section), wanted = max(rows.groupby(["verdict", "section"]), key=lambda g: len(g[1]))
    ledger_page.select_option("select[name=verdict]", verdict)
    ledger_page.select_option("select[name=section]", section)
    expect_rows(ledger_page, wanted, rows)


def test_ledger_search_keeps_rows_with_all_words(ledger_page, rows):
    ledger_page.fill("input[name=text]", "Deployment  time")
    found = shown(ledger_page).all_inner_texts()
    assert 0 < len(found) < len(rows)
    assert all("deployment" in row.lower() and "time" in row.lower() for row in found)
    hidden = ledger_page.locator(".ledger tbody tr[hidden]").all_text_contents()
    assert not any("deployment" in row.lower() and "time" in row.lower() for row in hidden)
    assert len(found) + len(hidden) == len(rows)


def test_ledger_reset_shows_every_row_again(ledger_page, rows):
    ledger_page.fill("input[name=text]", "no row has these words")
    expect_rows(ledger_page, rows[:0], rows)
    ledger_page.click("button[type=reset]")
    expect_rows(ledger_page, rows, rows)
    assert "?" not in ledger_page.url


def test_ledger_filter_is_kept_in_the_address(ledger_page, rows):
    ledger_page.select_option("select[name=verdict]", "contradicted")
    ledger_page.fill("input[name=text]", "time")
    expect(ledger_page).to_have_url(re.compile(r"\?verdict=contradicted&text=time$"))
    before = shown_ids(ledger_page)
    ledger_page.reload()
    assert shown_ids(ledger_page) == before


def test_ledger_shows_every_row_without_javascript(book, browser, rows):
    page = Reader(browser, java_script_enabled=False).open(book.html / LEDGER)
    assert shown(page).count() == len(rows)
    assert page.locator(".ledger-filter").count() == 0


def outline(row: Locator) -> tuple[str, str]:
    return tuple(row.evaluate("row => [getComputedStyle(row).outlineStyle, row.hidden.toString()]"))


@pytest.mark.parametrize("chapter", ["index.html", "chapters/survey.html"])
def test_bound_number_opens_its_highlighted_row(book, reader, chapter):
    page = reader.open(book.html / chapter)
    number = page.locator("p a.bound").filter(visible=True).first
    key = number.get_attribute("href").partition("#")[2]
    number.click()
    row = page.locator(f".ledger tr:has(#{key})")
    expect(row).to_be_in_viewport()
    assert outline(row) == ("solid", "false")
    assert outline(page.locator(f".ledger tbody tr:not(:has(#{key}))").first)[0] == "none"


def test_row_in_the_address_shows_whatever_the_filter_says(book, reader, rows):
    row = rows[rows["verdict"] == "reproduces"].iloc[0]
    page = reader.open(book.html / LEDGER, f"?verdict=contradicted#{row_id(row['id'])}")
    wanted = rows[(rows["verdict"] == "contradicted") | (rows["id"] == row["id"])]
    expect_rows(page, wanted, rows)


# --- Dark mode and mathematics -------------------------------------------------------------------


def brightness(place: Locator) -> float:
    """Median brightness of what is on the screen, from 0 to 255."""
    image = Image.open(io.BytesIO(place.screenshot())).convert("L")
    return statistics.median(image.resize((100, 100)).tobytes())


def test_theme_switch_darkens_the_page_and_its_figures(book, browser):
    page = Reader(browser, color_scheme="light").open(book.html / "chapters/survey.html")
    figure, paragraph = page.locator("figure img").first, page.locator("article p").first
    assert min(brightness(figure), brightness(paragraph)) > 230
    for _ in ("light", "dark", "auto"):
        if page.evaluate("document.documentElement.dataset.mode") != "dark":
            page.locator(".theme-switch-button").filter(visible=True).click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert max(brightness(figure), brightness(paragraph)) < 50


def test_mathematics_is_set(book, reader):
    page = reader.open(book.html / "chapters/uncertainty.html")
    sources = page.locator("article .math").count()
    expect(page.locator("article .math mjx-container")).to_have_count(sources)
    box = page.locator("article div.math mjx-math").first.bounding_box()
    assert sources
    assert min(box["width"], box["height"]) > 20


# --- A browser is found --------------------------------------------------------------------------


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip), ("true", pytest.fail)])
def test_missing_browser_skips_here_and_fails_in_continuous_integration(monkeypatch, ci, outcome):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(outcome.Exception):
        find_browser()
