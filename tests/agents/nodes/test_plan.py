"""Plans: asked for, told apart, scored where there are several; the best go on, and all are recorded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.nodes.plan import plan
from agents.review.decisions import record_review
from agents.run import Run
from agents.verifiers.protocol import Solution, StepScores, Usage
from memory.steps.budget import Budget
from pelagos.facts.review import Decision
from pelagos.nouns import Hypothesis, Noun, Plan
from pelagos.settings import Caps
from tests.agents.nodes.laboratory import Scripted, make_lane, open_run
from tools.toolchain import Tool, Work

HYPOTHESIS = Hypothesis(
    id="h1", title="Larger", statement="Make it larger by 2.", rationale="r", refuted_by="no", target="a.py::f"
)


class NumberVerifier:
    """Scores a step by the number that it names."""

    name = "words"

    def __init__(self) -> None:
        self.scored: list[Solution] = []

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        self.scored.extend(solutions)
        return [StepScores([float(step.split()[1]) for step in solution.steps]) for solution in solutions]


def make_steps(*texts: str) -> dict[str, Any]:
    return {"steps": [{"text": text} for text in texts]}


def open_planner_run(
    folder: Path, *replies: dict[str, Any] | None, strong: bool = True, **loop: Any
) -> tuple[Run, Scripted]:
    run, model = open_run(folder, loop=loop), Scripted(replies, strong)
    run.model = lambda role: {"planner": model}[role]  # type: ignore[assignment, return-value, index]
    run.verifier = NumberVerifier()
    run.record(HYPOTHESIS)
    return run, model


def read_notes(run: Run) -> list[str]:
    return [event.payload["text"] for event in run.ledger.events("note")]


def test_the_best_plans_go_on_and_all_are_recorded_with_raw_scores(tmp_path: Path) -> None:
    replies = make_steps("step 0.2", "step 0.9"), make_steps("step 0.6", "step 0.7"), make_steps("step 0.5")
    run, _ = open_planner_run(tmp_path, *replies, plans=3, plans_kept=2)
    assert plan(make_lane("h1"), run) == {"plans": ["h1-p2", "h1-p3"]}
    plans = {recorded.id: recorded for recorded in run.nouns(Plan)}
    assert list(plans) == ["h1-p1", "h1-p2", "h1-p3"]
    assert {id: (recorded.step_scores, recorded.score) for id, recorded in plans.items()} == {
        "h1-p1": ([0.2, 0.9], 0.2), "h1-p2": ([0.6, 0.7], 0.6), "h1-p3": ([0.5], 0.5),
    }  # fmt: skip
    assert [step.text for step in plans["h1-p2"].steps] == ["step 0.6", "step 0.7"]
    assert {(recorded.hypothesis, recorded.revision) for recorded in plans.values()} == {("h1", 0)}


class Votes:
    """Likes another plan with each number of votes."""

    def __init__(self, votes: int = 4) -> None:
        self.votes, self.name = votes, f"votes={votes}"

    def with_votes(self, votes: int) -> Votes:
        return Votes(votes)

    def about_changes(self) -> Votes:
        return self

    def estimate_vote(self, solutions: Sequence[Solution]) -> int:
        return 100

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        return [StepScores([1.0 / (1 + abs(place + 1 - self.votes))]) for place, _ in enumerate(solutions)]


@pytest.mark.parametrize("recorded_before_the_kill", [0, 1, 2])
def test_a_resumed_ranking_is_the_same_though_more_was_spent_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded_before_the_kill: int
) -> None:
    run, _ = open_planner_run(tmp_path, make_steps("one"), make_steps("two"))
    run.verifier = Votes()
    spent = iter([100.0, 200.0])
    monkeypatch.setattr(Run, "affordable_tokens", lambda _: next(spent))
    record, left = run.record, recorded_before_the_kill

    def die(noun: Noun) -> None:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        record(noun)

    run.record = die  # type: ignore[method-assign]
    if recorded_before_the_kill < 2:
        with pytest.raises(KeyboardInterrupt):
            plan(make_lane("h1"), run)
    else:  # before the graph's checkpoint
        assert plan(make_lane("h1"), run) == {"plans": ["h1-p1"]}
    run.record = record  # type: ignore[method-assign]
    assert plan(make_lane("h1"), run) == {"plans": ["h1-p1"]}
    assert [(each.score, each.verifier) for each in run.nouns(Plan)] == [(1.0, "votes=1"), (0.5, "votes=1")]


class Head(NumberVerifier):
    """A verifier with a model of its own: no call of it is in the ledger."""

    name = "head"

    def score(self, solutions: Sequence[Solution]) -> list[StepScores]:
        return [StepScores([0.5] * len(each.steps), Usage(read=40, unrecorded=40)) for each in solutions]


def test_tokens_of_a_verifiers_own_model_are_charged_once_and_stay_charged(tmp_path: Path) -> None:
    run, _ = open_planner_run(tmp_path, make_steps("one"), make_steps("two"))
    run.verifier = Head()
    for _ in range(2):
        plan(make_lane("h1"), run)
        assert run.steps.budget.summary().tokens.spent == 80
    assert run.rank([Work("p", ("a",)), Work("p", ("b",))]) == [0, 1]
    assert run.steps.budget.summary().tokens.spent == 160
    assert Budget(Caps(), run.ledger).summary().tokens.spent == 160


def test_by_default_two_are_asked_for_and_the_better_one_goes_on(tmp_path: Path) -> None:
    run, model = open_planner_run(tmp_path, make_steps("step 0.3"), make_steps("step 0.8"))
    assert plan(make_lane("h1"), run) == {"plans": ["h1-p2"]}
    assert sorted(model.requests) == [0, 1]
    assert {options["max_tokens"] for _, options in model.requests.values()} == {900}


def test_the_verifier_reads_task_material_and_hypothesis(tmp_path: Path) -> None:
    run, model = open_planner_run(tmp_path, make_steps("step 0.3"), make_steps("step 0.8"))
    plan(make_lane("h1"), run)
    assert isinstance(run.verifier, NumberVerifier)
    (problem, first), (_, second) = run.verifier.scored
    assert (first, second) == (("step 0.3",), ("step 0.8",))
    for text in (
        "Task: numbers\nMake the number larger.",
        "(a.py::f)",
        "the number of a.py::f",
        "Make it larger by 2.",
    ):
        assert text in problem
    question = model.requests[0][0]
    assert "the number of a.py::f" in question and "as few as will do and 6 at most" in question
    assert "Why:" in question
    assert "A first plan was set aside" not in question


def test_plans_that_say_the_same_are_one_and_one_alone_is_not_scored(tmp_path: Path) -> None:
    run, _ = open_planner_run(tmp_path, make_steps("step 0.3"))
    assert plan(make_lane("h1"), run) == {"plans": ["h1-p1"]}
    (recorded,) = run.nouns(Plan)
    assert (recorded.score, recorded.step_scores, recorded.hypothesis) == (None, [], "h1")
    assert [step.text for step in recorded.steps] == ["step 0.3"]
    assert isinstance(run.verifier, NumberVerifier) and run.verifier.scored == []


def test_a_reply_that_does_not_fit_is_told_and_the_others_count(tmp_path: Path) -> None:
    run, _ = open_planner_run(tmp_path, None, make_steps("step 0.8"))
    assert plan(make_lane("h1"), run) == {"plans": ["h1-p1"]}
    assert read_notes(run) == ["h1: plan 1 not in the reply: nothing that fits"]
    assert [step.text for step in run.noun(Plan, "h1-p1").steps] == ["step 0.8"]


def test_without_any_plan_the_statement_is_it_and_that_is_said(tmp_path: Path) -> None:
    run, _ = open_planner_run(tmp_path, None)
    assert plan(make_lane("h1"), run) == {"plans": ["h1-p1"]}
    assert [step.text for step in run.noun(Plan, "h1-p1").steps] == ["Make it larger by 2."]
    assert read_notes(run)[-1] == "h1: no plan from the planner, its statement is the plan"
    assert len(read_notes(run)) == 3


def test_a_small_model_is_not_asked_and_nothing_is_said(tmp_path: Path) -> None:
    run, model = open_planner_run(tmp_path, make_steps("step 0.8"), strong=False)
    assert plan(make_lane("h1"), run) == {"plans": ["h1-p1"]}
    assert (model.requests, read_notes(run)) == ({}, [])
    assert [step.text for step in run.noun(Plan, "h1-p1").steps] == ["Make it larger by 2."]


@pytest.mark.parametrize(("strong", "max_steps"), [(True, 6), (False, 2)])
def test_no_more_steps_than_the_model_is_good_for(tmp_path: Path, strong: bool, max_steps: int) -> None:
    texts = [f"step 0.{place}" for place in range(1, max_steps + 2)]
    run, model = open_planner_run(tmp_path, make_steps(*texts), make_steps(*texts[:-1]), strong=strong, plans=2)
    plan(make_lane("h1"), run)
    assert [note.partition(":")[0] for note in read_notes(run)] == ["h1"]
    assert [step.text for step in run.noun(Plan, "h1-p1").steps] == texts[:-1]
    assert {options["max_tokens"] for _, options in model.requests.values()} == {150 * max_steps}
    assert f"{max_steps} at most" in model.requests[0][0]


def make_call(tool: str) -> dict[str, Any]:
    return {"steps": [{"text": "step 0.5", "call": {"tool": tool, "arguments": {"by": 2}}}]}


def test_with_tools_a_step_is_a_call_of_one_of_them(tmp_path: Path) -> None:
    run, model = open_planner_run(
        tmp_path, make_call("double"), make_steps("step 0.9"), make_call("unknown"), strong=False, plans=3
    )
    run.toolchain.offered_tools = [Tool("double", "doubles it", {"by": "int"})]  # type: ignore[attr-defined]
    assert plan(make_lane("h1"), run) == {"plans": ["h1-p1"]}
    (recorded,) = run.nouns(Plan)
    assert recorded.steps[0].call == {"tool": "double", "arguments": {"by": 2}}
    assert len(read_notes(run)) == 2
    assert "- double: doubles it" in model.requests[0][0]


def test_with_tools_a_small_model_is_asked_once(tmp_path: Path) -> None:
    run, model = open_planner_run(tmp_path, make_call("double"), strong=False)
    run.toolchain.offered_tools = [Tool("double", "doubles it", {})]  # type: ignore[attr-defined]
    plan(make_lane("h1"), run)
    assert sorted(model.requests) == [0]


def test_calls_are_shown_to_the_verifier(tmp_path: Path) -> None:
    run, _ = open_planner_run(tmp_path, make_call("double"), make_steps("step 0.9") | make_call("half"), plans=2)
    run.toolchain.offered_tools = [Tool(name, "", {}) for name in ("double", "half")]  # type: ignore[attr-defined]
    plan(make_lane("h1"), run)
    assert isinstance(run.verifier, NumberVerifier)
    assert run.verifier.scored[0][1] == ("step 0.5 [{'tool': 'double', 'arguments': {'by': 2}}]",)


def test_planned_anew_it_has_plans_of_its_own_and_the_reviewers_words(tmp_path: Path) -> None:
    run, model = open_planner_run(tmp_path, make_steps("step 0.3"), make_steps("step 0.8"))
    decision = "k", Decision(decision="revise", note="smaller steps")
    record_review(run.ledger, "h1", "seen", decision)
    assert plan(make_lane("h1"), run) == {"plans": ["h1-r1-p2"]}
    assert {recorded.id: recorded.revision for recorded in run.nouns(Plan)} == {"h1-r1-p1": 1, "h1-r1-p2": 1}
    assert "smaller steps" in model.requests[0][0]


@pytest.mark.parametrize(
    "reply",
    [
        {"steps": [{"text": "step 0.5", "call": {"tool": "double", "arguments": {}, "more": 1}}]},
        {"steps": [{"text": "step 0.5", "call": {"tool": "double", "arguments": {}}, "more": 1}]},
        {"steps": [{"text": "step 0.5"}]},
        {"steps": []},
        {"steps": [{"text": "ab", "call": {"tool": "double", "arguments": {}}}]},
    ],
)
def test_what_a_reply_may_not_hold(tmp_path: Path, reply: dict[str, Any]) -> None:
    run, _ = open_planner_run(tmp_path, reply, plans=1)
    run.toolchain.offered_tools = [Tool("double", "", {})]  # type: ignore[attr-defined]
    plan(make_lane("h1"), run)
    assert [step.text for step in run.noun(Plan, "h1-p1").steps] == ["Make it larger by 2."]


def test_a_call_without_arguments_has_none(tmp_path: Path) -> None:
    run, _ = open_planner_run(tmp_path, {"steps": [{"text": "step 0.5", "call": {"tool": "double"}}]}, plans=1)
    run.toolchain.offered_tools = [Tool("double", "", {})]  # type: ignore[attr-defined]
    plan(make_lane("h1"), run)
    assert run.noun(Plan, "h1-p1").steps[0].call == {"tool": "double", "arguments": {}}
