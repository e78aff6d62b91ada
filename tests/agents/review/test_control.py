"""Pause, stop and go on: which word holds, that a paused drive does nothing and takes no time, and that a stop ends it."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from agents.launch import drive
from agents.review import control
from agents.review.control import ControlWatch, find_control, record_control
from memory.ledger.ledger import Event, Ledger, Reader
from memory.steps.budget import Budget
from pelagos.errors import DamagedRun
from pelagos.facts.calls import Call
from pelagos.facts.drive import Ending, Entered
from pelagos.facts.fact import INTENT, Cost, find_kind
from pelagos.facts.ideas import PlanRanking, Screened
from pelagos.facts.review import Control, ControlWord
from pelagos.nouns import Experiment, Fidelity, Signature
from pelagos.settings import Caps
from tests.agents.review.test_review import launch
from tests.agents.test_loop import read_facts


def say(run: Path, word: Any, by: str = "Ann") -> bool:
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        return record_control(ledger, word, by)


def find_words(run: Path) -> list[dict[str, Any]]:
    return read_facts(run, "run.control")


def test_the_newest_word_holds_and_a_stop_until_the_drive_has_ended(tmp_path: Path) -> None:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        assert find_control(ledger) == "continue"
        assert not record_control(ledger, "continue")
        for word in ("pause", "continue", "stop"):
            assert record_control(ledger, word)  # type: ignore[arg-type]
            assert not record_control(ledger, word)  # type: ignore[arg-type]
            assert find_control(ledger) == word
        ledger.record(Ending(status="interrupted"), "1")
        assert find_control(ledger) == "continue"
        assert record_control(ledger, "pause")
        ledger.record(Ending(status="interrupted"), "2")
        assert find_control(ledger) == "pause"
        assert [event.payload["word"] for event in ledger.events("run.control")] == [
            "pause",
            "continue",
            "stop",
            "pause",
        ]


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_paused_drive_writes_nothing_and_takes_no_time(
    lanes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each lane holds at its next boundary: of two lanes the other one may still be in a node when the first holds."""
    monkeypatch.setattr(control, "POLL_S", 0.05)
    run, assembly = launch(tmp_path, lanes=lanes, hypotheses=2, review="off")
    rows: list[Event] = []

    def watch(event: Event) -> None:
        rows.append(event)
        if event.kind == "survey":
            say(run, "pause")
        if event.kind == "pause.intent":
            threading.Timer(1.0, say, (run, "continue")).start()

    assert drive(run, watch, assembly=assembly).status == "finished"
    first = next(place for place, event in enumerate(rows) if event.kind == "pause.intent")
    early = [row for row in rows[first + 1 :] if row.at - rows[first].at < 0.9]
    assert sum(row.kind == Entered.KIND for row in early) < lanes
    assert lanes == 2 or not early
    assert sum("pause 1, by Ann" in fact["text"] for fact in read_facts(run, "note")) == 1
    assert [row["word"] for row in find_words(run)] == ["pause", "continue"]
    whole = rows[-1].at - rows[0].at
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        worked = Budget(Caps(), ledger).summary().seconds.spent
    assert worked <= whole - 0.9
    assert len(read_facts(run, "lesson")) == 2


@pytest.mark.parametrize("kind", [Screened, PlanRanking, Fidelity, Signature, Experiment, Call])
def test_a_drive_takes_no_time_either_where_it_is_paused_inside_a_step(
    kind: type[BaseModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "POLL_S", 0.02)
    run, assembly = launch(tmp_path, lanes=1, hypotheses=2, review="off")
    rows: list[Event] = []
    first = threading.Lock()
    give_up = threading.Timer(20.0, say, (run, "continue"))  # if the clock never stands still

    def watch(event: Event) -> None:
        rows.append(event)
        if event.kind == find_kind(kind) + INTENT and first.acquire(blocking=False):
            say(run, "pause")
            give_up.start()
            time.sleep(0.3)  # until the step's thread can know of it
        if event.kind == "pause.intent":
            threading.Timer(0.5, say, (run, "continue")).start()

    assert drive(run, watch, assembly=assembly).status == "finished"
    give_up.cancel()
    assert "pause.intent" in [row.kind for row in rows]
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        assert Budget(Caps(), ledger).summary().seconds.spent <= rows[-1].at - rows[0].at - 0.4


def test_a_stop_ends_the_drive_and_the_next_one_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "POLL_S", 0.02)
    run, assembly = launch(tmp_path, lanes=1, hypotheses=2, review="off")

    def watch(event: Event) -> None:
        if event.kind == "survey":
            say(run, "stop")
            time.sleep(0.2)

    ending = drive(run, watch, assembly=assembly)
    assert (ending.status, ending.exit_code) == ("interrupted", 130)
    assert not read_facts(run, "lesson")
    assert drive(run, assembly=assembly).status == "finished"
    assert len(read_facts(run, "lesson")) == 2


