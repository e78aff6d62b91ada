"""A whole run while the system's clock is set both ways, also between two drives: same facts, caps and times hold."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from agents.launch import drive
from agents.pacing.pace import Pace
from agents.setup.create import create
from app.live.board import list_budgets
from app.record.record import Record
from memory.ledger.ledger import Event, Ledger
from memory.steps.budget import Budget
from pelagos.facts.drive import Ending
from pelagos.settings import Caps
from tests.agents.crash import locate_run, read_events, read_facts
from tests.agents.scripted import ScriptedAssembly, make_short_settings
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
    assert drive(create_run(project), assembly=ScriptedAssembly()).status == "finished"
    return project


def create_run(project: Path) -> Path:
    settings = make_short_settings(caps={"seconds": 3600.0})
    return create(project, str(write_task(project / "table")), settings, locate_run(project), ScriptedAssembly())


def read_results(project: Path) -> dict[tuple[str, str], object]:
    return {name: fact for name, fact in read_facts(project).items() if name[0] != "run.ended"}


def check_times(project: Path, passed: float) -> None:
    """What budget, view and pace say is within what really passed."""
    with closing(Ledger.read(locate_run(project) / "ledger.db")) as ledger:
        assert 0 < Budget(Caps(), ledger).summary().seconds.spent <= passed + 2
        hypothesis_s = Pace.from_ledger(ledger).hypothesis_s(None, None)
        assert hypothesis_s is None or 0 <= hypothesis_s <= passed + 2
        record = Record.from_events(ledger.events())
    shown = next(bar.spent for bar in list_budgets(record, record.last_at) if bar.name == "wall clock")
    assert 0 < shown <= passed + 4


@pytest.mark.parametrize(
    "moments",
    [
        pytest.param({40: YEARS}, marks=pytest.mark.slow, id="years ahead"),
        pytest.param({40: -DAY}, marks=pytest.mark.slow, id="a day back"),
        pytest.param({12: YEARS, 30: -YEARS - DAY, 60: DAY, 90: -DAY}, id="both ways"),
        pytest.param({n: DAY for n in range(5, 150, 9)}, id="again and again"),
    ],
)
def test_a_clock_set_while_it_runs(
    moments: Mapping[int, float], alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall, began = Wall(monkeypatch, moments), time.monotonic()
    ending = drive(create_run(tmp_path), wall.watch, assembly=ScriptedAssembly())
    assert (ending.status, wall.moments.keys() & set(range(100))) == ("finished", set())
    assert read_results(tmp_path) == read_results(alone)
    check_times(tmp_path, time.monotonic() - began)


@pytest.mark.parametrize("by", [pytest.param(YEARS, marks=pytest.mark.slow), -DAY])
def test_a_clock_set_between_stop_and_resume(
    by: float, alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall, began = Wall(monkeypatch, {}), time.monotonic()
    run, rows = create_run(tmp_path), len(read_events(alone))
    for last in range(20, rows, 25):
        if stop_after(run, last).status == "finished":
            break
        check_times(tmp_path, time.monotonic() - began)
        wall.ahead += by
    assert drive(run, assembly=ScriptedAssembly()).status == "finished"
    assert read_results(tmp_path) == read_results(alone)
    check_times(tmp_path, time.monotonic() - began)


def stop_after(run: Path, last: int) -> Ending:
    stop = threading.Event()
    return drive(run, lambda event: stop.set() if event.seq >= last else None, stop, ScriptedAssembly())
