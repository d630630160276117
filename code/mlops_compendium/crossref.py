"""Ask Crossref about the bibliography and the citations of the paper, politely, one at a time.

Never part of a build or a test run: it needs a network and a person who reads the answers.
"""

from __future__ import annotations

import csv
import http.client
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from difflib import SequenceMatcher
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pybtex.database import Entry

SERVER = "https://api.crossref.org"
ALIKE = 0.9  # titles that differ in more than punctuation and a word or two fall below
TRIES = 4


class CrossrefError(RuntimeError):
    """Crossref could not be asked; the message says what to do."""


@dataclass(frozen=True)
class Question:
    """One thing to ask.

    Attributes
    ----------
    id : str
        Key of the bibliography, or ``audit.`` and the id of a citation.
    doi : str
        DOI to look up; empty to search by title, authors and year.
    title, authors : str
        As recorded here.
    year : str
        Year as recorded here, or ``n.d.``.
    """

    id: str
    doi: str
    title: str
    authors: str
    year: str


@dataclass(frozen=True)
class Answer:
    """What Crossref said: one row of the results file.

    Attributes
    ----------
    status : str
        ``agrees`` or ``differs`` (title and year, within one year), or ``not found``.
    alike : str
        Likeness of the titles, between 0 and 1.
    """

    id: str
    asked: str
    status: str
    alike: str
    title: str
    year: str
    doi: str


def _words(text: str) -> str:
    """Lower-case words of a title, without markup."""
    return " ".join(re.findall(r"[a-z0-9]+", re.sub(r"<[^>]*>|\\\w+|[{}]", "", text).lower()))


def likeness(first: str, second: str) -> float:
    """Likeness of two titles, between 0 and 1, apart from case, punctuation and markup."""
    return SequenceMatcher(None, _words(first), _words(second), autojunk=False).ratio()


def questions(data: SimpleNamespace, bibliography: dict[str, Entry]) -> list[Question]:
    """Everything worth asking: each entry of the bibliography and each titled citation."""
    asked = []
    for key, entry in bibliography.items():
        names = " ".join(" ".join(person.last_names) for person in entry.persons["author"])
        get = entry.fields.get
        asked.append(Question(key, get("doi", ""), get("title", ""), names, get("year", "")))
    asked += [
        Question(f"audit.{c.id}", "", c.title, c.authors, str(c.year))
        for c in data.audit
        if c.title
    ]
    return asked


def address(question: Question, server: str = SERVER, mailto: str = "") -> str:
    """Address that asks a question."""
    if question.doi:
        path, query = f"/works/{urllib.parse.quote(question.doi, safe='')}", {}
    else:
        terms = f"{_words(question.title)} {question.authors} {question.year}"
        path, query = "/works", {"query.bibliographic": terms, "rows": "3"}
    if mailto:
        query["mailto"] = mailto
    return server + path + (f"?{urllib.parse.urlencode(query)}" if query else "")


def _wait(error: urllib.error.HTTPError, attempt: int, delay: float) -> float:
    """Seconds to wait before asking again: as told, or longer each time."""
    told = error.headers.get("Retry-After", "")
    return float(told) if told.isdigit() else delay * 2**attempt


def fetch(
    url: str, mailto: str = "", delay: float = 1.0, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any] | None:
    """Fetch one answer as JSON; ``None`` if Crossref does not know the work.

    Raises
    ------
    CrossrefError
        If there is no network, or Crossref refuses or answers with something else than JSON.
    """
    contact = f"; mailto:{mailto}" if mailto else ""
    agent = f"mlops-compendium/{version('mlops-compendium')} (bibliography check{contact})"
    request = urllib.request.Request(url, headers={"User-Agent": agent})
    for attempt in range(TRIES):
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return json.load(response)["message"]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            if error.code not in (429, 500, 502, 503, 504) or attempt == TRIES - 1:
                raise CrossrefError(f"{url}: HTTP {error.code} {error.reason}; run again") from None
            sleep(_wait(error, attempt, delay))
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise CrossrefError(
                f"cannot reach {urllib.parse.urlsplit(url).netloc} ({reason}); this command needs "
                "a network. What was answered so far is kept; run it again to go on."
            ) from None
        except (ValueError, KeyError, TypeError):
            raise CrossrefError(f"{url}: the answer is not what Crossref sends") from None
    return None


def judge(question: Question, message: dict[str, Any] | None) -> Answer:
    """Compare what Crossref knows with what is recorded here."""
    found = message.get("items", [message]) if message else []
    asked = "doi" if question.doi else "title"
    if not found:
        return Answer(question.id, asked, "not found", "", "", "", "")
    best = max(found, key=lambda work: likeness(question.title, _title(work)))
    alike, year = likeness(question.title, _title(best)), _year(best)
    near = year is not None and question.year.isdigit() and abs(year - int(question.year)) <= 1
    status = "agrees" if alike >= ALIKE and near else "differs" if question.doi else "not found"
    return Answer(
        question.id,
        asked,
        status,
        f"{alike:.2f}",
        _title(best),
        "" if year is None else str(year),
        best.get("DOI", ""),
    )


def _title(work: dict[str, Any]) -> str:
    """Title with its subtitle, as Crossref keeps them."""
    return ": ".join([*(work.get("title") or [""])[:1], *(work.get("subtitle") or [])[:1]])


def _year(work: dict[str, Any]) -> int | None:
    parts = work.get("issued", {}).get("date-parts") or [[None]]
    return parts[0][0] if parts[0] else None


def answered(results: Path) -> list[Answer]:
    """Answers kept from earlier runs.

    Raises
    ------
    CrossrefError
        If the file is not a results file.
    """
    if not results.exists():
        return []
    with results.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != [field.name for field in fields(Answer)]:
            raise CrossrefError(f"{results}, row 1: not a results file of this command")
        return [Answer(**row) for row in reader]


def ask(
    todo: Iterable[Question],
    results: Path,
    *,
    server: str = SERVER,
    mailto: str = "",
    delay: float = 1.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Answer]:
    """Ask what has not been answered yet, and keep each answer at once.

    Yields
    ------
    Answer
        New answers, in the order of the questions.
    """
    done = {answer.id for answer in answered(results)}
    results.parent.mkdir(parents=True, exist_ok=True)
    with results.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Answer)])
        if not done and file.tell() == 0:
            writer.writeheader()
        for question in todo:
            if question.id in done:
                continue
            url = address(question, server, mailto)
            answer = judge(question, fetch(url, mailto, delay, sleep))
            writer.writerow(asdict(answer))
            file.flush()
            yield answer
            sleep(delay)
