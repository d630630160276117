"""The pages of the book are complete, accessible, linked and need no other host.

Each check takes a page, or a page and its file, and returns the problems it sees. Next to each
check stand fragments in which it must see one.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup, Tag

from conftest import ROOT
from mlops_compendium import chapters, ledger, load
from mlops_compendium.bind import row_id

pytestmark = pytest.mark.xdist_group("book")

LEDGER = "chapters/reproducibility.html"
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))

# The theme keeps the address of Thebe in a constant; it is fetched only after a click on a
# button that this book does not have.
THEBE = "https://unpkg.com/thebe@0.8.2/lib/index.js"

LOADING_LINKS = {
    "stylesheet", "icon", "apple-touch-icon", "preload", "modulepreload", "prefetch", "preconnect",
    "dns-prefetch", "manifest",
}  # fmt: skip
LOADING_ATTRIBUTES = {
    "script": ["src"],
    "img": ["src", "srcset"],
    "image": ["href", "xlink:href"],
    "use": ["href", "xlink:href"],
    "iframe": ["src"],
    "embed": ["src"],
    "object": ["data"],
    "source": ["src", "srcset"],
    "track": ["src"],
    "audio": ["src"],
    "video": ["src", "poster"],
    "input": ["src"],
}
CSS_ADDRESS = re.compile(r"""(?:url\(\s*|@import\s+)(?:"([^"]*)"|'([^']*)'|([^\s)'";]+))""")
FILE_NAME = re.compile(r"\.(?:png|svg|jpe?g|gif|webp)$", re.IGNORECASE)
UNRESOLVED = re.compile(r"\{(?:glue|numref|ref|doc|term|cite|eval|eq|download|index)\b[^}]*\}")
NOT_A_NUMBER = re.compile(r"\b(?:nan|NaN|inf)\b|\bnp\.\w+\(|\{\}")


def parse(text: str) -> BeautifulSoup:
    return BeautifulSoup(text, "html.parser")


@cache
def read(path: Path) -> BeautifulSoup:
    """A page, parsed once."""
    return parse(path.read_text(encoding="utf-8"))


@cache
def ids(path: Path) -> frozenset[str]:
    return frozenset(tag["id"] for tag in read(path).select("[id]"))


def text(tag: Tag | None) -> str:
    """Words of an element, without the sign that links to it."""
    if tag is None:
        return ""
    return " ".join(
        string.strip()
        for string in tag.find_all(string=True)
        if string.strip() and not string.find_parent(class_="headerlink")
    )


def name(tag: Tag) -> str:
    """Opening tag, cut short."""
    return str(tag).partition(">")[0][:160] + ">"


# --- Requests to other hosts ---------------------------------------------------------------------


def is_foreign(address: str) -> bool:
    """Whether an address leaves the folder of the book; data are part of the page."""
    parts = urlsplit(address.strip())
    return bool(parts.netloc) or parts.scheme not in ("", "data")


def addresses_in_css(css: str) -> list[str]:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return ["".join(groups) for groups in CSS_ADDRESS.findall(css)]


def loaded(page: Tag) -> list[str]:
    """Addresses that a browser fetches when it opens a page."""
    found = [
        link["href"]
        for link in page.select("link[href]")
        if LOADING_LINKS & {word.lower() for word in link.get("rel", [])}
    ]
    for tag, attributes in LOADING_ATTRIBUTES.items():
        for element in page.find_all(tag):
            for attribute in attributes:
                found += candidates(attribute, element.get(attribute, ""))
    for css in [style.string or "" for style in page("style")] + [
        element["style"] for element in page.select("[style]")
    ]:
        found += addresses_in_css(css)
    return found


def candidates(attribute: str, value: str) -> list[str]:
    """Addresses in the value of an attribute; a ``srcset`` lists several."""
    if not value:
        return []
    if attribute == "srcset":
        return [candidate.split()[0] for candidate in re.split(r",\s+", value.strip())]
    return [value]


def addresses_in_scripts(page: Tag) -> list[str]:
    scripts = " ".join(script.string or "" for script in page("script"))
    return re.findall(r"""(?:https?:)?//[\w-]+\.[^\s"'`<>]+""", scripts)


