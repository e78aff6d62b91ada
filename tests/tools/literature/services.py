"""A local server that speaks the protocols of arXiv, OpenAlex and Semantic Scholar, and fails the ways they do.

`faults` maps a service to what its next answers are instead of the right ones; the last one stays for good.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from pelagos.settings import Literature

WORDS = ["residual", "graph", "attention", "pooling", "sparse", "kernel", "spectral", "mixture", "routing", "entropy"]
PATHS = {"/api/query": "arxiv", "/works": "openalex", "/graph/v1/paper/search": "semanticscholar"}


@dataclass
class Row:
    """One request; times are monotonic."""

    service: str
    path: str
    headers: dict[str, str]
    came: float
    answered: float = 0.0


class Services:
    """`seen` has one row per request."""

    def __init__(self, papers: int = 7) -> None:
        self.papers = papers
        self.faults: dict[str, list[str]] = {}
        self.seen: list[Row] = []
        self.lock = threading.Lock()
        self.url = ""
        self.pdf = b""

    def asked(self, service: str | None = None) -> list[Row]:
        return [row for row in self.seen if service in (None, row.service)]

    def fault(self, service: str) -> str:
        with self.lock:
            waiting = self.faults.get(service) or [""]
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def settings(self, tmp_path: object, **changes: object) -> Literature:
        names = ("arxiv", "openalex", "semanticscholar")
        fast = {
            "urls": dict.fromkeys(names, self.url),
            "pause_s": dict.fromkeys(names, 0.0),
            "connect_s": 2.0, "read_s": 5.0, "cache": tmp_path,
        }  # fmt: skip
        return Literature.model_validate(fast | changes)


@contextmanager
def serve(services: Services) -> Iterator[Services]:  # noqa: C901 - a table of faults
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            came = time.monotonic()
            path = urlsplit(self.path).path
            service = PATHS.get(path, "arxiv" if path.startswith("/pdf/") else "")
            fault = services.fault(service)
            row = Row(service, self.path, dict(self.headers), came)
            with services.lock:
                services.seen.append(row)
            query = parse_qs(urlsplit(self.path).query)
            self.serve(fault, services.pdf if path.startswith("/pdf/") else PAGES[service](services, query))
            row.answered = time.monotonic()

        def serve(self, fault: str, body: bytes) -> None:
            kind, _, value = fault.partition(" ")
            if kind == "429":
                self.answer(429, b'{"message": "slow down"}', {"Retry-After": value} if value else {})
            elif kind.isdigit():
                self.answer(int(kind), b'{"message": "broken", "error": "broken"}')
            elif kind == "sleep":
                time.sleep(float(value))
                self.answer(200, body)
            elif kind == "drip":
                self.drip(body, float(value))
            elif kind == "cut":
                self.answer(200, body, {"Content-Length": str(len(body) + 500)})
                self.close_connection = True
            elif kind == "half":
                self.answer(200, body[: len(body) // 2])
            elif kind == "spoilt":
                self.answer(200, spoil_records(body))
            elif kind == "malformed":
                self.answer(200, b"<html><body>It works!")
            elif kind == "redirect":
                self.answer(302, b"", {"Location": value})
            else:
                self.answer(200, body)

        def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def drip(self, body: bytes, pause: float) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(pause)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Ignore clients that hang up, which some tests cause."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    services.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield services
    finally:
        server.shutdown()
        server.server_close()


def spoil_records(body: bytes) -> bytes:
    """The same page, with first records as malformed as those that the services really return."""
    if body.startswith(b"<"):
        entries = body.split(b"<entry>")
        entries[1] = entries[1].replace(b"2024-02-01T00:00:00Z", b"soon")
        entries[2] = re.sub(b"<title>.*?</title>", b"<title/>", entries[2])
        entries[3] = re.sub(b"<published>.*?</published>", b"", entries[3])
        entries[4] = entries[4].replace(b"<name>A. Writer</name>", b"<name/>")
        return b"<entry>".join(entries)
    page = json.loads(body)
    records = page.get("results") or page["data"]
    records[0] = None
    for name in ("title", "display_name"):
        records[1][name] = None
    records[2].update(publication_year="n.d.", year="n.d.")
    records[3].update(authorships=[None, {"author": None}], authors=[None, {"name": None}], publicationDate="soon")
    records[3].update(publication_year=None, year=None, publication_date=None)
    return json.dumps(page).encode()


def titles(services: Services, start: int, size: int) -> list[tuple[int, str]]:
    last = min(services.papers, start + size)
    return [(n, f"{WORDS[n % 10].title()} study {n}") for n in range(start, last)]


def _feed(services: Services, query: dict[str, list[str]]) -> bytes:
    start, size = int(query["start"][0]), int(query["max_results"][0])
    entries = "".join(
        f"<entry><id>http://arxiv.org/abs/2401.{n:05d}v2</id><updated>2024-02-01T00:00:00Z</updated>"
        f"<published>2024-01-0{1 + n % 9}T00:00:00Z</published><title>{title}</title><summary>About\n {title}.</summary>"
        f"<author><name>A. Writer</name></author></entry>"
        for n, title in titles(services, start, size)
    )
    head = (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
        f"<opensearch:totalResults>{services.papers}</opensearch:totalResults>"
    )
    return f"{head}{entries}</feed>\n".encode()


def _works(services: Services, query: dict[str, list[str]]) -> bytes:
    page, size = int(query["page"][0]), int(query["per-page"][0])
    results = [
        {
            "id": f"https://openalex.org/W{n}", "title": title, "publication_year": 2023,
            "publication_date": "2023-05-01", "doi": f"https://doi.org/10.1/{n}", "updated_date": "2024",
            "abstract_inverted_index": {"About": [0], f"{title}.": [1]},
            "authorships": [{"author": {"display_name": "A. Writer"}}],
        }
        for n, title in titles(services, (page - 1) * size, size)
    ]  # fmt: skip
    return json.dumps({"meta": {"count": services.papers, "page": page}, "results": results}).encode()


def _search(services: Services, query: dict[str, list[str]]) -> bytes:
    offset, size = int(query["offset"][0]), int(query["limit"][0])
    data = [
        {
            "paperId": f"s{n}", "title": title, "abstract": f"About {title}.", "year": 2022, "url": "http://x.test",
            "publicationDate": "2022-03-04", "externalIds": {"ArXiv": f"2401.{n:05d}"}, "authors": [{"name": "A"}],
        }
        for n, title in titles(services, offset, size)
    ]  # fmt: skip
    more = {"next": offset + size} if offset + size < services.papers else {}
    if not services.papers:
        return json.dumps({"total": 0, "offset": 0}).encode()
    return json.dumps({"total": services.papers, "offset": offset, "data": data, **more}).encode()


PAGES = {"arxiv": _feed, "openalex": _works, "semanticscholar": _search, "": lambda *_: b"{}"}
