"""The endpoint embedder against a real HTTP server: nothing sent twice, everything metered, faults in one line."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from agents.embedding import check, opened
from agents.launch import create, drive
from agents.models import retry
from agents.parts import Parts
from memory.bank import HypothesisBank
from memory.budget import Budget
from memory.calibrate import pairs
from memory.embedder import Embedder, hashing
from memory.ledger import Ledger
from memory.steps import Steps
from pelagos.errors import BadInput, CapReached, MissingPart, ModelUnavailable
from pelagos.settings import Caps, Models, Settings
from tests.agents.scripted import ScriptedParts
from tests.agents.test_loop import facts, settings
from tests.toolchains.table import write_task

CALIBRATING = len({pair[side] for pair in pairs() for side in "ab"})


@dataclass
class Server:
    """`broken` answers come first: (status, body). `dims` cuts the vectors."""

    url: str = ""
    asked: list[list[str]] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)
    dims: int = 512

    @property
    def texts(self) -> list[str]:
        return [text for batch in self.asked for text in batch]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server: Server = self.server.script  # type: ignore[attr-defined]
        server.asked.append(body["input"])
        status, text = server.broken.pop(0) if server.broken else (200, _answer(body["input"], server.dims))
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_args: object) -> None:
        """Quiet."""


def _answer(texts: list[str], dims: int) -> str:
    with warnings.catch_warnings(action="ignore"):
        vectors = 3.0 * hashing().embed(texts)[:, :dims]  # not of length 1
    rows = [{"index": place, "embedding": vector.tolist()} for place, vector in enumerate(vectors)]
    return json.dumps({"data": rows[::-1], "usage": {"prompt_tokens": 7 * len(texts)}})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    patient = retry.Patience.__init__
    monkeypatch.setattr(
        retry.Patience, "__init__", lambda self, *a, **k: patient(self, *a, **{**k, "sleep": lambda _: None})
    )
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    made.script = Server(f"http://127.0.0.1:{made.server_port}/v1")  # type: ignore[attr-defined]
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield made.script  # type: ignore[attr-defined]
    made.shutdown()
    made.server_close()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(tmp_path / "run" / "ledger.db")
    yield opened
    opened.close()


MODELS = Models(retries=2)


def recorded(server: Server, ledger: Ledger, caps: Caps | None = None) -> tuple[Embedder, Budget]:
    budget = Budget(caps or Caps(disk_mb=None), ledger)
    project = ledger.path.parent.parent
    return opened(f"openai:words@{server.url}", MODELS, project, Steps(ledger, budget)), budget


def test_vectors_in_order_of_length_one(server: Server, ledger: Ledger) -> None:
    embedder, _ = recorded(server, ledger)
    with warnings.catch_warnings(action="ignore"):
        wanted = hashing().embed(["a mixup", "dropout"])
    np.testing.assert_allclose(embedder.embed(["a mixup", "dropout"]), wanted, atol=1e-6)
    assert embedder.embed([]).shape == (0, 512)
    assert (embedder.id, embedder.dims) == ("openai:words", 512)


def test_no_text_is_sent_twice_not_even_by_a_resumed_run(server: Server, ledger: Ledger) -> None:
    embedder, budget = recorded(server, ledger)
    first = embedder.embed(["mixup", "dropout", "mixup"])
    assert server.texts.count("mixup") == 1
    again, _ = recorded(server, ledger)
    calls = len(server.asked)
    np.testing.assert_array_equal(again.embed(["dropout", "mixup"]), first[[1, 0]])
    assert len(server.asked) == calls
    again.embed(["dropout", "label smoothing"])
    assert server.asked[-1] == ["label smoothing"]
    assert budget.summary().tokens.spent == 7 * (CALIBRATING + 2)


def test_the_threshold_is_calibrated_once_per_project(server: Server, ledger: Ledger, tmp_path: Path) -> None:
    embedder, _ = recorded(server, ledger)
    with warnings.catch_warnings(action="ignore"):
        assert embedder.tau == pytest.approx(hashing().tau, abs=0.002)
    calls = len(server.asked)
    other = Ledger.open(tmp_path / "other" / "ledger.db")
    assert recorded(server, other)[0].tau == embedder.tau
    other.close()
    assert len(server.asked) == calls
    kept = json.loads((tmp_path / ".pelagos" / "embedders.json").read_text())
    assert kept["openai:words"]["dims"] == 512
    assert kept["openai:words"]["auc"] > 0.5


@pytest.mark.parametrize(
    "answer",
    [(429, "slow down"), (500, "oops"), (200, "<html>"), (200, '{"data": []}'), (200, '{"data": [{"index": 0}]}')],
)
def test_a_passing_fault_is_asked_again(server: Server, ledger: Ledger, answer: tuple[int, str]) -> None:
    embedder, _ = recorded(server, ledger)
    assert embedder.dims == 512
    server.broken = [answer, answer]
    assert embedder.embed(["mixup"]).shape == (1, 512)
    server.broken = [answer] * 3
    with pytest.raises(ModelUnavailable, match="embedder words at http"):
        embedder.embed(["cutmix"])
    assert embedder.embed(["cutmix"]).shape == (1, 512)


def test_a_refusal_is_final_and_shows_no_key(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PELAGOS_API_KEY", "sk-secret")
    server.broken = [(401, "wrong key")]
    with pytest.raises(MissingPart, match="HTTP 401 wrong key; start it, or name another") as told:
        check(f"openai:words@{server.url}", MODELS, tmp_path)
    assert "sk-secret" not in str(told.value)
    assert len(server.asked) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_missing_or_unknown_embedder_is_one_line_and_writes_nothing(tmp_path: Path) -> None:
    nobody = Models(embedder="openai:words@http://127.0.0.1:9/v1", retries=0)
    with pytest.raises(MissingPart, match=r"embedder words at http://127\.0\.0\.1:9/v1: nothing answers; start it"):
        check(nobody.embedder, nobody, tmp_path)
    with pytest.raises(BadInput, match=r"models.embedder 'word2vec': no such embedder: minilm, hashing or openai"):
        check("word2vec", MODELS, tmp_path)
    with pytest.warns(UserWarning, match="spelling only"):
        check("hashing", MODELS, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_another_width_under_the_same_name_is_refused(server: Server, ledger: Ledger) -> None:
    embedder, _ = recorded(server, ledger)
    assert embedder.dims == 512
    server.dims = 64
    with pytest.raises(ModelUnavailable, match="gives 64 dims, not 512: another model"):
        embedder.embed(["mixup"])


def test_a_cap_on_tokens_holds(server: Server, ledger: Ledger) -> None:
    embedder, _ = recorded(server, ledger)
    assert embedder.dims == 512
    capped, budget = recorded(server, ledger, Caps(tokens=1, disk_mb=None))
    calls = len(server.asked)
    with pytest.raises(CapReached, match="tokens"):
        capped.embed(["something new"])
    assert len(server.asked) == calls
    assert budget.summary().tokens.reserved == 0


class ByEndpoint(ScriptedParts):
    check_embedder = Parts.check_embedder
    embedder = Parts.embedder


def test_a_whole_run_by_an_endpoint_and_its_bank_is_nobody_elses(server: Server, tmp_path: Path) -> None:
    parts = ByEndpoint()
    task = str(write_task(tmp_path / "table"))
    made = settings()
    chosen = Settings(
        **{**made.model_dump(), "models": made.models.model_copy(update={"embedder": f"openai:words@{server.url}"})}
    )
    run = create(tmp_path, task, chosen, tmp_path / "runs" / "r", parts)
    assert drive(run, parts=parts).exit_code == 0
    assert {fact["embedder"] for fact in facts(run, "vector")} == {"openai:words"}
    assert all(fact["cost"]["tokens"] > 0 for fact in facts(run, "embedding"))
    sent = [text for text in server.texts if text != "probe"]
    assert len(sent) == len(set(sent))
    with warnings.catch_warnings(action="ignore"), pytest.raises(BadInput, match=r"openai:words.*--rebuild-bank"):
        HypothesisBank.open(tmp_path, hashing())
    other = made.model_copy(update={"models": made.models.model_copy(update={"embedder": "hashing"})})
    with warnings.catch_warnings(action="ignore"), pytest.raises(BadInput, match=r"bank: made with .*--rebuild-bank"):
        create(tmp_path, task, other, tmp_path / "runs" / "second", parts)
    assert not (tmp_path / "runs" / "second").exists()