def requests_to_other_hosts(page: Tag) -> list[str]:
    foreign = [address for address in loaded(page) if is_foreign(address)]
    return foreign + [address for address in addresses_in_scripts(page) if address != THEBE]


def refreshes(page: Tag) -> list[str]:
    return [name(tag) for tag in page.select("meta[http-equiv]") if "url" in str(tag).lower()]


# --- What a page says to those who do not see it -------------------------------------------------


def images_without_description(page: Tag) -> list[str]:
    return [name(image) for image in page("img") if not is_described(image)]


def is_described(image: Tag) -> bool:
    alt = image.get("alt")
    if image.get("role") == "presentation":
        return alt == ""
    if not alt or not alt.strip() or FILE_NAME.search(alt) or alt == Path(image["src"]).stem:
        return False
    return len(alt) >= 20 or not image.find_parent("figure")


def figures_without_number_or_caption(page: Tag) -> list[str]:
    return [
        str(figure)[:80]
        for figure in page.select("article figure")
        if not (text(figure.select_one(".caption-number")) and text(figure.figcaption))
    ]


def tables_without_caption(page: Tag) -> list[str]:
    return [
        f"table with the heads {text(table.find('tr'))!r}"
        for table in page.select("article table")
        if not text(table.caption)
    ]


def tables_without_headers(page: Tag) -> list[str]:
    return [
        f"{text(table.caption) or 'table'}: {problem}"
        for table in page.select("article table")
        for problem in header_problems(table)
    ]


def header_problems(table: Tag) -> list[str]:
    heads = table.thead("th") if table.thead else []
    rows = table.tbody("tr") if table.tbody else []
    found = [] if heads and rows else ["no row of headers, or no other row"]
    found += ["a header is empty" for th in table("th") if not text(th)]
    found += [f"no row header: {text(row)}" for row in rows if not row.find("th")]
    return found


def not_one_title(page: Tag) -> list[str]:
    """The theme repeats the title for print; on screen it is not there."""
    titles = [text(h1) for h1 in page("h1") if not h1.find_parent(class_="onlyprint")]
    return [] if len(titles) == 1 and titles[0] else [f"titles: {titles}"]


def headings_out_of_order(page: Tag) -> list[str]:
    headings = page.select("article :is(h1, h2, h3, h4, h5, h6)")
    levels = [0] + [int(heading.name[1]) for heading in headings]
    found = [f"empty {heading.name}" for heading in headings if not text(heading)]
    return found + [
        f"{text(heading)!r} is {heading.name} after level {before}"
        for before, heading in zip(levels, headings, strict=False)
        if int(heading.name[1]) > before + 1
    ]


def repeated_ids(page: Tag) -> list[str]:
    counts = Counter(tag["id"] for tag in page.select("[id]"))
    return [key for key, count in counts.items() if count > 1]


def no_language(page: Tag) -> list[str]:
    language = page.html.get("lang") if page.html else None
    return [] if language == CONFIG["sphinx"]["config"]["language"] else [f"language {language}"]


def links_without_words(page: Tag) -> list[str]:
    return [
        name(link)
        for link in page.select("article a[href]")
        if not (link.get_text(strip=True) or link.get("aria-label") or link.find("img", alt=True))
    ]


def no_summary(page: Tag) -> list[str]:
    """Title, description and card, which search engines and messengers show."""
    wanted = {
        "title": page.title.get_text() if page.title else "",
        **{
            key: content(page, key)
            for key in ("description", "og:title", "og:description", "og:image", "og:image:alt")
        },
    }
    return [key for key, value in wanted.items() if not value.strip()]


def content(page: Tag, key: str) -> str:
    """Content of a meta element; empty if there is none, or more than one."""
    found = page.select(f'meta[name="{key}"], meta[property="{key}"]')
    return found[0].get("content", "") if len(found) == 1 else ""


# --- What is left of the machinery ---------------------------------------------------------------


