"""A whole run while the system's clock is set both ways, also between two drives: same facts, caps and times hold."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from agents.launch import Ending, create, drive
from agents.pace import Pace
from app.board import bars
from app.record import Record
from memory.budget import Budget
from memory.ledger import Event, Ledger
from pelagos.settings import Caps
from tests.agents.crash import events, facts, run_of
from tests.agents.scripted import ScriptedParts, brief
from tests.toolchains.table import write_task

DAY, YEARS = 86_400.0, 50 * 365 * 86_400.0


class Wall:
    """The system's clock, set by `by` at the rows that `moments` name."""

    def __init__(self, patch: pytest.MonkeyPatch, moments: Mapping[int, float]) -> None:
        self.ahead, self.moments = 0.0, dict(moments)
        real, real_ns = time.time, time.time_ns
        patch.setattr(time, "time", lambda: real() + self.ahead)
        patch.setattr(time, "time_ns", lambda: real_ns() + int(self.ahead * 1e9))

    def watch(self, event: Event) -> None:
        self.ahead += self.moments.pop(event.seq, 0.0)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = tmp_path_factory.mktemp("alone")
    assert drive(launched(project), parts=ScriptedParts()).status == "finished"
    return project


def launched(project: Path) -> Path:
    settings = brief(caps={"seconds": 3600.0})
    return create(project, str(write_task(project / "table")), settings, run_of(project), ScriptedParts())


def results(project: Path) -> dict[tuple[str, str], object]:
    return {name: fact for name, fact in facts(project).items() if name[0] != "run.ended"}


def check_times(project: Path, passed: float) -> None:
    """What budget, view and pace say is within what really passed."""
    with closing(Ledger.read(run_of(project) / "ledger.db")) as ledger:
        assert 0 < Budget(Caps(), ledger).summary().seconds.spent <= passed + 2
        took = Pace.of(ledger).hypothesis_s(None, None)
        assert took is None or 0 <= took <= passed + 2
        record = Record.of(ledger.events())
    shown = next(bar.spent for bar in bars(record, record.last_at) if bar.name == "wall clock")
    assert 0 < shown <= passed + 4


@pytest.mark.parametrize(
    "moments",
    [{40: YEARS}, {40: -DAY}, {12: YEARS, 30: -YEARS - DAY, 60: DAY, 90: -DAY}, {n: DAY for n in range(5, 150, 9)}],
    ids=["years ahead", "a day back", "both ways", "again and again"],
)
def test_a_clock_set_while_it_runs(
    moments: Mapping[int, float], alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall, began = Wall(monkeypatch, moments), time.monotonic()
    ending = drive(launched(tmp_path), wall.watch, parts=ScriptedParts())
    assert (ending.status, wall.moments.keys() & set(range(100))) == ("finished", set())
    assert results(tmp_path) == results(alone)
    check_times(tmp_path, time.monotonic() - began)


@pytest.mark.parametrize("by", [YEARS, -DAY])
def test_a_clock_set_between_stop_and_resume(
    by: float, alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall, began = Wall(monkeypatch, {}), time.monotonic()
    run, rows = launched(tmp_path), len(events(alone))
    for last in range(20, rows, 25):
        if stopped_after(run, last).status == "finished":
            break
        check_times(tmp_path, time.monotonic() - began)
        wall.ahead += by
    assert drive(run, parts=ScriptedParts()).status == "finished"
    assert results(tmp_path) == results(alone)
    check_times(tmp_path, time.monotonic() - began)


def stopped_after(run: Path, last: int) -> Ending:
    stop = threading.Event()
    return drive(run, lambda event: stop.set() if event.seq >= last else None, stop, ScriptedParts())
