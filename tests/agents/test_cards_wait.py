"""A run that waits for a card says so once and stops at Ctrl-C; it doesn't wait deaf."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from agents.launch import drive
from agents.run import Run
from agents.setup.create import create
from pelagos.errors import Interrupted
from pelagos.settings import Settings
from sandbox.gpu import gpu_slots
from sandbox.protocol import Limits
from tests.agents.scripted import ScriptedAssembly
from tests.sandbox.fake_smi import on_path
from tests.toolchains.table import TableToolchain, write_task


def test_waiting_is_told_once_and_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smi = on_path(tmp_path, monkeypatch)
    monkeypatch.setattr(gpu_slots, "POLL_S", 0.02)
    stop = threading.Event()
    polls: list[int] = []

    def prepare(self: TableToolchain, task: object, context: Run) -> None:
        real_boundary = context.boundary

        def boundary() -> None:
            polls.append(1)
            smi.used = [len(polls)]  # the reason's figures change from poll to poll
            smi.tell((0, 1, len(polls)))
            if len(polls) == 12:
                stop.set()
            real_boundary()

        monkeypatch.setattr(context, "boundary", boundary)
        with gpu_slots.take(1, 8_000, lambda reason: None), context.cards(Limits(gpus=1, gpu_memory_mb=8_000)):
            pytest.fail("there is no room for two")

    monkeypatch.setattr(TableToolchain, "prepare", prepare)
    settings = Settings(models={"default": "replay:none"})
    run = create(tmp_path, str(write_task(tmp_path / "table")), settings, tmp_path / "r", ScriptedAssembly())
    notes: list[str] = []
    ending = drive(
        run,
        lambda event: notes.append(event.payload["text"]) if event.kind == "note" else None,
        stop,
        ScriptedAssembly(),
    )
    assert (ending.status, ending.exit_code) == ("interrupted", Interrupted.exit_code)
    assert [text for text in notes if "waiting for a card" in text] == notes[-1:]
    assert len(polls) >= 12
