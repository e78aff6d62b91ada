"""The protocol of the hub on two real servers: the API with its resolve addresses, and the storage host they redirect
to."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REPOSITORY = "Maker/Toy-GGUF"
COMMIT, LATER = "a" * 40, "b" * 40
WEIGHTS = "toy.gguf"
SIZE = 300_000
Answer = Callable[["Handler"], None]


def git_blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        host: Host = self.server.host
        with host.lock:
            host.seen.append((self.path, dict(self.headers)))
            answer = host.answers.pop(0) if host.answers else host.usual
        with contextlib.suppress(ConnectionError):  # who asked may be gone
            answer(self)

    def send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    @property
    def file(self) -> str:
        return self.path.partition("?")[0].rpartition("/")[2]

    @property
    def start(self) -> int:
        """Where the Range that is asked for begins."""
        return int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@dataclass
class Host:
    """A server: it answers as `answers` say, one after the other, and then for ever as `usual`."""

    usual: Answer
    answers: list[Answer] = field(default_factory=list)
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    def asked(self, header: str) -> list[str]:
        return [headers.get(header, "") for _, headers in self.seen]


@dataclass
class Imitation:
    """`files` are the repository's, at `commit`; what is in `large` is told with a sha256, the rest with Git's hash."""

    files: dict[str, bytes]
    repository: str = REPOSITORY
    commit: str = COMMIT
    large: tuple[str, ...] = (WEIGHTS,)
    hub: Host = field(default_factory=lambda: Host(lambda _handler: None))
    storage: Host = field(default_factory=lambda: Host(lambda _handler: None))

    def listing(self) -> dict[str, Any]:
        told = [self._sibling(name, data) for name, data in self.files.items()]
        return {"id": self.repository, "sha": self.commit, "siblings": told, "cardData": {"license": "apache-2.0"}}

    def _sibling(self, name: str, data: bytes) -> dict[str, Any]:
        told: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": git_blob(data)}
        if name in self.large:
            told["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
        return told

    def api_or_redirect(self, handler: Handler) -> None:
        if handler.path.startswith(f"/api/models/{self.repository}/revision/main"):
            handler.send(200, json.dumps(self.listing()).encode())
        elif handler.path.startswith(f"/{self.repository}/resolve/{self.commit}/") and handler.file in self.files:
            handler.send(302, Location=f"{self.storage.url}/signed/{handler.file}?X-Signature=s3cret")
        else:
            handler.send(404, b'{"error":"Entry not found"}', X_Error_Code="EntryNotFound")

    def serve(self, handler: Handler) -> None:
        """As a storage host does: a range where one is asked for."""
        data, start = self.files[handler.file], handler.start
        if start >= len(data) > 0:
            handler.send(416, Content_Range=f"bytes */{len(data)}")
        elif "Range" in handler.headers:
            handler.send(206, data[start:], Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            handler.send(200, data)

    def cut(self, share: float) -> Answer:
        """Sends a share of what was asked for, then breaks off."""

        def answer(handler: Handler) -> None:
            data, start = self.files[handler.file], handler.start
            rest = data[start:]
            handler.send_response(206 if start else 200)
            handler.send_header("Content-Length", str(len(rest)))
            handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            handler.end_headers()
            handler.wfile.write(rest[: int(len(rest) * share)])

        return answer

    def whole(self, handler: Handler) -> None:
        """Ignores the range."""
        handler.send(200, self.files[handler.file])


def says(status: int, body: str = "", **headers: str) -> Answer:
    return lambda handler: handler.send(status, body.encode(), **headers)


def random_bytes(size: int = SIZE, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


@contextmanager
def imitation() -> Iterator[Imitation]:
    made = Imitation({WEIGHTS: random_bytes(), "README.md": b"words\n", "other.gguf": b"no"})
    made.hub.usual, made.storage.usual = made.api_or_redirect, made.serve
    servers = []
    for host in (made.hub, made.storage):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.host = host  # type: ignore[attr-defined]
        host.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
    try:
        yield made
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
