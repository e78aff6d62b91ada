"""What a server may answer at /pooling, by a real one that says what it is told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agents.verifiers.checkpoints.known import Checkpoint, layouts
from agents.verifiers.checkpoints.pooling import PoolingVerifier
from agents.verifiers.protocol import Solution
from pelagos.errors import BadInput, BadScore, ModelUnavailable, PelagosError
from tests.agents.verifiers import tiny

QWEN = Checkpoint("tiny/qwen", layouts()["qwen"])
SOLUTIONS = [Solution("Add.", ("One.", "Two.")), Solution("P", ()), Solution("Q", ("Three.",))]
Rows = Callable[[list[int]], Any]


class Server(ThreadingHTTPServer):
    rows: Rows
    asked: list[dict[str, Any]]
    models: Any


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self._send({"data": self.server.models})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        data = [{"index": place, "data": self.server.rows(ids)} for place, ids in enumerate(body["input"])]
        self._send({"data": data[::-1]})

    def _send(self, answer: Any) -> None:
        text = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as made:
        made.asked, made.models = [], [{"id": "prm", "max_model_len": 200}]
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokenizer")
    tiny.small_qwen_tokenizer().save_pretrained(path)
    return path


TAG = 9703  # <extra_0> in the small tokenizer


def per_tag(ids: list[int]) -> list[list[float]]:
    return [[0.75, 0.25] for token in ids if token == TAG]


def verifier(server: Server, folder: Path, rows: Rows) -> PoolingVerifier:
    server.rows = rows
    return PoolingVerifier(QWEN, folder, f"http://127.0.0.1:{server.server_port}/v1", "prm")


@pytest.mark.parametrize("rows", [per_tag, lambda ids: [[1 - token / 1e5, token / 1e5] for token in ids]])
def test_a_row_per_tag_and_a_row_per_token_are_read(server: Server, folder: Path, rows: Rows) -> None:
    results = verifier(server, folder, rows).score(SOLUTIONS)
    score = 0.25 if rows is per_tag else TAG / 1e5
    assert [result.scores for result in results] == [[score, score], [], [score]]
    sent = server.asked[0]
    assert (sent["model"], sent["task"], len(sent["input"])) == ("prm", "token_classify", 2)
    assert [result.usage.read for result in results] == [len(sent["input"][0]), 0, len(sent["input"][1])]


@pytest.mark.parametrize(
    ("rows", "error", "line"),
    [
        (lambda _: [], BadScore, r"0 rows for 2 steps: the server looks for another tag: .*\"step_tag_id\": 9703"),
        (lambda _: [[0.5, 0.5]] * 5, BadScore, "5 rows for 2 steps: the server looks for another tag"),
        (lambda _: [[0.0] * 1000] * 2, BadInput, "the served head has 1,000 columns and should have 2"),
        (lambda _: [[0.5, float("nan")]] * 2, BadScore, "step 1 of 2 is scored nan: no probability"),
        (lambda _: [0.1, 0.2], BadScore, "can't be read: TypeError"),
        (lambda _: [["a", "b"]] * 2, BadScore, "can't be read: ValueError"),
        (lambda _: None, BadScore, "can't be read: TypeError"),
    ],
)
def test_an_answer_that_is_no_scores_is_one_line(
    server: Server, folder: Path, rows: Rows, error: type[PelagosError], line: str
) -> None:
    with pytest.raises(error, match=line) as refused:
        verifier(server, folder, rows).score(SOLUTIONS[:1])
    assert "\n" not in str(refused.value)


def test_a_step_behind_the_server_s_context_is_named(server: Server, folder: Path) -> None:
    with pytest.raises(BadInput, match=r"solution 2, step 1 ends at token \d+, and the model reads 200"):
        verifier(server, folder, per_tag).score([SOLUTIONS[0], Solution("P", ("word " * 60,))])
    assert server.asked == []


def test_an_address_that_is_no_vllm_server_is_one_line(server: Server, folder: Path) -> None:
    away = PoolingVerifier(QWEN, folder, f"http://127.0.0.1:{server.server_port}/v1", "other")
    with pytest.raises(BadInput, match="serves no model 'other'; there are prm"):
        away.score(SOLUTIONS)
    for models in ([{"id": "prm"}], None, ["prm"]):
        server.models = models
        with pytest.raises(BadInput, match="is no vLLM server: it names no models with their context"):
            away.score(SOLUTIONS)
    nobody = PoolingVerifier(QWEN, folder, "http://127.0.0.1:9", "prm")
    with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:9/v1/models doesn't answer: ConnectError"):
        nobody.score(SOLUTIONS)
