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

from agents.launch import drive
from agents.models import retry
from agents.setup.assembly import Assembly
from agents.setup.create import create
from agents.setup.embedding import check_embedder, open_embedder
from memory.bank.bank import HypothesisBank
from memory.embedders.calibrate import pairs
from memory.embedders.embedder import Embedder, hashing
from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.errors import BadInput, CapReached, MissingPart, ModelUnavailable
from pelagos.settings import Caps, Models, Settings
from tests.agents.scripted import ScriptedAssembly
from tests.agents.test_loop import make_settings, read_facts
from tests.toolchains.table import write_task

CALIBRATION_TEXTS = len({pair[side] for pair in pairs() for side in "ab"})


@dataclass
class Server:
    """`broken` answers come first: (status, body). `dims` cuts the vectors."""

    url: str = ""
    batches: list[list[str]] = field(default_factory=list)
    broken: list[tuple[int, str]] = field(default_factory=list)
    dims: int = 512

    @property
    def texts(self) -> list[str]:
        return [text for batch in self.batches for text in batch]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server: Server = self.server.script  # type: ignore[attr-defined]
        server.batches.append(body["input"])
        status, text = server.broken.pop(0) if server.broken else (200, _make_answer(body["input"], server.dims))
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_args: object) -> None:
        """Quiet."""


def _make_answer(texts: list[str], dims: int) -> str:
    with warnings.catch_warnings(action="ignore"):
        vectors = 3.0 * hashing().embed(texts)[:, :dims]  # not of length 1
    rows = [{"index": place, "embedding": vector.tolist()} for place, vector in enumerate(vectors)]
    return json.dumps({"data": rows[::-1], "usage": {"prompt_tokens": 7 * len(texts)}})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    real_init = retry.RetryPolicy.__init__
    monkeypatch.setattr(
        retry.RetryPolicy,
        "__init__",
        lambda self, *args, **options: real_init(self, *args, **{**options, "sleep": lambda _: None}),
    )
    http_server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http_server.daemon_threads = True
    http_server.script = Server(f"http://127.0.0.1:{http_server.server_port}/v1")  # type: ignore[attr-defined]
    threading.Thread(target=http_server.serve_forever, args=(0.01,), daemon=True).start()
    yield http_server.script  # type: ignore[attr-defined]
    http_server.shutdown()
    http_server.server_close()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(tmp_path / "run" / "ledger.db")
    yield opened
    opened.close()


MODELS = Models(retries=2)


def open_recorded_embedder(server: Server, ledger: Ledger, caps: Caps | None = None) -> tuple[Embedder, Budget]:
    budget = Budget(caps or Caps(disk_mb=None), ledger)
    project = ledger.path.parent.parent
    return open_embedder(f"openai:words@{server.url}", MODELS, project, Steps(ledger, budget)), budget


def test_vectors_in_order_of_length_one(server: Server, ledger: Ledger) -> None:
    embedder, _ = open_recorded_embedder(server, ledger)
    with warnings.catch_warnings(action="ignore"):
        expected = hashing().embed(["a mixup", "dropout"])
    np.testing.assert_allclose(embedder.embed(["a mixup", "dropout"]), expected, atol=1e-6)
    assert embedder.embed([]).shape == (0, 512)
    assert (embedder.id, embedder.dims) == ("openai:words", 512)


def test_no_text_is_sent_twice_not_even_by_a_resumed_run(server: Server, ledger: Ledger) -> None:
    embedder, budget = open_recorded_embedder(server, ledger)
    first = embedder.embed(["mixup", "dropout", "mixup"])
    assert server.texts.count("mixup") == 1
    again, _ = open_recorded_embedder(server, ledger)
    calls = len(server.batches)
    np.testing.assert_array_equal(again.embed(["dropout", "mixup"]), first[[1, 0]])
    assert len(server.batches) == calls
    again.embed(["dropout", "label smoothing"])
    assert server.batches[-1] == ["label smoothing"]
    assert budget.summary().tokens.spent == 7 * (CALIBRATION_TEXTS + 2)