def prose(page: Tag) -> list[str]:
    """Strings of the article that are not code."""
    article = page.article or page
    return [
        string
        for string in article.find_all(string=True)
        if not string.find_parent(["script", "style", "code"])
        and not string.find_parent(class_="cell_input")
    ]


def unresolved_roles(page: Tag) -> list[str]:
    return [string.strip() for string in prose(page) if UNRESOLVED.search(string)]


def values_that_are_not_numbers(page: Tag) -> list[str]:
    return [string.strip() for string in prose(page) if NOT_A_NUMBER.search(string)]


def empty_numbers_and_verdicts(page: Tag) -> list[str]:
    return [name(tag) for tag in page.select(".bound, .verdict") if not tag.get_text(strip=True)]


def numbers_without_source(page: Tag) -> list[str]:
    return [name(tag) for tag in page.select(".bound") if not tag.get("title", "").strip()]


def unlinked_claims(page: Tag) -> list[str]:
    """Numbers and verdicts that belong to a ledger row and do not link to just this row."""
    return [
        name(tag)
        for tag in page.select(".bound, .verdict:not(.ledger *)")
        if not links_to_its_row(tag)
    ]


def links_to_its_row(tag: Tag) -> bool:
    claim = re.search(r"ledger (\S+)$", tag.get("title", ""))
    if tag.name != "a" and not claim and "verdict" not in tag["class"]:
        return True
    target = tag.get("href", "").rpartition("/")[2]
    wanted = row_id(claim[1]) if claim else r"claim-[a-z0-9-]+"
    return bool(re.fullmatch(rf"reproducibility\.html#{wanted}", target))


CHECKS = {
    requests_to_other_hosts: [
        '<link rel="stylesheet" href="https://cdn.example.org/a.css">',
        '<link rel="shortcut icon" href="//cdn.example.org/a.ico">',
        '<link rel="preload" href="https://cdn.example.org/a.js">',
        '<script src="https://cdn.example.org/a.js"></script>',
        '<script>load("https://cdn.example.org/a.js")</script>',
        f'<script>const A = "{THEBE}", B = "//cdn.example.org/a.js"</script>',
        '<img src="http://example.org/a.png" alt="A picture">',
        '<img src="a.png" srcset="a.png, https://example.org/b.png 2x">',
        '<picture><source srcset="https://example.org/b.png"></picture>',
        '<iframe src="https://example.org"></iframe>',
        '<video poster="https://example.org/b.png"></video>',
        '<object data="https://example.org/b.svg"></object>',
        '<p style="background: url(https://example.org/b.png)"></p>',
        '<style>@import "https://example.org/b.css";</style>',
        "<style>@font-face { src: url('//example.org/b.woff2') }</style>",
    ],
    refreshes: ['<meta http-equiv="refresh" content="0; URL=https://example.org">'],
    images_without_description: [
        '<img src="a.png">',
        '<img src="a.png" alt="">',
        '<img src="a.png" alt=" ">',
        '<img src="a.png" alt="../_images/9dcb.png">',
        '<img src="a/figure.png" alt="figure">',
        '<img src="a.png" alt="words for nobody" role="presentation">',
        '<figure><img src="a.png" alt="Shares"></figure>',
    ],
    figures_without_number_or_caption: [
        '<article><figure><img src="a.png"></figure></article>',
        "<article><figure><figcaption>No number</figcaption></figure></article>",
    ],
    tables_without_caption: [
        "<article><table><tr><th>A</th></tr></table></article>",
        "<article><table><caption><a class='headerlink'>#</a></caption></table></article>",
    ],
    tables_without_headers: [
        "<article><table><tbody><tr><td>1</td></tr></tbody></table></article>",
        "<article><table><thead><tr><th>A</th></tr></thead></table></article>",
        "<article><table><thead><tr><th></th><th>A</th></tr></thead>"
        "<tbody><tr><th>B</th><td>1</td></tr></tbody></table></article>",
        "<article><table><thead><tr><th>A</th><th>B</th></tr></thead>"
        "<tbody><tr><td>1</td><td>2</td></tr></tbody></table></article>",
    ],
    not_one_title: ["<p>No title</p>", "<h1>One</h1><h1>Two</h1>", "<h1> </h1>"],
    headings_out_of_order: [
        "<article><h2>First</h2></article>",
        "<article><h1>A</h1><h3>B</h3></article>",
        "<article><h1>A</h1><h2><a class='headerlink'>#</a></h2></article>",
    ],
    repeated_ids: ['<p id="a"></p><p id="a"></p>'],
    no_language: ["<html><body></body></html>", '<html lang="de"></html>'],
    links_without_words: ['<article><a href="a.html"></a></article>'],
    no_summary: [
        "<title>Only a title</title>",
        "<title>A</title>"
        + "".join(
            f'<meta property="{key}" content="words">'
            for key in ("og:title", "og:description", "og:image", "og:image:alt")
        )
        + '<meta name="description" content="">',
    ],
    unresolved_roles: [
        "<p>{glue}<code>key</code></p>",
        "<p>see {numref}`tab-a`</p>",
        "<p>{glue:text}`a:s`</p>",
    ],
    values_that_are_not_numbers: [
        "<td>nan</td>",
        "<p>up to inf %</p>",
        "<p>np.float64(0.96)</p>",
        '<div class="cell_output"><pre>mean NaN</pre></div>',
    ],
    empty_numbers_and_verdicts: [
        '<data class="bound" value=""></data>',
        '<a class="verdict" href="#"> </a>',
    ],
    numbers_without_source: ['<data class="bound">1</data>', '<a class="bound" title=" ">1</a>'],
    unlinked_claims: [
        '<data class="bound" title="survey.mean · ledger T1.cicd">1</data>',
        '<a class="bound" href="reproducibility.html#claim-t1-b" title="f · ledger T1.a">1</a>',
        '<a class="bound" href="reproducibility.html" title="f">1</a>',
        '<a class="verdict" href="survey.html#claim-t1-a">reproduces</a>',
        '<span class="verdict">reproduces</span>',
    ],
}  # fmt: skip


