from __future__ import annotations

from pathlib import Path

import pytest

from agents.nodes.judge import judge
from agents.nodes.reflect import reflect
from memory.bank import HypothesisBank
from memory.budget import Cost
from pelagos.nouns import Lesson, VerdictKind
from tests.agents.nodes.laboratory import at, carried_out, run_in


def test_lessons_of_success_failure_and_what_never_ran(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    run.ledger.append("node", "1/ideate/1", {"node": "ideate", "cycle": 1})
    run.steps.once("model", "call", {}, Cost(), lambda: ({"text": "an idea"}, Cost(tokens=301)))
    carried_out(run, "good", {"better": 0.1}, range(8))
    carried_out(run, "fragile", {"better": 0.3, "fails": [1]})
    carried_out(run, "unbuilt", None)
    judge(at("good", "fragile", "unbuilt"), run)
    reflect(at("good", "fragile", "unbuilt"), run)
    good, fragile, unbuilt = run.nouns(Lesson)
    assert good.verdict is VerdictKind.SUPPORTED
    assert good.effect == pytest.approx(0.1, abs=0.02)
    assert (good.failure, good.seconds, good.tokens) == ("", 16.0, 100)
    assert run.artifacts.text(good.diff) == '+ {"better": 0.1}'
    assert "over 8 seeds, predicted +0.02: supported" in good.text
    assert (fragile.failure, fragile.verdict) == ("shape", VerdictKind.UNDECIDED)
    assert (unbuilt.failure, unbuilt.diff, unbuilt.text) == ("no_edit", "", "Not tested: no_edit.")


def test_the_bank_knows_dead_ends_and_successes(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "good", {"better": 0.1}, range(8))
    carried_out(run, "unbuilt", None)
    judge(at("good", "unbuilt"), run)
    reflect(at("good", "unbuilt"), run)
    bank = HypothesisBank.open(tmp_path, run.embedder)
    known = {neighbour.id: neighbour.meta for neighbour in bank.nearest("Idea")}
    assert known["r1/good"]["verdict"] == "supported"
    assert known["r1/good"]["task"] == "numbers"
    assert known["r1/unbuilt"]["failure"] == "no_edit"


def test_the_verifiers_word_beside_what_happened(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "unbuilt", None)
    carried_out(run, "good", {"better": 0.1}, range(8))
    judge(at("good", "unbuilt"), run)
    reflect(at("good", "unbuilt"), run)
    outcomes = {event.payload["plan"]: event.payload for event in run.ledger.events("verifier.outcome")}
    assert (outcomes["good-p1"]["ran"], outcomes["good-p1"]["verdict"]) == (True, "supported")
    assert (outcomes["unbuilt-p1"]["ran"], outcomes["unbuilt-p1"]["step_scores"]) == (False, [0.8])


def test_again_after_a_kill_changes_nothing(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "good", {"better": 0.1})
    judge(at("good"), run)
    reflect(at("good"), run)
    before = run.ledger.events()
    reflect(at("good"), run)
    assert run.ledger.events() == before
