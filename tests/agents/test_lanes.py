"""Lanes: as many hypotheses in work as the models answer at a time, none waiting for another; and any moment to
stop."""

from __future__ import annotations

import random
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents import graph
from agents.current_hypothesis import current_hypothesis
from agents.launch import drive
from agents.models.protocol import Reply, Request
from agents.setup.create import create
from memory.checkpoints import saver
from memory.checkpoints.checkpoints import FILE, KEEP
from memory.ledger.ledger import Event, Ledger
from tests.agents.scripted import Distant, Inventive, ScriptedAssembly
from tests.agents.test_loop import make_settings, read_facts
from tests.toolchains.table import LAG, write_task

FREE = {"tau": 0.999, "known_tau": 1.1}


def create_run(folder: Path, assembly: ScriptedAssembly, **loop: Any) -> Path:
    settings = make_settings(loop=loop, screen=FREE, judge={"max_seeds": 3})
    return create(folder, str(write_task(folder / "table")), settings, folder / "runs" / "r", assembly)


class Gathering(Distant):
    """Answers no lane before eight of them have asked: how many ask at a time doesn't hang on the machine's speed."""

    def __init__(self) -> None:
        super().__init__(0.3)
        self.gathered = threading.Event()

    def complete(self, request: Request, limit: Any) -> Reply:
        if current_hypothesis() and not self.gathered.is_set():
            with self.lock:
                self.inflight += 1
                self.max_inflight = max(self.max_inflight, self.inflight)
            if self.max_inflight == 8:
                self.gathered.set()
            self.gathered.wait(60)
            with self.lock:
                self.inflight -= 1
        return super().complete(request, limit)


def test_eight_slots_carry_eight_hypotheses_and_none_waits_for_the_slowest(tmp_path: Path) -> None:
    model = Gathering()
    assembly = ScriptedAssembly(model)
    run = create_run(tmp_path, assembly, hypotheses=16)
    order: list[tuple[str, str]] = []

    def watch(event: Event) -> None:
        if event.kind in {"pace", "lesson"}:
            order.append((event.kind, event.payload["hypothesis"]))

    assert drive(run, watch, assembly=assembly).reason == "16 hypotheses tested"
    assert len({fact["hypothesis"] for fact in read_facts(run, "lesson")}) == 16
    begun, ended = 0, 0
    widest, before_all_ended = 0, False
    for kind, _ in order:
        begun, ended = begun + (kind == "pace"), ended + (kind == "lesson")
        widest = max(widest, begun - ended)
        before_all_ended = before_all_ended or (begun > 8 and ended < 8)
    assert widest == 8
    assert before_all_ended, "a ninth begins before the first eight have all ended"
    assert model.max_inflight >= 8


@pytest.mark.parametrize("lanes", [1, 3])
def test_segments_change_nothing_and_their_checkpoints_are_pruned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lanes: int
) -> None:
    found: list[list[dict[str, Any]]] = []
    kept: list[int] = []
    monkeypatch.setattr(saver, "PRUNE_EVERY", 20)
    for ideas in (1, 100):
        monkeypatch.setattr(graph, "SEGMENT_IDEAS", ideas)
        project = tmp_path / str(ideas)
        assembly, most = ScriptedAssembly(Inventive()), [0]
        run = create_run(project, assembly, hypotheses=8, lanes=lanes)

        def watch(event: Event, run: Path = run, most: list[int] = most) -> None:
            if event.kind == "lesson":
                with closing(sqlite3.connect(run / FILE)) as checkpoints:
                    most[0] = max(most[0], *checkpoints.execute("SELECT count(*) FROM checkpoints").fetchone())

        assert drive(run, watch, assembly=assembly).reason == "8 hypotheses tested"
        found.append(
            sorted(({"id": fact["hypothesis"], "text": fact["text"]} for fact in read_facts(run, "lesson")), key=str)
        )
        kept.append(most[0])
    assert max(kept) <= kept[-1] + KEEP
    assert len(found[0]) == 8 and (lanes > 1 or found[0] == found[1])


@pytest.mark.parametrize("number", range(2))
def test_stopped_at_any_moment_all_but_the_one_in_work_have_a_verdict(tmp_path: Path, number: int) -> None:
    _check_stopped(tmp_path, number)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(2, 20))
def test_stopped_at_any_of_ten_moments_the_same_holds(tmp_path: Path, number: int) -> None:
    _check_stopped(tmp_path, number)


def _check_stopped(folder: Path, number: int) -> None:
    assembly, stop = ScriptedAssembly(), threading.Event()
    last = random.randrange(20, 260)
    run = create_run(folder, assembly, hypotheses=6, attempts=8)
    drive(run, lambda event: stop.set() if event.seq >= last else None, stop, assembly)
    begun = [fact["id"] for fact in read_facts(run, "hypothesis")]
    thrown_out = {fact["hypothesis"] for fact in read_facts(run, "screened") if not fact["kept"]}
    judged = {fact["hypothesis"]: fact for fact in read_facts(run, "verdict")}
    waiting = [id for id in begun if id not in judged and id not in thrown_out]
    assert waiting in ([], begun[-1:]), f"moment {number}: stopped after row {last}"
    assert all(fact["evidence"] or fact["reason"] for fact in judged.values())


@pytest.mark.slow
def test_a_run_ends_in_its_time_and_only_the_last_may_be_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be finished isn't begun, by the measure of what was finished; on a machine that gets busier meanwhile
    the cap itself ends the one in work."""
    monkeypatch.setenv(LAG, "0.15")
    monkeypatch.setattr("agents.pacing.pace.MIN_ENDPOINT_S", 0.0)
    assembly = ScriptedAssembly(Inventive())
    settings = make_settings(screen=FREE, judge={"max_seeds": 3}, caps={"seconds": 25.0}, loop={"hypotheses": None})
    run = create(tmp_path, str(write_task(tmp_path / "table")), settings, tmp_path / "runs" / "r", assembly)
    ending = drive(run, assembly=assembly)
    assert ending.status == "finished"
    assert "no time for one more" in ending.reason or "seconds" in ending.reason
    with closing(Ledger.read(run / "ledger.db")) as ledger:
        events = ledger.events()
    assert events[-1].at - events[0].at <= 25.0 * 1.05
    lessons = [event.payload for event in events if event.kind == "lesson"]
    assert lessons
    assert not any(lesson["cut_short"] for lesson in lessons[:-1])