FRAGMENTS = [(check, fragment) for check, fragments in CHECKS.items() for fragment in fragments]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_no_page_has(book, check):
    problems = {page.name: found for page in book.pages if (found := check(read(page)))}
    assert not problems


@pytest.mark.parametrize(
    ("check", "fragment"), FRAGMENTS, ids=lambda value: getattr(value, "__name__", "")
)
def test_would_see(check, fragment):
    assert check(parse(fragment))


# --- Links between pages, and files --------------------------------------------------------------


def target(page: Path, address: str) -> tuple[Path, str]:
    """File and id that an address on a page leads to."""
    parts = urlsplit(address)
    file = (page.parent / unquote(parts.path)).resolve() if parts.path else page.resolve()
    return file, unquote(parts.fragment)


def broken_links(page: Path) -> list[str]:
    """Addresses within the book that lead nowhere, those in raw HTML included."""
    addresses = {tag[key] for key in ("href", "src") for tag in read(page).select(f"[{key}]")}
    local = sorted(a for a in addresses if not (urlsplit(a).scheme or urlsplit(a).netloc))
    return [address for address in local if not leads_somewhere(*target(page, address))]


def leads_somewhere(file: Path, fragment: str) -> bool:
    return file.is_file() and (not fragment or fragment in ids(file))


def stylesheet_problems(page: Path) -> list[str]:
    """Files that the stylesheets of a page ask for in vain, or from another host."""
    sheets = [
        target(page, link["href"])[0] for link in read(page).select('link[rel~="stylesheet"][href]')
    ]
    found, seen = [], set()
    while sheets:
        sheet = sheets.pop()
        if sheet in seen:
            continue
        seen.add(sheet)
        for address in addresses_in_css(sheet.read_text(encoding="utf-8")):
            file = target(sheet, address)[0]
            if is_foreign(address) or not (address.startswith("data:") or file.is_file()):
                found.append(f"{sheet.name}: {address[:100]}")
            elif file.suffix == ".css":
                sheets.append(file)
    return found


