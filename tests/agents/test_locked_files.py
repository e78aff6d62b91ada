"""Another process locks one of a run's SQLite files: the run waits, or ends with one line and resumes."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from agents.launch import Ending, create, drive
from memory.ledger import Event, Ledger
from pelagos.errors import Locked
from tests.agents.scripted import ScriptedParts, brief
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
    settings = brief(1)
    return create(tmp_path, str(write_task(tmp_path / "table")), settings, tmp_path / "runs" / "r", ScriptedParts())


def driven(run: Path, holder: Holder) -> Ending | Locked:
    try:
        return drive(run, holder.watch, parts=ScriptedParts())
    except Locked as locked:
        return locked


@pytest.mark.parametrize("file", FILES)
def test_a_lock_ends_no_run_before_its_time_and_none_for_good(
    file: str, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / FILES[file]
    monkeypatch.setattr("memory.faults.WAIT_S", 0.1)
    kept = Holder(path, "hypothesis", None)
    ended = driven(run, kept)
    assert kept.raw is not None
    kept.raw.close()
    said = ended.reason if isinstance(ended, Ending) else str(ended)
    assert "another process keeps it locked" in said, ended
    assert said.startswith(str(path))
    assert "\n" not in said
    before = facts(run)
    monkeypatch.setattr("memory.faults.WAIT_S", 60.0)
    short = Holder(path, "screened", 0.3)
    assert driven(run, short) == Ending("finished", 0, "1 hypothesis tested")
    assert short.raw is not None
    assert facts(run)[: len(before)] == before


def facts(run: Path) -> list[Event]:
    with closing(Ledger.read(run / "ledger.db")) as ledger:
        return ledger.events()