def test_the_threshold_is_calibrated_once_per_project(server: Server, ledger: Ledger, tmp_path: Path) -> None:
    embedder, _ = open_recorded_embedder(server, ledger)
    with warnings.catch_warnings(action="ignore"):
        assert embedder.tau == pytest.approx(hashing().tau, abs=0.002)
    calls = len(server.batches)
    other = Ledger.open(tmp_path / "other" / "ledger.db")
    assert open_recorded_embedder(server, other)[0].tau == embedder.tau
    other.close()
    assert len(server.batches) == calls
    calibrations = json.loads((tmp_path / ".pelagos" / "embedders.json").read_text())
    assert calibrations["openai:words"]["dims"] == 512
    assert calibrations["openai:words"]["auc"] > 0.5


@pytest.mark.parametrize(
    "answer",
    [(429, "slow down"), (500, "oops"), (200, "<html>"), (200, '{"data": []}'), (200, '{"data": [{"index": 0}]}')],
)
def test_a_passing_fault_is_asked_again(server: Server, ledger: Ledger, answer: tuple[int, str]) -> None:
    embedder, _ = open_recorded_embedder(server, ledger)
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
    with pytest.raises(MissingPart, match="HTTP 401 wrong key; start it, or name another") as caught:
        check_embedder(f"openai:words@{server.url}", MODELS, tmp_path)
    assert "sk-secret" not in str(caught.value)
    assert len(server.batches) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_missing_or_unknown_embedder_is_one_line_and_writes_nothing(tmp_path: Path) -> None:
    nobody = Models(embedder="openai:words@http://127.0.0.1:9/v1", retries=0)
    with pytest.raises(MissingPart, match=r"embedder words at http://127\.0\.0\.1:9/v1: nothing answers; start it"):
        check_embedder(nobody.embedder, nobody, tmp_path)
    with pytest.raises(BadInput, match=r"models.embedder 'word2vec': no such embedder: minilm, hashing or openai"):
        check_embedder("word2vec", MODELS, tmp_path)
    with pytest.warns(UserWarning, match="spelling only"):
        check_embedder("hashing", MODELS, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_another_width_under_the_same_name_is_refused(server: Server, ledger: Ledger) -> None:
    embedder, _ = open_recorded_embedder(server, ledger)
    assert embedder.dims == 512
    server.dims = 64
    with pytest.raises(ModelUnavailable, match="gives 64 dims, not 512: another model"):
        embedder.embed(["mixup"])


def test_a_cap_on_tokens_holds(server: Server, ledger: Ledger) -> None:
    embedder, _ = open_recorded_embedder(server, ledger)
    assert embedder.dims == 512
    capped, budget = open_recorded_embedder(server, ledger, Caps(tokens=1, disk_mb=None))
    calls = len(server.batches)
    with pytest.raises(CapReached, match="tokens"):
        capped.embed(["something new"])
    assert len(server.batches) == calls
    assert budget.summary().tokens.reserved == 0


class ByEndpoint(ScriptedAssembly):
    check_embedder = Assembly.check_embedder
    embedder = Assembly.embedder


def test_a_whole_run_by_an_endpoint_and_its_bank_is_nobody_elses(server: Server, tmp_path: Path) -> None:
    assembly = ByEndpoint()
    task = str(write_task(tmp_path / "table"))
    defaults = make_settings()
    changed = Settings(
        **{
            **defaults.model_dump(),
            "models": defaults.models.model_copy(update={"embedder": f"openai:words@{server.url}"}),
        }
    )
    run = create(tmp_path, task, changed, tmp_path / "runs" / "r", assembly)
    assert drive(run, assembly=assembly).exit_code == 0
    assert {fact["embedder"] for fact in read_facts(run, "vector")} == {"openai:words"}
    assert all(fact["cost"]["tokens"] > 0 for fact in read_facts(run, "embedding"))
    sent = [text for text in server.texts if text != "probe"]
    assert len(sent) == len(set(sent))
    with warnings.catch_warnings(action="ignore"), pytest.raises(BadInput, match=r"openai:words.*--rebuild-bank"):
        HypothesisBank.open(tmp_path, hashing())
    other = defaults.model_copy(update={"models": defaults.models.model_copy(update={"embedder": "hashing"})})
    with warnings.catch_warnings(action="ignore"), pytest.raises(BadInput, match=r"bank: made with .*--rebuild-bank"):
        create(tmp_path, task, other, tmp_path / "runs" / "second", assembly)
    assert not (tmp_path / "runs" / "second").exists()