def icon_problems(page: Path) -> list[str]:
    """Logo and favicon that are not the project's."""
    shown = {
        target(page, tag.get("href") or tag["src"])[0].name
        for tag in read(page).select('link[rel~="icon"], .navbar-brand img')
    }
    return sorted(shown ^ {"favicon.svg", "logo.svg", "logo-dark.svg"})


def card_problems(page: Path) -> list[str]:
    """Pictures for messengers that are not in the book."""
    html = page.parent if page.name == "index.html" else page.parents[1]
    _, folder, file = content(read(page), "og:image").partition("_images/")
    return [] if file and (html / folder / file).is_file() else [f"og:image {folder}{file}"]


def notebook_problems(page: Path) -> list[str]:
    """Missing or wrong links to download and launch a notebook; a text has nothing to launch."""
    file = "index.ipynb" if page.name == "index.html" else f"chapters/{page.stem}.ipynb"
    html = page.parent if page.name == "index.html" else page.parents[1]
    launches = [a["href"] for a in read(page).select(".dropdown-launch-buttons a[href]")]
    if not (html / "_sources" / file).exists():
        return launches
    downloads = [target(page, a["href"])[0] for a in read(page).select("a[href$='.ipynb']")]
    found = [] if html / "_sources" / file in downloads else [f"no download of {file}"]
    found += [] if launches else [f"no launch of {file}"]
    return found + [address for address in launches if not address.endswith(f"/{file}")]


def claims_without_row(page: Path) -> list[str]:
    """Bound numbers and verdicts whose link does not end in a row of the ledger."""
    links = read(page).select("a.bound[href], a.verdict[href]")
    return sorted({a["href"] for a in links if not is_ledger_row(*target(page, a["href"]))})


def is_ledger_row(file: Path, fragment: str) -> bool:
    found = read(file).find(id=fragment) if file.is_file() and fragment else None
    return bool(found and found.find_parent("tr") and found.find_parent(class_="ledger"))


def rows_not_linked_back(page: Path) -> list[str]:
    """Rows of the ledger that name no place of discussion, or one that does not link to them."""
    rows = read(page).select(".ledger tbody tr")
    return [text(row.th) or "a row" for row in rows if not is_discussed(page, row)]


def is_discussed(page: Path, row: Tag) -> bool:
    key, place = row.select_one("[id^=claim-]"), row("td")[-1].select_one("a[href]")
    if not (key and place and leads_somewhere(*target(page, place["href"]))):
        return False
    discussion = target(page, place["href"])[0]
    links = [a for a in read(discussion).select("a[href*=claim-]") if a not in row("a")]
    return (page.resolve(), key["id"]) in {target(discussion, a["href"]) for a in links}


