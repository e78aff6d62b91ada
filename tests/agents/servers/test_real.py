"""A whole run with every role on a real server by URL: vLLM, and llama.cpp's as `pelagos models serve` starts it. The
model is far too small to be of use: what counts is that the run gets through to an honest end, and that the key that
the server wants is in no file of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agents.launch import drive
from agents.setup import run_folder
from agents.setup.create import create
from app.report.build import write_report
from memory.ledger.ledger import Ledger
from pelagos.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
KEY = "sk-a-key-of-this-test"


@pytest.fixture
def llama_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("PELAGOS_API_KEY", f" {KEY}\n")
    command = [sys.executable, "-m", "app.main", "models", "serve", "--model", "smollm2-135m", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as server:
        assert server.stdout
        try:
            assert any("serving at" in said for said in server.stdout)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()


@pytest.mark.vllm
def test_a_run_by_vllm_ends_honestly(vllm_url: str, tmp_path: Path) -> None:
    run_by(vllm_url, tmp_path)


@pytest.mark.embedded
def test_a_run_by_llama_server_ends_honestly(llama_url: str, tmp_path: Path) -> None:
    run_by(llama_url, tmp_path)
    for file in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert KEY.encode() not in file.read_bytes(), file


def run_by(url: str, tmp_path: Path) -> None:
    settings = Settings(
        loop={"hypotheses": 2, "attempts": 4, "plans": 2, "tries": 2},
        survey={"scored": 3, "ranking": "attributes"},
        verifiers={"kind": "direct"},
        literature={"sources": ["corpus"]},
        models={"default": f"openai:smollm2-135m@{url}", "timeout_s": 120, "retries": 0},
    )
    folder = create(tmp_path, "digits", settings, tmp_path / "run")
    ending = drive(folder)
    assert (ending.status, ending.exit_code) in (("finished", 0), ("starved", 5)), ending.reason
    with closing(Ledger.read(folder / run_folder.LEDGER)) as ledger:
        roles = {event.payload["role"] for event in ledger.events("model")}
        built = {event.payload["hypothesis"] for event in ledger.events("build") if event.payload["version"]}
        verdicts = {event.payload["hypothesis"]: event.payload for event in ledger.events("verdict")}
        kept = {event.key for event in ledger.events("screened") if event.payload["kept"]}
        scored = {event.payload["hypothesis"] for event in ledger.events("experiment") if event.payload["score"]}
    assert roles >= {"extractor", "ideator"} | ({"planner", "verifier", "coder"} if kept else set())
    assert set(verdicts) == kept  # every hypothesis that was kept has its verdict, ran or not
    assert {id for id, verdict in verdicts.items() if verdict["effect"] is not None} <= built & scored
    assert all(verdicts[id]["reason"] for id in kept)
    html, markdown = write_report(folder)
    assert "smollm2-135m" in markdown.read_text()
    assert html.stat().st_size > 5_000
