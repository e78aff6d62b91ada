"""Who gets in: by the token, once it was exchanged for a cookie, or by the password; and which forms are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.review.serving import guard
from app.review.serving.access import Access
from pelagos.errors import BadInput
from tests.app.review.form_browser import ORIGIN, Browser, make_page

PASSWORD = "correct horse"


def open_client(app: Any) -> TestClient:
    return TestClient(app, base_url=ORIGIN, follow_redirects=False)


def test_the_token_is_exchanged_for_a_cookie_that_no_script_reads(tmp_path: Path) -> None:
    app = make_page(tmp_path)
    client = open_client(app)
    assert client.get("/").status_code == 401
    assert client.get("/?token=wrong").status_code == 401
    admitted = client.get(f"/runs?sort=1&token={app.state.access.token}")
    assert (admitted.status_code, admitted.headers["location"]) == (303, f"{ORIGIN}/runs?sort=1")
    cookie = admitted.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/").status_code == 200


def test_a_session_outlasts_the_server_but_not_another_password(tmp_path: Path) -> None:
    before, after = Access.open("127.0.0.1", 1, tmp_path), Access.open("127.0.0.1", 1, tmp_path)
    session = before.begin_session()
    assert before.token != after.token
    assert after.knows_session(session)
    assert after.is_csrf(before.csrf(session), session)
    assert not Access.open("127.0.0.1", 1, tmp_path, PASSWORD).knows_session(session)


@pytest.mark.parametrize("forged", ["", "x", "9999999999.abc", "9999999999.abc.", "9999999999.abc.ffff", "é.é.é"])
def test_a_forged_session_is_none(tmp_path: Path, forged: str) -> None:
    assert not Access.open("127.0.0.1", 1, tmp_path).knows_session(forged)


def test_an_old_session_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    access = Access.open("127.0.0.1", 1, tmp_path)
    session = access.begin_session()
    now = int(session.partition(".")[0])
    monkeypatch.setattr("app.review.serving.access.time.time", lambda: now + 1)
    assert not access.knows_session(session)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8321", 200), ("localhost:9", 200), ("[::1]:8321", 200), ("LOCALHOST", 200),
        ("evil.example:8321", 421), ("127.0.0.1.evil.example", 421), ("192.168.0.9:8321", 421), ("", 421),
    ],
)  # fmt: skip
def test_only_this_machines_names_are_answered(tmp_path: Path, host: str, status: int) -> None:
    browser = Browser(make_page(tmp_path))
    assert browser.client.get("/", headers={"Host": host}).status_code == status


def test_where_others_are_let_in_addresses_and_the_own_name_are_answered(tmp_path: Path) -> None:
    access = Access.open("0.0.0.0", 1, tmp_path, PASSWORD)
    assert access.allows_host("192.168.0.9:1")
    assert access.allows_host("[fe80::1]:1")
    assert not access.allows_host("evil.example:1")
    assert "token" not in access.url


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.9", "example.org", ""])
def test_a_public_bind_without_a_password_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(BadInput, match="lets other machines in: set a password in PELAGOS_REVIEW_PASSWORD"):
        Access.open(host, 8321, tmp_path)


@pytest.mark.parametrize(
    ("headers", "fields", "status"),
    [
        ({}, {}, 403),
        ({}, {"csrf": "wrong"}, 403),
        ({"Origin": "http://evil.example"}, {"csrf": "RIGHT"}, 403),
        ({"Origin": "null"}, {"csrf": "RIGHT"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, {"csrf": "RIGHT"}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, {"csrf": "RIGHT"}, 400),
        ({"Origin": "http://127.0.0.1:9"}, {"csrf": "RIGHT"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, {"csrf": "RIGHT"}, 403),
        ({"Origin": ORIGIN}, {"csrf": "RIGHT"}, 400),
        ({}, {"csrf": "RIGHT"}, 400),
        ({"X-CSRF-Token": "RIGHT"}, {}, 400),
        ({}, {"csrf": "RIGHT", "note": "x" * 300_000}, 413),
    ],
)
def test_a_form_of_another_site_or_session_is_refused(
    tmp_path: Path, headers: dict[str, str], fields: dict[str, str], status: int
) -> None:
    browser = Browser(make_page(tmp_path))
    headers, fields = (
        {name: text.replace("RIGHT", browser.csrf) for name, text in given.items()} for given in (headers, fields)
    )
    assert browser.client.post("/runs/none/steer", data=fields, headers=headers).status_code == status


def test_every_answer_has_the_headers_that_keep_text_harmless(tmp_path: Path) -> None:
    browser = Browser(make_page(tmp_path))
    for answer in (browser.get("/"), browser.get("/nowhere"), open_client(browser.client.app).get("/")):
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_a_link_of_another_site_leads_to_a_link_here(tmp_path: Path) -> None:
    answer = open_client(make_page(tmp_path)).get('/runs/"><script>')
    assert answer.status_code == 401
    assert 'href="/runs/&quot;&gt;&lt;script&gt;"' in answer.text


def test_a_password_lets_in_and_a_wrong_one_takes_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(guard.asyncio, "sleep", sleep)
    app = make_page(tmp_path, "0.0.0.0", PASSWORD)
    client = open_client(app)
    assert client.get("/").headers["location"] == "/login"
    assert client.post("/runs/none/steer").status_code == 401
    assert 'type="password"' in client.get("/login").text
    assert client.post("/login", data={"password": "wrong"}).status_code == 403
    assert slept == [1.0]
    assert (
        client.post("/login", data={"password": PASSWORD}, headers={"Origin": "http://evil.example"}).status_code == 403
    )
    assert client.post("/login", data={"password": PASSWORD}).headers["location"] == "/"
    assert client.get("/").status_code == 200


def test_without_a_password_there_is_no_login(tmp_path: Path) -> None:
    client = open_client(make_page(tmp_path))
    assert client.post("/login", data={"password": ""}).status_code == 401