FILE_CHECKS = {
    broken_links: [
        '<a href="nowhere.html">a</a>',
        '<a href="#nowhere">a</a>',
        '<a class="bound" href="other.html#nowhere">1</a>',
        '<img src="../_images/nowhere.png" alt="A picture">',
    ],
    stylesheet_problems: [
        '<link rel="stylesheet" href="foreign.css">',
        '<link rel="stylesheet" href="importing.css">',
        '<link rel="stylesheet" href="incomplete.css?v=1">',
    ],
    icon_problems: [
        '<link rel="icon" href="favicon.svg">',
        '<link rel="icon" href="other.ico"><a class="navbar-brand"><img src="logo.svg">'
        '<img src="logo-dark.svg"></a>',
    ],
    card_problems: [
        "<p>no card</p>",
        '<meta property="og:image" content="https://example.org/_images/nowhere.png">',
    ],
    notebook_problems: [
        "<p>neither</p>",
        '<a href="../_sources/chapters/page.ipynb">no launch</a>',
        '<a href="../_sources/chapters/page.ipynb">a</a><div class="dropdown-launch-buttons">'
        '<a href="https://mybinder.org/v2/gh/a/b/main?urlpath=lab/tree/page.md">launch</a></div>',
    ],
    claims_without_row: [
        '<a class="bound" href="other.html#claim-a">1</a>',
        '<a class="verdict" href="other.html#nowhere">reproduces</a>',
        '<a class="verdict" href="nowhere.html#claim-a">reproduces</a>',
    ],
    rows_not_linked_back: [
        '<div class="ledger"><table><tbody><tr><th><span id="claim-b"></span>B</th>'
        '<td><a href="other.html#place">a place</a></td></tr></tbody></table></div>',
        '<div class="ledger"><table><tbody><tr><th><span id="claim-a"></span>A</th>'
        "<td>no place</td></tr></tbody></table></div>",
        '<div class="ledger"><table><tbody><tr><th>no id</th>'
        '<td><a href="other.html#place">a place</a></td></tr></tbody></table></div>',
    ],
}
FILE_FRAGMENTS = [(check, bad) for check, fragments in FILE_CHECKS.items() for bad in fragments]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder of a tiny book."""
    files = {
        "_sources/chapters/page.ipynb": "{}",
        "chapters/other.html": '<p id="claim-a"></p><a href="page.html#claim-a" id="place">1</a>',
        "chapters/foreign.css": "a { background: url( 'https://example.org/a.png' ) }",
        "chapters/importing.css": '@import "foreign.css";',
        "chapters/incomplete.css": "/* url(a) */ a { background: url(nowhere.png) }",
    }
    for file, words in files.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(words, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("check", FILE_CHECKS, ids=lambda check: check.__name__)
def test_no_file_of_the_book_has(book, check):
    problems = {page.name: found for page in book.pages if (found := check(page))}
    assert not problems


@pytest.mark.parametrize(
    ("check", "fragment"), FILE_FRAGMENTS, ids=lambda value: getattr(value, "__name__", "")
)
def test_would_see_in_files(folder, check, fragment):
    page = folder / "chapters" / "page.html"
    page.write_text(fragment, encoding="utf-8")
    assert check(page)


def test_a_text_with_a_launch_button_would_be_seen(folder):
    page = folder / "chapters" / "glossary.html"
    page.write_text('<p class="dropdown-launch-buttons"><a href="glossary.md">a</a></p>')
    assert notebook_problems(page)


def test_every_row_of_the_ledger_is_on_its_page(book):
    wanted = {row_id(key) for key in ledger.read(book.project)["id"]}
    assert {i for i in ids(book.html / LEDGER) if i.startswith("claim-")} == wanted


def missing_references(page: Tag, entries: dict) -> list[str]:
    """References that are not listed, or whose DOI, arXiv number or address is no link."""
    links = {link["href"] for link in page.select(".citation a[href]")}
    forms = {"doi": "https://doi.org/{}", "eprint": "https://arxiv.org/abs/{}", "url": "{}"}
    found = [
        f"{key}: {address}"
        for key, entry in entries.items()
        for field, form in forms.items()
        if field in entry.fields and (address := form.format(entry.fields[field])) not in links
    ]
    listed = len(page.select(".citation"))
    return found + ([f"{listed} of {len(entries)} listed"] if listed != len(entries) else [])


def test_every_reference_is_listed_with_its_links(book):
    page = read(book.html / "chapters" / "bibliography.html")
    assert not missing_references(page, load.bibliography(book.project))


@pytest.mark.parametrize(
    ("fragment", "says"),
    [
        ('<div class="citation"><a href="10.1/a">a</a></div>', "jeon2019: https://arxiv.org"),
        ('<a href="https://arxiv.org/abs/1901.05758">a</a>', "0 of 1 listed"),
    ],
)
def test_missing_reference_would_be_seen(fragment, says):
    entries = {"jeon2019": load.bibliography()["jeon2019"]}
    assert any(says in problem for problem in missing_references(parse(fragment), entries))


def test_downloads_are_the_committed_notebooks(book):
    for notebook in chapters.notebooks(book.project):
        copy = book.html / "_sources" / notebook.relative_to(book.project)
        assert copy.read_bytes() == notebook.read_bytes(), notebook.name


@pytest.mark.parametrize("file", ["favicon.svg", "logo.svg", "logo-dark.svg"])
def test_icons_are_those_of_the_project(book, file):
    assert (book.html / "_static" / file).read_bytes() == (ROOT / "_static" / file).read_bytes()
