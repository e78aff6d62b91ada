"""Ages and rests by clocks that may be wrong: ours, the server's, and the one that stamped an entry."""

from __future__ import annotations

import time
from email.utils import formatdate
from pathlib import Path

import pytest
import requests

from pelagos.nouns import Paper
from tools.literature.cache import DAY, Cache
from tools.literature.transport import LONGEST_REST, _asked_rest

YEARS = 50 * 365 * DAY


def at(patch: pytest.MonkeyPatch, ahead: float) -> None:
    now = 1_700_000_000.0 + ahead
    patch.setattr(time, "time", lambda: now)


@pytest.mark.parametrize(("stamped", "asked", "found"), [
    (0.0, 2 * DAY, True), (0.0, 8 * DAY, False), (0.0, -0.5 * DAY, True),
    (0.0, -3 * DAY, False), (YEARS, 0.0, False), (-YEARS, 0.0, False),
])  # fmt: skip
def test_a_search_is_as_old_as_it_can_be(
    stamped: float, asked: float, found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, paper = Cache(tmp_path), Paper(id="p", title="T", abstract="", source="arxiv")
    at(monkeypatch, stamped)
    cache.keep("arxiv", "q", 5, [paper])
    at(monkeypatch, asked)
    assert (cache.found("arxiv", "q", 5, 7) is not None) is found
    assert cache.found("arxiv", "q", 5, None) is not None
    cache.close()


def answer(**headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = 429
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


@pytest.mark.parametrize("ahead", [0.0, YEARS, -DAY])
def test_a_rest_until_a_date_is_counted_on_the_servers_own_clock(ahead: float, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, ahead)
    server = 1_700_000_000.0
    said = {"Retry_After": formatdate(server + 90, usegmt=True), "Date": formatdate(server, usegmt=True)}
    assert _asked_rest(answer(**said)) == 90


def test_no_rest_is_longer_than_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, -YEARS)
    assert _asked_rest(answer(Retry_After=formatdate(1_700_000_000.0, usegmt=True))) == LONGEST_REST
    assert _asked_rest(answer(Retry_After="99999999")) == LONGEST_REST
    assert _asked_rest(answer(Retry_After="17")) == 17
