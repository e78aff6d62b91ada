"""A real HTTP server that misbehaves as told, and role models on a real ledger."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agents.models import retry
from agents.models.openai.endpoint import Endpoint
from agents.models.protocol import Model
from agents.models.role_model import RecordedRoleModel
from memory.artifacts import ArtifactStore
from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.settings import Caps, Models, Settings
from sandbox.host.cpu_slots import CpuSlots

Answer = Callable[["Handler", dict[str, Any]], None]


def completion(text: str, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop", **more}
    return {"choices": [choice], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        script: Script = self.server.script  # type: ignore[attr-defined]
        with script.lock:
            script.seen.append(body)
            script.keys.append(self.headers.get("Authorization", ""))
            answer = script.answers[min(len(script.seen), len(script.answers)) - 1]
        answer(self, body)

    def send(self, status: int, text: str, **headers: str) -> None:
        data = text.encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


def says(text: str, status: int = 200, **headers: str) -> Answer:
    """The raw body `text`."""
    return lambda handler, _body: handler.send(status, text, **headers)


def replies(text: str, **more: Any) -> Answer:
    """A proper completion."""
    return says(json.dumps(completion(text, **more)))


def hangs(seconds: float) -> Answer:
    return lambda handler, _body: time.sleep(seconds)


def trickles(handler: Handler, _body: dict[str, Any]) -> None:
    """One byte at a time, each well within any read timeout, for longer than anyone should wait."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(60):
        try:
            handler.wfile.write(b" ")
            handler.wfile.flush()
        except OSError:
            return
        time.sleep(0.05)


@dataclass
class Script:
    """What the server answers, the last one for ever, and what it was asked."""

    answers: list[Answer] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


@pytest.fixture
def script() -> Iterator[Script]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.script = Script(url=f"http://127.0.0.1:{server.server_port}/v1")  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server.script  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


@dataclass
class Bench:
    """A run folder's ledger and the role models that write to it."""

    folder: Path
    settings: Settings
    ledger: Ledger

    def role_model(self, model: Model, role: Any = "coder", **more: Any) -> RecordedRoleModel:
        steps = Steps(self.ledger, Budget(self.settings.caps, self.ledger))
        return RecordedRoleModel(
            role, model, steps, ArtifactStore(self.folder / "artifacts"), CpuSlots(2), self.settings, **more
        )

    def facts(self, kind: str) -> list[dict[str, Any]]:
        return [event.payload for event in self.ledger.events(kind)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    settings = Settings(models=Models(retries=2, reasks=2, timeout_s=60), caps=Caps(disk_mb=None))
    ledger = Ledger.open(tmp_path / "ledger.db")
    yield Bench(tmp_path, settings, ledger)
    ledger.close()


@pytest.fixture
def impatient(bench: Bench) -> None:
    """Limits that a server which hangs runs into soon. A busy machine may, too."""
    bench.settings.models.timeout_s = 0.5


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between tries, noted and not waited for."""
    noted: list[float] = []
    patient = retry.RetryPolicy.__init__
    monkeypatch.setattr(
        retry.RetryPolicy, "__init__", lambda self, *a, **k: patient(self, *a, **{**k, "sleep": noted.append})
    )
    return noted


@pytest.fixture
def endpoint(script: Script) -> Iterator[Endpoint]:
    model = Endpoint("some-model", script.url)
    yield model
    model.close()
