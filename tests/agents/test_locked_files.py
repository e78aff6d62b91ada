"""Another process locks one of a run's SQLite files: the run waits, or ends with one line and resumes."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from agents.launch import drive
from agents.setup.create import create
from memory.ledger.ledger import Event, Ledger
from pelagos.errors import Locked
from pelagos.facts.drive import Ending
from tests.agents.scripted import ScriptedAssembly, make_short_settings
from tests.toolchains.table import write_task

FILES = {
    "ledger": "runs/r/ledger.db",
    "checkpoints": "runs/r/checkpoints.sqlite",
    "bank": ".pelagos/bank/vectors.sqlite",
}


class Holder:
    """Takes the lock after the first fact of a kind; gives it back after `seconds`, or when told to."""

    def __init__(self, path: Path, kind: str, seconds: float | None) -> None:
        self.path, self.kind, self.seconds = path, kind, seconds
        self.raw: sqlite3.Connection | None = None

    def watch(self, event: Event) -> None:
        if event.kind == self.kind and self.raw is None:
            self.raw = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            self.raw.execute("BEGIN IMMEDIATE")
            if self.seconds is not None:
                threading.Timer(self.seconds, self.raw.close).start()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    settings = make_short_settings(1)
    return create(tmp_path, str(write_task(tmp_path / "table")), settings, tmp_path / "runs" / "r", ScriptedAssembly())


def drive_or_lock(run: Path, holder: Holder) -> Ending | Locked:
    try:
        return drive(run, holder.watch, assembly=ScriptedAssembly())
    except Locked as locked:
        return locked


@pytest.mark.parametrize("file", FILES)
def test_a_lock_ends_no_run_before_its_time_and_none_for_good(
    file: str, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / FILES[file]
    monkeypatch.setattr("memory.files.disk_errors.LOCK_WAIT_S", 0.1)
    lasting = Holder(path, "hypothesis", None)
    outcome = drive_or_lock(run, lasting)
    assert lasting.raw is not None
    lasting.raw.close()
    message = outcome.reason if isinstance(outcome, Ending) else str(outcome)
    assert "another process keeps it locked" in message, outcome
    assert message.startswith(str(path))
    assert "\n" not in message
    before = read_events(run)
    monkeypatch.setattr("memory.files.disk_errors.LOCK_WAIT_S", 60.0)
    brief = Holder(path, "screened", 0.3)
    assert drive_or_lock(run, brief) == Ending(status="finished", exit_code=0, reason="1 hypothesis tested")
    assert brief.raw is not None
    assert read_events(run)[: len(before)] == before


def read_events(run: Path) -> list[Event]:
    with closing(Ledger.read(run / "ledger.db")) as ledger:
        return ledger.events()