def test_a_stop_ends_a_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "POLL_S", 0.02)
    run, assembly = launch(tmp_path, lanes=1, hypotheses=1, review="off")

    def watch(event: Event) -> None:
        if event.kind == "survey":
            say(run, "pause")
        if event.kind == "pause.intent":
            threading.Timer(0.1, say, (run, "stop")).start()

    assert drive(run, watch, assembly=assembly).status == "interrupted"
    assert drive(run, assembly=assembly).status == "finished"


def test_after_a_pause_a_lane_waits_for_its_decision_anew_and_on_no_ones_hours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "POLL_S", 0.02)
    run, assembly = launch(tmp_path, wait=1.5 / 60, lanes=1, hypotheses=1)
    paused: list[float] = []

    def watch(event: Event) -> None:
        if event.kind == "pause.intent" and not paused:  # it waits for a review
            paused.append(event.at)
            say(run, "pause")
            threading.Timer(2.0, say, (run, "continue")).start()

    assert drive(run, watch, assembly=assembly).status == "waiting"
    with closing(Ledger.open(run / "ledger.db")) as ledger:
        rows = ledger.events()
        assert rows[-1].at - paused[0] >= 3.0
        marks = [row.kind.removesuffix(".intent") for row in rows if row.kind in ("pause.intent", "clock.intent")]
    assert marks[marks.index("pause") :][:3] == ["pause", "clock", "pause"]


def test_a_ledger_that_can_not_be_read_is_told_to_the_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "POLL_S", 0.01)
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        watch, budget = ControlWatch(ledger, threading.Event()), Budget(Caps(), ledger)

        def fail() -> int:
            raise DamagedRun("torn")

        with watch.watching():
            assert not watch.hold(budget, print)
            monkeypatch.setattr(ledger, "last_seq", fail)
            time.sleep(0.1)
            with pytest.raises(DamagedRun, match="torn"):
                watch.hold(budget, print)


def test_the_clock_runs_on_while_a_step_is_in_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "POLL_S", 0.01)
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger:
        watch, budget = ControlWatch(ledger, threading.Event()), Budget(Caps(), ledger)
        said: list[str] = []
        reservation = budget.reserve(Cost(tokens=1))
        record_control(ledger, "pause")
        with watch.watching():
            held = threading.Thread(target=watch.hold, args=(budget, said.append))
            held.start()
            time.sleep(0.1)
            assert not ledger.events("pause.intent")
            budget.settle(reservation, Cost(tokens=1))
            time.sleep(0.1)
            assert len(ledger.events("pause.intent")) == 1
            record_control(ledger, "continue")
            held.join(5)
            assert not held.is_alive()
        assert said == ["pause 1, by a person: nothing begins before `pelagos resume`"]


def test_of_two_who_say_the_same_at_once_one_word_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Ledger.open(tmp_path / "ledger.db")) as mine, closing(Ledger.open(tmp_path / "ledger.db")) as other:
        record_control(mine, "pause")
        looks = control.find_control

        def look_late(ledger: Reader) -> ControlWord:
            monkeypatch.setattr(control, "find_control", looks)
            word = looks(ledger)
            record_control(other, "continue")  # the other is quicker than what follows the look
            return word

        monkeypatch.setattr(control, "find_control", look_late)
        record_control(mine, "continue")
        assert [fact.word for fact in mine.facts(Control).values()] == ["pause", "continue"]
