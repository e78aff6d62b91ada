"""Tests ages and rests if clocks are wrong: ours, the server's, or the one that stamped an entry."""

from __future__ import annotations

import time
from email.utils import formatdate
from pathlib import Path

import pytest
import requests

from pelagos.nouns import Paper
from tools.literature.cache import DAY, Cache
from tools.literature.transport import MAX_REST, _requested_rest

YEARS = 50 * 365 * DAY


def set_clock(patch: pytest.MonkeyPatch, ahead: float) -> None:
    now = 1_700_000_000.0 + ahead
    patch.setattr(time, "time", lambda: now)


@pytest.mark.parametrize(("stamped", "days", "is_found"), [
    (0.0, 2 * DAY, True), (0.0, 8 * DAY, False), (0.0, -0.5 * DAY, True),
    (0.0, -3 * DAY, False), (YEARS, 0.0, False), (-YEARS, 0.0, False),
])  # fmt: skip
def test_a_search_is_as_old_as_it_can_be(
    stamped: float, days: float, is_found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, paper = Cache(tmp_path), Paper(id="p", title="T", abstract="", source="arxiv")
    set_clock(monkeypatch, stamped)
    cache.store_search("arxiv", "q", 5, [paper])
    set_clock(monkeypatch, days)
    assert (cache.find_search("arxiv", "q", 5, 7) is not None) is is_found
    assert cache.find_search("arxiv", "q", 5, None) is not None
    cache.close()


def make_answer(**headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code = 429
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


@pytest.mark.parametrize("ahead", [0.0, YEARS, -DAY])
def test_a_rest_until_a_date_is_counted_on_the_servers_own_clock(ahead: float, monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, ahead)
    server = 1_700_000_000.0
    headers = {"Retry_After": formatdate(server + 90, usegmt=True), "Date": formatdate(server, usegmt=True)}
    assert _requested_rest(make_answer(**headers)) == 90


def test_no_rest_is_longer_than_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, -YEARS)
    assert _requested_rest(make_answer(Retry_After=formatdate(1_700_000_000.0, usegmt=True))) == MAX_REST
    assert _requested_rest(make_answer(Retry_After="99999999")) == MAX_REST
    assert _requested_rest(make_answer(Retry_After="17")) == 17
