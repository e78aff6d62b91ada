"""What a person said holds over a `kill -9` and a restart: a decision, a pause, a proposal, which is tested once."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from agents.review.control import record_control
from agents.review.decisions import record_decision
from agents.review.proposals import record_proposal
from tests.agents.crash import count_rows, wait_for_end
from tests.agents.review.crashing import list_facts, start_child, wait_for_row, write


def kill(process: object) -> None:
    process.kill()  # type: ignore[attr-defined]
    assert wait_for_end(process) == -signal.SIGKILL


def test_an_answer_given_while_nothing_runs_is_taken_after_a_kill(tmp_path: Path) -> None:
    loop = {"review": "gate", "review_wait": 10, "hypotheses": 1, "lanes": 1}
    process = start_child(tmp_path, **loop)
    wait_for_row(tmp_path, "review.wanted")
    kill(process)
    waits = start_child(tmp_path, **loop)  # without an answer it waits on
    assert wait_for_end(waits, 1.5) is None
    kill(waits)
    assert not list_facts(tmp_path, "build")
    write(tmp_path, record_decision, "h1", "accept", "gently")
    assert wait_for_end(start_child(tmp_path, **loop), 30) == 0
    assert [fact["hypothesis"] for fact in list_facts(tmp_path, "build")] == ["h1"]
    assert [(fact["decision"], fact["note"]) for fact in list_facts(tmp_path, "reviewed")] == [("accept", "gently")]
    assert len(list_facts(tmp_path, "review.wanted")) == 1
    assert list_facts(tmp_path, "run.ended")[-1]["status"] == "finished"


@pytest.mark.slow
def test_a_pause_holds_over_a_kill_until_it_is_taken_back(tmp_path: Path) -> None:
    loop = {"hypotheses": 2, "lanes": 2}
    assert wait_for_end(start_child(tmp_path, "survey", **loop)) == -signal.SIGKILL
    write(tmp_path, record_control, "pause", "Ann")
    process = start_child(tmp_path, **loop)
    wait_for_row(tmp_path, "pause.intent")
    rows = count_rows(tmp_path)
    time.sleep(1.5)
    assert count_rows(tmp_path) == rows
    assert not list_facts(tmp_path, "hypothesis")
    write(tmp_path, record_control, "continue", "Ann")
    assert wait_for_end(process, 30) == 0
    assert len(list_facts(tmp_path, "lesson")) == 2
    assert list_facts(tmp_path, "run.ended")[-1]["status"] == "finished"


@pytest.mark.parametrize(
    "moment",
    ["taken", *(pytest.param(moment, marks=pytest.mark.slow) for moment in ("hypothesis", "screened"))],
)
def test_a_proposal_is_tested_once_wherever_a_kill_comes(tmp_path: Path, moment: str) -> None:
    loop = {"hypotheses": 3, "lanes": 2}
    assert wait_for_end(start_child(tmp_path, "survey", **loop)) == -signal.SIGKILL
    write(tmp_path, record_proposal, "The cube of c", "cube: square applied to c.", "c", "Ann")
    assert wait_for_end(start_child(tmp_path, moment, **loop)) == -signal.SIGKILL
    assert wait_for_end(start_child(tmp_path, **loop), 30) == 0
    hypotheses = list_facts(tmp_path, "hypothesis")
    (proposed,) = (fact for fact in hypotheses if fact["title"] == "The cube of c")
    assert (proposed["target"], proposed["rationale"]) == ("c", "Ann proposed it.")
    assert proposed["id"] in {fact["hypothesis"] for fact in list_facts(tmp_path, "lesson")}
    assert len(list_facts(tmp_path, "lesson")) == 3
