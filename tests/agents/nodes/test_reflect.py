from __future__ import annotations

from pathlib import Path

import pytest

from agents.nodes.reflect import reflect
from memory.bank import HypothesisBank
from memory.budget import Cost
from memory.standing import Standing, standing
from pelagos.nouns import Audit, Hypothesis, Lesson, VerdictKind
from tests.agents.nodes.laboratory import at, carried_out, execute, reflected, run_in


def test_lessons_of_success_failure_and_what_never_ran(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    for hypothesis, tokens in (("good", 100), ("fragile", 30), ("", 7)):
        made = {"text": "an idea", "hypothesis": hypothesis}
        run.steps.once(
            "model", f"call for {hypothesis}", {}, Cost(), lambda made=made, n=tokens: (made, Cost(tokens=n))
        )
    carried_out(run, "good", {"better": 0.1}, range(8))
    carried_out(run, "fragile", {"better": 0.3, "fails": [1]})
    carried_out(run, "unbuilt", None)
    reflected(run, "good", "fragile", "unbuilt")
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
    reflected(run, "good", "unbuilt")
    bank = HypothesisBank.open(tmp_path, run.embedder)
    known = {neighbour.id: neighbour.meta for neighbour in bank.nearest("Idea")}
    assert known["r1/good"]["verdict"] == "supported"
    assert known["r1/good"]["task"] == "numbers"
    assert known["r1/unbuilt"]["failure"] == "no_edit"


def test_the_verifiers_word_beside_what_happened(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "unbuilt", None)
    carried_out(run, "good", {"better": 0.1}, range(8))
    reflected(run, "good", "unbuilt")
    outcomes = {event.payload["plan"]: event.payload for event in run.ledger.events("verifier.outcome")}
    assert (outcomes["good-p1"]["ran"], outcomes["good-p1"]["verdict"]) == (True, "supported")
    assert (outcomes["unbuilt-p1"]["ran"], outcomes["unbuilt-p1"]["step_scores"]) == (False, [0.8])


def test_again_after_a_kill_changes_nothing(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "good", {"better": 0.1})
    reflected(run, "good")
    before = run.ledger.events()
    reflect(at("good"), run)
    assert run.ledger.events() == before


def test_a_verdict_that_a_later_hypothesis_turned_is_learned_anew(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "good", {"better": 0.1}, range(8))
    reflected(run, "good")
    (first,) = run.nouns(Lesson)
    held = run.verdicts()["good"]
    carried_out(run, "later", None)
    turned = {"id": "later", "kind": VerdictKind.UNDECIDED, "reason": "not at this level any more"}
    for kind, id in ((VerdictKind.UNDECIDED, "later"), (VerdictKind.SUPPORTED, "last")):
        run.record(held.model_copy(update={**turned, "id": id, "kind": kind}))
        reflect(at("later"), run)
        reflect(at("later"), run)
        assert [one for one in run.nouns(Lesson) if one.hypothesis == "good"][-1].verdict is kind
        assert run.bank.nearest("Idea good", k=1)[0].meta["verdict"] == kind.value
    lessons = [one for one in run.nouns(Lesson) if one.hypothesis == "good"]
    assert len(lessons) == 3
    assert {(one.tokens, one.diff) for one in lessons} == {(first.tokens, first.diff)}


def test_only_what_is_undecided_was_cut_short_by_a_stop(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "good", {"better": 0.1}, range(8))
    carried_out(run, "hasty", {"better": 0.1, "noise": 1.0}, range(3))
    run.record(run.noun(Hypothesis, "good").model_copy(update={"id": "waiting", "title": "Something else"}))
    kept = ("good", "hasty", "waiting")
    reflected(run, *kept, status="capped")
    lessons = {one.hypothesis: one for one in run.nouns(Lesson)}
    assert {id: lessons[id].cut_short for id in kept} == {"good": False, "hasty": True, "waiting": True}


def test_a_suspect_result_is_a_lesson_that_is_a_dead_end(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "h1", {"better": 0.3})
    run.record(Audit(id="v-h1", findings=["its predictions don't change with the training labels"]))
    reflected(run, "h1")
    entry, _ = run.bank.of_task(run.task.name)[0]
    assert standing(entry.meta) is Standing.DEAD_END


def test_an_undecided_lesson_follows_the_seeds_that_are_bought_later(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    carried_out(run, "h1", {"noise": 3.0})
    reflected(run, "h1")
    before = run.nouns(Lesson)[-1]
    execute(run, "v-h1", (3, 4))
    carried_out(run, "h2", None)
    reflected(run, "h2")
    after = [lesson for lesson in run.nouns(Lesson) if lesson.hypothesis == "h1"][-1]
    assert (before.verdict, after.verdict) == (VerdictKind.UNDECIDED, VerdictKind.UNDECIDED)
    assert before.effect != after.effect
