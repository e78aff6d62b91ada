"""The end of a run: what is promising is tested on sealed data, unless no model answers and the run will go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.nodes import confirm as node
from agents.nodes.confirm import confirm
from agents.run import Run
from agents.state import State, make_initial_state
from pelagos.errors import CapReached
from pelagos.nouns import Lesson, VerdictKind
from tests.agents.nodes.laboratory import carry_out, open_run, reflect_all


def open_promising_run(folder: Path) -> Run:
    run = open_run(folder)
    carry_out(run, "good", {"better": 0.1}, range(8))
    reflect_all(run, "good")
    return run


def make_ended_state(status: Any, reason: str = "") -> State:
    return {**make_initial_state(), "status": status, "reason": reason}


@pytest.mark.parametrize("status", ["finished", "capped"])
def test_what_is_promising_is_tested_and_its_lesson_turns(tmp_path: Path, status: str) -> None:
    run = open_promising_run(tmp_path)
    assert confirm(make_ended_state(status), run) == {}
    assert run.verdicts()["good"].kind is VerdictKind.SUPPORTED
    assert [lesson.verdict for lesson in run.nouns(Lesson)] == [VerdictKind.PROMISING, VerdictKind.SUPPORTED]


def test_where_no_model_answers_the_seal_stays_closed_and_it_is_said(tmp_path: Path) -> None:
    run = open_promising_run(tmp_path)
    assert confirm(make_ended_state("starved", "no model answers"), run) == {}
    assert run.verdicts()["good"].kind is VerdictKind.PROMISING
    assert run.ledger.events("claim") == []
    note = run.ledger.events("note")[-1].payload["text"]
    assert note == "confirm: put off, sealed data stay sealed: no model answers; `pelagos resume` goes on"
    quiet = open_run(tmp_path / "other")
    confirm(make_ended_state("starved"), quiet)
    assert quiet.ledger.events("note") == []


def test_lessons_turn_though_a_cap_cuts_it_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, try_all = open_promising_run(tmp_path), node.try_remaining_claims

    def try_then_stop(run: Run) -> None:
        try_all(run)
        raise CapReached("experiments", 9, 9)

    monkeypatch.setattr(node, "try_remaining_claims", try_then_stop)
    with pytest.raises(CapReached):
        confirm(make_ended_state("finished"), run)
    assert [lesson.verdict for lesson in run.nouns(Lesson)][-1] is VerdictKind.SUPPORTED
