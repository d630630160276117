"""The bibliography is well formed, says how each record was seen, and is cited in full."""

from __future__ import annotations

import re

import nbformat
import pytest

from mlops_compendium import chapters
from mlops_compendium.load import bibliography

ENTRIES = bibliography()
REQUIRED = {
    "article": ("journal",),
    "inproceedings": ("booktitle",),
    "techreport": ("institution",),
    "misc": (),
}
# Well-known works on method; each has its DOI or a volume and pages.
OF_METHOD = {
    "brown2017",
    "frechet1951",
    "goodman1965",
    "heiberger2014",
    "mcnemar1947",
    "wilson1927",
}
FORMS = {
    "doi": r"10\.\d{4,9}/[^\s{}\"<>]+",
    "eprint": r"\d{4}\.\d{4,5}",
    "url": r"https?://[^\s{}]+",
    "year": r"(?:19|20)\d\d|n\.d\.",
    "pages": r"[\d:]+(?:--[\d:]+)?",
}
CITED = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")


def problems(entry):
    """What is wrong with the fields of an entry."""
    needed = ("title", "year", *REQUIRED.get(entry.type, ("a known type",)))
    found = [f"lacks {name}" for name in needed if not entry.fields.get(name)]
    found += [] if entry.persons.get("author") else ["lacks author"]
    found += [
        f"{name} {entry.fields[name]!r} has another form"
        for name, form in FORMS.items()
        if name in entry.fields and not re.fullmatch(form, entry.fields[name])
    ]
    if "eprint" in entry.fields and entry.fields.get("archiveprefix") != "arXiv":
        found.append("eprint without archiveprefix arXiv")
    return found


@pytest.mark.parametrize("key", ENTRIES)
def test_entry_has_what_it_needs(key):
    assert not problems(ENTRIES[key])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("doi", "https://doi.org/10.1145/1"),
        ("doi", "10.1145"),
        ("doi", "10.1145/ 1"),
        ("year", "18"),
        ("title", ""),
        ("booktitle", ""),
        ("eprint", "arXiv:1901.05758"),
        ("archiveprefix", "cs"),
        ("pages", "947-960"),
    ],
)
def test_broken_entry_would_be_seen(field, value):
    entry = bibliography()["jeon2019"]
    entry.fields[field] = value
    assert problems(entry)


@pytest.mark.parametrize("key", sorted(set(ENTRIES) - OF_METHOD))
def test_entry_says_how_it_was_seen(key):
    assert re.match(r"Seen: .{10,}", ENTRIES[key].fields.get("note", ""))


def test_no_identifier_stands_twice():
    for name in ("doi", "eprint", "url"):
        given = [entry.fields[name].lower() for entry in ENTRIES.values() if name in entry.fields]
        assert len(given) == len(set(given)), name


def test_entries_are_in_order():
    assert list(ENTRIES) == sorted(ENTRIES)


def markdown(page):
    """Text of a page that may cite: prose, and tables that its code shows."""
    if page.suffix == ".md":
        return page.read_text(encoding="utf-8")
    cells = nbformat.read(page, as_version=4).cells
    outputs = [
        output.get("data", {}).get("text/markdown", "")
        for cell in cells
        for output in cell.get("outputs", [])
    ]
    return "\n".join([cell.source for cell in cells if cell.cell_type == "markdown"] + outputs)


def test_every_entry_is_cited_and_every_key_is_defined():
    cited = {
        key.strip()
        for page in chapters.pages()
        for keys in CITED.findall(markdown(page))
        for key in keys.split(",")
    }
    assert cited == set(ENTRIES)
