"""What a reviewer's decision makes of a lane: it goes on, is planned anew, or ends. The waiting itself is tested in
tests/agents/review."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.nodes.review import describe_decide, gate, glance
from agents.review.decisions import find_newest_decision, hash_state, record_decision
from agents.review.review_gate import ReviewGate
from agents.run import Run
from pelagos.errors import CapReached, Interrupted
from pelagos.nouns import Hypothesis, Plan
from tests.agents.nodes.laboratory import carry_out, make_lane, open_run


def open_kept_run(folder: Path, revision: int = 0, **settings: Any) -> tuple[Run, str]:
    """A run whose hypothesis h1 was kept and planned, and the hash of what a reviewer sees of it."""
    run = open_run(folder, **settings)
    run.record(Hypothesis(id="h1", title="I", statement="S", rationale="r", refuted_by="n", target="a.py::f"))
    run.ledger.append("screened", "h1", {"hypothesis": "h1", "kept": True, "reason": ""})
    run.record(Plan(id="h1-p1", hypothesis="h1", steps=[], revision=revision))
    return run, hash_state(run.noun(Hypothesis, "h1"), revision)


def read_notes(run: Run) -> list[str]:
    return [event.payload["text"] for event in run.ledger.events("note")]


STATE: Any = make_lane("h1", plans=["h1-p1"])


@pytest.mark.parametrize(
    ("word", "note", "update", "text"),
    [
        ("accept", "", {}, "h1 accepted by a reviewer"),
        ("reject", "too dear", {"plans": [], "kept": False}, "h1 rejected by a reviewer: too dear"),
        ("revise", "smaller", {"plans": [], "kept": True}, "h1 sent back for a new plan by a reviewer: smaller"),
    ],
)
@pytest.mark.parametrize("node", [glance, gate])
def test_a_decision_that_is_there_is_acted_on(
    tmp_path: Path, node: Any, word: Any, note: str, update: dict[str, Any], text: str
) -> None:
    run, digest = open_kept_run(tmp_path)
    record_decision(run.ledger, "h1", word, note)
    assert node(STATE, run) == update
    assert read_notes(run) == [text]
    fact = run.ledger.find("reviewed", digest)
    assert fact is not None and (fact["decision"], fact["note"]) == (word, note)
    assert fact["by"] == find_newest_decision(run.ledger, "h1", digest)[0]  # type: ignore[index]
    assert run.ledger.events("review.wanted") == []


def test_a_glance_waits_for_nobody_and_asks_nobody(tmp_path: Path) -> None:
    run, digest = open_kept_run(tmp_path)
    assert glance(STATE, run) == {}
    fact = run.ledger.find("reviewed", digest)
    assert fact is not None and (fact["decision"], fact["by"]) == ("accept", "")
    assert (run.ledger.events("review.wanted"), read_notes(run)) == ([], [])


def test_a_decision_on_an_earlier_plan_does_not_count_for_a_new_one(tmp_path: Path) -> None:
    run, _ = open_kept_run(tmp_path)
    record_decision(run.ledger, "h1", "revise", "smaller")
    assert glance(STATE, run) == {"plans": [], "kept": True}
    run.record(Plan(id="h1-r1-p1", hypothesis="h1", steps=[], revision=1))
    assert glance(make_lane("h1", plans=["h1-r1-p1"]), run) == {}
    assert len(run.ledger.events("reviewed")) == 2


def test_what_was_acted_on_holds_at_the_next_drive(tmp_path: Path) -> None:
    run, _ = open_kept_run(tmp_path)
    record_decision(run.ledger, "h1", "reject")
    assert gate(STATE, run) == gate(STATE, run) == {"plans": [], "kept": False}
    assert len(run.ledger.events("reviewed")) == 1


def test_a_gate_asks_once_and_ends_with_a_stop(tmp_path: Path) -> None:
    run, digest = open_kept_run(tmp_path)
    run.stop.set()
    for _ in range(2):
        run.review_gate = ReviewGate(1, 60.0, run.steps.budget)
        with pytest.raises(Interrupted):
            gate(STATE, run)
    (wanted,) = run.ledger.events("review.wanted")
    assert (wanted.key, wanted.payload) == (digest, {"hypothesis": "h1"})
    assert read_notes(run)[0] == f"h1 waits for a review: {describe_decide(run, 'h1')}"
    assert "accept` (or reject, or revise --note TEXT)" in describe_decide(run, "h1")


def test_a_gate_ends_where_the_time_is_up(tmp_path: Path) -> None:
    run, _ = open_kept_run(tmp_path, caps={"seconds": 5.0})
    run.review_gate = ReviewGate(1, 60.0, run.steps.budget)
    run.steps.budget._past_seconds = 6.0
    with pytest.raises(CapReached) as reached:
        gate(STATE, run)
    assert "seconds: 6 of 5" in str(reached.value)


def test_what_waited_for_a_person_tells_nothing_of_the_pace(tmp_path: Path) -> None:
    run, _ = open_kept_run(tmp_path)
    run.pace.begin("h1")
    run.review_gate.given_up = lambda: False  # type: ignore[method-assign]
    rounds = iter(range(2))

    def decide_in_third_round() -> None:
        if next(rounds, None) is None:
            record_decision(run.ledger, "h1", "accept")

    run.steps.budget.check = decide_in_third_round  # type: ignore[method-assign]
    assert gate(STATE, run) == {}
    run.pace.end("h1")
    assert run.pace.hypothesis_s(None, None) is None


def test_one_that_is_carried_out_needs_no_decision_of_another(tmp_path: Path) -> None:
    run, _ = open_kept_run(tmp_path)
    carry_out(run, "h2", None)
    run.ledger.append("screened", "h2", {"hypothesis": "h2", "kept": True, "reason": ""})
    record_decision(run.ledger, "h1", "reject")
    assert glance(make_lane("h2", plans=["h2-p1"]), run) == {}
