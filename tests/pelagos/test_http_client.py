"""Proxies as environments name them: used, ignored where they don't apply, or one line; never a traceback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests

from agents.models.catalog import locate
from agents.models.openai.endpoint import Endpoint
from agents.setup.embedding import open_embedder
from app.commands.machine.doctor_checks import _check_endpoint
from pelagos.errors import MissingPart, SourceFailed
from pelagos.http_client import find_proxy, open_client
from pelagos.settings import Literature, Models
from tools.literature.transport import Session

FAR = "https://models.example.org/v1"
SOCKS = {"ALL_PROXY": "socks5h://user:secret@relay:1080"}
RANGES = "localhost, ::1/128,fd00::/8,[::1],10.0.0.0/8,,.corp.example,bad/99"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setattr("pelagos.http_client.find_spec", lambda name: None)  # no SOCKS, whatever is installed here


@pytest.fixture
def near() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"data": []}).encode())

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


def setenv(monkeypatch: pytest.MonkeyPatch, **names: str) -> None:
    for name, value in names.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("names", "url", "proxy"),
    [
        ({}, FAR, None),
        ({"HTTPS_PROXY": "http://p:1"}, FAR, "http://p:1"),
        ({"HTTPS_PROXY": "p:1"}, FAR, "http://p:1"),
        ({"ALL_PROXY": "http://p:1"}, FAR, "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "ALL_PROXY": "http://q:1"}, FAR, "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, FAR, None),
        ({"HTTPS_PROXY": ""}, FAR, None),
        ({"ALL_PROXY": "http://p:1"}, "http://127.0.0.2:80", None),
        ({"ALL_PROXY": "http://p:1"}, "http://[::1]:80", None),
        ({"ALL_PROXY": "http://p:1"}, "http://localhost:80", None),
        (SOCKS, "http://localhost:80", None),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": RANGES}, FAR, "http://p:1"),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": RANGES}, "http://[fd12::1]/v1", None),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": RANGES}, "http://[fe80::1]/v1", "http://p:1"),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": RANGES}, "http://10.1.2.3:8000", None),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": RANGES}, "http://11.1.2.3:8000", "http://p:1"),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": RANGES}, "http://gpu.corp.example", None),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": RANGES}, "http://notcorp.example", "http://p:1"),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "*.example.org"}, FAR, None),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "*"}, FAR, None),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "models.example.org:8000"}, FAR, "http://p:1"),
        ({"ALL_PROXY": "http://p:1", "NO_PROXY": "models.example.org:8000"}, "http://models.example.org:8000", None),
        (SOCKS | {"NO_PROXY": "example.org"}, FAR, None),
    ],
)
def test_which_proxy_is_used(
    names: dict[str, str], url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    setenv(monkeypatch, **names)
    assert find_proxy(url) == proxy
    open_client(url).close()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (SOCKS, "ALL_PROXY: a SOCKS proxy needs one more package: pip install 'httpx[socks]'"),
        ({"HTTPS_PROXY": "socks5://relay:1"}, "HTTPS_PROXY: a SOCKS proxy needs one more package"),
        ({"ALL_PROXY": "socks4://relay:1"}, "ALL_PROXY: a proxy of kind 'socks4' can't be used"),
        ({"HTTPS_PROXY": "http://user:secret"}, "HTTPS_PROXY: not the address of a proxy: write http://HOST:PORT"),
    ],
)
def test_what_can_not_be_used_is_one_line(names: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    setenv(monkeypatch, **names)
    with pytest.raises(MissingPart) as caught:
        open_client(FAR)
    assert said in str(caught.value)
    assert "list models.example.org in NO_PROXY" in str(caught.value)
    assert "\n" not in str(caught.value) and "secret" not in str(caught.value)


def test_every_client_of_ours_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setenv(monkeypatch, **SOCKS)
    with pytest.raises(MissingPart, match="ALL_PROXY: a SOCKS proxy"):
        Endpoint("x", FAR)
    with pytest.raises(MissingPart, match="ALL_PROXY: a SOCKS proxy"):
        open_embedder(f"openai:x@{FAR}", Models(), tmp_path)
    assert "ALL_PROXY: a SOCKS proxy" in _check_endpoint(FAR).found
    assert not locate._answers("https://hub.example.org")


def test_ranges_of_addresses_disturb_no_client(near: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setenv(monkeypatch, ALL_PROXY="http://127.0.0.1:9", NO_PROXY=RANGES)
    Endpoint("x", FAR).close()
    open_embedder(f"openai:x@{FAR}", Models(), tmp_path)
    assert _check_endpoint(near).state == "ok"
    assert locate._answers(near)


def test_a_source_of_papers_says_what_its_proxy_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    setenv(monkeypatch, **SOCKS)
    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", _lacks)
    with pytest.raises(SourceFailed, match=r"arxiv: its proxy can't be used: .*pip install 'requests\[socks\]'"):
        Session("arxiv", "https://papers.example.org", 0.0, Literature()).get("https://papers.example.org/x")


def _lacks(*_: object, **__: object) -> None:
    raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_can_not_be_read_are_one_line(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with pytest.raises(MissingPart, match=r"SSL_CERT_FILE: .*ca\.pem: no certificates can be read there") as caught:
        open_client(FAR)
    assert "\n" not in str(caught.value)
