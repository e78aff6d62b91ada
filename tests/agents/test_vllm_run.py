"""A whole run with every role on a vLLM server by URL. The model is far too small to be of use: what counts is that
the run gets through to an honest end."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from agents import folder as run_folder
from agents.launch import create, drive
from app.report.build import write
from memory.ledger import Ledger
from pelagos.settings import Settings

pytestmark = [pytest.mark.vllm, pytest.mark.slow, pytest.mark.timeout(1500)]


def test_a_run_gets_through_and_ends_honestly(vllm_url: str, tmp_path: Path) -> None:
    settings = Settings(
        loop={"hypotheses": 2, "attempts": 4, "plans": 2, "tries": 2},
        survey={"scored": 3, "ranking": "attributes"},
        literature={"sources": ["corpus"]},
        models={"default": f"openai:smollm2-135m@{vllm_url}", "timeout_s": 120, "retries": 0},
    )
    folder = create(tmp_path, "digits", settings, tmp_path / "run")
    ending = drive(folder)
    assert (ending.status, ending.exit_code) == ("finished", 0)
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
    html, markdown = write(folder)
    assert "smollm2-135m" in markdown.read_text()
    assert html.stat().st_size > 5_000
