"""Crossref is asked one thing at a time, politely, and what was answered is kept."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from typer.testing import CliRunner

from mlops_compendium import cli, crossref
from mlops_compendium.crossref import CrossrefError, Question
from mlops_compendium.load import bibliography, paper

WORK = {
    "DOI": "10.1/a",
    "title": ["Software Engineering for <i>Machine Learning</i>"],
    "subtitle": ["A Case Study"],
    "issued": {"date-parts": [[2019, 5]]},
}
KNOWN = Question(
    "a", "10.1/a", "{Software} engineering for machine learning: a case study", "", "2019"
)
BY_TITLE = Question("audit.T01", "", "MLOps: A New Paradigm", "Amershi et al.", "2018")


class Server:
    """A server that answers as it is told and remembers what it was asked."""

    def __init__(self):
        self.asked, self.agents, self.replies = [], [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                outer.agents.append(self.headers["User-Agent"])
                default = (200, {"message": {"items": []}}, {})
                status, body, headers = outer.replies.pop(0) if outer.replies else default
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode() if body != "broken" else b"<html>")

            def log_message(self, *args):
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server():
    running = Server()
    yield running
    running.http.shutdown()
    running.http.server_close()


@pytest.fixture
def naps():
    return []


def ask(server, naps, tmp_path, *todo, **options):
    options = {"server": server.address, "sleep": naps.append} | options
    return list(crossref.ask(todo, tmp_path / "answers.csv", **options))


def test_every_reference_and_titled_citation_is_asked_about():
    asked = crossref.questions(paper(), bibliography())
    assert len({question.id for question in asked}) == len(asked)
    assert len(asked) == len(bibliography()) + len(paper().literature_table)


def test_doi_is_looked_up_and_title_searched():
    looked_up = urlsplit(crossref.address(KNOWN, mailto="a@b.c"))
    assert unquote(looked_up.path) == "/works/10.1/a"
    assert parse_qs(looked_up.query) == {"mailto": ["a@b.c"]}
    searched = parse_qs(urlsplit(crossref.address(BY_TITLE)).query)
    assert searched["query.bibliographic"] == ["mlops a new paradigm Amershi et al. 2018"]
    assert "mailto" not in searched


@pytest.mark.parametrize(
    ("question", "message", "status"),
    [
        (KNOWN, WORK, "agrees"),
        (KNOWN, WORK | {"issued": {"date-parts": [[2018]]}}, "agrees"),
        (KNOWN, WORK | {"issued": {"date-parts": [[2016]]}}, "differs"),
        (KNOWN, WORK | {"issued": {}}, "differs"),
        (KNOWN, WORK | {"title": ["Something else altogether"], "subtitle": []}, "differs"),
        (KNOWN, None, "not found"),
        (BY_TITLE, {"items": []}, "not found"),
        (BY_TITLE, {"items": [WORK]}, "not found"),
        (BY_TITLE, {"items": [WORK, {"title": ["MLOps: a new paradigm"],
                                     "issued": {"date-parts": [[2018]]}}]}, "agrees"),
    ],
)  # fmt: skip
def test_answers_are_judged_by_title_and_year(question, message, status):
    assert crossref.judge(question, message).status == status


def test_one_request_at_a_time_with_a_pause_and_a_name(server, naps, tmp_path):
    server.replies = [(200, {"message": WORK}, {})]
    answers = ask(server, naps, tmp_path, KNOWN, BY_TITLE, mailto="a@b.c", delay=2)
    assert [answer.status for answer in answers] == ["agrees", "not found"]
    assert naps == [2, 2]
    assert all("mlops-compendium/" in a and "mailto:a@b.c" in a for a in server.agents)


def test_a_second_run_asks_only_what_is_missing(server, naps, tmp_path):
    ask(server, naps, tmp_path, KNOWN)
    assert len(server.asked) == 1
    answers = ask(server, naps, tmp_path, KNOWN, BY_TITLE)
    assert [answer.id for answer in answers] == ["audit.T01"]
    assert len(server.asked) == 2
    assert [a.id for a in crossref.answered(tmp_path / "answers.csv")] == ["a", "audit.T01"]


def test_what_was_answered_before_an_error_is_kept(server, naps, tmp_path):
    server.replies = [(200, {"message": WORK}, {}), (403, {}, {})]
    with pytest.raises(CrossrefError, match="HTTP 403"):
        ask(server, naps, tmp_path, KNOWN, BY_TITLE)
    assert [a.id for a in crossref.answered(tmp_path / "answers.csv")] == ["a"]


def test_a_busy_server_is_given_time(server, naps, tmp_path):
    server.replies = [(429, {}, {"Retry-After": "7"}), (503, {}, {}), (200, {"message": WORK}, {})]
    assert ask(server, naps, tmp_path, KNOWN, delay=1)[0].status == "agrees"
    assert naps == [7, 2, 1]


def test_a_server_that_stays_busy_is_left_alone(server, naps, tmp_path):
    server.replies = [(503, {}, {})] * crossref.TRIES
    with pytest.raises(CrossrefError, match="HTTP 503"):
        ask(server, naps, tmp_path, KNOWN)
    assert len(server.asked) == crossref.TRIES


def test_an_unknown_doi_is_not_found(server, naps, tmp_path):
    server.replies = [(404, {}, {})]
    assert ask(server, naps, tmp_path, KNOWN)[0].status == "not found"


def test_an_answer_of_another_kind_is_named(server, naps, tmp_path):
    server.replies = [(200, "broken", {})]
    with pytest.raises(CrossrefError, match="not what Crossref sends"):
        ask(server, naps, tmp_path, KNOWN)


def test_a_file_of_another_kind_is_not_written_to(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text("id,percent\n", encoding="utf-8")
    with pytest.raises(CrossrefError, match="not a results file"):
        list(crossref.ask([KNOWN], path, server="http://127.0.0.1:9"))
    assert path.read_text(encoding="utf-8") == "id,percent\n"


def run(monkeypatch, *arguments, ci=""):
    monkeypatch.setenv("CI", ci)
    return CliRunner().invoke(cli.app, ["crossref", *map(str, arguments)])


def test_command_never_runs_in_ci(monkeypatch, server, tmp_path):
    place = ("--server", server.address, "--results", tmp_path / "x.csv", "--delay", 0)
    done = run(monkeypatch, *place, ci="true")
    assert done.exit_code == 1
    assert "not for CI" in done.output
    assert not server.asked


def test_command_without_a_network_says_so(monkeypatch, server, tmp_path):
    server.http.server_close()
    done = run(monkeypatch, "--server", server.address, "--results", tmp_path / "x.csv")
    assert done.exit_code == 1
    assert "needs a network" in done.output


def test_command_reports_and_keeps(monkeypatch, server, tmp_path):
    asked = [KNOWN, BY_TITLE]
    monkeypatch.setattr(crossref, "questions", lambda data, entries: asked)
    server.replies = [(200, {"message": WORK}, {})]
    results = tmp_path / "deep" / "x.csv"
    done = run(monkeypatch, "--server", server.address, "--results", results, "--delay", 0)
    assert done.exit_code == 0, done.output
    assert "[1/2] a: agrees" in done.output
    assert "1 agrees, 1 not found" in done.output
    again = run(monkeypatch, "--server", server.address, "--results", results, "--delay", 0)
    assert len(server.asked) == 2
    assert "1 agrees, 1 not found" in again.output
