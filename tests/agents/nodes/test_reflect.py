from __future__ import annotations

from pathlib import Path

import pytest

from agents.fidelity.assess import record_decision
from agents.lessons.lessons import revise_outdated
from agents.nodes.reflect import reflect
from agents.sealed.trial import try_claim
from memory.bank.bank import HypothesisBank
from memory.bank.lesson_status import LessonStatus, lesson_status
from memory.ledger.ledger import Event
from pelagos.facts.fact import Cost
from pelagos.nouns import Answer, Experiment, Fidelity, Hypothesis, Lesson, OutcomeKind, VerdictKind
from tests.agents.nodes.laboratory import carry_out, judge_all, make_lane, open_run, reflect_all


def test_lessons_of_success_failure_and_what_never_ran(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    for hypothesis, tokens in (("good", 100), ("fragile", 30), ("", 7)):
        fact = {"text": "an idea", "hypothesis": hypothesis}
        run.steps.once(
            "model", f"call for {hypothesis}", {}, Cost(), lambda fact=fact, n=tokens: (fact, Cost(tokens=n))
        )
    carry_out(run, "good", {"better": 0.1}, range(8))
    carry_out(run, "fragile", {"better": 0.3, "fails": [1]})
    carry_out(run, "unbuilt", None)
    reflect_all(run, "good", "fragile", "unbuilt")
    good, fragile, unbuilt = run.nouns(Lesson)
    assert good.verdict is VerdictKind.PROMISING
    assert good.gain == pytest.approx(0.1, abs=0.02)
    assert (good.failure, good.seconds, good.tokens) == ("", 16.0, 100)
    assert run.artifacts.text(good.diff) == '+ {"better": 0.1}'
    assert "over 8 seeds, predicted +0.02: promising" in good.text
    assert (fragile.failure, fragile.verdict) == ("shape", VerdictKind.UNDECIDED)
    assert (unbuilt.failure, unbuilt.diff, unbuilt.text) == ("no_edit", "", "Not tested: no_edit.")


def test_the_bank_knows_dead_ends_and_successes(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "good", {"better": 0.1}, range(8))
    carry_out(run, "unbuilt", None)
    reflect_all(run, "good", "unbuilt")
    bank = HypothesisBank.open(tmp_path, run.embedder)
    known = {neighbour.id: neighbour.meta for neighbour in bank.nearest("Idea")}
    assert known["r1/good"]["verdict"] == "promising"
    assert known["r1/good"]["task"] == "numbers"
    assert known["r1/unbuilt"]["failure"] == "no_edit"


def test_the_verifiers_word_beside_what_happened(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "unbuilt", None)
    carry_out(run, "good", {"better": 0.1}, range(8))
    reflect_all(run, "good", "unbuilt")
    outcomes = {event.payload["plan"]: event.payload for event in run.ledger.events("verifier.outcome")}
    assert (outcomes["good-p1"]["ran"], outcomes["good-p1"]["verdict"]) == (True, "promising")
    assert (outcomes["unbuilt-p1"]["ran"], outcomes["unbuilt-p1"]["step_scores"]) == (False, [0.8])


def test_again_after_a_kill_changes_nothing(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "good", {"better": 0.1})
    reflect_all(run, "good")
    before = run.ledger.events()
    reflect(make_lane("good"), run)
    assert run.ledger.events() == before


def test_what_sealed_data_make_of_a_verdict_is_learned_anew(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "good", {"better": 0.1}, range(8))
    reflect_all(run, "good")
    (first,) = run.nouns(Lesson)
    held = run.verdicts()["good"]
    turned = {"id": "later", "kind": VerdictKind.SUPPORTED, "reason": "better on sealed data at level 0.05"}
    run.record(held.model_copy(update=turned))
    revise_outdated(run)
    revise_outdated(run)
    assert [lesson.verdict for lesson in run.nouns(Lesson)] == [VerdictKind.PROMISING, VerdictKind.SUPPORTED]
    assert run.bank.nearest("Idea good", k=1)[0].meta["verdict"] == "supported"
    assert {(lesson.tokens, lesson.diff) for lesson in run.nouns(Lesson)} == {(first.tokens, first.diff)}


def test_only_what_is_undecided_was_cut_short_by_a_stop(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "good", {"better": 0.1}, range(8))
    carry_out(run, "hasty", {"better": 0.1, "noise": 1.0}, range(3))
    run.record(run.noun(Hypothesis, "good").model_copy(update={"id": "waiting", "title": "Something else"}))
    kept = ("good", "hasty", "waiting")
    reflect_all(run, *kept, status="capped")
    lessons = {lesson.hypothesis: lesson for lesson in run.nouns(Lesson)}
    assert {id: lessons[id].cut_short for id in kept} == {"good": False, "hasty": True, "waiting": True}


def test_a_suspect_result_is_a_lesson_that_is_a_dead_end(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "h1", {"better": 0.3, "cheats": ["its predictions don't change with the training labels"]}, range(8))
    judge_all(run, "h1")
    assert try_claim("h1", run) is None
    reflect(make_lane("h1"), run)
    assert lesson_status(run.bank.nearest("Idea", k=1)[0].meta) is LessonStatus.DEAD_END


def make_fidelity(hypothesis: str, answer: Answer) -> Fidelity:
    return Fidelity(
        id=f"v-{hypothesis}", hypothesis=hypothesis, description="It trains longer.", answer=answer, by="marks"
    )


def test_what_is_something_else_was_not_tested_and_is_named_by_what_was_done(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "h1", {"better": 0.1}, range(8))
    run.record(make_fidelity("h1", Answer.DIFFERS))
    reflect_all(run, "h1")
    lesson = run.nouns(Lesson)[-1]
    assert (lesson.title, lesson.verdict, lesson.failure) == ("It trains longer", VerdictKind.UNDECIDED, "unfaithful")
    assert lesson.gain == pytest.approx(0.1, abs=0.02)
    assert lesson.text.startswith("Not tested: what was built is something else: It trains longer. That: score 0.5")
    assert run.ledger.events("verifier.outcome")[-1].payload["fidelity"] == "doesn't"
    meta = run.bank.nearest("Idea", k=1)[0].meta
    assert (lesson_status(meta), meta["title"]) == (LessonStatus.UNTESTED, "It trains longer")


def test_a_persons_word_turns_the_lesson(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "h1", {"better": 0.1}, range(8))
    run.record(make_fidelity("h1", Answer.DIFFERS))
    reflect_all(run, "h1")
    record_decision(run.ledger, "h1", implements=True)
    revise_outdated(run)
    lesson = [lesson for lesson in run.nouns(Lesson) if lesson.hypothesis == "h1"][-1]
    assert (lesson.title, lesson.verdict, lesson.failure) == ("Idea h1", VerdictKind.PROMISING, "")
    assert run.noun(Fidelity, "v-h1").by == "a person"


def test_the_bank_learns_a_lesson_though_the_run_is_killed_there(tmp_path: Path) -> None:
    """A lesson that is revised after sealed data isn't revised again once it is recorded."""
    run = open_run(tmp_path)
    carry_out(run, "good", {"better": 0.1}, range(8))
    reflect_all(run, "good")
    try_claim("good", run)

    def kill_at_lesson(event: Event) -> None:
        if event.kind == "lesson":
            raise KeyboardInterrupt

    run.ledger.watch(kill_at_lesson)
    with pytest.raises(KeyboardInterrupt):
        revise_outdated(run)
    assert run.nouns(Lesson)[-1].verdict is VerdictKind.SUPPORTED
    entry = run.bank.entry(run.origin.id("good"))
    assert entry is not None and entry.meta["verdict"] == "supported"


def test_two_that_were_never_judged_have_lessons_of_their_own(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    for id in ("h1", "h2"):
        carry_out(run, id, None)
        reflect(make_lane(id), run)
    assert [(lesson.hypothesis, lesson.verdict, lesson.failure) for lesson in run.nouns(Lesson)] == [
        ("h1", None, "no_edit"), ("h2", None, "no_edit"),
    ]  # fmt: skip
    assert all(
        (lesson.effect, lesson.suspect, lesson.cut_short) == (None, False, False) for lesson in run.nouns(Lesson)
    )


def test_a_lesson_has_the_verdicts_numbers_and_is_between_two(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "good", {"better": 0.1}, range(8))
    judge_all(run, "good")
    run.pace.begin("good")
    assert reflect(make_lane("good"), run) == {"hypothesis": "", "kept": False, "plans": [], "due": {}, "strong": False}
    (lesson,), verdict = run.nouns(Lesson), run.verdicts()["good"]
    assert lesson.effect is not None and lesson.effect == verdict.effect
    assert (lesson.title, lesson.target, lesson.did) == ("Idea good", "a.py::f", "")
    assert run.pace.hypothesis_s(None, None) is not None  # how long it took is known


def test_the_record_of_a_plan_says_all_that_became_of_it(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "good", {"better": 0.1}, range(8))
    run.record(make_fidelity("good", Answer.IMPLEMENTS))
    reflect_all(run, "good")
    (event,), verdict = run.ledger.events("verifier.outcome"), run.verdicts()["good"]
    assert event.payload == {
        "plan": "good-p1", "hypothesis": "good", "verifier": "silent", "step_scores": [0.8], "score": 0.8, "ran": True,
        "cause": "", "tries": 1, "fidelity": "implements", "verdict": "promising", "effect": verdict.gain,
    }  # fmt: skip
    carry_out(run, "bad", None)
    reflect(make_lane("bad"), run)
    payload = run.ledger.events("verifier.outcome")[-1].payload
    assert (payload["ran"], payload["cause"], payload["fidelity"], payload["verdict"], payload["effect"]) == (
        False, "no_edit", None, None, None,
    )  # fmt: skip


def test_what_was_taken_over_costs_no_time(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "good", {"better": 0.1}, range(3))
    adopted = run.nouns(Experiment)[-1].model_copy(update={"id": "old", "seed": 7, "origin": "r0/e", "seconds": 500.0})
    run.record(adopted)
    reflect_all(run, "good")
    assert run.nouns(Lesson)[0].seconds == 6.0


def test_calls_count_from_the_hypothesis_beginning_on_and_failed_ones_too(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    cost = {"usd": 0.0, "experiments": 0, "disk_mb": 0.0}

    def call(kind: str, key: str, hypothesis: str, tokens: int) -> None:
        run.ledger.append(kind, key, {"hypothesis": hypothesis, "cost": {"tokens": tokens, **cost}})

    call("model", "before", "good", 1000)  # another drive's, of the same number
    run.ledger.append("pace", "good", {"hypothesis": "good"})
    call("model", "idea", "good", 10)
    call("model.fault", "fault", "good", 5)
    call("model", "other", "h2", 700)
    run.ledger.append("model.fault", "free", {"hypothesis": "good"})
    carry_out(run, "good", {"better": 0.1})
    reflect_all(run, "good")
    assert run.nouns(Lesson)[0].tokens == 15


@pytest.mark.parametrize(
    ("program", "seeds", "failure"),
    [
        ({"better": 0.1, "fails": [2]}, (0, 1, 2), "shape"),
        ({"better": 0.1}, (0, 1, 2), ""),
        ({"better": 0.1}, (), "never run"),
    ],
)
def test_why_it_failed(tmp_path: Path, program: dict[str, object], seeds: tuple[int, ...], failure: str) -> None:
    run = open_run(tmp_path)
    carry_out(run, "h1", program, seeds)
    reflect_all(run, "h1")
    assert run.nouns(Lesson)[0].failure == failure


def test_of_several_builds_the_judged_version_is_told_of_else_the_newest(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "two", {"better": 0.1}, range(3), plan="p1")
    carry_out(run, "two", {"better": -0.1}, range(3), plan="p2")
    carry_out(run, "idle", {"better": 0.2}, (), plan="p1")
    carry_out(run, "idle", {"better": 0.3}, (), plan="p2")
    carry_out(run, "idle", None, plan="p3")
    reflect_all(run, "two", "idle")
    diffs = {lesson.hypothesis: run.artifacts.text(lesson.diff) for lesson in run.nouns(Lesson)}
    assert diffs == {"two": '+ {"better": 0.1}', "idle": '+ {"better": 0.3}'}


def test_a_failure_on_sealed_data_is_none_of_the_lessons(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    carry_out(run, "good", {"better": 0.1}, range(3))
    broken = run.nouns(Experiment)[-1].model_copy(
        update={"id": "s", "seed": 71, "split": "sealed", "outcome": OutcomeKind.ERROR, "cause": "odd", "score": None}
    )
    run.record(broken)
    reflect_all(run, "good")
    assert run.nouns(Lesson)[0].failure == ""
