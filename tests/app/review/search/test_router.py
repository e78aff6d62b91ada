"""The pages of search and comparison by HTTP, without a browser: what is asked, found, refused, and left for later."""

from __future__ import annotations

import html
import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.review.search import router as search
from tests.app.conftest import HOSTILE
from tests.app.review.form_browser import Browser, make_page


@pytest.fixture
def client(run_folder: Path) -> TestClient:
    shutil.copytree(run_folder, run_folder.with_name("other"))
    return Browser(make_page(run_folder.parents[1])).client


def _get(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_hits_lead_to_their_hypothesis_with_words_marked(client: TestClient) -> None:
    page = _get(client, "/search?q=smooth+lab")
    assert '<a href="/runs/demo/hypotheses/h1">' in page
    assert '<a href="/runs/other/hypotheses/h1">' in page
    assert "<mark>Smooth</mark> <mark>labels</mark>" in page


def test_one_run_and_one_kind(client: TestClient) -> None:
    page = _get(client, "/search?q=smooth&run=demo&kind=lesson")
    assert "/runs/demo/hypotheses/h1" in page
    assert "/runs/other/hypotheses" not in page
    assert 'aria-current="true">lesson</a>' in page


def test_hostile_text_is_escaped(client: TestClient) -> None:
    page = _get(client, "/search?q=alert")
    assert "<mark>alert</mark>" in page
    assert HOSTILE[:8] not in page.replace("<script src", "")


@pytest.mark.parametrize("query", ["", "%22", "%00", "NEAR(", "***"])
def test_what_names_no_word_finds_nothing(client: TestClient, query: str) -> None:
    assert "<mark>" not in _get(client, f"/search?q={query}")


def test_rows_that_were_not_read_yet_are_said_and_read_by_the_page(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "INDEXING_S", -1.0)
    page = _get(client, "/search?q=smooth")
    assert "not read yet" in page
    assert 'hx-get="/search?q=smooth"' in page
    monkeypatch.undo()
    assert "not read yet" not in _get(client, "/search?q=smooth")


def test_two_runs_and_two_hypotheses(client: TestClient) -> None:
    assert "All settings are the same." in _get(client, "/compare?a=demo&b=other")
    page = _get(client, "/compare?a=demo/h1&b=other/h2")
    assert "<td>supported</td><td>refuted</td>" in page
    assert HOSTILE not in page


def test_without_two_names_they_are_asked_for(client: TestClient) -> None:
    page = _get(client, "/compare?a=demo/h1")
    assert 'value="demo/h1"' in page
    assert '<option value="other">' in page


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/search?q=a&run=dem", "did you mean demo?"),
        ("/compare?a=demo&b=demo/h1", "give two of a kind"),
        ("/compare?a=demo/h1&b=demo/h9", "hypothesis 'h9'"),
        ("/compare?a=demo/h1&b=nowhere/h1", "run 'nowhere'"),
    ],
)
def test_what_is_not_there_is_refused(client: TestClient, path: str, fault: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert fault in html.unescape(answer.text)
